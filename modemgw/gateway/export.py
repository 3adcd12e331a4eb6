"""What an export writes of each row: plain columns, masked unless all is wanted.

Masked, numbers lose their middle and texts, payloads and metadata stay away, so the
file may be sent to somebody who counts. In CSV no cell is a formula.
"""

import csv
import io
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from modemgw.gateway.views import instant
from modemgw.number import mask
from modemgw.policy.message import PRIORITIES
from modemgw.store import audit, exports, sims, suppressions
from modemgw.store.events import EventRow
from modemgw.store.messages import MessageRow

Row = dict[str, Any]
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
_NUMBERS = {"peer", "number", "from", "to"}


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export. Instants in Unix ms; `full`: numbers, texts and all."""

    kind: str
    full: bool = False
    since: int | None = None
    until: int | None = None
    state: str | None = None


def rows(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Row]:
    """Yield the rows of one kind, oldest first where they have an age."""
    return _ROWS[wanted.kind](db, wanted)


def as_ndjson(found: Iterator[Row]) -> Iterator[str]:
    """Write each row as a line of JSON."""
    for row in found:
        yield msgspec.json.encode(row).decode() + "\n"


def as_csv(found: Iterator[Row]) -> Iterator[str]:
    """Write rows as RFC 4180 with a head; what a spreadsheet would run gets a quote."""
    out = io.StringIO()
    table = csv.writer(out)
    for number, row in enumerate(found):
        if number == 0:
            table.writerow(row)
        table.writerow([_cell(name, value) for name, value in row.items()])
        yield out.getvalue()
        out.seek(0)
        out.truncate()


def _cell(name: str, value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return str(value)
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    if name in _NUMBERS and text[:1] == "+" and text[1:].isascii():
        digits = text[1:].replace("…", "")
        if digits.isdigit():
            return text
    return f"'{text}" if text.startswith(FORMULA) else text


def _messages(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Row]:
    direction = wanted.kind if wanted.kind in ("inbound", "outbound") else None
    for row in exports.each_message(
        db,
        since=wanted.since,
        until=wanted.until,
        direction=direction,
        state=wanted.state,
    ):
        yield message(row, full=wanted.full)


def message(row: MessageRow, *, full: bool) -> Row:
    """Return what is exported of a message."""
    shown: Row = {
        "id": row.public_id,
        "direction": row.direction,
        "state": row.state,
        "peer": row.peer if full else mask(row.peer),
        "sim": row.sim,
        "class": row.klass,
        "priority": PRIORITIES[row.priority],
        "encoding": row.encoding,
        "segments": row.segments,
        "attempts": row.attempts,
        "reference": row.reference,
        "tags": list(row.tags),
        "batch": row.batch,
        "created_at": instant(row.created_at),
        "not_before": instant(row.not_before),
        "expires_at": _at(row.expires_at),
        "sent_at": _at(row.sent_at),
        "final_at": _at(row.final_at),
        "reason": None if row.reason is None else row.reason.get("code"),
        "cost": row.cost,
    }
    if full:
        shown["metadata"] = row.metadata
        shown["text"] = row.text
        shown["data"] = None if row.data is None else b64encode(row.data).decode()
    return shown


def _events(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Row]:
    for row in exports.each_event(db, since=wanted.since, until=wanted.until):
        yield _event(row, full=wanted.full)


def _event(row: EventRow, *, full: bool) -> Row:
    shown: Row = {
        "id": row.public_id,
        "type": row.type,
        "at": instant(row.at),
        "message": row.message,
        "part": row.part_seq,
    }
    return {**shown, "data": row.data} if full else shown


def _suppressions(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Row]:
    def page(cursor: int, limit: int) -> list[Any]:
        return suppressions.list_page(db, cursor=cursor, limit=limit)

    for row in exports.each_page(page):
        if _is_outside(row.created_at, wanted):
            continue
        number = row.number
        shown: Row = {
            "id": row.public_id,
            "number": number if wanted.full or number is None else mask(number),
            "sim": row.sim,
            "source": row.source,
            "word": row.word,
            "created_at": instant(row.created_at),
        }
        yield {**shown, "note": row.note} if wanted.full else shown


def _audit(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Row]:
    after = 0
    while found := audit.walk(db, after):
        for row in found:
            if _is_outside(row.at, wanted):
                continue
            shown: Row = {
                "id": row.id,
                "at": instant(row.at),
                "who": row.who,
                "key": row.key,
                "address": row.address,
                "action": row.action,
                "object": row.object,
                "hash": row.hash.hex(),
            }
            yield {**shown, "detail": row.detail} if wanted.full else shown
        after = found[-1].id


def _sims(db: sqlite3.Connection, wanted: Wanted) -> Iterator[Row]:
    for row in sims.list_sims(db):
        yield {
            "name": row.name,
            "iccid": row.iccid if wanted.full or not row.iccid else mask(row.iccid),
            "number": row.number if wanted.full or not row.number else mask(row.number),
            "modem": row.modem,
        }


def _is_outside(at: int, wanted: Wanted) -> bool:
    early = wanted.since is not None and at < wanted.since
    return early or (wanted.until is not None and at >= wanted.until)


def _at(ms: int | None) -> str | None:
    return None if ms is None else instant(ms)


_ROWS: Mapping[str, Callable[[sqlite3.Connection, Wanted], Iterator[Row]]] = {
    "messages": _messages,
    "inbound": _messages,
    "outbound": _messages,
    "events": _events,
    "suppressions": _suppressions,
    "audit": _audit,
    "sims": _sims,
}
