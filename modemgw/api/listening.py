"""What event streams have in common, however their events travel.

A stream lives on after its request was let in, so what let it in is looked at
again: with a key that was revoked, has ended or may now do other things its streams
end before the next event goes out; the client connects again with what it may.
"""

import asyncio
from collections.abc import Sequence

from aiohttp import web

from modemgw.api.problems import HttpError, field_error
from modemgw.api.routing import REQUEST_ID, Call
from modemgw.errors import StoreError
from modemgw.gateway import ratelimit
from modemgw.gateway.envelopes import Frame
from modemgw.gateway.stream import Ended, Full, Listener
from modemgw.store import keys

WRITE_S = 30.0  # for a handful of events to be taken by the network
FULL_RETRY_S = 10.0
STORE_RETRY_S = 1.0
LEAST_WAIT_S = 0.01


class Unwelcome(Exception):
    """What opened this stream opens it no more; str() says why."""

    @property
    def problem(self) -> HttpError:
        """What a new request would be told."""
        return HttpError("unauthorized", 401, str(self))


async def open_listener(
    call: Call, types: Sequence[str], since: str | None, cursor: int | None
) -> Listener:
    """Begin to listen; raises RequestError where that cannot be."""
    try:
        listener = await call.gateway.outlets.stream.open(
            call.caller.key_id, types, since=since, cursor=cursor
        )
    except Full as exc:
        raise HttpError(
            "too-many-streams",
            429,
            "too many event streams are open, with this key or in all; close some",
            headers=ratelimit.used_up("streams", exc.most, 0, FULL_RETRY_S),
            retry_after=FULL_RETRY_S,
        ) from None
    except Ended:
        raise HttpError(
            "not-ready", 503, "the gateway is stopping", retry_after=FULL_RETRY_S
        ) from None
    if listener is None:
        raise field_error("?since", "unknown", "there is no such event (now)")
    return listener


class Pass:
    """Lets events out for as long as the key of a stream is good."""

    def __init__(self, call: Call) -> None:
        self._gateway = call.gateway
        self._key_id = call.caller.key_id
        self._lease = call.caller.lease
        self._seen = call.gateway.keys.changes
        self._ends_at: int | None = 0  # ms; 0: the key was not looked at yet
        self._granted: tuple[object, ...] = ()

    async def check(self, *, look: bool = False) -> None:
        """Raise Unwelcome where the key is no longer good; cheap while it is.

        With `look` the key is read even where nobody has changed any.
        """
        if self._key_id is None:
            return
        if self._lease is not None and not self._lease.left_s(self._gateway.clock):
            raise Unwelcome("the access token has ended or was revoked")
        changes, now = self._gateway.keys.changes, self._gateway.clock.now_ms()
        is_over = self._ends_at is not None and now >= self._ends_at
        if changes == self._seen and not is_over and not look:
            return
        key_id = self._key_id
        row = await self._gateway.store.read(lambda db: keys.get(db, key_id))
        if row is None or not row.in_force(now):
            raise Unwelcome("the key has ended or was revoked")
        granted = (row.scopes, row.rules)
        if self._granted not in ((), granted):
            raise Unwelcome("the key was changed; connect again")
        self._granted = granted
        self._seen, self._ends_at = changes, row.expires_at

    def left_s(self, at_most: float) -> float:
        """Return how long to wait for events before it has to be looked at again."""
        clock = self._gateway.clock
        left = at_most
        if self._lease is not None:
            left = min(left, self._lease.left_s(clock))
        if self._ends_at:
            left = min(left, (self._ends_at - clock.now_ms()) / 1000)
        return max(left, LEAST_WAIT_S)


async def next_frames(listener: Listener, pass_: Pass, wait_s: float) -> list[Frame]:
    """Return what may go out now; none after a while without events.

    Raises Gap, Ended and Unwelcome. While the database cannot be read it waits.
    """
    try:
        await pass_.check()
        frames = await listener.next(pass_.left_s(wait_s))
        await pass_.check(look=not frames)
    except StoreError:
        await asyncio.sleep(STORE_RETRY_S)
        return []
    return frames


def head(request: web.Request) -> dict[str, str]:
    """Return the headers that the outermost layer gives to other answers."""
    return {
        "X-Request-Id": request[REQUEST_ID],
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Accel-Buffering": "no",  # a proxy that collects would hold events back
    }


def cut(request: web.Request) -> None:
    """Cut a connection off that takes nothing any more."""
    if request.transport is not None:
        request.transport.abort()
