"""Backups: is one made, when was the last, and would it survive the card."""

from collections.abc import Iterator

from modemgw.doctor.box import Box, Check
from modemgw.doctor.disk import mount_of
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.words import counted

NONE = Kind(
    "backup.none",
    Level.NOTE,
    "No backups are made.",
    "Memory cards die; then every message and every key is gone.",
    "Set backup.path in the configuration, such as /mnt/usb.",
)
LATE = Kind(
    "backup.late",
    Level.WARNING,
    "The last backup is older than a day.",
    "What came since is lost with the card.",
    "modemgw db backup",
)
FAILED = Kind(
    "backup.failed",
    Level.WARNING,
    "The last backup failed.",
    "What came since the one before is lost with the card.",
    "modemgw db backup",
)
SAME_DISK = Kind(
    "backup.same_disk",
    Level.NOTE,
    "Backups lie on the same disk as the data.",
    "When the card dies, both are gone.",
    "Set backup.path to a USB drive or another machine's share.",
)
NO_DRIVE = Kind(
    "backup.no_drive",
    Level.WARNING,
    "The drive for backups is not there.",
    "No backup is made until it is mounted.",
    "lsblk\nmount PATH",
)
DAY_MS = 86_400_000


def backups(box: Box) -> Iterator[Finding]:
    """Look at what the gateway and `db backup` have written down."""
    from modemgw.gateway.backups import RECORD, read_record  # noqa: PLC0415

    if box.config is None:
        raise Skipped("there is no configuration to go by")
    wanted, folder = box.config.backup, box.config.data_dir
    if box.machine.stat(box.config.database) is None:
        raise Skipped("there is no database yet, or you may not look")
    last = read_record(box.machine.octets(folder / RECORD) or b"")
    now = box.machine.now_ms()
    if wanted.path is None and last.made_at is None:
        yield NONE.seen("backup.path is not set", box.config_file)
        return
    place = str(wanted.path or last.path)
    if last.failed_at is not None:
        yield FAILED.seen(last.why or "it does not say why", place)
    elif wanted.path is not None and last.is_late(now) and last.made_at is not None:
        days = (now - last.made_at) // DAY_MS
        yield LATE.seen(f"the last one is {counted(days, 'day')} old", place)
    if wanted.path is not None:
        yield from _drive(box, place)


def _drive(box: Box, place: str) -> Iterator[Finding]:
    if box.config is None:
        return
    is_there = box.machine.exists(place)
    mounts = mount_of(box, place), mount_of(box, str(box.config.data_dir))
    is_same = mounts[0] is not None and mounts[0] == mounts[1]
    if not is_there or (box.config.backup.mount and is_same):
        what = "nothing is mounted there" if is_there else "it is not there"
        yield NO_DRIVE.seen(what, place, type=("lsblk", f"mount {place}"))
    elif is_same:
        yield SAME_DISK.seen("it is the disk of the data", place)


CHECKS = (
    Check("backups", "storage", backups, (NONE, LATE, FAILED, SAME_DISK, NO_DRIVE)),
)
