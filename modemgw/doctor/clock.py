"""The clock: is it right, and will it be after a power cut."""

from collections.abc import Iterator
from datetime import UTC, datetime

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.words import counted

EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # this program did not exist before
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
BACK_S = 120  # files that are so much younger than now tell of a jump

WRONG = Kind(
    "clock.wrong",
    Level.PROBLEM,
    "The clock of the machine is years off.",
    "Planned messages are held, certificates do not count, and webhooks are refused "
    "by their receivers.",
    "timedatectl set-ntp true\ndate",
)
WENT_BACK = Kind(
    "clock.went_back",
    Level.WARNING,
    "The database was written at a time that has not come yet.",
    "The clock was set back: messages wait longer than meant, pace windows too.",
    "timedatectl",
)
NOT_SYNCHRONISED = Kind(
    "clock.not_synchronised",
    Level.WARNING,
    "Nothing has set the clock since the machine started.",
    "It drifts: signatures of webhooks expire, quiet hours begin at the wrong time.",
    "timedatectl set-ntp true",
)
NO_BATTERY = Kind(
    "clock.no_battery",
    Level.NOTE,
    "The machine has no clock that runs without power.",
    "After a power cut it starts in the past until the network gives it the time.",
    "Add a module such as a DS3231, or keep a time server within reach.",
)


def clock(box: Box) -> Iterator[Finding]:
    """Look at the time of the machine and at what keeps it."""
    machine = box.machine
    now = machine.now_ms() / 1000
    fix = (("timedatectl", "set-ntp", "true"),)
    shown = datetime.fromtimestamp(min(max(now, 0), 4e9), UTC).date().isoformat()
    if not EARLIEST.timestamp() <= now <= LATEST.timestamp():
        yield WRONG.seen(f"the clock says {shown}", "date", fix=fix)
    else:
        yield from _went_back(box, now)
    if not machine.listed("/sys/class/rtc") and machine.exists("/sys/class"):
        yield NO_BATTERY.seen("there is no real time clock", "/sys/class/rtc")


def _went_back(box: Box, now: float) -> Iterator[Finding]:
    if box.config is None:
        return
    for name in ("", "-wal"):
        path = f"{box.config.database}{name}"
        about = box.machine.stat(path)
        if about is not None and about.st_mtime > now + BACK_S:
            ahead = counted(int(about.st_mtime - now) // 60, "minute")
            what = f"the database was written {ahead} in the future"
            yield WENT_BACK.seen(what, path)
            return


def synchronised(box: Box) -> Iterator[Finding]:
    """Look whether something sets the clock."""
    argv = ("timedatectl", "show", "-p", "NTP", "-p", "NTPSynchronized", "-p", "CanNTP")
    said = box.machine.run(argv)
    if said is None or said.code != 0:
        raise Skipped("timedatectl does not answer on this machine")
    pairs = (line.partition("=") for line in said.out.splitlines())
    found = {name: value.strip() for name, _, value in pairs}
    if found.get("NTPSynchronized") != "no":
        return
    can, on = found.get("CanNTP") == "yes", found.get("NTP") == "yes"
    fix = (("timedatectl", "set-ntp", "true"),) if can and not on else ()
    what = "no time server has answered" if on else "no time service is switched on"
    hint = "timedatectl timesync-status" if on else "apt install systemd-timesyncd"
    yield NOT_SYNCHRONISED.seen(what, "timedatectl", type=() if fix else hint, fix=fix)


CHECKS = (
    Check("clock", "machine", clock, (WRONG, WENT_BACK, NO_BATTERY)),
    Check("time service", "machine", synchronised, (NOT_SYNCHRONISED,)),
)
