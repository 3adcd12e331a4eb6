"""When a message may go out, by the night of whom it is for.

Costs nothing for classes without quiet hours, which is all of them by default.
"""

from collections.abc import Sequence
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from modemgw.config.quiet import QuietHours
from modemgw.policy.hours import next_allowed
from modemgw.policy.message import CLASSES

_REMEMBERED = 4096  # numbers whose zones are known


class Calm:
    """The quiet hours of one configuration."""

    def __init__(self, hours: QuietHours, own_zone: str) -> None:
        self._own = (ZoneInfo(own_zone),)
        self._by_recipient = hours.zone == "recipient"
        self._hours = {klass: hours.of(klass) for klass in CLASSES if hours.of(klass)}

    def until(self, klass: str, to: str, at_ms: int) -> int:
        """Return from when a message may go out, `at_ms` where it may at once."""
        hours = self._hours.get(klass)
        if hours is None:
            return at_ms
        zones = zones_of(to) if self._by_recipient else ()
        return next_allowed(at_ms, hours, zones or self._own)


@lru_cache(_REMEMBERED)
def zones_of(to: str) -> Sequence[ZoneInfo]:
    """Return every zone a full number may be in; none for a short code."""
    if not to.startswith("+"):
        return ()
    # Imported where somebody has quiet hours: it is a large table.
    from phonenumbers import NumberParseException, parse  # noqa: PLC0415
    from phonenumbers.timezone import time_zones_for_number  # noqa: PLC0415

    try:
        names = time_zones_for_number(parse(to))
    except NumberParseException:
        return ()
    return tuple(zone for name in names if (zone := _zone(name)) is not None)


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None  # Etc/Unknown, or a zone this machine does not have
