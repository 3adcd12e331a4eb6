"""How many connections may be open, and how long one may say nothing.

Every connection is a file, and a process that has no files left can neither
reopen a modem nor read its database. So whoever can reach the port gets a
share and not all of them, and a connection that has not sent the head of a
request in time is closed. Bodies have a deadline of their own (body.py), and
between two requests the HTTP server's keep-alive limit holds.
"""

import asyncio
import logging
import resource
from collections import Counter
from typing import Any

from aiohttp import web

log = logging.getLogger("modemgw.http")

HEAD_DEADLINE_S = 15.0  # from connecting to the end of the first request's head
MOST = 2000  # connections at once
MOST_EACH = 500  # of these from one address: a proxy needs many, a guest gets no more
FILES = 8192  # open files wanted; systemd's soft limit of 1024 is for select()
HANDSHAKE_S = 10.0  # for that of TLS
MOST_BEGUN = 500  # of these at once
KEPT_BACK = 256  # of them, for modems, the database and webhooks
FEWEST = 16  # connections, however few files there are


def most_connections() -> int:
    """Raise the limit of open files where that is allowed; return our share of it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    if soft == resource.RLIM_INFINITY:
        return MOST
    return max(FEWEST, min(MOST, soft - KEPT_BACK))


class Door:
    """Watches the connections of one HTTP server."""

    def __init__(self) -> None:
        # By connection, until it has asked: a timer that is left would keep it.
        self._silent: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}
        self._begun: set[object] = set()  # accepted, and not through their handshake
        self._by_address: Counter[str] = Counter()
        self._open = 0

    def heard(self, request: web.Request) -> None:
        """Hear that the head of a request has arrived."""
        self._heard(request.transport)

    def begin(self, server: web.Server) -> asyncio.BaseProtocol:
        """Accept a connection whose TLS handshake begins; return its protocol.

        Only what has come through it is counted as open, so there is a limit of its
        own here. An exception drops the connection.
        """
        if len(self._begun) >= MOST_BEGUN:
            raise ConnectionAbortedError("too many TLS handshakes at once")
        handler = server()
        self._begun.add(handler)
        # One that fails tells nobody.
        forget, loop = self._begun.discard, asyncio.get_running_loop()
        loop.call_later(HANDSHAKE_S + 1, forget, handler)
        return handler

    def watch(self, server: web.Server, most: int) -> None:
        """Let at most this many connections in."""
        arrive, leave = server.connection_made, server.connection_lost
        each = min(MOST_EACH, most)
        inside: dict[object, tuple[str, asyncio.Transport]] = {}

        def connection_made(handler: Any, transport: asyncio.Transport) -> None:
            self._begun.discard(handler)
            arrive(handler, transport)
            loop = asyncio.get_running_loop()
            address = _address(transport)
            if self._open >= most or self._by_address[address] >= each:
                log.warning("too many connections", extra={"open": self._open})
                # Not before the handler's task, which starts in the next turn.
                loop.call_soon(loop.call_soon, transport.abort)
                return
            inside[handler] = address, transport
            self._open += 1
            self._by_address[address] += 1
            self._silent[transport] = loop.call_later(
                HEAD_DEADLINE_S, self._give_up, transport
            )

        def connection_lost(handler: Any, exc: BaseException | None = None) -> None:
            address, transport = inside.pop(handler, (None, None))
            self._heard(transport)
            if address is not None:
                self._open -= 1
                self._by_address[address] -= 1
                if not self._by_address[address]:
                    del self._by_address[address]
            leave(handler, exc)

        server.connection_made = connection_made  # type: ignore[method-assign]
        server.connection_lost = connection_lost  # type: ignore[method-assign]

    def _heard(self, transport: asyncio.BaseTransport | None) -> None:
        """Wait for nothing more of a connection: it has asked, or it is gone."""
        timer = None if transport is None else self._silent.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def _give_up(self, transport: asyncio.Transport) -> None:
        if self._silent.pop(transport, None) is not None:
            transport.abort()


def _address(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""
