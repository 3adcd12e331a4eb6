"""Access tokens: good for an hour, for the scopes of a key or some of them.

Kept in memory, by their hash. A token lives an hour, so one that a restart takes
costs its client one more request, as every OAuth client makes by itself after a
401; writing each one to an SD card would cost more. And what is on no disk needs
no care there: with its key a token is gone at once.
"""

import hashlib
import secrets
from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

from modemgw.clock import Clock

PREFIX = "mgt_"
LIFE_S = 3600
OCTETS = 32
MOST = 10_000  # the oldest goes first
MOST_EACH = 100  # of one key

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class _Token(Generic[K]):
    public_id: str  # of its key
    bearer: K
    ends: float  # monotonic


class Tokens(Generic[K]):
    """The tokens that are good now; `K` is whatever stands for who has one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._live: OrderedDict[bytes, _Token[K]] = OrderedDict()
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._live)

    def issue(self, public_id: str, bearer: K, life_s: int = LIFE_S) -> str:
        """Make a token and return it in the clear, which nothing can show again."""
        now = self._clock.monotonic()
        while self._live and next(iter(self._live.values())).ends <= now:
            self._drop(next(iter(self._live)))
        if self._counts.get(public_id, 0) >= MOST_EACH:
            self._drop(
                next(k for k, t in self._live.items() if t.public_id == public_id)
            )
        if len(self._live) >= MOST:
            self._drop(next(iter(self._live)))
        plain = PREFIX + secrets.token_urlsafe(OCTETS)
        self._live[_hash(plain)] = _Token(public_id, bearer, now + life_s)
        self._counts[public_id] = self._counts.get(public_id, 0) + 1
        return plain

    def bearer(self, plain: str) -> K | None:
        """Return who has this token, None where it is none or has ended."""
        found = self._live.get(_hash(plain))
        if found is None or found.ends <= self._clock.monotonic():
            return None
        return found.bearer

    def revoke(self, plain: str, public_id: str) -> None:
        """End a token of this key; another one's is left alone."""
        found = self._live.get(_hash(plain))
        if found is not None and found.public_id == public_id:
            self._drop(_hash(plain))

    def forget(self, public_id: str) -> None:
        """End every token of a key."""
        if public_id in self._counts:
            for digest in [
                d for d, t in self._live.items() if t.public_id == public_id
            ]:
                self._drop(digest)

    def _drop(self, digest: bytes) -> None:
        public_id = self._live.pop(digest).public_id
        left = self._counts[public_id] - 1
        if left:
            self._counts[public_id] = left
        else:
            del self._counts[public_id]


def _hash(plain: str) -> bytes:
    return hashlib.sha256(plain.encode()).digest()
