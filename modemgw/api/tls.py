"""TLS of the HTTP server: certificates that come, change and are renewed while it runs.

A change takes no connection down: those that are open keep what they began with, and
the next handshake has the new certificate.
"""

import asyncio
import hashlib
import logging
import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from aiohttp import web

from modemgw.api.authority import Authority, TlsError
from modemgw.api.door import BACKLOG, HANDSHAKE_S, Door
from modemgw.api.own_names import own_names
from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.config.paths import certificates

log = logging.getLogger("modemgw.tls")

SHUTDOWN_S = 2.0  # for the other side to say goodbye, too
LOOK_EVERY_S = 10.0  # at files that may have changed
RENEW_EVERY_S = 600.0  # look whether an own certificate is due, or lacks a new address

Stamp = tuple[tuple[int, int, int], ...]


class Tls:
    """A context for the listeners, whose certificate is the newest good one."""

    def __init__(self, cert: Path, key: Path) -> None:
        self._cert, self._key = cert, key
        self._stamp = _look(cert, key)
        self._current = _context(cert, key)
        self._said = ""
        self.context = _context(cert, key)
        # Asked in every handshake. A context whose certificate is replaced would
        # keep an old one of another kind (RSA, EC) beside it.
        self.context.sni_callback = self._choose

    async def run(self) -> None:
        """Read the files again whenever they change, for life."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await asyncio.to_thread(self.refresh)

    async def prepare(self, config: Config) -> Callable[[], None]:
        """Read what another configuration names; return what takes it up.

        Raises TlsError where the files cannot be used.
        """
        tls = config.http.tls
        if tls.cert is None or tls.key is None:
            return _nothing
        cert, key = tls.cert, tls.key

        def read() -> tuple[Stamp, ssl.SSLContext]:
            return _look(cert, key), _context(cert, key)

        stamp, context = await asyncio.to_thread(read)

        def take_up() -> None:
            self._cert, self._key = cert, key
            self._stamp, self._current, self._said = stamp, context, ""

        return take_up

    def refresh(self) -> bool:
        """Read the files if they changed; what cannot be used leaves the old one."""
        try:
            stamp = _look(self._cert, self._key)
            if stamp == self._stamp:
                return False
            fresh = _context(self._cert, self._key)
        except TlsError as exc:
            if str(exc) != self._said:  # certificate and key do not change together
                log.error("certificate not taken", extra={"why": str(exc)})
            self._said = str(exc)
            return False
        self._current, self._stamp, self._said = fresh, stamp, ""
        log.info("certificate taken", extra={"path": str(self._cert)})
        return True

    def _choose(
        self, handshake: ssl.SSLObject, name: str | None, context: ssl.SSLContext
    ) -> None:
        handshake.context = self._current


class OwnTls(Tls):
    """With certificates of the gateway's own authority."""

    def __init__(self, authority: Authority, config: Config, clock: Clock) -> None:
        self._authority, self._config, self._clock = authority, config, clock
        self.renew()
        super().__init__(authority.leaf, authority.leaf_key)
        der = ssl.PEM_cert_to_DER_cert(authority.ca.read_text("ascii"))
        digest = hashlib.sha256(der).digest().hex(":").upper()
        log.info("clients have to trust /ca.pem", extra={"sha256": digest})

    async def prepare(self, config: Config) -> Callable[[], None]:
        """Make a certificate for other names; it has those of both until it is due."""
        if await asyncio.to_thread(self.renew, config):
            await asyncio.to_thread(self.refresh)

        def take_up() -> None:
            self._config = config

        return take_up

    def renew(self, config: Config | None = None) -> bool:
        """Make a certificate where one is due. Raises TlsError."""
        http = (config or self._config).http
        try:
            names = own_names(name for name in http.known_hosts if name != "*")
        except OSError as exc:
            why = exc.strerror or str(exc)
            said = f"http.tls: the addresses of this machine are not known: {why}"
            raise TlsError(said) from None
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC)
        return self._authority.ensure(names, now)

    async def run(self) -> None:
        """Renew whenever it is time, for life."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            try:
                if await asyncio.to_thread(self.renew):
                    await asyncio.to_thread(self.refresh)
            except TlsError as exc:
                log.error("certificate not renewed", extra={"why": str(exc)})


class TlsSite(web.TCPSite):
    """A listener whose handshakes have a deadline and are limited in number."""

    def __init__(
        self, runner: web.AppRunner, host: str, port: int, tls: Tls, door: Door
    ) -> None:
        super().__init__(runner, host, port, ssl_context=tls.context, backlog=BACKLOG)
        self._door = door

    async def start(self) -> None:
        """Listen; as the listener without TLS does, beside the deadlines."""
        await web.BaseSite.start(self)
        server = self._runner.server
        if server is None:
            raise RuntimeError("the runner was not set up")
        self._server = await asyncio.get_running_loop().create_server(
            partial(self._door.begin, server),
            self._host,
            self._port,
            ssl=self._ssl_context,
            backlog=self._backlog,
            ssl_handshake_timeout=HANDSHAKE_S,
            ssl_shutdown_timeout=SHUTDOWN_S,
        )


async def open_tls(config: Config, clock: Clock) -> Tls | None:
    """Return the TLS that the configuration asks for; None: plain HTTP.

    Raises TlsError.
    """
    tls = config.http.tls
    if tls.mode == "self":
        authority = Authority(certificates(config))
        return await asyncio.to_thread(OwnTls, authority, config, clock)
    if tls.cert is None or tls.key is None:
        return None
    return await asyncio.to_thread(Tls, tls.cert, tls.key)


def _nothing() -> None:
    """Nothing is to be taken up."""


def _look(cert: Path, key: Path) -> Stamp:
    try:
        found = [os.stat(path) for path in (cert, key)]  # noqa: PTH116
    except OSError as exc:
        raise _unreadable(exc) from None
    return tuple((one.st_mtime_ns, one.st_ino, one.st_size) for one in found)


def _context(cert: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    try:
        # Without a password function openssl would ask on the terminal.
        context.load_cert_chain(cert, key, password=lambda: "")
    except ssl.SSLError as exc:
        why = exc.reason or str(exc)
        raise TlsError(
            f"http.tls: {cert} and {key} cannot be used ({why}): they must be PEM, fit"
            " together, and the key must have no password"
        ) from None
    except OSError as exc:
        raise _unreadable(exc) from None
    return context


def _unreadable(exc: OSError) -> TlsError:
    why = (exc.strerror or str(exc)).lower()
    return TlsError(f"http.tls: {exc.filename or 'a file'} cannot be read: {why}")
