"""A gateway that misbehaves as told: a TCP server with one answer per request.

with scripted(answer(202, MESSAGE), drop) as gateway:
    Client(gateway.url).send(…)
    gateway.asked[0].headers["idempotency-key"]
"""

import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

Step = Callable[[socket.socket], bool]  # whether the connection stays open

MESSAGE = {
    "id": "msg_1",
    "direction": "outbound",
    "state": "queued",
    "to": "+4915112345678",
    "created_at": "2026-11-22T10:00:00Z",
}
PATIENCE_S = 20.0


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Scripted:
    """Where it listens and what it was asked."""

    port: int
    scheme: str = "http"
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def keys(self) -> list[str | None]:
        """The Idempotency-Keys of the requests, in order."""
        return [asked.headers.get("idempotency-key") for asked in self.asked]


def raw(octets: bytes, *, stays: bool = False) -> Step:
    """Answer with these octets, whatever they are."""

    def step(sock: socket.socket) -> bool:
        sock.sendall(octets)
        return stays

    return step


def answer(status: int, body: object = None, **headers: str) -> Step:
    """Answer as HTTP wants it; the connection stays open."""
    octets = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(octets)}"]
    lines += [f"{name.replace('_', '-')}: {text}" for name, text in headers.items()]
    return raw("\r\n".join([*lines, "", ""]).encode() + octets, stays=True)


def problem(status: int, slug: str, **headers: str) -> Step:
    """Answer with a problem document."""
    found = {"type": f"https://modemgw.dev/problems/{slug}", "title": slug,
             "status": status, "detail": "no"}  # fmt: skip
    return answer(status, found, **headers)


def drop(sock: socket.socket) -> bool:
    """Close the connection without an answer, though the request was read."""
    return False


def silence(sock: socket.socket) -> bool:
    """Say nothing until the other side gives up."""
    sock.settimeout(PATIENCE_S)
    with suppress(OSError):
        sock.recv(1)
    return False


@contextmanager
def scripted(*steps: Step, tls: ssl.SSLContext | None = None) -> Iterator[Scripted]:
    left = list(steps)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(PATIENCE_S)
    found = Scripted(listener.getsockname()[1], "https" if tls else "http")
    open_: list[socket.socket] = []

    def serve() -> None:
        with suppress(OSError):
            for number in range(1_000):
                sock, _ = listener.accept()
                sock.settimeout(PATIENCE_S)
                open_.append(sock)
                threading.Thread(target=talk, args=(sock, number), daemon=True).start()

    def talk(sock: socket.socket, number: int) -> None:
        with suppress(OSError):
            if tls is not None:
                sock = tls.wrap_socket(sock, server_side=True)
                open_.append(sock)
            with sock, sock.makefile("rb") as lines:
                while (asked := _read(lines, number)) is not None:
                    found.asked.append(asked)
                    if not (left.pop(0) if left else drop)(sock):
                        # Else the descriptor lives on in `lines`.
                        sock.shutdown(socket.SHUT_RDWR)
                        return

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        for sock in (listener, *open_):
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()
        thread.join(PATIENCE_S)


def _read(lines: Any, number: int) -> Asked | None:
    first = lines.readline()
    if not first:
        return None
    method, target, _ = first.decode().split()
    headers = {}
    while (line := lines.readline().decode().strip()) != "":
        name, _, value = line.partition(": ")
        headers[name.lower()] = value
    body = lines.read(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, body, number)
