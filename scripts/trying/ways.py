"""The two ways in: scripts/install from a source tree, and the Debian package."""

import re
import shutil
import time
from pathlib import Path

from trying.room import Failed, Room, run

VERSION = re.compile(r'^__version__ = ".*"', re.M)


def summary(said: str) -> str:
    """Return what an installer told that matters here."""
    wanted = (
        "Program:",
        "Service:",
        "Done:",
        "modemgw: ",
        "install: ",
        "/etc/modemgw/",
    )
    return "; ".join(
        line.strip() for line in said.splitlines() if line.strip().startswith(wanted)
    )


class Script:
    """scripts/install; upgrades from a copy of the source with another version."""

    name = "script"
    tree = "/src/source"

    def __init__(self, source: Path) -> None:
        self.source = source

    def prepare(self, room: Room) -> str:
        """Install from the network, fetch wheels for the rest of the day, purge."""
        shutil.copytree(self.source, room.root / self.tree.lstrip("/"))
        began = time.monotonic()
        said = room.enter("sh", f"{self.tree}/scripts/install")
        took = time.monotonic() - began
        if "systemd does not run here" not in said:
            raise Failed(f"not told that nothing was started:\n{said}")
        size = run("du", "-sm", str(room.root / "opt/modemgw")).split()[0]
        room.enter("python3", "-m", "venv", "/src/maker")
        room.enter(
            *("/src/maker/bin/pip", "wheel", "-q", "-w", "/src/wheels"),
            *("-c", f"{self.tree}/scripts/constraints.txt", "setuptools", self.tree),
        )
        for made in (room.root / "src/wheels").glob("modemgw-*"):
            made.unlink()
        self.purge(room)
        return f"{took:.0f} s with its Debian packages, {size} MiB in /opt"

    def install(self, room: Room, newer: int = 0) -> str:
        """Run it again; a mistake in the configuration is no failure here."""
        tree = room.root / self.tree.lstrip("/")
        if newer:
            init = tree / "modemgw/__init__.py"
            init.write_text(
                VERSION.sub(f'__version__ = "0.0.{newer}"', init.read_text())
            )
        said = room.enter(
            *("sh", f"{self.tree}/scripts/install", "--wheels", "/src/wheels"),
            ok=(0, 1, 78),
        )
        return summary(said)

    def remove(self, room: Room) -> str:
        """Take the program away."""
        return room.enter("sh", f"{self.tree}/scripts/install", "--uninstall")

    def purge(self, room: Room) -> str:
        """Take everything away, and the same again where nothing is left."""
        room.enter("sh", f"{self.tree}/scripts/install", "--purge")
        return room.enter("sh", f"{self.tree}/scripts/install", "--purge")


class Package:
    """The package, and copies of it with another version."""

    name = "package"

    def __init__(self, package: Path) -> None:
        self.package = package

    def prepare(self, room: Room) -> str:
        """Let apt install it with what it depends on, and purge it."""
        shutil.copy(self.package, room.root / "src/modemgw.deb")
        room.enter("apt-get", "update", "-qq")
        if room.suite != "bookworm":  # whose udevadm cannot verify rules
            room.enter("apt-get", "install", "-yqq", "--no-install-recommends", "udev")
        began = time.monotonic()
        room.enter(
            *("apt-get", "install", "-yqq", "--no-install-recommends"),
            "/src/modemgw.deb",
        )
        took = time.monotonic() - began
        size = run("du", "-sm", str(room.root / "usr/lib/modemgw")).split()[0]
        self.purge(room)
        kib = self.package.stat().st_size // 1024
        return (
            f"{took:.0f} s with what it depends on, {kib} KiB packed,"
            f" {size} MiB in /usr/lib/modemgw"
        )

    def install(self, room: Room, newer: int = 0) -> str:
        """Install what was built, or the same with a higher version."""
        file = f"/src/modemgw{newer or ''}.deb"
        if newer:
            self._make_newer(room, newer, room.root / file.lstrip("/"))
        return summary(room.enter("dpkg", "-i", file))

    def _make_newer(self, room: Room, newer: int, target: Path) -> None:
        work = room.root / "src/newer"
        run("dpkg-deb", "-R", str(self.package), str(work))
        site = work / "usr/lib/modemgw/lib/python3/site-packages/modemgw"
        init = site / "__init__.py"
        init.write_text(VERSION.sub(f'__version__ = "0.0.{newer}"', init.read_text()))
        control = work / "DEBIAN/control"
        higher = re.sub(
            r"^(Version: .*)$", rf"\1+{newer}", control.read_text(), flags=re.M
        )
        control.write_text(higher)
        run("dpkg-deb", "--root-owner-group", "-Zgzip", "-b", str(work), str(target))
        shutil.rmtree(work)

    def remove(self, room: Room) -> str:
        """Take the program away."""
        return room.enter("dpkg", "-r", "modemgw")

    def purge(self, room: Room) -> str:
        """Take everything away."""
        return room.enter("dpkg", "-P", "modemgw")
