"""What the gateway answers with, typed. Fields that are newer than this are ignored.

Instants are datetimes in UTC. What is nested and seldom used stays a dict, as
docs/api.md describes it.
"""

from datetime import datetime
from typing import Any

import msgspec

Json = dict[str, Any]

# Nothing follows by itself; a late report may still lift undelivered and no_report.
FINAL = frozenset(
    {
        *("delivered", "undelivered", "no_report", "failed", "expired"),
        *("blocked", "canceled", "received"),
    }
)


class Reason(msgspec.Struct, frozen=True):
    """Why a message is in its state; `raw` is what the modem or the network said."""

    code: str
    detail: str = ""
    raw: Json | None = None
    retryable: bool = False


class Message(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    rename={"from_": "from", "class_": "class"},
):
    """One message; `direction` is `outbound` or `inbound`.

    What the other direction does not have is None. `routing` is there in the answer
    to `preview`, `warnings` in the one to `send`.
    """

    id: str = ""
    direction: str
    state: str
    to: str | None = None
    from_: str | None = None
    text: str | None = None
    encoding: str = ""
    segments: int = 0
    sim: str | None = None
    sequence: int = 1
    class_: str | None = None
    attempts: int = 0
    reason: Reason | None = None
    cost: Json | None = None
    reference: str | None = None
    created_at: datetime | None = None
    scheduled_for: datetime | None = None
    expires_at: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    priority: str = "normal"
    batch_id: str | None = None
    resend_of: str | None = None
    tags: list[str] = []
    metadata: Json = {}
    received_at: datetime | None = None
    smsc_time: datetime | None = None
    partial: bool = False
    in_reply_to: str | None = None
    keyword: str | None = None
    data: str | None = None  # base64, binary messages only
    port: int | None = None
    routing: Json | None = None
    warnings: list[Json] = []

    @property
    def is_final(self) -> bool:
        """Whether nothing more will happen to it by itself."""
        return self.state in FINAL


class MessagePage(msgspec.Struct, frozen=True):
    """One page of a list of messages."""

    data: list[Message]
    has_more: bool
    next_cursor: str | None = None


class WireLine(msgspec.Struct, frozen=True):
    """One line between the gateway and the modem, `ms` after the command began."""

    ms: int
    direction: str
    text: str


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened to a message, or to one part of it."""

    at: datetime
    type: str
    part: int | None = None
    data: Json = {}
    wire: list[WireLine] = []


class Timeline(msgspec.Struct, frozen=True, rename={"steps": "data"}):
    """Everything that happened to a message; `routing` while it waits for a SIM."""

    steps: list[Step]
    routing: Json | None = None


class BatchItem(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one message of a batch: `id`, or `error` (a problem document)."""

    index: int
    id: str | None = None
    error: Json | None = None


class BatchResult(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a batch: each message with an id is on disk."""

    batch_id: str
    accepted: int
    rejected: int
    results: list[BatchItem]


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """How far a batch is; `states` counts its messages by state."""

    id: str
    accepted: int
    rejected: int
    expanded: int = 0
    states: dict[str, int] = {}
    created_at: datetime | None = None


class Sim(msgspec.Struct, frozen=True, kw_only=True):
    """One SIM card; `why` says what `state` means for it now."""

    id: str
    name: str
    state: str
    why: str = ""
    number: str | None = None
    modem: str | None = None
    operator: str | None = None
    registration: str | None = None
    signal_dbm: int | None = None
    iccid: str | None = None
    imsi: str | None = None
    smsc: str | None = None
    reports: bool = False
    next_at: datetime | None = None
    last_seen_at: datetime | None = None
    health: Json | None = None
    balance: Json | None = None
    selftest: Json | None = None
    wallet: Json | None = None
    routing: Json | None = None


class SimList(msgspec.Struct, frozen=True):
    """Every SIM ever seen."""

    data: list[Sim]


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened; the same whether read, streamed or pushed.

    It may come twice (the same `id`) and late: of two events about one message the
    one with the larger `data["sequence"]` is newer.
    """

    id: str = ""
    type: str
    timestamp: datetime
    data: Json


class EventPage(msgspec.Struct, frozen=True):
    """Events behind a cursor; `next_cursor` is always there."""

    data: list[Event]
    next_cursor: str
    has_more: bool
