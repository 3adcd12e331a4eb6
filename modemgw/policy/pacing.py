"""How fast one SIM may send: windows such as 10 per minute and 200 per day.

A window slides: at most `count` parts in any `seconds`. That lets a few
messages leave at once and still never shows the operator more than it allows.
With jitter they do not leave at once but spread out, unevenly, as from a person;
a new card may begin slowly and warm up.
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MINUTE_MS = 60_000
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Window:
    """At most `count` parts in any `seconds`."""

    count: int
    seconds: int


@dataclass(frozen=True, slots=True)
class WarmUp:
    """A new card begins with `begin` and reaches its pace after `days`.

    Each day allows as many times more than the day before: from 20 to 1,000 a day
    within a week it is 20, 35, 61, 107 … A card whose pace is slower is not slowed.
    """

    begin: Window
    days: int

    def window(self, age_ms: int, pace: Sequence[Window]) -> Window | None:
        """Return the window that holds for a card of this age, None: the pace alone."""
        day = max(0, age_ms) // DAY_MS
        if day >= self.days or not pace:
            return None
        full = min(w.count * self.begin.seconds / w.seconds for w in pace)
        if full <= self.begin.count:
            return None
        growth = (full / self.begin.count) ** (day / self.days)
        return Window(round(self.begin.count * growth), self.begin.seconds)


class Pace:
    """Remembers when one SIM sent, and says when it may send again.

    Instants are Unix milliseconds and come in as arguments. A clock that steps
    back never blocks a SIM for longer than its longest window. `jitter`: parts are
    spaced as evenly as the shortest window allows, give or take so many per cent.
    """

    def __init__(
        self,
        windows: Iterable[Window],
        history: Iterable[int] = (),
        *,
        jitter: int = 0,
        warm_up: WarmUp | None = None,
        since_ms: int = 0,
    ) -> None:
        self.windows = tuple(windows)
        self.jitter = jitter if self.windows else 0
        self.is_off = not self.windows and warm_up is None  # nothing holds it ever
        self._warm_up = warm_up
        self._since_ms = since_ms  # when the card was new
        most = [w.count for w in self.windows]
        longest = [w.seconds for w in self.windows]
        if warm_up is not None and (last := self._warmest(warm_up)) is not None:
            most.append(last.count)
            longest.append(last.seconds)
        self._longest_ms = max(longest, default=0) * 1000
        self._most = max(most, default=0)
        self._sent: list[int] = sorted(history)[-self._most :] if self._most else []
        shortest = min(self.windows, key=lambda w: w.seconds, default=Window(1, 0))
        self._even_ms = shortest.seconds * 1000 / shortest.count
        self._pause_until = 0

    def _warmest(self, warm_up: WarmUp) -> Window | None:
        return warm_up.window((warm_up.days - 1) * DAY_MS, self.windows)

    def settings(self) -> tuple[object, ...]:
        """Return what it was made of, but for what was sent."""
        return self.windows, self.jitter, self._warm_up, self._since_ms

    def remembers_for(self, other: "Pace") -> bool:
        """Say whether what it remembers is all that `other` has to know."""
        whole = len(self._sent) >= other._most
        return self._most >= other._most and (
            whole or self._longest_ms >= other._longest_ms
        )

    def take_over(self, other: "Pace") -> None:
        """Go on from where `other` is, which remembers enough."""
        self._sent = other._sent[-self._most :] if self._most else []
        self._pause_until = other._pause_until if self.jitter else 0

    @property
    def longest_ms(self) -> int:
        """Return how far back the longest window looks."""
        return self._longest_ms

    def windows_at(self, now_ms: int) -> tuple[Window, ...]:
        """Return the windows that hold now, that of a warm-up among them."""
        if self._warm_up is None:
            return self.windows
        warm = self._warm_up.window(now_ms - self._since_ms, self.windows)
        return self.windows if warm is None else (*self.windows, warm)

    def used(self, window: Window, now_ms: int) -> int:
        """Return how many parts of `window` are used up now."""
        return len(self._sent) - bisect_right(
            self._sent, now_ms - window.seconds * 1000
        )

    def record(self, now_ms: int, draw: float = 0.5) -> None:
        """Count one part that is about to be submitted.

        `draw`, from 0 to 1, is the chance in the pause behind it.
        """
        if not self.windows:
            return
        if self._sent and now_ms < self._sent[-1]:
            self._sent = [min(at, now_ms) for at in self._sent]
        self._sent.append(now_ms)
        del self._sent[: -self._most]
        if self.jitter:
            uneven = 1 + (2 * draw - 1) * self.jitter / 100
            self._pause_until = now_ms + int(self._even_ms * uneven)

    def free_at(self, now_ms: int) -> int:
        """Return the instant from which the next part may go; `now_ms` if at once."""
        free = now_ms
        windows = self.windows if self._warm_up is None else self.windows_at(now_ms)
        for window in windows:
            start = now_ms - window.seconds * 1000
            # Entries from the future (the clock stepped back) count as now.
            inside = len(self._sent) - bisect_right(self._sent, start)
            if inside >= window.count:
                blocking = min(self._sent[-window.count], now_ms)
                free = max(free, blocking + window.seconds * 1000)
        if self._pause_until > free:
            longest = int(self._even_ms * (1 + self.jitter / 100))
            free = max(free, min(self._pause_until, now_ms + longest))
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
