"""Answers that go out by themselves look as those that aiohttp sends.

Octet by octet, but for what belongs to the connection.
"""

import asyncio
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest

from tests.api.desk import Desk, at_desk

ALIVE = "HTTP/1.1", "Host: localhost\r\n"
OTHERS = {
    "old": ("HTTP/1.0", "Host: localhost\r\n"),
    "old that stays": ("HTTP/1.0", "Host: localhost\r\nConnection: keep-alive\r\n"),
    "last": ("HTTP/1.1", "Host: localhost\r\nConnection: close\r\n"),
}
SAME = {"X-Request-Id: test", "Content-Type: application/json"}


async def ask(
    desk: Desk, version: str, headers: str, *, method: str = "GET", times: int = 1
) -> list[tuple[list[str], bytes]]:
    """Ask on one connection; return the head, in lines, and the body of each answer."""
    port = desk.client.server.port
    assert port is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = (
        f"{method} /v1/messages {version}\r\n{headers}X-Request-Id: test\r\n"
        f"Authorization: Bearer {desk.key}\r\n\r\n"
    )
    writer.write(request.encode() * times)
    found = []
    for _ in range(times):
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        (length,) = (int(line[16:]) for line in head if line[:16] == "Content-Length: ")
        body = b"" if method == "HEAD" else await reader.readexactly(length)
        found.append((head, body))
    writer.close()
    return found


@pytest.mark.parametrize("kind", OTHERS)
def test_it_looks_as_any_other_answer(tmp_path: Path, kind: str) -> None:
    async def story(desk: Desk) -> None:
        ((head, body),) = await ask(desk, *ALIVE)
        ((other, same),) = await ask(desk, *OTHERS[kind])
        assert head[0] == "HTTP/1.1 200 OK"
        assert head[0][9:] == other[0][9:]
        assert body == same
        dates = {line for line in (*head, *other) if line[:6] == "Date: "}
        assert all(parsedate_to_datetime(line[6:]) for line in dates)
        assert not any(line[:11] == "Connection:" for line in head)
        kept = [line for line in other if line[:11] != "Connection:"]
        assert {*head[1:]} - dates == {*kept[1:]} - dates
        assert {*head} >= SAME | {f"Content-Length: {len(body)}"}

    at_desk(tmp_path, story)


def test_a_head_has_no_body(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answers = await ask(desk, *ALIVE, method="HEAD", times=2)
        assert [head[0] for head, _ in answers] == ["HTTP/1.1 200 OK"] * 2

    at_desk(tmp_path, story)


def test_answers_on_one_connection_follow_one_another(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answers = await ask(desk, *ALIVE, times=5)
        assert len({body for _, body in answers}) == 1
        assert all(head[0] == "HTTP/1.1 200 OK" for head, _ in answers)

    at_desk(tmp_path, story)
