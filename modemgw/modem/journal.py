"""What happened to one modem and on its wire, kept in bounded memory for people.

The tape has the last lines of the wire, masked as they are recorded; the journal
the last changes of phase, faults, rungs of recovery and acts of people.
"""

from collections import deque
from dataclasses import dataclass

from modemgw.clock import Clock

TAPE_LINES = 1000
TAPE_LOOK_S = 1.0  # between looks at the wall clock
TAPE_LINE = 200  # characters of a line that are kept
JOURNAL_ENTRIES = 300
JOURNAL_TEXT = 400


@dataclass(frozen=True, slots=True)
class TapeLine:
    """One line; `direction` is '>' to the modem, '<' from it, '=' a remark."""

    at_ms: int
    direction: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened; `kind` is phase, fault, rung, act or notice."""

    at_ms: int
    kind: str
    text: str


class Tape:
    """The last lines of one modem's wire, over all its sessions.

    `keep` takes what `add` makes of a line; from `look_at` on it wants a `look` first.
    All times are those of the clock's monotonic time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lines: deque[tuple[float, str, str]] = deque(maxlen=TAPE_LINES)
        self.keep = self._lines.append
        self.look_at = float("-inf")
        # When it was looked at the wall, and what it said: once at most for each line.
        # Never empty: noise may come before anything that looks.
        first = clock.monotonic(), clock.now_ms()
        self._looks: deque[tuple[float, int]] = deque([first], maxlen=TAPE_LINES)

    def add(self, direction: str, text: str) -> None:
        """Keep a line that is masked already."""
        now = self._clock.monotonic()
        if now >= self.look_at:
            self.look(now)
        self.keep((now, direction, text[:TAPE_LINE]))

    def look(self, now: float) -> None:
        """Note what the wall clock says now."""
        self.look_at = now + TAPE_LOOK_S
        self._looks.append((now, self._clock.now_ms()))

    def lines(self, limit: int = TAPE_LINES) -> list[TapeLine]:
        """Return the newest `limit` lines, oldest first."""
        newest = list(self._lines)[-limit:] if limit > 0 else []
        looks, found, number = list(self._looks), [], 0
        for at, direction, text in newest:
            while number + 1 < len(looks) and looks[number + 1][0] <= at:
                number += 1
            looked_at, wall_ms = looks[number]
            at_ms = wall_ms + int((at - looked_at) * 1000)
            found.append(TapeLine(at_ms, direction, text))
        return found


class Journal:
    """The last things that happened to one modem."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: deque[Entry] = deque(maxlen=JOURNAL_ENTRIES)

    def add(self, kind: str, text: str) -> None:
        """Note that something happened now."""
        entry = Entry(self._clock.now_ms(), kind, text[:JOURNAL_TEXT])
        self._entries.append(entry)

    def entries(self, limit: int = JOURNAL_ENTRIES) -> list[Entry]:
        """Return the newest `limit` entries, oldest first."""
        return list(self._entries)[-limit:] if limit > 0 else []
