"""Calendar periods: what a quota or a bundle is counted in.

Days, months and billing periods begin at midnight of a zone; minutes and hours at
those of UTC. Periods of one kind follow each other without a gap, over changes of
daylight saving time, too: a day may have 23 or 25 hours.
"""

from calendar import monthrange
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

FIXED_MS = {"minute": 60_000, "hour": 3_600_000}
UNITS = ("minute", "hour", "day", "month", "billing", "days")
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Period:
    """One kind of period; `unit` is one of UNITS.

    `billing`: from `first_day` of a month to the next; in a month without that day
    from its last one. `days`: `length` days, counted from the date `anchor`.
    """

    unit: str
    first_day: int = 1  # billing: 1 to 31
    length: int = 1  # days
    anchor: date = date(2000, 1, 1)  # days

    def bounds(self, now_ms: int, zone: tzinfo) -> tuple[int, int]:
        """Return the first instant of the period `now_ms` lies in, and of the next."""
        if (fixed := FIXED_MS.get(self.unit)) is not None:
            start = now_ms - now_ms % fixed
            return start, start + fixed
        begins, place = self._ruler(_local_date(now_ms, zone))
        start, end = _instant(begins(place), zone), _instant(begins(place + 1), zone)
        # Midnight may come twice, where a zone goes back just after it: the day has
        # begun at the first one, though its date is over once more.
        while now_ms >= end:
            place += 1
            start, end = end, _instant(begins(place + 1), zone)
        return start, end

    def _ruler(self, today: date) -> tuple[Callable[[int], date], int]:
        """Return what tells the first day of the nth period, and n for today."""
        if self.unit in ("day", "days"):
            length = self.length if self.unit == "days" else 1
            anchor = self.anchor
            return (
                lambda n: anchor + timedelta(days=n * length),
                (today - anchor).days // length,
            )
        first = self.first_day if self.unit == "billing" else 1
        place = today.year * _MONTHS + today.month - 1
        return lambda n: _day_of_month(n, first), place - (
            today < _day_of_month(place, first)
        )


def _day_of_month(months: int, day: int) -> date:
    year, month = divmod(months, _MONTHS)
    last = monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day, last))


def _local_date(now_ms: int, zone: tzinfo) -> date:
    return datetime.fromtimestamp(now_ms / 1000, zone).date()


def _instant(day: date, zone: tzinfo) -> int:
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(midnight.timestamp()) * 1000
