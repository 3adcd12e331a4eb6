"""Which names this gateway answers to: the guard against DNS rebinding.

A web page of an attacker may let its own name lead to an address in the LAN; the
browser then takes the gateway for that page. But it sends the page's name in Host.
Names that nobody outside can register are taken by default: addresses, localhost,
this machine's own name, `.local`. Others stand in `http.hosts`.
"""

import socket
from collections.abc import Iterable
from ipaddress import ip_address

from modemgw.api.problems import HttpError

MOST = 256  # headers remembered as right; whoever sends more is looked at each time
ANY = "*"


class Hosts:
    """The names that are right."""

    def __init__(self, listed: Iterable[str], own: str | None = None) -> None:
        """`own`: the name of this machine; None asks the system."""
        found = (socket.gethostname() if own is None else own).lower().rstrip(".")
        self._names = {"localhost", found, found.partition(".")[0]}
        self._names.update(name.lower() for name in listed)
        self._below = tuple(name[1:] for name in self._names if name.startswith("*."))
        self._any = ANY in self._names
        self._right: set[str] = set()

    def take_over(self, other: "Hosts") -> None:
        """Let the names of another one be right from now on."""
        self._names, self._below, self._any = other._names, other._below, other._any
        self._right = set()

    def knows(self, host: str | None) -> bool:
        """Tell that `check` takes it; False only says that it has to be asked."""
        return host in self._right or self._any

    def check(self, host: str | None) -> None:
        """Refuse a Host header that names somebody else, with 421.

        A request without one is of HTTP/1.0: no browser sends such.
        """
        if host is None or host in self._right or self._any:
            return
        if not self._is_right(_name(host)):
            raise HttpError(
                "wrong-host",
                421,
                f"this gateway is not known as {host[:100]!r}: use its address or its"
                " own name, or list the name under http.hosts in its configuration",
            )
        if len(self._right) < MOST:
            self._right.add(host)

    def _is_right(self, name: str) -> bool:
        if name in self._names or name.endswith((".local", ".localhost", *self._below)):
            return True
        try:
            ip_address(name.partition("%")[0])
        except ValueError:
            return False
        return True


def _name(host: str) -> str:
    """Take off the port: `pi.local:8080`, `[::1]:8080`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].lower().rstrip(".")
