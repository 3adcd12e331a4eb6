"""The machine as checks see it: files below a root, programs, the clock.

Nothing here raises for what a broken machine does: a file that is missing, that is
a FIFO, or that nobody may read is None, a program that hangs is ended.
"""

import glob
import os
import stat
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from modemgw.doctor.finding import Argv
from modemgw.doctor.programs import Ran, run_program

ROOT = Path("/")
MAX_READ = 64 << 10  # octets of a file of sysfs, procfs or /etc
MAX_DIGITS = 20  # of 64 bits
MAX_LISTED = 10_000  # entries of a directory


@dataclass(frozen=True, slots=True)
class Room:
    """What statvfs says: octets and files, free for a normal user."""

    size: int
    free: int
    files: int
    files_free: int


def whole(text: str) -> int | None:
    """Read a whole number as the kernel writes them; None for anything else."""
    is_one = text.isascii() and text.isdecimal() and len(text) <= MAX_DIGITS
    return int(text) if is_one else None


def _room(path: Path) -> Room:
    said = os.statvfs(path)
    return Room(
        said.f_blocks * said.f_frsize,
        said.f_bavail * said.f_frsize,
        said.f_files,
        said.f_favail,
    )


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine. Tests give another root, another clock and other programs."""

    root: Path = ROOT
    run: Callable[[Argv], Ran | None] = run_program  # None: it is not installed
    now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000
    room_of: Callable[[Path], Room] = _room
    uid: int = field(default_factory=os.geteuid)

    @property
    def is_root(self) -> bool:
        """Whether everything can be looked at."""
        return self.uid == 0

    def at(self, path: str | Path) -> Path:
        """Return where `path` of that machine is on ours."""
        return self.root / str(path).lstrip("/")

    def name(self, path: Path) -> str:
        """Return what a path of ours is called there."""
        try:
            return "/" + str(path.relative_to(self.root)).removeprefix("/")
        except ValueError:
            return str(path)

    def octets(self, path: str | Path, limit: int = MAX_READ) -> bytes | None:
        """Return the begin of a plain file; None where there is none to be read."""
        try:
            # Not blocking: a FIFO or a device in its place must not stop us.
            flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
            number = os.open(self.at(path), flags)
        except (OSError, ValueError):
            return None
        try:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                return None
            found = b""
            while len(found) < limit:
                more = os.read(number, limit - len(found))
                if not more:
                    break
                found += more
            return found
        except OSError:  # a device that went away, a file of sysfs that refuses
            return None
        finally:
            os.close(number)

    def text(self, path: str | Path, limit: int = MAX_READ) -> str | None:
        """Return a file as text, without the blanks around it."""
        found = self.octets(path, limit)
        return None if found is None else found.decode("utf-8", "replace").strip()

    def number(self, path: str | Path, base: int = 10) -> int | None:
        """Return the number that a file holds."""
        text = self.text(path, 64)
        try:
            return None if text is None else int(text, base)
        except ValueError:
            return None

    def listed(self, path: str | Path) -> list[str]:
        """Return the names in a directory, sorted; none where there is none."""
        try:
            return sorted(os.listdir(self.at(path))[:MAX_LISTED])  # noqa: PTH208
        except OSError:
            return []

    def found(self, pattern: str) -> list[str]:
        """Return the paths that match, as that machine calls them."""
        inside = glob.escape(str(self.root)).rstrip("/") + "/" + pattern.lstrip("/")
        try:
            paths = sorted(glob.glob(inside))[:MAX_LISTED]  # noqa: PTH207 - sysfs
        except (OSError, ValueError):
            return []
        return [self.name(Path(path)) for path in paths]

    def stat(self, path: str | Path, *, follow: bool = True) -> os.stat_result | None:
        """Return what is known of a file; None where there is none."""
        try:
            return os.stat(self.at(path), follow_symlinks=follow)  # noqa: PTH116
        except (OSError, ValueError):
            return None

    def exists(self, path: str | Path) -> bool:
        """Tell whether something is there."""
        return self.stat(path) is not None

    def real(self, path: str | Path) -> str:
        """Return the path behind all symbolic links, as that machine calls it."""
        try:
            return self.name(Path(os.path.realpath(self.at(path))))
        except (OSError, ValueError):
            return str(path)

    def room(self, path: str | Path) -> Room | None:
        """Return how much room there is where `path` is."""
        try:
            return self.room_of(self.at(path))
        except (OSError, ValueError):
            return None

    def users(self) -> dict[str, tuple[int, int]]:
        """Return the users of /etc/passwd: name -> number, number of the group."""
        found = {}
        for fields in self._table("/etc/passwd", 4):
            user, group = whole(fields[2]), whole(fields[3])
            if user is not None and group is not None:
                found[fields[0]] = (user, group)
        return found

    def groups(self) -> dict[str, tuple[int, list[str]]]:
        """Return the groups of /etc/group: name -> number, members."""
        found = {}
        for fields in self._table("/etc/group", 4):
            number = whole(fields[2])
            if number is not None:
                members = [name for name in fields[3].split(",") if name]
                found[fields[0]] = (number, members)
        return found

    def groups_of(self, user: str) -> set[int]:
        """Return the numbers of every group a user is in."""
        own = self.users().get(user)
        groups = {} if own is None else {own[1]: None}
        for number, members in self.groups().values():
            if user in members:
                groups[number] = None
        return set(groups)

    def user_name(self, number: int) -> str:
        """Return the name of a user, or the number where there is no name."""
        for name, (one, _) in self.users().items():
            if one == number:
                return name
        return str(number)

    def group_name(self, number: int) -> str:
        """Return the name of a group, or the number where there is no name."""
        for name, (one, _) in self.groups().items():
            if one == number:
                return name
        return str(number)

    def locked(self) -> dict[int, int]:
        """Return the files that somebody has for himself (flock): inode -> process.

        The kernel's list, so that nothing has to be locked to find out.
        """
        found: dict[int, int] = {}
        for line in (self.text("/proc/locks", 1 << 20) or "").splitlines():
            words = line.split()
            if "FLOCK" not in words or "WRITE" not in words or "->" in words:
                continue
            place = words[words.index("WRITE") + 1 :]
            inode = whole(place[1].rpartition(":")[2]) if len(place) > 1 else None
            pid = whole(place[0]) if place else None
            if inode is not None and pid is not None:
                found[inode] = pid
        return found

    def _table(self, path: str, least: int) -> list[list[str]]:
        lines = (self.text(path, 1 << 20) or "").splitlines()
        rows = (line.split(":") for line in lines if not line.startswith("#"))
        return [row for row in rows if len(row) >= least and row[0]]
