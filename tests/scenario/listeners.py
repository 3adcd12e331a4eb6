"""Consumers of events in threads of their own, that come back after every break."""

import http.client
import json
import threading
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from tests.scenario.box import STEP_S, Box

Json = dict[str, Any]
TIMEOUT_S = 20.0  # without a word; the gateway says something every 15 s


class Consumer:
    """Keeps what it was told, by id, and goes on behind the last one."""

    def __init__(self, box: Box, since: str) -> None:
        self.events: list[Json] = []
        self.breaks = 0
        self._box = box
        self._since = since
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def listen(self, host: str, since: str) -> None:
        """Hear events until the connection breaks."""
        raise NotImplementedError

    def take(self, event: Json) -> None:
        self.events.append(event)
        self._since = event["id"]
        if self._stopped.is_set():
            raise ConnectionError("we are through")

    def _run(self) -> None:
        while not self._stopped.wait(STEP_S):
            try:
                self.listen(urlsplit(self._box.url).netloc, self._since)
            except (OSError, http.client.HTTPException, WebSocketException):
                self.breaks += 1

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self.events]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()


class SseConsumer(Consumer):
    """Reads server-sent events line by line."""

    def listen(self, host: str, since: str) -> None:
        connection = http.client.HTTPConnection(host, timeout=TIMEOUT_S)
        try:
            headers = {
                "Authorization": f"Bearer {self._box.key}",
                "Accept": "text/event-stream",
                "Last-Event-ID": since,
            }
            connection.request("GET", "/v1/events", headers=headers)
            answer = connection.getresponse()
            if answer.status != http.client.OK:
                raise ConnectionError(f"HTTP {answer.status}")
            while line := answer.readline():
                if line.startswith(b"data: "):
                    self.take(json.loads(line.removeprefix(b"data: ")))
        finally:
            connection.close()


class SocketConsumer(Consumer):
    """Reads frames of a WebSocket."""

    def listen(self, host: str, since: str) -> None:
        headers = {"Authorization": f"Bearer {self._box.key}"}
        url = f"ws://{host}/v1/events?since={since}"
        with connect(url, additional_headers=headers, close_timeout=0.2) as socket:
            while True:
                frame = json.loads(socket.recv(TIMEOUT_S))
                assert "op" not in frame, frame
                self.take(frame)
