"""A proxy that hands every request on, and loses the first answers.

What the client sees is a connection that breaks after its request was sent; what
the gateway sees is a request like any other.
"""

import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Proxy:
    """Where it listens, and how many answers it has lost."""

    url: str = ""
    lost: int = 0


@contextmanager
def losing_answers(port: int, times: int) -> Iterator[Proxy]:
    """Stand before 127.0.0.1:port; every other answer is lost, `times` in all."""
    proxy = Proxy()
    seen = 0

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            nonlocal seen
            octets = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            upstream = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            sent = {n: v for n, v in self.headers.items() if n.lower() != "host"}
            upstream.request(self.command, self.path, octets or None, sent)
            answer = upstream.getresponse()
            found = answer.read()
            upstream.close()
            seen += 1
            if seen % 2 and proxy.lost < times:
                proxy.lost += 1
                self.close_connection = True
                return
            self.send_response(answer.status)
            self.send_header("Content-Length", str(len(found)))
            self.end_headers()
            self.wfile.write(found)

        do_GET = do_POST = forward

        def log_message(self, format: str, *args: Any) -> None:
            """Stay quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        proxy.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()
