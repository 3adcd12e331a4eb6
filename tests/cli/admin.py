"""A stand-in for the daemon's admin socket: HTTP over a Unix socket, scripted."""

import json
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

Answer = tuple[int, Any]


@dataclass
class FakeDaemon:
    """What was asked, and what is answered: `answers` by `METHOD /path`."""

    answers: dict[str, Answer | Callable[[], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)


@contextmanager
def fake_daemon(
    path: Path, answers: dict[str, Any] | None = None
) -> Iterator[FakeDaemon]:
    daemon = FakeDaemon()
    daemon.answers.update(answers or {})  # before anybody can ask

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            daemon.asked.append((self.command, self.path, body))
            found = daemon.answers.get(f"{self.command} {self.path}", (404, {}))
            status, what = found() if callable(found) else found
            octets = b"" if what is None else json.dumps(what).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(octets)))
            self.end_headers()
            self.wfile.write(octets)

        do_GET = do_POST = do_PATCH = do_DELETE = answer

        def address_string(self) -> str:
            return "unix"

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    class Server(socketserver.UnixStreamServer):
        def handle_error(self, *_: Any) -> None:
            """Stay quiet: a handler that raises drops the connection, as meant."""

    with Server(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield daemon
        finally:
            server.shutdown()
            thread.join()
