"""Many deliveries: dead endpoints beside living ones, bounded memory, few commits."""

import asyncio
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from modemgw.gateway.webhook_lanes import (
    FAILING_SHARE,
    FREE_FAILURES,
    LONGEST_GAP_MS,
    PER_LANE,
    TOTAL,
    Lanes,
)
from modemgw.store import events, outbox
from modemgw.store.connection import Connection
from modemgw.store.keys import create as create_key
from tests.gateway.hooks import Bench, run
from tests.store.factory import add_message


def ids(bench: Bench, path: str) -> set[str]:
    return {one.id for one in bench.receiver.to(path)}


def test_a_dead_endpoint_with_1000_events_holds_up_nobody(tmp_path: Path) -> None:
    lanes = Lanes(lane_ids=50)

    async def story(bench: Bench) -> None:
        let_go = asyncio.Event()

        async def hang(_: web.Request) -> web.Response:
            await let_go.wait()
            return web.Response(status=500)

        bench.receiver.always["/dead"] = hang
        dead = await bench.endpoint("/dead", ["message.*"])
        await bench.events(1000, "message.sent")
        alive = await bench.endpoint("/alive", ["sim.*"])
        arrived = asyncio.Event()

        async def take(_: web.Request) -> web.Response:
            if len(ids(bench, "/alive")) == 20:
                arrived.set()
            return web.Response(status=204)

        bench.receiver.always["/alive"] = take
        await bench.events(20, "sim.up")
        await arrived.wait()  # while every request to the dead one hangs
        assert bench.receiver.at_once["/dead"] == PER_LANE
        assert lanes.known <= 50 + PER_LANE + 20

        let_go.set()
        await bench.quiet()
        assert len(ids(bench, "/alive")) == 20
        assert {row.state for row in await bench.deliveries(alive)} == {"done"}
        failed = len(ids(bench, "/dead"))
        assert PER_LANE < failed <= FREE_FAILURES + PER_LANE  # then it is slowed
        for _ in range(20):
            await bench.later(LONGEST_GAP_MS / 1000)  # one at a time
        tried = len(bench.receiver.to("/dead"))
        assert failed + 15 <= tried <= failed + 20
        bench.receiver.always["/dead"] = 204
        await bench.later(LONGEST_GAP_MS / 1000)  # the first success lets all go
        await bench.later(37)
        assert {row.state for row in await bench.deliveries(dead)} == {"done"}
        assert len(ids(bench, "/dead")) == 1000
        assert len(bench.receiver.to("/dead")) == 1000 + tried
        assert lanes.known == 0

    run(tmp_path, story, lanes=lanes)


def test_a_full_lane_is_filled_again_without_reading_all_that_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lanes = Lanes(lane_ids=50)
    due, looked = outbox.due, 0

    def counting(*args: Any, **kwargs: Any) -> Any:
        nonlocal looked
        found = due(*args, **kwargs)
        looked += len(found)
        return found

    async def story(bench: Bench) -> None:
        bench.store.writer.on_pushed = None
        await bench.endpoint()
        await bench.events(2000)
        monkeypatch.setattr(outbox, "due", counting)
        await bench.restart()
        await bench.quiet()
        assert len(ids(bench, "/hook")) == 2000
        # One page each time, and not all that is left.
        assert looked <= 2000 / 50 * 500

    run(tmp_path, story, lanes=lanes)


def test_what_is_about_one_message_arrives_in_order(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.endpoint()
        store, at = bench.store, bench.clock.ms

        async def slow_at_first(_: web.Request) -> web.Response:
            await asyncio.sleep(0.001 * (5 - len(bench.receiver.got) % 5))
            return web.Response(status=204)

        bench.receiver.always["/hook"] = slow_at_first

        def job(db: Connection) -> None:
            messages = [add_message(db, number) for number in range(20)]
            for sequence in range(1, 6):
                for message in messages:
                    events.append(
                        db,
                        "message.sent",
                        at=at,
                        data={"id": message, "sequence": sequence},
                        ids=store.ids,
                        message_id=message,
                        push=True,
                    )

        await store.write(job)
        await bench.quiet()
        seen: dict[int, list[int]] = {}
        for one in bench.receiver.got:
            data = one.json["data"]
            seen.setdefault(data["id"], []).append(data["sequence"])
        assert list(seen.values()) == [[1, 2, 3, 4, 5]] * 20
        assert bench.receiver.most_at_once["/hook"] == PER_LANE

    run(tmp_path, story)


def test_more_events_than_fit_in_memory_all_arrive_once(tmp_path: Path) -> None:
    lanes = Lanes(lane_ids=7, all_ids=20)

    async def story(bench: Bench) -> None:
        for path in ("/a", "/b", "/c", "/d"):
            await bench.endpoint(path)
        await bench.events(150)
        await bench.quiet()
        for path in ("/a", "/b", "/c", "/d"):
            assert len(bench.receiver.to(path)) == 150
            assert len(ids(bench, path)) == 150
            assert bench.receiver.most_at_once[path] <= PER_LANE
        assert lanes.known == 0

    run(tmp_path, story, lanes=lanes)


def test_more_than_a_page_is_taken_up_after_a_restart(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        bench.store.writer.on_pushed = None
        await bench.events(1200)
        before = len(bench.receiver.got)  # what was on its way may come once more
        await bench.restart(clean=False)
        await bench.quiet()
        assert len(ids(bench, "/hook")) == 1200
        assert len(bench.receiver.got) <= 1200 + before + PER_LANE
        assert {row.state for row in await bench.deliveries(hook)} == {"done"}

    run(tmp_path, story)


def test_failing_endpoints_leave_half_of_the_slots_to_the_others(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        dead = [f"/dead{number}" for number in range(TOTAL + 8)]
        for path in dead:
            await bench.endpoint(path, ["message.*"])
            bench.receiver.answers[path] = [500]
        await bench.event("message.sent")
        await bench.quiet()
        let_go = asyncio.Event()

        async def hang(_: web.Request) -> web.Response:
            await let_go.wait()
            return web.Response(status=500)

        bench.receiver.always.update(dict.fromkeys(dead, hang))
        await bench.events(3, "message.sent")
        await bench.endpoint("/alive", ["sim.*"])
        arrived = asyncio.Event()

        async def take(_: web.Request) -> web.Response:
            arrived.set()
            return web.Response(status=204)

        bench.receiver.always["/alive"] = take
        await bench.event("sim.up")
        await arrived.wait()
        hanging = sum(bench.receiver.at_once[path] for path in dead)
        assert hanging <= int(TOTAL * FAILING_SHARE)
        let_go.set()
        await bench.quiet()

    run(tmp_path, story)


def test_many_successes_share_few_commits(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        for number in range(8):
            await bench.endpoint(f"/hook{number}")
        bench.engine._linger_s = 0.02  # as in life; the bench does without
        before = bench.store.writer.commits
        await bench.events(100)
        wrote_events = bench.store.writer.commits - before
        await bench.quiet()
        assert len(bench.receiver.got) == 800
        assert bench.store.writer.commits - before - wrote_events < 200

    run(tmp_path, story)


def test_a_dead_callback_host_holds_up_no_other(tmp_path: Path) -> None:
    lanes = Lanes(lane_ids=10)

    async def story(bench: Bench) -> None:
        key, _ = await bench.store.write(
            lambda db: create_key(db, "app", ["messages:send"], bench.clock.ms)
        )
        let_go = asyncio.Event()

        async def hang(_: web.Request) -> web.Response:
            await let_go.wait()
            return web.Response(status=204)

        bench.receiver.always["/dead"] = hang
        here = [ip_address("127.0.0.1")]
        bench.names = {"dead.example": here, "alive.example": here}
        await bench.events(
            200,
            callback_url=bench.receiver.url("/dead", "dead.example"),
            key_id=key.id,
        )
        arrived = asyncio.Event()

        async def take(_: web.Request) -> web.Response:
            arrived.set()
            return web.Response(status=204)

        bench.receiver.always["/alive"] = take
        await bench.events(
            1,
            callback_url=bench.receiver.url("/alive", "alive.example"),
            key_id=key.id,
        )
        await arrived.wait()
        assert bench.receiver.at_once["/dead"] == PER_LANE
        let_go.set()
        await bench.quiet()
        assert len(ids(bench, "/dead")) == 200

    run(tmp_path, story, allow=True, lanes=lanes)
