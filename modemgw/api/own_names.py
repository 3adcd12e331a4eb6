"""What this machine is called: its names and addresses, for its certificate."""

import fcntl
import re
import socket
import struct
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address
from pathlib import Path

_SIOCGIFADDR = 0x8915  # Linux: the IPv4 address of an interface
_IF_INET6 = Path("/proc/self/net/if_inet6")
_NAME = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)*")


def own_names(listed: Iterable[str], host: str | None = None) -> list[str]:
    """Return names, then addresses, each once.

    `listed` are the names of the configuration, addresses to listen on among them;
    `host` is the name of the machine, None asks the system.
    """
    own = (socket.gethostname() if host is None else host).lower().rstrip(".")
    short = own.partition(".")[0]
    names = [own, f"{short}.local", "localhost"]
    addresses = ["127.0.0.1", "::1"]
    for one in listed:
        if _is_address(one):
            addresses.append(one)
        else:
            names.append(one)
    addresses += [*_ipv4(), *_ipv6()]
    right = [name for name in names if _NAME.fullmatch(name)]
    usable = [a for a in addresses if not ip_address(a).is_unspecified]
    return list(dict.fromkeys([*right, *usable]))


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _ipv4() -> list[str]:
    """Return the first address of each interface."""
    found: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            asked = struct.pack("256s", name.encode()[:15])
            try:
                answer = fcntl.ioctl(probe.fileno(), _SIOCGIFADDR, asked)
            except OSError:
                continue  # it has none
            found.append(socket.inet_ntoa(answer[20:24]))
    return found


def _ipv6() -> list[str]:
    """Return addresses that others can reach; those of one link need a zone."""
    try:
        lines = _IF_INET6.read_text("ascii").splitlines()
    except OSError:
        return []
    found = [IPv6Address(bytes.fromhex(line.split()[0])) for line in lines]
    return [str(address) for address in found if not address.is_link_local]
