"""Event delivery under faults: at least once, under the same id, with the same body."""

import asyncio
import random
from collections import defaultdict
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from modemgw.store import stream
from modemgw.store.outbox import Paused
from tests.gateway.hooks import Bench, Receiver, run


async def pushed(bench: Bench) -> list[str]:
    """Return the id of every event there is."""
    rows = await bench.store.read(lambda db: stream.behind(db, 0, 100_000))
    return [row.public_id for row in rows]


def told(receiver: Receiver) -> dict[str, set[bytes]]:
    """Return the bodies that came under each id."""
    found = defaultdict(set)
    for one in receiver.got:
        found[one.id].add(one.body)
    return found


def test_an_endpoint_is_down_for_ten_minutes(tmp_path: Path) -> None:
    """Nobody listens on its port, and the daemon is killed twice meanwhile."""

    async def story(bench: Bench) -> None:
        port, receiver = unused_port(), Receiver()
        hook = await bench.endpoint(url=f"http://127.0.0.1:{port}/hook")
        for minute in range(10):
            await bench.events(5, "message.sent", {"minute": minute})
            await bench.later(60)
            if minute in (3, 7):
                await bench.restart(clean=False)
        rows = await bench.deliveries(hook)
        assert {row.state for row in rows} == {"pending"}
        assert all("no connection" in (row.last_error or "") for row in rows)
        assert all(len(row.failures) == row.attempts >= 1 for row in rows)
        async with AsyncExitStack() as stack:
            app = web.Application()
            app.router.add_post("/hook", receiver.take)
            server = TestServer(app, host="127.0.0.1", port=port)
            await stack.enter_async_context(server)
            for _ in range(45):  # the last wait is 30 minutes, ±20 %
                await bench.later(60)
            assert sorted(told(receiver)) == sorted(await pushed(bench))
            assert len(receiver.got) == 50, "what was answered does not come again"
            assert {row.state for row in await bench.deliveries(hook)} == {"done"}

    run(tmp_path, story)


def test_kills_at_any_moment_lose_nothing(tmp_path: Path) -> None:
    """The commit of an outcome, the answer, the request: whatever is cut off."""
    dice = random.Random(20261122)  # noqa: S311 - repeatable

    async def story(bench: Bench) -> None:
        async def moody(_: web.Request) -> web.Response:
            await asyncio.sleep(dice.random() * 0.01)
            return web.Response(status=dice.choice((204, 204, 500, 503)))

        hook = await bench.endpoint()
        bench.receiver.always["/hook"] = moody
        for _ in range(12):
            await bench.events(20)
            await asyncio.sleep(dice.random() * 0.03)
            await bench.restart(clean=False)
            bench.clock.ms += dice.choice((0, 5_000, 40_000))
        bench.receiver.always.clear()
        for _ in range(4):
            await bench.later(3600)
        found = told(bench.receiver)
        assert sorted(found) == sorted(await pushed(bench))
        assert len(found) == 12 * 20
        assert all(len(bodies) == 1 for bodies in found.values())
        assert {row.state for row in await bench.deliveries(hook)} == {"done"}

    run(tmp_path, story)


def test_a_stop_between_a_commit_and_the_news_of_it_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was waited for in a circle that never let the news through."""
    waits = 0
    shield = asyncio.shield

    def counted(future: "asyncio.Future[object]") -> "asyncio.Future[object]":
        nonlocal waits
        waits += 1
        assert waits < 10
        return shield(future)

    async def story(bench: Bench) -> None:
        engine = bench.engine
        written: asyncio.Future[list[Paused]] = bench.store.write(lambda db: [])
        written.add_done_callback(lambda done: setattr(engine, "_writing", None))
        engine._writing = written
        await asyncio.wait([written])  # its callbacks are due, and have not run
        engine._writing = written
        with monkeypatch.context() as patch:
            patch.setattr(asyncio, "shield", counted)
            written.add_done_callback(lambda done: setattr(engine, "_writing", None))
            await engine._write()

    run(tmp_path, story)
