"""What a file may say about the hours in which nothing is sent."""

import re
from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.off import is_off
from modemgw.config.positions import Section
from modemgw.policy.hours import DAY_MIN, Quiet, quiet
from modemgw.policy.message import CLASSES

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TIMES = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_FORM = "20:00-08:00, 'sat-sun 18:00-10:00', sun or off"
_CLASS = "list such as [20:00-08:00, sun], or off"


class QuietHours(msgspec.Struct, frozen=True):
    """When messages of a class wait until morning; by default never.

    A message that comes in such an hour is scheduled for its end; one that could
    not leave before it begins waits, too. Its validity is counted from then on
    where it was scheduled, and may end where it was waiting already.
    """

    alert: Annotated[
        Quiet, key("Quiet hours of alerts.", unit=_CLASS, default="off")
    ] = Quiet()
    otp: Annotated[
        Quiet, key("Quiet hours of one-time codes.", unit=_CLASS, default="off")
    ] = Quiet()
    transactional: Annotated[
        Quiet,
        key("Quiet hours of transactional messages.", unit=_CLASS, default="off"),
    ] = Quiet()
    marketing: Annotated[
        Quiet, key("Quiet hours of marketing messages.", unit=_CLASS, default="off")
    ] = Quiet()
    zone: Annotated[
        str,
        key(
            "Whose night it is. recipient: by the country or area of the number; a "
            "number that may be in several zones is let sleep in all of them. own: "
            "that of `timezone`.",
            unit="recipient or own",
            default="recipient",
        ),
    ] = "recipient"

    def of(self, klass: str) -> Quiet:
        """Return the quiet hours of a class of messages."""
        found: Quiet = getattr(self, klass)
        return found


def quiet_hours(top: Section) -> QuietHours:
    """Read the section, or its defaults where it is not there."""
    section = top.section("quiet_hours", QuietHours.__struct_fields__)
    if section is None:
        return QuietHours()
    found = {klass: hours_at(section, klass) for klass in CLASSES}
    zone = section.read("zone", values.one_of("recipient", "own"), "recipient")
    return QuietHours(zone=zone, **found)


def hours_at(section: Section, klass: str) -> Quiet:
    """Read the quiet hours at one key."""
    value = section.get(klass)
    if value is None:
        return Quiet()
    times: list[tuple[int, int, int]] = []
    for item in value.entries() if value.is_list else [value]:
        times += item.read(_times) or []
    found = quiet(times)
    if found.is_whole_week:
        value.fail("leaves no hour of the week to send in")
    return found


def _times(text: str) -> list[tuple[int, int, int]]:
    """`off`, `20:00-08:00`, `sun`, `sat-sun 18:00-10:00`, `mon,wed 12:00-13:00`."""
    written = " ".join(text.lower().split())
    if is_off(text):
        return []
    match = _TIMES.search(written)
    days = written if match is None else written[: match.start()]
    begin, end = (0, DAY_MIN) if match is None else _span(match, text)
    if match is not None and written[match.end() :]:
        raise ValueError(f"expected {_FORM}, got {text!r}")
    return [(day, begin, end) for day in _days(days.strip(), text)]


def _span(match: re.Match[str], text: str) -> tuple[int, int]:
    hours = int(match[1]), int(match[3])
    begin, end = hours[0] * 60 + int(match[2]), hours[1] * 60 + int(match[4])
    if max(int(match[2]), int(match[4])) > 59 or max(begin, end) > DAY_MIN:  # noqa: PLR2004
        raise ValueError(f"expected times from 00:00 to 24:00, got {text!r}")
    return begin % DAY_MIN, end


def _days(text: str, whole: str) -> list[int]:
    if not text:
        return list(range(7))
    found: list[int] = []
    for part in re.split(r"[ ,]+", text):
        first, dash, last = (word[:3] for word in part.partition("-"))
        if first not in _DAYS or (dash and last not in _DAYS):
            raise ValueError(f"expected {_FORM}, got {whole!r}")
        begin = _DAYS.index(first)
        length = (_DAYS.index(last) - begin) % 7 + 1 if dash else 1
        found += [(begin + day) % 7 for day in range(length)]
    return found


def show_quiet(hours: Quiet) -> object:
    """Write quiet hours as the file does, one entry for each span of the week.

    >>> show_quiet(quiet([(6, 0, DAY_MIN), (0, 720, 780)]))
    ['mon 12:00-13:00', 'sun 00:00-24:00']
    """
    shown: list[str] = []
    for begin, end in hours.spans:
        at = begin
        while at < end:  # a day at a time: a night is two entries, which joins again
            day, minute = divmod(at, DAY_MIN)
            until = min(end - day * DAY_MIN, DAY_MIN)
            shown.append(f"{_DAYS[day]} {_clock(minute)}-{_clock(until)}")
            at = day * DAY_MIN + until
    return shown or "off"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
