"""The store as the rest of modemgw holds it: opened, locked, checked, closed."""

import asyncio
import logging
import os
import sqlite3
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TypeVar

from modemgw.clock import Clock
from modemgw.errors import Corrupt, StoreError
from modemgw.ids import IdSource
from modemgw.promise import Promise
from modemgw.store import meta, slate
from modemgw.store.connection import Connection, begin, configure, connect, equip
from modemgw.store.faults import as_store_error
from modemgw.store.lock import DirectoryLock
from modemgw.store.migrate import migrate, recognise
from modemgw.store.reader import Reader
from modemgw.store.writer import Writer

T = TypeVar("T")
Item = TypeVar("Item")

log = logging.getLogger("modemgw.store")

FILE_NAME = "modemgw.db"
CLEAN = "clean"  # meta key: '1' while no daemon runs on the file
RESTORING = f"{FILE_NAME}.restoring"  # is there while a restore changes files
CHECK_AT_ONCE = 64 * 2**20  # octets: a larger file is checked while it is in use
CHECK_DEADLINE_S = 6 * 3600.0


class Store:
    """One open database: the writer, the readers, the clock and the id source.

    `was_clean` says whether the last daemon on it ended in order, `is_checked`
    whether the file is known to be sound since. `on_damage` is called in the loop
    when the file turns out to be damaged.
    """

    def __init__(
        self,
        *,
        data_dir: Path,
        lock: DirectoryLock,
        connection: Connection,
        was_clean: bool,
        is_checked: bool = True,
        clock: Clock,
        ids: IdSource,
        inline: bool,
    ) -> None:
        self.data_dir = data_dir
        self.path = data_dir / FILE_NAME
        self.clock = clock
        self.ids = ids
        self.was_clean = was_clean
        self.is_checked = is_checked
        self.writer = Writer(connection, self.path, inline=inline)
        self.reader = Reader(self.path, inline=inline)
        self.is_settled = False  # what the slate of an earlier run says is in there
        self.damage: Corrupt | None = None
        self.on_damage: Callable[[Corrupt], None] | None = None
        self.writer.on_damage = self.reader.on_damage = self._damaged
        self._lock = lock
        self._connection = connection

    @classmethod
    async def open(
        cls, data_dir: Path, *, clock: Clock, inline: bool = False
    ) -> "Store":
        """Open or create the database in `data_dir`; nobody else may have it open.

        Makes the directory (0750) and the files (0640). Migrates an older
        schema, keeping a copy. After an unclean stop the whole file is checked,
        which takes a second per hundred megabytes, more on a card: a large file is
        opened first, and `finish_check` is due. With `inline` no thread is used.

        Raises StoreError where the directory is in use or cannot be written,
        SchemaMismatch for a newer schema, Corrupt where the check finds damage.
        """
        ids = IdSource()
        lock, connection, was_clean, is_checked = (
            _open(data_dir, ids, large=sys.maxsize)
            if inline
            else await asyncio.to_thread(_open, data_dir, ids, large=CHECK_AT_ONCE)
        )
        return cls(
            data_dir=data_dir,
            lock=lock,
            connection=connection,
            was_clean=was_clean,
            is_checked=is_checked,
            clock=clock,
            ids=ids,
            inline=inline,
        )

    def write(self, job: Callable[[Connection], T]) -> "asyncio.Future[T]":
        """Run `job` in a transaction; see Writer.write."""
        return self.writer.write(job)

    def write_all(
        self, jobs: Sequence[Callable[[Connection], object]]
    ) -> list[Promise[object]]:
        """Run jobs that should share a commit; see Writer.write_all."""
        return self.writer.write_all(jobs)

    def gather(
        self, run: Callable[[Connection, list[Item]], Sequence[T]], item: Item
    ) -> Promise[T]:
        """Write an item together with others of its kind; see Writer.gather."""
        return self.writer.gather(run, item)

    def write_soon(self, job: Callable[[Connection], T]) -> Promise[T]:
        """Run `job` in the next transaction there is; see Writer.write_soon."""
        return self.writer.write_soon(job)

    def prove(self) -> "asyncio.Future[None]":
        """Find out whether the database takes writes; costs nothing while it does.

        After a refusal it writes something, for only that clears the refusal.
        """
        return self.writer.write(_nothing if self.writer.healthy else meta.prove)

    def read(
        self, query: Callable[[sqlite3.Connection], T], *, deadline_s: float = 5.0
    ) -> Awaitable[T]:
        """Run `query` on a snapshot; see Reader.read."""
        return self.reader.read(query, deadline_s=deadline_s)

    async def finish_check(self) -> None:
        """Check a large file that was opened after an unclean stop; else do nothing.

        Everything else goes on meanwhile; `on_damage` hears of damage. Where it is
        cut short the file stays unchecked, and the next start checks it.
        """
        if self.is_checked:
            return
        try:
            await self.read(
                lambda db: _check(db, self.path), deadline_s=CHECK_DEADLINE_S
            )
        except Corrupt:
            return  # the reader has told
        except StoreError as exc:
            log.warning("the database was not checked", extra={"error": str(exc)})
            return
        self.is_checked = True
        log.info("the database is in order")

    def _damaged(self, damage: Corrupt) -> None:
        if self.damage is None:
            self.damage = damage
            if self.on_damage is not None:
                self.on_damage(damage)

    def close(self) -> None:
        """Finish what was handed to the writer, mark the file clean, let go of it."""
        self.abandon(clean=True)

    def abandon(self, *, clean: bool = False) -> None:
        """Let go of the file as it is; without `clean` as if the power had failed.

        For tests of what the next start does; close() is what a daemon calls.
        """
        self.writer.close()
        self.reader.close()
        try:
            if clean and self.damage is None and self.is_checked:
                begin(self._connection)
                meta.put(self._connection, CLEAN, "1")
                self._connection.execute("COMMIT")
                if self.is_settled:
                    slate.remove(self.data_dir)  # all of it is in the database now
        except sqlite3.Error:
            pass  # a full or failing disk: the next start checks the file instead
        finally:
            self._connection.close()
            self._lock.release()


def _nothing(db: Connection) -> None:
    return None


def _open(
    data_dir: Path, ids: IdSource, *, large: int
) -> tuple[DirectoryLock, Connection, bool, bool]:
    path = data_dir / FILE_NAME
    try:
        data_dir.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as exc:
        raise StoreError(f"cannot make {str(data_dir)!r}: {exc.strerror}") from exc
    lock = DirectoryLock(data_dir)
    try:
        if (data_dir / RESTORING).exists():
            raise StoreError(
                f"a restore was cut short in {str(data_dir)!r}; run it again:"
                " modemgw db restore FILE"
            )
        connection = _connect(path)
        try:
            return lock, connection, *_prepare(connection, path, ids, large)
        except BaseException:
            connection.close()
            raise
    except BaseException:
        lock.release()
        raise


def _connect(path: Path) -> Connection:
    # SQLite gives the -wal and -shm files the mode of the main one.
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640))
    except OSError as exc:
        raise StoreError(f"cannot write {str(path)!r}: {exc.strerror}") from exc
    return connect(path)


def _prepare(
    connection: Connection, path: Path, ids: IdSource, large: int
) -> tuple[bool, bool]:
    """Return whether the last daemon ended in order, and whether the file is sound."""
    try:
        recognise(connection, path)  # before the first setting changes the file
        configure(connection)
        migrate(connection, path)
        was_clean = meta.get(connection, CLEAN) != "0"
        is_checked = was_clean or path.stat().st_size <= large
        if not was_clean and is_checked:
            _check(connection, path)
        meta.put(connection, CLEAN, "0")
        meta.seed(connection, ids)
        equip(connection, ids)
    except sqlite3.Error as exc:
        raise as_store_error(exc, path) from exc
    return was_clean, is_checked


def _check(connection: sqlite3.Connection, path: Path) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise Corrupt(f"the database {str(path)!r} is damaged: {verdict}")
