"""Who holds a serial port that we cannot open, and what frees it.

Linux shows the open files of our own processes only; those of root are hidden
from a service. So a lock file, and a program that is known to grab modems and
is running, count as well, the latter with a "perhaps".

Nothing here is ended or unlocked: a person decides.
"""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
LOCKS = (Path("/run/lock"), Path("/var/lock"))
REMEMBERED_S = 5.0  # a held port is tried twice a second; looking costs more
MAX_COMMAND = 15  # characters that the kernel keeps of a program's name
MAX_LOCK = 64  # octets of a lock file

# What grabs modems, and how to stop it. The name is that of /proc/PID/comm.
REMEDIES = {
    "ModemManager": "install udev/70-modemgw.rules, which keeps it away, and plug the "
    "modem in again; or: systemctl disable --now ModemManager",
    "mtp-probe": "it looks at every new device and lets go by itself",
    "brltty": "it takes serial adapters for braille displays: apt remove brltty",
    "agetty": "a login waits there: systemctl disable --now serial-getty@{tty}",
    "getty": "a login waits there: systemctl disable --now serial-getty@{tty}",
    "pppd": "a data connection uses it: end that, or give it another port",
    "wvdial": "a data connection uses it: end that, or give it another port",
    "gammu-smsd": "two gateways cannot share a modem: systemctl disable --now "
    "gammu-smsd",
    "smsd": "two gateways cannot share a modem: systemctl disable --now smstools",
    "bearerbox": "two gateways cannot share a modem: stop Kannel",
    "asterisk": "chan_dongle or chan_quectel uses it: take it out of their "
    "configuration",
    "modemgw": "another modemgw uses it: give each its own modems",
}
_GRABBERS = ("ModemManager", "brltty")  # run as root and try every tty
_REMEDY = "end it, or give it another port"

_known: dict[str, tuple[float, "Holder | None"]] = {}


@dataclass(frozen=True, slots=True)
class Holder:
    """A program; `is_sure` False: it runs, and it is known to grab modems."""

    pid: int
    name: str
    is_sure: bool

    def sentence(self, tty: str) -> str:
        """Say who it is and what frees the port."""
        remedy = REMEDIES.get(self.name, _REMEDY).format(tty=tty)
        perhaps = "" if self.is_sure else "perhaps "
        return f"{perhaps}by {self.name} (pid {self.pid}): {remedy}"


def why_held(path: str, *, proc: Path = PROC, locks: tuple[Path, ...] = LOCKS) -> str:
    """Return the sentence for a port that another program holds. May block."""
    tty = Path(path).resolve()
    now = time.monotonic()
    known = _known.get(str(tty))
    if known is None or now - known[0] > REMEMBERED_S:
        known = _known[str(tty)] = (now, holder_of(tty, proc=proc, locks=locks))
    held = "the port is held by another program"
    holder = known[1]
    if holder is None:
        return f"{held}; as root, `fuser -v {tty}` names it"
    return f"{held}, {holder.sentence(tty.name)}"


def holder_of(tty: Path, *, proc: Path, locks: tuple[Path, ...]) -> Holder | None:
    """Find who has `tty` open, else who locked it, else who probably has it."""
    found = holders_of((tty,), proc=proc, locks=locks)[tty]
    return found[0] if found else None


def holders_of(
    ttys: Sequence[Path], *, proc: Path = PROC, locks: tuple[Path, ...] = LOCKS
) -> dict[Path, list[Holder]]:
    """Find everybody at these ttys in one look, the surest first. May block."""
    found: dict[Path, list[Holder]] = {tty: [] for tty in ttys}
    suspects = grabbers(proc)
    for pid in _processes(proc):
        if pid != os.getpid():
            for tty in _opened(proc, pid, ttys):
                found[tty].append(Holder(pid, _name(proc, pid), is_sure=True))
    for tty, holders in found.items():
        for folder in locks:
            owner = _locked_by(folder / f"LCK..{tty.name}")
            if owner and owner != os.getpid() and (proc / str(owner)).exists():
                holders.append(Holder(owner, _name(proc, owner), is_sure=True))
        unique: dict[int, Holder] = {}
        for one in (*holders, *suspects):
            unique.setdefault(one.pid, one)
        holders[:] = unique.values()
    return found


def grabbers(proc: Path = PROC) -> list[Holder]:
    """Find the programs that run and are known to try every port."""
    named = ((pid, _name(proc, pid)) for pid in _processes(proc))
    return [
        Holder(pid, name, is_sure=False) for pid, name in named if name in _GRABBERS
    ]


def _processes(proc: Path) -> Iterator[int]:
    try:
        names = [entry.name for entry in proc.iterdir()]
    except OSError:
        return
    yield from sorted(int(name) for name in names if name.isdigit())


def _name(proc: Path, pid: int) -> str:
    try:
        name = (proc / str(pid) / "comm").read_text("utf-8", "replace").strip()
    except OSError:
        name = ""
    shown = "".join(c if c.isprintable() else "?" for c in name)
    return shown[:MAX_COMMAND] or "an unknown program"


def _opened(proc: Path, pid: int, ttys: Sequence[Path]) -> set[Path]:
    """Return those of `ttys` that the process has open, as far as we may know."""
    folder = proc / str(pid) / "fd"
    found: set[Path] = set()
    try:
        opened = list(folder.iterdir())
    except OSError:  # somebody else's, or gone meanwhile
        return found
    for one in opened:
        with suppress(OSError):
            found.add(one.readlink())
    return found.intersection(ttys)


def _locked_by(lock: Path) -> int | None:
    """Read the pid in a UUCP lock: ten characters, or binary in old ones."""
    try:
        with lock.open("rb") as stream:
            content = stream.read(MAX_LOCK)
    except OSError:
        return None
    text = content.split(b"\n")[0].split()
    if text and text[0].isdigit():
        return int(text[0])
    if len(content) == 4:  # noqa: PLR2004 - an int as the machine writes it
        return int.from_bytes(content, "little")
    return None
