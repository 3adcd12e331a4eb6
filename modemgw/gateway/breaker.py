"""The fuse over all SIMs: so many parts within an hour, and nothing more is sent.

For the loop in somebody's program and for the stolen key: what the limits of keys and
SIMs let through adds up, and here it ends. Messages are accepted and wait. It closes
again by itself after an hour, or when a person resumes. Kept over restarts: that it has
blown as a fact, what was sent by what the SIMs have used.

Without `sims.max_parts_per_hour` there is none of this, and sending costs nothing more.
"""

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable

import msgspec

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway.alarm import Alarm
from modemgw.gateway.audit import append
from modemgw.gateway.model import Caller
from modemgw.gateway.views import instant
from modemgw.store import events, meta, sims
from modemgw.store.database import Store
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.breaker")

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS
STORE_RETRY_S = 2.0
LONGEST_SLEEP_S = 600.0  # the wall clock may jump: look again at least this often
_KEY = "breaker"


class Kept(msgspec.Struct, frozen=True):
    """What outlives the process; instants are Unix milliseconds, 0: none."""

    tripped_at: int = 0
    until: int = 0
    since: int = 0  # what was sent before does not count any more


class Breaker:
    """One for the whole gateway; see lane_sim.Gate."""

    def __init__(
        self, store: Store, clock: Clock, most: int, wake: Callable[[], None]
    ) -> None:
        """`wake` lets the lanes look for work."""
        self.most = most
        self.state = Kept()
        self._store = store
        self._clock = clock
        self._wake = wake
        self._minutes: deque[tuple[int, int]] = deque()  # (minute, parts), oldest first
        self._sum = 0
        self._news: deque[tuple[str, dict[str, object]]] = deque()
        self._changed = Alarm(clock)

    def used(self, now_ms: int) -> int:
        """Return how many parts have left within the last hour."""
        oldest = (now_ms - HOUR_MS) // MINUTE_MS
        while self._minutes and self._minutes[0][0] <= oldest:
            self._sum -= self._minutes.popleft()[1]
        return self._sum

    # -- lane_sim.Gate -------------------------------------------------------

    def free_at(self, now_ms: int) -> tuple[int, str]:
        """Return from when any SIM may send, and what holds it until then."""
        if not self.state.until:
            return 0, ""
        # A clock that was set back makes nobody wait longer.
        return min(self.state.until, now_ms + HOUR_MS), "the fuse of the gateway"

    def record(self, now_ms: int, to: str) -> None:
        """Hear that a part is about to be submitted; the last one that may blows it."""
        minute = now_ms // MINUTE_MS
        if self._minutes and self._minutes[-1][0] >= minute:
            last, parts = self._minutes.pop()
            self._minutes.append((last, parts + 1))
        else:
            self._minutes.append((minute, 1))
        self._sum += 1
        if self._sum >= self.most and self.used(now_ms) >= self.most:
            self._trip(now_ms)

    def _trip(self, now_ms: int) -> None:
        if self.state.until:
            return
        self.state = Kept(now_ms, now_ms + HOUR_MS)
        extra = {"parts": self._sum, "until": instant(self.state.until)}
        log.error("too many parts within an hour: nothing more is sent", extra=extra)
        about = self._about(until=instant(self.state.until))
        self._news.append(("gateway.breaker_tripped", about))
        self._changed.set()

    # -- for people ----------------------------------------------------------

    def why(self) -> str | None:
        """Say until when nothing is sent, None where the fuse is whole."""
        if not self.state.until:
            return None
        return (
            f"{self.most} parts have left within an hour (sims.max_parts_per_hour):"
            f" nothing is sent until {instant(self.state.until)} or until resumed"
        )

    async def reset(self, caller: Caller) -> None:
        """Send again, and count anew from here; nothing where the fuse is whole.

        Raises StoreError; then it stays as it was.
        """
        before = self.state
        if not before.until:
            return
        self.state = Kept(since=self._clock.now_ms())
        try:
            about = self._about(by=caller.name)
            await self._write("gateway.breaker_reset", about, caller)
        except StoreError:
            self.state = before
            raise
        self._anew(caller.name)

    def _anew(self, by: str) -> None:
        self._minutes.clear()
        self._sum = 0
        log.warning("sending goes on", extra={"by": by})
        self._changed.set()
        self._wake()

    def _about(self, **more: object) -> dict[str, object]:
        return {"max_parts_per_hour": self.most, **more}

    # -- life ----------------------------------------------------------------

    async def load(self) -> None:
        """Take up what the last run left."""
        now = self._clock.now_ms()

        def read(db: sqlite3.Connection) -> tuple[str | None, dict[int, int]]:
            found: dict[int, int] = {}
            for row in sims.list_sims(db):
                for at, parts in sims.load_usage(db, row.id, now - HOUR_MS):
                    found[at] = found.get(at, 0) + parts
            return meta.get(db, _KEY), found

        kept, minutes = await self._store.read(read)
        self._minutes.clear()
        self._sum = 0
        if kept:
            self.state = msgspec.json.decode(kept, type=Kept)
        if self.state.until:
            log.error("the fuse has blown", extra={"until": instant(self.state.until)})
            return
        for at, parts in sorted(minutes.items()):
            if at >= self.state.since:
                self._minutes.append((at // MINUTE_MS, parts))
                self._sum += parts
        if self.used(now) >= self.most:  # the end came before the note of it
            self._trip(now)

    async def run(self) -> None:
        """Keep what happens, and close again when it is time, for life."""
        while True:
            self._changed.clear()
            now = self._clock.now_ms()
            if self.state.until and now >= self.state.until:
                self.state = Kept(since=now)
                self._news.append(("gateway.breaker_reset", self._about(by="time")))
                self._anew("time")
            if self._news:
                await self._keep()
                continue
            left_s = (self.state.until - now) / 1000 if self.state.until else None
            await self._changed.sleep(min(left_s or LONGEST_SLEEP_S, LONGEST_SLEEP_S))

    async def _keep(self) -> None:
        try:
            await self._write(*self._news[0])
        except StoreError as exc:
            log.error("cannot write to the database", extra={"error": str(exc)})
            await asyncio.sleep(STORE_RETRY_S)
            return
        self._news.popleft()

    async def _write(
        self, kind: str, data: dict[str, object], caller: Caller | None = None
    ) -> None:
        now, ids, state = self._clock.now_ms(), self._store.ids, self.state

        def job(db: Connection) -> None:
            meta.put(db, _KEY, msgspec.json.encode(state).decode())
            events.append(db, kind, at=now, data=data, push=True, ids=ids)
            if caller is not None:
                append(db, now, "breaker.reset", caller)

        await self._store.write(job)
