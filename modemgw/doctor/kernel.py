"""The kernel's log since the start: what happened to bus, card and memory."""

import re
from collections import Counter
from collections.abc import Iterator

from modemgw.doctor import disk
from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.doctor.machine import whole
from modemgw.doctor.power import UNDER_VOLTAGE, throttled
from modemgw.words import times

MANY_DROPS = 3  # of one socket in a week
MANY_RESETS = 3
LATE_S = 7 * 86_400

DROPS = Kind(
    "usb.drops",
    Level.WARNING,
    "A USB device left the bus again and again.",
    "Mostly it is the supply: a modem that sends draws too much for its socket.",
    "dmesg | grep -i usb\nUse a hub with a supply of its own and a short cable.",
)
RESETS = Kind(
    "usb.resets",
    Level.WARNING,
    "The kernel had to reset a USB device again and again.",
    "Mostly it is the supply or the cable; what was on the air becomes doubtful.",
    "dmesg | grep -i usb\nUse a hub with a supply of its own and a short cable.",
)
ERRORS = Kind(
    "usb.errors",
    Level.WARNING,
    "A USB device did not answer when it was plugged in.",
    "It has too little power, a bad cable, or is broken.",
    "dmesg | grep -i usb\nTry another socket and another cable.",
)
OVER_CURRENT = Kind(
    "usb.over_current",
    Level.PROBLEM,
    "A USB socket was switched off because a device drew too much.",
    "Every modem there is gone until it is plugged in again.",
    "Use a hub with a supply of its own for the modems.",
)
NO_RESOURCES = Kind(
    "usb.no_resources",
    Level.PROBLEM,
    "The USB controller has no room for a further device.",
    "A modem that is plugged in has no ports, or only some.",
    "Use fewer modems at this controller, or a second one.",
)

_DROP = re.compile(r"usb (\d+-[\d.]+): USB disconnect")
_RESET = re.compile(r"usb (\d+-[\d.]+): reset [\w-]+ USB device")
_ERROR = re.compile(
    r"usb (\d+-[\d.]+): (?:device descriptor read|device not accepting address"
    r"|unable to enumerate USB device|can't set config)"
    r"|usb usb(\d+-port\d+): (?:unable to enumerate|Cannot enable)"
)
_CURRENT = re.compile(r"(usb[\w -]*port ?\d+|hub [\w.:-]+).*over-current")
_RESOURCES = re.compile(r"Not enough (?:host controller resources|bandwidth)")
_VOLTS = re.compile(r"Under-?voltage detected", re.IGNORECASE)
_DISK = re.compile(
    r"(?:I/O error, dev (?:mmcblk|sd|nvme)\w*|Buffer I/O error on dev (?!sr|fd)"
    r"|EXT4-fs error|Remounting filesystem read-only|mmc\d: (?:error -|Card stuck))"
)


_STAMP = re.compile(r"\[ *(\d{1,12})\.\d+\]")  # dmesg: seconds since the start
_IMAGE = re.compile(r"\bloop\d")  # a disk image is no disk


def log(box: Box) -> Iterator[Finding]:
    """Look through the log."""
    found_lines = box.kernel_log
    if found_lines is None:
        raise Skipped("the kernel's log may not be read; run this as root")
    lines = _of_late(box, found_lines)
    yield from _counted(lines, _DROP, DROPS, MANY_DROPS, "left the bus")
    yield from _counted(lines, _RESET, RESETS, MANY_RESETS, "was reset")
    yield from _counted(lines, _ERROR, ERRORS, 2, "did not answer")
    yield from _counted(lines, _CURRENT, OVER_CURRENT, 1, "was switched off")
    for pattern, kind, said in (
        (_RESOURCES, NO_RESOURCES, "the controller refused a device"),
        (_VOLTS, UNDER_VOLTAGE, "the kernel noted too little voltage"),
        (_DISK, disk.IO_ERRORS, "reading or writing failed"),
    ):
        found = [
            line for line in lines if pattern.search(line) and not _IMAGE.search(line)
        ]
        if kind is UNDER_VOLTAGE and throttled(box)[0] is not None:
            continue  # the firmware has said it already
        if found:
            what = f"{said}, {times(len(found))}; last: {found[-1].strip()}"
            yield kind.seen(what, "kernel log")


def _of_late(box: Box, lines: list[str]) -> list[str]:
    """Leave out what is long over, on a box that runs for months."""
    uptime = (box.machine.text("/proc/uptime") or "").partition(".")[0]
    now_s = whole(uptime)
    if now_s is None:
        return lines
    oldest = now_s - LATE_S
    return [
        line
        for line in lines
        if (stamp := _STAMP.match(line)) is None or int(stamp[1]) >= oldest
    ]


def _counted(
    lines: list[str], pattern: re.Pattern[str], kind: Kind, least: int, did: str
) -> Iterator[Finding]:
    count: Counter[str] = Counter()
    for line in lines:
        found = pattern.search(line)
        if found is not None:
            count[next((one for one in found.groups() if one), "?")] += 1
    for place, often in count.most_common(4):
        if often >= least:
            yield kind.seen(f"it {did}, {times(often)}", f"USB {place}")


CHECKS = (
    Check(
        "kernel log",
        "machine",
        log,
        (DROPS, RESETS, ERRORS, OVER_CURRENT, NO_RESOURCES, disk.IO_ERRORS),
    ),
)
