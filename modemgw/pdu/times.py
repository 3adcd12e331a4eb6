"""Time stamps: TP-SCTS, TP-DT and the absolute TP-VP.

Seven octets of swapped BCD, the last a zone in quarters of an hour with a sign
bit. Networks send impossible dates; those keep their octets and have no value.
Spec: 3GPP TS 23.040, 9.2.3.11.
"""

from datetime import UTC, datetime, timedelta, timezone
from functools import cache, lru_cache
from typing import Final

from modemgw.errors import PduEncodeError
from modemgw.values import value

LENGTH: Final = 7  # octets
_PIVOT: Final = 90  # two-digit years from here on are 19xx: SMS is from 1992
_MAX_QUARTERS: Final = 79  # what the zone octet can say
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER: Final = timedelta(minutes=15)
_MILLISECOND: Final = timedelta(milliseconds=1)
# Swapped BCD: the tens are in the low half of the octet.
_DIGITS: Final = {
    tens | units << 4: 10 * tens + units for tens in range(10) for units in range(10)
}
_WEST: Final = 0x08  # the sign, where the highest bit of the tens would be


@cache
def _zone(octet: int) -> timezone:
    """Read the zone; KeyError if the octet is no pair of digits."""
    offset = _QUARTER * _DIGITS[octet & ~_WEST]
    return timezone(-offset if octet & _WEST else offset)


@lru_cache(maxsize=256)  # one report is asked four times when it was
def _value(raw: bytes) -> datetime | None:
    year, month, day, hour, minute, second, zone = raw
    try:
        # A missing key is an octet that is no pair of digits.
        years = _DIGITS[year]
        return datetime(
            years + (1900 if years >= _PIVOT else 2000),
            _DIGITS[month],
            _DIGITS[day],
            _DIGITS[hour],
            _DIGITS[minute],
            _DIGITS[second],
            tzinfo=_zone(zone),
        )
    except (KeyError, ValueError):
        return None


@value
class Timestamp:
    """Seven octets and, where they make sense, the instant they mean."""

    raw: bytes

    @classmethod
    def at(cls, when: datetime) -> "Timestamp":
        """Encode an aware datetime (1990 to 2089, whole quarters of an hour)."""
        offset = when.utcoffset()
        if offset is None or offset % _QUARTER:
            raise PduEncodeError(f"zone must be whole quarters of an hour: {when}")
        quarters = offset // _QUARTER
        if abs(quarters) > _MAX_QUARTERS or not 1990 <= when.year < 2090:  # noqa: PLR2004 - the pivot
            raise PduEncodeError(f"no time stamp can say {when}")
        fields = [when.year % 100, when.month, when.day]
        fields += [when.hour, when.minute, when.second]
        raw = bytearray(value // 10 | value % 10 << 4 for value in fields)
        size = abs(quarters)
        raw.append(size // 10 | size % 10 << 4 | (_WEST if quarters < 0 else 0))
        return cls(bytes(raw))

    @classmethod
    def from_unix(cls, unix_ms: int, *, offset_minutes: int = 0) -> "Timestamp":
        """Encode an instant; milliseconds are cut off."""
        zone = timezone(timedelta(minutes=offset_minutes))
        instant = _EPOCH + timedelta(milliseconds=unix_ms)
        return cls.at(instant.astimezone(zone))

    @property
    def value(self) -> datetime | None:
        """The aware datetime, or None for an impossible date."""
        return _value(self.raw)

    @property
    def unix_ms(self) -> int | None:
        """Milliseconds since 1970 in UTC, or None."""
        value = self.value
        return None if value is None else (value - _EPOCH) // _MILLISECOND

    @property
    def iso(self) -> str | None:
        """ISO 8601 with the offset the network gave, or None."""
        value = self.value
        return None if value is None else value.isoformat()
