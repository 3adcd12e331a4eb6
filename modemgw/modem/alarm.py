"""One timer for waits that follow one another.

A command is answered long before its deadline, so nearly every timer would be made
only to be cancelled: two for each message. Here a later deadline leaves the timer
where it is, and only when it rings is it set again for what is due by then.
"""

import asyncio
from collections.abc import Callable


class Alarm:
    """Rings for the newest wait alone, once its deadline has passed."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._ring = ring
        self._due: float | None = None  # None: nobody waits
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float) -> None:
        """Ring so many seconds from now, and no more for what was set before."""
        due = self._due = self._loop.time() + seconds
        if self._timer is None or due < self._timer.when():
            self._arm(due)

    def put_off(self, seconds: float) -> None:
        """Ring so many seconds from now, which is later than what was set."""
        self._due = self._loop.time() + seconds

    def clear(self) -> None:
        """Ring for nobody."""
        self._due = None

    def close(self) -> None:
        """Let go of the timer."""
        self._due = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        rang_for = 0.0 if self._timer is None else self._timer.when()
        self._timer, due = None, self._due
        if due is None:
            return
        if due > rang_for:
            self._arm(due)
        else:
            self._due = None
            self._ring()
