"""TP-VP: how long the service centre tries. Relative, absolute and enhanced.

Spec: 3GPP TS 23.040, 9.2.3.12.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import lru_cache
from typing import Final

from modemgw.errors import PduEncodeError
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.times import LENGTH, Timestamp

_MINUTE: Final = 60
_HOUR: Final = 3_600
_DAY: Final = 86_400
_WEEK: Final = 604_800


class Format(IntEnum):
    """TP-VPF, 9.2.3.3: two bits of the first octet."""

    ABSENT = 0
    ENHANCED = 1
    RELATIVE = 2
    ABSOLUTE = 3


@dataclass(frozen=True, slots=True)
class Validity:
    """A validity period as it stands in a TPDU.

    One of `period` and `until` is set, or neither, where the octets say nothing
    that we or the standard understand.
    """

    format: Format
    raw: bytes
    period: timedelta | None = None
    until: Timestamp | None = None
    single_shot: bool = False

    @classmethod
    def of(cls, validity: timedelta | datetime) -> "Validity":
        """Return the relative format for a period, the absolute one for an instant."""
        if isinstance(validity, datetime):
            until = Timestamp.at(validity)
            return cls(Format.ABSOLUTE, until.raw, until=until)
        octet = encode_relative_validity(validity)
        return cls(Format.RELATIVE, bytes((octet,)), decode_relative_validity(octet))

    @classmethod
    def read(cls, cursor: Cursor, format_: int) -> "Validity | None":
        """Read TP-VP in the format that TP-VPF names; None where it is absent."""
        match format_:
            case Format.RELATIVE:
                raw = cursor.take(1, "TP-VP")
                return cls(Format.RELATIVE, raw, decode_relative_validity(raw[0]))
            case Format.ABSOLUTE:
                until = Timestamp(cursor.take(LENGTH, "TP-VP"))
                return cls(Format.ABSOLUTE, until.raw, until=until)
            case Format.ENHANCED:
                return _enhanced(cursor.take(LENGTH, "TP-VP"))
            case _:
                return None


def _enhanced(raw: bytes) -> Validity:
    """Take the enhanced format apart, 9.2.3.12.3.

    The functionality indicator is one octet, more where its bit 7 says so.
    """
    at = 0
    while raw[at] & 0x80 and at < LENGTH - 1:
        at += 1
    value = raw[at + 1 :]
    period: timedelta | None = None
    match raw[0] & 7:
        case 1 if value:
            period = decode_relative_validity(value[0])
        case 2 if value and value[0]:
            period = timedelta(seconds=value[0])
        case 3 if len(value) >= 3:  # noqa: PLR2004 - hours, minutes, seconds
            digits = [f"{octet & 15:x}{octet >> 4:x}" for octet in value[:3]]
            if all(pair.isdecimal() for pair in digits):
                hours, minutes, seconds = map(int, digits)
                period = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return Validity(
        Format.ENHANCED, raw, period=period, single_shot=bool(raw[0] & 0x40)
    )


@lru_cache(maxsize=64)  # messages of one moment have as much left
def encode_relative_validity(period: timedelta) -> int:
    """Encode TP-VP in the relative format, rounding up to the next step.

    A caller who asks for 36 hours gets 2 days: a message that lives longer
    than asked is better than one that dies early.

    Raises PduEncodeError for less than a second or more than 63 weeks.

    Spec: 3GPP TS 23.040, 9.2.3.12.1.
    """
    seconds = period.days * _DAY + period.seconds  # a fraction does not count
    if not 0 < seconds <= 63 * _WEEK:
        raise PduEncodeError(f"validity must be within (0 s, 63 weeks], not {period}")
    if seconds <= 12 * _HOUR:
        return -(-seconds // (5 * _MINUTE)) - 1
    if seconds <= 24 * _HOUR:
        return 143 + -(-(seconds - 12 * _HOUR) // (30 * _MINUTE))
    if seconds <= 30 * _DAY:
        return 166 + -(-seconds // _DAY)
    return 192 + max(5, -(-seconds // _WEEK))


def decode_relative_validity(octet: int) -> timedelta:
    """Undo encode_relative_validity; every octet has a meaning."""
    if octet <= 143:  # noqa: PLR2004 - the table of 9.2.3.12.1
        return timedelta(minutes=5 * (octet + 1))
    if octet <= 167:  # noqa: PLR2004
        return timedelta(hours=12, minutes=30 * (octet - 143))
    if octet <= 196:  # noqa: PLR2004
        return timedelta(days=octet - 166)
    return timedelta(weeks=octet - 192)
