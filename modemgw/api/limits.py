"""RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers).

Every 429 has them, and answers to keys with limits. Nothing is worked out for
others.
"""

import math

from modemgw.gateway import ratelimit
from modemgw.gateway.key_purses import KeyPurse


def limited(name: str, most: int, window_s: float, left_s: float) -> dict[str, str]:
    """Return the headers of a limit that is used up for `left_s` more seconds."""
    return {
        "RateLimit-Policy": f'"{name}";q={most};w={math.ceil(window_s)}',
        "RateLimit": f'"{name}";r=0;t={max(1, math.ceil(left_s))}',
    }


def of_key(purse: KeyPurse | None, now_ms: int) -> dict[str, str]:
    """Return what is left of the limits of a key; nothing where it has none."""
    if purse is None:
        return {}
    found = list(purse.standings(now_ms))
    return {
        "RateLimit-Policy": ", ".join(ratelimit.policy(one) for one, _, _ in found),
        "RateLimit": ", ".join(ratelimit.left(*one) for one in found),
    }
