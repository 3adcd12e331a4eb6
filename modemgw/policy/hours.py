"""Quiet hours: when a text may not go out, and when it may again.

A quiet time is a span of the local week, so it follows the clock on the wall of
whoever would be woken, over every change of summer time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

DAY_MIN = 24 * 60
WEEK_MIN = 7 * DAY_MIN
_MINUTE_MS = 60_000
_STEPS = 64  # ends of spans to go through before giving up: more than two weeks have


@dataclass(frozen=True, slots=True)
class Quiet:
    """Spans of the local week in minutes since Monday 00:00: (begin, end), apart.

    Each lies within the week; one that passes its end is two.
    """

    spans: tuple[tuple[int, int], ...] = ()

    def __bool__(self) -> bool:
        """Say whether there is any quiet time at all."""
        return bool(self.spans)

    @property
    def is_whole_week(self) -> bool:
        """Say whether nothing could ever be sent."""
        return self.spans == ((0, WEEK_MIN),)


def quiet(times: Sequence[tuple[int, int, int]]) -> Quiet:
    """Join quiet times, each (day 0 to 6, begin, end) in minutes of that day.

    An end not after its begin lies on the next day. Overlaps are merged.
    """
    pieces: list[tuple[int, int]] = []
    for day, begin, end in times:
        first = day * DAY_MIN + begin
        last = first + (end - begin if end > begin else end - begin + DAY_MIN)
        pieces.append((first, min(last, WEEK_MIN)))
        if last > WEEK_MIN:
            pieces.append((0, last - WEEK_MIN))
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(pieces):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return Quiet(tuple(merged))


def next_allowed(at_ms: int, hours: Quiet, zones: Sequence[tzinfo]) -> int:
    """Return the first instant from `at_ms` on that is quiet in none of the zones.

    Where there is none within two weeks (a number that may be in many zones and
    long nights), the first zone alone counts.
    """
    if not hours or hours.is_whole_week:
        return at_ms
    allowed = _next(at_ms, hours, zones)
    return _next(at_ms, hours, zones[:1]) or at_ms if allowed is None else allowed


def _next(at_ms: int, hours: Quiet, zones: Sequence[tzinfo]) -> int | None:
    moment = at_ms
    for _ in range(_STEPS):
        ends = [end for zone in zones if (end := _end(moment, hours, zone))]
        if not ends:
            return moment
        moment = max(ends)
    return None


def _end(at_ms: int, hours: Quiet, zone: tzinfo) -> int | None:
    """Return when the quiet time around `at_ms` ends in this zone; None: none is."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(zone)
    minute = local.weekday() * DAY_MIN + local.hour * 60 + local.minute
    for begin, end in hours.spans:
        if begin <= minute < end:
            monday = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
            monday -= timedelta(days=local.weekday())
            # Arithmetic on the wall clock: the zone says what instant that is.
            until = int((monday + timedelta(minutes=end)).timestamp() * 1000)
            # An hour that comes twice, or never, must not lead back.
            return max(until, at_ms - at_ms % _MINUTE_MS + _MINUTE_MS)
    return None
