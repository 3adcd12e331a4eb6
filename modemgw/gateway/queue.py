"""The queue in memory: which message is next for which SIM, without asking SQLite.

Rebuilt from the database at start and fed with every accepted message. It holds
some thousand messages, a share of each shelf (see shelves.py); what is beyond stays
on disk until there is room, so memory is bounded however long the queue is.

Nothing here waits: entries go in, the one whose turn it is comes out (see turns.py).
"""

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from modemgw.gateway.shelves import Shelf, Shelves, Slice, places_of
from modemgw.gateway.turns import OVERDUE, Line, Turns
from modemgw.policy.routing import Later, SimView, Take, Wish, judge
from modemgw.store.waiting import ShelfKey, route_of

WINDOW = 4_000  # messages in memory, about twice that at most; about 2 KiB each
LONGEST_WAIT_MS = 2_700_000  # no back-off is as long: then the clock went back
AGAIN_MS = 60_000  # what a SIM may not take is judged again after this at the latest
_ANY = Wish()  # until the router has made its own
MANY = 1_000  # void places beside as many valid ones are swept out
SWEEP = 64  # messages that come between two looks at that


@dataclass(slots=True)
class Slot:
    """One part that waits."""

    part_id: int
    seq: int
    attempts: int  # submits so far


@dataclass(slots=True, eq=False)
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
    wish: Wish = _ANY
    key_id: int | None = None  # None: the admin socket
    stamp: int = 0  # which of its places in the heaps is the valid one; 0: none
    line: Line | None = field(default=None, repr=False)
    shelf: Shelf | None = field(default=None, repr=False)

    @property
    def shelf_key(self) -> ShelfKey:
        """Return where it lies on the disk, while it waits there."""
        return self.priority, self.key_id or 0, route_of(self.options)


class Treasurer(Protocol):
    """Knows what the keys may still have sent."""

    def hold(self, entry: Entry, sim: SimView, now: int) -> int:
        """Return until when a message must wait on this SIM, 0 where it may go."""

    def over(self, entry: Entry) -> None:
        """Hear that a message has left the queue, for whatever reason."""


class QueueIndex:
    """All messages that may be sent, and who sends what next."""

    def __init__(self, window: int = WINDOW) -> None:
        self.treasurer: Treasurer | None = None  # asked once for each message taken
        self.shelves = Shelves(window)
        self._turns = Turns()
        self._known: dict[int, Entry] = {}  # waiting here or being sent
        self._later: list[tuple[int, int, int, Entry]] = []
        self._expiry: list[tuple[int, int]] = []
        self._stamp = 0
        self._unswept = 0  # messages that came since the last sweep
        self._waiting = 0

    def __len__(self) -> int:
        """Return how many messages wait here, those on the wire not counted."""
        return self._waiting

    def __contains__(self, message_id: int) -> bool:
        """Say whether a message waits here or is on the wire."""
        return message_id in self._known

    @property
    def window(self) -> int:
        """How many messages are to be in memory, about twice that at most."""
        return self.shelves.window

    @window.setter
    def window(self, messages: int) -> None:
        self.shelves.window = messages

    def find(self, message_id: int) -> Entry | None:
        """Return a message that waits here or is on the wire, None for others."""
        return self._known.get(message_id)

    @property
    def lines(self) -> int:
        """Return how many kinds of messages wait: by key, priority and wish."""
        return len(self._turns)

    # -- in and out ----------------------------------------------------------

    def offer(self, entry: Entry, now: int) -> bool:
        """Take a message in, or say that it waits its turn on disk."""
        if self.admits(entry):
            self.add(entry, now)
            return True
        return False

    def admits(self, entry: Entry) -> bool:
        """Say whether a message is to be added, or waits its turn on disk.

        To be asked once: what is not added is left to the next read of the disk.
        """
        return entry.message_id in self._known or self.shelves.admit(entry)

    def stays(self, key: ShelfKey, part_id: int) -> bool:
        """Say whether a message just accepted stays on disk; ask before making it."""
        return self.shelves.stays(key, part_id)

    def add(self, entry: Entry, now: int) -> None:
        """Put a message in; one that is known already is replaced."""
        old = self._known.get(entry.message_id)
        if old is not entry:
            if old is not None:
                self.forget(entry.message_id)
            self._known[entry.message_id] = entry
            if entry.shelf is None:
                entry.shelf = self.shelves.find(entry.shelf_key)
            self.shelves.entered(entry.shelf)
            heapq.heappush(self._expiry, (entry.expires_at, entry.message_id))
            self._unswept += 1
            if self._unswept >= SWEEP:
                self._sweep()
        self._place(entry, now)

    def put_back(self, entry: Entry, now: int) -> None:
        """Return an entry that was taken: it waits again, under its new wish."""
        if self._known.get(entry.message_id) is entry:
            if entry.expires_at <= now:  # its end may have been passed over
                heapq.heappush(self._expiry, (entry.expires_at, entry.message_id))
            self._place(entry, now)

    def _place(self, entry: Entry, now: int) -> None:
        if not entry.stamp:
            self._waiting += 1
        self._stamp += 1
        entry.stamp = self._stamp
        self._turns.drop(entry)
        if entry.not_before > now:
            heapq.heappush(
                self._later, (entry.not_before, entry.message_id, entry.stamp, entry)
            )
        else:
            self._turns.put(entry)

    def readmit(self, may_go: Callable[[Wish], bool], now: int) -> None:
        """Let every SIM try again what all that could take it now have refused.

        `may_go` says whether a SIM in service is left that has not. All messages are
        looked at: this is for SIMs that come and go, not for every message.
        """
        for entry in list(self._known.values()):
            if entry.stamp and entry.wish.excluded and not may_go(entry.wish):
                entry.wish = replace(entry.wish, excluded=frozenset())
                self._place(entry, now)

    def rewish(self, wish_of: Callable[[Entry], Wish], now: int) -> None:
        """Give every message its wish anew: the rules have changed."""
        for entry in list(self._known.values()):
            entry.wish = wish_of(entry)  # equal ones may have another rule
            if entry.stamp:  # not on the wire
                self._place(entry, now)

    def forget(self, message_id: int) -> None:
        """Drop a message: it left, failed, was canceled or waits for a decision."""
        entry = self._known.pop(message_id, None)
        if entry is None:
            return
        self._unplace(entry)
        if self.treasurer is not None:
            self.treasurer.over(entry)
        if entry.shelf is not None:
            self.shelves.left(entry.shelf)
            entry.shelf = None

    def _unplace(self, entry: Entry) -> None:
        if entry.stamp:
            entry.stamp = 0
            self._waiting -= 1
            self._turns.drop(entry)

    def _sweep(self) -> None:
        """Let go of the void, so that memory follows what waits, not what has left."""
        self._unswept = 0
        if len(self._expiry) > 2 * len(self._known) + MANY:
            self._expiry = [(e.expires_at, e.message_id) for e in self._known.values()]
            heapq.heapify(self._expiry)
        if len(self._later) > 2 * self._waiting + MANY:
            self._later = [place for place in self._later if place[3].stamp == place[2]]
            heapq.heapify(self._later)

    # -- times ---------------------------------------------------------------

    def ripen(self, now: int) -> list[Entry]:
        """Make ready what had to wait until now; return it."""
        ripe: list[Entry] = []
        while self._later and not now < self._later[0][0] <= now + LONGEST_WAIT_MS:
            _, _, stamp, entry = heapq.heappop(self._later)
            if entry.stamp == stamp:
                self._turns.put(entry)
                ripe.append(entry)
        return ripe

    def next_ripe_at(self) -> int | None:
        """Return when the next waiting message may be tried."""
        while self._later and self._later[0][3].stamp != self._later[0][2]:
            heapq.heappop(self._later)
        return self._later[0][0] if self._later else None

    def expired(self, now: int, limit: int = 1 << 30) -> list[Entry]:
        """Take out and return waiting messages whose validity has ended."""
        gone: list[Entry] = []
        for entry in self._turns.overdue:
            if entry.stamp == OVERDUE and self._known.get(entry.message_id) is entry:
                self.forget(entry.message_id)
                gone.append(entry)
        self._turns.overdue.clear()
        while self._expiry and self._expiry[0][0] <= now and len(gone) < limit:
            _, message_id = heapq.heappop(self._expiry)
            found = self._known.get(message_id)
            # One on the wire is left alone: its outcome decides, or `put_back`.
            if found is not None and found.stamp and found.expires_at <= now:
                self.forget(message_id)
                gone.append(found)
        return gone

    def move_ends(self, first: int, by: int, middle: int) -> None:
        """Let messages from a row id on end so much later: the clock was set.

        `middle` lies between the time before and the time after.
        """
        for entry in self._known.values():
            if entry.message_id >= first and (entry.created_at < middle) is (by > 0):
                entry.expires_at += by
        self._expiry = [(e.expires_at, e.message_id) for e in self._known.values()]
        heapq.heapify(self._expiry)

    def next_expiry_at(self) -> int | None:
        """Return when the next message may expire."""
        if self._turns.overdue:
            return 0
        while self._expiry and self._expiry[0][1] not in self._known:
            heapq.heappop(self._expiry)
        return self._expiry[0][0] if self._expiry else None

    def next_look_at(self) -> int | None:
        """Return when SIMs are to be asked again: a patience ends, a rest is over."""
        times = (self._turns.next_look_at(), self.shelves.next_walk_at())
        return min((at for at in times if at is not None), default=None)

    def looks_due(self, now: int) -> bool:
        """Say whether SIMs are to be asked again now, and note that they are."""
        return self._turns.looks_due(now)

    def reconsider(self) -> None:
        """Have everything judged anew: a SIM came, went, or is another one now."""
        self._turns.reconsider()
        self.shelves.reconsider()

    # -- what a SIM takes ----------------------------------------------------

    def take(
        self, sim: SimView, now: int, rivals: Sequence[SimView] = ()
    ) -> Entry | None:
        """Take out the message whose turn it is for this SIM, or None.

        The caller has checked that the SIM may send at all; it must give the
        entry back with `put_back` or end it with `forget`.
        """

        def until(entry: Entry) -> int:
            waited = now - entry.not_before
            found = judge(entry.wish, sim, rivals, now_ms=now, waited_ms=waited)
            if isinstance(found, Take):
                treasurer = self.treasurer
                return min(treasurer.hold(entry, sim, now), again) if treasurer else 0
            later = found.until_ms if isinstance(found, Later) else again
            return max(now + 1, min(later, again))

        again = now + AGAIN_MS  # clocks jump, and limits are raised
        facts = (sim.sim_id, sim.name, sim.pools, sim.networks, sim.tariff)
        entry = self._turns.take(sim.modem, facts, now, until)
        if entry is None:
            self.shelves.found_nothing(
                sim.modem, places_of(sim.name, sim.modem, sim.pools)
            )
            return None
        self._unplace(entry)
        if entry.shelf is not None:
            self.shelves.found(sim.modem, entry.shelf)
        return entry

    def is_waited_for(self, now: int) -> bool:
        """Say whether its owner has something to do: to read, or to end."""
        return bool(self._turns.overdue) or self.shelves.wants(now)

    # -- the disk ------------------------------------------------------------

    def plan(self, now: int) -> list[Slice]:
        """Return what to read from the disk next, and make room for it."""
        slices = self.shelves.plan(now)
        for piece in slices:
            if piece.is_walk:
                self._give_back(piece.shelf)
        return slices

    def _give_back(self, shelf: Shelf) -> None:
        extra = [*shelf.walked, *shelf.let_in]
        shelf.walked, shelf.let_in = [], []
        for entry in extra:
            if entry.stamp and self._known.get(entry.message_id) is entry:
                shelf.behind = True
                self.forget(entry.message_id)

    def read(
        self, piece: Slice, entries: Iterable[Entry], *, parts: int, last: int, now: int
    ) -> int:
        """Take in what was read of a slice; return how many messages are new.

        `parts`: how many were read, up to the one with the id `last`.
        """
        fresh = 0
        for entry in entries:
            # The snapshot is older than what happened meanwhile; a message that
            # has left since is refused by its own `submitting` mark.
            if entry.message_id not in self._known:
                fresh += 1
                self.add(entry, now)
                if piece.is_walk:
                    piece.shelf.walked.append(entry)
        self.shelves.read(piece, parts=parts, last=last, fresh=fresh, now=now)
        return fresh
