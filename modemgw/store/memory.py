"""Files that live in memory: what they hold outlives a process and no more.

A file beside the database does not do for that. Its pages may be lost while the
machine goes on, when the kernel gives up a file system after an error, and then an
older content comes back that looks as sound as the newest.
"""

import hashlib
import os
from pathlib import Path

from modemgw.config.paths import SYSTEM_RUNTIME_DIR

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a name with our uid, opened with care
_MOUNTS = Path("/proc/self/mountinfo")
_KINDS = {"tmpfs", "ramfs"}


def memory_file(data_dir: Path, name: str) -> Path | None:
    """Return where a file of this data directory is kept in memory; None: nowhere.

    The same path for every run of the same user, as long as the machine runs.
    """
    digest = hashlib.sha256(os.fsencode(data_dir.resolve())).hexdigest()[:16]
    given = filter(None, [os.environ.get("XDG_RUNTIME_DIR")])
    for directory in (SYSTEM_RUNTIME_DIR, *map(Path, given), SHARED_MEMORY):
        may = os.access(directory, os.W_OK | os.X_OK, effective_ids=True)
        if may and is_in_memory(directory):
            return directory / f"modemgw-{os.geteuid()}-{digest}-{name}"
    return None


def open_memory_file(path: Path) -> int:
    """Open or make it and return the descriptor; OSError, also for anybody else's."""
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    descriptor = os.open(path, flags, 0o600)
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or found.st_mode & 0o077 or found.st_nlink != 1:
        os.close(descriptor)
        raise PermissionError(f"{path} belongs to somebody else")
    return descriptor


def is_in_memory(directory: Path) -> bool:
    """Tell whether a directory is on a file system that has no disk."""
    wanted = directory.resolve()
    best, kind = -1, ""
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    for mount in mounts:
        left, _, right = mount.partition(" - ")
        fields = left.split()
        if len(fields) <= _MOUNT_POINT or not right:
            continue
        point = Path(_plain(fields[_MOUNT_POINT]))
        # A later line lies over an earlier one at the same place.
        if wanted.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), right.split()[0]
    return kind in _KINDS


_MOUNT_POINT = 4  # proc(5)


def _plain(escaped: str) -> str:
    for octal, char in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n")):
        escaped = escaped.replace(octal, char)
    return escaped.replace("\\134", "\\")
