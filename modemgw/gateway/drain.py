"""How fast the queue empties, and so when a full one has room again."""

from collections.abc import Iterable

from modemgw.clock import Clock
from modemgw.policy.routing import SimView

MEMORY_S = 60.0  # what was seen longer ago than that counts for little
GUESS_S = 30.0  # where nothing has left yet
SOONEST_S, LATEST_S = 1.0, 3600.0


class Drain:
    """Learns the rate from one count of the queue to the next."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = clock.monotonic()
        self._rate: float | None = None  # messages per second

    def counted(self, left: int) -> None:
        """Hear that so many messages have left since this was called last."""
        now = self._clock.monotonic()
        seconds, self._since = now - self._since, now
        if seconds <= 0:
            return
        rate, weight = max(0, left) / seconds, seconds / (seconds + MEMORY_S)
        if self._rate is None:
            self._rate = rate
        else:
            self._rate += (rate - self._rate) * weight

    def seconds_until(self, count: int, sims: Iterable[SimView]) -> float:
        """Return in how many seconds so many messages will have left.

        Not before the first SIM may send again. An expectation, no promise.
        """
        now = self._clock.now_ms()
        free = min((sim.free_at for sim in sims if sim.ready), default=now)
        seconds = count / self._rate if self._rate else GUESS_S
        return min(max(SOONEST_S, seconds, (free - now) / 1000), LATEST_S)
