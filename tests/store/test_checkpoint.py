"""The log goes into the database beside the commits: none of them waits for it."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from modemgw.clock import SystemClock
from modemgw.store import checkpoint, meta, writer
from modemgw.store.checkpoint import Log, copy
from modemgw.store.connection import Connection, connect
from modemgw.store.database import FILE_NAME, Store
from modemgw.store.scrubbing import scrub
from tests.loop import run_virtual
from tests.store.factory import database, open_store

LONG = 40  # pages, instead of thousands
ENOUGH = 5_000  # commits in which a thread must come to its turn


@pytest.fixture
def short_log(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few commits make the log long, and nobody but the thread copy it."""
    monkeypatch.setattr(checkpoint, "LONG", LONG)
    monkeypatch.setattr(checkpoint, "AGAIN", LONG)
    monkeypatch.setattr(writer, "TOO_LONG", 0)
    monkeypatch.setattr(writer, "LOOK_EVERY", 1)
    monkeypatch.setattr(checkpoint, "QUIET_S", 0.0)


def play(tmp_path: Path, story: Callable[[Store], Coroutine[Any, Any, None]]) -> None:
    async def whole() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
            await story(store)

    asyncio.run(whole())


async def write_until(store: Store, is_so: Callable[[], bool]) -> bool:
    """Commit again and again until it is so; False where it never was."""
    for number in range(ENOUGH):
        await store.write(partial(meta.put, key="n", value=str(number)))
        if is_so():
            return True
    return False


@contextmanager
def snapshot(path: Path) -> Iterator[None]:
    """Hold what is in the database now, as a long query does."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("BEGIN")
        db.execute("SELECT * FROM meta").fetchone()
        yield


def pages_written(db: Connection) -> int:
    """Commit some rows to a log that was never begun anew; return its pages."""
    db.execute("PRAGMA wal_autocheckpoint=0")
    for number in range(30):
        meta.put(db, f"key{number}", "x" * 500)
    (page,) = db.execute("PRAGMA page_size").fetchone()
    (file,) = (row[2] for row in db.execute("PRAGMA database_list") if row[1] == "main")
    return (Path(f"{file}-wal").stat().st_size - 32) // (int(page) + 24)


def log_of(db: Connection, directory: Path) -> Log:
    return Log(directory / FILE_NAME, db.execute("PRAGMA page_size").fetchone()[0])


def test_the_log_is_as_long_as_what_was_written_since_it_began_anew(
    tmp_path: Path,
) -> None:
    with database(tmp_path) as db, closing(log_of(db, tmp_path)) as log:
        pages = pages_written(db)
        assert pages > 30
        assert log.has(1)
        assert log.has(pages)
        assert not log.has(pages + 1)

        with closing(sqlite3.connect(tmp_path / FILE_NAME)) as other:
            assert copy(other)
        assert log.has(pages)  # begun anew by the next commit, not before
        meta.put(db, "n", "1")
        assert log.has(1)
        assert not log.has(pages)  # they are still in the file, and of the past

        assert scrub(tmp_path / FILE_NAME)
        assert not log.has(1)


def test_no_log_is_not_long(tmp_path: Path) -> None:
    with closing(Log(tmp_path / FILE_NAME, 2048)) as log:
        assert not log.has(1)
        (tmp_path / f"{FILE_NAME}-wal").touch()
        assert not log.has(1)


def test_what_a_reader_still_needs_is_left_in_the_log(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    with database(tmp_path) as db, closing(connect(path)) as other:
        pages_written(db)
        with snapshot(path):
            meta.put(db, "n", "1")
            assert not copy(other)
        assert copy(other)


def test_a_thread_copies_a_long_log_and_no_commit_does(
    tmp_path: Path, short_log: None
) -> None:
    async def story(store: Store) -> None:
        with closing(log_of(store._connection, tmp_path)) as log:
            assert await write_until(store, lambda: log.has(LONG))
            assert await write_until(store, lambda: not log.has(LONG))
        assert "store-checkpoint" in {thread.name for thread in threading.enumerate()}

    play(tmp_path, story)
    assert "store-checkpoint" not in {thread.name for thread in threading.enumerate()}
    assert not (tmp_path / f"{FILE_NAME}-wal").exists()
    with database(tmp_path) as db:
        assert meta.get(db, "clean") == "1"


def test_a_log_that_a_reader_held_is_copied_behind_it(
    tmp_path: Path, short_log: None
) -> None:
    async def story(store: Store) -> None:
        with closing(log_of(store._connection, tmp_path)) as log:
            with snapshot(store.path):
                assert await write_until(store, lambda: log.has(LONG * 4))
            assert await write_until(store, lambda: not log.has(LONG))

    play(tmp_path, story)


def test_who_writes_copies_what_came_while_the_thread_flushed(
    tmp_path: Path, short_log: None
) -> None:
    path = tmp_path / FILE_NAME
    with database(tmp_path) as db, closing(log_of(db, tmp_path)) as log:
        pages = pages_written(db)
        (size,) = db.execute("PRAGMA page_size").fetchone()
        checkpoints = checkpoint.Checkpoints(path, size, lambda: 0)
        with closing(checkpoints):
            checkpoints.is_copied = True  # as the thread says
            checkpoints.look(db)
            meta.put(db, "n", "1")
            assert log.has(1)
            assert not log.has(pages)
            checkpoints.is_copied = True
            checkpoints.look(db)  # it is short: nothing is to do
            meta.put(db, "n", "2")
            assert log.has(2)


def test_a_commit_copies_a_log_that_the_thread_never_got_to(
    tmp_path: Path, short_log: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_db: sqlite3.Connection) -> bool:
        raise sqlite3.OperationalError("disk I/O error")

    monkeypatch.setattr(writer, "TOO_LONG", LONG * 2)
    monkeypatch.setattr(checkpoint, "copy", fail)

    async def story(store: Store) -> None:
        with closing(log_of(store._connection, tmp_path)) as log:
            assert await write_until(store, lambda: log.has(LONG))
            assert await write_until(store, lambda: not log.has(LONG))
            assert not log.has(LONG * 2 + 20)

    play(tmp_path, story)


def test_inline_there_is_no_thread(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path) as store:
            await store.write(lambda db: meta.put(db, "n", "1"))
            row = store._connection.execute("PRAGMA wal_autocheckpoint").fetchone()
            assert row[0] == checkpoint.LONG
            assert store.writer._checkpoints is None

    run_virtual(story())
