"""Forgets what is old enough, in small steps that nothing has to wait for.

How long things are kept says `retention` in the configuration; a store that says
no, or a stop in the middle, only means that the next round goes on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from modemgw.clock import Clock
from modemgw.config.retention import FOREVER, Retention
from modemgw.errors import StoreError
from modemgw.store import retention
from modemgw.store.database import Store

log = logging.getLogger("modemgw.housekeeping")

DAY_MS = 86_400_000
USAGE_DAYS = 62  # the longest pace window looks back a month
EVERY_S = 6 * 3600.0
FIRST_AFTER_S = 300.0  # a start has better things to do
STEP_PAUSE_S = 0.05  # between steps: submits go first


class Housekeeping:
    """The task that forgets."""

    def __init__(self, store: Store, clock: Clock, kept: Retention) -> None:
        self.also: list[Callable[[], Awaitable[None]]] = []  # of other rooms
        self.kept = kept
        self._store = store
        self._clock = clock

    async def run(self) -> None:
        """Go round now and then, for life."""
        await asyncio.sleep(FIRST_AFTER_S)
        while True:
            try:
                await self.go_round()
            except StoreError as exc:
                log.warning("cannot forget old rows now", extra={"error": str(exc)})
            await asyncio.sleep(EVERY_S)

    async def go_round(self) -> int:
        """Forget everything that is old enough; return how many rows went."""
        now = self._clock.now_ms()
        total = 0
        for walk, before in cutoffs(self.kept, now).items():
            total += await self._walk(walk, before)
        usage_before = now - USAGE_DAYS * DAY_MS
        await self._store.write(
            lambda db: retention.purge_small(db, now=now, usage_before=usage_before)
        )
        for tidy in self.also:
            await tidy()
        empty_pages = await self._store.write(retention.vacuum)
        while empty_pages:
            await asyncio.sleep(STEP_PAUSE_S)
            empty_pages = await self._store.write(retention.vacuum)
        if total:
            log.info("old rows forgotten", extra={"rows": total})
        return total

    async def _walk(self, walk: str, before: int | Mapping[str, int]) -> int:
        total, after = 0, 0
        while True:
            job = partial(retention.step, walk=walk, before=before, after=after)
            step = await self._store.write(job)
            total += step.deleted
            if step.after is None:
                return total
            after = step.after
            await asyncio.sleep(STEP_PAUSE_S)


def cutoffs(kept: Retention, now: int) -> dict[str, int | dict[str, int]]:
    """Return, for each walk, the instant from before which things go."""

    def before(seconds: float) -> int:
        return 0 if seconds == FOREVER else max(0, now - int(seconds * 1000))

    return {
        "bodies": {kind: before(kept.bodies_of(kind)) for kind in retention.KINDS},
        "messages": {kind: before(kept.messages_of(kind)) for kind in retention.KINDS},
        "events": before(kept.events),
        "deliveries": before(kept.deliveries),
        "raw": before(min(kept.raw, kept.bodies_of("inbound"))),
    }
