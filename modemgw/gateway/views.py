"""The JSON resources of the API, and how rows become them.

One struct per resource; the OpenAPI document is generated from these structs, so
their docstrings are its descriptions. Rendering knows no HTTP: submit stores the
rendered answer with the idempotency key, webhooks and front ends reuse it.
"""

import base64
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from modemgw.errors import RequestError
from modemgw.store.outbound import NewMessage

PROBLEM_BASE = "https://modemgw.dev/problems/"
PRIORITIES = ("low", "normal", "high", "urgent")  # index = message.priority
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last one RFC 3339 can write

Json = dict[str, Any]
State = Literal[
    "scheduled", "queued", "sending", "sent", "delivered", "undelivered", "no_report",
    "in_doubt", "expired", "failed", "blocked", "canceled",
]  # fmt: skip


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()[:19]


def instant(ms: int) -> str:
    """Write Unix milliseconds as RFC 3339 in UTC.

    >>> instant(1_795_341_600_000), instant(1_795_341_600_120)
    ('2026-11-22T10:00:00Z', '2026-11-22T10:00:00.120Z')
    """
    seconds, rest = divmod(ms, 1000)
    text = _second(min(max(seconds, 0), _LAST_SECOND))
    return f"{text}.{rest:03}Z" if rest else f"{text}Z"


def maybe_instant(ms: int | None) -> str | None:
    """Write an instant that may be absent."""
    return None if ms is None else instant(ms)


class Reason(msgspec.Struct, frozen=True):
    """Why a message is in its state; `raw` is what the network or modem said."""

    code: str
    detail: str
    raw: Json | None = None
    retryable: bool = False


class OutboundMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    rename={"from_": "from", "class_": "class"},
):
    """A message to one recipient."""

    id: str
    direction: Literal["outbound"] = "outbound"
    state: State
    to: str
    from_: str | None
    text: str | None
    encoding: str
    segments: int
    class_: str
    sim: str | None
    attempts: int
    reason: Reason | None
    cost: Json | None = None
    reference: str | None
    created_at: str
    scheduled_for: str | None
    expires_at: str | None
    sent_at: str | None
    delivered_at: str | None
    sequence: int
    priority: str = "normal"
    batch_id: str | None = None
    tags: list[str] = []
    metadata: Json = {}
    data: str | UnsetType = UNSET  # base64, binary messages only
    port: int | UnsetType = UNSET


class InboundMessage(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename={"from_": "from"}
):
    """A message that a SIM received."""

    id: str
    direction: Literal["inbound"] = "inbound"
    state: Literal["receiving", "received"]
    from_: str
    to: str | None
    sim: str | None
    text: str | None
    encoding: str
    segments: int
    partial: bool
    received_at: str
    smsc_time: str | None
    in_reply_to: str | None = None
    keyword: str | None = None
    data: str | None = None  # base64, binary messages only
    port: int | None = None
    backlog: bool = False
    sequence: int = 1


class FieldIssue(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One wrong field: where (body pointer, query parameter or header) and why."""

    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None
    code: str
    detail: str


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | UnsetType = UNSET
    request_id: str | UnsetType = UNSET
    errors: list[FieldIssue] | UnsetType = UNSET


class BatchItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message of a batch: its id, or a problem."""

    index: int
    id: str | UnsetType = UNSET
    error: Problem | UnsetType = UNSET


class BatchAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a batch; every message with an id is on disk."""

    batch_id: str
    accepted: int
    rejected: int
    results: list[BatchItem]


_encoder = msgspec.json.Encoder()


def encode(resource: object) -> bytes:
    """Write a resource as JSON."""
    return _encoder.encode(resource)


def created(new: NewMessage, batch_id: str | None = None) -> OutboundMessage:
    """Render a message at the moment it is accepted."""
    binary = new.data is not None
    port = new.options.get("port")
    return OutboundMessage(
        id=new.public_id,
        state="scheduled" if new.scheduled else "queued",
        to=new.to,
        from_=None,
        text=new.text,
        encoding=new.encoding,
        segments=new.segments,
        class_=new.klass,
        sim=None,
        attempts=0,
        reason=None,
        reference=new.reference,
        created_at=instant(new.created_at),
        scheduled_for=instant(new.not_before) if new.scheduled else None,
        expires_at=instant(new.expires_at),
        sent_at=None,
        delivered_at=None,
        sequence=1,
        priority=PRIORITIES[new.priority],
        batch_id=batch_id,
        tags=list(new.tags),
        metadata=new.metadata,
        data=base64_of(new.data) if new.data is not None else UNSET,
        port=port if binary and isinstance(port, int) else UNSET,
    )


def base64_of(data: bytes) -> str:
    """Write octets as base64 text."""
    return base64.b64encode(data).decode("ascii")


def issue(pointer: str, code: str, detail: str, prefix: str = "") -> FieldIssue:
    """Render one wrong field.

    `pointer` is a JSON pointer; `?name` stands for a query parameter and
    `@Name` for a header, which JSON pointers cannot name.
    """
    if pointer.startswith("?"):
        return FieldIssue(parameter=pointer[1:], code=code, detail=detail)
    if pointer.startswith("@"):
        return FieldIssue(header=pointer[1:], code=code, detail=detail)
    return FieldIssue(pointer=prefix + pointer, code=code, detail=detail)


def problem(
    error: RequestError,
    *,
    prefix: str = "",
    instance: str | UnsetType = UNSET,
    request_id: str | UnsetType = UNSET,
) -> Problem:
    """Render a client's mistake; `prefix` goes before its JSON pointers."""
    return Problem(
        type=PROBLEM_BASE + error.problem,
        title=error.title,
        status=error.status,
        detail=error.detail,
        instance=instance,
        request_id=request_id,
        errors=[issue(e.pointer, e.code, e.detail, prefix) for e in error.errors]
        if error.errors
        else UNSET,
    )


def batch_body(batch_id: str, results: Sequence[str | RequestError]) -> bytes:
    """Render the answer to a batch: an id or an error per message, in order.

    Pointers of the errors are those of a single message; they are rewritten to
    point into the whole document (`/messages/3/to`).
    """
    items = [
        BatchItem(index=index, id=result)
        if isinstance(result, str)
        else BatchItem(index=index, error=problem(result, prefix=f"/messages/{index}"))
        for index, result in enumerate(results)
    ]
    accepted = sum(isinstance(result, str) for result in results)
    return encode(
        BatchAccepted(
            batch_id=batch_id,
            accepted=accepted,
            rejected=len(items) - accepted,
            results=items,
        )
    )
