"""Which PINs were tried: a PIN goes out once per card, and is then remembered.

Three wrong PINs block a card, so the attempt is written down before it is made
and whatever happens then, a restart included, it is not made again: only the
card's own "ready" takes it back. The gateway gives a `PinLatch` that remembers
in the database; this one forgets with the process.
"""

import hashlib
from collections.abc import Sequence
from enum import Enum
from typing import Protocol


class Tried(Enum):
    """What became of a PIN at a card."""

    NEVER = "never"
    UNKNOWN = "unknown"  # it went out; the answer was lost, or meant nothing
    REFUSED = "refused"  # the card said that it is wrong
    NOT_READABLE = "not readable"  # nobody can say now: the database is down


class PinLatch(Protocol):
    """Remembers PINs by card. A card has several names; one that fits is enough."""

    async def tried(self, cards: Sequence[str], pin: str) -> Tried:
        """Return the worst that is known of `pin` at any of `cards`."""

    async def latch(self, cards: Sequence[str], pin: str) -> bool:
        """Remember that `pin` goes out now; False where that is impossible."""

    async def refused(self, cards: Sequence[str], pin: str) -> None:
        """Remember that it was wrong."""

    async def accepted(self, cards: Sequence[str], pin: str | None) -> None:
        """Forget what went out to `cards` with an unknown outcome: one is ready.

        `pin` has just made it ready, so nothing is held against it any more.
        """


class MemoryLatch:
    """Remembers as long as the process lives."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], Tried] = {}

    async def tried(self, cards: Sequence[str], pin: str) -> Tried:
        """Return the worst that is known."""
        found = [self._known.get(_key(card, pin)) for card in cards]
        for worst in (Tried.REFUSED, Tried.UNKNOWN):
            if worst in found:
                return worst
        return Tried.NEVER

    async def latch(self, cards: Sequence[str], pin: str) -> bool:
        """Remember it."""
        for card in cards:
            self._known[_key(card, pin)] = Tried.UNKNOWN
        return True

    async def refused(self, cards: Sequence[str], pin: str) -> None:
        """Remember that it was wrong."""
        for card in cards:
            self._known[_key(card, pin)] = Tried.REFUSED

    async def accepted(self, cards: Sequence[str], pin: str | None) -> None:
        """Forget what has proved to be right."""
        right = {_key(card, pin) for card in cards} if pin is not None else set()
        for key, state in [*self._known.items()]:
            if key in right or (key[0] in cards and state is Tried.UNKNOWN):
                del self._known[key]


def _key(card: str, pin: str) -> tuple[str, bytes]:
    """Tell PINs apart without keeping them."""
    return card, hashlib.sha256(f"{card}:{pin}".encode()).digest()
