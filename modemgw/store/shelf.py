"""The directory that backups lie in: checked, cleared, filled, kept short.

It may be a stick that anybody can write to or pull out. So files are made under names
nobody has, never through a link, flushed, and renamed as the last step; and only files
with the names of our own backups are ever removed.
"""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from secrets import token_hex

from modemgw.errors import DiskFull, StoreError

SPARE_OCTETS = 8 << 20  # left free beside a backup
NAME = re.compile(r"modemgw-(\d{8}T\d{6}Z)(?:-(\d{1,4}))?\.db(\.age)?", re.ASCII)
_PARTIAL = re.compile(r"\.modemgw-[0-9a-f]{16}\.partial", re.ASCII)
_TIME = "%Y%m%dT%H%M%SZ"
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


class NoPlace(StoreError):
    """Backups cannot be written where they should go; str() says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where backups go.

    `mounted`: only if another file system is there. `keep`: so many, the newest; None:
    none is ever removed.
    """

    path: Path
    mounted: bool = False
    keep: int | None = 7


@dataclass(frozen=True, slots=True)
class Lying:
    """One backup on the shelf."""

    name: str
    made_at: int  # Unix ms, from its name
    octets: int
    sealed: bool
    copy: int = 0  # counts those of one second


def name_of(now_ms: int, *, sealed: bool, copy: int = 0) -> str:
    """Return the file name of a backup made now."""
    at = datetime.fromtimestamp(now_ms // 1000, UTC).strftime(_TIME)
    return f"modemgw-{at}{f'-{copy}' if copy else ''}.db{'.age' if sealed else ''}"


def why_not(place: Place, data_dir: Path) -> str | None:  # noqa: PLR0911 - a list
    """Say why nothing may be written there now; None: it may be tried."""
    path = str(place.path)
    try:
        found = place.path.stat()
        beside = data_dir.stat()
        root = Path("/").stat()
    except OSError as exc:
        what = exc.filename or path
        if place.mounted:
            return f"{what!r} is not there: {exc.strerror}; is the drive mounted?"
        return f"{what!r} is not there: {exc.strerror}; make it: mkdir -p {path}"
    if not stat.S_ISDIR(found.st_mode):
        return f"{path!r} is no directory"
    if place.mounted and found.st_dev in (beside.st_dev, root.st_dev):
        return (
            f"no drive is mounted at {path!r}: it is on the same file system as the"
            " database or the system. Mount it, or write `mount: off` if that is meant"
        )
    if place.path.resolve() == data_dir.resolve():
        return f"{path!r} is the directory of the database itself"
    if not os.access(place.path, os.W_OK | os.X_OK, effective_ids=True):
        return (
            f"{path!r} may not be written by user {os.geteuid()}: change its owner, and"
            " below systemd name it in ReadWritePaths="
        )
    return None


class Shelf:
    """An open directory of backups. All it does goes through its descriptor."""

    def __init__(self, place: Place, descriptor: int) -> None:
        self.place = place
        self._fd = descriptor

    @classmethod
    @contextmanager
    def open(cls, place: Place, data_dir: Path) -> "Iterator[Shelf]":
        """Open it. Raises NoPlace where nothing may be written there."""
        if (why := why_not(place, data_dir)) is not None:
            raise NoPlace(why)
        try:
            descriptor = os.open(place.path, _DIRECTORY)
        except OSError as exc:
            raise _no_place(place, exc) from exc
        try:
            yield cls(place, descriptor)
        finally:
            os.close(descriptor)

    def backups(self) -> list[Lying]:
        """Return what lies there, newest first. Links and strangers are not ours."""
        found: list[Lying] = []
        for name in self._names():
            match = NAME.fullmatch(name)
            if match is None:
                continue
            with suppress(OSError, ValueError):
                about = os.stat(name, dir_fd=self._fd, follow_symlinks=False)
                at = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
                if stat.S_ISREG(about.st_mode):
                    made_at = round(at.timestamp() * 1000)
                    found.append(
                        Lying(
                            *(name, made_at, about.st_size, bool(match[3])),
                            int(match[2] or 0),
                        )
                    )
        return sorted(found, key=lambda one: (one.made_at, one.copy), reverse=True)

    def clear(self) -> None:
        """Remove what a backup that was cut short left."""
        for name in self._names():
            if _PARTIAL.fullmatch(name):
                self._remove_partial(name)

    def make_room(self, octets: int) -> None:
        """See to it that so much fits, removing the oldest down to the last one.

        Raises DiskFull.
        """
        old = self.backups() if self.place.keep is not None else []
        while (free := self._free()) < octets + SPARE_OCTETS:
            if len(old) <= 1:
                raise DiskFull(
                    f"no room in {str(self.place.path)!r}: a backup takes"
                    f" {_mib(octets)} MiB and {_mib(free)} MiB are free"
                )
            os.unlink(old.pop().name, dir_fd=self._fd)

    @contextmanager
    def half(self, name: str) -> Iterator[tuple[Path, int]]:
        """Give a new empty file, its path and an open descriptor, to be filled.

        It gets `name` when the block ends well and is gone when it does not. Raises
        NoPlace where the drive went away.
        """
        folder = f".modemgw-{token_hex(8)}.partial"
        try:
            os.mkdir(folder, 0o700, dir_fd=self._fd)
            inside = os.open(folder, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._fd)
            try:
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
                file = os.open(name, flags | os.O_CLOEXEC, 0o600, dir_fd=inside)
                try:
                    yield self.place.path / folder / name, file
                    self._prove(name, inside, file)
                    os.fsync(file)
                finally:
                    os.close(file)
                os.rename(name, name, src_dir_fd=inside, dst_dir_fd=self._fd)
            finally:
                os.close(inside)
            os.rmdir(folder, dir_fd=self._fd)
            os.fsync(self._fd)
        except OSError as exc:
            raise _no_place(self.place, exc) from exc
        finally:
            self._remove_partial(folder)

    def free_name(self, now_ms: int, *, sealed: bool) -> str:
        """Return a name that nothing there has."""
        taken = {name.removesuffix(".age") for name in self._names()}
        copy = 0
        while name_of(now_ms, sealed=False, copy=copy) in taken:
            copy += 1
        return name_of(now_ms, sealed=sealed, copy=copy)

    def rotate(self, newest: str) -> list[str]:
        """Keep as many as wanted, the newest; return the names of the others.

        `newest` stays whatever its name says of time: a clock may stand in the past.
        """
        if self.place.keep is None:
            return []
        others = [one.name for one in self.backups() if one.name != newest]
        gone = others[self.place.keep - 1 :]
        for name in gone:
            with suppress(OSError):
                os.unlink(name, dir_fd=self._fd)
        return gone

    def _prove(self, name: str, inside: int, file: int) -> None:
        """See to it that what was written is the file that was made."""
        ours, there = (
            os.fstat(file),
            os.stat(name, dir_fd=inside, follow_symlinks=False),
        )
        same = (ours.st_dev, ours.st_ino) == (there.st_dev, there.st_ino)
        if not same or ours.st_size == 0:
            raise NoPlace(
                f"somebody changed {str(self.place.path)!r} while it was written to"
            )

    def _names(self) -> list[str]:
        return _names(self._fd)

    def _free(self) -> int:
        room = os.fstatvfs(self._fd)
        return room.f_bavail * room.f_frsize

    def _remove_partial(self, folder: str) -> None:
        with suppress(OSError):
            inside = os.open(folder, _DIRECTORY | os.O_NOFOLLOW, dir_fd=self._fd)
            try:
                for name in _names(inside):
                    with suppress(OSError):
                        os.unlink(name, dir_fd=inside)
            finally:
                os.close(inside)
            os.rmdir(folder, dir_fd=self._fd)


def _names(directory: int) -> list[str]:
    return os.listdir(directory)


def free_octets(path: Path) -> int:
    """Return how much fits beside `path`."""
    return shutil.disk_usage(path).free


def _no_place(place: Place, exc: OSError) -> StoreError:
    return NoPlace(f"cannot write to {str(place.path)!r}: {exc.strerror or exc}")


def _mib(octets: int) -> int:
    return -(-octets >> 20)
