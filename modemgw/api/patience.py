"""When to come back after the database refused.

It is tried every few seconds, so at first soon; the longer it says no the less soon
it is likely to say yes, and the less good it does that everybody asks.
"""

from modemgw.clock import Clock

FIRST_S = 5.0
LONGEST_S = 60.0
OVER_S = 120.0  # without a refusal: the next one is a new trouble


class Patience:
    """Grows while refusals go on: as long again as it has lasted already."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since = 0.0
        self._last = float("-inf")

    def refused(self) -> float:
        """Hear of a refusal; return the seconds after which to ask again."""
        now = self._clock.monotonic()
        if now - self._last > OVER_S:
            self._since = now
        self._last = now
        return min(max(FIRST_S, now - self._since), LONGEST_S)
