"""Public ids: a prefix and 26 characters that sort in the order of creation.

The characters are a ULID: 48 bits of Unix milliseconds, then 80 random bits, in
Crockford's base 32. Inside one millisecond, and while the clock stands in the
past, the random part counts up instead, so ids never go back.
"""

import os
from threading import Lock

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]  # ten bits at a time
_VALUES = {pair: value for value, pair in enumerate(_PAIRS)}
_FIVE_BITS = bytes(ord(_ALPHABET[octet & 31]) for octet in range(256))  # of an octet
_LOW_40 = (1 << 40) - 1
_RANDOM_BITS = 80
_RANDOM = 16  # characters
_POOL = 400 * _RANDOM  # random characters that one system call draws
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

    The last id lies here in pieces, so that the next one is put together from text:
    every message has several.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._at = 0  # the time in the last id, in milliseconds
        self._begin = (-1, "")  # of its first eight characters: the time / 1024
        self._stem = "0" * (LENGTH - 2)  # all of it but two characters
        self._end = 0  # and what those say
        self._pool = ""
        self._drawn = _POOL  # characters of the pool that are used up

    def seen(self, public_id: str) -> None:
        """Never issue an id at or before this one (the newest in the database)."""
        value = decode(public_id.rpartition("_")[2])
        with self._lock:
            if value > decode(self._stem + _PAIRS[self._end]):
                self._take(value)

    def new(self, prefix: str, now_ms: int) -> str:
        """Return `prefix_` and a ULID: of this instant, or one after the last."""
        with self._lock:
            if now_ms > self._at:
                self._at = now_ms
                if self._begin[0] != now_ms >> 10:
                    self._begin = now_ms >> 10, encode(now_ms << _RANDOM_BITS)[:8]
                begin = self._drawn
                if begin == _POOL:
                    begin, self._pool = 0, _random()
                self._drawn = end = begin + _RANDOM
                random = self._pool[begin:end]
                self._stem = f"{self._begin[1]}{_PAIRS[now_ms & 1023]}{random[:-2]}"
                self._end = _VALUES[random[-2:]]
            elif self._end < len(_PAIRS) - 1:
                self._end += 1
            else:
                self._take(decode(self._stem + _PAIRS[self._end]) + 1)
            return f"{prefix}_{self._stem}{_PAIRS[self._end]}"

    def _take(self, value: int) -> None:
        """Let this one be the last id."""
        text = encode(value)
        self._at = value >> _RANDOM_BITS
        self._stem, self._end = text[:-2], _VALUES[text[-2:]]


def _random() -> str:
    """Return random characters, each of five bits."""
    return os.urandom(_POOL).translate(_FIVE_BITS).decode("ascii")
