"""Names to addresses for webhooks: in threads of its own, with a deadline.

The resolver of the system is asked (files, mDNS, DNS, whatever the machine is
set up with) and it blocks, for half a minute where the DNS is dead. So it has its
own few threads, and a name is asked for once at a time, however many deliveries
wait for it: a dead name holds one thread, not all of them.
"""

import asyncio
import socket
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address

from modemgw.gateway.targets import (
    Address,
    Refusal,
    Target,
    TargetGuard,
    literal,
    parse,
)

DEADLINE_S = 5.0  # as long as one DNS server is asked by default (resolv.conf)
THREADS = 64  # names asked for at once; each may hang in its thread for a while

Lookup = Callable[[str], Awaitable[list[Address]]]


class UnknownHost(Exception):
    """The name has no address, or nobody answered in time; str() says which."""


@dataclass(frozen=True, slots=True)
class Found:
    """A target with the addresses that may be connected to, never empty."""

    target: Target
    addresses: tuple[Address, ...]


class TargetFinder:
    """Turns a URL into checked addresses; asked again for every attempt."""

    def __init__(self, guard: TargetGuard, lookup: Lookup) -> None:
        self.guard = guard
        self._lookup = lookup

    async def find(self, url: str, *, trusted: bool) -> Found | Refusal:
        """Return where `url` leads now; `trusted` endpoints may be anywhere.

        Of a name with several addresses only the allowed ones are returned.
        """
        target = parse(url)
        if isinstance(target, Refusal):
            return target
        try:
            addresses = await self._lookup(target.host)
        except UnknownHost as exc:
            return Refusal("unknown_host", str(exc))
        if trusted:
            return Found(target, tuple(addresses))
        refusals = [self.guard.check(target, address) for address in addresses]
        allowed = [a for a, no in zip(addresses, refusals, strict=True) if no is None]
        if allowed:
            return Found(target, tuple(allowed))
        return next(no for no in refusals if no is not None)


class Resolver:
    """Asks the system for the addresses of names."""

    def __init__(self, *, deadline_s: float = DEADLINE_S) -> None:
        self._deadline_s = deadline_s
        self._asked: dict[str, asyncio.Future[list[Address]]] = {}

    async def __call__(self, host: str) -> list[Address]:
        """Return the addresses of `host`, the preferred ones first, at least one.

        An address is returned as it is. Raises UnknownHost.
        """
        address = literal(host)
        if address is not None:
            return [address]
        answer = self._asked.get(host) or self._ask(host)
        try:
            async with asyncio.timeout(self._deadline_s):
                return await asyncio.shield(answer)  # others may wait for it too
        except TimeoutError:
            raise UnknownHost(
                f"no DNS answer for {host} within {self._deadline_s:g} s"
            ) from None

    def _ask(self, host: str) -> "asyncio.Future[list[Address]]":
        if len(self._asked) >= THREADS:
            raise UnknownHost(f"{host} was not looked up: the DNS does not answer")
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[list[Address]] = loop.create_future()
        self._asked[host] = answer

        def tell(found: list[Address] | UnknownHost) -> None:
            del self._asked[host]
            if isinstance(found, UnknownHost):
                answer.set_exception(found)
                answer.exception()  # seen, also where everyone has given up
            else:
                answer.set_result(found)

        def work() -> None:
            found = _ask(host)
            with suppress(RuntimeError):  # the loop is closed: nobody is left
                loop.call_soon_threadsafe(tell, found)

        # A daemon thread: a question that hangs must not hold up the exit.
        threading.Thread(target=work, name="webhook-dns", daemon=True).start()
        return answer


def _ask(host: str) -> list[Address] | UnknownHost:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):  # UnicodeError: a label longer than 63 octets
        return UnknownHost(f"{host} has no address: the name does not resolve")
    addresses = [ip_address(_text(entry[4])) for entry in found]
    return list(dict.fromkeys(addresses))


def _text(sockaddr: tuple[object, ...]) -> str:
    """Return the address of a socket address, with the zone it only works in."""
    host, _, *flow_and_zone = sockaddr  # IPv4 has neither
    zone = flow_and_zone[-1] if flow_and_zone else 0
    return f"{host}%{zone}" if zone else str(host)
