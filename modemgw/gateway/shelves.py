"""What of the queue is in memory, and what is still to be read from the disk.

The queue on the disk is many shelves: the parts of one priority, API key and route
(what the sender asked for: anyone, one SIM, one modem, one pool), oldest first. Each
has its share of the window in memory, so a campaign of a hundred thousand fills its
own shelf and no other. `after` is how far a shelf was read; what lies behind it is
read when half of the share has left.

A SIM that finds nothing it may take, while shelves have more, is hungry: then the
shelves are walked on past what lies there, a slice at a time, round and round, with
rests between the rounds. What a walk brought up and nobody took goes back to the
disk. So no number of messages that cannot leave hides one that can.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from modemgw.store.waiting import ShelfKey

if TYPE_CHECKING:
    from modemgw.gateway.queue import Entry


LEAST = 16  # messages any shelf may have in memory
ROWS = 500  # parts read at once: a longer read would be felt elsewhere
FIRST_REST_MS = 1_000  # after a round that brought nobody anything …
LONGEST_REST_MS = 60_000  # … doubled up to this
PARTS_PER_MS = 5  # and a millisecond for so many parts: about a tenth of the time


@dataclass(slots=True, eq=False)
class Shelf:
    """The messages of one priority, key and route."""

    key: ShelfKey
    here: int = 0  # messages in memory, those on the wire included
    more: bool = False  # parts behind `after` may not be here
    after: int = 0  # the last part that was read
    behind: bool = False  # messages before `after` went back to the disk
    loading: bool = False
    missed: int | None = None  # the first part that stayed on disk while loading
    walked: "list[Entry]" = field(default_factory=list)  # brought up for the hungry …
    let_in: "list[Entry]" = field(default_factory=list)  # … and new, past the others
    taken: bool = False  # one of its messages, in this round
    walked_parts: int = 0  # of this round
    pause_ms: int = 0  # after the last round, for it brought nothing
    rest_ms: int = 0
    rests_until: int = 0


@dataclass(frozen=True, slots=True)
class Slice:
    """What is to be read: parts of a shelf behind one, at most so many."""

    shelf: Shelf
    after: int
    limit: int
    is_walk: bool  # for who is hungry; what the last walk brought up goes back first


def places_of(sim: str, modem: str, pools: Collection[str]) -> frozenset[str]:
    """Return the routes whose messages a SIM may take."""
    pooled = (f"pool:{pool}" for pool in pools)
    return frozenset(("", f"sim:{sim}", f"modem:{modem}", *pooled))


class Shelves:
    """All shelves that have something, in memory or on the disk."""

    def __init__(self, window: int) -> None:
        self.window = window
        self._shelves: dict[ShelfKey, Shelf] = {}
        self._more: dict[ShelfKey, Shelf] = {}  # those with more on the disk
        self._wanting: dict[ShelfKey, Shelf] = {}  # … and half of their share free
        self._total = 0
        self._hungry: dict[str, frozenset[str]] = {}  # SIMs that found nothing
        self._is_asked = False  # one of them has asked since the last walk

    def __len__(self) -> int:
        """Return how many shelves there are."""
        return len(self._shelves)

    @property
    def share(self) -> int:
        """Return how many messages of each shelf are to be in memory."""
        return max(LEAST, self.window // max(1, len(self._shelves)))

    def find(self, key: ShelfKey) -> Shelf:
        """Return the shelf of this key, a new one where there was none."""
        shelf = self._shelves.get(key)
        if shelf is None:
            shelf = self._shelves[key] = Shelf(key)
        return shelf

    def has_more(self, key: ShelfKey) -> None:
        """Hear that the disk has something for this shelf."""
        self._note_more(self.find(key))

    # -- what comes and goes -------------------------------------------------

    def admit(self, entry: "Entry") -> bool:
        """Say whether a new message belongs in memory, or stays on disk for now.

        What stays is found by the next read of its shelf. The other one is on its
        shelf from now on, and is to be counted (`entered`) before anything is asked.
        """
        shelf = entry.shelf = self.find(entry.shelf_key)
        if self._has_room(shelf):
            return True
        if self._fits(shelf) and self._feeds_hungry(shelf):
            shelf.let_in.append(entry)
            return True
        self._leave(shelf, entry.parts[0].part_id)
        return False

    def stays(self, key: ShelfKey, part_id: int) -> bool:
        """Say whether a new message stays on disk, before anything is made of it.

        Where it may not, it is asked again, with the message (`admit`).
        """
        shelf = self.find(key)
        if self._has_room(shelf) or (self._fits(shelf) and self._feeds(shelf)):
            return False
        self._leave(shelf, part_id)
        return True

    def entered(self, shelf: Shelf) -> None:
        """Count one message into memory."""
        shelf.here += 1
        self._total += 1

    def left(self, shelf: Shelf) -> None:
        """Count one message out of memory."""
        shelf.here -= 1
        self._total -= 1
        if shelf.more:
            self._look_at(shelf)
        elif not shelf.here and not shelf.loading:
            self._shelves.pop(shelf.key, None)

    # -- who finds nothing ---------------------------------------------------

    def found_nothing(self, who: str, places: frozenset[str]) -> None:
        """Hear that a SIM that could send found nothing."""
        self._hungry[who] = places
        self._is_asked = bool(self._more)

    def found(self, who: str, shelf: Shelf) -> None:
        """Hear that a SIM found something."""
        shelf.taken = True
        if self._hungry:
            self._hungry.pop(who, None)

    def reconsider(self) -> None:
        """Walk on at once: a SIM came, went, or is another one now."""
        self._hungry.clear()
        for shelf in self._more.values():
            shelf.pause_ms = shelf.rest_ms = shelf.rests_until = 0

    # -- what is to be read --------------------------------------------------

    def wants(self, now: int) -> bool:
        """Say whether there is something to read now."""
        return bool(self._wanting) or bool(self._is_asked and self._walks(now))

    def next_walk_at(self) -> int | None:
        """Return when a rest is over that somebody hungry waits for."""
        if not self._is_asked:
            return None
        due = (shelf.rests_until for shelf in self._more.values() if self._feeds(shelf))
        return min(due, default=None)

    def plan(self, now: int) -> list[Slice]:
        """Return what to read next; each slice must be answered by `read`."""
        wanting = sorted(self._wanting.values(), key=lambda shelf: -shelf.key[0])
        each = max(LEAST, ROWS // max(1, len(wanting)))
        slices: list[Slice] = []
        for shelf in wanting[: ROWS // each]:
            del self._wanting[shelf.key]
            room = max(1, self.share - shelf.here)
            slices.append(self._begin(shelf, min(each, room), is_walk=False))
        if slices or not self._is_asked:
            return slices
        hungry = sorted(self._walks(now), key=lambda shelf: shelf.walked_parts)
        each = max(LEAST, ROWS // max(1, len(hungry)))
        room = max(1, self.share // 2)
        for shelf in hungry[: ROWS // each]:
            slices.append(self._begin(shelf, min(each, room), is_walk=True))
        if slices:
            self._is_asked = False
        return slices

    def read(
        self, piece: Slice, *, parts: int, last: int, fresh: int, now: int
    ) -> None:
        """Hear what came of a slice: `parts` read up to `last`, `fresh` messages."""
        shelf, missed = piece.shelf, piece.shelf.missed
        shelf.loading = False
        shelf.walked_parts += parts if piece.is_walk else 0
        more = True
        if parts == piece.limit:
            shelf.after = last if missed is None else min(last, missed - 1)
        else:
            self._end_round(shelf, now)
            if shelf.behind:
                shelf.after, shelf.behind = 0, False
            elif missed is not None:
                shelf.after = missed - 1
            else:
                more = False
        self._settle(shelf, more=more)
        if piece.is_walk and not fresh:
            self._is_asked = True  # nobody is woken, so nobody asks again

    def not_read(self, piece: Slice) -> None:
        """Hear that a slice could not be read; it will be tried again."""
        shelf = piece.shelf
        shelf.loading = False
        if shelf.missed is not None:
            shelf.after = min(piece.after, shelf.missed - 1)
        if piece.is_walk:
            self._is_asked = True
        self._settle(shelf, more=True)

    # -- inside --------------------------------------------------------------

    def _begin(self, shelf: Shelf, limit: int, *, is_walk: bool) -> Slice:
        shelf.loading, shelf.missed = True, None
        return Slice(shelf, shelf.after, limit, is_walk)

    def _settle(self, shelf: Shelf, *, more: bool) -> None:
        if more:
            self._note_more(shelf)
            return
        shelf.more, shelf.after = False, 0
        self._more.pop(shelf.key, None)
        self._wanting.pop(shelf.key, None)
        if not shelf.here:
            self._shelves.pop(shelf.key, None)

    def _end_round(self, shelf: Shelf, now: int) -> None:
        if shelf.taken or not shelf.behind:
            shelf.pause_ms = 0
        else:
            shelf.pause_ms = min(2 * shelf.pause_ms or FIRST_REST_MS, LONGEST_REST_MS)
        shelf.rest_ms = max(shelf.pause_ms, shelf.walked_parts // PARTS_PER_MS)
        shelf.rests_until = now + shelf.rest_ms
        shelf.taken, shelf.walked_parts = False, 0

    def _fits(self, shelf: Shelf) -> bool:
        return shelf.here < LEAST or self._total < 2 * self.window

    def _has_room(self, shelf: Shelf) -> bool:
        if shelf.more or shelf.loading:
            return False  # nobody knows
        if shelf.here < LEAST:  # which is in every share, and fits
            return True
        return self._total < 2 * self.window and shelf.here < self.share

    def _leave(self, shelf: Shelf, part_id: int) -> None:
        if shelf.loading:
            shelf.missed = min(shelf.missed or part_id, part_id)
        else:
            after = part_id - 1
            shelf.after = min(shelf.after, after) if shelf.more else after
            self._note_more(shelf)

    def _note_more(self, shelf: Shelf) -> None:
        self._is_asked |= bool(self._hungry) and not shelf.more
        shelf.more = True
        self._more[shelf.key] = shelf
        self._look_at(shelf)

    def _look_at(self, shelf: Shelf) -> None:
        if not shelf.loading and 2 * shelf.here < self.share:
            self._wanting[shelf.key] = shelf

    def _feeds(self, shelf: Shelf) -> bool:
        route = shelf.key[2]
        return any(route in places for places in self._hungry.values())

    def _feeds_hungry(self, shelf: Shelf) -> bool:
        if not self._feeds(shelf):
            return False
        if 2 * len(shelf.let_in) >= self.share:
            shelf.let_in = [entry for entry in shelf.let_in if entry.stamp]
        return 2 * len(shelf.let_in) < self.share

    def _walks(self, now: int) -> list[Shelf]:
        return [
            shelf
            for shelf in self._more.values()
            if not shelf.loading
            and not now < shelf.rests_until <= now + shelf.rest_ms
            and self._feeds(shelf)
        ]
