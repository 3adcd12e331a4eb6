"""The way in for the request that comes by the thousand: one message, on a connection
that stays.

An HTTP server makes a task, a request and an answer of each request, and looks for its
route; together that costs several times what the message does. So the usual POST
/v1/messages is taken here, as soon as aiohttp has parsed it, and answered in the turn
of the loop that brings its commit. All that is not usual goes the ordinary way: other
routes, a body that still arrives, a key or a host not met before, a limit, a query, and
whatever has to be refused, so that every error is made in one place.
"""

import asyncio
from collections.abc import Callable, Sequence
from time import perf_counter, time
from typing import Any

from aiohttp import HttpVersion11, web
from aiohttp.http_parser import RawRequestMessage
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from modemgw.api.answers import EVERY, JSON, http_date
from modemgw.api.auth import Authenticator
from modemgw.api.body import MAX_BODY
from modemgw.api.door import Door
from modemgw.api.hosts import Hosts
from modemgw.api.messages import IDEMPOTENCY_KEY, SUBMIT, idempotency_key, submission
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.metrics import RouteTally
from modemgw.gateway.model import Submitted

PATH = SUBMIT.path
# What is used of aiohttp besides its interface. Where a version lacks any of it, every
# request goes the ordinary way.
_INSIDE = {
    *("_buffer_paused", "_handler_waiter", "_keepalive_timeout", "_loop", "_messages"),
    *("_next_keepalive_close_time", "_parser", "_paused", "_request_in_progress"),
    *("_waiter",),
}
_HEAD = "\r\n".join(
    (
        "HTTP/1.1 202 Accepted",
        f"Content-Type: {JSON}",
        f"Location: {PATH}/{{}}",
        "Idempotency-Replayed: false",
        "X-Request-Id: {}",
        *(f"{name}: {value}" for name, value in EVERY.items()),
        "Content-Length: {}",
        "Date: {}\r\n\r\n",
    )
).format

Told = Callable[[bytes | None], None]


def is_known() -> bool:
    """Tell whether this version of aiohttp is as the shortcut needs it."""
    slots = {name for kind in RequestHandler.__mro__ for name in _slots(kind)}
    return slots >= _INSIDE and "_buffer" in _slots(StreamReader)


def _slots(kind: type) -> tuple[str, ...]:
    return getattr(kind, "__slots__", ())


class Shortcut:
    """Answers the usual POST of a message; says which it is."""

    def __init__(
        self,
        gateway: Gateway,
        authenticator: Authenticator,
        door: Door,
        hosts: Hosts,
        tally: RouteTally,
        request_id: Callable[[str | None], str],
    ) -> None:
        """`request_id` tells the id of a request from the one that its client gave."""
        self._gateway = gateway
        self._authenticator = authenticator
        self._door = door
        self._hosts = hosts
        self._tally = tally
        self._request_id = request_id

    def take(
        self,
        line: "Line",
        message: RawRequestMessage,
        payload: StreamReader,
        told: Told,
    ) -> bool:
        """Begin to answer, where the request is the usual one; else it is as it was.

        `told` gets the answer, octet by octet, or None where the request has to go the
        ordinary way after all.
        """
        if (
            message.path != PATH
            or message.method != SUBMIT.method
            or message.version != HttpVersion11
            or message.should_close
            or message.upgrade
            or message.chunked
            or not payload.is_eof()
        ):
            return False
        headers, peer = message.headers, line.peername
        # Left there for the ordinary way; a reader of nothing has none.
        chunks: Sequence[bytes] = getattr(payload, "_buffer", ())
        if (
            len(chunks) != 1
            or len(chunks[0]) > MAX_BODY
            or headers.get("Content-Type", JSON) != JSON
            or "Content-Encoding" in headers
            or "Expect" in headers
            or not isinstance(peer, tuple)
            or not self._hosts.knows(headers.get("Host"))
        ):
            return False
        began = perf_counter()
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        caller = (
            self._authenticator.known(token, peer[0]) if scheme == "Bearer" else None
        )
        if caller is None or not caller.may(SUBMIT.scope):
            return False
        self._door.asked(line.transport)
        request_id = self._request_id(headers.get("X-Request-Id"))

        def submitted(made: Submitted | None) -> None:
            if made is None:
                told(None)
                return
            length, date = len(made.body), http_date(int(time()))
            head = _HEAD(made.id, request_id, length, date)
            told(head.encode("ascii") + made.body)
            self._tally.count(made.status, perf_counter() - began)

        try:
            octets = chunks[0]
            draft = submission(octets)
            key = idempotency_key(headers.getall(IDEMPOTENCY_KEY, ()), PATH, octets)
        except Exception:
            return False  # the ordinary way meets it too, and knows what to say
        return self._gateway.intake.submit_soon(draft, caller, key, submitted)


class Line(RequestHandler):
    """A connection whose usual requests take the shortcut.

    While it waits for a request, aiohttp's own task does so for `_waiter`; that task
    is woken for what the shortcut does not take, and sleeps on for what it does.
    """

    __slots__ = ("_shortcut", "_taken")

    def __init__(self, manager: web.Server, shortcut: Shortcut, **options: Any) -> None:
        super().__init__(manager, **options)
        self._shortcut = shortcut
        self._taken = False  # the first of `_messages` is being answered

    def data_received(self, data: bytes) -> None:
        """Parse what came; a request that it ends is taken, or wakes the task."""
        waiter = self._waiter
        if waiter is None or waiter.done():  # the task is at work
            super().data_received(data)
            return
        self._waiter = None  # nobody is to be woken yet
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if self._messages and not self._taken:
            self._go_on(waiter)

    def _go_on(self, waiter: asyncio.Future[None]) -> None:
        message, payload = self._messages[0]
        is_alone = len(self._messages) == 1 and not (
            self._buffer_paused or self._paused
        )
        if is_alone and isinstance(message, RawRequestMessage):
            self._taken = self._request_in_progress = True
            if self._shortcut.take(self, message, payload, self._told):
                return
            self._taken = self._request_in_progress = False
        waiter.set_result(None)

    def _told(self, octets: bytes | None) -> None:
        """Send the answer; None: let the task make one."""
        self._taken = self._request_in_progress = False
        waiter, stopping = self._waiter, self._handler_waiter
        self._stay()
        if octets is not None:
            self._messages.popleft()
            if self._parser is not None:
                self._parser.message_consumed()
            if self.transport is not None and not self.transport.is_closing():
                self.transport.write(octets)
        if stopping is not None and not stopping.done():
            stopping.set_result(None)
        if waiter is None or waiter.done() or not self._messages:
            return
        if octets is None:
            waiter.set_result(None)
        else:
            self._go_on(waiter)  # the next one was sent before this was answered

    def _stay(self) -> None:
        """Let the connection be quiet for a while from now on."""
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout

    def _process_keepalive(self) -> None:
        """Hang up after a long silence, which is none while the client waits."""
        if self._taken:
            self._stay()
        super()._process_keepalive()


class _Server(web.Server):
    """A server whose connections know the shortcut."""

    def __init__(self, plain: web.Server, shortcut: Shortcut) -> None:
        options = plain._kwargs
        super().__init__(
            plain.request_handler,
            request_factory=plain.request_factory,
            handler_cancellation=plain.handler_cancellation,
            loop=plain._loop,
            **options,
        )
        self._shortcut = shortcut

    def __call__(self) -> RequestHandler:
        return Line(self, self._shortcut, loop=self._loop, **self._kwargs)


SHORTCUT = web.AppKey("shortcut", Shortcut)


class Runner(web.AppRunner):
    """Runs an application, with its shortcut where it has one."""

    async def _make_server(self) -> web.Server:
        server = await super()._make_server()
        shortcut = self.app.get(SHORTCUT)
        if shortcut is None or not is_known():
            return server
        return _Server(server, shortcut)
