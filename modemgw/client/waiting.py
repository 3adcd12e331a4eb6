"""When to look at a message again, and when to stop. This file does no I/O."""

from collections.abc import Collection

from modemgw.client.errors import StillWaiting
from modemgw.client.models import Message

LOOK_S = 0.25  # between the first two looks
LOOK_LONGEST_S = 2.0
SLOWER = 1.5  # each pause is so much longer than the one before


class Wait:
    """One wait for one of some states, or for a final one."""

    def __init__(
        self, until: str | Collection[str], timeout: float, now: float
    ) -> None:
        """`timeout` in seconds; `now` of a clock that only goes forward."""
        self._wanted = {until} if isinstance(until, str) else until
        self._timeout = timeout
        self._end = now + timeout
        self._pause = LOOK_S

    def pause(self, message: Message, now: float) -> float | None:
        """Return the seconds until the next look; None: the wait is over.

        Raises StillWaiting after the timeout.
        """
        if message.state in self._wanted or message.is_final:
            return None
        left = self._end - now
        if left <= 0:
            raise StillWaiting(message, self._timeout)
        pause = min(self._pause, left)
        self._pause = min(self._pause * SLOWER, LOOK_LONGEST_S)
        return pause
