"""The usual POST of a message takes the shortcut; everything else goes as ever."""

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modemgw.api import shortcut
from modemgw.api.shortcut import Shortcut
from modemgw.errors import StoreError
from tests.api.desk import TO, Desk, at_desk

USUAL = {"to": TO, "text": "See you at noon."}
_USUAL_JSON = msgspec.json.encode(USUAL)
CHANGES = re.compile(rb"(msg_|req_|Date: |_at\":\")[^\r\",]*")


class Wire:
    """One connection, octet by octet."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.closed = False

    async def open(self) -> "Wire":
        url = self._desk.client.make_url("/")
        self._host = f"{url.host}:{url.port}"
        self._reader, self._writer = await asyncio.open_connection(url.host, url.port)
        return self

    def request(
        self,
        body: object = USUAL,
        *more: str,
        line: str = "POST /v1/messages HTTP/1.1",
        key: str | None = None,
        length: bool = True,
    ) -> bytes:
        octets = body if isinstance(body, bytes) else msgspec.json.encode(body)
        head = [line, f"Host: {self._host}"]
        head.append(f"Authorization: Bearer {key or self._desk.key}")
        if not any(one.lower().startswith("content-type") for one in more):
            head.append("Content-Type: application/json")
        if length:
            head.append(f"Content-Length: {len(octets)}")
        return "\r\n".join((*head, *more, "", "")).encode() + octets

    def write(self, octets: bytes) -> None:
        self._writer.write(octets)

    async def read(self) -> bytes:
        """Return one answer, which has a length."""
        head = await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 10)
        found = re.search(rb"Content-Length: (\d+)", head)
        assert found, head
        return head + await self._reader.readexactly(int(found[1]))

    async def ask(self, octets: bytes) -> bytes:
        self.write(octets)
        return await self.read()

    async def end(self) -> bytes:
        """Return what comes until the gateway hangs up."""
        return await asyncio.wait_for(self._reader.read(), 10)

    def close(self) -> None:
        self._writer.close()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """What was asked of the shortcut, and whether it took it."""
    found: list[bool] = []
    take = Shortcut.take

    def spy(self: Shortcut, *arguments: Any) -> bool:
        found.append(take(self, *arguments))
        return found[-1]

    monkeypatch.setattr(Shortcut, "take", spy)
    return found


def play(
    tmp_path: Path,
    story: Callable[[Desk, Wire], Awaitable[None]],
    *,
    inline: bool = True,
) -> None:
    """Run a story at a desk with a connection whose first request was answered."""

    async def whole(desk: Desk) -> None:
        wire = await Wire(desk).open()
        try:
            assert status(await wire.ask(wire.request())) == 202
            await story(desk, wire)
        finally:
            wire.close()

    at_desk(tmp_path, whole, inline=inline)


def test_this_aiohttp_is_one_that_the_shortcut_knows() -> None:
    assert shortcut.is_known()


def test_another_aiohttp_does_without(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shortcut, "_INSIDE", {"_not_there_any_more"})

    async def story(desk: Desk, wire: Wire) -> None:
        assert status(await wire.ask(wire.request())) == 202
        assert taken == []

    play(tmp_path, story)


@pytest.mark.parametrize(
    "more",
    [(), ("X-Request-Id: mine-7",), ("X-Request-Id: not one",), ("Accept: */*",)],
)
def test_both_ways_answer_the_same(
    tmp_path: Path, taken: list[bool], more: tuple[str, ...]
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        texts = [{"to": TO, "text": f"text {n}", "reference": "é"} for n in "12"]
        short = await wire.ask(wire.request(texts[0], *more))
        ordinary = "Content-Type: application/json; charset=utf-8"
        whole = await wire.ask(wire.request(texts[1], *more, ordinary))
        assert taken[-2:] == [True, False]
        one, two = (CHANGES.sub(rb"\1", octets) for octets in (short, whole))
        assert one == two.replace(b"text 2", b"text 1")
        assert (b"mine-7" in short) == ("X-Request-Id: mine-7" in more)
        found = await desk.get(
            re.findall(rb"Location: (\S+)", short)[0].decode(), admin=True
        )
        assert found.json["text"] == "text 1"

    play(tmp_path, story)


ORDINARY: list[tuple[str, Callable[[Wire], bytes], int]] = [
    ("a query", lambda w: w.request(line="POST /v1/messages?wait=0 HTTP/1.1"), 202),
    ("another path", lambda w: w.request(line="POST /v1/messages/x HTTP/1.1"), 405),
    ("a GET", lambda w: w.request(b"", line="GET /v1/messages HTTP/1.1"), 200),
    ("no body", lambda w: w.request(b""), 400),
    ("no JSON", lambda w: w.request(b"{to"), 400),
    ("a field too many", lambda w: w.request({**USUAL, "sender": "me"}), 422),
    ("no number", lambda w: w.request({**USUAL, "to": "call me"}), 422),
    ("no such SIM", lambda w: w.request({**USUAL, "route": {"sim": "none"}}), 422),
    ("no such key", lambda w: w.request(key="mgw_00000000_" + "x" * 43), 401),
    ("a form", lambda w: w.request(b"to=1", "Content-Type: text/plain"), 415),
    ("packed", lambda w: w.request(USUAL, "Content-Encoding: br"), 415),
    ("too long", lambda w: w.request(b'"' + b"x" * 65536 + b'"'), 413),
    ("a bad once", lambda w: w.request(USUAL, "Idempotency-Key: " + "x" * 256), 422),
    (
        "in chunks",
        lambda w: w.request(
            b"%x\r\n%s\r\n0\r\n\r\n" % (len(_USUAL_JSON), _USUAL_JSON),
            "Transfer-Encoding: chunked",
            length=False,
        ),
        202,
    ),
]


@pytest.mark.parametrize(
    ("request_of", "expected"),
    [row[1:] for row in ORDINARY],
    ids=[row[0] for row in ORDINARY],
)
def test_what_is_not_usual_goes_the_ordinary_way(
    tmp_path: Path,
    taken: list[bool],
    request_of: Callable[[Wire], bytes],
    expected: int,
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        answer = await wire.ask(request_of(wire))
        assert status(answer) == expected, answer
        assert True not in taken
        if expected == 413:
            return  # it hangs up
        # The connection is as good as before.
        assert status(await wire.ask(wire.request())) == 202
        assert taken[-1] is True

    play(tmp_path, story)


def test_a_client_that_wants_no_more_is_hung_up_on(
    tmp_path: Path, taken: list[bool]
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        wire.write(wire.request(USUAL, "Connection: close"))
        assert status(await wire.end()) == 202
        assert True not in taken

    play(tmp_path, story)


def test_a_body_behind_its_head_is_waited_for(
    tmp_path: Path, taken: list[bool]
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        octets = wire.request()
        for part in (octets[:50], octets[50:-10], octets[-10:]):
            wire.write(part)
            await asyncio.sleep(0.01)
        assert status(await wire.read()) == 202
        assert True not in taken
        wire.write(octets[:50])  # a head in two pieces, with its body, is usual
        await asyncio.sleep(0.01)
        wire.write(octets[50:])
        assert status(await wire.read()) == 202
        assert taken[-1] is True

    play(tmp_path, story)


def test_requests_sent_ahead_are_answered_in_order(tmp_path: Path) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        bodies = [{"to": TO, "text": f"text {n}"} for n in range(60)]
        bodies[20] = {"to": "nobody", "text": "text 20"}
        octets = [wire.request(body) for body in bodies]
        wire.write(octets[0])
        await asyncio.sleep(0)
        wire.write(b"".join(octets[1:40]))
        for part in octets[40:]:
            wire.write(part)
            await asyncio.sleep(0)
        for n in range(60):
            answer = await wire.read()
            assert status(answer) == (422 if n == 20 else 202)
            assert n == 20 or f'"text {n}"'.encode() in answer
        assert await desk.queued() == 60  # and the first one of the story

    play(tmp_path, story)


def test_a_promise_holds_whichever_way_it_takes(
    tmp_path: Path, taken: list[bool]
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        once = "Idempotency-Key: 7"
        first = await wire.ask(wire.request(USUAL, once))
        again = await wire.ask(wire.request(USUAL, once))
        other = await wire.ask(wire.request({**USUAL, "text": "other"}, once))
        assert taken == [False, True, True, True]
        assert [status(one) for one in (first, again, other)] == [202, 202, 422]
        assert b"Replayed: false" in first and b"Replayed: true" in again
        assert first.split(b"\r\n\r\n")[1] == again.split(b"\r\n\r\n")[1]
        assert await desk.queued() == 2

    play(tmp_path, story)


def test_two_that_promise_the_same_at_once(tmp_path: Path) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        other = await Wire(desk).open()
        octets = wire.request(USUAL, "Idempotency-Key: 8")
        answers = await asyncio.gather(wire.ask(octets), other.ask(octets))
        assert sorted(map(status, answers)) in ([202, 202], [202, 409])
        assert await desk.queued() == 2
        other.close()

    play(tmp_path, story)


def test_a_key_that_is_gone_opens_nothing(tmp_path: Path, taken: list[bool]) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        reads = await desk.new_key("messages:read")
        assert status(await wire.ask(wire.request(key=reads))) == 403
        assert status(await wire.ask(wire.request(key=reads))) == 403
        await desk.gateway.keys.revoke(desk.key.split("_")[1])
        assert status(await wire.ask(wire.request())) == 401
        assert True not in taken

    play(tmp_path, story)


def test_limits_of_a_key_are_told_and_kept(tmp_path: Path, taken: list[bool]) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        answer = await desk.post(
            "/v1/keys",
            {"name": "few", "scopes": ["messages:send"], "limits": ["1/day"]},
            admin=True,
        )
        for expected in (202, 429):
            told = await wire.ask(wire.request(key=answer.json["key"]))
            assert status(told) == expected and b"RateLimit" in told
        assert True not in taken

    play(tmp_path, story)


def test_what_the_disk_refuses_is_told_and_the_connection_stays(
    tmp_path: Path, taken: list[bool]
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        def full(_: int) -> None:
            raise StoreError("disk full")

        desk.gateway.store.writer.before_commit = full
        answer = await wire.ask(wire.request())
        assert status(answer) == 503 and b"Retry-After" in answer
        assert taken[-1] is True
        desk.gateway.store.writer.before_commit = None
        assert status(await wire.ask(wire.request())) == 202
        assert await desk.queued() == 2

    play(tmp_path, story)


def test_answers_are_counted(tmp_path: Path) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        for _ in range(4):
            await wire.ask(wire.request())
        key = await desk.new_key("metrics:read")
        told = (await desk.get("/metrics", key=key)).octets.decode()
        (line,) = re.findall(r'requests_total\{.*"/v1/messages".*202.*\} (\S+)', told)
        assert float(line) == 5

    play(tmp_path, story)


async def until(is_so: Callable[[], bool]) -> None:
    """Let the loop turn until it is so."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.001)


def held(desk: Desk) -> threading.Event:
    """Hold commits back, in the thread, until the event is set."""
    gate = threading.Event()
    desk.gateway.store.writer._flush_s = 1.0  # a slow disk: nothing in the loop

    def wait(_: int) -> None:
        gate.wait(10)

    desk.gateway.store.writer.before_commit = wait
    return gate


def test_who_leaves_before_the_answer_has_sent_all_the_same(
    tmp_path: Path, taken: list[bool], caplog: pytest.LogCaptureFixture
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        before = len(asyncio.all_tasks())
        other = await Wire(desk).open()
        assert status(await other.ask(other.request())) == 202
        gate = held(desk)
        other.write(other.request())
        await until(lambda: taken[-1])
        other.close()
        await asyncio.sleep(0.02)
        gate.set()
        assert status(await wire.ask(wire.request())) == 202
        assert await desk.queued() == 4
        assert len(asyncio.all_tasks()) <= before + 1
        assert not [one for one in caplog.records if one.levelname == "ERROR"]

    play(tmp_path, story, inline=False)


def test_who_waits_as_the_gateway_stops_is_answered(
    tmp_path: Path, taken: list[bool]
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        gate = held(desk)
        wire.write(wire.request())
        await until(lambda: taken[-1])
        ending = asyncio.create_task(desk.client.server.close())
        await asyncio.sleep(0.02)
        assert not ending.done()
        gate.set()
        assert status(await wire.end()) == 202
        await ending

    play(tmp_path, story, inline=False)
