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
from functools import partial

from modemgw.at.codes import Code
from modemgw.clock import Clock
from modemgw.config.quiet import QuietHours
from modemgw.errors import StoreError
from modemgw.gateway import endings, loading
from modemgw.gateway.alarm import Alarm
from modemgw.gateway.evening import Evening
from modemgw.gateway.health import HealthWatch
from modemgw.gateway.lane import Lane
from modemgw.gateway.lane_sides import Submitter
from modemgw.gateway.queue import Entry, QueueIndex
from modemgw.gateway.quiet import Calm
from modemgw.gateway.rivals import Rivals
from modemgw.gateway.verdict import Attempt, Fate, Verdict
from modemgw.policy.blame import Finding
from modemgw.policy.choosing import is_a_choice, told
from modemgw.policy.routing import (
    SimView,
    Take,
    held,
    judge,
    order,
    why_never,
    why_not,
)
from modemgw.store import waiting
from modemgw.store.database import Store
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.dispatch")

BETWEEN_READS_S = 0.02  # of the queue on disk: who accepts and sends goes first
EXPIRED_AT_ONCE = 200  # in one transaction
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
        calm: Calm | None = None,
        window: int | None = None,
    ) -> None:
        self.lanes: dict[str, Lane] = {}
        self.index = QueueIndex(window) if window else QueueIndex()
        self.stopping = False
        self.why_blocked: Callable[[Entry, int], str | None] = _by_nothing
        self.on_enter: Callable[[Entry], None] = (
            _as_it_is  # a message enters or is back
        )
        calm = calm or Calm(QuietHours(), "UTC")
        self.evening = Evening(store, clock, calm, wake=self.wake)
        self._store = store
        self._clock = clock
        self._rng = rng
        self._on_recorded = on_recorded
        self._health = health
        self._changed = Alarm(clock)
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

    def offer(self, entries: Iterable[Entry], *, more: bool = False) -> None:
        """Take accepted messages into the queue; `more`: others stay on the disk."""
        now, added = self._clock.now_ms(), list[Entry]()
        for entry in entries:
            if self.index.admits(entry):
                self.on_enter(entry)
                self.index.add(entry, now)
                added.append(entry)
                later = entry.not_before > now
                self._changed.set_for(entry.not_before if later else entry.expires_at)
            else:
                more = True
        if more:
            self._changed.set()
        if len(added) == 1:
            self._wake_one(added[0], now)
        elif added:
            self.wake()

    def reroute(self, entry: Entry) -> None:
        """Let a message that waits wait under its new wish."""
        now = self._clock.now_ms()
        self.index.put_back(entry, now)
        self._wake_one(entry, now)
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
        free = [lane for lane in self.lanes.values() if not lane.busy]
        for place, lane in enumerate(free):
            loop.call_later(place * WAKE_SPACING_S, lane.wake)

    def reconsider(self) -> None:
        """Judge anew what waits: a SIM came, went, or is held back no longer."""
        soon = [view for view in self.views() if view.ready and self._is_soon(view)]
        if soon:
            self.index.readmit(
                lambda wish: any(why_never(wish, view) is None for view in soon),
                self._clock.now_ms(),
            )
        self.index.reconsider()
        self.wake()
        self._changed.set()

    def views(self) -> list[SimView]:
        """Return every lane as routing sees it now."""
        now = self._clock.now_ms()
        return [lane.view(now) for lane in self.lanes.values()]

    def _is_soon(self, view: SimView) -> bool:
        return view.free_at <= self._clock.now_ms() + SOON_MS

    async def load(self) -> None:
        """Begin to fill the queue from the database; `run` goes on with it."""
        for key in await self._store.read(waiting.shelves):
            self.index.shelves.has_more(key)
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
        """Wait for times: back-off or patience over, validity ended, room for more."""
        while True:
            self._changed.clear()
            now = self._clock.now_ms()
            if self.index.ripen(now) or self.index.looks_due(now):
                self.wake()
            try:
                await self.evening.put_to_bed()
                await self._expire(now)
                if self.index.shelves.wants(now):
                    await self._refill()
                    await asyncio.sleep(BETWEEN_READS_S)
                    continue
            except StoreError as exc:
                await self._cannot("use", exc)
                continue
            await self._changed.sleep(self._seconds_to_next())

    def _seconds_to_next(self) -> float:
        index = self.index
        times = (index.next_ripe_at(), index.next_expiry_at(), index.next_look_at())
        due = [at for at in times if at is not None]
        if not due:
            return LONGEST_SLEEP_S
        left = (min(due) - self._clock.now_ms()) / 1000
        return min(max(left, 0.02), LONGEST_SLEEP_S)

    async def _cannot(self, what: str, exc: StoreError) -> None:
        log.error("database refused", extra={"wish": what, "error": str(exc)})
        await asyncio.sleep(STORE_RETRY_S)

    # -- what a lane calls (lane.Source) -------------------------------------

    def take(self, lane: Lane, now: int) -> Entry | None:
        """Give the message whose turn it is for this lane, or None."""
        if self.stopping:
            return None
        view = lane.view(now)
        if held(view, now) is not None:
            return None
        rivals = Rivals(self.lanes, now)
        entry = self.evening.take(self.index, view, now, rivals)
        if entry is not None and is_a_choice(entry.wish):
            lane.told = told(entry.wish, view, rivals, now)
        if entry is None or self.index.is_waited_for(now) or self.evening.has_sleepers:
            self._changed.set()
        return entry

    def settled(self, lane: Lane, attempt: Attempt, verdict: Verdict, now: int) -> None:
        """Hear what became of a part, before it is on disk."""
        entry = attempt.entry
        # That all goes well is told by the timeline, and wears out no card twice.
        is_plain = verdict.sent and not attempt.slot.attempts
        level = logging.DEBUG if is_plain else logging.INFO
        if log.isEnabledFor(level):
            extra = {
                "modem": lane.modem,
                "sim": attempt.ref.sim,
                "message_id": entry.public_id,
                "part": f"{attempt.ref.seq}/{entry.segments}",
                "ms": now - attempt.started_at,
            }
            log.log(level, verdict.why, extra=extra)
        if self._health.listening:
            self._health.settled(lane, attempt, verdict)
        if verdict.fate is Fate.GONE:
            self.index.forget(entry.message_id)
        elif verdict.fate is Fate.BACK or lane.current is not entry:
            if verdict.fate is Fate.BACK and self.stopping:
                self.index.forget(entry.message_id)
                return
            if "fallback" in entry.options:
                self.on_enter(entry)
            self.index.put_back(entry, now)
            self._wake_one(entry, now)
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
        now = self._clock.now_ms()
        others = (o.view(now) for o in self.lanes.values() if o is not lane and o.sim)
        return sum(
            view.ready and self._is_soon(view) and why_never(entry.wish, view) is None
            for view in others
        )

    def blame(self, lane: Lane, attempt: Attempt, code: Code) -> Finding:
        """Say whose fault a refusal is."""
        rivals = self.other_sims(lane, attempt.entry)
        return self._health.blame(lane, attempt, code, rivals)

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""
        return self._rng.random()

    # -- inside --------------------------------------------------------------

    def _wake_one(self, entry: Entry, now: int) -> None:
        free = [one for one in self.lanes.values() if one.ready and not one.busy]
        if not free:
            return
        wish = entry.wish
        idle = [
            (lane, view)
            for lane in free
            if why_not(wish, view := lane.view(now), now) is None
        ]
        if len(idle) > 1:
            rivals, waited = Rivals(self.lanes, now), now - entry.not_before
            takers = [
                (lane, view)
                for lane, view in idle
                if isinstance(
                    judge(wish, view, rivals, now_ms=now, waited_ms=waited), Take
                )
            ]
            if takers:
                idle = [min(takers, key=lambda one: order(wish, one[1], now))]
        for lane, _ in idle:  # none takes it now: each notes when to look again
            lane.wake()

    async def _expire(self, now: int) -> None:
        gone = self.index.expired(now, EXPIRED_AT_ONCE)
        if not gone:
            return
        jobs = [
            endings.expired(
                *(self._store.ids, entry, now),
                at_night=self.evening.is_night_for(entry, now),
                limit=self.why_blocked(entry, now),
            )
            for entry in gone
        ]

        def job(db: Connection) -> None:
            for each in jobs:
                each(db)

        try:
            await self._store.write(job)
        except StoreError:
            for entry in gone:  # they stay in the queue until it is written
                self.index.add(entry, now)
            raise
        for entry in gone:
            log.info("message expired", extra={"message_id": entry.public_id})
        self._changed.set()  # there may be more

    async def _refill(self) -> None:
        pieces = self.index.plan(self._clock.now_ms())
        try:
            loaded = await self._store.read(
                lambda db: loading.read(db, pieces, self.index.__contains__)
            )
        except StoreError:
            for piece in pieces:
                self.index.shelves.not_read(piece)
            raise
        now = self._clock.now_ms()
        for found in loaded:
            for entry in found.entries:
                self.on_enter(entry)
        if sum(
            self.index.read(
                found.piece, found.entries, parts=found.parts, last=found.last, now=now
            )
            for found in loaded
        ):
            self.wake()


def _by_nothing(entry: Entry, now: int) -> str | None:
    """Nobody limits keys yet."""
    return None


def _as_it_is(entry: Entry) -> None:
    """Nobody makes wishes yet."""
