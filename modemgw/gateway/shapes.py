"""The shapes of messages, timelines, batches and problems, as the API shows them.

The OpenAPI document is generated from these structs, so their docstrings are its
descriptions. How rows become them is in views.py.
"""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

Json = dict[str, Any]


class Reason(msgspec.Struct, frozen=True):
    """Why a message is in its state; `raw` is what the network or modem said."""

    code: str
    detail: str
    raw: Json | None = None
    retryable: bool = False


class Cost(msgspec.Struct, frozen=True):
    """An amount of money, exact; `currency` is null where none is configured."""

    amount: str
    currency: str | None


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """Which SIM would carry a message now, and what speaks against each other one.

    `sim` is null where none can now; `why` says for which one the message waits.
    """

    sim: Annotated[str, Meta(examples=["blue"])] | None
    why: Annotated[str, Meta(examples=["cheapest: 0.05 a part"])]
    others: Annotated[dict[str, str], Meta(examples=[{"red": "dearer: 0.09 a part"}])]
    leaves_at: str | None  # at the earliest; null: nobody knows
    cost: Cost | UnsetType = UNSET  # of all parts, in a dry run, where it is known


class Warned(msgspec.Struct, frozen=True, kw_only=True):
    """What may be a mistake and was accepted; `of` is the earlier message."""

    code: Literal["duplicate"]
    of: Annotated[str, Meta(examples=["msg_01KB2Q6H0Z8Y4X3W2V1T0S9R8Q"])]
    detail: str


class OutboundMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    tag_field="direction",
    tag="outbound",
    rename={"from_": "from", "class_": "class"},
):
    """A message to one recipient."""

    id: str
    state: str
    to: str
    from_: str | None
    text: str | None
    encoding: str
    segments: int
    class_: str
    sim: str | None
    attempts: int
    reason: Reason | None
    cost: Cost | None = None  # null: not known, or not sent
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
    resend_of: str | UnsetType = UNSET  # the message that this one repeats
    redacted_at: str | UnsetType = UNSET  # when its body was taken away by request
    warnings: list[Warned] | UnsetType = UNSET  # only in the answer that accepts it
    routing: Routing | UnsetType = UNSET  # in the answer to a dry run


class InboundMessage(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    tag_field="direction",
    tag="inbound",
    rename={"from_": "from"},
):
    """A message that a SIM received."""

    id: str
    state: str
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
    message_class: int | None = None
    waiting: str | None = None  # voicemail, fax, email …: the network's word of it
    backlog: bool = False  # lay on a SIM that was new to us; pushed to nobody
    sequence: int = 1
    redacted_at: str | UnsetType = UNSET  # when its body was taken away by request


class MessagePage(msgspec.Struct, frozen=True):
    """Messages, newest first; `count` only where it was asked for."""

    data: list[OutboundMessage | InboundMessage]
    next_cursor: str | None
    has_more: bool
    count: int | UnsetType = UNSET


class WireLine(msgspec.Struct, frozen=True):
    """One line between us and the modem; `ms` count from the begin of the command."""

    ms: int
    direction: Literal[">", "<"]
    text: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a message or to one of its parts."""

    at: str
    type: str
    part: int | None
    data: Json
    wire: list[WireLine] | UnsetType = UNSET  # only with at:read


class Timeline(msgspec.Struct, frozen=True):
    """Everything that happened to one message, oldest first."""

    data: list[Step]
    routing: Routing | UnsetType = UNSET  # while it waits: for whom


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """How far a batch is; `states` counts its messages by state.

    `open` of them may still change by themselves, `finished` are final.
    """

    id: str
    accepted: int
    rejected: int
    expanded: int
    states: dict[str, int]
    open: int
    finished: int
    created_at: str
    canceled_at: str | None = None


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
    warnings: list[Warned] | UnsetType = UNSET


class BatchAccepted(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a batch; every message with an id is on disk."""

    batch_id: str
    accepted: int
    rejected: int
    results: list[BatchItem]
