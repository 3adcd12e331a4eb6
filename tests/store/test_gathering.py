"""Gathered writes: many items in one job, and yet each by itself where one fails."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from modemgw.clock import SystemClock
from modemgw.errors import DiskFull, StoreError
from modemgw.store import meta
from modemgw.store.database import Store
from modemgw.store.gathering import Gathering
from modemgw.store.writer import Connection
from tests.loop import run_virtual
from tests.store.factory import open_store

Story = Callable[[Store], Coroutine[Any, Any, None]]


class Shelf:
    """Puts keys into a table, and notes how many it got at a time."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def put(self, db: Connection, keys: list[str]) -> list[str]:
        self.calls.append(list(keys))
        for key in keys:
            meta.put(db, key, "x")
            db.pushed += 1
            if key.startswith("bad"):
                raise ValueError(key)
        return [key.upper() for key in keys]


async def kept(store: Store) -> set[str]:
    rows = await store.read(lambda db: db.execute("SELECT key FROM meta").fetchall())
    return {key for (key,) in rows} - {"clean"}


async def held_back(store: Store, collect: Callable[[], Any]) -> Any:
    """Call `collect` while the writer is busy with another transaction."""
    begun, gate = threading.Event(), threading.Event()

    def first(db: Connection) -> None:
        begun.set()
        gate.wait(10)

    busy = store.write(first)
    await asyncio.to_thread(begun.wait, 10)
    try:
        return collect()
    finally:
        gate.set()
        await busy


def play(tmp_path: Path, story: Story, *, inline: bool = False) -> None:
    async def whole() -> None:
        clock = None if inline else SystemClock()
        async with open_store(tmp_path, clock=clock, inline=inline) as store:
            await story(store)

    if inline:
        run_virtual(whole())
    else:
        asyncio.run(whole())


@pytest.mark.parametrize("inline", [True, False])
def test_each_item_has_its_result_after_the_commit(
    tmp_path: Path, inline: bool
) -> None:
    shelf = Shelf()

    async def story(store: Store) -> None:
        futures = [store.gather(shelf.put, key) for key in "abc"]
        assert await asyncio.gather(*futures) == ["A", "B", "C"]
        assert await kept(store) == {"a", "b", "c"}

    play(tmp_path, story, inline=inline)
    assert [key for call in shelf.calls for key in call] == ["a", "b", "c"]


def test_what_waits_is_one_call_in_order(tmp_path: Path) -> None:
    shelf, other = Shelf(), Shelf()

    async def story(store: Store) -> None:
        def collect() -> list[asyncio.Future[str]]:
            found = [store.gather(shelf.put, f"a{n}") for n in range(20)]
            found += [store.gather(other.put, f"b{n}") for n in range(3)]
            return [*found, store.gather(shelf.put, "last")]

        await asyncio.gather(*await held_back(store, collect))
        assert len(await kept(store)) == 24

    play(tmp_path, story)
    assert shelf.calls == [[*(f"a{n}" for n in range(20)), "last"]]
    assert other.calls == [["b0", "b1", "b2"]]


@pytest.mark.parametrize("inline", [True, False])
@pytest.mark.parametrize("before", [True, False])
def test_one_that_fails_spoils_no_other(
    tmp_path: Path, inline: bool, before: bool
) -> None:
    shelf = Shelf()

    async def story(store: Store) -> None:
        pushes: list[str] = []
        store.writer.on_pushed = lambda: pushes.append("pushed")

        def collect() -> list[asyncio.Future[Any]]:
            jobs: list[asyncio.Future[Any]] = []
            if before:  # a job of the same transaction, in front of them
                jobs.append(store.write(lambda db: meta.put(db, "job", "x")))
            keys = ("a", "bad1", "b", "bad2")
            return jobs + [store.gather(shelf.put, key) for key in keys]

        futures = collect() if inline else await held_back(store, collect)
        done = await asyncio.gather(*futures, return_exceptions=True)
        a, bad, b, worse = done[-4:]
        assert (a, b) == ("A", "B")
        assert repr(bad) == "ValueError('bad1')"
        assert repr(worse) == "ValueError('bad2')"
        assert await kept(store) == {"a", "b"} | ({"job"} if before else set())
        assert pushes

    play(tmp_path, story, inline=inline)


def test_an_item_that_fails_alone_is_not_tried_again(tmp_path: Path) -> None:
    shelf = Shelf()

    async def story(store: Store) -> None:
        with pytest.raises(ValueError, match="bad"):
            await store.gather(shelf.put, "bad")
        assert await kept(store) == set()

    play(tmp_path, story)
    assert shelf.calls == [["bad"]]


def test_a_failed_commit_fails_all_of_them_and_keeps_nothing(tmp_path: Path) -> None:
    shelf = Shelf()

    def full(number: int) -> None:
        raise DiskFull("no room")

    async def story(store: Store) -> None:
        futures: list[asyncio.Future[str]] = []

        def collect() -> None:
            store.writer.before_commit = full
            futures.extend(store.gather(shelf.put, key) for key in "abc")

        with pytest.raises(DiskFull):  # the one they waited behind
            await held_back(store, collect)
        done = await asyncio.gather(*futures, return_exceptions=True)
        assert [type(result) for result in done] == [DiskFull] * 3
        store.writer.before_commit = None
        assert await store.gather(shelf.put, "e") == "E"
        assert await kept(store) == {"e"}

    play(tmp_path, story)


def test_what_comes_while_a_commit_fails_is_not_part_of_it(tmp_path: Path) -> None:
    shelf = Shelf()

    async def story(store: Store) -> None:
        loop, late = asyncio.get_running_loop(), []
        came = threading.Event()

        def come() -> None:
            late.append(store.gather(shelf.put, "late"))
            came.set()

        def full(number: int) -> None:
            store.writer.before_commit = None
            loop.call_soon_threadsafe(come)
            assert came.wait(10)
            raise DiskFull("no room")

        store.writer.before_commit = full
        with pytest.raises(DiskFull):
            await store.gather(shelf.put, "early")
        assert await late[0] == "LATE"
        assert await kept(store) == {"late"}

    play(tmp_path, story)


def test_where_no_transaction_can_begin_none_of_them_waits_for_ever(
    tmp_path: Path,
) -> None:
    shelf = Shelf()

    async def story(store: Store) -> None:
        db = store._connection

        def collect() -> list[asyncio.Future[str]]:
            return [store.gather(shelf.put, key) for key in "abc"]

        db.execute("BEGIN")  # so that the writer cannot begin one of its own
        failed = await asyncio.gather(*collect(), return_exceptions=True)
        assert [isinstance(result, StoreError) for result in failed] == [True] * 3
        assert await store.gather(shelf.put, "d") == "D"
        assert await kept(store) == {"d"}

    play(tmp_path, story)


def test_closing_writes_what_has_gathered(tmp_path: Path) -> None:
    shelf = Shelf()

    async def story() -> None:
        store = await Store.open(tmp_path, clock=SystemClock())
        futures = [store.gather(shelf.put, f"k{n}") for n in range(600)]
        store.close()
        assert len(await asyncio.gather(*futures)) == 600
        with pytest.raises(StoreError, match="closed"):
            await store.gather(shelf.put, "late")
        async with open_store(tmp_path, clock=SystemClock()) as again:
            assert len(await kept(again)) == 600

    asyncio.run(story())


def test_nothing_is_left_lying_whoever_comes_first() -> None:
    def run(db: None, items: list[int]) -> list[int]:
        return items

    async def story() -> None:
        gathering = Gathering[None](run)
        loop = asyncio.get_running_loop()
        taken: list[int] = []
        called = threading.Semaphore(0)
        over = threading.Event()

        def writer() -> None:
            while not over.is_set() or gathering.called:
                if called.acquire(timeout=0.01):
                    taken.extend(gathering.take()[0])

        thread = threading.Thread(target=writer)
        thread.start()
        future = loop.create_future()
        for item in range(20_000):
            if gathering.add(item, future):
                called.release()
        over.set()
        thread.join()
        assert taken == list(range(20_000))

    asyncio.run(story())
