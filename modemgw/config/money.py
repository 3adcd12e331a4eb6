"""Amounts of money and limits, read as they are written and never as a float."""

import re
from dataclasses import replace

from modemgw.policy.periods import Period
from modemgw.policy.quota import Limit
from modemgw.policy.tariff import MICRO

MAX_COUNT = 100_000_000
_AMOUNT = re.compile(r"(\d{1,9})(?:\.(\d{1,6}))?")
_LIMIT = re.compile(r"(\S+?)\s*(?:/|\bper\b)\s*([a-z]+)")
_UNITS = {
    **dict.fromkeys(["min", "minute"], "minute"),
    **dict.fromkeys(["h", "hour"], "hour"),
    "day": "day",
    "month": "month",
    "billing": "billing",
}


def amount(text: str) -> int:
    """`0.05`: micro-units of the currency.

    >>> amount("0.05"), amount("12")
    (50000, 12000000)
    """
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"expected an amount such as 0.05, got {text!r}")
    return int(found[1]) * MICRO + int((found[2] or "").ljust(6, "0"))


def show_amount(micro: int) -> str:
    """Write an amount with at least two decimals.

    >>> show_amount(50_000), show_amount(123_456), show_amount(-7_000_000)
    ('0.05', '0.123456', '-7.00')
    """
    sign = "-" if micro < 0 else ""
    whole, rest = divmod(abs(micro), MICRO)
    decimals = f"{rest:06}".rstrip("0").ljust(2, "0")
    return f"{sign}{whole}.{decimals}"


def quota(text: str) -> Limit:
    """`200/day`, `3000/month`, `3000/billing`: parts in a calendar period."""
    count, unit = _split(text, "200/day")
    plain = count.replace("_", "")
    if not plain.isascii() or not plain.isdigit() or not 0 <= int(plain) <= MAX_COUNT:
        raise ValueError(f"expected a whole number of parts per period, got {text!r}")
    return Limit(f"{int(plain)}/{_short(unit)}", int(plain), Period(unit))


def cap(text: str) -> Limit:
    """`5.00/day`, `40/month`: money in a calendar period."""
    count, unit = _split(text, "5.00/day")
    micro = amount(count)
    return Limit(
        f"{show_amount(micro)}/{_short(unit)}", micro, Period(unit), money=True
    )


def limit(text: str) -> Limit:
    """Read a limit by its form: money has a point, parts have none."""
    return cap(text) if "." in text else quota(text)


def billed_from(limit: Limit, billing_day: int) -> Limit:
    """Return the limit with the first day of its billing period."""
    if limit.period.unit != "billing":
        return limit
    return replace(limit, period=replace(limit.period, first_day=billing_day))


def _split(text: str, example: str) -> tuple[str, str]:
    found = _LIMIT.fullmatch(text.strip().lower())
    unit = None if found is None else _UNITS.get(found[2])
    if found is None or unit is None:
        raise ValueError(
            f"expected an amount per minute, hour, day, month or billing ({example}), "
            f"got {text!r}"
        )
    return found[1], unit


def _short(unit: str) -> str:
    return "min" if unit == "minute" else unit
