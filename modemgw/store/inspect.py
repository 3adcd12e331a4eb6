"""A look into a database file from outside: nothing is changed, nothing is made.

For the doctor. Where no daemon runs and no log is left, the file is opened as one that
cannot change, so that SQLite does not lay a log beside it: made by root, that would
keep the daemon out.
"""

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from modemgw.errors import SchemaMismatch
from modemgw.store.migrate import recognise

_STEPS = 10_000  # of the virtual machine between two looks at the deadline


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen. `damage` are the words of SQLite, () where there is none.

    `is_checked` is False where the check did not end in time. `mismatch` is a
    sentence where the file is not ours, or newer than this program.
    """

    damage: tuple[str, ...] = ()
    is_checked: bool = False
    mismatch: str = ""
    why_not: str = ""  # why it could not be opened


def look(path: Path, *, in_use: bool, check: bool, deadline_s: float) -> Look:
    """Open the file read-only and, with `check`, go through all its pages."""
    log = path.with_name(path.name + "-wal")
    quiet = not in_use and not _size(log)
    uri = f"file:{quote(str(path.absolute()))}?mode=ro{'&immutable=1' if quiet else ''}"
    try:
        with closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as db:
            db.execute("PRAGMA query_only=ON")
            recognise(db, path)
            if not check:
                return Look()
            return _checked(db, time.monotonic() + deadline_s)
    except SchemaMismatch as exc:
        return Look(mismatch=str(exc))
    except sqlite3.DatabaseError as exc:
        if _is_damage(exc):
            return Look(damage=(str(exc),), is_checked=True)
        return Look(why_not=str(exc))


def _checked(db: sqlite3.Connection, until: float) -> Look:
    db.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)
    try:
        said = [str(row[0]) for row in db.execute("PRAGMA quick_check(5)")]
    except sqlite3.OperationalError as exc:
        if "interrupt" in str(exc):
            return Look()
        raise
    return Look(tuple(one for one in said if one != "ok"), is_checked=True)


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
