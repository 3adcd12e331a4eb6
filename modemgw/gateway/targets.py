"""Where a webhook may go: checks of URLs, and of the addresses they resolve to.

Anyone with a key may name a URL that this machine then calls. So a name is
resolved once per attempt, its addresses are checked, and the connection goes to
the checked address and nowhere else: a name that points elsewhere a second
later (DNS rebinding) gains nothing. Private networks (RFC 1918, ULA) are the
normal case on a LAN box and allowed. Endpoints of the configuration file are
the operator's own word and may go anywhere.

This file decides; resolve.py asks the DNS, and post.py connects.
"""

import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
)

from yarl import URL

from modemgw.errors import ConfigError

Address = IPv4Address | IPv6Address

MAX_URL = 2048  # characters; longer ones are mistakes, and each is a row
PORTS = range(1, 65536)

# Services that hand out the credentials of a machine to whoever asks from it.
_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",  # AWS, Azure, Google, OpenStack and most others
        "fd00:ec2::254",  # AWS over IPv6
        "fd20:ce::254",  # Google over IPv6
        "100.100.100.200",  # Alibaba
        "192.0.0.192",  # Oracle
    )
)
_THIS_NETWORK = IPv4Network("0.0.0.0/8")  # RFC 1122, 3.2.1.3: this host
_RESERVED = IPv4Network("240.0.0.0/4")  # RFC 1112, with the broadcast address
_LOCAL_NAT64 = IPv6Network("64:ff9b:1::/48")  # RFC 8215
_LOW_32 = (  # prefixes whose last 32 bits are an IPv4 address
    IPv6Network("::/96"),  # RFC 4291, 2.5.5.1: "compatible", ::a.b.c.d
    IPv6Network("::ffff:0:0:0/96"),  # RFC 2765: ::ffff:0:a.b.c.d
    IPv6Network("64:ff9b::/96"),  # RFC 6052: NAT64
    _LOCAL_NAT64,
)
_ISATAP = (0x00005EFE, 0x02005EFE)  # RFC 5214, 6.1: before the last 32 bits


_UNSPECIFIED = "the unspecified address"
_MULTICAST = "a multicast address"
_BROADCAST = "a broadcast or reserved address"
_NEVER = {_UNSPECIFIED, _MULTICAST, _BROADCAST}  # no list entry opens these


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a target is not called: a code for programs, a sentence for people."""

    code: str  # invalid_url, target_forbidden, unknown_host
    detail: str


@dataclass(frozen=True, slots=True)
class Target:
    """A URL that may be tried, cut up the way the HTTP client reads it."""

    url: URL
    host: str  # as in the URL, IDNA encoded, lower case, without a final dot
    port: int


def parse(text: str) -> Target | Refusal:  # noqa: PLR0911 - one return per mistake
    """Read a webhook URL: http or https, a host, no user name or password."""
    if len(text) > MAX_URL:
        return _invalid(f"the URL is longer than {MAX_URL} characters")
    if any(c.isspace() or not c.isprintable() for c in text):
        return _invalid("the URL contains a space or a control character")
    try:
        url = URL(text)
        scheme, host, port = url.scheme, url.raw_host, url.port
    except ValueError:
        return _invalid("this is not a URL")
    if scheme not in ("http", "https"):
        return _invalid("the URL begins with http:// or https://")
    if not host:
        return _invalid("the URL has no host")
    if url.raw_user is not None or url.raw_password is not None:
        return _invalid(
            "the URL carries a user name or password, which would end up in logs; "
            "verify the signature of the request instead"
        )
    if port is None or port not in PORTS:
        return _invalid("a port is a number from 1 to 65535")
    return Target(url.with_fragment(None), host.lower().rstrip("."), port)


def literal(host: str) -> Address | None:
    """Return the address that `host` is, or None where it is a name.

    Octal, hexadecimal and shortened IPv4 addresses (`0177.1`, `2130706433`) count
    as names: the resolver says what they are.
    """
    try:
        return ip_address(host.replace("%25", "%"))
    except ValueError:
        return None


def _shortened(host: str) -> Address | None:
    """Return the address that every resolver reads in `127.1` or `2130706433`."""
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, ValueError):  # a name, or a name with a NUL
        return None


def embedded(address: Address) -> list[Address]:
    """Return every address that packets to `address` may end up at.

    An IPv6 address can carry an IPv4 one that a translator or tunnel on the way
    unpacks; a check of the outside alone would be fooled.
    """
    if isinstance(address, IPv4Address):
        return [address]
    bits = int(address)
    inner: list[Address] = [IPv6Address(bits)]  # without a zone
    if address.ipv4_mapped is not None:
        inner.append(address.ipv4_mapped)
    if address.sixtofour is not None:
        inner.append(address.sixtofour)
    if address.teredo is not None:
        inner.extend(address.teredo)
    ends_in_ipv4 = any(inner[0] in network for network in _LOW_32) and bits > 1
    if ends_in_ipv4 or bits >> 32 & 0xFFFF_FFFF in _ISATAP:
        inner.append(IPv4Address(bits & 0xFFFF_FFFF))
    if inner[0] in _LOCAL_NAT64:
        # RFC 6052, 2.2: behind a /48 the octets stand on both sides of bits 64-71.
        inner.append(IPv4Address((bits >> 64 & 0xFFFF) << 16 | bits >> 40 & 0xFFFF))
    return inner


def _kind(address: Address) -> str | None:
    """Name the kind of a forbidden address; None where it may be called."""
    kinds = (
        (address in _METADATA, "a cloud metadata service"),
        (address.is_loopback, "this machine itself (loopback)"),
        (address.is_link_local, "a link-local address"),
        (address.is_unspecified or address in _THIS_NETWORK, _UNSPECIFIED),
        (address.is_multicast, _MULTICAST),
        (address in _RESERVED, _BROADCAST),
    )
    return next((kind for applies, kind in kinds if applies), None)


class TargetGuard:
    """Decides which addresses an endpoint made over the API may reach.

    `allow` is `http.webhook_allow`: `host:port` entries, addresses or names.
    `own` are the (host, port) pairs this daemon listens on; replace them with
    `listening` once the ports are known.
    """

    def __init__(
        self, allow: Iterable[str] = (), own: Iterable[tuple[str, int]] = ()
    ) -> None:
        self.allow(allow)
        self._own: tuple[tuple[str, int], ...] = ()
        self.listening(own)

    def allow(self, entries: Iterable[str]) -> None:
        """Open these targets, and no others from now on. Raises ConfigError."""
        addresses: set[tuple[Address, int]] = set()
        names: set[tuple[str, int]] = set()
        for host, port in map(_parse_allowed, entries):
            address = literal(host)
            if address is not None:
                addresses.add((embedded(address)[0], port))
            else:
                names.add((host, port))
                if host == "localhost":
                    addresses.add((IPv4Address("127.0.0.1"), port))
                    addresses.add((IPv6Address("::1"), port))
        self._open_addresses, self._open_names = addresses, names

    def listening(self, own: Iterable[tuple[str, int]]) -> None:
        """Say which (host, port) pairs are our own."""
        self._own = tuple((host.strip("[]").lower(), port) for host, port in own)

    def check_url(self, text: str) -> Refusal | None:
        """Check what can be known without asking the DNS; quick enough for submit."""
        target = parse(text)
        if isinstance(target, Refusal):
            return target
        address = literal(target.host) or _shortened(target.host)
        if address is None and target.host.split(".")[-1] == "localhost":
            address = IPv4Address("127.0.0.1")  # RFC 6761, 6.3
        return None if address is None else self.check(target, address)

    def check(self, target: Target, address: Address) -> Refusal | None:
        """Check one address that the host of `target` has."""
        inner = embedded(address)
        for one in inner:
            kind = _kind(one)
            if kind is None and self._is_own(one, target.port):
                kind = "a port of this gateway"
            if kind is not None and not self._is_open(target, inner, kind):
                return _forbidden(target, address, kind)
        return None

    def _is_open(self, target: Target, inner: list[Address], kind: str) -> bool:
        if kind in _NEVER:
            return False
        named = (target.host, target.port) in self._open_names
        return named or any((one, target.port) in self._open_addresses for one in inner)

    def _is_own(self, address: Address, port: int) -> bool:
        for host, own_port in self._own:
            if own_port != port:
                continue
            listened = literal(host)
            if listened is not None and not listened.is_unspecified:
                if address in embedded(listened):
                    return True
            elif _is_local(address):  # every address of this machine, or a name
                return True
        return False


def _forbidden(target: Target, address: Address, kind: str) -> Refusal:
    shown = address if literal(target.host) else f"{target.host} ({address})"
    return Refusal(
        "target_forbidden",
        f"{shown} is {kind}, which no webhook can be sent to"
        if kind in _NEVER
        else f"{shown} is {kind}, which webhooks made over the API may not reach; "
        "the operator can allow it with http.webhook_allow",
    )


def _invalid(detail: str) -> Refusal:
    return Refusal("invalid_url", detail)


def _parse_allowed(entry: str) -> tuple[str, int]:
    """Read one `host:port`, `[address]:port` of http.webhook_allow."""
    host, _, port = entry.strip().rpartition(":")
    host = host.strip("[]").lower().rstrip(".")
    if not host or not (port.isascii() and port.isdigit()) or int(port) not in PORTS:
        raise ConfigError([f"http.webhook_allow: expected host:port, got {entry!r}"])
    return host, int(port)


def _is_local(address: Address) -> bool:
    """Tell whether `address` belongs to this machine: only then can it be bound."""
    is_v4 = isinstance(address, IPv4Address)
    family = socket.AF_INET if is_v4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError:
        return False
    return True
