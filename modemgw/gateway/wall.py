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
SETTLE_S = 0.05  # until those who wrote before us have told the queue
LOOK_S = 5.0  # a jump that nobody has noticed is noticed after so long
QUICK_MS = 1_000  # of wall time for which one look holds: no jump has room in it


class Wall:
    """A clock whose jumps forward wait until somebody takes them.

    A jump back counts at once: what waits only ends later than it should, until it
    is moved. `beneath` is the clock that holds nothing back: what is accepted from
    the moment of the jump on needs no moving.
    """

    def __init__(self, clock: Clock) -> None:
        self.on_jump: Callable[[], None] | None = None  # None: jumps count at once
        self.beneath = clock
        self._offset = self._read()[1]
        self._back = 0  # ms that it went back by and nobody has taken yet
        self._looked_at = 0  # by the wall, where all was in order

    def now_ms(self) -> int:
        """Return Unix time in milliseconds, UTC, without a jump not yet taken.

        Asked ten times for every message: only now and then beside the other clock.
        """
        wall = self.beneath.now_ms()
        if 0 <= wall - self._looked_at < QUICK_MS:
            return wall
        return self._look()

    def _look(self) -> int:
        wall, offset = self._read()
        by = offset - self._offset
        if abs(by) <= JUMP_MS or self.on_jump is None:
            self._offset, self._looked_at = offset, wall
            return wall
        if by < 0:
            self._offset = offset
            self._back += by
        self._looked_at = 0
        self.on_jump()
        return wall - max(by, 0)

    def monotonic(self) -> float:
        """Return seconds since some start, unmoved by clock changes."""
        return self.beneath.monotonic()

    def jump_ms(self) -> int:
        """Return by how much the time was set and nobody took it yet, or 0."""
        self._look()
        by = self._read()[1] - self._offset
        return by if by > JUMP_MS else self._back

    def take(self, by_ms: int) -> None:
        """Let a jump of so much count."""
        if by_ms > 0:
            self._offset += by_ms
        else:
            self._back -= by_ms

    def _read(self) -> tuple[int, int]:
        wall = self.beneath.now_ms()
        return wall, wall - int(self.beneath.monotonic() * 1000)


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
                by = self._wall.jump_ms()
                if by:
                    await self._take(by)
        finally:
            self._wall.on_jump = None  # nobody would take it any more

    async def _take(self, by: int) -> None:
        now = self._wall.now_ms()
        # What was accepted since the jump is on its far side already.
        middle = now + by // 2 if by > 0 else now - by // 2
        row = {"first": self._first, "by": by, "middle": middle}

        def job(db: Connection) -> None:
            db.execute(sql("outbound.move_ends"), row)

        try:
            await self._store.write(job)
            await asyncio.sleep(SETTLE_S)
        except StoreError as exc:
            # The time cannot wait for the disk; what is in memory is right.
            log.error("cannot write to the database", extra={"error": str(exc)})
        self._queue.move_ends(self._first, by, middle)
        self._wall.take(by)
        log.warning("the clock was set", extra={"by_s": by // 1000})
        self._moved()
