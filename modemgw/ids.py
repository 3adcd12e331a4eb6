"""Public ids: a prefix and 26 characters that sort in the order of creation.

The characters are a ULID: 48 bits of Unix milliseconds, then 80 random bits, in
Crockford's base 32. Inside one millisecond, and while the clock stands in the
past, the random part counts up instead, so ids never go back.
"""

import os
from threading import Lock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]  # ten bits at a time
_LOW_40 = (1 << 40) - 1
_RANDOM_BITS = 80
_RANDOM_OCTETS = _RANDOM_BITS // 8
_POOL_OCTETS = 400 * _RANDOM_OCTETS  # one system call for so many ids
LENGTH = 26  # characters behind the prefix


def encode(value: int) -> str:
    """Write 128 bits as 26 characters.

    >>> encode(0)
    '00000000000000000000000000'
    """
    high, middle, low = value >> 80, value >> 40 & _LOW_40, value & _LOW_40
    two = _PAIRS  # one expression over small numbers: every message makes several ids
    return (
        f"{two[high >> 40]}{two[high >> 30 & 1023]}{two[high >> 20 & 1023]}"
        f"{two[high >> 10 & 1023]}{two[high & 1023]}"
        f"{two[middle >> 30]}{two[middle >> 20 & 1023]}{two[middle >> 10 & 1023]}"
        f"{two[middle & 1023]}"
        f"{two[low >> 30]}{two[low >> 20 & 1023]}{two[low >> 10 & 1023]}"
        f"{two[low & 1023]}"
    )


def decode(text: str) -> int:
    """Read the 26 characters behind a prefix back into 128 bits.

    Raises ValueError where `text` is no such id.
    """
    if len(text) != LENGTH:
        raise ValueError(f"expected {LENGTH} characters, got {len(text)}")
    value = 0
    for character in text.upper():
        value = value << 5 | _ALPHABET.index(character)
    return value


class IdSource:
    """Gives out ids in rising order; safe to call from any thread."""

    def __init__(self) -> None:
        self._last = 0
        self._lock = Lock()
        self._pool = b""
        self._drawn = 0  # octets of the pool that are used up

    def seen(self, public_id: str) -> None:
        """Never issue an id at or before this one (the newest in the database)."""
        with self._lock:
            self._last = max(self._last, decode(public_id.rpartition("_")[2]))

    def new(self, prefix: str, now_ms: int) -> str:
        """Return `prefix_` and a ULID: of this instant, or one after the last."""
        with self._lock:
            if now_ms <= self._last >> _RANDOM_BITS:
                self._last += 1
            else:
                self._last = now_ms << _RANDOM_BITS | self._draw()
            return f"{prefix}_{encode(self._last)}"

    def _draw(self) -> int:
        """Return random bits out of the pool, each only once."""
        if self._drawn >= len(self._pool):
            self._pool, self._drawn = os.urandom(_POOL_OCTETS), 0
        begin = self._drawn
        self._drawn = begin + _RANDOM_OCTETS
        return int.from_bytes(self._pool[begin : self._drawn], "big")
