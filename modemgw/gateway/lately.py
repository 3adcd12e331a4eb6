"""What happened within the last hour, from counters that are kept anyway.

Nothing is counted twice and nothing is asked of the disk: once a minute the
counters since the start are copied, and what is between two copies is the hour.
Where the process is younger than that, the time is shorter, and it says so.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from modemgw.clock import Clock
from modemgw.store.tally import PartOutcome, StoreTally

K = TypeVar("K")

STEP_S = 60.0
HOUR_S = 3600.0
# Events that end an outbound message, or tell of an inbound one; without `message.`.
OUTCOMES = (
    *("sent", "delivered", "undelivered", "no_report", "failed", "expired"),
    *("blocked", "canceled", "in_doubt", "received"),
)


@dataclass(frozen=True, slots=True)
class _Copy:
    at: float  # monotonic
    events: Mapping[str, int]
    parts: Mapping[int, int]  # accepted, by row id of the SIM


class Lately:
    """A ring of copies, one a minute."""

    def __init__(self, clock: Clock, tally: StoreTally) -> None:
        self._clock = clock
        self._tally = tally
        self._copies: deque[_Copy] = deque(maxlen=int(HOUR_S / STEP_S) + 1)
        self._copies.append(self._now())

    def tick(self) -> None:
        """Take a copy where the last one is a minute old."""
        if self._clock.monotonic() - self._copies[-1].at >= STEP_S:
            self._copies.append(self._now())

    def outcomes(self) -> tuple[float, dict[str, int]]:
        """Return over how many seconds, and how often each outcome came in them."""
        now, then = self._now(), self._copies[0]
        found = {
            name: count
            for name in OUTCOMES
            if (count := _since(now.events, then.events, f"message.{name}"))
        }
        return now.at - then.at, found

    def per_minute(self, sim_id: int) -> float:
        """Return the rate of a SIM in parts per minute, over the last one or two."""
        now = self._now()
        then = self._copies[-1]
        if now.at - then.at < STEP_S and len(self._copies) > 1:
            then = self._copies[-2]
        seconds = max(now.at - then.at, 1.0)
        return _since(now.parts, then.parts, sim_id) * 60 / max(seconds, STEP_S)

    def _now(self) -> _Copy:
        # The writing thread adds to both: copied at once, then looked at.
        sims = dict(self._tally.sims)
        return _Copy(
            self._clock.monotonic(),
            dict(self._tally.events),
            {id: sim.outcomes[PartOutcome.ACCEPTED] for id, sim in sims.items()},
        )


def _since(now: Mapping[K, int], then: Mapping[K, int], name: K) -> int:
    return now.get(name, 0) - then.get(name, 0)
