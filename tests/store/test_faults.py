"""What a full, read-only or dying disk does to jobs, and that the store recovers."""

import asyncio
import resource
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modemgw.clock import SystemClock
from modemgw.errors import Corrupt, DiskFull, StoreError
from modemgw.store import meta
from modemgw.store.faults import as_store_error, translate
from modemgw.store.writer import Connection
from tests.loop import run_virtual
from tests.store.factory import add_message, open_store


def keys(db: sqlite3.Connection) -> int:
    return int(db.execute("SELECT count(*) FROM message").fetchone()[0])


def largest(directory: Path) -> int:
    return max(path.stat().st_size for path in directory.iterdir())


@contextmanager
def largest_file(octets: int) -> Iterator[None]:
    """Let no file of this process grow past `octets`: writes fail as on a bad disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_refuses_and_keeps_nothing_half_written(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path) as store:
            await store.write(lambda db: add_message(db, 1))

            def limit(db: Connection) -> None:
                (pages,) = db.execute("PRAGMA page_count").fetchone()
                db.execute(f"PRAGMA max_page_count = {pages + 4}")

            def free(db: Connection) -> None:
                db.execute("PRAGMA max_page_count = 1000000")

            def fill(db: Connection) -> None:
                for number in range(2, 500):
                    add_message(db, number, text="x" * 1000)

            await store.write(limit)
            with pytest.raises(DiskFull, match=r"no room .*modemgw\.db"):
                await store.write(fill)
            assert await store.read(keys) == 1
            await store.write(free)
            await store.write(fill)
            assert await store.read(keys) == 499

    run_virtual(story())


def test_a_commit_that_cannot_be_written_fails_every_job_in_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
            await store.write(lambda db: add_message(db, 1))
            size = largest(tmp_path)
            jobs = [
                lambda db, n=n: add_message(db, n, text="x" * 50_000)
                for n in range(2, 40)
            ]
            with largest_file(size + 8192):
                done = await asyncio.gather(
                    *(store.write(job) for job in jobs), return_exceptions=True
                )
            refused = [result for result in done if isinstance(result, Exception)]
            assert refused
            assert all(isinstance(error, StoreError) for error in refused)
            assert await store.read(keys) == 1 + len(done) - len(refused)
            await store.write(lambda db: add_message(db, 99))
            check = await store.write(
                lambda db: db.execute("PRAGMA quick_check").fetchone()[0]
            )
            assert check == "ok"

    asyncio.run(story())


def test_a_read_only_database_is_a_store_error(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path) as store:
            await store.write(lambda db: db.execute("PRAGMA query_only = ON"))
            with pytest.raises(StoreError, match="cannot be written"):
                await store.write(lambda db: meta.put(db, "a", "b"))
            assert await store.read(lambda db: meta.get(db, "clean")) == "0"
            # As remounting does: no job can undo it from inside.
            store.writer._db.execute("PRAGMA query_only = OFF")
            await store.write(lambda db: meta.put(db, "a", "b"))

    run_virtual(story())


def fault(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("as SQLite says it")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(fault(sqlite3.SQLITE_FULL), DiskFull, id="full"),
        pytest.param(fault(sqlite3.SQLITE_CORRUPT), Corrupt, id="corrupt"),
        pytest.param(fault(sqlite3.SQLITE_CORRUPT_INDEX), Corrupt, id="corrupt index"),
        pytest.param(fault(sqlite3.SQLITE_NOTADB), Corrupt, id="no database"),
        pytest.param(fault(sqlite3.SQLITE_IOERR_FSYNC), StoreError, id="fsync"),
        pytest.param(fault(sqlite3.SQLITE_READONLY_DBMOVED), StoreError, id="moved"),
        pytest.param(fault(sqlite3.SQLITE_BUSY_SNAPSHOT), StoreError, id="busy"),
        pytest.param(fault(sqlite3.SQLITE_CANTOPEN), StoreError, id="cannot open"),
        pytest.param(
            fault(sqlite3.SQLITE_ERROR), sqlite3.OperationalError, id="wrong statement"
        ),
        pytest.param(sqlite3.ProgrammingError("closed"), sqlite3.Error, id="misuse"),
        pytest.param(ValueError("no"), ValueError, id="not of sqlite3"),
    ],
)
def test_translation(
    error: Exception, expected: type[Exception], tmp_path: Path
) -> None:
    translated = translate(error, tmp_path / "modemgw.db")
    assert isinstance(translated, expected)
    assert type(translated) in (expected, type(error))
    assert isinstance(as_store_error(error, tmp_path / "modemgw.db"), StoreError)


def test_an_io_error_on_a_disk_without_room_is_a_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.store.faults.NO_ROOM", 1 << 62)
    error = fault(sqlite3.SQLITE_IOERR_WRITE)
    assert isinstance(translate(error, tmp_path / "modemgw.db"), DiskFull)
