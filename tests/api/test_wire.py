"""What arrives at the socket: slow, damaged, endless, half closed."""

import asyncio
from pathlib import Path

import pytest

from modemgw.api import app, body
from tests.api.desk import TO, Desk, at_desk

HEAD = (
    b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n"
    b"Content-Type: application/json\r\n"
    b"Authorization: Bearer %s\r\n"
)
JSON = b'{"to":"%s","text":"hi"}' % TO.encode()


async def say(desk: Desk, octets: bytes, *, end: bool = False) -> bytes:
    """Write octets to a fresh connection; return all that comes until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", desk.client.port)
    try:
        writer.write(octets)
        if end:
            writer.write_eof()
        async with asyncio.timeout(10):
            return await reader.read()
    finally:
        writer.close()


def head(desk: Desk, *lines: bytes) -> bytes:
    return HEAD % desk.key.encode() + b"".join(line + b"\r\n" for line in lines)


def test_a_body_that_stalls_is_408_and_the_connection_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "BODY_DEADLINE_S", 0.05)
    monkeypatch.setattr(app, "LINGER_S", 0.05)

    async def story(desk: Desk) -> None:
        slow = head(desk, b"Content-Length: 500") + b"\r\n" + JSON
        answer = await say(desk, slow)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"request-timeout" in answer
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


def test_an_endless_body_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "LINGER_S", 0.05)

    async def story(desk: Desk) -> None:
        chunk = b"1000\r\n" + b" " * 4096 + b"\r\n"
        endless = head(desk, b"Transfer-Encoding: chunked") + b"\r\n" + chunk * 40
        answer = await say(desk, endless)
        assert answer.startswith(b"HTTP/1.1 413 ")
        assert b"payload-too-large" in answer
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


def test_chunks_are_put_together(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        chunks = b"".join(
            b"%x\r\n%s\r\n" % (len(part), part) for part in (JSON[:9], JSON[9:])
        )
        whole = head(desk, b"Transfer-Encoding: chunked", b"Connection: close")
        answer = await say(desk, whole + b"\r\n" + chunks + b"0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 202 "), answer
        assert await desk.queued() == 1

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param(b"GET / HTTP/9.9\r\n\r\n", id="version"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc", id="TLS"),
        pytest.param(b"hello\r\n\r\n", id="no HTTP"),
        pytest.param(
            b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: "
            + b"a" * 20_000
            + b"\r\n\r\n",
            id="long header",
        ),
        pytest.param(
            b"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            id="smuggling",
        ),
    ],
)
def test_what_is_no_http_is_400_without_noise(
    tmp_path: Path, octets: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(desk: Desk) -> None:
        answer = await say(desk, octets, end=True)
        assert answer == b"" or answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.0 400 "))
        assert (await desk.get("/healthz")).status == 200

    at_desk(tmp_path, story)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_a_client_that_leaves_harms_nobody(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(desk: Desk) -> None:
        leaving = []
        for _ in range(20):
            _, writer = await asyncio.open_connection("127.0.0.1", desk.client.port)
            writer.write(head(desk, b"Content-Length: 500") + b"\r\n{")
            await writer.drain()
            leaving.append(writer)
        for writer in leaving[::2]:  # some are already being read, some are not
            writer.transport.abort()
        assert (await desk.get("/healthz")).status == 200
        for writer in leaving[1::2]:
            writer.transport.abort()
        assert (await desk.get("/v1/messages")).json["data"] == []

    at_desk(tmp_path, story)
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_two_requests_in_one_packet_get_two_answers(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        one = head(desk, b"Content-Length: %d" % len(JSON)) + b"\r\n" + JSON
        last = head(desk, b"Content-Length: %d" % len(JSON), b"Connection: close")
        answer = await say(desk, one + last + b"\r\n" + JSON)
        assert answer.count(b"HTTP/1.1 202 ") == 2
        assert await desk.queued() == 2

    at_desk(tmp_path, story)
