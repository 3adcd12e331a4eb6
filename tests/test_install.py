"""What installs the gateway: scripts, units, package; cheap looks, no root needed.

The real thing on bare Debians is scripts/try-install.
"""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from modemgw.config.load import parse

ROOT = Path(__file__).parent.parent
INSTALL = ROOT / "scripts" / "install"
DEB = ROOT / "scripts" / "deb"
UNIT = ROOT / "systemd" / "modemgw.service"
PAGE = ROOT / "docs" / "how-to" / "systemd.md"


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603
        [str(word) for word in command], capture_output=True, text=True, check=False
    )


def shell_scripts() -> list[Path]:
    found = sorted([*ROOT.glob("scripts/**/*"), *ROOT.glob(".ci/*")])
    return [
        path
        for path in found
        if path.is_file() and path.read_bytes().startswith(b"#!/bin/sh\n")
    ]


def test_every_shell_script_is_sound() -> None:
    scripts = shell_scripts()
    assert {INSTALL, DEB / "postinst", ROOT / "scripts" / "run"} <= set(scripts)
    shellcheck = shutil.which("shellcheck")
    if shellcheck is None:
        pytest.skip("shellcheck is not installed")
    done = run(shellcheck, *scripts)
    assert done.returncode == 0, done.stdout


def test_install_explains_itself() -> None:
    done = run(INSTALL, "--help")
    assert done.returncode == 0
    text = INSTALL.read_text("utf-8")
    for option in re.findall(r"^        (--[a-z-]+)\)", text, re.MULTILINE):
        assert option in done.stdout
    assert run(INSTALL, "--nonsense").returncode == 2
    assert "wants a directory" in run(INSTALL, "--wheels", "/nowhere").stderr


def test_what_is_not_on_the_disk_yet_does_not_become_the_program() -> None:
    """A power cut after the rename would leave a program of empty files."""
    text = INSTALL.read_text("utf-8")
    body = text[text.index("\nswap() {") : text.index("\nplace() {")]
    stubs = "".join(f'{one}() {{ echo "{one} $*"; }}\n' for one in ("sync", "ln", "mv"))
    script = f"set -eu\nopt=/opt/modemgw\n{stubs}{body}\nswap build-1\n"
    done = run("/bin/sh", "-c", script)
    said = done.stdout.splitlines()
    assert said[0] == "sync -f /opt/modemgw/build-1"
    assert said[1].startswith("ln ") and said[2].startswith("mv -T ")


@pytest.mark.parametrize("option", ["", "--uninstall", "--purge"])
def test_a_dry_run_only_talks(option: str) -> None:
    places = [Path("/opt/modemgw"), Path("/etc/modemgw"), Path("/var/lib/modemgw")]
    before = [place.exists() for place in places]
    if option == "" and (before[0] or shutil.which("dpkg-query") is None):
        pytest.skip("a gateway is installed here, or this is no Debian")
    done = run(INSTALL, "--dry-run", "--no-apt", *option.split())
    assert done.returncode == 0, done.stderr
    assert "would run: " in done.stdout
    assert [place.exists() for place in places] == before


def test_the_page_quotes_what_the_script_says() -> None:
    page = (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    script = INSTALL.read_text("utf-8")
    rows = page.partition("## When something is wrong")[2].partition("\n## ")[0]
    quoted = re.findall(r"^\| `(.*?)` \|", rows, re.MULTILINE)
    assert quoted
    for words in quoted:
        for part in words.split("…"):
            assert part.strip() in script, words


def test_script_package_and_unit_mean_the_same_places() -> None:
    unit = UNIT.read_text("utf-8")
    script = INSTALL.read_text("utf-8")
    postinst = (DEB / "postinst").read_text("utf-8")
    for place in ("/etc/modemgw", "/var/lib/modemgw"):
        assert place in unit
        assert place in script
        assert place in postinst
    # The package moves these two, see scripts/deb/staging.py, and knows no others.
    for path in ROOT.glob("systemd/*"):
        for below in re.findall(r"/opt/modemgw(\S*)", path.read_text("utf-8")):
            assert below.startswith(("/bin/", "/share/doc/")), below
    shipped = re.search(r"^services='(.*)'$", script, re.MULTILINE)
    assert shipped is not None
    for name in shipped[1].split():
        assert "[Install]" in (ROOT / "systemd" / name).read_text("utf-8")
        assert f"{name}" in postinst


def test_the_first_configuration_is_one() -> None:
    text = (DEB / "modemgw.yaml").read_text("utf-8")
    assert str(parse(text, "modemgw.yaml").http.listen[0]) == "127.0.0.1:8080"


def test_what_is_left_open_is_argued() -> None:
    """The table of the page is that of systemd-analyze, line by line."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    said = run(analyze, "security", "--offline=yes", "--no-pager", UNIT).stdout
    if "RootDirectory" not in said:
        pytest.skip(f"it cannot look at a file: {said}")
    left = dict(re.findall(r"^✗ (\S+) .*\s(\d\.\d)\s*$", said, re.MULTILINE))
    page = PAGE.read_text("utf-8").replace("\\|", "|")
    argued = dict(re.findall(r"^\| `(\S+=\S*)` \| ([\d.]+) \| \S", page, re.MULTILINE))
    assert argued == left
    score = re.search(r"Overall exposure level for \S+: ([\d.]+)", said)
    assert score is not None
    assert f"gives {score[1]} of 10" in page


def test_the_unit_hides_nothing_that_the_program_reads() -> None:
    """Where the boot id is hidden, nothing of before a crash is evidence."""
    parts = {"doctor", "cli", "sim"}  # they run elsewhere
    read: set[str] = set()
    for path in (ROOT / "modemgw").rglob("*.py"):
        if path.relative_to(ROOT / "modemgw").parts[0] not in parts:
            read |= set(re.findall(r'"/proc/(\w[^"]*)"', path.read_text("utf-8")))
    beyond = {name for name in read if not name.startswith("self/")}
    assert beyond == {"sys/kernel/random/boot_id"}
    assert "ProcSubset=" not in UNIT.read_text("utf-8")


def test_every_unit_is_sound(tmp_path: Path) -> None:
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        pytest.skip("systemd-analyze is not installed")
    units = []
    for path in sorted(ROOT.glob("systemd/*")):
        text = re.sub("^(Exec.*?)=.*$", r"\1=/bin/true", path.read_text(), flags=re.M)
        units.append(tmp_path / path.name)
        units[-1].write_text(text)
    done = run(analyze, "verify", "--man=no", *units)
    assert "modemgw" not in done.stderr


def test_the_table_of_wheels_is_that_of_the_pins() -> None:
    page = (ROOT / "docs" / "how-to" / "install.md").read_text("utf-8")
    pins = (ROOT / "scripts" / "constraints.txt").read_text("utf-8")
    pinned = {
        re.sub(r"[-_.]+", "-", name).lower(): version
        for name, version in re.findall(r"^([\w.-]+)==(\S+)$", pins, re.MULTILINE)
    }
    rows = dict(re.findall(r"^\| ([a-z0-9-]+) (\d\S*) \|", page, re.MULTILINE))
    assert {name: pinned[name] for name in rows} == rows, (
        "scripts/build-deb --write-wheels"
    )
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    for wanted in project["dependencies"]:
        found = re.match(r"[\w.-]+", wanted)
        assert found is not None
        assert found[0].lower().replace("_", "-") in rows, wanted


def test_the_source_archive_has_what_an_installation_needs() -> None:
    """Pages in a new folder of docs/ want a line in pyproject.toml."""
    tools = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]
    patterns = [p for ps in tools["setuptools"]["data-files"].values() for p in ps]
    taken = {path for pattern in patterns for path in ROOT.glob(pattern)}
    wanted = [path for path in ROOT.glob("docs/**/*") if path.is_file()]
    wanted += [*ROOT.glob("systemd/*"), *ROOT.glob("udev/*"), INSTALL]
    wanted += [DEB / "modemgw.yaml", ROOT / "scripts" / "constraints.txt"]
    assert set(wanted) <= taken, sorted(set(wanted) - taken)
