"""Public ids: a prefix and 26 characters that sort in the order of creation.

The characters are a ULID: 48 bits of Unix milliseconds, then 80 random bits, in
Crockford's base 32. Inside one millisecond, and while the clock stands in the
past, the random part counts up instead, so ids never go back.
"""

import os
import re
from threading import Lock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]  # ten bits at a time
_VALUES = {pair: value for value, pair in enumerate(_PAIRS)}
_FIVE_BITS = bytes(ord(_ALPHABET[octet & 31]) for octet in range(256))  # of an octet
_LOW_40 = (1 << 40) - 1
_RANDOM_BITS = 80
_RANDOM = 16  # characters
_POOL = 400  # ids for which one system call draws
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
    """Gives out ids in rising order; safe to call from any thread.

    They are put together from text: every message has several.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._last = "0" * LENGTH
        self._at = 0  # the time in it, in milliseconds
        self._second = -1  # the time / 1024 that `_begin` writes
        self._begin = ""  # eight characters
        self._pool: list[str] = []

    def seen(self, public_id: str) -> None:
        """Never issue an id at or before this one (the newest in the database)."""
        value = decode(public_id.rpartition("_")[2])
        with self._lock:
            if value > decode(self._last):
                self._last, self._at = encode(value), value >> _RANDOM_BITS

    def new(self, prefix: str, now_ms: int) -> str:
        """Return `prefix_` and a ULID: of this instant, or one after the last."""
        with self._lock:
            if now_ms > self._at:
                self._at = now_ms
                if now_ms >> 10 != self._second:
                    self._second = now_ms >> 10
                    self._begin = encode(now_ms << _RANDOM_BITS)[:8]
                if not self._pool:
                    self._pool = _random()
                last = f"{self._begin}{_PAIRS[now_ms & 1023]}{self._pool.pop()}"
            else:
                end = _VALUES[self._last[-2:]] + 1
                if end < len(_PAIRS):
                    last = self._last[:-2] + _PAIRS[end]
                else:
                    value = decode(self._last) + 1
                    last, self._at = encode(value), value >> _RANDOM_BITS
            self._last = last
        return f"{prefix}_{last}"


_split = re.compile(f".{{{_RANDOM}}}").findall


def _random() -> list[str]:
    """Return random characters for many ids, each character of five bits."""
    octets = os.urandom(_POOL * _RANDOM).translate(_FIVE_BITS)
    return _split(octets.decode("ascii"))
