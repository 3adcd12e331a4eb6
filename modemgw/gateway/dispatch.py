"""Brings waiting messages and free SIMs together; woken by commits, never a poll.

The dispatcher owns the queue in memory and the lanes. A lane that is free asks
for work; a message that arrives wakes the lane that has rested longest. What is
waiting for a time (back-off, a schedule, the end of a validity) hangs on one
timer in `run`.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

from modemgw.at.codes import Code
from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway import loading
from modemgw.gateway import verdict as verdicts
from modemgw.gateway.health import HealthWatch
from modemgw.gateway.lane import Lane, Submitter
from modemgw.gateway.queue import Entry, QueueIndex
from modemgw.gateway.verdict import Attempt, Fate, Verdict
from modemgw.policy.blame import Finding
from modemgw.policy.routing import SimView, Wish, why_never, why_not
from modemgw.store.database import Store

log = logging.getLogger("modemgw.dispatch")

REFILL_ROWS = 2_000  # parts read from the disk at a time
SOON_MS = 600_000  # a SIM held back for longer is none that a message can wait for
STORE_RETRY_S = 2.0  # while the disk says no
WAKE_SPACING_S = 0.003  # about what one message costs this side, twice
LONGEST_SLEEP_S = 3600.0  # the wall clock may jump: look again at least this often


class Dispatcher:
    """The queue, the lanes, and the one timer."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        rng: random.Random,
        on_recorded: Callable[[Attempt, Verdict], None],
        health: HealthWatch,
        window: int | None = None,
    ) -> None:
        self.lanes: dict[str, Lane] = {}
        self.index = QueueIndex(window) if window else QueueIndex()
        self.stopping = False
        self._store = store
        self._clock = clock
        self._rng = rng
        self._on_recorded = on_recorded
        self._health = health
        self._changed = asyncio.Event()
        self._settled: asyncio.Queue[int] = asyncio.Queue()  # no longer in doubt

    # -- what others call ----------------------------------------------------

    def add_lane(self, modem: str, actor: Submitter) -> Lane:
        """Make the lane of a modem; its `run` is the caller's to start."""
        lane = Lane(
            modem,
            actor,
            source=self,
            store=self._store,
            ids=self._store.ids,
            clock=self._clock,
        )
        self.lanes[modem] = lane
        return lane

    def offer(self, entries: Iterable[Entry]) -> None:
        """Take accepted messages into the queue and wake who can send them."""
        now = self._clock.now_ms()
        added: list[Entry] = []
        for entry in entries:
            if self.index.has_room_for(entry.priority):
                self.index.add(entry, now)
                added.append(entry)
            else:
                self.index.overflow = True
        if len(added) == 1:
            self._wake_one(added[0])
        elif added:
            self.wake()
        self._changed.set()

    def withdraw(self, message_id: int) -> None:
        """Forget a message that was canceled; one on the wire stops at its gate."""
        self.index.forget(message_id)

    def wake(self) -> None:
        """Let every lane look for work: a SIM came, the queue changed, resumed.

        One after the other: modems that begin in one moment are answered in one
        moment, and come back as a crowd at every message from then on.
        """
        loop = asyncio.get_running_loop()
        waiting = [lane for lane in self.lanes.values() if not lane.busy]
        for place, lane in enumerate(waiting):
            loop.call_later(place * WAKE_SPACING_S, lane.wake)

    def views(self) -> list[SimView]:
        """Return every lane as routing sees it now."""
        return [lane.view() for lane in self.lanes.values()]

    async def load(self) -> None:
        """Fill the queue from the database: at start, and while there is more."""
        await self._refill()

    async def reload_message(self, message_id: int) -> None:
        """Take one message back into the queue: a doubt was settled, it is due."""

        entry = await self._store.read(partial(loading.one, message_id=message_id))
        if entry is not None and not self.stopping:
            self.offer([entry])

    def return_soon(self, message_id: int) -> None:
        """Let `take_back` return a message whose doubt is settled to the queue."""
        self._settled.put_nowait(message_id)

    async def take_back(self) -> None:
        """Return messages to the queue whose doubts were settled, for life."""
        while True:
            message_id = await self._settled.get()
            try:
                await self.reload_message(message_id)
            except StoreError as exc:
                await self._cannot("read", exc)
                self._settled.put_nowait(message_id)

    async def run(self) -> None:
        """Wait for times: back-off over, validity ended, room for more."""
        while True:
            self._changed.clear()
            now = self._clock.now_ms()
            if self.index.ripen(now):
                self.wake()
            try:
                await self._expire(now)
                if self.index.wants_more:
                    await self._refill()
            except StoreError as exc:
                await self._cannot("use", exc)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._seconds_to_next()):
                    await self._changed.wait()

    def _seconds_to_next(self) -> float:
        times = (self.index.next_ripe_at(), self.index.next_expiry_at())
        due = [at for at in times if at is not None]
        if not due:
            return LONGEST_SLEEP_S
        left = (min(due) - self._clock.now_ms()) / 1000
        return min(max(left, 0.02), LONGEST_SLEEP_S)

    async def _cannot(self, what: str, exc: StoreError) -> None:
        log.error("database refused", extra={"wish": what, "error": str(exc)})
        await asyncio.sleep(STORE_RETRY_S)

    # -- what a lane calls (lane.Source) -------------------------------------

    def take(self, lane: Lane) -> Entry | None:
        """Give the best message this lane may send now, or None."""
        if self.stopping:
            return None
        view = lane.view()
        now = self._clock.now_ms()
        if why_not(Wish(), view, now) is not None:
            return None
        while (entry := self.index.take(view)) is not None:
            if entry.expires_at > now:
                break
            self.index.put_back(entry, now)
            self._changed.set()  # `run` ends it, with its event
            return None
        if self.index.wants_more:
            self._changed.set()
        return entry

    def settled(self, lane: Lane, attempt: Attempt, verdict: Verdict) -> None:
        """Hear what became of a part, before it is on disk."""
        entry = attempt.entry
        log.info(
            verdict.why,
            extra={
                "modem": lane.modem,
                "sim": attempt.ref.sim,
                "message_id": entry.public_id,
                "part": f"{attempt.ref.seq}/{entry.segments}",
                "ms": self._clock.now_ms() - attempt.started_at,
            },
        )
        if self._health.listening:
            self._health.settled(lane, attempt, verdict)
        now = self._clock.now_ms()
        if verdict.fate is Fate.GONE:
            self.index.forget(entry.message_id)
        elif verdict.fate is Fate.BACK or lane.current is not entry:
            if verdict.fate is Fate.BACK and self.stopping:
                self.index.forget(entry.message_id)
                return
            self.index.put_back(entry, now)
            self._wake_one(entry)
            self._changed.set()

    def recorded(self, attempt: Attempt, verdict: Verdict, result: object) -> None:
        """Hear that it is on disk, and what the job returned."""
        self._on_recorded(attempt, verdict)
        if isinstance(result, list):
            for message_id in result:
                self._settled.put_nowait(message_id)

    def dropped(self, entry: Entry) -> None:
        """Hear that a message was canceled or ended while it was being taken."""
        self.index.forget(entry.message_id)

    def postponed(self, entry: Entry) -> None:
        """Hear that a message could not even be marked; it waits again."""
        self.index.put_back(entry, self._clock.now_ms())

    def other_sims(self, lane: Lane, entry: Entry) -> int:
        """Count the SIMs in service, but this one, that may take the message soon."""
        soon = self._clock.now_ms() + SOON_MS
        views = [
            other.view()
            for other in self.lanes.values()
            if other is not lane and other.ready and other.sim is not None
        ]
        return sum(
            view.free_at <= soon and why_never(entry.wish, view) is None
            for view in views
        )

    def blame(self, lane: Lane, attempt: Attempt, code: Code) -> Finding:
        """Say whose fault a refusal is."""
        rivals = self.other_sims(lane, attempt.entry)
        return self._health.blame(lane, attempt, code, rivals)

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""
        return self._rng.random()

    # -- inside --------------------------------------------------------------

    def _wake_one(self, entry: Entry) -> None:
        now = self._clock.now_ms()
        able = [
            lane
            for lane in self.lanes.values()
            if not lane.busy and why_not(entry.wish, lane.view(), now) is None
        ]
        if able:
            min(able, key=lambda lane: lane.last_used_at).wake()

    async def _expire(self, now: int) -> None:
        gone = self.index.expired(now)
        while gone:
            entry = gone[-1]
            try:
                await self._store.write(verdicts.expired(self._store.ids, entry, now))
            except StoreError:
                for left in gone:  # they stay in the queue until it is written
                    self.index.add(left, now)
                raise
            gone.pop()
            log.info("message expired", extra={"message_id": entry.public_id})

    async def _refill(self) -> None:
        limit = len(self.index) + REFILL_ROWS
        entries, more = await self._store.read(
            lambda db: loading.best(db, limit, self.index.__contains__)
        )
        now = self._clock.now_ms()
        self.index.overflow = more
        for entry in entries:
            # The snapshot is older than what happened meanwhile; a message that
            # has left since is refused by its own `submitting` mark.
            if entry.message_id not in self.index:
                self.index.add(entry, now)
        if entries:
            self.wake()
