"""Lays the tree of the Debian package out: what comes from where, and as what."""

import gzip
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

from deb.wheels import ROOT, metadata

PARTS = ROOT / "scripts" / "deb"
HOME = Path("usr/lib/modemgw")
DOC = Path("usr/share/doc/modemgw")
# Never imported, and half of the whole: where a number is from and whose it is, and
# the reader of YAML in C (files are read by the one that knows line and column).
UNUSED = re.compile(
    r"phonenumbers/(geodata|carrierdata)/(?!__init__)|yaml/_yaml[^/]*\.so$"
    r"|(^|/)(tests?|testing)/"
)
SOURCES = {".pyx", ".pxd", ".pxi", ".c", ".h", ".hash", ".pyi", ".so.debug"}
KEPT_INFO = {"METADATA", "entry_points.txt"}
LAUNCHER = """\
#!/usr/lib/modemgw/bin/python -I
import sys

from modemgw.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
"""
VENV = "home = /usr/bin\ninclude-system-site-packages = false\n"


class Clash(Exception):
    """Two wheels want the same file with different content."""


@dataclass(frozen=True)
class Release:
    """What the package is called and when it was made."""

    version: str  # Debian's, with its revision
    arch: str
    pythons: tuple[str, ...]
    maintainer: str
    epoch: int

    @property
    def when(self) -> datetime:
        """Return the instant that every file gets."""
        return datetime.fromtimestamp(self.epoch, UTC)


def lay_out(root: Path, release: Release, program: Path, wheels: list[Path]) -> None:
    """Make the tree below `root`: program, libraries, units, documentation."""
    library = root / HOME / "lib" / "python3" / "site-packages"
    library.mkdir(parents=True)
    for wheel in (program, *wheels):
        unpack(wheel, library, root / "data")
    (library / "systemd").symlink_to("../../../../python3/dist-packages/systemd")
    for python in release.pythons:
        (root / HOME / "lib" / f"python{python}").symlink_to("python3")
    put(root / HOME / "pyvenv.cfg", VENV)
    put(root / HOME / "bin" / "modemgw", LAUNCHER, 0o755)
    (root / HOME / "bin" / "python").symlink_to("../../../bin/python3")
    (root / "usr" / "bin").mkdir(parents=True)
    (root / "usr/bin/modemgw").symlink_to("../lib/modemgw/bin/modemgw")

    shared = root / "data" / "share"
    for unit in sorted((shared / "modemgw" / "systemd").iterdir()):
        put(root / "usr/lib/systemd/system" / unit.name, moved(unit.read_text("utf-8")))
    for rule in (shared / "modemgw" / "udev").iterdir():
        put(root / "usr/lib/udev/rules.d" / rule.name, rule.read_text("utf-8"))
    put(root / "usr/share/modemgw/modemgw.yaml", (PARTS / "modemgw.yaml").read_text())
    put(
        root / "usr/share/python3/runtime.d/modemgw.rtupdate",
        (PARTS / "modemgw.rtupdate").read_text(),
        0o755,
    )
    documents(root, release, shared / "doc" / "modemgw", [program, *wheels])
    shutil.rmtree(root / "data")
    modes(root)


def moved(text: str) -> str:
    """Return a unit as it is where the package puts the program."""
    text = text.replace("/opt/modemgw/share/doc/", "/usr/share/doc/")
    return text.replace("/opt/modemgw", "/usr/lib/modemgw")


def unpack(wheel: Path, library: Path, data: Path) -> None:
    """Put the files of a wheel where they belong; what several bring must be equal."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            name = entry.filename
            top, _, rest = name.partition("/")
            if entry.is_dir() or UNUSED.search(name) or Path(name).suffix in SOURCES:
                continue
            if top.endswith(".dist-info") and rest not in KEPT_INFO:
                continue
            target = library / name
            if top.endswith(".data"):
                kind, _, rest = rest.partition("/")
                if kind not in {"data", "purelib", "platlib"}:
                    continue
                target = (data if kind == "data" else library) / rest
            content = archive.read(entry)
            if target.exists() and target.read_bytes() != content:
                raise Clash(f"{wheel.name}: {name} is another one already")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def documents(root: Path, release: Release, made: Path, wheels: list[Path]) -> None:
    """Put the handbook, the change logs, the licences and the manual page."""
    doc = root / DOC
    shutil.copytree(made, doc)
    (doc / "CHANGELOG.md").unlink()
    squeeze(doc / "changelog.gz", (ROOT / "CHANGELOG.md").read_bytes())
    entry = (
        f"modemgw ({release.version}) unstable; urgency=medium\n\n"
        "  * See changelog.gz for what changed.\n\n"
        f" -- {release.maintainer}  {format_datetime(release.when)}\n"
    )
    squeeze(doc / "changelog.Debian.gz", entry.encode())
    put(doc / "copyright", copyright_of(wheels, doc))
    page = run_python(PARTS / "manpage.py", release.when.date().isoformat())
    squeeze(root / "usr/share/man/man1/modemgw.1.gz", page.encode())
    overrides = (PARTS / "lintian-overrides").read_text("utf-8")
    put(root / "usr/share/lintian/overrides/modemgw", overrides)
    completion = run_python("-m", "modemgw", _MODEMGW_COMPLETE="bash_source")
    put(root / "usr/share/bash-completion/completions/modemgw", completion)


def copyright_of(wheels: list[Path], doc: Path) -> str:
    """Return debian/copyright, and put the licence texts of the libraries beside it."""
    text = (PARTS / "copyright").read_text("utf-8")
    seen = set()
    for wheel in wheels[1:]:
        fields = metadata(wheel)
        name = fields["Name"][0]
        if name in seen:
            continue
        seen.add(name)
        licence = (fields.get("License-Expression") or fields.get("License") or [""])[0]
        if not licence or "\n" in licence:
            kinds = [c for c in fields.get("Classifier", []) if c.startswith("License")]
            licence = kinds[0].rpartition(" :: ")[2] if kinds else "see the text"
        author = fields.get("Author") or fields.get("Author-email") or ["its authors"]
        where = fields.get("Home-page") or fields.get("Project-URL") or ["-"]
        text += (
            f"\nFiles: usr/lib/modemgw/lib/python3/site-packages/*{name}*\n"
            f"Copyright: {author[0]}\n"
            f"Comment: {name} {fields['Version'][0]}, {where[0]}\n"
            f"License: {name}\n {licence}; the text is in licenses/{name}.txt\n"
        )
        with zipfile.ZipFile(wheel) as archive:
            texts = [
                archive.read(entry).decode("utf-8", "replace")
                for entry in sorted(archive.namelist())
                if re.search(r"\.dist-info/(.*/)?(LICEN[CS]E|COPYING|NOTICE)", entry)
            ]
        put(doc / "licenses" / f"{name}.txt", "\n\n".join([licence, *texts]) + "\n")
    return text


def run_python(*arguments: str | Path, **environment: str) -> str:
    """Run Python on this checkout; return what it prints."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), **environment},
    )
    if not done.stdout:
        raise SystemExit(done.stderr)
    return done.stdout


def put(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)


def squeeze(path: Path, content: bytes) -> None:
    """Write a file compressed, the same each time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(content, 9, mtime=0))


def modes(root: Path) -> None:
    """Give every file and folder the mode of its kind."""
    for path in root.rglob("*"):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
