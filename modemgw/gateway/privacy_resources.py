"""What an export of one number shows, and what an erasure did."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from modemgw.gateway.shapes import InboundMessage, Json, OutboundMessage, Step
from modemgw.gateway.views import instant, maybe_instant
from modemgw.store.suppressions import SuppressionRow

CSV_COLUMNS = (
    *("id", "direction", "state", "from", "to", "at", "sent_at", "delivered_at"),
    *("sim", "class", "segments", "reference", "text", "data"),
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet would compute


class ExportedPart(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a message, as it went out."""

    part: int
    state: str
    attempts: int
    sim: str | None
    tp_mr: int | None
    submitting_at: str | None
    accepted_at: str | None
    final_at: str | None
    tp_status: int | None


class ExportedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message with everything that is kept about it."""

    message: OutboundMessage | InboundMessage
    parts: list[ExportedPart]
    events: list[Step]


class ExportedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something else in which the number is named, such as a call."""

    at: str
    type: str
    data: Json


class ExportedVerification(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time code that was sent to the number."""

    id: str
    state: str
    created_at: str
    ended_at: str | None


class ExportedSuppression(msgspec.Struct, frozen=True, kw_only=True):
    """That the number is not written to; `word` is what it said."""

    id: str
    sim: str | None
    source: str
    word: str | None
    note: str | None
    created_at: str


class PrivacyExport(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of one number, oldest first; what is no message on the first page.

    `csv` are the messages of this page as a table, where it was asked for.
    """

    number: str
    exported_at: str
    messages: list[ExportedMessage]
    other_events: list[ExportedEvent]
    verifications: list[ExportedVerification]
    suppressions: list[ExportedSuppression]
    next_cursor: str | None
    has_more: bool
    csv: str | UnsetType = UNSET


class PrivacyErased(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure did; `pseudonym` stands for the number from now on.

    `on_disk`: the old octets have left the files, too; false: within minutes.
    """

    pseudonym: str
    messages: int
    canceled: int
    other_events: int
    tpdus: int
    on_disk: bool


def part(row: Sequence[Any]) -> ExportedPart:
    """Render a part."""
    seq, state, attempts, sim, tp_mr, submitting, accepted, final, tp_status = row
    return ExportedPart(
        part=seq,
        state=state,
        attempts=attempts,
        sim=sim,
        tp_mr=tp_mr,
        submitting_at=maybe_instant(submitting),
        accepted_at=maybe_instant(accepted),
        final_at=maybe_instant(final),
        tp_status=tp_status,
    )


def verification(row: Sequence[Any]) -> ExportedVerification:
    """Render a code, which itself is not kept."""
    public_id, state, created_at, final_at = row
    return ExportedVerification(
        id=public_id,
        state=state,
        created_at=instant(created_at),
        ended_at=maybe_instant(final_at),
    )


def suppression(row: SuppressionRow) -> ExportedSuppression:
    """Render an opt-out."""
    return ExportedSuppression(
        id=row.public_id,
        sim=row.sim,
        source=row.source,
        word=row.word,
        note=row.note,
        created_at=instant(row.created_at),
    )


def as_csv(found: Iterable[OutboundMessage | InboundMessage]) -> str:
    """Write messages as RFC 4180; what a spreadsheet would compute gets a quote."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(CSV_COLUMNS)
    for one in found:
        row = msgspec.to_builtins(one)
        row["at"] = row.get("created_at", row.get("received_at"))
        table.writerow([_cell(name, row.get(name)) for name in CSV_COLUMNS])
    return out.getvalue()


def _cell(name: str, value: object) -> str:
    text = "" if value is None else str(value)
    if name in ("from", "to") and text[1:].isdigit():
        return text  # a number of ours, and no formula
    return f"'{text}" if text.startswith(_FORMULA) else text
