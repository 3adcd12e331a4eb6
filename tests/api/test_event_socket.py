"""Events over a WebSocket, and messages the other way; with two client libraries."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiohttp import ClientWebSocketResponse, WSMsgType, WSServerHandshakeError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from modemgw.api import event_socket
from modemgw.api.auth import ADMIN
from modemgw.gateway import stream as streams
from tests.api.desk import TO, Desk, at_desk
from tests.api.streams import PATIENCE_S, out_of_patience, relaying
from tests.api.test_event_source import listed, post, push


@asynccontextmanager
async def open_socket(
    desk: Desk, query: str = "", key: str | None = None, **options: Any
) -> AsyncIterator[ClientConnection]:
    """Connect with the library `websockets`; `key` "": without one."""
    server = desk.client.server
    bearer = desk.key if key is None else key
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    url = f"ws://{server.host}:{server.port}/v1/events{query}"
    options = {"close_timeout": 0.2, **options}  # nobody waits for what is unread
    async with connect(url, additional_headers=headers, **options) as socket:
        yield socket


async def tell(socket: ClientConnection, frame: object) -> None:
    octets = frame if isinstance(frame, bytes) else msgspec.json.encode(frame)
    await socket.send(octets.decode())


async def hear(socket: ClientConnection, count: int = 1) -> list[Any]:
    """Return the next frames."""
    async with asyncio.timeout(PATIENCE_S):
        return [msgspec.json.decode(await socket.recv()) for _ in range(count)]


async def closing(socket: ClientConnection) -> tuple[int, str]:
    """Read to the end; return the code and the reason."""
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(ConnectionClosed):
            while True:
                await socket.recv()
    return socket.close_code or 0, socket.close_reason or ""


def send(key: str, **fields: Any) -> dict[str, object]:
    return {"op": "send", "key": key, "body": {"to": TO, "text": "hi", **fields}}


def test_events_come_as_the_envelope_and_its_id(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await post(desk, 3)
        ids = await listed(desk)
        async with relaying(desk), open_socket(desk, f"?since={ids[0]}") as socket:
            await post(desk, 1)
            found = await hear(socket, 3)
            page = (await desk.get(f"/v1/events?since={ids[0]}")).json
            assert found == page["data"]
            assert list(found[0]) == ["id", "type", "timestamp", "data"]

    at_desk(tmp_path, story, inline=False)


def test_types_are_chosen_at_first_and_later(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async with relaying(desk), open_socket(desk, "?types=sim.*") as socket:
            await post(desk, 1)
            await push(desk, 1)
            (event,) = await hear(socket)
            assert event["type"] == "sim.up"
            await tell(socket, {"op": "subscribe", "types": ["message.*"]})
            # An answer to what comes behind it shows that it was heard.
            await tell(socket, send("k1"))
            result, queued = sorted(
                await hear(socket, 2), key=lambda one: "op" not in one
            )
            assert (result["op"], queued["type"]) == ("result", "message.queued")
            await push(desk, 1)
            await post(desk, 1)
            (event,) = await hear(socket)
            assert event["type"] == "message.queued"

    at_desk(tmp_path, story, inline=False)


def test_what_is_sent_is_a_message_like_any_other(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async with relaying(desk), open_socket(desk, "?types=sim.*") as socket:
            await tell(socket, send("order-991", reference="991"))
            (first,) = await hear(socket)
            assert list(first) == ["op", "key", "data"]
            assert (first["op"], first["key"]) == ("result", "order-991")
            shown = (await desk.get(f"/v1/messages/{first['data']['id']}")).json
            assert shown["reference"] == "991"
            assert first["data"]["state"] == "queued"
            # The same promise again, here and over HTTP: the same message.
            await tell(socket, send("order-991", reference="991"))
            (again,) = await hear(socket)
            assert again == first
            body = msgspec.json.encode(send("", reference="991")["body"])
            answer = await desk.post(
                "/v1/messages", body, headers={"Idempotency-Key": "order-991"}
            )
            assert answer.headers["Idempotency-Replayed"] == "true"
            assert answer.json == first["data"]
            await tell(socket, send("order-991", text="other"))
            (refused,) = await hear(socket)
            assert refused["error"]["type"].endswith("/idempotency-mismatch")
            assert await desk.queued() == 1

    at_desk(tmp_path, story, inline=False)


def test_many_are_sent_at_once_and_each_gets_its_result(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async with relaying(desk), open_socket(desk, "?types=sim.*") as socket:
            keys = [f"k{number}" for number in range(200)]
            for key in keys:
                await tell(socket, send(key, text=key))
            results = await hear(socket, 200)
            assert sorted(one["key"] for one in results) == sorted(keys)
            texts = {one["key"]: one["data"]["text"] for one in results}
            assert all(key == text for key, text in texts.items())
            assert await desk.queued() == 200

    at_desk(tmp_path, story, inline=False)


@pytest.mark.parametrize(
    ("frame", "problem", "pointer"),
    [
        (send("a", to="nobody"), "invalid-field", "/body/to"),
        (send("a", nonsense=1), "invalid-field", "/body/nonsense"),
        (send("a", text=5), "invalid-field", "/body/text"),
        (send("é"), "invalid-field", "/key"),
    ],
)
def test_a_message_that_is_refused_says_why(
    tmp_path: Path, frame: dict[str, object], problem: str, pointer: str
) -> None:
    async def story(desk: Desk) -> None:
        async with relaying(desk), open_socket(desk) as socket:
            await tell(socket, frame)
            (told,) = await hear(socket)
            assert (told["op"], told["key"]) == ("result", frame["key"])
            assert told["error"]["type"].endswith(f"/{problem}")
            (issue,) = told["error"]["errors"]
            assert issue["pointer"] in (pointer, f"/body{pointer}")
            assert await desk.queued() == 0

    at_desk(tmp_path, story, inline=False)


def test_a_limit_holds_here_too(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        scopes = ["messages:send", "events:read"]
        wish = {"name": "few", "scopes": scopes, "limits": ["2/day"]}
        made = await desk.post("/v1/keys", wish, admin=True)
        async with (
            relaying(desk),
            open_socket(desk, "?types=sim.*", made.json["key"]) as socket,
        ):
            for number in range(3):
                await tell(socket, send(f"k{number}"))
            results = await hear(socket, 3)
            refused = [one["error"] for one in results if "error" in one]
            assert [one["status"] for one in refused] == [429]
            assert await desk.queued() == 2

    at_desk(tmp_path, story, inline=False)


def test_without_the_scope_nothing_is_sent(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        key = await desk.new_key("events:read")
        async with relaying(desk), open_socket(desk, key=key) as socket:
            await tell(socket, send("a"))
            (told,) = await hear(socket)
            assert told["error"]["type"].endswith("/forbidden")
            assert await desk.queued() == 0

    at_desk(tmp_path, story, inline=False)


MISTAKES = [
    b"{",
    b"[]",
    b"null",
    b'{"op":"dance"}',
    b'{"op":"subscribe"}',
    b'{"op":"subscribe","types":["Message"]}',
    b'{"op":"subscribe","types":[]}',
    b'{"op":"subscribe","types":["*"],"more":1}',
    b'{"op":"send","key":"a"}',
    b'{"op":"send","body":{}}',
    b'{"op":"send","key":"","body":{}}',
    b'{"op":"ack"}',
    b'{"op":"ack","id":"' + b"x" * 100 + b'"}',
    b'{"op":"send","key":"a","body":' + b"[" * 5000,
]


def test_a_frame_that_is_not_understood_is_answered_and_too_many_end_it(
    tmp_path: Path,
) -> None:
    async def story(desk: Desk) -> None:
        async with relaying(desk), open_socket(desk, "?types=sim.*") as socket:
            for frame in MISTAKES:
                await tell(socket, frame)
                (told,) = await hear(socket)
                assert told["op"] == "error", frame
                assert told["error"]["status"] in (400, 422)
            await tell(socket, send("works"))
            (result,) = await hear(socket)
            assert result["data"]["state"] == "queued"
            for _ in range(event_socket.MOST_MISTAKES - len(MISTAKES)):
                await tell(socket, b"{")
            assert await closing(socket) == (1008, "too many mistakes")

    at_desk(tmp_path, story, inline=False)


@pytest.mark.parametrize(
    ("octets", "code"), [(b"\x00\x01", 1003), ("x" * (64 * 1024 + 1), 1009)]
)
def test_what_is_no_frame_of_ours_ends_it(
    tmp_path: Path, octets: bytes | str, code: int
) -> None:
    async def story(desk: Desk) -> None:
        async with relaying(desk), open_socket(desk) as socket:
            await socket.send(octets)
            assert (await closing(socket))[0] == code
        assert len(desk.gateway.outlets.stream) == 0

    at_desk(tmp_path, story, inline=False)


def test_who_does_not_read_is_told_where_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "PATIENCE_S", 0.2)

    async def story(desk: Desk) -> None:
        relay = desk.gateway.outlets.stream
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(relaying(desk))
            socket = await stack.enter_async_context(open_socket(desk, max_queue=4))
            await push(desk, 3)
            first, second, _ = await hear(socket, 3)
            await tell(socket, {"op": "ack", "id": second["id"]})
            pushed = 3
            while relay._live:  # `websockets` stops reading when its queue is full
                await push(desk, 1000)
                pushed += 1000
                await asyncio.sleep(0.02)
                assert pushed < 200_000, "the buffers between us are endless"
            await out_of_patience(desk)
            found = [first["id"], second["id"]]
            while "op" not in (frame := (await hear(socket))[0]):
                found.append(frame["id"])
            assert frame["op"] == "gap"
            assert frame["from"] == second["id"], "what was acknowledged counts"
            assert frame["to"] >= found[-1]
            assert (await closing(socket))[0] == 1013
            again = open_socket(desk, f"?since={found[-1]}")
            socket = await stack.enter_async_context(again)
            (after,) = await hear(socket)
            assert after["id"] > found[-1]

    at_desk(tmp_path, story, inline=False)


def test_a_stop_closes_in_order(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async with relaying(desk), open_socket(desk) as socket:
            await post(desk, 1)
            await hear(socket)
            await desk.gateway.drain(1)
            assert await closing(socket) == (1001, "the gateway stops")

    at_desk(tmp_path, story, inline=False)


def test_a_revoked_key_closes_it(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        key = await desk.new_key("events:read", "messages:send")
        async with relaying(desk), open_socket(desk, key=key) as socket:
            await post(desk, 1)
            await hear(socket)
            await desk.ask("DELETE", f"/v1/keys/{key.split('_')[1]}", admin=True)
            await tell(socket, send("late"))
            assert (await closing(socket))[0] == 1008
            assert await desk.queued() == 1

    at_desk(tmp_path, story, inline=False)


def test_pings_go_out_and_who_does_not_answer_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_socket, "PING_S", 0.1)

    async def story(desk: Desk) -> None:
        headers = {"Authorization": f"Bearer {desk.key}"}
        relay = desk.gateway.outlets.stream
        async with desk.client.ws_connect(
            "/v1/events", headers=headers, autoping=False
        ) as socket:
            assert isinstance(socket, ClientWebSocketResponse)
            message = await socket.receive(timeout=PATIENCE_S)
            assert message.type is WSMsgType.PING
            await socket.pong(message.data)
            assert (await socket.receive(timeout=PATIENCE_S)).type is WSMsgType.PING
            # This one is not answered.
            async with asyncio.timeout(PATIENCE_S):
                while len(relay):  # noqa: ASYNC110 - nobody tells when they go
                    await asyncio.sleep(0.01)

    at_desk(tmp_path, story)


def test_a_browser_comes_with_a_ticket_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post("/v1/events/ticket")
        assert made.status == 201
        assert made.json["expires_in"] == 30
        query = f"?ticket={made.json['ticket']}&types=message.*"
        async with relaying(desk), open_socket(desk, query, key="") as socket:
            await post(desk, 1)
            assert (await hear(socket))[0]["type"] == "message.queued"
            await tell(socket, send("a"))  # a ticket is for reading
            (told,) = await hear(socket)
            assert told["error"]["type"].endswith("/forbidden")
            with pytest.raises(WSServerHandshakeError) as again:
                await desk.client.ws_connect(f"/v1/events{query}")
            assert again.value.status == 401

    at_desk(tmp_path, story, inline=False)


def test_tickets_end_and_are_made_for_readers_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk) -> None:
        key = await desk.new_key("messages:send")
        assert (await desk.post("/v1/events/ticket", key=key)).problem == "forbidden"
        tickets, path = desk.gateway.outlets.tickets, "/v1/events?ticket="
        monkeypatch.setattr("modemgw.gateway.tickets.LIFE_S", -1)
        late = (await desk.post("/v1/events/ticket")).json["ticket"]
        monkeypatch.undo()
        for wrong in (late, "", "tkt_wrong", "%ED%A0%80", f"{late}&ticket=b"):
            answer = await desk.get(path + wrong)
            assert (answer.status, answer.problem) == (401, "unauthorized"), wrong
        for _ in range(1100):
            tickets.issue(ADMIN)
        assert len(tickets._open) == 1000
        good = (await desk.post("/v1/events/ticket")).json["ticket"]
        headers = {"Authorization": ""}
        assert (await desk.get(path + good, headers=headers)).status == 200

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    "headers",
    [
        {"Upgrade": "websocket"},
        {"Upgrade": "websocket", "Connection": "Upgrade"},
        {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "12",
            "Sec-WebSocket-Key": "x",
        },
        {
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Key": "short",
        },
    ],
)
def test_half_a_handshake_is_a_bad_request(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.get("/v1/events", headers=headers)
        assert (answer.status, answer.problem) == (400, "bad-request")
        assert len(desk.gateway.outlets.stream) == 0

    at_desk(tmp_path, story)
