"""What the running daemon says of itself: asked once, over its admin socket."""

import http.client
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]

ANSWER_S = 5.0
MAX_ANSWER = 8 << 20
_SAMPLE = re.compile(
    r"^(modemgw_\w+)(?:\{([^}]*)\})? (\d+(?:\.\d+)?(?:e[+-]?\d{1,2})?)$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class View:
    """The daemon's own view. `state` is absent, silent, forbidden or there.

    `why` says more where it is not there. Lists are empty where it did not answer.
    """

    state: str = "absent"
    why: str = ""
    socket: Path | None = None
    health: Json = field(default_factory=dict)
    readiness: Json = field(default_factory=dict)
    modems: tuple[Json, ...] = ()
    sims: tuple[Json, ...] = ()
    webhooks: tuple[Json, ...] = ()
    metrics: str = ""

    @property
    def is_there(self) -> bool:
        """Whether a daemon answered."""
        return self.state == "there"

    def metric(self, name: str, **labels: str) -> float | None:
        """Return the value of a sample; None where it is not there."""
        for labelled, value in self.samples(name):
            if labels.items() <= labelled.items():
                return value
        return None

    def samples(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        """Yield labels and value of each sample of that name."""
        for found in _SAMPLE.finditer(self.metrics):
            if found[1] == name:
                labels = dict(re.findall(r'(\w+)="([^"]*)"', found[2] or ""))
                yield labels, float(found[3])


NOBODY = View()


class _Unix(http.client.HTTPConnection):
    """HTTP to a socket in the file system."""

    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def request(
    path: Path, method: str, target: str, body: Json | None = None, *, wait_s: float
) -> tuple[int, bytes]:
    """Make one request at the admin socket; raises OSError, HTTPException."""
    connection = _Unix(path, wait_s)
    try:
        sent = None if body is None else json.dumps(body)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(method, target, sent, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(MAX_ANSWER)
    finally:
        connection.close()


def look(path: Path) -> View:
    """Ask the daemon behind the socket at `path`; never raises."""
    try:
        asked = _ask(path, "/healthz")
    except FileNotFoundError:
        return View("absent", "there is no admin socket", path)
    except ConnectionRefusedError:
        return View("absent", "nobody listens on the admin socket", path)
    except PermissionError:
        return View("forbidden", "you may not open the admin socket", path)
    except (OSError, http.client.HTTPException, ValueError) as exc:
        why = "no answer in time" if isinstance(exc, TimeoutError) else str(exc)
        return View("silent", why or type(exc).__name__, path)
    return View(
        "there",
        "",
        path,
        asked,
        _maybe(path, "/readyz"),
        _list(path, "/v1/modems"),
        _list(path, "/v1/sims"),
        _list(path, "/v1/webhooks"),
        _text(path, "/metrics"),
    )


def command(path: Path, modem: str, line: str, seconds: int) -> tuple[str, ...] | None:
    """Have the daemon say one AT command to a modem; None where that failed."""
    from urllib.parse import quote  # noqa: PLC0415 (where modems are asked)

    target = f"/v1/modems/{quote(modem, safe='')}/at"
    wish: Json = {"command": line, "timeout": seconds}
    try:
        status, said = request(path, "POST", target, wish, wait_s=seconds + 5.0)
        found = json.loads(said)
        if status == http.HTTPStatus.OK and found.get("final") == "OK":
            return tuple(str(one) for one in found["lines"])
    except (OSError, http.client.HTTPException, ValueError, AttributeError, KeyError):
        pass
    return None


def _ask(path: Path, target: str) -> Json:
    _, said = request(path, "GET", target, wait_s=ANSWER_S)
    found = json.loads(said)
    if not isinstance(found, dict):
        raise ValueError(f"{target} is no object")
    return found


def _maybe(path: Path, target: str) -> Json:
    try:
        return _ask(path, target)
    except (OSError, http.client.HTTPException, ValueError):
        return {}


def _list(path: Path, target: str) -> tuple[Json, ...]:
    found = _maybe(path, target).get("data")
    if not isinstance(found, list):
        return ()
    return tuple(one for one in found if isinstance(one, dict))


def _text(path: Path, target: str) -> str:
    try:
        status, said = request(path, "GET", target, wait_s=ANSWER_S)
    except (OSError, http.client.HTTPException):
        return ""
    return said.decode("utf-8", "replace") if status == http.HTTPStatus.OK else ""
