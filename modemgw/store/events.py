"""Events: appended in the transaction of the change they report, then only read."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from modemgw.ids import IdSource
from modemgw.store.sql import row_id, sql, sql_rows
from modemgw.store.writer import Connection

# Their values stand by place, which is quicker by far: public_id, type, at, message_id,
# part_seq, data.
_INSERT = sql_rows("events.insert", 1)
_INSERT_TWO = sql_rows("events.insert", 2)
_INSERT_DELIVERIES = sql("events.insert_deliveries")
_INSERT_DELIVERIES_OF = sql("events.insert_deliveries_of")
_INSERT_CALLBACK = sql("events.insert_callback")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event. `id` is the cursor; `public_id` is None where it is not pushed."""

    id: int
    public_id: str | None
    type: str
    at: int
    message: str | None  # public id of the message it belongs to
    part_seq: int | None
    data: dict[str, Any]


class Step(NamedTuple):
    """What happened to a part, told together with what came of it for its message."""

    type: str
    part_seq: int
    data: dict[str, object]


def append(
    db: Connection,
    type: str,
    *,
    at: int,
    data: dict[str, object] | str,
    ids: IdSource,
    message_id: int | None = None,
    part_seq: int | None = None,
    push: bool = False,
    callback_url: str | None = None,
    key_id: int | None = None,
    public_id: str | None = None,
    step: Step | None = None,
) -> int:
    """Append one event and return its row id; `step` goes right before it.

    With `push` it gets a public id (or the given one) and, in the same
    transaction, one delivery per active endpoint that wants it and one for
    `callback_url`, all due at once; `key_id` says whose secret signs that one.
    `data` must be what JSON can hold; a text is JSON already.
    """
    if push and public_id is None:
        public_id = ids.new("evt", at)
    if not isinstance(data, str):
        data = _encode(data).decode()
    row = (public_id, type, at, message_id, part_seq, data)
    if step is None:
        event_id = row_id(db.execute(_INSERT, row))
    else:
        first = (None, step.type, at, message_id, step.part_seq)
        told = _encode(step.data).decode()
        event_id = row_id(db.execute(_INSERT_TWO, (*first, told, *row)))
        db.kinds.append(step.type)
    db.kinds.append(type)
    if push:
        if _is_wanted(db, type):
            target = {"at": at, "event_id": event_id, "type": type}
            db.pushed += max(db.execute(_INSERT_DELIVERIES, target).rowcount, 0)
        if callback_url is not None:
            call_back(db, event_id, at, callback_url, key_id)
    return event_id


def deliver(db: Connection, first: int, last: int, type: str) -> None:
    """Make the deliveries of the events `first` to `last`, all of one type."""
    if _is_wanted(db, type):
        events = {"first": first, "last": last, "type": type}
        db.pushed += max(db.execute(_INSERT_DELIVERIES_OF, events).rowcount, 0)


def _is_wanted(db: Connection, type: str) -> bool:
    """Say whether an active endpoint wants events of this type."""
    known = db.wanted.get(type)
    if known is None:
        found = db.execute(sql("events.is_wanted"), {"type": type}).fetchone()
        known = db.wanted[type] = bool(found[0])
    return known


def call_back(
    db: Connection, event_id: int, at: int, callback_url: str, key_id: int | None
) -> None:
    """Make the delivery of one event to the URL that came with its message."""
    row = {
        "at": at,
        "event_id": event_id,
        "callback_url": callback_url,
        "key_id": key_id,
    }
    db.execute(_INSERT_CALLBACK, row)
    db.pushed += 1


def timeline(db: sqlite3.Connection, message_id: int) -> list[EventRow]:
    """Return everything that happened to one message, oldest first."""
    rows = db.execute(sql("events.timeline"), {"message_id": message_id})
    return [shown(row) for row in rows]


def since(
    db: sqlite3.Connection,
    cursor: int,
    types: Sequence[str] = ("*",),
    limit: int = 100,
) -> list[EventRow]:
    """Return pushed events behind `cursor` that match one of the GLOB `types`."""
    wanted = {
        "cursor": cursor,
        "types": _encode(list(types)).decode(),
        "limit": limit,
    }
    return [shown(row) for row in db.execute(sql("events.since"), wanted)]


def find(db: sqlite3.Connection, public_id: str) -> int | None:
    """Return the cursor behind a pushed event, or None where it is unknown.

    Public ids rise with the row ids, so a few looks find one without an index of
    them, which would be one more page to write with every step of a message.
    """
    low, high = 1, newest(db)
    while low <= high:
        middle = (low + high) // 2
        window = {"first": middle, "last": high}
        row = db.execute(sql("events.first_pushed"), window).fetchone()
        if row is None or row[1] > public_id:
            high = middle - 1
        elif row[1] == public_id:
            return int(row[0])
        else:
            low = row[0] + 1
    return None


def newest(db: sqlite3.Connection) -> int:
    """Return the cursor behind everything that happened so far."""
    return db.execute(sql("events.newest")).fetchone()[0] or 0


def shown(row: tuple[Any, ...]) -> EventRow:
    """Return a row with its data read."""
    id, public_id, type, at, message, part_seq, data = row
    return EventRow(id, public_id, type, at, message, part_seq, _decode(data))
