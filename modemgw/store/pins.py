"""PINs that went out to a card: kept as salted hashes, so that none goes out twice.

A PIN has four digits, so a hash hides little from somebody who has the file; it is
made as slow as a small board can bear. Whoever can read the file as a rule reads
the configuration with the PIN, too.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from modemgw.store.sql import sql

_COST = {"n": 2**14, "r": 8, "p": 1}  # 16 MiB, about 50 ms on a desktop


@dataclass(frozen=True, slots=True)
class Latched:
    """One PIN at one card."""

    card: str
    salt: bytes
    hash: bytes
    refused: bool

    def is_of(self, pin: str) -> bool:
        """Tell whether it is this PIN. Slow on purpose."""
        return secrets.compare_digest(_hash(pin, self.salt), self.hash)


def known(db: sqlite3.Connection, cards: Sequence[str], pin: str) -> list[Latched]:
    """Return what is known of `pin` at any of `cards`."""
    rows = [row for card in cards for row in db.execute(_OF_CARD, {"card": card})]
    latched = [Latched(card, salt, hash_, bool(no)) for card, salt, hash_, no in rows]
    return [each for each in latched if each.is_of(pin)]


def unproved(db: sqlite3.Connection, cards: Sequence[str]) -> list[str]:
    """Return those of `cards` to which something went out with an unknown outcome."""
    rows = [row for card in cards for row in db.execute(_OF_CARD, {"card": card})]
    return [card for card, _, _, refused in rows if not refused]


def new(cards: Sequence[str], pin: str) -> list[Latched]:
    """Make what `latch` writes. Slow on purpose: not for the writing thread."""
    salt = secrets.token_bytes(16)
    hash_ = _hash(pin, salt)
    return [Latched(card, salt, hash_, refused=False) for card in cards]


def latch(
    db: sqlite3.Connection, pins: Sequence[Latched], *, at: int, refused: bool
) -> None:
    """Remember that these went out, or that the card refused them."""
    for pin in pins:
        row = {"card": pin.card, "salt": pin.salt, "hash": pin.hash}
        db.execute(_LATCH, {**row, "refused": int(refused), "at": at})


def forget(
    db: sqlite3.Connection, cards: Sequence[str], right: Sequence[Latched] = ()
) -> None:
    """Forget what went out to a card that is ready now; refusals stay.

    What was `right` is forgotten whatever was held against it.
    """
    for card in cards:
        db.execute(_FORGET, {"card": card})
    for pin in right:
        db.execute(_FORGET_ONE, {"card": pin.card, "hash": pin.hash})


@lru_cache(maxsize=32)  # a parked modem asks the same again, every half minute
def _hash(pin: str, salt: bytes) -> bytes:
    return hashlib.scrypt(pin.encode(), salt=salt, dklen=32, **_COST)


_OF_CARD, _LATCH = sql("pins.of_card"), sql("pins.latch")
_FORGET, _FORGET_ONE = sql("pins.forget"), sql("pins.forget_one")
