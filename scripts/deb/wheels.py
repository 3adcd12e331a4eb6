"""The wheels that a package for another machine is made from.

What modemgw needs is looked up in the wheels themselves (Requires-Dist, with the
markers of the target); versions are those of scripts/constraints.txt. pip resolves
for the machine it runs on, so here it only fetches what it is told to.
"""

import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path

# Those of pip itself, so that this needs nothing but pip.
from pip._vendor.packaging.requirements import Requirement
from pip._vendor.packaging.utils import canonicalize_name, parse_wheel_filename

ROOT = Path(__file__).resolve().parents[2]
PINS = ROOT / "scripts" / "constraints.txt"
# sqlite-utils wants it for a command of its own that nobody calls.
NOT_TAKEN = {"pip"}
# Of Debian 12 and 13; the newest tags first.
GLIBC = ("2_36", "2_35", "2_34", "2_31", "2_28", "2_27", "2_26", "2_24", "2_17")


class Missing(Exception):
    """No wheel for a dependency on the target."""


@dataclass(frozen=True)
class Target:
    """A machine to build for: Debian's name of it and the kernel's."""

    arch: str
    machine: str
    oldest: str  # the manylinux of the time before numbers

    def platforms(self) -> list[str]:
        """Return the wheel platforms that run there."""
        tags = [f"manylinux_{glibc}_{self.machine}" for glibc in GLIBC]
        return [*tags, f"{self.oldest}_{self.machine}", f"linux_{self.machine}"]

    def environment(self, python: str) -> dict[str, str]:
        """Return what markers see there."""
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": "linux",
            "extra": "",
        }


TARGETS = {
    target.arch: target
    for target in (
        Target("amd64", "x86_64", "manylinux2014"),
        Target("arm64", "aarch64", "manylinux2014"),
        Target("armhf", "armv7l", "manylinux2014"),
    )
}


def pins() -> dict[str, str]:
    """Return the pinned version of each package, by its canonical name."""
    found = re.findall(r"^([\w.-]+)==(\S+)$", PINS.read_text("utf-8"), re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def metadata(wheel: Path) -> "dict[str, list[str]]":
    """Return the fields of a wheel's METADATA."""
    with zipfile.ZipFile(wheel) as archive:
        name = next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        fields = HeaderParser().parsestr(archive.read(name).decode("utf-8"))
    return {key: fields.get_all(key) or [] for key in fields}


def needs(wheel: Path, target: Target, python: str) -> Iterator[str]:
    """Yield the canonical names of what a wheel needs on the target."""
    environment = target.environment(python)
    for line in metadata(wheel).get("Requires-Dist", []):
        wanted = Requirement(line)
        name = canonicalize_name(wanted.name)
        applies = wanted.marker is None or wanted.marker.evaluate(environment)
        if applies and name not in NOT_TAKEN:
            yield name


@dataclass(frozen=True)
class Shelf:
    """Wheels for one target and Python, fetched into a folder as they are asked for."""

    target: Target
    python: str
    folder: Path
    more: Path | None = None  # wheels of one's own, which count as published

    def wheel(self, name: str) -> Path:
        """Return the wheel of the pinned version. Raises Missing."""
        version = pins().get(name)
        if version is None:
            raise Missing(f"{name} is not pinned in {PINS.name}")
        asked = f"{name}=={version}"
        found = self._there(name)
        if found is None:
            said = self._download(asked)
            found = self._there(name)
            if found is None and "No matching distribution" not in said:
                raise SystemExit(f"pip could not fetch {asked}:\n{said}")
        if found is None:
            where = f"{self.target.arch}, Python {self.python}"
            raise Missing(f"{asked} has no wheel for {where}")
        return found

    def stock(self) -> None:
        """Fetch what a gateway needs in one go; where one is missing, nothing."""
        needed = PINS.read_text("utf-8").partition("# tests and checks")[0]
        self._download(*re.findall(r"^[\w.-]+==\S+$", needed, re.MULTILINE))

    def _there(self, name: str) -> Path | None:
        for wheel in self.folder.glob("*.whl"):
            if parse_wheel_filename(wheel.name)[0] == name:
                return wheel
        return None

    def _download(self, *asked: str) -> str:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps"]
        command += ["--no-input", "--disable-pip-version-check"]
        command += ["--only-binary", ":all:", "--dest", str(self.folder)]
        command += ["--python-version", self.python]
        for platform in self.target.platforms():
            command += ["--platform", platform]
        if self.more is not None:
            command += ["--find-links", str(self.more)]
        done = subprocess.run(
            [*command, *asked], capture_output=True, text=True, check=False
        )
        return done.stderr.strip()


def closure(first: Path, shelf: Shelf) -> tuple[list[Path], list[str]]:
    """Return the wheels that `first` needs, and a sentence for each that is missing."""
    shelf.stock()
    found: dict[str, Path] = {}
    missing: dict[str, str] = {}
    open_names = sorted(needs(first, shelf.target, shelf.python))
    while open_names:
        name = open_names.pop()
        if name in found or name in missing:
            continue
        try:
            found[name] = shelf.wheel(name)
        except Missing as exc:
            missing[name] = str(exc)
            continue
        open_names += needs(found[name], shelf.target, shelf.python)
    return [found[name] for name in sorted(found)], list(missing.values())


def table(first: Path, folder: Path, pythons: tuple[str, ...]) -> str:
    """Return, as Markdown, which package has a wheel for which machine and Python."""
    columns = [(target, python) for target in TARGETS.values() for python in pythons]
    rows: dict[str, dict[int, str]] = {}
    for number, (target, python) in enumerate(columns):
        shelf = Shelf(target, python, folder / f"{target.arch}-{python}")
        wheels, missing = closure(first, shelf)
        for wheel in wheels:
            name, version, _, tags = parse_wheel_filename(wheel.name)
            pure = all(tag.platform == "any" for tag in tags)
            rows.setdefault(f"{name} {version}", {})[number] = "any" if pure else "yes"
        for sentence in missing:
            name, _, version = sentence.split()[0].partition("==")
            rows.setdefault(f"{name} {version}", {})[number] = "**none**"
    heads = [f"{target.arch} {python}" for target, python in columns]
    lines = [
        "| " + " | ".join(["Package", *heads]) + " |",
        "|---" * (len(heads) + 1) + "|",
    ]
    for label, cells in sorted(rows.items()):
        told = [cells.get(number, "-") for number in range(len(columns))]
        lines.append("| " + " | ".join([label, *told]) + " |")
    return "\n".join(lines) + "\n"
