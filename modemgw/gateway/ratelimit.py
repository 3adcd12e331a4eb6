"""How limits are told to HTTP clients (draft-ietf-httpapi-ratelimit-headers).

Amounts of money are whole micro-units there, as the draft knows no fractions.
"""

import math

from modemgw.policy.quota import Limit

_WINDOW_S = {"minute": 60, "hour": 3600, "day": 86_400}  # months differ


def name(which: Limit) -> str:
    """Return the name of a limit; one of parts and one of money may share a period.

    >>> from modemgw.policy.periods import Period
    >>> name(Limit("5.00/day", 5_000_000, Period("day"), money=True))
    'day-spend'
    """
    unit: str = which.period.unit
    return f"{unit}-spend" if which.money else unit


def policy(which: Limit) -> str:
    """Write what is allowed, as an item of RateLimit-Policy."""
    window = _WINDOW_S.get(which.period.unit)
    unit = ';qu="micro-units"' if which.money else ""
    written = f'"{name(which)}";q={which.count}{unit}'
    return written if window is None else f"{written};w={window}"


def used_up(name: str, most: int, window_s: float, left_s: float) -> dict[str, str]:
    """Return the headers of a limit that is used up for `left_s` more seconds.

    `window_s` 0: it is one of things that are there at once, not of a time.
    """
    window = f";w={math.ceil(window_s)}" if window_s else ""
    return {
        "RateLimit-Policy": f'"{name}";q={most}{window}',
        "RateLimit": f'"{name}";r=0;t={max(1, math.ceil(left_s))}',
    }


def left(which: Limit, count: int, left_ms: int) -> str:
    """Write what is left until the period ends, as an item of RateLimit."""
    seconds = max(1, -(-left_ms // 1000))
    return f'"{name(which)}";r={max(0, count)};t={seconds}'
