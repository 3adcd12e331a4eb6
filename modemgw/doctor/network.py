"""The network: the addresses we listen on, names, webhooks, certificates."""

import socket
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from urllib.parse import urlsplit

from modemgw.doctor.box import Box, Check
from modemgw.doctor.finding import Finding, Kind, Level, Skipped
from modemgw.words import counted

CONNECT_S = 5.0
SOON_DAYS = 14
MOST_WEBHOOKS = 20
_LISTENS = "0A"  # state in /proc/net/tcp

TAKEN = Kind(
    "net.port_taken",
    Level.PROBLEM,
    "Another program listens on the address of the API.",
    "The gateway does not start.",
    "Stop the other program, or change http.listen.",
)
NO_SERVER = Kind(
    "dns.no_server",
    Level.WARNING,
    "The machine knows no name server.",
    "Webhooks that are given by name cannot be reached.",
    "cat /etc/resolv.conf\nLook whether the network is up.",
)
NO_NAME = Kind(
    "webhook.unknown_host",
    Level.WARNING,
    "The name of a webhook has no address.",
    "Events wait until the name is known.",
    "getent hosts NAME\ncat /etc/resolv.conf",
)
UNREACHABLE = Kind(
    "webhook.unreachable",
    Level.WARNING,
    "Nobody takes connections where a webhook leads.",
    "Events wait until the receiver is there again.",
    "Look whether the receiver runs, and whether a firewall is between.",
)
FORBIDDEN = Kind(
    "webhook.forbidden",
    Level.WARNING,
    "A webhook leads where the gateway does not go.",
    "Its events are never pushed.",
    "Allow the target with http.webhook_allow, or declare it in the configuration.",
)
BAD_TLS = Kind(
    "webhook.bad_tls",
    Level.WARNING,
    "The certificate of a webhook is not trusted.",
    "Events wait until it is.",
    "date\nGive the receiver a valid certificate.",
)
TLS_ENDS = Kind(
    "webhook.tls_ends",
    Level.NOTE,
    "The certificate of a webhook ends soon.",
    "From then on events wait.",
    "Renew the certificate of the receiver.",
)
CERTIFICATE_ENDED = Kind(
    "tls.ended",
    Level.PROBLEM,
    "The certificate of the gateway has ended.",
    "Programs refuse to talk to the API.",
    "Renew the file that http.tls names; it is read again by itself.",
)
CERTIFICATE_ENDS = Kind(
    "tls.ends",
    Level.WARNING,
    "The certificate of the gateway ends soon.",
    "From then on programs refuse to talk to the API.",
    "Renew the file that http.tls names; it is read again by itself.",
)
CERTIFICATE_BAD = Kind(
    "tls.unreadable",
    Level.PROBLEM,
    "The certificate of the gateway cannot be read.",
    "The gateway does not start.",
    "Look at the files that http.tls names.",
)


# --- our own addresses


def listening(box: Box) -> Iterator[Finding]:
    """Look whether somebody else has the addresses of the API."""
    if box.config is None:
        raise Skipped("there is no configuration to go by")
    if box.view.state != "absent" or box.daemon_pid is not None:
        return  # it is the gateway that listens there
    taken = list(_listening(box))
    for wish in box.config.http.listen:
        for port, address, inode in taken:
            if wish.port and port == wish.port and _meets(wish.host, address):
                who = _owner(box, inode)
                hint = f"ss -ltnp 'sport = :{port}'"
                yield TAKEN.seen(f"{who} listens there", str(wish), type=hint)
                break


def _listening(box: Box) -> Iterator[tuple[int, str, str]]:
    for name in ("tcp", "tcp6"):
        text = box.machine.text(f"/proc/net/{name}", 1 << 20) or ""
        for line in text.splitlines()[1:]:
            words = line.split()
            if len(words) > 9 and words[3] == _LISTENS:  # noqa: PLR2004 - proc(5)
                address, _, port = words[1].partition(":")
                try:
                    yield int(port, 16), _address(address), words[9]
                except ValueError:
                    continue


def _address(text: str) -> str:
    """Read an address as /proc/net/tcp has it: 32 bit words of this machine."""
    octets = bytes.fromhex(text)
    words = [octets[at : at + 4][::-1] for at in range(0, len(octets), 4)]
    return str(ip_address(b"".join(words)))


def _meets(host: str, address: str) -> bool:
    """Tell whether two addresses cannot both be listened on."""
    try:
        ours, theirs = ip_address(host), ip_address(address)
    except ValueError:
        return True
    if ours.version != theirs.version:
        return theirs.is_unspecified and theirs.version == 6  # noqa: PLR2004
    return ours == theirs or ours.is_unspecified or theirs.is_unspecified


def _owner(box: Box, inode: str) -> str:
    wanted = f"socket:[{inode}]"
    for pid in box.machine.listed("/proc"):
        if not pid.isdecimal():
            continue
        for number in box.machine.listed(f"/proc/{pid}/fd"):
            try:
                link = box.machine.at(f"/proc/{pid}/fd/{number}").readlink()
            except OSError:
                continue
            if str(link) == wanted:
                name = box.machine.text(f"/proc/{pid}/comm") or "a program"
                return f"{name} (pid {pid})"
    return "another program"


# --- names and webhooks


@dataclass(frozen=True, slots=True)
class Answer:
    """How far a look at a webhook came: host, connect, tls or done."""

    step: str
    why: str = ""
    ends: datetime | None = None  # of the certificate


Resolve = Callable[[str, int], list[str]]
Connect = Callable[[str, str, int, bool], Answer]


def names(box: Box) -> Iterator[Finding]:
    """Look whether there is anybody to ask for addresses."""
    text = box.machine.text("/etc/resolv.conf")
    if text is None:
        raise Skipped("there is no /etc/resolv.conf")
    servers = [
        line.split()[1]
        for line in text.splitlines()
        if line.startswith("nameserver") and len(line.split()) > 1
    ]
    if not servers:
        yield NO_SERVER.seen("no nameserver stands there", "/etc/resolv.conf")


def resolve(host: str, port: int) -> list[str]:
    """Ask the system for the addresses of a name; raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


def connect(address: str, host: str, port: int, secure: bool) -> Answer:
    """Connect, greet where it is TLS, and go; nothing is sent."""
    try:
        line = socket.create_connection((address, port), CONNECT_S)
    except OSError as exc:
        why = "no answer in time" if isinstance(exc, TimeoutError) else exc.strerror
        return Answer("connect", why or str(exc))
    with line:
        if not secure:
            return Answer("done")
        line.settimeout(CONNECT_S)
        try:
            context = ssl.create_default_context()
            with context.wrap_socket(line, server_hostname=host) as greeted:
                ends = (greeted.getpeercert() or {}).get("notAfter")
                moment = _ends(str(ends)) if ends else None
                return Answer("done", ends=moment)
        except ssl.SSLCertVerificationError as exc:
            return Answer("tls", exc.verify_message or str(exc))
        except (OSError, ValueError) as exc:
            return Answer("tls", str(exc))


def webhooks(
    box: Box, resolve: Resolve = resolve, connect: Connect = connect
) -> Iterator[Finding]:
    """Look whether the receivers are there: name, connection, certificate."""
    from modemgw.gateway.targets import TargetGuard  # noqa: PLC0415 (start-up)

    if box.config is None:
        raise Skipped("there is no configuration to go by")
    declared = {one.url for one in box.config.endpoints()}
    made = {
        str(one.get("url"))
        for one in box.view.webhooks
        if one.get("state") == "active" and not one.get("declared")
    }
    http = box.config.http
    guard = TargetGuard(
        http.webhook_allow, [(one.host, one.port) for one in http.listen]
    )
    for url in sorted(declared | made)[:MOST_WEBHOOKS]:
        kept = None if url in declared else guard
        yield from _webhook(box, url, kept, resolve, connect)


def _webhook(
    box: Box, url: str, guard: object, resolve: Resolve, connect: Connect
) -> Iterator[Finding]:
    from modemgw.config.secret import mask_url  # noqa: PLC0415
    from modemgw.gateway.targets import (  # noqa: PLC0415
        Refusal,
        TargetGuard,
        literal,
        parse,
    )

    parts = urlsplit(url)
    # What stands behind the host may be a secret: it is not shown.
    shown = mask_url(f"{parts.scheme}://{parts.netloc}")
    target = parse(url)
    if isinstance(target, Refusal):
        yield FORBIDDEN.seen(target.detail, shown)
        return
    try:
        addresses = resolve(target.host, target.port)
    except (OSError, UnicodeError) as exc:
        why = str(getattr(exc, "strerror", None) or exc)
        hint = f"getent hosts {target.host}"
        yield NO_NAME.seen(f"{target.host}: {why}", shown, type=hint)
        return
    if isinstance(guard, TargetGuard):
        refused = [guard.check(target, ip_address(one)) for one in addresses]
        addresses = [
            one
            for one, why_not in zip(addresses, refused, strict=True)
            if why_not is None
        ]
        if not addresses and refused and refused[0] is not None:
            yield FORBIDDEN.seen(refused[0].detail, shown)
            return
    secure = target.url.scheme == "https"
    said = Answer("connect", "it has no address")
    for address in addresses[:3]:
        said = connect(address, target.host, target.port, secure)
        if said.step != "connect":
            break
    is_address = literal(target.host) is not None
    yield from _told(box, said, shown, target.host if not is_address else "")


def _told(box: Box, said: Answer, shown: str, host: str) -> Iterator[Finding]:
    named = f"{host}: " if host else ""
    if said.step == "connect":
        yield UNREACHABLE.seen(f"{named}{said.why}", shown)
    elif said.step == "tls":
        yield BAD_TLS.seen(f"{named}{said.why}", shown)
    elif said.ends is not None:
        days = _days(box, said.ends)
        if days < SOON_DAYS:
            yield TLS_ENDS.seen(f"it ends in {counted(days, 'day')}", shown)


# --- our certificate


def certificate(box: Box) -> Iterator[Finding]:
    """Look how long the certificate of the API is still good."""
    from modemgw.config.paths import certificates  # noqa: PLC0415 (start-up)

    if box.config is None:
        raise Skipped("there is no configuration to go by")
    tls = box.config.http.tls
    if tls.mode not in ("files", "self"):
        return
    path = tls.cert or certificates(box.config) / "server.pem"
    about = box.machine.stat(path)
    if about is None and (tls.mode == "self" or not box.machine.is_root):
        raise Skipped("the certificate is not there yet, or you may not look")
    argv = ("openssl", "x509", "-noout", "-enddate", "-in", str(path))
    said = box.machine.run(argv)
    if said is None:
        raise Skipped("openssl is not installed")
    ends = _ends(said.out.strip().removeprefix("notAfter="))
    if ends is None:
        if not box.machine.is_root and "ermission" in said.err:
            raise Skipped("the certificate may not be read; run this as root")
        yield CERTIFICATE_BAD.seen("no certificate in PEM is there", str(path))
        return
    days = _days(box, ends)
    if days < 0:
        yield CERTIFICATE_ENDED.seen(f"it ended on {ends.date()}", str(path))
    elif days < SOON_DAYS:
        yield CERTIFICATE_ENDS.seen(f"it ends in {counted(days, 'day')}", str(path))


def _ends(text: str) -> datetime | None:
    try:
        return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)
    except ValueError:
        return None


def _days(box: Box, ends: datetime) -> int:
    return int((ends.timestamp() - box.machine.now_ms() / 1000) // 86400)


CHECKS = (
    Check("addresses", "network", listening, (TAKEN,)),
    Check("name servers", "network", names, (NO_SERVER,)),
    Check(
        "receivers",
        "network",
        webhooks,
        (NO_NAME, UNREACHABLE, FORBIDDEN, BAD_TLS, TLS_ENDS),
        deadline_s=30.0,
    ),
    Check(
        "certificate",
        "network",
        certificate,
        (CERTIFICATE_ENDED, CERTIFICATE_ENDS, CERTIFICATE_BAD),
    ),
)
