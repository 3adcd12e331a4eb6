"""Tickets: what a browser shows instead of a key, once and within half a minute.

A browser can set no header on an event stream or a WebSocket, and a key in a URL
ends up in logs and histories. A ticket there is worth nothing when it was read.
They live in memory alone: after a restart a page asks for another one.
"""

import secrets
from collections import OrderedDict
from dataclasses import replace

from modemgw.clock import Clock
from modemgw.gateway.model import Caller

LIFE_S = 30
MOST = 1000  # the oldest one goes first
PREFIX = "tkt_"
SCOPE = "events:read"  # whatever else the key may


class Tickets:
    """Every ticket that was issued and not yet used."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: OrderedDict[str, tuple[float, Caller]] = OrderedDict()

    def issue(self, caller: Caller) -> str:
        """Make a ticket that stands for a caller who may read events."""
        ticket = PREFIX + secrets.token_urlsafe(32)
        self._open[ticket] = (self._clock.monotonic() + LIFE_S, caller)
        while len(self._open) > MOST:
            self._open.popitem(last=False)
        return ticket

    def redeem(self, ticket: str, address: str) -> Caller | None:
        """Return whom a ticket stands for, and let it go; None: it is worth nothing."""
        ends, caller = self._open.pop(ticket, (0.0, None))
        if caller is None or self._clock.monotonic() > ends:
            return None
        return replace(caller, scopes=frozenset({SCOPE}), address=address)
