"""Wall time inside the gateway, and what happens when somebody sets the clock.

A board without a battery starts in the past and is set right a minute later, by
hours or by years. Whoever said "valid for an hour" in that minute meant an hour, so
a jump is held back until the ends of those messages have moved with it; then all of
the gateway sees the new time at once. What was accepted by earlier runs, under a
clock that is presumed right, and what is scheduled for an instant stay as they are.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway.queue import QueueIndex
from modemgw.store.database import Store
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.clock")

JUMP_MS = 60_000  # less is what a time server corrects as it goes
LOOK_S = 5.0  # a jump that nobody has noticed is noticed after so long


class Wall:
    """A clock whose jumps wait until somebody takes them."""

    def __init__(self, clock: Clock) -> None:
        self.on_jump: Callable[[], None] | None = None  # None: jumps count at once
        self._clock = clock
        self._offset = self._read()[1]

    def now_ms(self) -> int:
        """Return Unix time in milliseconds, UTC, without a jump not yet taken."""
        wall, offset = self._read()
        if abs(offset - self._offset) <= JUMP_MS or self.on_jump is None:
            self._offset = offset
            return wall
        self.on_jump()
        return wall - (offset - self._offset)

    def monotonic(self) -> float:
        """Return seconds since some start, unmoved by clock changes."""
        return self._clock.monotonic()

    def ahead_ms(self) -> int:
        """Return how far the jump that waits would move the time; 0: there is none."""
        offset = self._read()[1]
        by = offset - self._offset
        return by if abs(by) > JUMP_MS else 0

    def take(self, by_ms: int) -> None:
        """Let a jump of so much count."""
        self._offset += by_ms

    def _read(self) -> tuple[int, int]:
        wall = self._clock.now_ms()
        return wall, wall - int(self._clock.monotonic() * 1000)


class Jumps:
    """Moves what this run has accepted along with the clock; `moved` is told after."""

    def __init__(
        self,
        store: Store,
        wall: Wall,
        queue: QueueIndex,
        moved: Callable[[], None],
    ) -> None:
        self._store = store
        self._wall = wall
        self._queue = queue
        self._moved = moved
        self._first = 0
        self._jumped = asyncio.Event()

    async def load(self) -> None:
        """Learn which messages are of earlier runs; jumps are waited for from now."""
        newest = await self._store.read(
            lambda db: db.execute(sql("messages.newest")).fetchone()[0]
        )
        self._first = (newest or 0) + 1
        self._wall.on_jump = self._jumped.set

    async def run(self) -> None:
        """Take jumps, for life."""
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_S):
                        await self._jumped.wait()
                self._jumped.clear()
                by = self._wall.ahead_ms()
                if by:
                    await self._take(by)
        finally:
            self._wall.on_jump = None  # nobody would take it any more

    async def _take(self, by: int) -> None:
        def job(db: Connection) -> None:
            db.execute(sql("outbound.move_ends"), {"first": self._first, "by": by})

        try:
            await self._store.write(job)
        except StoreError as exc:
            # The time cannot wait for the disk; what is in memory is right.
            log.error("cannot write to the database", extra={"error": str(exc)})
        self._queue.move_ends(self._first, by)
        self._wall.take(by)
        log.warning("the clock was set", extra={"by_s": by // 1000})
        self._moved()
