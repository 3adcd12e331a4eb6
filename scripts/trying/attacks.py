"""What goes wrong while scripts/install works, and what has to be left then."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from trying.day import Day
from trying.room import Failed, Room, run

INSTALL = ("sh", "/src/source/scripts/install")
OFFLINE = (*INSTALL, "--wheels", "/src/wheels")
REFUSES = """
def _parse(text: str, name: str, path: Path | None) -> None:
    raise ConfigError([f"{name}:1:1: queue: is called waiting now"])
"""
BROKEN = "raise RuntimeError('broken for a test')\n"


def attack(day: Day) -> None:
    """Do everything that people and machines do to an installation. Raises Failed."""
    room = day.room
    for what, act in (
        ("something else in /opt/modemgw is left alone", foreign),
        ("a read-only /etc is told before anything is done", read_only),
        ("an old Python is told", old_python),
        ("a user named modemgw who was there stays", user_before),
        ("a new version that cannot be imported leaves the old", unimportable),
        ("a new version that does not start gives way to the old", unstartable),
        ("without network and wheels the old one stays", no_network),
        ("a configuration that only the old version takes stops the upgrade", refused),
        ("killed in the middle, the old one stays; the next run tidies up", killed),
        ("two at a time: the second one says so", twice),
    ):
        with day.step(what) as tell:
            tell(act(room))
    room.enter(*INSTALL, "--purge")


def expect(room: Room, words: str, *command: str, code: int = 1) -> str:
    """Run it, and return the line that holds the words it has to say."""
    said = room.enter(*command, ok=(code,))
    for line in said.splitlines():
        if words in line:
            return line.strip()
    raise Failed(f"did not say {words!r}:\n{said}")


def pid(room: Room) -> str:
    """Return the process of the service. Raises Failed where there is none."""
    found = (room.root / "run/try-install/pid").read_text()
    os.kill(int(found), 0)
    return found


def with_text(room: Room, name: str, text: str, act: Callable[[], str]) -> str:
    """Do it while a file of the source has more lines than it should."""
    path = room.root / "src/source" / name
    before = path.read_text()
    path.write_text(before + text)
    try:
        return act()
    finally:
        path.write_text(before)


def same_service(room: Room, act: Callable[[], str]) -> str:
    """Do it; the service must be the same process, with one environment."""
    before = pid(room)
    told = act()
    if pid(room) != before:
        raise Failed("the service was restarted")
    only_one(room)
    return told


def only_one(room: Room) -> None:
    """Look that no half-made environment lies about."""
    made = [path.name for path in (room.root / "opt/modemgw").glob("build-*")]
    if made != [(room.root / "opt/modemgw/current").readlink().name]:
        raise Failed(f"environments: {made}")


def foreign(room: Room) -> str:
    """Somebody else's files, and somebody else's program of that name."""
    place = room.root / "opt/modemgw"
    place.mkdir()
    (place / "mine").write_text("mine")
    told = expect(room, "did not make", *OFFLINE)
    room.enter(*INSTALL, "--purge")
    if (place / "mine").read_text() != "mine":
        raise Failed("purge took it")
    (place / "mine").unlink()
    place.rmdir()
    return told


def read_only(room: Room) -> str:
    """Nothing can be written to /etc."""
    etc = str(room.root / "etc")
    run("mount", "--bind", etc, etc)
    run("mount", "-o", "remount,ro,bind", etc)
    try:
        told = expect(room, "/etc cannot be written to", *OFFLINE)
    finally:
        run("umount", etc)
    if (room.root / "opt/modemgw").exists():
        raise Failed("something was done all the same")
    return told


def old_python(room: Room) -> str:
    """Every Python says that it is too old."""
    python = (room.root / "usr/bin/python3").resolve().name
    real = room.root / "usr/bin" / python
    fake = room.root / "src/old-python"
    fake.write_text("#!/bin/sh\nexit 1\n")
    fake.chmod(0o755)
    run("mount", "--bind", str(fake), str(real))
    try:
        return expect(room, "3.11 or newer", *OFFLINE, "--no-apt")
    finally:
        run("umount", str(real))
        fake.unlink()


def user_before(room: Room) -> str:
    """A person of that name with a home directory."""
    room.enter("useradd", "--create-home", "modemgw")
    room.enter(*OFFLINE)
    told = expect(room, "was there before", *INSTALL, "--purge", code=0)
    if "/home/modemgw" not in room.enter("getent", "passwd", "modemgw"):
        raise Failed("the user is gone")
    room.enter("userdel", "--remove", "modemgw")
    room.enter(*OFFLINE)  # for what follows
    return told


def unimportable(room: Room) -> str:
    """A mistake in a module that the daemon needs."""
    return with_text(
        room,
        "modemgw/daemon.py",
        BROKEN,
        lambda: same_service(room, lambda: expect(room, "stays as it is", *OFFLINE)),
    )


def unstartable(room: Room) -> str:
    """A mistake that shows only when the daemon runs."""

    def act() -> str:
        told = expect(room, "the old one runs again", *OFFLINE)
        pid(room)
        only_one(room)
        return told

    return with_text(room, "modemgw/cli/run.py", BROKEN, act)


def no_network(room: Room) -> str:
    """The source is another, and nothing can be fetched."""
    return with_text(
        room,
        "modemgw/daemon.py",
        "# newer\n",
        lambda: same_service(room, lambda: expect(room, "stays as it is", *INSTALL)),
    )


def refused(room: Room) -> str:
    """The new version knows a key by another name."""
    return with_text(
        room,
        "modemgw/config/load.py",
        REFUSES,
        lambda: same_service(
            room, lambda: expect(room, "does not take this configuration", *OFFLINE)
        ),
    )


def begin(room: Room) -> "subprocess.Popen[bytes]":
    """Start an upgrade, and return once it builds."""
    process = room.start(*OFFLINE, log="install.log")
    folder = room.root / "opt/modemgw"
    end = time.monotonic() + 60
    while not any((path / "source").exists() for path in folder.glob("build-*")):
        if time.monotonic() > end or process.poll() is not None:
            raise Failed("it did not begin")
        time.sleep(0.05)
    return process


def killed(room: Room) -> str:
    """Kill -9 while the new environment is made."""

    def act() -> str:
        before = pid(room)
        process = begin(room)
        time.sleep(1)
        for child in sorted(children(process.pid), reverse=True):
            os.kill(child, signal.SIGKILL)
        process.wait(30)
        if pid(room) != before:
            raise Failed("the service was restarted")
        room.enter("modemgw", "modems", "list")
        left = len([*(room.root / "opt/modemgw").glob("build-*")])
        room.enter(*OFFLINE)
        only_one(room)
        return f"{left} environments after the kill, one after the next run"

    return with_text(room, "modemgw/daemon.py", "# newer\n", act)


def twice(room: Room) -> str:
    """A second one while the first one builds."""

    def act() -> str:
        process = begin(room)
        told = expect(room, "another scripts/install is at work", *OFFLINE)
        if process.wait(120):
            raise Failed("the first one failed")
        only_one(room)
        return told

    return with_text(room, "modemgw/daemon.py", "# newest\n", act)


def children(root: int) -> set[int]:
    """Return a process and everything below it."""
    found = {root}
    for _ in range(5):
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                after = path.read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(after[1]) in found:
                found.add(int(path.parent.name))
    return found
