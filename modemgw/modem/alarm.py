"""One timer for waits that follow one another.

A command is answered long before its deadline, so nearly every timer would be made
only to be cancelled: two for each message. Here a later deadline leaves the timer
where it is, and only when it rings is it set again for what is due by then.
"""

import asyncio
from collections.abc import Callable

_NEVER = float("inf")


class Alarm:
    """Rings for the newest wait alone, once its deadline has passed."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ring = ring
        self._due: float | None = None  # None: nobody waits
        self._timer: asyncio.TimerHandle | None = None
        self._rings_at = _NEVER  # the timer

    def set(self, due: float) -> None:
        """Ring at this loop time, and no more for what was set before."""
        self._due = due
        if due < self._rings_at:
            self._arm(due)

    def put_off(self, due: float) -> None:
        """Ring at this loop time, which is later than what was set."""
        self._due = due

    def clear(self) -> None:
        """Ring for nobody."""
        self._due = None

    def close(self) -> None:
        """Let go of the timer."""
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self._rings_at = None, _NEVER

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._rings_at = self._loop.call_at(due, self._look), due

    def _look(self) -> None:
        rang_for, due = self._rings_at, self._due
        self._timer, self._rings_at = None, _NEVER
        if due is None:
            return
        if due > rang_for:
            self._arm(due)
        else:
            self._due = None
            self._ring()
