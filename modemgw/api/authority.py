"""The gateway's own certificate authority, for `http.tls: self`.

Made at the first start, for ten years, and good for names and addresses of this
machine and of private networks alone (X.509 name constraints): who trusts it to read
the gateway's pages does not trust it for their bank. The certificate of the server
lives 90 days and is renewed 30 days before its end, or when the machine has a new name
or address.

All of it is done by the program `openssl`, at start and four times a year: a library
would be in memory all the time, for that. Dates are given, not taken from the clock of
openssl, so that a board without a battery that wakes up in 1970 makes nothing that
ended long ago.
"""

import ipaddress
import logging
import os
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from modemgw.errors import ModemgwError
from modemgw.store.flush import flush

log = logging.getLogger("modemgw.tls")

CA_LIFE = timedelta(days=3653)
LEAF_LIFE = timedelta(days=90)
RENEW_BEFORE = timedelta(days=30)
SLACK = timedelta(days=2)  # clocks of clients may be behind
EARLIEST = datetime(2026, 1, 1, tzinfo=UTC)  # a clock before that is wrong
OPENSSL_S = 60
_PRIVATE = (
    *("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
    *("169.254.0.0/16", "100.64.0.0/10", "::1/128", "fc00::/7", "fe80::/10"),
)
_CONFIG = """\
[req]
distinguished_name = dn
prompt = no
[dn]
CN = {subject}
[ca]
default_ca = here
[here]
database = {work}/index
serial = {work}/serial
new_certs_dir = {work}
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical, @permitted
[permitted]
{permitted}
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = @names
[names]
{names}
"""


class TlsError(ModemgwError):
    """There is no certificate to serve with, and what to do about it."""


class _Notes(msgspec.Struct):
    """What the certificates say; nothing here reads X.509."""

    permitted: list[str]
    ca_ends: int  # Unix seconds
    names: list[str] = []
    leaf_ends: int = 0


class Authority:
    """Keys and certificates in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.ca, self.leaf = directory / "ca.pem", directory / "server.pem"
        self.leaf_key = directory / "server.key"
        self._ca_key = directory / "ca.key"
        self._notes = directory / "notes.json"
        self._left_out: frozenset[str] = frozenset()
        self._turn = threading.Lock()  # a certificate and its key are two files

    def ensure(self, names: Iterable[str], now: datetime) -> bool:
        """Make what is missing, about to end, or lacks a name; tell whether anything.

        It takes a tenth of a second then. Raises TlsError.
        """
        with self._turn:
            return self._ensure(list(dict.fromkeys(names)), max(now, EARLIEST))

    def _ensure(self, wanted: list[str], now: datetime) -> bool:
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            notes = self._read()
            if notes is None or notes.ca_ends < (now + LEAF_LIFE).timestamp():
                notes = self._make_ca(wanted, now)
            good = [name for name in wanted if _is_permitted(name, notes.permitted)]
            self._warn(frozenset(wanted) - frozenset(good))
            ends = (now + RENEW_BEFORE).timestamp()
            files = self.leaf.exists() and self.leaf_key.exists()
            if files and notes.leaf_ends > ends and set(good) <= set(notes.names):
                return False
            self._make_leaf(notes, good, now)
        except OSError as exc:
            why = exc.strerror or str(exc)
            raise TlsError(f"http.tls: cannot write {self.directory}: {why}") from None
        return True

    def _read(self) -> _Notes | None:
        if not (self.ca.exists() and self._ca_key.exists() and self._notes.exists()):
            return None
        try:
            return msgspec.json.decode(self._notes.read_bytes(), type=_Notes)
        except msgspec.DecodeError:
            raise TlsError(
                f"http.tls: {self._notes} is damaged; restore it, or remove"
                f" {self.directory} for a new authority that clients must trust anew"
            ) from None

    def _make_ca(self, names: list[str], now: datetime) -> _Notes:
        permitted = [
            *_PRIVATE,
            "local",
            "localhost",
            *filter(None, map(_beyond, names)),
        ]
        permitted = list(dict.fromkeys(permitted))
        subject = f"modemgw {names[0] if names else 'gateway'}"[:60]
        with _Work(self.directory) as work:
            work.configure(subject, permitted, [])
            key, made = work.key(), work.path / "ca.pem"
            start, end = EARLIEST - SLACK, now + CA_LIFE
            work.request(key)
            work.sign(key, None, made, start, end, "authority")
            notes = _Notes(permitted, int(end.timestamp()))
            _put(key, self._ca_key)
            _put(made, self.ca)
            work.keep(msgspec.json.encode(notes), self._notes)
        log.warning("a certificate authority was made", extra={"path": str(self.ca)})
        return notes

    def _make_leaf(self, notes: _Notes, names: list[str], now: datetime) -> None:
        with _Work(self.directory) as work:
            work.configure("modemgw", notes.permitted, names)
            key, made = work.key(), work.path / "server.pem"
            start, end = now - SLACK, now + LEAF_LIFE
            work.request(key)
            work.sign(self._ca_key, self.ca, made, start, end, "server")
            notes.names, notes.leaf_ends = names, int(end.timestamp())
            _put(key, self.leaf_key)
            _put(made, self.leaf)
            work.keep(msgspec.json.encode(notes), self._notes)
        extra = {"names": names, "ends": end.isoformat()}
        log.info("a certificate was made", extra=extra)

    def _warn(self, left_out: frozenset[str]) -> None:
        if left_out - self._left_out:
            log.warning(
                "the authority was made for other names: to add these, remove its"
                " directory, restart, and trust the new one",
                extra={"names": sorted(left_out), "directory": str(self.directory)},
            )
        self._left_out = left_out


class _Work:
    """A directory that openssl works in; it goes with all that is left there."""

    def __init__(self, beside: Path) -> None:
        found = shutil.which("openssl")
        if found is None:
            raise TlsError(
                "http.tls: self needs the program openssl (apt install openssl); or"
                " give cert and key"
            )
        self._openssl = found
        self._own = tempfile.TemporaryDirectory(dir=beside, prefix="work-")
        self.path = Path(self._own.name)

    def __enter__(self) -> "_Work":
        return self

    def __exit__(self, *_: object) -> None:
        self._own.cleanup()

    def configure(self, subject: str, permitted: list[str], names: list[str]) -> None:
        """Write what openssl is to put into certificates."""
        (self.path / "index").touch()
        text = _CONFIG.format(
            work=self.path,
            subject=subject,
            permitted="\n".join(map(_constraint, permitted, range(len(permitted)))),
            names="\n".join(map(_alternative, names, range(len(names))))
            or "DNS.0 = localhost",
        )
        (self.path / "cnf").write_text(text, "ascii")

    def key(self) -> Path:
        """Make a key that only the owner can read."""
        made = self.path / "key"
        curve = ("-pkeyopt", "ec_paramgen_curve:P-256")
        self._run("genpkey", "-algorithm", "EC", *curve, "-out", str(made))
        made.chmod(0o600)
        return made

    def request(self, key: Path) -> None:
        """Ask for a certificate of this key."""
        out = str(self.path / "csr")
        self._run("req", "-new", "-config", self._cnf, "-key", str(key), "-out", out)

    def sign(
        self,
        key: Path,
        issuer: Path | None,
        made: Path,
        start: datetime,
        end: datetime,
        kind: str,
    ) -> None:
        """Sign what was asked for; issuer None: by itself."""
        by = ("-selfsign",) if issuer is None else ("-cert", str(issuer))
        self._run(
            *("ca", "-batch", "-notext", "-create_serial", "-config", self._cnf, *by),
            *("-keyfile", str(key), "-in", str(self.path / "csr"), "-out", str(made)),
            *("-startdate", f"{start:%Y%m%d%H%M%S}Z", "-enddate"),
            *(f"{end:%Y%m%d%H%M%S}Z", "-extensions", kind),
        )

    def keep(self, octets: bytes, to: Path) -> None:
        """Write a file whole, or not at all."""
        part = self.path / "part"
        part.write_bytes(octets)
        _put(part, to)

    @property
    def _cnf(self) -> str:
        return str(self.path / "cnf")

    def _run(self, *words: str) -> None:
        try:
            done = subprocess.run(  # noqa: S603 - our own words, and no shell
                [self._openssl, *words],
                capture_output=True,
                check=False,
                text=True,
                timeout=OPENSSL_S,
                umask=0o077,
                env={"PATH": os.defpath, "HOME": str(self.path)},
            )
        except subprocess.TimeoutExpired:
            raise TlsError(f"http.tls: openssl {words[0]} does not end") from None
        if done.returncode:
            said = " ".join(done.stderr.split())[-300:]
            raise TlsError(f"http.tls: openssl {words[0]} failed: {said}")


def _put(made: Path, to: Path) -> None:
    flush(made)
    made.replace(to)


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(name)
    except ValueError:
        return None


def _beyond(name: str) -> str | None:
    """Return what has to be permitted for a name that private networks do not have."""
    address = _address(name)
    if address is None:
        return name.removeprefix("*.")
    if any(address in ipaddress.ip_network(one) for one in _PRIVATE):
        return None
    return str(ipaddress.ip_network(name))


def _is_permitted(name: str, permitted: list[str]) -> bool:
    address, bare = _address(name), name.removeprefix("*.")
    for one in permitted:
        if "/" in one:
            if address is not None and address in ipaddress.ip_network(one):
                return True
        elif address is None and (bare == one or bare.endswith("." + one)):
            return True
    return False


def _constraint(one: str, number: int) -> str:
    if "/" not in one:
        return f"permitted;DNS.{number} = {one}"
    found = ipaddress.ip_network(one)
    address, mask = found.network_address.exploded, found.netmask.exploded
    return f"permitted;IP.{number} = {address}/{mask}"


def _alternative(name: str, number: int) -> str:
    return f"{'DNS' if _address(name) is None else 'IP'}.{number} = {name}"
