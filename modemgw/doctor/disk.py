"""The disk below the data: room, mount, faults, wear of the card."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.words import counted

MIB = 1 << 20
# What is free: less than a busy day and the log of the database take, and than a week.
FULL, LOW = 50 * MIB, 500 * MIB
LOW_SHARE = 0.05  # of the disk, where it is no large one
MOSTLY_FREE = 0.5  # a disk with that share left is not full, at most small
FEW_INODES = 0.02
WORN_STEP, USED_UP_STEP = 9, 11  # of life_time: tenths of the life, 11 is over
_ESCAPE = re.compile(r"\\([0-7]{3})")
_NETWORK = ("nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "ceph", "glusterfs")
_FOREIGN = ("vfat", "exfat", "msdos", "ntfs", "ntfs3", "fuseblk")
_MEMORY = ("tmpfs", "ramfs")
_UNSAFE = {"nobarrier", "barrier=0", "data=writeback"}
# What ext4 says once it has given up after an error, beside an "rw" that stays.
_GIVEN_UP = {"emergency_ro", "abort", "shutdown"}

FULL_DISK = Kind(
    "disk.full",
    Level.PROBLEM,
    "The disk with the data is full, or nearly.",
    "No message can be accepted or received; what is there stays.",
    "journalctl --vacuum-size=50M\napt clean\ndu -xh / | sort -h | tail",
)
LOW_DISK = Kind(
    "disk.low",
    Level.WARNING,
    "The disk with the data is filling up.",
    "When it is full, no message can be accepted or received.",
    "du -xh / | sort -h | tail\nSee `retention` in docs/configuration.md.",
)
SMALL_DISK = Kind(
    "disk.small",
    Level.WARNING,
    "The disk with the data is small, though it is mostly free.",
    "A busy day may fill it; then no message can be accepted or received.",
    "Set data_dir to a folder on a larger disk, or shorten `retention`.",
)
INODES = Kind(
    "disk.inodes",
    Level.WARNING,
    "The disk has nearly no room for further files, whatever their size.",
    "Nothing new can be made, not even a log of the database.",
    "find / -xdev -type f | cut -d/ -f2-4 | sort | uniq -c | sort -n | tail",
)
READ_ONLY = Kind(
    "disk.read_only",
    Level.PROBLEM,
    "The file system with the data takes no writes.",
    "Nothing can be accepted. The kernel does this after a fault of the disk.",
    "dmesg | grep -i -e mmc -e ext4\nmount -o remount,rw PATH",
)
VOLATILE = Kind(
    "disk.volatile",
    Level.PROBLEM,
    "The data are in memory, not on a disk.",
    "A restart of the machine loses every message.",
    "Set data_dir to a folder on a disk.",
)
NETWORK = Kind(
    "disk.network",
    Level.PROBLEM,
    "The data are on a network file system.",
    "Its locks and its memory are not those that SQLite needs: the file breaks.",
    "Set data_dir to a folder on a disk of this machine.",
)
FOREIGN = Kind(
    "disk.no_rights",
    Level.WARNING,
    "The data are on a file system without owners and without a journal.",
    "Everybody may read them, and a power cut can lose the whole file.",
    "Set data_dir to a folder on ext4.",
)
NO_BARRIERS = Kind(
    "disk.unsafe_mount",
    Level.WARNING,
    "The file system with the data is mounted so that a power cut can break files.",
    "The database relies on the disk having written what it says it has.",
    "Take nobarrier, barrier=0 and data=writeback out of /etc/fstab.",
)
FAULTS = Kind(
    "disk.faults",
    Level.PROBLEM,
    "The file system has noted errors.",
    "Files are damaged or will be; often the card is at its end.",
    "modemgw db backup\nThen have the disk checked: fsck at the next start.",
)
IO_ERRORS = Kind(
    "disk.io_errors",
    Level.PROBLEM,
    "The kernel could not read or write the disk.",
    "The card is at its end, or has no good contact.",
    "modemgw db backup\nThen replace the card.",
)
WORN = Kind(
    "card.worn",
    Level.WARNING,
    "The memory card has used up most of its life.",
    "A card at its end becomes read-only or loses what it was given.",
    "modemgw db backup\nReplace the card in good time, and restore the backup on it.",
)
USED_UP = Kind(
    "card.used_up",
    Level.PROBLEM,
    "The memory card has used up its life.",
    "It may become read-only or lose data at any moment.",
    "modemgw db backup\nReplace the card now, and restore the backup on it.",
)


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of mountinfo. `numbers` are major and minor of the device."""

    numbers: str
    place: str
    options: frozenset[str]
    kind: str
    source: str


def mount_of(box: Box, path: str) -> Mount | None:
    """Return the mount that `path` lies in: the deepest one, the last of those."""
    best: Mount | None = None
    real = PurePosixPath(box.machine.real(path))
    for line in (box.machine.text("/proc/self/mountinfo", MIB) or "").splitlines():
        left, _, right = line.partition(" - ")
        words, more = left.split(), right.split()
        if len(words) < 6 or len(more) < 3:  # noqa: PLR2004 - proc(5)
            continue
        place = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), words[4])
        if real.is_relative_to(place) and (
            best is None or len(place) >= len(best.place)
        ):
            options = frozenset((*words[5].split(","), *more[2].split(",")))
            best = Mount(words[2], place, options, more[0], more[1])
    return best


def data_path(box: Box) -> str:
    """Return the data directory, or the nearest folder above it that is there."""
    if box.data_dir is None:
        raise Skipped("there is no configuration to go by")
    path = PurePosixPath(str(box.data_dir))
    for one in (path, *path.parents):
        if box.machine.exists(str(one)):
            return str(one)
    return "/"


def room(box: Box) -> Iterator[Finding]:
    """Look how much is free."""
    path = data_path(box)
    found = box.machine.room(path)
    if found is None or found.size <= 0:
        raise Skipped(f"the disk below {path} does not tell its size")
    share = found.free / found.size
    what = f"{_size(found.free)} of {_size(found.size)} are free"
    if share > MOSTLY_FREE:
        if found.free < FULL:
            yield SMALL_DISK.seen(what, path)
    elif found.free < FULL:
        yield FULL_DISK.seen(what, path)
    elif found.free < LOW or (share < LOW_SHARE and found.free < 4 * LOW):
        yield LOW_DISK.seen(what, path)
    if found.files and found.files_free / found.files < FEW_INODES:
        what = f"{found.files_free} of {found.files} files are left"
        yield INODES.seen(what, path)


def mount(box: Box) -> Iterator[Finding]:
    """Look how the file system of the data is mounted, and what it is."""
    path = data_path(box)
    found = mount_of(box, path)
    if found is None:
        raise Skipped("the kernel does not say what is mounted")
    given_up = sorted(found.options & _GIVEN_UP)
    if given_up:
        # The kernel refuses to remount it: only a check and a new mount end that.
        again = (
            ("systemctl reboot",)
            if found.place == "/"
            else (
                "systemctl stop modemgw",
                f"umount {found.place}",
                f"fsck -f {found.source}",
                f"mount {found.source} {found.place}",
                "systemctl start modemgw",
            )
        )
        yield READ_ONLY.seen(
            f"the kernel has given {found.source} up ({', '.join(given_up)})",
            found.place,
            type=("dmesg | grep -i -e mmc -e ext4 -e i/o", *again),
        )
    elif "ro" in found.options:
        remount = f"mount -o remount,rw {found.place}"
        yield READ_ONLY.seen(
            f"{found.source} is mounted read-only",
            found.place,
            type=("dmesg | grep -i -e mmc -e ext4 -e i/o", remount),
        )
    if found.kind in _MEMORY:
        yield VOLATILE.seen(f"{path} is on {found.kind}", path)
    elif found.kind in _NETWORK:
        yield NETWORK.seen(f"{path} is on {found.kind}", path)
    elif found.kind in _FOREIGN:
        yield FOREIGN.seen(f"{path} is on {found.kind}", path)
    risky = sorted(found.options & _UNSAFE)
    if risky:
        yield NO_BARRIERS.seen(f"it is mounted with {', '.join(risky)}", found.place)
    name = box.machine.real(found.source).rpartition("/")[2]
    for place in dict.fromkeys((name, _block_of(box, found.numbers))):
        count = box.machine.number(f"/sys/fs/ext4/{place}/errors_count")
        if place and count:
            what = f"{counted(count, 'error')} on {found.source}"
            yield FAULTS.seen(what, found.place)
            break


def _block_of(box: Box, numbers: str) -> str:
    """Return the name of a block device by its numbers: /dev/root hides it."""
    return box.machine.real(f"/sys/dev/block/{numbers}").rpartition("/")[2]


def card(box: Box) -> Iterator[Finding]:
    """Look at what a memory card says of its life. Spec: JEDEC eMMC 5.0."""
    cards = box.machine.found("/sys/block/mmcblk*/device")
    if not cards:
        raise Skipped("there is no memory card")
    told = False
    for device in cards:
        name = device.split("/")[3]
        if "boot" in name or "rpmb" in name:
            continue
        text = box.machine.text(f"{device}/life_time")
        steps = [_hexadecimal(word) for word in (text or "").split()]
        step = max(steps, default=0)
        end = _hexadecimal(box.machine.text(f"{device}/pre_eol_info") or "")
        told = told or step > 0 or end > 0
        if step >= USED_UP_STEP or end == 3:  # noqa: PLR2004 - urgent
            yield USED_UP.seen("it says that its life is over", name)
        elif step >= WORN_STEP or end == 2:  # noqa: PLR2004 - warning
            most = min(step * 10, 100)
            used = f"{most - 10} to {most} %" if step else "most"
            yield WORN.seen(f"it has used {used} of its life", name)
    if not told:
        raise Skipped("this card does not tell its age (SD cards do not)")


def _hexadecimal(text: str) -> int:
    try:
        return int(text, 16)
    except ValueError:
        return 0


def _size(octets: int) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if octets < 1024:  # noqa: PLR2004
            return f"{octets:.0f} {unit}"
        octets //= 1024
    return f"{octets} TiB"


_ROOM = (FULL_DISK, LOW_DISK, SMALL_DISK, INODES)
CHECKS = (
    Check("room on the disk", "storage", room, _ROOM),
    Check(
        "mount",
        "storage",
        mount,
        (READ_ONLY, VOLATILE, NETWORK, FOREIGN, NO_BARRIERS, FAULTS),
    ),
    Check("memory card", "storage", card, (WORN, USED_UP)),
)
