"""Server-sent events: in order, from where one was, until somebody ends them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from modemgw.api import event_source, listening
from modemgw.errors import StoreError
from modemgw.gateway import stream as streams
from modemgw.store import events
from tests.api.desk import TO, Desk, at_desk
from tests.api.streams import PATIENCE_S, out_of_patience, relaying
from tests.api.streams import listening as listen


async def post(desk: Desk, count: int, first: int = 0) -> list[str]:
    """Queue messages; return their ids."""
    found = []
    for number in range(first, first + count):
        made = await desk.post("/v1/messages", {"to": TO, "text": f"{number}"})
        assert made.status == 202, made.octets
        found.append(str(made.json["id"]))
    return found


async def push(desk: Desk, count: int, type: str = "sim.up") -> None:
    """Append events in one transaction."""
    store, at = desk.gateway.store, desk.gateway.clock.now_ms()

    def job(db: Any) -> None:
        for number in range(count):
            data: dict[str, object] = {"number": number, "text": "é\n" * 20}
            events.append(db, type, at=at, data=data, ids=store.ids, push=True)

    await store.write(job)


async def listed(desk: Desk, query: str = "?limit=200") -> list[str]:
    return [one["id"] for one in (await desk.get(f"/v1/events{query}")).json["data"]]


def test_events_arrive_as_they_happen(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await post(desk, 2)  # before anybody listens
        async with relaying(desk), listen(desk) as stream:
            assert stream.status == 200
            assert stream.headers["content-type"] == "text/event-stream"
            assert stream.headers["cache-control"] == "no-store"
            assert stream.headers["x-request-id"].startswith("req_")
            ids = await post(desk, 3, first=2)
            found = await stream.take(3)
            assert stream.retry_ms == 3000
            assert [one.data["data"]["id"] for one in found] == ids
            assert {one.type for one in found} == {"message.queued"}
            assert [one.id for one in found] == (await listed(desk))[2:]
            assert found[0].data["id"] == found[0].id
            page = (await desk.get("/v1/events?limit=200")).json["data"]
            assert [one.data for one in found] == page[2:]  # the same envelopes

    at_desk(tmp_path, story, inline=False)


@pytest.mark.parametrize("how", ["since", "Last-Event-ID", "both"])
def test_a_stream_goes_on_behind_an_event(tmp_path: Path, how: str) -> None:
    async def story(desk: Desk) -> None:
        await post(desk, 6)
        ids = await listed(desk)
        query = (
            f"?since={ids[0 if how == 'both' else 2]}" if how != "Last-Event-ID" else ""
        )
        headers = {} if how == "since" else {"Last_Event_ID": ids[2]}
        async with relaying(desk), listen(desk, query, **headers) as stream:
            assert [one.id for one in await stream.take(3)] == ids[3:]
            await post(desk, 1)
            (newest,) = await stream.take(1)
            assert newest.id == (await listed(desk))[-1]

    at_desk(tmp_path, story, inline=False)


def test_a_cursor_of_a_poll_begins_a_stream(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await post(desk, 5)
        page = (await desk.get("/v1/events?limit=2")).json
        query = f"?cursor={page['next_cursor']}"
        async with relaying(desk), listen(desk, query) as stream:
            found = [one.id for one in await stream.take(3)]
            assert found == (await listed(desk))[2:]

    at_desk(tmp_path, story, inline=False)


def test_only_what_is_wanted_comes(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        query = "?types=message.canceled,sim.*"
        async with relaying(desk), listen(desk, query) as stream:
            ids = await post(desk, 2)
            await push(desk, 1, "sim.up")
            await push(desk, 1, "simulation.up")
            await desk.post(f"/v1/messages/{ids[0]}/cancel")
            found = await stream.take(2)
            assert [one.type for one in found] == ["sim.up", "message.canceled"]

    at_desk(tmp_path, story, inline=False)


def test_a_crowd_of_events_arrives_whole_and_in_order(tmp_path: Path) -> None:
    """More than a queue holds, at every point of the way from behind to live."""

    async def story(desk: Desk) -> None:
        await push(desk, 1)
        (first,) = await listed(desk)
        await push(desk, 3 * streams.QUEUE)
        async with (
            relaying(desk),
            listen(desk, f"?since={first}") as behind,
            listen(desk) as live,
        ):
            for _ in range(5):
                await push(desk, streams.QUEUE)

            async def numbers(stream: Any, count: int) -> list[tuple[str, int]]:
                found = await stream.take(count)
                return [(one.id, one.data["data"]["number"]) for one in found]

            late, prompt = await asyncio.gather(
                numbers(behind, 8 * streams.QUEUE), numbers(live, 5 * streams.QUEUE)
            )
            assert late[3 * streams.QUEUE :] == prompt
            assert [number for _, number in prompt] == [*range(streams.QUEUE)] * 5
            assert len({id for id, _ in late}) == len(late)

    at_desk(tmp_path, story, inline=False)


def test_who_does_not_read_is_told_where_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PATIENCE_S", 0.2)

    async def story(desk: Desk) -> None:
        async with relaying(desk), listen(desk) as slow, listen(desk) as quick:
            slow.reader._transport.pause_reading()  # type: ignore[attr-defined]
            seen = 0
            relay = desk.gateway.outlets.stream
            while len(relay._live) == 2 or seen < 4000:
                await push(desk, 1000)
                seen += len(await quick.take(1000))
                assert seen < 100_000, "the buffers between us are endless"
            await out_of_patience(desk)
            for listener in relay._listeners:
                assert len(listener._queue) <= streams.QUEUE
                assert listener._octets <= streams.QUEUE_OCTETS
            slow.reader._transport.resume_reading()  # type: ignore[attr-defined]
            found = []
            while (event := await slow.next()) is not None:
                found.append(event)
            gap = found.pop()
            assert (gap.type, gap.id) == ("gap", "")
            assert gap.data["from"] == found[-1].id == slow.last_id
            assert gap.data["to"] > gap.data["from"]
            async with listen(desk, Last_Event_ID=slow.last_id) as again:
                rest = await again.take(seen - len(found))
                ids = [one.id for one in (*found, *rest)]
                assert len(ids) == len(set(ids)) == seen

    at_desk(tmp_path, story, inline=False)


def test_a_quiet_stream_says_that_it_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_source, "HEARTBEAT_S", 0.02)

    async def story(desk: Desk) -> None:
        async with relaying(desk), listen(desk) as stream:
            reading = asyncio.create_task(stream.next())
            async with asyncio.timeout(PATIENCE_S):
                while stream.comments.count("nothing new") < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            assert not reading.done()
            await post(desk, 1)
            assert await reading is not None

    at_desk(tmp_path, story, inline=False)


@pytest.mark.parametrize(
    "end",
    [
        pytest.param(("DELETE", "/v1/keys/{id}", None), id="revoked"),
        pytest.param(
            ("PATCH", "/v1/keys/{id}", {"scopes": ["messages:send"]}), id="scope lost"
        ),
    ],
)
def test_with_its_key_a_stream_ends_before_the_next_event(
    tmp_path: Path, end: tuple[str, str, object]
) -> None:
    async def story(desk: Desk) -> None:
        key = await desk.new_key("events:read")
        async with relaying(desk), listen(desk, key=key) as stream:
            await post(desk, 1)
            await stream.take(1)
            method, path, body = end
            done = await desk.ask(
                method, path.format(id=key.split("_")[1]), body, admin=True
            )
            assert done.status in (200, 204)
            await post(desk, 1)
            [last] = await stream.take(1)
            assert (last.type, last.id, last.data["status"]) == ("closed", "", 401)
            assert await stream.next() is None

    at_desk(tmp_path, story, inline=False)


def test_a_stop_ends_every_stream(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async with relaying(desk), listen(desk) as one, listen(desk) as other:
            await post(desk, 1)
            await asyncio.gather(one.take(1), other.take(1))
            await desk.gateway.drain(1)
            assert await one.next() is None
            assert await other.next() is None
            async with listen(desk) as late:
                assert late.status == 503
        assert len(desk.gateway.outlets.stream) == 0

    at_desk(tmp_path, story, inline=False)


def test_streams_are_counted_by_key_and_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "MOST_EACH", 2)
    monkeypatch.setattr(streams, "MOST", 3)

    async def story(desk: Desk) -> None:
        other = await desk.new_key("events:read")
        third = await desk.new_key("events:read")
        async with relaying(desk), listen(desk), listen(desk):
            async with listen(desk) as refused:
                assert refused.status == 429
                assert int(refused.headers["retry-after"]) > 0
            async with listen(desk, key=other) as served:
                assert served.status == 200
                async with listen(desk, key=third) as refused:
                    assert refused.status == 429
                assert (await desk.get("/v1/events")).status == 200  # a poll is none
        while len(desk.gateway.outlets.stream):
            await push(desk, 1)  # what is written to nobody shows that nobody is there
            await asyncio.sleep(0.01)
        async with listen(desk) as again:
            assert again.status in (200, 503)

    at_desk(tmp_path, story, inline=False)


@pytest.mark.parametrize(
    ("query", "headers", "at"),
    [
        ("?since=evt_unknown", {}, "since"),
        ("", {"Last_Event_ID": "evt_unknown"}, "since"),
        ("", {"Last_Event_ID": "évt"}, "Last-Event-ID"),
        ("", {"Last_Event_ID": "e" * 65}, "Last-Event-ID"),
        ("?since=%ED%A0%80", {}, "since"),
        ("?types=Message", {}, "types"),
        ("?cursor=x", {}, "cursor"),
        ("?since=a&cursor=c1", {}, "since"),
        ("?nonsense=1", {}, "nonsense"),
    ],
)
def test_a_wrong_wish_is_refused_before_anything_flows(
    tmp_path: Path, query: str, headers: dict[str, str], at: str
) -> None:
    async def story(desk: Desk) -> None:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent |= {"Accept": "text/event-stream"}
        answer = await desk.get(f"/v1/events{query}", headers=sent)
        assert (answer.status, answer.pointers) == (422, [at])
        assert len(desk.gateway.outlets.stream) == 0

    at_desk(tmp_path, story)


def test_while_the_database_fails_a_stream_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "STORE_RETRY_S", 0.01)
    monkeypatch.setattr(streams, "STORE_RETRY_S", 0.01)

    async def story(desk: Desk) -> None:
        reader = desk.gateway.store.reader
        async with relaying(desk), listen(desk) as stream:
            await post(desk, 1)
            await stream.take(1)
            read, fails = reader.read, 3

            async def flaky(*args: Any, **kwargs: Any) -> Any:
                nonlocal fails
                fails -= 1
                if fails >= 0:
                    raise StoreError("the disk is gone for a moment")
                return await read(*args, **kwargs)

            monkeypatch.setattr(reader, "read", flaky)
            await push(desk, 2)
            assert len(await stream.take(2)) == 2
            assert fails < 0

    at_desk(tmp_path, story, inline=False)


def test_a_poll_looks_at_a_part_of_many_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.api.events.SCANNED", 1000)

    async def story(desk: Desk) -> None:
        await push(desk, 1700)
        await push(desk, 1, "sim.down")
        path = "/v1/events?types=sim.down"
        first = (await desk.get(path)).json
        assert (first["data"], first["has_more"]) == ([], True)
        last = (await desk.get(f"{path}&cursor={first['next_cursor']}")).json
        assert [one["type"] for one in last["data"]] == ["sim.down"]
        assert last["has_more"] is False

    at_desk(tmp_path, story)
