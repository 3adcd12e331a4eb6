"""Clients of event streams: a small reader of server-sent events on a bare socket.

async with listening(desk) as stream:
    event = await stream.next()        # Event(id, type, data)
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from modemgw.gateway import stream
from tests.api.desk import Desk

PATIENCE_S = 10.0  # real time; a test that needs more has hung


class Event(NamedTuple):
    id: str
    type: str
    data: Any


@dataclass
class Stream:
    """One open stream, as a browser reads it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    comments: list[str] = field(default_factory=list)
    retry_ms: int = 0
    last_id: str = ""
    _text: str = ""

    async def begin(self) -> None:
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        status, *lines = head.strip().split("\r\n")
        self.status = int(status.split()[1])
        for line in lines:
            name, _, value = line.partition(":")
            self.headers[name.lower()] = value.strip()

    async def _chunk(self) -> bool:
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        octets = await self.reader.readexactly(size + 2)
        self._text += octets[:-2].decode()
        return size > 0

    async def next(self) -> Event | None:
        """Return the next event; None where the stream ends."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                while "\n\n" not in self._text:
                    try:
                        if not await self._chunk():
                            return None
                    except (asyncio.IncompleteReadError, ConnectionError):
                        return None
                block, _, self._text = self._text.partition("\n\n")
                found = {"event": "message", "id": "", "data": ""}
                for line in block.split("\n"):
                    name, _, value = line.partition(":")
                    found[name] = value.strip()
                if "" in found:
                    self.comments.append(found.pop(""))
                if "retry" in found:
                    self.retry_ms = int(found["retry"])
                if found["data"]:
                    self.last_id = found["id"] or self.last_id
                    data = msgspec.json.decode(found["data"])
                    return Event(found["id"], found["event"], data)

    async def take(self, count: int) -> list[Event]:
        found: list[Event] = []
        for _ in range(count):
            event = await self.next()
            assert event is not None, f"ended after {len(found)} of {count}"
            found.append(event)
        return found


@asynccontextmanager
async def listening(
    desk: Desk, query: str = "", *, key: str | None = None, **headers: str
) -> AsyncIterator[Stream]:
    """Open a stream of server-sent events with the desk's key; `key` "": without."""
    server = desk.client.server
    reader, writer = await asyncio.open_connection(server.host, server.port)
    bearer = desk.key if key is None else key
    lines = [f"GET /v1/events{query} HTTP/1.1", f"Host: {server.host}:{server.port}"]
    lines += ["Accept: text/event-stream"]
    lines += [f"Authorization: Bearer {bearer}"] if bearer else []
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode())
    opened = Stream(reader, writer)
    try:
        await opened.begin()
        yield opened
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def out_of_patience(desk: Desk) -> None:
    """Wait until whoever is behind had all the time there is to come level again."""
    relay = desk.gateway.outlets.stream
    async with asyncio.timeout(PATIENCE_S):
        while any(  # noqa: ASYNC110 - nobody tells
            one._full_since is not None
            and relay.now() - one._full_since <= stream.PATIENCE_S
            for one in relay._listeners
        ):
            await asyncio.sleep(0.01)


@asynccontextmanager
async def relaying(desk: Desk) -> AsyncIterator[None]:
    """Let the gateway hand out events, as its own tasks do in a daemon."""
    relay = desk.gateway.outlets.stream
    task = asyncio.create_task(relay.run())
    try:
        yield
    finally:
        relay.close()
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
