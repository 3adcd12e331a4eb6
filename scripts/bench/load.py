"""Clients that send messages to a daemon, for the benchmarks.

They speak HTTP/1.1 over bare sockets: an HTTP library would cost as much as the
daemon it measures, and on two cores take its time away. Nothing is pipelined;
each client waits for the answer before it asks again.
"""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast
from urllib.parse import urlsplit

from tests.scenario.box import Box


@dataclass(frozen=True, slots=True)
class Load:
    """What one run of clients took; times in seconds, of the wall and of our CPU."""

    seconds: float
    own_cpu: float
    latencies: list[float]  # of every request, sorted

    def quantile(self, share: float) -> float:
        """Return the latency that this share of the requests did not exceed."""
        return self.latencies[
            min(len(self.latencies) - 1, int(len(self.latencies) * share))
        ]


class _Client(asyncio.Protocol):
    """One keep-alive connection that sends what is left until nothing is."""

    def __init__(self, requests: Iterator[bytes], latencies: list[float]) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._latencies = latencies
        self._answer = b""
        self._began = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._next()

    def _next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._answer = b""
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head, found, body = self._answer.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        at = lower.index(b"\r\ncontent-length:") + 17
        end = lower.find(b"\r\n", at)
        if len(body) < int(lower[at:] if end < 0 else lower[at:end]):
            return
        self._latencies.append(time.perf_counter() - self._began)
        if self._answer[9:12] != b"202":
            self.done.set_exception(SystemExit(f"answered {self._answer[:400]!r}"))
            self._transport.close()
            return
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(SystemExit(f"the daemon hung up: {exc}"))


def request(box: Box, path: str, body: bytes, more: str = "") -> bytes:
    """Write one POST as it goes over the wire; `more`: headers, each with its CRLF."""
    return (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(box.url).netloc}\r\n"
        f"Authorization: Bearer {box.key}\r\nContent-Type: application/json\r\n{more}"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def singles(box: Box, messages: int, once: str = "") -> Iterator[bytes]:
    """Write one request per message, each to another number with another text.

    `once`: what the Idempotency-Key of each begins with; empty: there is none.
    """
    for n in range(messages):
        body = f'{{"to": "+49151{n:08d}", "text": "benchmark {n}"}}'
        more = f"Idempotency-Key: {once}-{n}\r\n" if once else ""
        yield request(box, "/v1/messages", body.encode(), more)


async def run(box: Box, clients: int, requests: Iterator[bytes]) -> Load:
    """Send all requests from so many clients."""
    where = urlsplit(box.url)
    latencies: list[float] = []
    loop = asyncio.get_running_loop()
    cpu, began = time.process_time(), time.perf_counter()
    made = [
        await loop.create_connection(
            lambda: _Client(requests, latencies), where.hostname, where.port
        )
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.done for _, client in made))
    return Load(
        time.perf_counter() - began, time.process_time() - cpu, sorted(latencies)
    )


async def post(box: Box, clients: int, messages: int) -> float:
    """Send one message per request from so many clients; return the seconds."""
    return (await run(box, clients, singles(box, messages))).seconds
