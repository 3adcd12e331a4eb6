"""Looks at what can be looked at without installing: units, rules, scripts, package."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from trying.room import Failed, run

ROOT = Path(__file__).resolve().parents[2]
MOST_EXPOSED = 2.5
UNITS = ("modemgw.service", "modemgw-power.socket", "modemgw-power@.service")


def shell_scripts() -> list[Path]:
    """Return every shell script of the project."""
    found = []
    for path in sorted([*ROOT.glob("scripts/**/*"), *ROOT.glob(".ci/*")]):
        if path.is_file() and path.read_bytes()[:20].startswith(b"#!/bin/sh"):
            found.append(path)
    return found


def check_house(package: Path | None) -> Iterator[str]:
    """Yield a line for each check. Raises Failed."""
    scripts = shell_scripts()
    if shutil.which("shellcheck"):
        run("shellcheck", *map(str, scripts))
        yield f"shellcheck: {len(scripts)} scripts, nothing to say"
    if shutil.which("systemd-analyze"):
        yield f"systemd-analyze security: {exposure(ROOT / 'systemd/modemgw.service')}"
    if package is not None and shutil.which("lintian"):
        said = run("lintian", "--allow-root", "--fail-on", "warning", str(package))
        everything = (
            "--show-overrides",
            "--fail-on",
            "none",
            "--tag-display-limit",
            "0",
        )
        overridden = run("lintian", "--allow-root", *everything, str(package))
        count = len(re.findall(r"^O: ", overridden, re.M))
        yield f"lintian: {said.strip() or 'nothing to say'} ({count} overridden)"


def exposure(unit: Path) -> str:
    """Return the score of a unit. Raises Failed where it is too high."""
    said = run("systemd-analyze", "security", "--offline=true", "--no-pager", str(unit))
    score = re.search(r"Overall exposure level for \S+ ([\d.]+)", said)
    if score is None or float(score[1]) >= MOST_EXPOSED:
        raise Failed(said)
    return f"{score[1]} (below {MOST_EXPOSED})"


def check_unit(root: Path) -> str:
    """Verify the units that are installed in a root, their programs in place.

    The targets that they name are lent by this machine. Raises Failed.
    """
    if shutil.which("systemd-analyze") is None:
        return "systemd-analyze is not here"
    lent = []
    system = root / "usr/lib/systemd/system"
    system.mkdir(parents=True, exist_ok=True)
    for unit in Path("/usr/lib/systemd/system").iterdir():
        if unit.suffix in {".target", ".slice"} and not (system / unit.name).exists():
            shutil.copy(unit, system)
            lent.append(system / unit.name)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", f"--root={root}", *UNITS],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
    )
    for path in lent:
        path.unlink()
    if done.returncode or "modemgw" in done.stderr:
        raise Failed(done.stderr)
    return f"{len(UNITS)} units, nothing to say"
