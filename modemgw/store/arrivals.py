"""Accepted messages become rows: many messages, few statements.

Each statement costs its round through Python and lets go of the interpreter lock
several times, so one for sixteen messages is worth more than a cheaper row.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, islice, repeat

import msgspec

from modemgw.ids import IdSource
from modemgw.store import events
from modemgw.store.outbound import OWN, NewMessage
from modemgw.store.sql import columns, row_id, sql_rows
from modemgw.store.waiting import HELD, route_of
from modemgw.store.writer import Connection

AT_ONCE = (64, 16, 4, 1)  # rows per statement; few sizes, so that each stays prepared

_encode = msgspec.json.Encoder().encode

_MESSAGE = "outbound.insert_message"
_TEXT = "outbound.insert_text"
_PART = "outbound.insert_part"
_EVENT = "events.insert_queued"

_Row = dict[str, object]


def insert(db: Connection, ids: IdSource, new: NewMessage) -> tuple[int, list[int]]:
    """Write one accepted message with its parts; return its id and theirs."""
    return insert_all(db, ids, [new])[0]


def insert_all(
    db: Connection, ids: IdSource, news: Sequence[NewMessage]
) -> list[tuple[int, list[int]]]:
    """Write accepted messages (one or more); return the ids of each and its parts.

    Call it in a transaction: rows that are written later refer to earlier ones.
    """
    numbered = list(zip(_insert(db, _MESSAGE, map(_message, news)), news, strict=True))
    _insert(
        db,
        _TEXT,
        (
            {"message_id": id, "text": new.text, "data": new.data}
            for id, new in numbered
        ),
    )
    part_ids = iter(
        _insert(
            db,
            _PART,
            (
                {
                    "message_id": id,
                    "seq": seq,
                    "not_before": new.not_before,
                    "priority": new.priority,
                    "key_id": new.key_id or 0,
                    "route": (HELD if new.scheduled else "") + route_of(new.options),
                }
                for id, new in numbered
                for seq in range(1, new.segments + 1)
            ),
        )
    )
    event_ids = _insert(
        db,
        _EVENT,
        (
            {
                "public_id": None
                if OWN in new.options
                else ids.new("evt", new.created_at),
                "at": new.created_at,
                "message_id": id,
                "data": _told(new),
            }
            for id, new in numbered
        ),
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
    return {
        "public_id": new.public_id,
        "state": "scheduled" if new.scheduled else "queued",
        "peer": new.to,
        "class": new.klass,
        "priority": new.priority,
        "encoding": new.encoding,
        "segments": new.segments,
        "reference": new.reference,
        "tags": _encode(new.tags).decode() if new.tags else None,
        "metadata": _encode(new.metadata).decode() if new.metadata else None,
        "options": _encode(new.options).decode() if new.options else "{}",
        "key_id": new.key_id,
        "batch_id": new.batch_id,
        "created_at": new.created_at,
        "not_before": new.not_before,
        "expires_at": new.expires_at,
    }


def _told(new: NewMessage) -> str:
    """Return the data of the event that says it is accepted."""
    data = {
        "id": new.public_id,
        "state": "scheduled" if new.scheduled else "queued",
        "sequence": 1,
        "to": new.to,
        "reference": new.reference,
        "sim": None,
        "segments": new.segments,
    }
    return _encode(data).decode()


def _insert(db: Connection, name: str, rows: Iterable[_Row]) -> list[int]:
    """Insert rows under the next free ids, which SQLite gives out in order."""
    left = list(map(columns(name), rows))
    made: list[int] = []
    done = 0
    while done < len(left):
        count = next(size for size in AT_ONCE if size <= len(left) - done)
        values = tuple(chain.from_iterable(left[done : done + count]))
        last = row_id(db.execute(sql_rows(name, count), values))
        made.extend(range(last - count + 1, last + 1))
        done += count
    return made
