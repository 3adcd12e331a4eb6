"""The queue in memory: which message is next for which SIM, without asking SQLite.

Rebuilt from the database at start and fed with every accepted message. It holds
the best `WINDOW` messages; what is beyond stays on disk and is read when half
of it has left, so memory is bounded however long the queue is.

Nothing here decides or waits: entries go in, the best one for a SIM comes out.
"""

import heapq
from collections.abc import Iterable
from dataclasses import dataclass, field

from modemgw.policy.routing import SimView, Wish, why_never

WINDOW = 4_000  # messages in memory, 8,000 at most; about 2 KiB each
LONGEST_WAIT_MS = 2_700_000  # no back-off is as long: then the clock went back
LOOK_PAST = 64  # messages that refuse this SIM which we look past for a better one

Lane = tuple[str, str | int] | None  # which heap: anyone's, or of one SIM or modem


@dataclass(slots=True)
class Slot:
    """One part that waits."""

    part_id: int
    seq: int
    attempts: int  # submits so far


@dataclass(slots=True)
class Entry:
    """One message with parts to send. Instants in Unix milliseconds."""

    message_id: int
    public_id: str
    to: str
    klass: str
    priority: int
    segments: int
    encoding: str
    expires_at: int
    created_at: int
    not_before: int
    parts: list[Slot]
    text: str | None
    data: bytes | None
    options: dict[str, object]
    wish: Wish = field(default_factory=Wish)
    stamp: int = 0  # which of its places in the heaps is the valid one; 0: none

    @property
    def lane(self) -> Lane:
        """Return the heap it waits in."""
        if self.wish.pinned_sim_id is not None:
            return ("id", self.wish.pinned_sim_id)
        if self.wish.sim is not None:
            return ("sim", self.wish.sim)
        if self.wish.modem is not None:
            return ("modem", self.wish.modem)
        return None


_Place = tuple[int, int, int, Entry]


class QueueIndex:
    """All messages that may be sent, best first, by who may send them."""

    def __init__(self, window: int = WINDOW) -> None:
        self.window = window
        self.overflow = False  # more waits on disk than is here
        self._known: dict[int, Entry] = {}  # waiting here or being sent
        self._ready: dict[Lane, list[_Place]] = {}
        self._later: list[tuple[int, int, int, Entry]] = []
        self._expiry: list[tuple[int, int]] = []
        self._stamp = 0
        self._waiting = 0

    def __len__(self) -> int:
        """Return how many messages wait here, those on the wire not counted."""
        return self._waiting

    def __contains__(self, message_id: int) -> bool:
        """Say whether a message waits here or is on the wire."""
        return message_id in self._known

    @property
    def wants_more(self) -> bool:
        """Say that half of the window is free and the disk has more."""
        return self.overflow and self._waiting < self.window // 2

    def has_room_for(self, priority: int) -> bool:
        """Say whether a new message belongs here, or waits its turn on disk.

        Behind an overflow only what is urgent is let in past the others.
        """
        if self._waiting >= self.window * 2:
            return False
        return not self.overflow or priority > 1

    def add(self, entry: Entry, now: int) -> None:
        """Put a message in; one that is known already is replaced."""
        old = self._known.get(entry.message_id)
        if old is None or old is not entry:
            if old is not None and old.stamp:
                old.stamp = 0
                self._waiting -= 1
            self._known[entry.message_id] = entry
            heapq.heappush(self._expiry, (entry.expires_at, entry.message_id))
        self._place(entry, now)

    def put_back(self, entry: Entry, now: int) -> None:
        """Return an entry that was taken: it waits again, under its new wish."""
        if self._known.get(entry.message_id) is entry:
            self._place(entry, now)

    def _place(self, entry: Entry, now: int) -> None:
        if not entry.stamp:
            self._waiting += 1
        self._stamp += 1
        entry.stamp = self._stamp
        if entry.not_before > now:
            heapq.heappush(
                self._later, (entry.not_before, entry.message_id, entry.stamp, entry)
            )
        else:
            self._make_ready(entry)

    def _make_ready(self, entry: Entry) -> None:
        place = (-entry.priority, entry.message_id, entry.stamp, entry)
        heapq.heappush(self._ready.setdefault(entry.lane, []), place)

    def forget(self, message_id: int) -> None:
        """Drop a message: it left, failed, was canceled or waits for a decision."""
        entry = self._known.pop(message_id, None)
        if entry is not None and entry.stamp:
            entry.stamp = 0
            self._waiting -= 1

    def ripen(self, now: int) -> list[Entry]:
        """Make ready what had to wait until now; return it."""
        ripe: list[Entry] = []
        while self._later and not now < self._later[0][0] <= now + LONGEST_WAIT_MS:
            _, _, stamp, entry = heapq.heappop(self._later)
            if entry.stamp == stamp:
                self._make_ready(entry)
                ripe.append(entry)
        return ripe

    def next_ripe_at(self) -> int | None:
        """Return when the next waiting message may be tried."""
        while self._later and self._later[0][3].stamp != self._later[0][2]:
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None

    def expired(self, now: int) -> list[Entry]:
        """Take out and return waiting messages whose validity has ended."""
        gone: list[Entry] = []
        busy: list[tuple[int, int]] = []
        while self._expiry and self._expiry[0][0] <= now:
            due, message_id = heapq.heappop(self._expiry)
            entry = self._known.get(message_id)
            if entry is None:
                continue
            if entry.stamp:
                self.forget(message_id)
                gone.append(entry)
            else:
                busy.append((due, message_id))  # on the wire: its outcome decides
        for item in busy:
            heapq.heappush(self._expiry, item)
        return gone

    def next_expiry_at(self) -> int | None:
        """Return when the next message may expire."""
        while self._expiry and self._expiry[0][1] not in self._known:
            heapq.heappop(self._expiry)
        return self._expiry[0][0] if self._expiry else None

    def take(self, sim: SimView) -> Entry | None:
        """Take out the best message this SIM may send, or None.

        The caller has checked that the SIM may send at all; it must give the
        entry back with `put_back` or end it with `forget`.
        """
        best: _Place | None = None
        best_lane: Lane = None
        keys: Iterable[Lane] = (
            None,
            ("sim", sim.name),
            ("modem", sim.modem),
            ("id", sim.sim_id if sim.sim_id is not None else -1),
        )
        for key in keys:
            place = self._first(key, sim)
            if place is not None and (best is None or place < best):
                best, best_lane = place, key
        if best is None:
            return None
        self._remove(best_lane, best)
        entry = best[3]
        entry.stamp = 0
        self._waiting -= 1
        return entry

    def _remove(self, key: Lane, place: _Place) -> None:
        heap = self._ready[key]
        if heap[0] is place:
            heapq.heappop(heap)
        # else: it lies behind ones that refuse this SIM; its stamp makes it void
        if not heap:
            del self._ready[key]

    def _first(self, key: Lane, sim: SimView) -> _Place | None:
        heap = self._ready.get(key)
        if heap is None:
            return None
        while heap and heap[0][3].stamp != heap[0][2]:
            heapq.heappop(heap)
        if not heap:
            del self._ready[key]
            return None
        if why_never(heap[0][3].wish, sim) is None:
            return heap[0]
        fitting = (
            place
            for place in heapq.nsmallest(LOOK_PAST, heap)
            if place[3].stamp == place[2] and why_never(place[3].wish, sim) is None
        )
        return next(fitting, None)
