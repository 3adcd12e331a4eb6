"""Events to everybody who listens: one reader of the table for all streams.

    commit ──▶ Relay ──▶ queue of each listener ──▶ its connection
                            └ full: emptied; it reads pages of the table itself
                              until it is level again, or is told that it is slow

A listener begins behind some event and reads pages until it is level with the
table; from there on the relay hands it what it reads for all. Nothing is read and
no commit is looked at while nobody listens.

Everything is handed out at least once and in the order of the table; what a
listener could not take is still in the table, and the `Gap` says where.
"""

import asyncio
import logging
import sqlite3
from collections import Counter, deque
from collections.abc import Sequence
from contextlib import suppress
from enum import Enum, auto
from functools import partial

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway.envelopes import Frame, frame, wanting
from modemgw.store import events, stream
from modemgw.store.database import Store

log = logging.getLogger("modemgw.stream")

PAGE = 250  # events read at once
QUEUE = 1000  # events that wait for one connection
QUEUE_OCTETS = 2**20
HANDFUL_OCTETS = 48 * 1024  # of what is handed out at once
PATIENCE_S = 5.0  # to get level again after the queue was full
GATHER_S = 0.02  # between two looks at the table
STORE_RETRY_S = 1.0
MOST = 256  # listeners
MOST_EACH = 32  # of them with one key


class Gap(Exception):
    """The listener is too slow; with `since` the last event it has, it misses none."""

    def __init__(self, since: str | None, newest: str | None) -> None:
        super().__init__("too slow for the events")
        self.since = since
        self.newest = newest


class Ended(Exception):
    """The gateway stops: nothing more comes."""


class Full(Exception):
    """There are too many listeners, in all or with this key: `most`."""

    def __init__(self, most: int) -> None:
        super().__init__(most)
        self.most = most


class _State(Enum):
    BEHIND = auto()  # reads the table
    JOINING = auto()  # reads the table once more; what is new goes to its queue
    LIVE = auto()


class Listener:
    """One connection. Call `next` again and again, and `close` at the end."""

    def __init__(
        self, relay: "Relay", key_id: int | None, types: Sequence[str]
    ) -> None:
        self.key_id = key_id
        self._relay = relay
        self._wants = wanting(types)
        self._cursor = 0  # everything up to here was handed out or not wanted
        self._state = _State.BEHIND
        self._queue: deque[Frame] = deque()
        self._octets = 0
        self._woken = asyncio.Event()
        self._full_since: float | None = None
        self._last: str | None = None  # event handed out
        self._acked: str | None = None

    def choose(self, types: Sequence[str]) -> None:
        """Want events of these types from now on."""
        self._wants = wanting(types)

    def begin(self, cursor: int, since: str | None) -> None:
        """Say where the listener was when it came."""
        self._cursor = cursor
        self._last = since

    def ack(self, event: str) -> None:
        """Hear that the other side is done with everything up to this event."""
        self._acked = event

    def close(self) -> None:
        """Let go; may be called twice."""
        self._relay.leave(self)

    async def next(self, wait_s: float) -> list[Frame]:
        """Return what has come, none after `wait_s` seconds without an event.

        Raises Gap where this listener is too slow, Ended where the gateway stops,
        StoreError where the table cannot be read.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                while True:
                    if self._relay.closed:
                        raise Ended
                    found = await self._look()
                    if found:
                        self._last = found[-1].event
                        return found
                    if self._state is _State.LIVE:
                        await self._woken.wait()
        return []

    async def _look(self) -> list[Frame]:
        if self._state is _State.LIVE:
            self._woken.clear()
            return self._take()
        full_since = self._full_since
        if full_since is not None and self._relay.now() - full_since > PATIENCE_S:
            raise Gap(self._acked or self._last, self._relay.newest)
        page = await self._relay.page(self._cursor)
        if page:
            self._cursor = page[-1].id
        if len(page) < PAGE:
            self._advance()
        return [one for one in page if self._wants(one.type)]

    def _advance(self) -> None:
        """Come nearer to live, having seen all that was in the table a moment ago.

        Between that look and the joining the relay may have handed out more, so the
        table is read once more while what comes is kept.
        """
        if self._state is _State.BEHIND:
            self._state = _State.JOINING
            self._relay.join(self, self._cursor)
        elif self._state is _State.JOINING:
            self._state = _State.LIVE
            self._full_since = None

    def offer(self, frames: list[Frame]) -> bool:
        """Take what the relay read; False where there is no room."""
        for one in frames:
            if one.id <= self._cursor:
                continue
            if not self._wants(one.type):
                if not self._queue and self._state is _State.LIVE:
                    self._cursor = one.id
                continue
            self._queue.append(one)
            self._octets += len(one.json)
        if len(self._queue) > QUEUE or self._octets > QUEUE_OCTETS:
            self._queue.clear()
            self._octets = 0
            self._state = _State.BEHIND
            if self._full_since is None:
                self._full_since = self._relay.now()
            self._woken.set()
            return False
        if self._queue:
            self._woken.set()
        return True

    def wake(self) -> None:
        """Look whether the relay was closed."""
        self._woken.set()

    def _take(self) -> list[Frame]:
        """Return a handful of the queue, without what the table gave before."""
        taken: list[Frame] = []
        octets = 0
        while self._queue and octets < HANDFUL_OCTETS:
            one = self._queue.popleft()
            self._octets -= len(one.json)
            if one.id > self._cursor:
                self._cursor = one.id
                octets += len(one.json)
                taken.append(one)
        return taken


class Relay:
    """Reads each pushed event once and hands it to all who are level with it."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.closed = False
        self.newest: str | None = None  # event that was read last
        self._store = store
        self._clock = clock
        self._listeners: set[Listener] = set()
        self._by_key: Counter[int | None] = Counter()
        self._live: set[Listener] = set()
        self._position = 0  # everything up to this row was handed out
        self._woken = asyncio.Event()

    def __len__(self) -> int:
        """Return how many listen."""
        return len(self._listeners)

    def now(self) -> float:
        """Return the monotonic time in seconds."""
        return self._clock.monotonic()

    async def open(
        self,
        key_id: int | None,
        types: Sequence[str],
        *,
        since: str | None = None,
        cursor: int | None = None,
    ) -> Listener | None:
        """Make a listener behind an event or a row; without both, behind them all.

        None: there is no such event. Raises Full, Ended, StoreError.
        """
        if self.closed:
            raise Ended
        if len(self._listeners) >= MOST:
            raise Full(MOST)
        if self._by_key[key_id] >= MOST_EACH:
            raise Full(MOST_EACH)
        listener = Listener(self, key_id, types)
        self._listeners.add(listener)
        self._by_key[key_id] += 1
        try:
            start = cursor
            if since is not None:
                start = await self._store.read(partial(events.find, public_id=since))
                if start is None:
                    self.leave(listener)
                    return None
            elif start is None:
                start = await self._store.read(events.newest)
            listener.begin(start, since)
        except BaseException:
            self.leave(listener)
            raise
        return listener

    def leave(self, listener: Listener) -> None:
        """Forget a listener."""
        self._drop(listener)
        if listener in self._listeners:
            self._listeners.discard(listener)
            self._by_key[listener.key_id] -= 1
            if not self._by_key[listener.key_id]:
                del self._by_key[listener.key_id]

    def join(self, listener: Listener, cursor: int) -> None:
        """Hand a listener everything that is read from now on."""
        if not self._live:
            self._position = cursor
        self._live.add(listener)
        self._store.writer.on_commit = self._woken.set
        self._woken.set()

    def _drop(self, listener: Listener) -> None:
        self._live.discard(listener)
        if not self._live:
            self._store.writer.on_commit = None

    def close(self) -> None:
        """End all streams: the gateway stops."""
        self.closed = True
        for listener in self._listeners:
            listener.wake()

    async def page(self, cursor: int) -> list[Frame]:
        """Read the next events behind a row."""
        return await self._store.read(partial(_page, cursor=cursor))

    async def run(self) -> None:
        """Read and hand out for life."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                more = await self._step()
            except StoreError as exc:
                log.warning("events cannot be read", extra={"why": str(exc)})
                self._woken.set()
                await asyncio.sleep(STORE_RETRY_S)
                continue
            if more:
                self._woken.set()
            else:
                await asyncio.sleep(GATHER_S)

    async def _step(self) -> bool:
        """Hand out one page; tell whether there may be more."""
        if not self._live:
            return False
        frames = await self.page(self._position)
        if not frames:
            return False
        self._position = max(self._position, frames[-1].id)
        self.newest = frames[-1].event
        for listener in tuple(self._live):
            if not listener.offer(frames):
                self._drop(listener)
        return len(frames) == PAGE


def _page(db: sqlite3.Connection, cursor: int) -> list[Frame]:
    return [frame(row) for row in stream.behind(db, cursor, PAGE)]
