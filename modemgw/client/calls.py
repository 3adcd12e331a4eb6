"""Every request the client makes, as data: the same for both kinds of client.

This file does no I/O. A Call says what to ask and how to read the answer; sync.py
and aio.py carry it there and back.
"""

import base64
import json
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, Literal, TypedDict, TypeVar
from urllib.parse import quote, urlencode

import msgspec

from modemgw.client.models import (
    Batch,
    BatchResult,
    EventPage,
    Message,
    MessagePage,
    SimList,
    Timeline,
)

T = TypeVar("T")
Json = dict[str, Any]

PAGE = 200  # the longest page that the gateway gives


class SendOptions(TypedDict, total=False):
    """What may be said of a message beside `to` and `text`; see docs/api.md."""

    class_: Literal["alert", "otp", "transactional", "marketing"]
    sim: str | None
    pool: str | None
    modem: str | None
    sticky: bool
    fallback: Iterable[Mapping[str, object]]
    send_at: datetime | str | None
    expires_in: int | None
    priority: Literal["low", "normal", "high", "urgent"]
    encoding: Literal["auto", "gsm7", "national", "ucs2"]
    max_segments: int | None
    flash: bool
    delivery_report: bool
    on_in_doubt: Literal["hold", "wait_report", "resend", "drop"] | None
    reference: str | None
    tags: Iterable[str]
    metadata: Mapping[str, object]
    callback_url: str | None
    data: bytes | None
    port: int | None


class BatchMessage(SendOptions, total=False):
    """One message of a batch."""

    to: str
    text: str | None


class MessageFilters(TypedDict, total=False):
    """Which messages to list; several states may be given as a list."""

    direction: Literal["outbound", "inbound"] | None
    state: str | Iterable[str] | None
    to: str | None
    from_: str | None
    sim: str | None
    tag: str | None
    reference: str | None
    batch_id: str | None
    since: datetime | str | None
    until: datetime | str | None
    q: str | None


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """One request. With `key`, or where it only reads, it may be repeated safely."""

    method: str
    target: str  # path and query
    decode: Callable[[bytes], T]
    body: bytes | None = None
    key: str | None = None  # Idempotency-Key
    keeps_nothing: bool = False  # a POST that only asks

    @property
    def is_repeatable(self) -> bool:
        """Whether a second one does what one does."""
        reads = self.keeps_nothing or self.method in {"GET", "HEAD"}
        return reads or self.key is not None

    def headers(self) -> dict[str, str]:
        """Return the headers that belong to this request alone."""
        found = {"Accept": "application/json", "Accept-Encoding": "identity"}
        if self.body is not None:
            found["Content-Type"] = "application/json"
        if self.key is not None:
            found["Idempotency-Key"] = self.key
        return found


def send(
    to: str, text: str | None, options: SendOptions, key: str | None
) -> Call[Message]:
    """Queue one message; without a key it gets one of its own."""
    body = _message({"to": to, "text": text, **options})
    return Call("POST", "/v1/messages", _one, _json(body), _promise(key))


def preview(to: str, text: str | None, options: SendOptions) -> Call[Message]:
    """Ask what would become of a message."""
    body = _json(_message({"to": to, "text": text, **options}))
    target = "/v1/messages?dry_run=true"
    return Call("POST", target, _one, body, keeps_nothing=True)


def send_batch(
    messages: Iterable[Mapping[str, Any]],
    defaults: Mapping[str, Any] | None,
    key: str | None,
) -> Call[BatchResult]:
    """Queue many messages; without a key the batch gets one of its own."""
    body: Json = {"messages": [_message(one) for one in messages]}
    if defaults:
        body["defaults"] = _message(defaults)
    decode = _decoder(BatchResult)
    return Call("POST", "/v1/messages/batch", decode, _json(body), _promise(key))


def batch(id: str) -> Call[Batch]:
    """Ask how far a batch is."""
    return Call("GET", f"/v1/batches/{_part(id)}", _decoder(Batch))


def message(id: str) -> Call[Message]:
    """Look at one message."""
    return Call("GET", f"/v1/messages/{_part(id)}", _one)


def messages(filters: MessageFilters, cursor: str | None) -> Call[MessagePage]:
    """Ask for one page of a list, newest first."""
    _known(filters, MessageFilters.__annotations__, "messages()")
    query = {name.rstrip("_"): _query(value) for name, value in filters.items()}
    target = _target("/v1/messages", {**query, "limit": PAGE, "cursor": cursor})
    return Call("GET", target, _decoder(MessagePage))


def timeline(id: str) -> Call[Timeline]:
    """Ask for every step of one message."""
    return Call("GET", f"/v1/messages/{_part(id)}/timeline", _decoder(Timeline))


def cancel(id: str) -> Call[Message]:
    """Cancel what waits."""
    return Call("POST", f"/v1/messages/{_part(id)}/cancel", _one)


def resend(id: str, key: str | None) -> Call[Message]:
    """Make a new message of one that is final."""
    target = f"/v1/messages/{_part(id)}/resend"
    return Call("POST", target, _one, None, _promise(key))


def sims() -> Call[SimList]:
    """List the SIMs."""
    return Call("GET", "/v1/sims", _decoder(SimList))


def events(
    types: str | Iterable[str], since: str | None, cursor: str | None
) -> Call[EventPage]:
    """Ask for the events behind `cursor`, or behind the event `since`."""
    query = {
        "types": types if isinstance(types, str) else ",".join(types),
        "since": since if cursor is None else None,
        "cursor": cursor,
        "limit": PAGE,
    }
    return Call("GET", _target("/v1/events", query), _decoder(EventPage))


def plain(
    method: str,
    path: str,
    body: object,
    query: Mapping[str, object] | None,
    key: str | None,
) -> Call[Json]:
    """Ask anything else; the answer is a dict, {} where it is empty."""
    if not (path.startswith("/") and path.isascii() and path.isprintable()):
        raise ValueError("a path begins with / and is percent-encoded")
    octets = None if body is None else _json(body)
    kept = None if key is None else _header(key)
    return Call(method, _target(path, query or {}), _object, octets, kept)


def _promise(key: str | None) -> str:
    """Return the Idempotency-Key of a request: the given one, or one of its own."""
    return uuid.uuid4().hex if key is None else _header(key)


def _header(text: str) -> str:
    if not (text and text.isascii() and text.isprintable()):
        raise ValueError("an idempotency key is printable ASCII, and not empty")
    return text


def _message(given: Mapping[str, Any]) -> Json:
    """Write a message as the API wants it; what is None is left out."""
    _known(given, BatchMessage.__annotations__, "a message")
    body: Json = {}
    route: Json = {}
    for name, value in given.items():
        if value is None:
            continue
        if name in _ROUTE:
            route[name] = value
        elif name == "data":
            body[name] = base64.b64encode(value).decode("ascii")
        elif name in _LISTS:
            body[name] = list(value)
        else:
            body[name.rstrip("_")] = _instant(value)
    if route:
        body["route"] = route
    return body


_ROUTE = {"sim", "pool", "modem", "sticky"}
_LISTS = {"tags", "fallback"}


def _known(given: Mapping[str, Any], names: Mapping[str, Any], what: str) -> None:
    for name in given:
        if name not in names:
            known = ", ".join(sorted(names))
            raise TypeError(f"{what} has no option {name!r}; there are {known}")


def _instant(value: object) -> object:
    if not isinstance(value, datetime):
        return value
    if value.tzinfo is None:
        raise ValueError(f"{value} has no time zone: use datetime.now(UTC) or the like")
    return value.isoformat()


def _query(value: object) -> object:
    if value is None or isinstance(value, str | datetime):
        return _instant(value)
    return ",".join(value) if isinstance(value, Iterable) else value


def _target(path: str, query: Mapping[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{path}?{urlencode(given)}" if given else path


def _part(id: str) -> str:
    """Write an id as one segment of a path, whatever is in it."""
    if not id or id in {".", ".."}:
        raise ValueError(f"{id!r} is no id")
    return quote(id, safe="")


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def _decoder(kind: type[T]) -> Callable[[bytes], T]:
    return msgspec.json.Decoder(kind).decode


_one = _decoder(Message)


def _object(octets: bytes) -> Json:
    found = json.loads(octets) if octets else {}
    if not isinstance(found, dict):
        raise ValueError("not a JSON object")
    return found
