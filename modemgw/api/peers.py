"""Where a request comes from: the peer, or whom a trusted proxy names.

X-Forwarded-For is read from the right: the last entry was written by the proxy that
we know, the ones before it by whoever came before. The first that is no trusted proxy
is the client. So nobody outside can choose their address.
"""

from collections.abc import Sequence
from ipaddress import IPv6Address, ip_network

from aiohttp import web

from modemgw.gateway.key_rules import address_of

MAX_HOPS = 16


def peer(request: web.Request) -> str:
    """Return the address that the connection comes from."""
    return request.remote or ""


def origin(request: web.Request) -> str:
    """Return what links to this gateway begin with, as its client reaches it."""
    return f"{request.app[PROXIES].scheme(request)}://{request.host}"


def network(address: str) -> str:
    """Return what one attacker has: an IPv4 address, or an IPv6 /64."""
    if ":" not in address:
        return address
    parsed = address_of(address)
    if not isinstance(parsed, IPv6Address):
        return address if parsed is None else str(parsed)
    return str(int(parsed) >> 64)


class Proxies:
    """The proxies whose word is taken."""

    def __init__(self, cidrs: Sequence[str]) -> None:
        self._networks = [ip_network(text) for text in cidrs]

    def take_over(self, other: "Proxies") -> None:
        """Take the word of other proxies from now on."""
        self._networks = other._networks

    def client(self, request: web.Request) -> str:
        """Return the client's address; that of the peer where it is no proxy of ours.

        Where a hop is no address, the proxy that wrote it is the one to blame: its
        own address counts.
        """
        found = request.remote or ""
        if not self.trusts(found):
            return found
        hops = ",".join(request.headers.getall("X-Forwarded-For", ())).split(",")
        for hop in reversed(hops[-MAX_HOPS:]):
            address = address_of(_bare(hop.strip()))
            if address is None:
                return found
            found = str(address)
            if not self.trusts(found):
                return found
        return found

    def scheme(self, request: web.Request) -> str:
        """Return http or https, as the client sees it: by X-Forwarded-Proto of ours.

        Of several values the last one counts, which our own proxy wrote.
        """
        if self.trusts(request.remote or ""):
            said = ",".join(request.headers.getall("X-Forwarded-Proto", ()))
            last = said.rpartition(",")[2].strip().lower()
            if last in ("http", "https"):
                return last
        return request.scheme

    def trusts(self, text: str) -> bool:
        """Tell whether an address is that of a proxy."""
        address = address_of(text)
        return any(address in network for network in self._networks)


PROXIES = web.AppKey("proxies", Proxies)


def _bare(hop: str) -> str:
    """Take off the port that some proxies write: `1.2.3.4:567`, `[::1]:567`."""
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop
