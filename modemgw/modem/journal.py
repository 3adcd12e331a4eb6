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
    """The last lines of one modem's wire, over all its sessions."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # Wall time as of a look, and the monotonic time that passed since then.
        self._lines: deque[tuple[int, float, str, str]] = deque(maxlen=TAPE_LINES)
        self._looked_at = float("-inf")
        self._wall_ms = 0

    def add(self, direction: str, text: str, now: float | None = None) -> None:
        """Keep a line that is masked already; `now` is the clock's monotonic time."""
        if now is None:
            now = self._clock.monotonic()
        since = now - self._looked_at
        if since > TAPE_LOOK_S:
            self._looked_at, since = now, 0.0
            self._wall_ms = self._clock.now_ms()
        self._lines.append((self._wall_ms, since, direction, text[:TAPE_LINE]))

    def lines(self, limit: int = TAPE_LINES) -> list[TapeLine]:
        """Return the newest `limit` lines, oldest first."""
        newest = list(self._lines)[-limit:] if limit > 0 else []
        return [
            TapeLine(wall_ms + int(since * 1000), direction, text)
            for wall_ms, since, direction, text in newest
        ]


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
