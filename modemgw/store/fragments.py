"""Inbound messages and the fragments they are joined from.

A message of one TPDU is `received` at once. The first part of a longer one
makes the message, `receiving`; its siblings join it; it is `received` with the
last, or at its deadline without them.
"""

import sqlite3
from dataclasses import dataclass, field

import msgspec

from modemgw.store.sql import row_id, sql


@dataclass(frozen=True, slots=True)
class NewInbound:
    """What is known of an inbound message by now.

    `options` holds what only readers need: partial, smsc_time, backlog, port …
    """

    peer: str
    sim_id: int | None
    encoding: str
    segments: int
    complete: bool  # or given up waiting: it goes out
    text: str | None
    data: bytes | None
    options: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FragmentRow:
    """One part of an inbound message, with the octets to decode it from."""

    id: int
    raw_id: int
    seq: int
    total: int
    read_at: int
    message_id: int
    deadline_at: int | None  # None: the message went out
    octets: bytes


@dataclass(frozen=True, slots=True)
class SetKey:
    """What the parts of one message have in common; reused after a while."""

    sender: str
    sim_id: int | None
    concat_ref: int
    wide: bool
    total: int


def insert_message(
    db: sqlite3.Connection, public_id: str, new: NewInbound, now: int
) -> int:
    """Write an inbound message, `received` where it is complete; return its id."""
    row = {
        "public_id": public_id,
        "peer": new.peer,
        "sim_id": new.sim_id,
        "created_at": now,
        **_progress(new, now),
    }
    message_id = row_id(db.execute(sql("inbound.insert_message"), row))
    body = {"message_id": message_id, "text": new.text, "data": new.data}
    db.execute(sql("inbound.insert_text"), body)
    return message_id


def update_message(
    db: sqlite3.Connection, message_id: int, new: NewInbound, now: int
) -> int:
    """Write what is known of it now; return its sequence number."""
    row = {"id": message_id, **_progress(new, now)}
    ((sequence,),) = db.execute(sql("inbound.update_message"), row).fetchall()
    body = {"message_id": message_id, "text": new.text, "data": new.data}
    db.execute(sql("inbound.update_text"), body)
    return int(sequence)


def insert_fragment(
    db: sqlite3.Connection,
    key: SetKey,
    *,
    raw_id: int,
    seq: int,
    read_at: int,
    message_id: int,
    deadline_at: int | None,
) -> int:
    """Write one part of a message; `deadline_at` None where the message went out."""
    row = {
        **_key(key),
        "raw_id": raw_id,
        "seq": seq,
        "read_at": read_at,
        "message_id": message_id,
        "deadline_at": deadline_at,
    }
    return row_id(db.execute(sql("inbound.insert_fragment"), row))


def fragments_of_set(
    db: sqlite3.Connection, key: SetKey, *, since: int = 0, limit: int = 1000
) -> list[FragmentRow]:
    """Return the newest parts with this key read since an instant, oldest first.

    References repeat: these may be several generations, finished ones too.
    """
    wanted = {**_key(key), "since": since, "limit": limit}
    rows = db.execute(sql("inbound.fragments_of_set"), wanted)
    return [FragmentRow(*row) for row in rows][::-1]


def fragments_of_message(db: sqlite3.Connection, message_id: int) -> list[FragmentRow]:
    """Return the parts that one message is made of, in the order they came."""
    wanted = {"message_id": message_id}
    rows = db.execute(sql("inbound.fragments_of_message"), wanted)
    return [FragmentRow(*row) for row in rows]


def due_messages(db: sqlite3.Connection, now: int, limit: int = 100) -> list[int]:
    """Return ids of messages whose missing parts are waited for no longer."""
    rows = db.execute(sql("inbound.due_fragments"), {"now": now, "limit": limit})
    return list(dict.fromkeys(message_id for (message_id,) in rows))


def open_sets(db: sqlite3.Connection) -> list[tuple[int, str, int]]:
    """Return id, sender and time of the newest part of each waiting message."""
    newest: dict[tuple[int, str], int] = {}
    for message_id, sender, read_at in db.execute(sql("inbound.waiting_fragments")):
        known = newest.get((message_id, sender), read_at)
        newest[message_id, sender] = max(known, read_at)
    return [(*key, read_at) for key, read_at in newest.items()]


def next_deadline(db: sqlite3.Connection) -> int | None:
    """Return when the next message stops waiting for its parts."""
    deadline: int | None = db.execute(sql("inbound.next_fragment_due")).fetchone()[0]
    return deadline


def finish_set(db: sqlite3.Connection, message_id: int) -> None:
    """Record that the message went out; its fragments stay for latecomers."""
    db.execute(sql("inbound.finish_set"), {"message_id": message_id})


def _progress(new: NewInbound, now: int) -> dict[str, object]:
    return {
        "state": "received" if new.complete else "receiving",
        "encoding": new.encoding,
        "segments": new.segments,
        "options": msgspec.json.encode(new.options).decode(),
        "final_at": now if new.complete else None,
    }


def _key(key: SetKey) -> dict[str, object]:
    return {
        "sender": key.sender,
        "sim_id": key.sim_id,
        "concat_ref": key.concat_ref,
        "wide": int(key.wide),
        "total": key.total,
    }
