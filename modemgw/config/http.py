"""What a file may say about TLS, proxies and names of the HTTP server."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from modemgw.config import values
from modemgw.config.positions import Section, Value

SURFACES = ("native", "smseagle", "twilio", "alertmanager")
_HOST = re.compile(r"(\*|(\*\.)?[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9-]+)*)")


@dataclass(frozen=True, slots=True)
class Tls:
    """How the connection is protected; `files` has certificate and key."""

    mode: str = "off"
    cert: Path | None = None
    key: Path | None = None


OFF = Tls()


def show_tls(tls: Tls) -> object:
    """Write it as the file does."""
    if tls.mode == "files":
        return {"cert": str(tls.cert), "key": str(tls.key)}
    return tls.mode


def tls(section: Section, below: Callable[[str], Path]) -> Tls:
    """Read `off`, `self`, `proxy` or {cert: FILE, key: FILE}."""
    value = section.get("tls")
    if value is None:
        return OFF
    if not value.is_mapping:
        return Tls(value.read(_mode) or "off")
    files = value.section(("cert", "key"))
    found = [files.read(name, below, None) for name in ("cert", "key")]
    for name in ("cert", "key"):
        if files.get(name) is None:
            value.fail(f"needs a {name}: {{cert: FILE, key: FILE}}")
    return Tls("files", *found)


def surfaces(section: Section) -> tuple[str, ...]:
    """Read which APIs answer; empty where the file does not say."""
    choice = values.one_of(*SURFACES)
    found = [one.read(choice) for one in section.entries("surfaces")]
    return tuple(dict.fromkeys(name for name in found if name))


def host(text: str) -> str:
    """A name that clients may call the gateway by: `sms.example.org`, `*.lan`, `*`."""
    name = text.strip().lower().rstrip(".")
    if not _HOST.fullmatch(name):
        raise ValueError(
            f"expected a host name without a port (sms.example.org), got {text!r}"
        )
    return name


def network(text: str) -> str:
    """`192.168.1.0/24`, `10.0.0.7`, `fd00::/8`."""
    try:
        found: IPv4Network | IPv6Network = ip_network(text.strip())
    except ValueError as exc:
        raise ValueError(
            f"expected a network (192.168.1.0/24) or an address, got {text!r}"
            + (": the address has host bits set" if "host bits" in str(exc) else "")
        ) from None
    return str(found)


def check_proxies(section: Section, mode: str, found: tuple[str, ...]) -> None:
    """Report where proxies are named and not used, or used and not named."""
    value: Value | None = section.get("proxies")
    told = section.get("tls")
    if mode == "proxy" and not found and told is not None and value is None:
        told.fail("name the proxies whose X-Forwarded-For is true: proxies: [10.0.0.2]")
    if mode != "proxy" and found and value is not None:
        value.warn("is used with `tls: proxy` only")


def _mode(text: str) -> str:
    if text.lower() in {"no", "false"}:
        return "off"
    if text.lower() not in {"off", "self", "proxy"}:
        raise ValueError(
            f"expected off, self, proxy or {{cert: FILE, key: FILE}}, got {text!r}"
        )
    return text.lower()
