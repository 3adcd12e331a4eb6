"""How many connections may be open, and how long one may say or take nothing.

Every connection is a file, and a process that has no files left can neither
reopen a modem nor read its database. So whoever can reach the port gets a
share and not all of them, and a connection that has not sent the head of a
request in time is closed. Bodies have a deadline of their own (body.py), and
between two requests the HTTP server's keep-alive limit holds. What is answered and
not taken costs memory: who takes nothing for a while is cut off, and where all of
them together hold too much, those who hold most.

Programs on this machine are no exception, as nobody can tell a good one from a bad
one; only a proxy that the configuration trusts is, for it stands for many.
"""

import asyncio
import logging
import resource
import socket
import struct
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from aiohttp import web

from modemgw.api.peers import Proxies, network

log = logging.getLogger("modemgw.http")

HEAD_DEADLINE_S = 15.0  # from connecting to the end of the first request's head
MOST = 2000  # connections at once
MOST_EACH = 200  # of these from one address that is no proxy of ours
SWEEP_S = 3.0  # between two looks at what is not taken; none while nobody is connected
STALLED_SWEEPS = 10  # so many looks at an answer of which nothing is taken, then enough
MOST_UNTAKEN = 32 * 1024 * 1024  # octets that wait for all connections together
FILES = 8192  # open files wanted; systemd's soft limit of 1024 is for select()
# Connections that wait to be accepted. Where a flood fills that queue the system drops
# everybody's first packet, and a good client tries again only after a whole second.
BACKLOG = 1024
HANDSHAKE_S = 10.0  # for that of TLS
MOST_BEGUN = 500  # of these at once
KEPT_BACK = 256  # of them, for modems, the database and webhooks
LOG_PAUSE_S = 60.0  # between two lines that tell of refused connections
FEWEST = 16  # connections, however few files there are
_AT_ONCE = struct.pack("ii", 1, 0)  # struct linger: on, for no time


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

    def __init__(self, proxies: Sequence[str] = ()) -> None:
        """`proxies` are networks whose connections are counted only in all."""
        self.proxies = Proxies(proxies)
        # By connection, until it has asked: a timer that is left would keep it.
        self._silent: dict[asyncio.BaseTransport, asyncio.TimerHandle] = {}
        # Accepted, and not through their handshake; one that fails tells nobody.
        self._begun: dict[object, asyncio.TimerHandle] = {}
        self._by_address: Counter[str] = Counter()
        self._untaken: dict[asyncio.Transport, tuple[int, int]] = {}  # octets, looks
        self._open: dict[object, asyncio.Transport] = {}
        self._sweep: asyncio.TimerHandle | None = None
        self._wary = False  # the last refusal was told already

    def heard(self, request: web.Request) -> None:
        """Hear that the head of a request has arrived."""
        self.asked(request.transport)

    def asked(self, transport: asyncio.BaseTransport | None) -> None:
        """Hear that the head of a request has arrived from there."""
        if self._silent:
            self._heard(transport)

    def begin(self, server: web.Server) -> asyncio.BaseProtocol:
        """Accept a connection whose TLS handshake begins; return its protocol.

        Only what has come through it is counted as open, so there is a limit of its
        own here. An exception drops the connection.
        """
        if len(self._begun) >= MOST_BEGUN:
            raise ConnectionAbortedError("too many TLS handshakes at once")
        handler, loop = server(), asyncio.get_running_loop()
        self._begun[handler] = loop.call_later(
            HANDSHAKE_S + 1, self._begun.pop, handler, None
        )
        return handler

    def watch(self, server: web.Server, most: int) -> None:
        """Let at most this many connections in."""
        arrive, leave = server.connection_made, server.connection_lost
        each = min(MOST_EACH, most)
        inside: dict[object, str] = {}

        def connection_made(handler: Any, transport: asyncio.Transport) -> None:
            if (begun := self._begun.pop(handler, None)) is not None:
                begun.cancel()
            arrive(handler, transport)
            loop = asyncio.get_running_loop()
            peer = _address(transport)
            room = most if self.proxies.trusts(peer) else each
            address = network(peer)  # of IPv6 a /64: whoever has one has all of it
            if len(self._open) >= most or self._by_address[address] >= room:
                self._refused(peer)
                # Not before the handler's task, which starts in the next turn.
                loop.call_soon(loop.call_soon, transport.abort)
                return
            inside[handler] = address
            self._open[handler] = transport
            self._by_address[address] += 1
            if self._sweep is None:
                self._sweep = loop.call_later(SWEEP_S, self._look)
            self._silent[transport] = loop.call_later(
                HEAD_DEADLINE_S, self._give_up, transport
            )

        def connection_lost(handler: Any, exc: BaseException | None = None) -> None:
            address = inside.pop(handler, None)
            transport = self._open.pop(handler, None)
            self._heard(transport)
            if address is not None:
                self._by_address[address] -= 1
                if not self._by_address[address]:
                    del self._by_address[address]
            leave(handler, exc)

        server.connection_made = connection_made  # type: ignore[method-assign]
        server.connection_lost = connection_lost  # type: ignore[method-assign]

    def _refused(self, address: str) -> None:
        """Say so once in a while: a flood must not fill the log."""
        if not self._wary:
            self._wary = True
            asyncio.get_running_loop().call_later(LOG_PAUSE_S, self._forget)
            extra = {"open": len(self._open), "address": address}
            log.warning("too many connections", extra=extra)

    def _forget(self) -> None:
        self._wary = False

    def _look(self) -> None:
        """Cut off who takes nothing of an answer, and who holds too much of them."""
        loop, before = asyncio.get_running_loop(), self._untaken
        self._sweep = loop.call_later(SWEEP_S, self._look) if self._open else None
        self._untaken = {}
        total = 0
        for transport in list(self._open.values()):
            size = transport.get_write_buffer_size()
            if not size:
                continue
            known, looks = before.get(transport, (0, 0))
            looks = looks + 1 if size >= known else 0
            if looks > STALLED_SWEEPS:
                _reset(transport)
                continue
            self._untaken[transport] = size, looks
            total += size
        if total > MOST_UNTAKEN:
            for transport, (size, _) in sorted(
                self._untaken.items(), key=lambda item: item[1], reverse=True
            ):
                _reset(transport)
                total -= size
                if total <= MOST_UNTAKEN // 2:
                    break

    def _heard(self, transport: asyncio.BaseTransport | None) -> None:
        """Wait for nothing more of a connection: it has asked, or it is gone."""
        timer = None if transport is None else self._silent.pop(transport, None)
        if timer is not None:
            timer.cancel()

    def _give_up(self, transport: asyncio.Transport) -> None:
        if self._silent.pop(transport, None) is not None:
            transport.abort()


def _reset(transport: asyncio.Transport) -> None:
    """Cut a connection off at once: what the system still holds for it goes, too."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        with suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
    transport.abort()


def _address(transport: asyncio.Transport) -> str:
    peer = transport.get_extra_info("peername")
    return str(peer[0]) if isinstance(peer, tuple) else ""
