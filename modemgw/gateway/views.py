"""How rows become the JSON resources of the API.

Rendering knows no HTTP: submit stores the rendered answer with the idempotency
key, webhooks and front ends reuse it. The shapes are in shapes.py, those that have
nothing to do with messages in resources.py.
"""

import base64
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache

import msgspec
from msgspec import UNSET, UnsetType

from modemgw.config.money import show_amount
from modemgw.errors import RequestError
from modemgw.gateway.shapes import (
    Batch,
    BatchAccepted,
    BatchItem,
    Cost,
    FieldIssue,
    InboundMessage,
    Json,
    OutboundMessage,
    Problem,
    Reason,
    Step,
    Warned,
    WireLine,
)
from modemgw.policy.message import FINAL, PRIORITIES
from modemgw.store.batches import BatchRow
from modemgw.store.events import EventRow
from modemgw.store.messages import VERIFICATION, MessageRow
from modemgw.store.outbound import NewMessage

PROBLEM_BASE = "https://modemgw.dev/problems/"
WIRE = "at"  # where the data of an event keeps its AT lines: [[ms, "<", text], …]
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z, the last one RFC 3339 can write


@lru_cache(maxsize=1024)
def _second(seconds: int) -> str:
    known = min(max(seconds, 0), _LAST_SECOND)
    return datetime.fromtimestamp(known, UTC).isoformat()[:19]


def instant(ms: int) -> str:
    """Write Unix milliseconds as RFC 3339 in UTC.

    >>> instant(1_795_341_600_000), instant(1_795_341_600_120)
    ('2026-11-22T10:00:00Z', '2026-11-22T10:00:00.120Z')
    """
    seconds, rest = divmod(ms, 1000)
    return f"{_second(seconds)}.{rest:03}Z" if rest else f"{_second(seconds)}Z"


def maybe_instant(ms: int | None) -> str | None:
    """Write an instant that may be absent."""
    return None if ms is None else instant(ms)


_encoder = msgspec.json.Encoder()


def encode(resource: object) -> bytes:
    """Write a resource as JSON."""
    return _encoder.encode(resource)


def created(
    new: NewMessage, batch_id: str | None = None, *, twin: str | None = None
) -> OutboundMessage:
    """Render a message at the moment it is accepted; `twin`: it repeats that one."""
    asked = new.options
    port = asked.get("port") if new.data is not None else None
    return OutboundMessage(
        id=new.public_id,
        state="scheduled" if new.scheduled else "queued",
        to=new.to,
        from_=None,
        text=None if VERIFICATION in asked else new.text,
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
        port=port if isinstance(port, int) else UNSET,
        resend_of=_text(asked.get("resend_of")) if asked else UNSET,
        warnings=UNSET if twin is None else [repeated(twin)],
    )


def repeated(twin: str) -> Warned:
    """Render the warning that the same text went to the same number lately."""
    detail = "the same text was accepted for this number a short while ago"
    return Warned(code="duplicate", of=twin, detail=detail)


def _text(value: object) -> str | UnsetType:
    return value if isinstance(value, str) else UNSET


def message(row: MessageRow, currency: str = "") -> OutboundMessage | InboundMessage:
    """Render a message of either direction as it is now."""
    return _outbound(row, currency) if row.direction == "outbound" else _inbound(row)


def _outbound(row: MessageRow, currency: str) -> OutboundMessage:
    port = row.options.get("port")
    return OutboundMessage(
        id=row.public_id,
        state=row.state,
        to=row.peer,
        from_=row.sim_number,
        text=row.text,
        encoding=row.encoding,
        segments=row.segments,
        class_=row.klass or "transactional",
        sim=row.sim,
        attempts=row.attempts,
        reason=None if row.reason is None else _reason(row.reason),
        cost=None
        if row.cost is None
        else Cost(show_amount(row.cost), currency or None),
        reference=row.reference,
        created_at=instant(row.created_at),
        scheduled_for=instant(row.not_before)
        if row.not_before > row.created_at
        else None,
        expires_at=maybe_instant(row.expires_at),
        sent_at=maybe_instant(row.sent_at),
        delivered_at=maybe_instant(row.final_at) if row.state == "delivered" else None,
        sequence=row.sequence,
        priority=PRIORITIES[row.priority],
        batch_id=row.batch,
        tags=list(row.tags),
        metadata=row.metadata,
        data=UNSET if row.data is None else base64_of(row.data),
        port=port if isinstance(port, int) else UNSET,
        resend_of=_text(row.options.get("resend_of")),
        redacted_at=UNSET if row.redacted_at is None else instant(row.redacted_at),
    )


def _reason(stored: Json) -> Reason:
    return Reason(
        code=stored.get("code", "unknown"),
        detail=stored.get("detail", ""),
        raw=stored.get("raw"),
        retryable=stored.get("retryable", False),
    )


def _inbound(row: MessageRow) -> InboundMessage:
    about = row.options
    return InboundMessage(
        id=row.public_id,
        state=row.state,
        from_=row.peer,
        to=row.sim_number,
        sim=row.sim,
        text=row.text,
        encoding=row.encoding,
        segments=row.segments,
        partial=about.get("partial", False),
        received_at=instant(row.created_at),
        smsc_time=maybe_instant(about.get("smsc_time")),
        in_reply_to=about.get("in_reply_to"),
        keyword=about.get("keyword"),
        data=None if row.data is None else base64_of(row.data),
        port=about.get("port"),
        message_class=about.get("class"),
        waiting=about.get("waiting"),
        backlog=about.get("backlog", False),
        sequence=row.sequence,
        redacted_at=UNSET if row.redacted_at is None else instant(row.redacted_at),
    )


def step(event: EventRow, with_wire: bool) -> Step:
    """Render one line of a timeline; the AT lines only `with_wire`."""
    data = dict(event.data)
    lines = data.pop(WIRE, None)
    wire: list[WireLine] | UnsetType = UNSET
    if with_wire and isinstance(lines, list):
        wire = [WireLine(*line) for line in lines]
    return Step(
        at=instant(event.at), type=event.type, part=event.part_seq, data=data, wire=wire
    )


def batch(row: BatchRow) -> Batch:
    """Render how far a batch is."""
    finished = sum(row.states.get(state.value, 0) for state in FINAL)
    waiting = row.accepted - row.expanded  # not yet rows
    return Batch(
        id=row.public_id,
        accepted=row.accepted,
        rejected=row.rejected,
        expanded=row.expanded,
        states=row.states,
        open=sum(row.states.values()) - finished + waiting,
        finished=finished,
        created_at=instant(row.created_at),
        canceled_at=maybe_instant(row.canceled_at),
    )


def sim_id(name: str) -> str:
    """Return the other way to name a SIM in a request: with the prefix of its kind.

    >>> sim_id("front"), sim_id("sim_front")
    ('sim_front', 'sim_front')
    """
    return name if name.startswith("sim_") else f"sim_{name}"


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


def batch_body(
    batch_id: str,
    results: Sequence[str | RequestError],
    twins: Mapping[int, str] | None = None,
) -> bytes:
    """Render the answer to a batch: an id or an error per message, in order.

    `twins`: which of them, by index, repeat which earlier message.

    Pointers of the errors are those of a single message; they are rewritten to
    point into the whole document (`/messages/3/to`).
    """
    warnings = {index: [repeated(twin)] for index, twin in (twins or {}).items()}
    items = [
        BatchItem(index=index, id=result, warnings=warnings.get(index, UNSET))
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
