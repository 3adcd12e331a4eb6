"""Copying the database while it is in use, and proving that the copy is sound.

A connection of its own holds one snapshot and hands its pages over in small steps, with
rests in between: the writer goes on, and only its log cannot be cut meanwhile. The
thread keeps its priority: one that is put back while it holds the interpreter's lock
would hold up everybody.
"""

import os
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from modemgw.errors import Corrupt, StoreError
from modemgw.store.faults import as_store_error
from modemgw.store.migrate import recognise
from modemgw.store.sql import sql

STEP_PAGES = 64  # of 2 KiB: what is read and written between two rests
REST = 3.0  # rests so many times as long as a step took
LONGEST_REST_S = 0.25
FLUSH_OCTETS = 4 << 20  # what may wait unflushed: more would hold up the writer's fsync
COUNTED = {
    "message": "backups.count_message",
    "part": "backups.count_part",
    "event": "backups.count_event",
    "raw_tpdu": "backups.count_raw_tpdu",
}
_LOOKS = 20_000  # virtual machine steps between two looks at `stop`
_WAL_HEADER = slice(18, 20)  # of a database file: how it is written and read
_ROLLBACK = b"\x01\x01"

Stop = Callable[[], bool]


class Stopped(StoreError):
    """The copy was given up because somebody asked for that."""


@dataclass(frozen=True, slots=True)
class Copied:
    """What a copy holds. `newest_at`: Unix ms of the last thing in it."""

    octets: int
    counts: dict[str, int]
    newest_at: int
    seconds: float


def never() -> bool:
    """Never stop."""
    return False


def copy(
    source: Path, target: Path, *, rest: float = REST, stop: Stop = never
) -> Copied:
    """Copy the database to `target`, an empty file, flushed and checked.

    The copy is one file without a log beside it. Blocks: call it in a thread of its
    own. Raises StoreError, Corrupt where the copy is not sound, Stopped; `target` may
    be half a file then.
    """
    began = time.monotonic()
    flush = os.open(target, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        with closing(_reading(source)) as old:
            wanted = _counts(old)
            with closing(writing(target, flush)) as new:
                _hand_over(old, new, flush, rest, stop)
            os.pwrite(flush, _ROLLBACK, _WAL_HEADER.start)
            os.fsync(flush)
        with closing(writing(target, flush)) as new:
            problems = check(new, stop=stop, rest=rest)
            found = _counts(new)
            (newest_at,) = new.execute(sql("outbound.newest_instant")).fetchone()
        if problems:
            raise Corrupt(f"the copy of {str(source)!r} is damaged: {problems[0]}")
        if found != wanted:
            raise Corrupt(
                f"the copy of {str(source)!r} is not whole: {wanted} became {found}"
            )
        octets = os.fstat(flush).st_size
    except sqlite3.Error as exc:
        if getattr(exc, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            raise Stopped("the copy was stopped") from None
        if isinstance(error := as_store_error(exc, source), Corrupt):
            raise error from exc
        raise as_store_error(exc, target) from exc
    finally:
        os.close(flush)
    return Copied(octets, found, int(newest_at), time.monotonic() - began)


def check(
    db: sqlite3.Connection,
    *,
    stop: Stop = never,
    rest: float = 0.0,
    keys: bool = False,
    limit: int = 20,
) -> list[str]:
    """Return what is wrong with a file, as SQLite says it; nothing: it is sound.

    `keys`: look for rows without their parent, too. `rest`: sleep so many times as long
    as it works.
    """
    began = time.monotonic()

    def between() -> bool:
        nonlocal began
        if rest:
            time.sleep(min((time.monotonic() - began) * rest, LONGEST_REST_S))
        began = time.monotonic()
        return stop()

    db.set_progress_handler(between, _LOOKS)
    try:
        asked = f"PRAGMA integrity_check({int(limit)})"
        said = [str(row[0]) for row in db.execute(asked)]
        problems = [] if said == ["ok"] else said
        if not keys:
            return problems
        for table, row, parent, _ in db.execute("PRAGMA foreign_key_check"):
            problems.append(f"row {row} of {table} refers to a {parent} that is gone")
            if len(problems) >= limit:
                break
        return problems
    finally:
        db.set_progress_handler(None, 0)


def _counts(db: sqlite3.Connection) -> dict[str, int]:
    return {
        name: int(db.execute(sql(statement)).fetchone()[0])
        for name, statement in COUNTED.items()
    }


def _reading(source: Path) -> sqlite3.Connection:
    """Open the database and hold one snapshot of it."""
    db = sqlite3.connect(
        f"{source.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None
    )
    try:
        db.execute("PRAGMA busy_timeout=5000")
        db.execute("PRAGMA cache_size=-512")
        if recognise(db, source) == 0:
            raise StoreError(f"{str(source)!r} is empty")
        db.execute("BEGIN")
        db.execute("SELECT count(*) FROM meta").fetchone()
    except BaseException:
        db.close()
        raise
    return db


def writing(target: Path, file: int) -> sqlite3.Connection:
    """Open a copy that is being made. `file`: its descriptor.

    SQLite opens by name and follows links, so the name is looked at before and after.
    Raises StoreError where it leads elsewhere.
    """
    _same(target, file)
    db = sqlite3.connect(target, isolation_level=None)
    try:
        _same(target, file)
    except BaseException:
        db.close()
        raise
    db.execute("PRAGMA locking_mode=EXCLUSIVE")
    db.execute("PRAGMA journal_mode=OFF")  # half a copy is thrown away
    db.execute("PRAGMA synchronous=OFF")  # flushed by us, bit by bit
    db.execute("PRAGMA cache_size=-2048")
    db.execute("PRAGMA temp_store=MEMORY")
    return db


def _same(target: Path, file: int) -> None:
    try:
        there, ours = target.lstat(), os.fstat(file)
        moved = target.parent.is_symlink() or not os.path.samestat(there, ours)
    except OSError as exc:
        raise StoreError(f"{str(target)!r} is gone: {exc.strerror}") from None
    if moved:
        raise StoreError(f"somebody put something else at {str(target)!r}")


def _hand_over(
    old: sqlite3.Connection,
    new: sqlite3.Connection,
    flush: int,
    rest: float,
    stop: Stop,
) -> None:
    (page_size,) = old.execute("PRAGMA page_size").fetchone()
    steps_per_flush = max(1, FLUSH_OCTETS // (STEP_PAGES * page_size))
    done, began = 0, time.monotonic()

    def between(status: int, remaining: int, total: int) -> None:
        nonlocal done, began
        done += 1
        if stop():
            raise Stopped("the copy was stopped")
        if done % steps_per_flush == 0:
            os.fdatasync(flush)
        took = time.monotonic() - began
        if rest and remaining:
            time.sleep(min(took * rest, LONGEST_REST_S))
        began = time.monotonic()

    old.backup(new, pages=STEP_PAGES, progress=between, sleep=0.05)
