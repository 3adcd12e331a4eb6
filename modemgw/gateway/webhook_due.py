"""Finding deliveries whose time has come, with as few reads as possible.

New rows are found by their id, which rises with every commit; rows that were put
off are found by their instant, in the window since the last look at their source.
A source is one endpoint, or (None) the callback URLs of all messages.
"""

import sqlite3
from dataclasses import dataclass
from functools import partial

from modemgw.clock import Clock
from modemgw.gateway.targets import Target, parse
from modemgw.gateway.webhook_lanes import Key, Lanes
from modemgw.store import outbox
from modemgw.store.database import Store
from modemgw.store.outbox import BEGINNING, DueRow

PAGE = 500  # rows read at once

Source = int | None


@dataclass(slots=True)
class Seen:
    """How far the rows of one source were looked at."""

    until: int = BEGINNING  # every row due up to here is in a lane, or remembered
    next_due: int | None = BEGINNING  # the first one behind that; None: there is none


def lane_key(row: DueRow) -> Key:
    """Return whom the row waits for: its endpoint, or the host of its URL."""
    if row.webhook_id is not None:
        return row.webhook_id
    target = parse(row.callback_url or "")
    return f"{target.host}:{target.port}" if isinstance(target, Target) else "nowhere"


class DueFinder:
    """Fills the lanes from the database; nothing is read that was seen before."""

    def __init__(self, store: Store, lanes: Lanes, clock: Clock) -> None:
        self._store = store
        self._lanes = lanes
        self._clock = clock
        self._seen: dict[Source, Seen] = {}
        self._newest: int | None = None  # row id; None: the table was not looked at
        self._fresh = False

    @property
    def next_due(self) -> int | None:
        """Return when the next row falls due, in ms; in the past: look now."""
        if self._newest is None or self._fresh:
            return BEGINNING
        times = [seen.next_due for seen in self._seen.values()]
        return min((at for at in times if at is not None), default=None)

    def fresh(self) -> None:
        """Say that rows were added."""
        self._fresh = True

    def again(self, source: Source, at: int = BEGINNING) -> None:
        """Say that a row of `source` falls due at `at`, which may be long ago."""
        seen = self._seen.setdefault(source, Seen())
        seen.until = min(seen.until, at - 1)
        if seen.next_due is None or seen.next_due > at:
            seen.next_due = at

    def from_the_start(self) -> None:
        """Say that rows of any source may be due, of sources not seen before too."""
        self._newest = None

    async def look(self) -> None:
        """Offer every delivery that is due to the lanes. May raise StoreError."""
        now = self._clock.now_ms()
        if self._newest is None:
            await self._begin()
        for key in self._lanes.hungry(now):
            self.again(key if isinstance(key, int) else None)
        if self._lanes.starved():
            for source in self._seen:
                self.again(source)
        if self._fresh:
            await self._look_at_fresh()
        for source, seen in self._seen.items():
            if now < seen.until:  # the clock was put back
                self.again(source, now)
        due = [s for s, seen in self._seen.items() if _is_due(seen, now)]
        for source in due:
            await self._look_at(source, now)

    async def _begin(self) -> None:
        def read(db: sqlite3.Connection) -> tuple[int, dict[int, bool]]:
            return outbox.newest(db), outbox.sources(db)

        newest, endpoints = await self._store.read(read)
        for endpoint, failing in endpoints.items():
            self._lanes.remember(endpoint, failing=failing)
            self.again(endpoint)
        self.again(None)
        self._newest = newest

    async def _look_at_fresh(self) -> None:
        self._fresh = False
        try:
            while True:
                rows = await self._store.read(
                    partial(outbox.fresh, after=self._newest or 0, limit=PAGE)
                )
                for row in rows:
                    self._newest = row.id
                    self._seen.setdefault(row.webhook_id, Seen())
                    self._lanes.offer(row.id, lane_key(row), row.message_id)
                if len(rows) < PAGE:
                    return
        except BaseException:
            self._fresh = True
            raise

    async def _look_at(self, source: Source, now: int) -> None:
        """Offer the rows of one source between what was seen and now."""
        seen = self._seen[source]
        before, seen.until, seen.next_due = seen.until, now, None
        after = (before, 2**62)  # behind every row of that instant
        try:
            while True:
                rows, next_due = await self._store.read(
                    partial(_page, source=source, after=after, now=now)
                )
                room = True
                for row in rows:
                    room &= self._lanes.offer(row.id, lane_key(row), row.message_id)
                # An endpoint has one lane: when that is full it asks for more later.
                # Callback URLs have many, so a full one must not hide the others.
                if len(rows) < PAGE or not (room or source is None):
                    break
                after = (rows[-1].next_attempt_at, rows[-1].id)
        except BaseException:
            self.again(source, before + 1)
            raise
        if next_due is not None:
            seen.next_due = min(next_due, seen.next_due or next_due)


def _is_due(seen: Seen, now: int) -> bool:
    return seen.next_due is not None and seen.next_due <= now


def _page(
    db: sqlite3.Connection, source: Source, after: tuple[int, int], now: int
) -> tuple[list[DueRow], int | None]:
    rows = outbox.due(db, source, after=after, until=now, limit=PAGE)
    return rows, outbox.next_due(db, source, now)
