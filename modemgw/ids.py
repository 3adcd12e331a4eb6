"""Public ids: a prefix and 26 characters that sort in the order of creation.

The characters are a ULID: 48 bits of Unix milliseconds, then 80 random bits, in
Crockford's base 32. Inside one millisecond, and while the clock stands in the
past, the random part counts up instead, so ids never go back.
"""

import secrets
from threading import Lock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]  # ten bits at a time
_RANDOM_BITS = 80
LENGTH = 26  # characters behind the prefix


def encode(value: int) -> str:
    """Write 128 bits as 26 characters.

    >>> encode(0)
    '00000000000000000000000000'
    """
    return "".join(_PAIRS[(value >> shift) & 1023] for shift in range(120, -1, -10))


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

    def seen(self, public_id: str) -> None:
        """Never issue an id at or before this one (the newest in the database)."""
        with self._lock:
            self._last = max(self._last, decode(public_id.rpartition("_")[2]))

    def new(self, prefix: str, now_ms: int) -> str:
        """Return `prefix_` and a ULID: of this instant, or one after the last."""
        with self._lock:
            fresh = now_ms << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS)
            same_instant = fresh >> _RANDOM_BITS <= self._last >> _RANDOM_BITS
            self._last = self._last + 1 if same_instant else fresh
            return f"{prefix}_{encode(self._last)}"
