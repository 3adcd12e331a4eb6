"""Access tokens: good for an hour, for the scopes of a key or some of them.

Kept in memory, by their hash. A token lives an hour, so one that a restart takes
costs its client one more request, as every OAuth client makes by itself after a
401; writing each one to an SD card would cost more. And what is on no disk needs
no care there: with its key a token is gone at once.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from modemgw.clock import Clock

PREFIX = "mgt_"
LIFE_S = 3600
OCTETS = 32
MOST = 10_000  # the oldest goes first
MOST_EACH = 100  # of one key

K = TypeVar("K")


@dataclass(slots=True, eq=False)
class Lease:
    """How long a token is good; who goes on for longer than a request looks here."""

    ends: float  # monotonic; -inf: it was ended before its time

    def left_s(self, clock: Clock) -> float:
        """Return the seconds that are left of it, 0 where none are."""
        return max(0.0, self.ends - clock.monotonic())


@dataclass(frozen=True, slots=True)
class _Token(Generic[K]):
    public_id: str  # of its key
    bearer: K
    lease: Lease


class Tokens(Generic[K]):
    """The tokens that are good now; `K` is whatever stands for who has one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._live: OrderedDict[bytes, _Token[K]] = OrderedDict()
        self._counts: dict[str, int] = {}

    def __len__(self) -> int:
        """Return how many are kept."""
        return len(self._live)

    def issue(
        self, public_id: str, make: Callable[[Lease], K], life_s: int = LIFE_S
    ) -> str:
        """Make a token and return it in the clear, which nothing can show again.

        `make` builds who has it.
        """
        now = self._clock.monotonic()
        while self._live and next(iter(self._live.values())).lease.ends <= now:
            self._drop(next(iter(self._live)))
        if self._counts.get(public_id, 0) >= MOST_EACH:
            self._drop(
                next(k for k, t in self._live.items() if t.public_id == public_id)
            )
        if len(self._live) >= MOST:
            self._drop(next(iter(self._live)))
        plain = PREFIX + secrets.token_urlsafe(OCTETS)
        lease = Lease(now + life_s)
        self._live[_hash(plain)] = _Token(public_id, make(lease), lease)
        self._counts[public_id] = self._counts.get(public_id, 0) + 1
        return plain

    def bearer(self, plain: str) -> K | None:
        """Return who has this token, None where it is none or has ended."""
        found = self._live.get(_hash(plain))
        if found is None or not found.lease.left_s(self._clock):
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
        token = self._live.pop(digest)
        token.lease.ends = float("-inf")
        public_id = token.public_id
        left = self._counts[public_id] - 1
        if left:
            self._counts[public_id] = left
        else:
            del self._counts[public_id]


def _hash(plain: str) -> bytes:
    return hashlib.sha256(plain.encode()).digest()
