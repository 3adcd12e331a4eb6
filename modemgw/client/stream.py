"""Where a reader of events is, and what a stream of them says.

This file does no I/O. Events come in pages until the reader is up to date, then
over a stream of server-sent events; when that ends, for whatever reason, the pages
tell what was missed. Spec: WHATWG HTML, 9.2 "Server-sent events".
"""

from collections.abc import Iterable
from http import HTTPStatus

import msgspec

from modemgw.client import calls
from modemgw.client.answers import Answer, refusal
from modemgw.client.calls import Call
from modemgw.client.errors import BadAnswer
from modemgw.client.models import Event, EventPage

NOW = "now"
SILENCE_S = 45.0  # the gateway says something every 15 s
AGAIN_S = 1.0  # after a stream that ended, before the next one
MAX_LINE = 8 << 20  # octets, of an event too; they are far shorter
MEDIA = "text/event-stream"

NO_EVENTS = (b"gap", b"closed")
_event = msgspec.json.Decoder(Event).decode


class Place:
    """How far a reader has come: a cursor, an event, the begin, or `now`."""

    def __init__(
        self, types: str | Iterable[str], since: str | None, poll: float | None
    ) -> None:
        """Begin behind the event `since`; `poll` is there to be checked."""
        if since == NOW and poll is not None:
            raise ValueError("only a stream can begin now: leave poll out")
        self._types = types if isinstance(types, str) else tuple(types)
        self._since = since
        self._cursor: str | None = None

    @property
    def is_known(self) -> bool:
        """Whether what happens while nobody listens can be asked for later."""
        return self._since != NOW

    def page(self) -> Call[EventPage]:
        """Return what asks for the next page."""
        return calls.events(self._types, self._since, self._cursor)

    def stream(self) -> Call[EventPage]:
        """Return what asks for a stream that goes on from here."""
        since = self._since if self.is_known else None
        return calls.events(self._types, since, self._cursor)

    def turned(self, page: EventPage) -> None:
        """Note that a page was read."""
        self._cursor = page.next_cursor

    def saw(self, event: Event) -> None:
        """Note that an event came over the stream."""
        self._since, self._cursor = event.id, None


class Lines:
    """Turns the octets of a stream into events, however they are cut."""

    def __init__(self) -> None:
        self._rest = b""
        self._data: list[bytes] = []
        self._held = 0  # octets in it
        self._type = b""

    def feed(self, octets: bytes) -> list[Event]:
        """Return the events that these octets complete; raises BadAnswer.

        Comments, `retry` and the frames `gap` and `closed` are no events; behind
        these two the gateway ends the stream, and the next request says why.
        """
        *lines, self._rest = (self._rest + octets).split(b"\n")
        if len(self._rest) > MAX_LINE:
            raise BadAnswer(f"a line of more than {MAX_LINE} octets in the stream")
        found = (self._line(line.removesuffix(b"\r")) for line in lines)
        return [event for event in found if event is not None]

    def _line(self, line: bytes) -> Event | None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._held += len(value)
            if self._held > MAX_LINE:
                raise BadAnswer(f"an event of more than {MAX_LINE} octets")
        elif name == b"event":
            self._type = value
        if line:
            return None
        data, kind = b"\n".join(self._data), self._type
        self._data, self._held, self._type = [], 0, b""
        if not data or kind in NO_EVENTS:
            return None
        try:
            return _event(data)
        except (msgspec.DecodeError, ValueError) as exc:
            raise BadAnswer(f"what came over the stream is no event: {exc}") from None


def check_head(status: int, headers: dict[str, str]) -> None:
    """Raise Refused or BadAnswer where this is not the head of a stream."""
    if status >= HTTPStatus.BAD_REQUEST:
        raise refusal(Answer(status, headers, b""))
    media = headers.get("content-type", "").partition(";")[0].strip().lower()
    if status != HTTPStatus.OK or media != MEDIA:
        raise BadAnswer(f"HTTP {status} of {media or 'no type'} instead of a stream")
