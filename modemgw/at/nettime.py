"""The network's time, as modems tell it unasked or on AT+CCLK?.

It is used for one thing alone: to say that the clock of this machine is wrong.

Spec: 3GPP TS 27.007, 8.15 (CCLK), 8.41 (CTZR).
"""

import re
from datetime import UTC, datetime, timedelta, timezone

from modemgw.at.commands import SHORT_S, Command

NETWORK_TIME = (
    "+CTZV:",
    "+CTZE:",
    "*PSUTTZ:",
    "^NWTIME:",
    "+NITZ:",
    "+QNTP:",
    "+CTZDST",
)
_STAMP = re.compile(
    r"(\d{2,4})\s*[/,]\s*(\d{1,2})\s*[/,]\s*(\d{1,2})\s*,\s*"
    r"(\d{1,2})\s*[:,]\s*(\d{1,2})\s*[:,]\s*(\d{1,2})\s*,?\s*\"?([+-]\d{1,2})?"
)
_FIRST_YEAR, _LAST_YEAR = 2024, 2069  # 1970, 1980, 2004, 2080: a clock never set
_QUARTER_S = 900
_MAX_QUARTERS = 56


def time_of(text: str) -> int | None:
    """Return the Unix milliseconds in a line, None where it has no usable time.

    >>> time_of('^NWTIME: 26/11/22,12:00:00+04,00')
    1795345200000
    """
    found = _STAMP.search(text)
    if found is None:
        return None
    year, month, day, hour, minute, second = map(int, found.groups()[:6])
    year += 2000 if year < 100 else 0  # noqa: PLR2004 - two digits
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    quarters = int(found[7] or 0)
    if abs(quarters) > _MAX_QUARTERS:
        return None
    # Some say UTC with the zone beside it, most local time: an hour or two do
    # not matter to somebody who is years off.
    zone = timezone(timedelta(seconds=quarters * _QUARTER_S))
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=zone)
    except ValueError:
        return None
    return int(moment.astimezone(UTC).timestamp()) * 1000


def _clock(lines: list[str]) -> int | None:
    return time_of(" ".join(lines))


CLOCK = Command("AT+CCLK?", SHORT_S, _clock, ("+CCLK:",))
