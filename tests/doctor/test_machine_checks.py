"""What the doctor sees of the machine: one sick box for each finding."""

import os
from pathlib import Path

from modemgw.doctor.box import Box
from modemgw.doctor.machine import Room
from modemgw.doctor.programs import Ran
from modemgw.doctor.versions import versions
from tests.doctor.fake import GIB, NOW_MS, Fake
from tests.doctor.sick import Case, Sicken, both, finds

MIB = 1 << 20
MOUNTS = "25 1 179:2 / / rw - ext4 /dev/mmcblk0p2 rw\n"


def text(path: str, content: str) -> Sicken:
    return lambda fake: fake.write(path, content)


def log(*lines: str) -> Sicken:
    return lambda fake: fake.log(*lines)


def said(program: str, out: str, code: int = 0) -> Sicken:
    def sicken(fake: Fake) -> None:
        fake.says[program] = Ran(code, out)

    return sicken


def room(**values: int) -> Sicken:
    def sicken(fake: Fake) -> None:
        whole = {"size": 32 * GIB, "free": 20 * GIB, "files": 1000, "files_free": 900}
        fake.room = Room(**{**whole, **values})

    return sicken


def mounted(line: str) -> Sicken:
    return text("/proc/self/mountinfo", f"{MOUNTS}{line}\n")


def now(ms: int) -> Sicken:
    def sicken(fake: Fake) -> None:
        fake.now_ms = ms

    return sicken


def gone(path: str) -> Sicken:
    return lambda fake: fake.remove(path)


def no_rtc(fake: Fake) -> None:
    fake.remove("/sys/class/rtc/rtc0/name")
    fake.at("/sys/class/rtc/rtc0").rmdir()


def from_the_future(fake: Fake) -> None:
    later = NOW_MS / 1000 + 7200
    os.utime(fake.at("/var/lib/modemgw/modemgw.db"), (later, later))


def worn(life: str, end: str) -> Sicken:
    def sicken(fake: Fake) -> None:
        fake.write("/sys/block/mmcblk0/device/life_time", life)
        fake.write("/sys/block/mmcblk0/device/pre_eol_info", end)

    return sicken


THROTTLED = "/sys/devices/platform/soc/soc:firmware/get_throttled"
ERRORS = "/sys/fs/ext4/mmcblk0p2/errors_count"
MEMINFO = (
    "MemTotal: 948304 kB\nMemAvailable: {} kB\nSwapTotal: 1000 kB\nSwapFree: {} kB"
)


def hwmon_alone(fake: Fake) -> None:
    fake.remove(THROTTLED)
    fake.write("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1")


def vcgencmd(fake: Fake) -> None:
    fake.remove(THROTTLED)
    fake.says["vcgencmd"] = Ran(0, "throttled=0x50000\n")


CASES: list[Case] = [
    # --- clock
    ("clock", "epoch", now(86_400_000), {"clock.wrong"}),
    ("clock", "far future", now(4_200_000_000_000), {"clock.wrong"}),
    ("clock", "negative", now(-5), {"clock.wrong"}),
    ("clock", "no battery", no_rtc, {"clock.no_battery"}),
    ("clock", "went back", from_the_future, {"clock.went_back"}),
    (
        "time service",
        "off",
        said("timedatectl", "NTP=no\nNTPSynchronized=no\nCanNTP=yes\n"),
        {"clock.not_synchronised"},
    ),
    (
        "time service",
        "no answer",
        said("timedatectl", "NTP=yes\nNTPSynchronized=no\nCanNTP=yes\n"),
        {"clock.not_synchronised"},
    ),
    ("time service", "garbage", said("timedatectl", "\0\xff=\n==\n"), set()),
    # --- disk
    ("room on the disk", "full", room(free=10 * MIB), {"disk.full"}),
    ("room on the disk", "low", room(free=300 * MIB), {"disk.low"}),
    ("room on the disk", "low share", room(free=GIB), {"disk.low"}),
    ("room on the disk", "small", room(size=21 * MIB, free=18 * MIB), {"disk.small"}),
    ("room on the disk", "half", room(size=21 * MIB, free=9 * MIB), {"disk.full"}),
    ("room on the disk", "mostly free", room(size=144 * MIB, free=132 * MIB), set()),
    ("room on the disk", "large", room(size=4000 * GIB, free=40 * GIB), set()),
    ("room on the disk", "inodes", room(files_free=10), {"disk.inodes"}),
    ("room on the disk", "btrfs counts none", room(files=0, files_free=0), set()),
    ("room on the disk", "says nothing", room(size=0), set()),
    (
        "mount",
        "read-only",
        text("/proc/self/mountinfo", MOUNTS.replace(" rw\n", " ro\n")),
        {"disk.read_only"},
    ),
    (
        "mount",
        "given up",
        text("/proc/self/mountinfo", MOUNTS.replace(" rw\n", " rw,emergency_ro\n")),
        {"disk.read_only"},
    ),
    (
        "mount",
        "aborted",
        mounted("30 25 8:1 / /var/lib/modemgw rw - ext4 /dev/sda1 rw,abort"),
        {"disk.read_only"},
    ),
    (
        "mount",
        "in memory",
        mounted("30 25 0:9 / /var/lib rw - tmpfs tmpfs rw"),
        {"disk.volatile"},
    ),
    (
        "mount",
        "network",
        mounted("30 25 0:9 / /var/lib/modemgw rw - nfs4 nas:/x rw"),
        {"disk.network"},
    ),
    (
        "mount",
        "fat",
        mounted("30 25 8:1 / /var rw - vfat /dev/sda1 rw"),
        {"disk.no_rights"},
    ),
    (
        "mount",
        "another mount is no concern",
        mounted(r"30 25 8:1 / /var/lib/modemgw\0402 ro - vfat /dev/sda1 ro"),
        set(),
    ),
    (
        "mount",
        "unsafe",
        text("/proc/self/mountinfo", MOUNTS.replace(" rw\n", " rw,data=writeback\n")),
        {"disk.unsafe_mount"},
    ),
    ("mount", "faults", text(ERRORS, "4\n"), {"disk.faults"}),
    ("mount", "garbage", text("/proc/self/mountinfo", "x\n \0 - -\n- - -\n"), set()),
    ("memory card", "worn", worn("0x03 0x0a", "0x01"), {"card.worn"}),
    ("memory card", "warning", worn("0x00 0x00", "0x02"), {"card.worn"}),
    ("memory card", "over", worn("0x0b 0x01", "0x01"), {"card.used_up"}),
    ("memory card", "urgent", worn("0x01 0x01", "0x03"), {"card.used_up"}),
    ("memory card", "garbage", worn("zz -1 0x", "\0"), set()),
    # --- memory
    (
        "memory",
        "low",
        text("/proc/meminfo", MEMINFO.format(20_000, 900)),
        {"memory.low"},
    ),
    (
        "memory",
        "swapping",
        text("/proc/meminfo", MEMINFO.format(600_000, 10)),
        {"memory.swapping"},
    ),
    ("memory", "killed", text("/proc/vmstat", "oom_kill 2\n"), {"memory.killed"}),
    ("memory", "garbage", text("/proc/meminfo", "MemTotal: x\n:::\n"), set()),
    # --- power
    ("supply", "now", text(THROTTLED, "50005\n"), {"power.under_voltage_now"}),
    ("supply", "before", text(THROTTLED, "50000\n"), {"power.under_voltage"}),
    ("supply", "slow", text(THROTTLED, "8\n"), {"power.hot"}),
    ("supply", "alarm", hwmon_alone, {"power.under_voltage_now"}),
    ("supply", "vcgencmd", vcgencmd, {"power.under_voltage"}),
    (
        "supply",
        "hot",
        text("/sys/class/thermal/thermal_zone0/temp", "84000"),
        {"power.hot"},
    ),
    ("supply", "garbage", text(THROTTLED, "volts"), set()),
    # --- the kernel's log
    (
        "kernel log",
        "drops",
        log(*["usb 1-1.3: USB disconnect, device number 7"] * 3),
        {"usb.drops"},
    ),
    (
        "kernel log",
        "one drop",
        log("usb 1-1.3: USB disconnect, device number 7"),
        set(),
    ),
    (
        "kernel log",
        "resets",
        log(*["usb 1-1.2: reset high-speed USB device number 4 using dwc_otg"] * 4),
        {"usb.resets"},
    ),
    (
        "kernel log",
        "errors",
        log(
            "usb 1-1.4: device descriptor read/64, error -71",
            "usb 1-1.4: device not accepting address 9, error -71",
        ),
        {"usb.errors"},
    ),
    (
        "kernel log",
        "over-current",
        log("usb usb1-port2: over-current change #3"),
        {"usb.over_current"},
    ),
    (
        "kernel log",
        "no resources",
        log("xhci_hcd 0000:01:00.0: Not enough host controller resources"),
        {"usb.no_resources"},
    ),
    (
        "kernel log",
        "volts",
        both(gone(THROTTLED), log("hwmon hwmon1: Undervoltage detected!")),
        {"power.under_voltage"},
    ),
    (
        "kernel log",
        "volts, as the firmware says itself",
        log("hwmon hwmon1: Undervoltage detected!"),
        set(),
    ),
    (
        "kernel log",
        "long over",
        both(
            text("/proc/uptime", "9000000.11 1.0\n"),
            log(*["usb 1-1.3: USB disconnect, device number 7"] * 9),
        ),
        set(),
    ),
    (
        "kernel log",
        "card",
        log("blk_update_request: I/O error, dev mmcblk0, sector 8"),
        {"disk.io_errors"},
    ),
    (
        "kernel log",
        "a disk image is no disk",
        log("EXT4-fs (loop0): Remounting filesystem read-only"),
        set(),
    ),
]


test_what_is_found = finds(CASES)


def test_versions(tmp_path: Path) -> None:
    def ids(box: Box, python: tuple[int, ...], sqlite: tuple[int, ...]) -> set[str]:
        return {one.id for one in versions(box, python, sqlite)}

    fake = Fake(tmp_path / "box")
    good, box = (3, 51, 3), fake.box()
    assert ids(box, (3, 11, 2), good) == set()
    assert ids(box, (3, 99, 0), good) == set()
    assert ids(box, (3, 11, 2), (3, 36, 0)) == {"sqlite.old"}
    assert ids(box, (3, 11, 2), (3, 40, 1)) == set()
    fake.deep = True
    fake.now_ms = 1_900_000_000_000
    found = ids(fake.box(), (3, 11, 2), (3, 40, 1))
    assert found == {"sqlite.wal_reset", "python.ended"}
