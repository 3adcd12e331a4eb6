"""The two clocks: wall time that is stored, monotonic time that is waited on.

Wall time never measures a duration: a board without a battery clock jumps.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """What the rest of modemgw asks for time; tests bring a virtual one."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds, UTC. May jump."""

    def monotonic(self) -> float:
        """Return seconds from an arbitrary start. Never goes back."""


class SystemClock:
    """The clock of this machine."""

    def now_ms(self) -> int:
        """Return Unix time in milliseconds, UTC."""
        return time.time_ns() // 1_000_000

    def monotonic(self) -> float:
        """Return seconds since some start, unmoved by clock changes."""
        return time.monotonic()
