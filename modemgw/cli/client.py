"""Talks to the running daemon: the client of Python programs, over the admin socket.

Whoever may open the socket is the administrator; there is no key. A command never
asks twice by itself: who typed it sees what happened.
"""

from http import HTTPStatus
from pathlib import Path
from typing import Any

from modemgw.cli.main import FAILED, TRY_LATER, UNREACHABLE
from modemgw.client import errors
from modemgw.client.sync import Client
from modemgw.config.load import load
from modemgw.config.model import Config
from modemgw.config.paths import admin_socket
from modemgw.errors import ModemgwError

Json = dict[str, Any]

TIMEOUT_S = 30.0
_LATER = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


class Unreachable(ModemgwError):
    """No daemon answers on the admin socket."""

    exit_code = UNREACHABLE


class Refused(ModemgwError):
    """The daemon answered, and said no."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.exit_code = TRY_LATER if status in _LATER else FAILED


class AdminClient:
    """One daemon, found by its configuration."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.timeout_s = TIMEOUT_S
        self._socket = admin_socket(config)
        self._client = Client(f"unix:{self._socket}", retry_for=0)

    def get(self, path: str, **query: str | int | None) -> Json:
        """Return the JSON at `path`; parameters that are None are left out."""
        return self._ask("GET", path, query=query)

    def call(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        *,
        idempotency_key: str | None = None,
    ) -> Json:
        """Make one request; return its JSON, {} for an empty answer.

        Raises Unreachable where no daemon answers and Refused where it says no.
        """
        return self._ask(method, path, body, idempotency_key=idempotency_key)

    def _ask(self, *asked: Any, **options: Any) -> Json:
        try:
            return self._client.request(*asked, **options, timeout=self.timeout_s)
        except errors.Unreachable as exc:
            raise Unreachable(self._why(exc)) from None
        except errors.Refused as exc:
            raise Refused(exc.status, str(exc)) from exc
        except errors.BadAnswer as exc:
            raise Refused(HTTPStatus.OK, f"not understood: {exc}") from None
        finally:
            self._client.close()  # a command ends anywhere, and leaves nothing open

    def _why(self, error: errors.Unreachable) -> str:
        exc = error.__cause__
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
