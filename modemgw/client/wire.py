"""HTTP for the synchronous client: the standard library's, with one deadline.

http.client knows only a timeout for each read, so that a server which sends one
octet every few seconds could hold a program for ever. Here each request has one
deadline for all of it; answers have an end, and redirects are not followed.
"""

import http.client
import io
import selectors
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import suppress
from threading import Lock
from typing import Literal, cast

from modemgw.client import stream
from modemgw.client.address import Address
from modemgw.client.answers import MAX_ANSWER, Answer
from modemgw.client.errors import BadAnswer, Unreachable, Untrusted
from modemgw.clock import SystemClock

CHUNK = 64 << 10
IDLE_S = 50.0  # a connection that was quiet so long is not used again
MAX_IDLE = 8  # connections kept open; each thread that asks needs one

_clock = SystemClock()


class _Line:
    """A socket whose reads and writes all end at one moment."""

    def __init__(self, sock: socket.socket, ends: float) -> None:
        self.sock = sock
        self.ends = ends

    def sendall(self, data: bytes) -> None:
        self.set_timeout()
        self.sock.sendall(data)

    def makefile(self, mode: Literal["rb"]) -> io.BufferedReader:
        return io.BufferedReader(_Reader(self, self.sock.makefile(mode, buffering=0)))

    def close(self) -> None:
        self.sock.close()

    def set_timeout(self) -> None:
        left = self.ends - _clock.monotonic()
        if left <= 0:
            raise TimeoutError("no time left")
        self.sock.settimeout(left)


class _Reader(io.RawIOBase):
    """The reading end of a line."""

    def __init__(self, line: _Line, raw: socket.SocketIO) -> None:
        self._line = line
        self._raw = raw

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int | None:  # type: ignore[override]
        self._line.set_timeout()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Connection(http.client.HTTPConnection):
    """One connection to the gateway, of whatever kind."""

    def __init__(
        self, address: Address, tls: ssl.SSLContext | None, key: str | None
    ) -> None:
        super().__init__(address.host, address.port)
        self.used_at = 0.0
        self._address = address
        self._tls = tls
        self._key = key
        if tls is not None:
            self.default_port = http.client.HTTPS_PORT

    def open(self, ends: float) -> None:
        """Connect by then; raises OSError."""
        left = max(ends - _clock.monotonic(), 0.001)
        sock = self._connected(left)
        try:
            sock.settimeout(max(ends - _clock.monotonic(), 0.001))
            if self._tls is not None:
                sock = self._tls.wrap_socket(sock, server_hostname=self._address.host)
        except BaseException:
            sock.close()
            raise
        self.sock = cast(socket.socket, _Line(sock, ends))

    def _connected(self, timeout: float) -> socket.socket:
        if self._address.socket is None:
            place = (self._address.host, self._address.port)
            sock = socket.create_connection(place, timeout)
            # Headers and body go in two writes; none waits for the other's receipt.
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.settimeout(timeout)
            sock.connect(self._address.socket)
        except BaseException:
            sock.close()
            raise
        return sock

    def is_good(self, now: float) -> bool:
        """Whether it can be used again: not old, and nothing came meanwhile."""
        if self.sock is None or now - self.used_at > IDLE_S:
            return False
        line = cast(_Line, self.sock)
        with selectors.DefaultSelector() as waiting:
            waiting.register(line.sock, selectors.EVENT_READ)
            return not waiting.select(0)

    def renew(self, ends: float) -> None:
        """Give the next request its deadline."""
        cast(_Line, self.sock).ends = ends

    def ask(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Send one request and return the answer, of which only the head is read."""
        sent = dict(headers)
        if self._key is not None:
            sent["Authorization"] = f"Bearer {self._key}"
        self.request(method, self._address.prefix + target, body, sent)
        return self.getresponse()


class Wire:
    """Connections to one gateway, kept for the next request; for any thread."""

    def __init__(
        self, address: Address, key: str | None, tls: ssl.SSLContext | None
    ) -> None:
        self._address, self._key, self._tls = address, key, tls
        self._idle: list[_Connection] = []
        self._lock = Lock()

    def ask(
        self,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        timeout: float,
    ) -> Answer:
        """Make one request within `timeout` seconds. Raises Unreachable, BadAnswer."""
        ends = _clock.monotonic() + timeout
        connection = self._connection(ends, timeout)
        good = False
        try:
            response = connection.ask(method, target, body, headers)
            answer = _read(response)
            good = not response.will_close
        except (OSError, http.client.HTTPException) as exc:
            raise Unreachable(_why(exc, timeout), sent=True) from exc
        finally:
            self._done(connection, good)
        return answer

    def stream(
        self, target: str, headers: Mapping[str, str], timeout: float, silence: float
    ) -> Iterator[bytes]:
        """Yield what a stream of events says, as it comes; ends where it ends.

        Its begin may take `timeout` seconds, then it may be silent for `silence`.
        Raises Unreachable, Refused and BadAnswer. It has a connection of its own.
        """
        connection = _Connection(self._address, self._tls, self._key)
        try:
            self._open(connection, _clock.monotonic() + timeout, timeout)
            response = connection.ask("GET", target, None, headers)
            found = {name.lower(): text for name, text in response.getheaders()}
            stream.check_head(response.status, found)
            line = cast(_Line, connection.sock)
            while True:
                line.ends = _clock.monotonic() + silence
                chunk = response.read1(CHUNK)
                if not chunk:
                    return
                yield chunk
        except (OSError, http.client.HTTPException) as exc:
            raise Unreachable(_why(exc, silence), sent=True) from exc
        finally:
            with suppress(OSError):
                connection.close()

    def close(self) -> None:
        """Close what is open; the next request opens it again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _connection(self, ends: float, timeout: float) -> _Connection:
        while True:
            with self._lock:
                found = self._idle.pop() if self._idle else None
            if found is None:
                break
            if found.is_good(_clock.monotonic()):
                found.renew(ends)
                return found
            found.close()
        made = _Connection(self._address, self._tls, self._key)
        self._open(made, ends, timeout)
        return made

    def _open(self, connection: _Connection, ends: float, timeout: float) -> None:
        try:
            connection.open(ends)
        except ssl.SSLCertVerificationError as exc:
            why = f"the certificate is not trusted: {exc.verify_message}"
            raise Untrusted(why) from exc
        except OSError as exc:
            raise Unreachable(_why(exc, timeout), sent=False) from exc

    def _done(self, connection: _Connection, good: bool) -> None:
        connection.used_at = _clock.monotonic()
        if good:
            with self._lock:
                if len(self._idle) < MAX_IDLE:
                    self._idle.append(connection)
                    return
        with suppress(OSError):
            connection.close()


def _read(response: http.client.HTTPResponse) -> Answer:
    """Read a body to its end, and no further than it may be long."""
    found = bytearray()
    with response:
        if response.length is None and not response.chunked:
            # Its end is that of the connection: half of it would look like all.
            raise http.client.HTTPException("the answer does not say where it ends")
        while chunk := response.read(CHUNK):
            found += chunk
            if len(found) > MAX_ANSWER:
                raise BadAnswer(f"an answer of more than {MAX_ANSWER} octets")
        if response.length:  # http.client says nothing of a body that stops early
            raise http.client.IncompleteRead(bytes(found), response.length)
        headers = {name.lower(): value for name, value in response.getheaders()}
    return Answer(response.status, headers, bytes(found))


def _why(exc: Exception, timeout: float) -> str:
    if isinstance(exc, TimeoutError):
        return f"no answer within {timeout:g} s"
    return f"no answer: {type(exc).__name__}: {exc}"
