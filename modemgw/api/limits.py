"""RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers).

Every 429 has them (gateway/ratelimit.py), and answers to keys with limits. Nothing is
worked out for others.
"""

from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Caller


def tell(headers: dict[str, str], gateway: Gateway, caller: Caller) -> None:
    """Add what is left of the limits of a key, where it has any."""
    purse = gateway.intake.limits_of(caller.key_id)
    if purse is not None:
        headers.update(purse.standing(gateway.clock.now_ms()))
