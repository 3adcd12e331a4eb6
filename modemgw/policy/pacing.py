"""How fast one SIM may send: windows such as 10 per minute and 200 per day.

A window slides: at most `count` parts in any `seconds`. That lets a few
messages leave at once and still never shows the operator more than it allows.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` parts in any `seconds`."""

    count: int
    seconds: int


class Pace:
    """Remembers when one SIM sent, and says when it may send again.

    Instants are Unix milliseconds and come in as arguments. A clock that steps
    back never blocks a SIM for longer than its longest window.
    """

    def __init__(self, windows: Iterable[Window], history: Iterable[int] = ()) -> None:
        self.windows = tuple(windows)
        self._longest_ms = max((w.seconds for w in self.windows), default=0) * 1000
        self._most = max((w.count for w in self.windows), default=0)
        self._sent: list[int] = sorted(history)[-self._most :] if self._most else []

    @property
    def longest_ms(self) -> int:
        """Return how far back the longest window looks."""
        return self._longest_ms

    def used(self, window: Window, now_ms: int) -> int:
        """Return how many parts of `window` are used up now."""
        return len(self._sent) - bisect_right(
            self._sent, now_ms - window.seconds * 1000
        )

    def record(self, now_ms: int) -> None:
        """Count one part that is about to be submitted."""
        if not self.windows:
            return
        if self._sent and now_ms < self._sent[-1]:
            self._sent = [min(at, now_ms) for at in self._sent]
        self._sent.append(now_ms)
        del self._sent[: -self._most]

    def free_at(self, now_ms: int) -> int:
        """Return the instant from which the next part may go; `now_ms` if at once."""
        free = now_ms
        for window in self.windows:
            start = now_ms - window.seconds * 1000
            # Entries from the future (the clock stepped back) count as now.
            inside = len(self._sent) - bisect_right(self._sent, start)
            if inside >= window.count:
                blocking = min(self._sent[-window.count], now_ms)
                free = max(free, blocking + window.seconds * 1000)
        return free


def history_from_minutes(minutes: Iterable[tuple[int, int]], now_ms: int) -> list[int]:
    """Turn stored (start of a minute in Unix ms, parts) into instants.

    The exact seconds are not stored; assuming the end of each minute errs on
    the side of the operator's limit.
    """
    return [
        min(start + MINUTE_MS - 1, now_ms)
        for start, parts in minutes
        for _ in range(parts)
    ]
