"""Accepted messages become rows: many messages, few statements.

Each statement costs its round through Python and lets go of the interpreter lock
several times, so one for sixteen messages is worth more than a cheaper row.
"""

from collections.abc import Sequence
from itertools import islice, repeat

import msgspec

from modemgw.ids import IdSource
from modemgw.store import events
from modemgw.store.outbound import OWN, NewMessage
from modemgw.store.sql import in_rows, row_id, sql_rows
from modemgw.store.waiting import HELD, route_of
from modemgw.store.writer import Connection

_encode = msgspec.json.Encoder().encode

_Row = tuple[object, ...]  # in the order in which its statement names the values


def insert(db: Connection, ids: IdSource, new: NewMessage) -> tuple[int, list[int]]:
    """Write one accepted message with its parts; return its id and theirs."""
    return insert_all(db, ids, [new])[0]


def insert_all(
    db: Connection, ids: IdSource, news: Sequence[NewMessage]
) -> list[tuple[int, list[int]]]:
    """Write accepted messages (one or more); return the ids of each and its parts.

    Call it in a transaction: rows that are written later refer to earlier ones.
    """
    made = _insert(db, "outbound.insert_message", [_message(new) for new in news])
    numbered = list(zip(made, news, strict=True))
    _insert(
        db, "outbound.insert_text", [(id, new.text, new.data) for id, new in numbered]
    )
    part_ids = iter(
        _insert(
            db,
            "outbound.insert_part",
            [part for id, new in numbered for part in _parts(id, new)],
        )
    )
    event_ids = _insert(
        db, "events.insert_queued", [_event(ids, id, new) for id, new in numbered]
    )
    db.kinds.extend(repeat("message.queued", len(event_ids)))
    events.deliver(db, event_ids[0], event_ids[-1], "message.queued")
    for event_id, new in zip(event_ids, news, strict=True):
        if new.options:
            callback = new.options.get("callback_url")
            if isinstance(callback, str):
                events.call_back(db, event_id, new.created_at, callback, new.key_id)
    return [(id, list(islice(part_ids, new.segments))) for id, new in numbered]


def _message(new: NewMessage) -> _Row:
    return (
        new.public_id,
        "scheduled" if new.scheduled else "queued",
        new.to,
        new.klass,
        new.priority,
        new.encoding,
        new.segments,
        new.reference,
        _encode(new.tags).decode() if new.tags else None,
        _encode(new.metadata).decode() if new.metadata else None,
        _encode(new.options).decode() if new.options else "{}",
        new.key_id,
        new.batch_id,
        new.created_at,
        new.not_before,
        new.expires_at,
    )


def _parts(id: int, new: NewMessage) -> list[_Row]:
    route = (HELD if new.scheduled else "") + route_of(new.options)
    rest = (new.not_before, new.priority, new.key_id or 0, route)
    return [(id, seq, *rest) for seq in range(1, new.segments + 1)]


def _event(ids: IdSource, id: int, new: NewMessage) -> _Row:
    """Return the event that says it is accepted."""
    data = {
        "id": new.public_id,
        "state": "scheduled" if new.scheduled else "queued",
        "sequence": 1,
        "to": new.to,
        "reference": new.reference,
        "sim": None,
        "segments": new.segments,
    }
    at = new.created_at
    public_id = None if OWN in new.options else ids.new("evt", at)
    return (public_id, at, id, _encode(data).decode())


def _insert(db: Connection, name: str, rows: Sequence[_Row]) -> list[int]:
    """Insert rows under the next free ids, which SQLite gives out in order."""
    if len(rows) == 1:
        return [row_id(db.execute(sql_rows(name, 1), rows[0]))]
    made: list[int] = []
    for statement, values, count in in_rows(name, rows):
        last = row_id(db.execute(statement, values))
        made.extend(range(last - count + 1, last + 1))
    return made
