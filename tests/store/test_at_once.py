"""Short jobs that the loop commits itself, where the disk is quick and nobody waits."""

import asyncio
import sqlite3
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from modemgw.clock import SystemClock
from modemgw.errors import StoreError
from modemgw.store import batch, connection, meta, writer
from modemgw.store.database import Store
from modemgw.store.handover import Handover
from modemgw.store.writer import Connection
from tests.store.factory import open_store

Story = Callable[[Store], Coroutine[Any, Any, None]]
QUICK, SLOW = 0.0, 1.0  # what flushes are said to have taken, in seconds


def play(
    tmp_path: Path, flush_s: float, story: Story, quick_s: float | None = 60.0
) -> None:
    """Run a story; `quick_s`: what is quick however busy this machine is."""

    async def whole() -> None:
        async with open_store(tmp_path, clock=SystemClock(), inline=False) as store:
            store.writer._flush_s = flush_s
            limit = quick_s if flush_s == QUICK else None
            with patch.object(writer, "QUICK_S", limit or writer.QUICK_S):
                await story(store)

    asyncio.run(whole())


def who(order: list[str], name: str = "") -> Callable[[Connection], str]:
    """Return a job that says in which thread it ran."""

    def job(db: Connection) -> str:
        meta.put(db, f"{name}{len(order)}", "x")
        order.append(name)
        return threading.current_thread().name

    return job


def test_the_loop_does_not_wait_for_another_program(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        (promise,) = store.write_all([who([])])
        await asyncio.sleep(0.02)
        assert not promise.done()
        other.execute("COMMIT")  # which it gets to only where the loop turns
        other.close()
        assert await promise == "store-writer"
        (promise,) = store.write_all([who([])])
        assert await promise == "MainThread"

    play(tmp_path, QUICK, story)


def test_the_loop_does_not_wait_for_one_that_slips_in_while_a_mistake_is_undone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(db: Connection) -> object:
        raise ZeroDivisionError

    async def story(store: Store) -> None:
        other = sqlite3.connect(store.path, isolation_level=None)

        def slip_in(db: Connection, patience_s: float = 5.0) -> None:
            other.execute("BEGIN IMMEDIATE")
            connection.begin(db, patience_s)

        def pause(seconds: float) -> None:
            waits.append(seconds)
            other.close()

        monkeypatch.setattr(batch, "begin", slip_in)
        monkeypatch.setattr("time.sleep", pause)
        first, second = store.write_all([who([]), wrong])
        for promise in (first, second):
            with pytest.raises(StoreError, match="locked"):
                await promise
        monkeypatch.undo()
        other.close()
        assert await store.write_all([who([])])[0] == "MainThread"

    waits: list[float] = []
    play(tmp_path, QUICK, story)
    assert waits == []


def test_a_store_is_closed_in_order_behind_another_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(store: Store) -> None:
        other = sqlite3.connect(store.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")

        def pause(seconds: float) -> None:
            if seconds == connection.BUSY_PAUSE_S:  # others pause, too
                waits.append(seconds)
                other.close()

        monkeypatch.setattr("time.sleep", pause)

    waits: list[float] = []
    play(tmp_path, QUICK, story)
    monkeypatch.undo()
    assert len(waits) == 1

    async def again(store: Store) -> None:
        assert store.was_clean

    play(tmp_path, QUICK, again)


@pytest.mark.parametrize(
    ("flush_s", "where"), [(QUICK, "MainThread"), (SLOW, "store-writer")]
)
def test_the_loop_commits_short_jobs_where_the_disk_is_quick(
    tmp_path: Path, flush_s: float, where: str
) -> None:
    async def story(store: Store) -> None:
        soon = store.write_soon(who([]))
        told: list[str] = []
        first, second = store.write_all([who([]), who([])])
        second.listen(lambda done: told.append(str(done.result())))
        assert not first.done()  # nothing happens inside of the call
        assert await first == await second == await soon == where
        assert told == [where]
        assert store.writer.commits == 1

    play(tmp_path, flush_s, story)


def test_what_may_take_its_time_is_the_threads_and_short_jobs_wait_behind_it(
    tmp_path: Path,
) -> None:
    order: list[str] = []
    gate = threading.Event()

    def long(db: Connection) -> str:
        gate.wait(10)
        return who(order, "long")(db)

    async def story(store: Store) -> None:
        slow = store.write(long)
        await asyncio.sleep(0)  # the thread has it
        (short,) = store.write_all([who(order, "short")])
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not short.done()
        gate.set()
        assert await slow == await short == "store-writer"
        assert order == ["long", "short"]
        store.writer._flush_s = QUICK
        (after,) = store.write_all([who(order)])
        assert await after == "MainThread"  # nothing is left in the thread

    play(tmp_path, QUICK, story)


def test_jobs_of_one_turn_keep_their_order(tmp_path: Path) -> None:
    order: list[str] = []

    async def story(store: Store) -> None:
        (short,) = store.write_all([who(order, "a")])
        long = store.write(who(order, "b"))
        (last,) = store.write_all([who(order, "c")])
        assert await last == "store-writer"
        assert order == ["a", "b", "c"]
        assert short.done() and long.done()

    play(tmp_path, QUICK, story)


def test_one_slow_flush_hands_the_next_jobs_to_the_thread(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        def slow(_: int) -> None:
            threading.Event().wait(0.03)

        store.writer.before_commit = slow
        (here,) = store.write_all([who([])])
        assert await here == "MainThread"
        (there,) = store.write_all([who([])])
        assert await there == "store-writer"

    play(tmp_path, QUICK, story, quick_s=None)


def test_a_crowd_does_not_wait_for_its_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.store.writer.LEAST_RUN_S", 0.0)

    async def story(store: Store) -> None:
        order: list[str] = []
        done = [store.write_all([who(order)])[0] for _ in range(5)]
        await done[0]
        assert store.writer.commits == 1 and not done[-1].done()
        await asyncio.gather(*done)
        assert store.writer.commits == 5

    play(tmp_path, QUICK, story)


def test_a_commit_that_fails_in_the_loop_fails_its_jobs_alone(tmp_path: Path) -> None:
    async def story(store: Store) -> None:
        def full(_: int) -> None:
            raise sqlite3.OperationalError("database or disk is full")

        store.writer.before_commit = full
        (lost,) = store.write_all([who([], "lost")])
        with pytest.raises(StoreError):
            await lost
        store.writer.before_commit = None
        (kept,) = store.write_all([who([], "kept")])
        await kept
        rows = await store.read(
            lambda db: db.execute("SELECT key FROM meta").fetchall()
        )
        assert {"lost0", "kept0"} & {key for (key,) in rows} == {"kept0"}

    play(tmp_path, QUICK, story)


def test_what_is_handed_over_meanwhile_is_not_forgotten() -> None:
    done: list[list[int]] = []

    async def story() -> None:
        def at_once(groups: list[list[int]]) -> None:
            group = groups.pop(0)
            done.append(group)
            if group == [1]:
                handover.put([3])

        handover = Handover[int](asyncio.get_running_loop(), at_once)
        handover.put([1])
        handover.put([2])
        assert len(handover) == 2
        for _ in range(5):
            await asyncio.sleep(0)
        assert done == [[1], [2], [3]]
        assert len(handover) == 0

    asyncio.run(story())


def test_what_comes_alone_is_committed_in_the_loop_and_a_crowd_in_the_thread(
    tmp_path: Path,
) -> None:
    def where(db: Connection, items: list[str]) -> list[str]:
        for item in items:
            meta.put(db, item, "x")
        return [threading.current_thread().name for _ in items]

    async def story(store: Store) -> None:
        assert await store.gather(where, "first") == "store-writer"  # who knows yet?
        for n in range(8):
            await store.gather(where, f"alone {n}")
        assert await store.gather(where, "alone") == "MainThread"
        crowd = [store.gather(where, f"crowd {n}") for n in range(8)]
        assert set(await asyncio.gather(*crowd)) == {"store-writer"}
        # More may be on their way now.
        assert await store.gather(where, "late") == "store-writer"

    play(tmp_path, QUICK, story)


def test_a_mistake_behind_one_group_leaves_none_lying() -> None:
    async def story() -> None:
        seen: list[int] = []
        told: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, it: told.append(it["exception"]))

        def at_once(groups: list[list[int]]) -> None:
            seen.extend(groups.pop(0))
            if seen == [1]:
                raise RuntimeError("a mistake of ours")

        handover = Handover[int](loop, at_once)
        for n in (1, 2, 3):
            handover.put([n])
        for _ in range(5):
            await asyncio.sleep(0)
        assert seen == [1, 2, 3] and len(told) == 1

    asyncio.run(story())
