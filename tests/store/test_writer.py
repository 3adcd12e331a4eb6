"""The writer: group commit, isolation of jobs, what a failure takes along."""

import asyncio
import gc
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from modemgw.clock import SystemClock
from modemgw.errors import DiskFull, StoreError
from modemgw.store import meta
from modemgw.store.database import Store
from modemgw.store.writer import BATCH_JOBS, RIDERS, Connection
from tests.loop import run_virtual
from tests.store.factory import open_store

Story = Callable[[Store], Coroutine[Any, Any, None]]


def put(key: str, value: str = "x") -> Callable[[Connection], str]:
    def job(db: Connection) -> str:
        meta.put(db, key, value)
        return value

    return job


async def kept(store: Store) -> set[str]:
    rows = await store.read(lambda db: db.execute("SELECT key FROM meta").fetchall())
    return {key for (key,) in rows} - {"clean"}


@pytest.fixture(params=["thread", "inline"])
def play(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Story], None]:
    """Run a story against both kinds of writer."""

    def run(story: Story) -> None:
        async def whole() -> None:
            inline = request.param == "inline"
            clock = None if inline else SystemClock()
            async with open_store(tmp_path, clock=clock, inline=inline) as store:
                await story(store)

        if request.param == "inline":
            run_virtual(whole())
        else:
            asyncio.run(whole())

    return run


def test_a_job_returns_its_result_after_the_commit(
    play: Callable[[Story], None],
) -> None:
    async def story(store: Store) -> None:
        assert await store.write(put("a", "1")) == "1"
        assert await kept(store) == {"a"}

    play(story)


def test_write_is_a_future_that_nobody_has_to_await(
    play: Callable[[Story], None],
) -> None:
    async def story(store: Store) -> None:
        future = store.write(put("a"))
        assert isinstance(future, asyncio.Future)
        await store.write(put("b"))
        assert future.done()
        assert await kept(store) == {"a", "b"}

    play(story)


def test_a_job_that_raises_spoils_only_itself(play: Callable[[Story], None]) -> None:
    def bad(db: Connection) -> None:
        meta.put(db, "half", "written")
        raise ValueError("no")

    async def story(store: Store) -> None:
        store.write(put("a"))
        failing = store.write(bad)
        await store.write(put("b"))
        assert isinstance(failing.exception(), ValueError)
        assert await kept(store) == {"a", "b"}

    play(story)


def test_a_wrong_statement_is_a_bug_and_not_a_store_error(
    play: Callable[[Story], None],
) -> None:
    async def story(store: Store) -> None:
        with pytest.raises(sqlite3.IntegrityError):
            await store.write(
                lambda db: db.execute("INSERT INTO meta VALUES ('clean', '1')")
            )
        with pytest.raises(sqlite3.OperationalError, match="no such table"):
            await store.write(lambda db: db.execute("SELECT * FROM nonsense"))
        assert await store.write(put("a")) == "x"

    play(story)


def test_a_job_that_ends_the_transaction_fails_with_its_batch(
    play: Callable[[Story], None],
) -> None:
    async def story(store: Store) -> None:
        with pytest.raises(StoreError):
            await store.write(lambda db: db.execute("ROLLBACK"))
        assert await store.write(put("a")) == "x"

    play(story)


def test_a_canceled_caller_changes_nothing(play: Callable[[Story], None]) -> None:
    async def story(store: Store) -> None:
        future = store.write(put("a"))
        future.cancel()
        await store.write(put("b"))
        assert await kept(store) == {"a", "b"}

    play(story)


def test_a_failed_commit_fails_all_of_its_jobs_and_keeps_nothing(
    play: Callable[[Story], None],
) -> None:
    def full(number: int) -> None:
        raise DiskFull("no room")

    async def story(store: Store) -> None:
        store.writer.before_commit = full
        futures = [store.write(put(key)) for key in "abc"]
        done = await asyncio.gather(*futures, return_exceptions=True)
        assert [type(result) for result in done] == [DiskFull] * 3
        assert await kept(store) == set()
        store.writer.before_commit = None
        await store.write(put("d"))
        assert await kept(store) == {"d"}

    play(story)


def test_asyncio_complains_of_bugs_that_nobody_heard_of_and_of_no_full_disk(
    play: Callable[[Story], None],
) -> None:
    unheard: list[dict[str, Any]] = []

    def full(number: int) -> None:
        raise DiskFull("no room")

    async def story(store: Store) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: unheard.append(context))
        store.writer.before_commit = full
        store.write(put("a"))  # nobody waits for it
        with pytest.raises(DiskFull):
            await store.write(put("b"))
        store.writer.before_commit = None
        store.write(fails)
        await store.write(put("c"))
        store.writer.close()
        store.write(put("d"))
        await asyncio.sleep(0)
        gc.collect()
        errors = [type(context["exception"]) for context in unheard]
        assert errors == [ValueError]

    play(story)


def test_only_something_written_shows_that_a_full_disk_has_room_again(
    play: Callable[[Story], None],
) -> None:
    def full(number: int) -> None:
        raise DiskFull("no room")

    def refused(db: Connection) -> None:
        put("lost")(db)
        error = sqlite3.OperationalError("database or disk is full")
        error.sqlite_errorcode = sqlite3.SQLITE_FULL
        raise error

    async def story(store: Store) -> None:
        def is_healthy() -> bool:
            return store.writer.healthy

        assert is_healthy()
        store.writer.before_commit = full
        with pytest.raises(DiskFull):
            await store.prove()
        store.writer.before_commit = None
        await store.write(lambda db: None)  # takes no room
        assert not is_healthy()
        await store.prove()
        assert is_healthy()
        with pytest.raises(DiskFull):
            await store.write(refused)
        assert not is_healthy()
        await store.prove()
        assert is_healthy()
        assert await kept(store) == set()
        assert store.damage is None

    play(story)


def test_the_hook_gets_the_number_of_the_commit(play: Callable[[Story], None]) -> None:
    numbers: list[int] = []

    async def story(store: Store) -> None:
        store.writer.before_commit = numbers.append
        await store.write(put("a"))
        await store.write(put("b"))

    play(story)
    assert numbers == [1, 2]


def test_pushed_is_told_once_in_the_loop_after_the_commit(
    play: Callable[[Story], None],
) -> None:
    told: list[threading.Thread] = []

    def push(db: Connection) -> None:
        db.pushed += 1

    def push_and_fail(db: Connection) -> None:
        db.pushed += 1
        raise ValueError("no")

    async def story(store: Store) -> None:
        store.writer.on_pushed = lambda: told.append(threading.current_thread())
        await store.write(put("a"))
        with pytest.raises(ValueError, match="no"):
            await store.write(push_and_fail)
        assert told == []
        await store.write(push)
        assert told == [threading.main_thread()]

    play(story)


def test_after_close_nothing_is_accepted(play: Callable[[Story], None]) -> None:
    async def story(store: Store) -> None:
        store.writer.close()
        with pytest.raises(StoreError, match="closed"):
            await store.write(put("a"))

    play(story)


def test_jobs_share_commits_in_bounded_batches(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
            begun, gate = threading.Event(), threading.Event()

            def first(db: Connection) -> None:
                begun.set()
                gate.wait(10)

            store.write(first)
            await asyncio.sleep(0)  # handed over when this turn has ended
            assert begun.wait(10)
            rest = [store.write(put(f"k{n}")) for n in range(2 * BATCH_JOBS)]
            assert store.writer.waiting == 2 * BATCH_JOBS
            gate.set()
            await asyncio.gather(*rest)
            # The gate took longer than a flush, so nothing joins its transaction.
            assert 3 <= store.writer.commits < 2 * BATCH_JOBS

    asyncio.run(story())


def test_close_finishes_what_was_handed_over(tmp_path: Path) -> None:
    async def story() -> None:
        store = await Store.open(tmp_path, clock=SystemClock())
        futures = [store.write(put(f"k{n}")) for n in range(600)]
        store.close()
        await asyncio.gather(*futures)
        async with open_store(tmp_path, clock=SystemClock()) as again:
            assert len(await kept(again)) == 600

    asyncio.run(story())


def test_a_closed_loop_does_not_hang_the_thread(tmp_path: Path) -> None:
    held: list[Store] = []
    gate = threading.Event()

    async def story() -> None:
        store = await Store.open(tmp_path, clock=SystemClock())
        held.append(store)
        store.write(lambda db: gate.wait(10))

    asyncio.run(story())
    gate.set()
    held[0].close()


def test_the_settings_that_durability_hangs_on(tmp_path: Path) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "auto_vacuum": 2,
        "secure_delete": 1,
    }

    async def story() -> None:
        async with open_store(tmp_path) as store:

            def look(db: Connection) -> dict[str, object]:
                names = list(wanted)
                return {n: db.execute(f"PRAGMA {n}").fetchone()[0] for n in names}

            assert await store.write(look) == wanted

    run_virtual(story())


def test_what_can_wait_rides_on_the_next_commit(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
            riders = [store.writer.write_soon(put(f"r{n}")) for n in range(RIDERS + 2)]
            assert store.writer.commits == 0
            await store.write(put("now"))
            assert [rider.done() for rider in riders] == [True] * RIDERS + [False] * 2
            await asyncio.gather(*riders)  # the rest goes when its time has come
            assert store.writer.commits == 2
            assert len(await kept(store)) == RIDERS + 3

    asyncio.run(story())


def test_jobs_handed_over_together_share_a_commit(
    play: Callable[[Story], None],
) -> None:
    async def story(store: Store) -> None:
        rider = store.write_soon(put("rider"))
        *noted, gate = store.write_all([put("a"), fails, put("b")])
        assert await gate == "x"
        assert noted[0].done() and isinstance(noted[1].exception(), ValueError)
        await rider
        assert store.writer.inline or store.writer.commits == 1
        assert await kept(store) == {"rider", "a", "b"}

    play(story)


def test_closing_forgets_nothing_that_was_to_ride(tmp_path: Path) -> None:
    async def story() -> None:
        store = await Store.open(tmp_path, clock=SystemClock())
        rider = store.write_soon(put("rider"))
        store.close()
        await rider

    asyncio.run(story())
    asyncio.run(_is_kept(tmp_path, "rider"))


async def _is_kept(tmp_path: Path, key: str) -> None:
    async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
        assert await store.read(lambda db: meta.get(db, key)) is not None


def fails(db: Connection) -> None:
    raise ValueError("a bug")


def test_what_one_turn_of_the_loop_hands_over_waits_for_its_end(tmp_path: Path) -> None:
    ran = threading.Event()

    async def story() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
            before = store.writer.commits
            first, second = store.write(lambda db: ran.set()), store.write(put("k"))
            assert not ran.wait(0.05)  # the rest of the turn has the interpreter
            assert store.writer.waiting == 2
            await asyncio.gather(first, second)
            assert store.writer.commits == before + 1

    asyncio.run(story())
