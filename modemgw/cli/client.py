"""Talks to the running daemon: HTTP over its admin socket.

Whoever may open the socket is the administrator; there is no key. Uses the
standard library alone, because a command has to start quickly on a small board.
"""

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from modemgw.cli.main import FAILED, TRY_LATER, UNREACHABLE
from modemgw.config.load import load
from modemgw.config.model import Config
from modemgw.config.paths import admin_socket
from modemgw.errors import ModemgwError

Json = dict[str, Any]

TIMEOUT_S = 30.0
_LATER = {429, 503}  # HTTP statuses that pass


class Unreachable(ModemgwError):
    """No daemon answers on the admin socket."""

    exit_code = UNREACHABLE


class Refused(ModemgwError):
    """The daemon answered, and said no."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.exit_code = TRY_LATER if status in _LATER else FAILED


class _Connection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        try:
            self.sock.connect(str(self._path))
        except OSError:
            self.sock.close()
            raise


class AdminClient:
    """One daemon, found by its configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.timeout_s = TIMEOUT_S
        self._socket = admin_socket(config)

    def get(self, path: str, **query: str | int | None) -> Json:
        """Return the JSON at `path`; parameters that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        return self.call("GET", f"{path}?{urlencode(given)}" if given else path)

    def call(
        self, method: str, path: str, body: Json | None = None, **headers: str
    ) -> Json:
        """Make one request; return its JSON, {} for an empty answer.

        Raises Unreachable where no daemon answers and Refused where it says no.
        """
        connection = _Connection(self._socket, self.timeout_s)
        octets = None if body is None else json.dumps(body).encode()
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if octets is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, octets, sent)
            answer = connection.getresponse()
            found = answer.read()
        except (OSError, http.client.HTTPException) as exc:
            raise Unreachable(self._why(exc)) from None
        finally:
            connection.close()
        return _read(answer.status, found)

    def _why(self, exc: Exception) -> str:
        if isinstance(exc, FileNotFoundError | ConnectionRefusedError):
            start = "modemgw run"
            if self.config.path is not None:
                start += f" --config {self.config.path}"
            return f"no daemon is running on {self.config.data_dir}; start it: {start}"
        if isinstance(exc, PermissionError):
            return f"you may not open {self._socket}: join the group that owns it"
        if isinstance(exc, TimeoutError):
            return f"the daemon did not answer within {self.timeout_s:g} s"
        return f"the daemon did not answer: {type(exc).__name__}: {exc}"


def connect(config_path: Path) -> AdminClient:
    """Return the client of the daemon that this configuration describes."""
    return AdminClient(load(config_path))


def _read(status: int, octets: bytes) -> Json:
    try:
        found = json.loads(octets) if octets else {}
    except ValueError:
        raise Refused(status, f"not understood: HTTP {status}") from None
    if status < http.client.BAD_REQUEST and isinstance(found, dict):
        return found
    raise Refused(status, _problem(found) or f"HTTP {status}")


def _problem(found: object) -> str:
    """Turn problem+json into a sentence per wrong field."""
    if not isinstance(found, dict):
        return ""
    lead = str(found.get("detail") or found.get("title") or "")
    lines = []
    for issue in found.get("errors") or []:
        where = issue.get("pointer") or issue.get("parameter") or issue.get("header")
        lines.append(f"{where}: {issue.get('detail')}")
    if len(lines) == 1 and lines[0].endswith(f": {lead}"):
        return lines[0]
    return "\n  ".join([lead, *lines])
