"""Whose delivery is tried next: one lane per endpoint, so nobody waits for others.

Only row ids are held here, and not many: what does not fit stays in the database,
and its lane remembers that there is more. This file does no I/O.

A lane that fails gets one attempt at a time instead of several, and all failing
lanes together get half of the slots: however many endpoints are dead and make us
wait out every deadline, the living ones find a slot. One that fails again and again
is soon tried once a second only, however many deliveries wait for it.

What is about one message goes to an endpoint in order and one by one, for as long as
the endpoint takes it; only a repetition comes late.
"""

from collections import deque
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

PER_LANE = 4  # attempts at once to one endpoint
TOTAL = 32  # attempts at once
FAILING_SHARE = 0.5  # of them, for all failing lanes together
LANE_IDS = 256  # ids waiting in one lane
ALL_IDS = 8192  # ids waiting in all lanes
FAILING_KEYS = 1024  # endpoints remembered to fail while nothing waits for them
FREE_FAILURES = 32  # in a row, before a lane is slowed …
FIRST_GAP_MS = 10  # … doubled with each further failure …
LONGEST_GAP_MS = 1000  # … up to this
LOOK_AHEAD = 32  # waiting deliveries that may overtake one whose message is under way

Key = int | str  # id of the endpoint, or host:port of callback URLs
Waiting = tuple[int, int | None]  # delivery, and the message it is about


@dataclass(slots=True)
class Lane:
    """Deliveries to one endpoint, in the order in which they fell due."""

    key: Key
    waiting: deque[Waiting] = field(default_factory=deque)
    busy: set[int] = field(default_factory=set)  # messages that are being told of
    running: int = 0
    failing: bool = False
    failures: int = 0  # in a row
    more: bool = False  # rows that are due lie in the database only
    hold_until: int = 0  # ms; the endpoint asked for quiet (Retry-After)


class Start(NamedTuple):
    """One attempt to begin."""

    delivery: int
    lane: Lane
    about: int | None


class Lanes:
    """Every delivery that is known to be due, until it is written down."""

    def __init__(
        self,
        *,
        per_lane: int = PER_LANE,
        total: int = TOTAL,
        lane_ids: int = LANE_IDS,
        all_ids: int = ALL_IDS,
    ) -> None:
        self._per_lane = per_lane
        self._total = total
        self._failing_total = max(1, int(total * FAILING_SHARE))
        self._lane_ids = lane_ids
        self._all_ids = all_ids
        self._lanes: dict[Key, Lane] = {}
        self._turn: deque[Lane] = deque()  # lanes with ids waiting, next one first
        self._known: set[int] = set()
        self._waiting = 0
        self._running = 0
        self._failing_running = 0
        self._more = False  # there was no room for any lane
        self._failing: dict[Key, None] = {}  # lanes come and go, this stays

    @property
    def running(self) -> int:
        """How many attempts are under way."""
        return self._running

    @property
    def known(self) -> int:
        """How many deliveries are waiting, under way or not yet written down."""
        return len(self._known)

    def hungry(self, now: int) -> list[Key]:
        """Return lanes that have room for rows left in the database; once each."""
        found: list[Key] = []
        for lane in list(self._lanes.values()):
            if lane.more and not lane.waiting:
                lane.more = False
                found.append(lane.key)
            elif lane.hold_until <= now:
                self._drop_if_empty(lane)
        return found

    def starved(self) -> bool:
        """Tell, once, that rows of any lane were left and there is room again."""
        if not self._more or self._waiting > self._all_ids // 2:
            return False
        self._more = False
        return True

    def offer(self, delivery: int, key: Key, about: int | None = None) -> bool:
        """Queue a delivery that is due, once, and the message it is about.

        False: there is no room; it is only remembered that there is more.
        """
        if delivery in self._known:
            return True
        if self._waiting >= self._all_ids:
            self._more = True
            return False
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(key, failing=key in self._failing)
        if len(lane.waiting) >= self._lane_ids:
            lane.more = True
            return False
        if not lane.waiting:
            self._turn.append(lane)
        lane.waiting.append((delivery, about))
        self._known.add(delivery)
        self._waiting += 1
        return True

    def take(self, now: int) -> list[Start]:
        """Return the deliveries to start now, at most one per lane and turn."""
        started: list[Start] = []
        idle = 0  # lanes in a row that may not start anything
        while self._turn and idle < len(self._turn) and self._running < self._total:
            lane = self._turn.popleft()
            place = self._place(lane, now)
            if place is not None:
                idle = 0
                delivery, about = lane.waiting[place]
                del lane.waiting[place]
                started.append(Start(delivery, lane, about))
                self._waiting -= 1
                self._start(lane, about)
            else:
                idle += 1
            if lane.waiting:
                self._turn.append(lane)
        return started

    def ended(
        self,
        lane: Lane,
        *,
        failed: bool | None,
        about: int | None = None,
        now: int = 0,
        hold_until: int = 0,
    ) -> None:
        """Give back the slot of one attempt; `failed` None: it was not made.

        The delivery stays known until `forget`, so that it is not started again
        before its outcome is on disk.
        """
        self._stop(lane, about)
        if failed:
            lane.failures += 1
            hold_until = max(hold_until, now + _gap_ms(lane.failures))
        elif failed is not None:
            lane.failures = 0
        if failed is not None:
            self._failing_running += lane.running * (failed - lane.failing)
            lane.failing = failed
            self.remember(lane.key, failing=failed)
        lane.hold_until = max(lane.hold_until, hold_until)
        if not lane.hold_until:
            self._drop_if_empty(lane)

    def remember(self, key: Key, *, failing: bool) -> None:
        """Keep in mind how the last attempt to an endpoint ended."""
        self._failing.pop(key, None)
        if failing:
            self._failing[key] = None
            if len(self._failing) > FAILING_KEYS:
                del self._failing[next(iter(self._failing))]

    def forget(self, delivery: int) -> None:
        """Drop a delivery whose outcome is on disk, or whose row is gone."""
        self._known.discard(delivery)

    def release(self) -> None:
        """Let every silenced lane go on."""
        for lane in self._lanes.values():
            lane.hold_until = lane.failures = 0

    def working(self, now: int) -> bool:
        """Tell whether an attempt is under way or could be started."""
        return bool(self._running) or any(lane.hold_until <= now for lane in self._turn)

    def next_hold(self, now: int) -> int | None:
        """Return when the next silenced lane with work may go on, in ms."""
        holds = [lane.hold_until for lane in self._turn if lane.hold_until > now]
        return min(holds, default=None)

    def _place(self, lane: Lane, now: int) -> int | None:
        """Return which of those that wait in a lane may start; None: none."""
        if not self._may_start(lane, now):
            return None
        if not lane.busy:
            return 0
        for place, (_, about) in enumerate(islice(lane.waiting, LOOK_AHEAD)):
            if about not in lane.busy:
                return place
        return None

    def _may_start(self, lane: Lane, now: int) -> bool:
        if lane.hold_until > now:
            return False
        if lane.failing:
            return not lane.running and self._failing_running < self._failing_total
        return lane.running < self._per_lane

    def _start(self, lane: Lane, about: int | None) -> None:
        if about is not None:
            lane.busy.add(about)
        lane.running += 1
        self._running += 1
        self._failing_running += lane.failing

    def _stop(self, lane: Lane, about: int | None) -> None:
        if about is not None:
            lane.busy.discard(about)
        lane.running -= 1
        self._running -= 1
        self._failing_running -= lane.failing

    def _drop_if_empty(self, lane: Lane) -> None:
        if lane.waiting or lane.running or lane.more:
            return
        self._lanes.pop(lane.key, None)


def _gap_ms(failures: int) -> int:
    """Return how long a lane rests after so many failures in a row."""
    if failures <= FREE_FAILURES:
        return 0
    return int(
        min(FIRST_GAP_MS * 2 ** min(failures - FREE_FAILURES - 1, 10), LONGEST_GAP_MS)
    )
