"""Opening and closing: the lock, the modes, the check after an unclean stop, ids."""

import asyncio
import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest

from modemgw.clock import SystemClock
from modemgw.errors import Corrupt, SchemaMismatch, StoreError
from modemgw.store import database, events
from modemgw.store.database import FILE_NAME, Store
from modemgw.store.reader import SlowQuery
from tests.loop import VirtualClock, run_virtual
from tests.store.factory import add_message, open_store, power_cut


async def refusal(data_dir: Path) -> StoreError:
    with pytest.raises(StoreError) as caught:
        await Store.open(data_dir, clock=VirtualClock(), inline=True)
    return caught.value


def test_a_fresh_directory_is_private(tmp_path: Path) -> None:
    async def story() -> None:
        old = os.umask(0)
        try:
            async with open_store(tmp_path / "deep" / "data") as store:
                await store.write(lambda db: db.execute("DELETE FROM meta"))
                modes = {
                    path.name: stat.S_IMODE(path.stat().st_mode)
                    for path in [store.data_dir, *store.data_dir.iterdir()]
                }
        finally:
            os.umask(old)
        assert modes.pop("data") == 0o750
        assert modes == dict.fromkeys(
            ["lock", "modemgw.db", "modemgw.db-wal", "modemgw.db-shm"], 0o640
        )

    run_virtual(story())


def test_a_second_daemon_is_told_who_holds_the_directory(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path):
            error = await refusal(tmp_path)
            assert f"process {os.getpid()}" in str(error)
        async with open_store(tmp_path):
            pass  # free again

    run_virtual(story())


def test_the_lock_is_free_again_after_a_failed_start(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / FILE_NAME).write_bytes(b"not a database" * 500)
        assert isinstance(await refusal(tmp_path), Corrupt)
        (tmp_path / FILE_NAME).unlink()
        async with open_store(tmp_path):
            pass

    run_virtual(story())


def test_a_stop_in_order_is_clean_and_a_power_cut_is_not(tmp_path: Path) -> None:
    async def story() -> None:
        store = await Store.open(tmp_path, clock=VirtualClock(), inline=True)
        assert store.was_clean
        store = await power_cut(store)
        assert not store.was_clean
        store.close()
        async with open_store(tmp_path) as again:
            assert again.was_clean

    run_virtual(story())


def damage(path: Path) -> None:
    """Overwrite pages in the middle of the file, as a dying memory card does."""
    with path.open("r+b") as file:
        size = path.stat().st_size
        for offset in range(4096 * 3, size, 4096):
            file.seek(offset)
            file.write(b"\xa5" * 64)


def test_damage_is_found_after_an_unclean_stop(tmp_path: Path) -> None:
    async def story() -> None:
        store = await Store.open(tmp_path, clock=VirtualClock(), inline=True)
        await store.write(lambda db: [add_message(db, n) for n in range(300)])
        store.abandon()
        damage(tmp_path / FILE_NAME)
        error = await refusal(tmp_path)
        assert isinstance(error, Corrupt)
        assert FILE_NAME in str(error)

    run_virtual(story())


def test_a_large_file_is_checked_while_it_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CHECK_AT_ONCE", 0)

    async def story() -> None:
        clock = SystemClock()
        store = await Store.open(tmp_path, clock=clock)
        await store.write(lambda db: [add_message(db, n) for n in range(300)])
        store.abandon()
        store = await Store.open(tmp_path, clock=clock)
        assert (store.was_clean, store.is_checked) == (False, False)
        store.close()  # in order, but nobody knows whether the file is
        store = await Store.open(tmp_path, clock=clock)
        assert (store.was_clean, store.is_checked) == (False, False)
        await store.finish_check()
        assert (store.was_clean, store.is_checked) == (False, True)
        store.close()
        store = await Store.open(tmp_path, clock=clock)
        assert (store.was_clean, store.is_checked) == (True, True)
        store.abandon()
        with (tmp_path / FILE_NAME).open("r+b") as file:  # texts: no start reads them
            file.seek(file.read().index(b"hello") // 4096 * 4096)
            file.write(b"\xa5" * 64)
        store = await Store.open(tmp_path, clock=clock)
        told: list[Corrupt] = []
        store.on_damage = told.append
        await store.finish_check()
        assert told and not store.is_checked
        store.close()

    asyncio.run(story())


def test_a_check_is_cut_short_by_a_stop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "CHECK_AT_ONCE", 0)

    async def story() -> None:
        store = await Store.open(tmp_path, clock=SystemClock())
        await store.write(lambda db: [add_message(db, n) for n in range(5_000)])
        store.abandon()
        store = await Store.open(tmp_path, clock=SystemClock())
        check = database._check

        def stopped(db: sqlite3.Connection, path: Path) -> None:
            store.reader._closed = True  # as it begins
            check(db, path)

        monkeypatch.setattr(database, "_check", stopped)
        await store.finish_check()
        assert not store.is_checked and store.damage is None
        store.abandon()

    asyncio.run(story())


def test_damage_met_by_a_job_is_corrupt(tmp_path: Path) -> None:
    async def story() -> None:
        store = await Store.open(tmp_path, clock=VirtualClock(), inline=True)
        await store.write(lambda db: [add_message(db, n) for n in range(300)])
        store.close()
        damage(tmp_path / FILE_NAME)
        # Marked clean, so that only use can find it.
        with pytest.raises(Corrupt):
            async with open_store(tmp_path) as again:
                await again.write(
                    lambda db: db.execute("SELECT * FROM message_text").fetchall()
                )

    run_virtual(story())


@pytest.mark.parametrize(
    "statement",
    ["PRAGMA user_version = 9999", "PRAGMA application_id = 7"],
    ids=["newer", "another program"],
)
def test_a_file_that_is_not_ours_is_left_alone(tmp_path: Path, statement: str) -> None:
    async def story() -> None:
        async with open_store(tmp_path) as store:
            await store.write(lambda db: db.execute(statement))
        before = (tmp_path / FILE_NAME).read_bytes()
        assert isinstance(await refusal(tmp_path), SchemaMismatch)
        assert (tmp_path / FILE_NAME).read_bytes() == before

    run_virtual(story())


def test_tables_of_another_program_are_not_ours(tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / FILE_NAME)
    other.execute("CREATE TABLE inbox (id INTEGER)")
    other.close()
    run_virtual(_is_mismatch(tmp_path))


async def _is_mismatch(data_dir: Path) -> None:
    assert isinstance(await refusal(data_dir), SchemaMismatch)


def test_a_file_where_the_directory_should_be(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "data").write_text("")
        assert "cannot make" in str(await refusal(tmp_path / "data"))

    run_virtual(story())


def test_ids_go_on_behind_the_newest_even_if_the_clock_stands_in_the_past(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        store = await Store.open(tmp_path, clock=clock, inline=True)
        newest = store.ids.new("msg", clock.now_ms())

        def job(db: sqlite3.Connection) -> None:
            db.execute(
                "UPDATE message SET public_id = ? WHERE id = ?",
                (newest, add_message(db, 1)),
            )

        await store.write(job)
        clock.offset_ms -= 10 * 365 * 86_400_000
        store = await power_cut(store)
        assert store.ids.new("msg", clock.now_ms()) > newest
        store.close()

    run_virtual(story())


def test_readers_see_what_was_committed_and_cannot_write(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
            await store.write(
                lambda db: events.append(db, "x", at=1, data={}, ids=store.ids)
            )
            assert await store.read(events.newest) == 1
            with pytest.raises(StoreError, match="cannot be written"):
                await store.read(lambda db: db.execute("DELETE FROM event"))
            with pytest.raises(ZeroDivisionError):
                await store.read(lambda db: 1 // 0)
            assert await store.read(events.newest) == 1

    asyncio.run(story())


def test_a_read_sees_one_snapshot(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
            begun, go_on = threading.Event(), threading.Event()

            def look(db: sqlite3.Connection) -> tuple[int, int]:
                first = events.newest(db)
                begun.set()
                go_on.wait(10)
                return first, events.newest(db)

            reading = asyncio.ensure_future(store.read(look))
            await asyncio.to_thread(begun.wait, 10)
            await store.write(
                lambda db: events.append(db, "x", at=1, data={}, ids=store.ids)
            )
            go_on.set()
            assert await reading == (0, 0)

    asyncio.run(story())


@pytest.mark.parametrize("inline", [True, False], ids=["inline", "thread"])
def test_a_slow_query_is_stopped_and_the_connection_lives(
    tmp_path: Path, inline: bool
) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT count(*) FROM n"
    )

    async def story() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=inline) as store:
            for _ in range(4):
                with pytest.raises(SlowQuery):
                    await store.read(lambda db: db.execute(endless), deadline_s=0.01)
            assert await store.read(events.newest) == 0

    asyncio.run(story())


def test_reading_after_close_is_a_store_error(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path) as store:
            pass
        with pytest.raises(StoreError, match="closed"):
            await store.read(events.newest)

    run_virtual(story())
