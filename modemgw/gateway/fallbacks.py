"""Widens the route of messages that nobody has taken by the time they were given.

Each step is written before it is acted on, so it is told once and survives a
restart; a message on the wire is left alone until it comes back. Widening only
adds SIMs that may take what still waits whole, so it cannot double anything.
"""

import asyncio
import heapq
import logging
from collections.abc import Callable
from contextlib import suppress

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway.queue import Entry
from modemgw.gateway.routing import Router, steps_of, taken_of
from modemgw.store import routing
from modemgw.store.database import Store
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.dispatch")

STORE_RETRY_S = 2.0  # while the disk says no
LONGEST_SLEEP_S = 3600.0  # the wall clock may jump: look again at least this often
FEW = 1000  # steps that may be kept of messages which are gone


class Fallbacks:
    """The steps that are due some time, of messages in memory."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        router: Router,
        *,
        reroute: Callable[[Entry], None],
        knows: Callable[[int], bool],
    ) -> None:
        """`reroute` lets an entry that waits in memory wait under its new wish.

        `knows` tells whether a message waits there or is on the wire.
        """
        self._store = store
        self._clock = clock
        self.router = router
        self._reroute = reroute
        self._knows = knows
        self._due: list[tuple[int, int, Entry]] = []  # when, a number of its own
        self._noted = 0
        self._enough = FEW  # so many, and it is looked which of them are gone
        self._changed = asyncio.Event()

    def admit(self, entry: Entry) -> None:
        """Give a message that enters the queue its wish; watch for its next step."""
        entry.wish = self.router.wish(entry)
        if "fallback" in entry.options:
            self.watch(entry)

    def watch(self, entry: Entry) -> None:
        """Take note of when the next step of this message is due."""
        steps, taken = steps_of(entry.options), taken_of(entry.options)
        if taken < len(steps) and entry.wish.pinned_sim_id is None:
            self._note(steps[taken][0], entry)
            self._changed.set()

    def _note(self, at: int, entry: Entry) -> None:
        self._noted += 1
        heapq.heappush(self._due, (at, self._noted, entry))

    async def run(self) -> None:
        """Take steps as they fall due, for life."""
        while True:
            self._changed.clear()
            now = self._clock.now_ms()
            while self._due and self._due[0][0] <= now:
                at, _, entry = heapq.heappop(self._due)
                try:
                    await self._step(entry, now)
                except StoreError as exc:
                    log.error("cannot widen a route", extra={"error": str(exc)})
                    self._note(at, entry)
                    await asyncio.sleep(STORE_RETRY_S)
            self._forget_gone()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_to_next(now)):
                    await self._changed.wait()

    def _forget_gone(self) -> None:
        """Let messages go that were sent long before their step would be due."""
        if len(self._due) > self._enough:
            self._due = [one for one in self._due if self._knows(one[2].message_id)]
            heapq.heapify(self._due)
            self._enough = FEW + 2 * len(self._due)

    def _seconds_to_next(self, now: int) -> float:
        if not self._due:
            return LONGEST_SLEEP_S
        return min(max((self._due[0][0] - now) / 1000, 0.02), LONGEST_SLEEP_S)

    async def _step(self, entry: Entry, now: int) -> None:
        steps, taken = steps_of(entry.options), taken_of(entry.options)
        if not _waits(entry) or taken >= len(steps) or steps[taken][0] > now:
            return  # gone, on the wire (it is watched again when back), or taken
        _, kind, name = steps[taken]
        ids, message_id = self._store.ids, entry.message_id

        def job(db: Connection) -> bool:
            return routing.widen(db, ids, message_id, taken + 1, now, {kind: name})

        if not await self._store.write(job):
            return
        entry.options["fallback_step"] = taken + 1
        log.info(
            "route widened",
            extra={"message_id": entry.public_id, "step": taken + 1, kind: name},
        )
        if _waits(entry):
            entry.wish = self.router.wish(entry)
            self._reroute(entry)
            self.watch(entry)


def _waits(entry: Entry) -> bool:
    """Say whether a message waits in memory whole, and is not on the wire."""
    return bool(entry.stamp) and entry.wish.pinned_sim_id is None
