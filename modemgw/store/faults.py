"""What sqlite3 raises, told in our own exceptions."""

import os
import sqlite3
from pathlib import Path

from modemgw.errors import Corrupt, DiskFull, StoreError

NO_ROOM = 1 << 20  # octets free below which an I/O error counts as a full disk

_PRIMARY = 0xFF  # the low octet of an extended result code is the primary one
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_ENVIRONMENT = {
    sqlite3.SQLITE_READONLY: "the database cannot be written",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CANTOPEN: "the database cannot be opened",
    sqlite3.SQLITE_PERM: "the database may not be opened",
    sqlite3.SQLITE_BUSY: "another program holds the database",
    sqlite3.SQLITE_LOCKED: "the database is locked",
    sqlite3.SQLITE_PROTOCOL: "the database is locked",
    sqlite3.SQLITE_NOMEM: "out of memory",
    sqlite3.SQLITE_INTERRUPT: "the statement was interrupted",
}


def translate(exc: Exception, path: Path) -> Exception:
    """Return the StoreError that `exc` means, or `exc` itself where it is a bug.

    A violated constraint, a wrong statement or anything that is not sqlite3's
    is a fault of the job, not of the disk, and stays what it is.
    """
    code = getattr(exc, "sqlite_errorcode", None)
    if not isinstance(exc, sqlite3.Error) or code is None:
        return exc
    primary = code & _PRIMARY
    if primary == sqlite3.SQLITE_FULL:
        return DiskFull(f"no room for the database {str(path)!r}: {exc}")
    if primary in _DAMAGED:
        return Corrupt(f"the database {str(path)!r} is damaged: {exc}")
    if primary not in _ENVIRONMENT:
        return exc
    if primary in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN) and _is_full(path):
        return DiskFull(f"no room for the database {str(path)!r}: {exc}")
    return StoreError(f"{_ENVIRONMENT[primary]}: {str(path)!r}: {exc}")


def as_store_error(exc: Exception, path: Path) -> StoreError:
    """Return the StoreError for a failure that is the store's in any case."""
    translated = translate(exc, path)
    if isinstance(translated, StoreError):
        return translated
    return StoreError(f"cannot commit to {str(path)!r}: {exc}")


def _is_full(path: Path) -> bool:
    # Python does not tell errno: some full disks only show up as an I/O error.
    try:
        room = os.statvfs(path.parent)
    except OSError:
        return False
    return room.f_bavail * room.f_frsize < NO_ROOM
