"""Root acts as the owner of a directory in which somebody else may write.

Who owns the data may lay links there and exchange directories at any moment, so what
root wrote, chowned or opened below it by name could lead anywhere. The kernel checks
the owner's own rights instead. The change is one of the whole process, so commands
alone make it: in any thread but the first nothing changes. The daemon becomes the
owner once and for good, before it begins.
"""

import os
import pwd
import stat
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, TypeVar

from modemgw.errors import StoreError

T = TypeVar("T")

# What is imported late has to be readable for whomever we become.
PROGRAM = (Path(os.__file__), Path(__file__))


@contextmanager
def as_owner_of(directory: Path) -> Iterator[None]:
    """Be who owns `directory`, where we are root and it is there; else change nothing.

    Raises StoreError where this root may become nobody else.
    """
    try:
        found = _owner_of(directory)
    except OSError:
        yield  # nobody else is in what is made yet
        return
    is_command = threading.current_thread() is threading.main_thread()
    if os.geteuid() != 0 or found.st_uid == 0 or not is_command:
        yield
        return
    groups, group = os.getgroups(), os.getegid()
    try:
        os.setgroups(_groups_of(found.st_uid, found.st_gid))
        os.setegid(found.st_gid)
        os.seteuid(found.st_uid)
    except OSError as exc:
        _be_root(groups, group)
        raise StoreError(
            f"cannot act as the owner of {str(directory)!r} ({exc.strerror});"
            f" run it as that user: sudo -u '#{found.st_uid}' modemgw …"
        ) from None
    try:
        yield
    finally:
        _be_root(groups, group)


def become_owner_of(directory: Path) -> str | None:
    """Be for good who owns `directory`, or else what is next above it.

    Returns the name of that user, None where we are not root or the directory is
    root's. Raises StoreError where this root may not become that user, or the program
    lies where that user reads nothing.
    """
    if os.geteuid() != 0:
        return None
    above = (directory, *directory.absolute().parents)
    there = next(place for place in above if place.exists())
    found = _owner_of(there)
    if found.st_uid == 0:
        return None
    user, group, name = found.st_uid, found.st_gid, _name_of(found.st_uid)
    with as_owner_of(there):
        closed = [one for one in PROGRAM if not _may_read(one)]
    if closed:
        raise StoreError(
            f"{str(there)!r} belongs to {name}, who may not read the program"
            f" ({str(closed[0].parent)!r}): install it where every user may"
        )
    os.setgroups(_groups_of(user, group))
    os.setresgid(group, group, group)
    os.setresuid(user, user, user)
    return name


@contextmanager
def as_who_may_write(directory: Path, place: Path) -> Iterator[None]:
    """Be the owner of `directory` where that one may write to `place`, too."""
    with as_owner_of(directory):
        may = os.access(place, os.W_OK | os.X_OK, effective_ids=True)
    with as_owner_of(directory) if may else nullcontext():
        yield


@contextmanager
def as_oneself() -> Iterator[None]:
    """Be root again for a moment, within `as_owner_of`, to open what a person named."""
    user = os.geteuid()
    if os.getuid() != 0 or user == 0:
        yield
        return
    os.seteuid(0)
    try:
        yield
    finally:
        os.seteuid(user)


def each_as_oneself(items: Iterable[T]) -> Iterator[T]:
    """Yield what is read from files that perhaps root alone may read."""
    rest = iter(items)
    while True:
        with as_oneself():
            try:
                item = next(rest)
            except StopIteration:
                return
        yield item


def private_file(path: Path) -> IO[bytes]:
    """Make a new file for its owner alone. Raises OSError, follows no link."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _owner_of(directory: Path) -> os.stat_result:
    """Return whose it is; whoever laid a link there chose what it leads to."""
    found = directory.lstat()
    is_foreign = found.st_uid != 0 and stat.S_ISLNK(found.st_mode)
    return found if is_foreign else directory.stat()


def _may_read(file: Path) -> bool:
    return os.access(file, os.R_OK, effective_ids=True)


def _name_of(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"#{user}"


def _groups_of(user: int, group: int) -> list[int]:
    try:
        return os.getgrouplist(pwd.getpwuid(user).pw_name, group)
    except KeyError:
        return [group]


def _be_root(groups: list[int], group: int) -> None:
    if os.geteuid() != 0:
        os.seteuid(0)
    if os.getegid() != group:
        os.setegid(group)
    if os.getgroups() != groups:
        os.setgroups(groups)
