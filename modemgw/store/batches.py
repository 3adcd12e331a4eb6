"""Batches: one durable row first, its messages afterwards in slices."""

import sqlite3
from dataclasses import dataclass

from modemgw.store.sql import row_id, sql


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One batch. `states` counts the messages that are rows by now."""

    id: int
    public_id: str
    key_id: int | None
    accepted: int
    rejected: int
    expanded: int
    created_at: int
    canceled_at: int | None
    states: dict[str, int]


@dataclass(frozen=True, slots=True)
class Unexpanded:
    """A batch whose items from number `expanded` on are not yet rows."""

    id: int
    public_id: str
    key_id: int | None
    expanded: int
    pending: bytes  # all accepted items, as insert() got them
    created_at: int


def insert(
    db: sqlite3.Connection,
    *,
    public_id: str,
    key_id: int | None,
    accepted: int,
    rejected: int,
    pending: bytes | None,
    now: int,
) -> int:
    """Keep a batch as accepted; `pending` None means nothing is left to expand."""
    row = {
        "public_id": public_id,
        "key_id": key_id,
        "accepted": accepted,
        "rejected": rejected,
        "pending": pending,
        "created_at": now,
    }
    return row_id(db.execute(sql("batches.insert"), row))


def next_unexpanded(db: sqlite3.Connection) -> Unexpanded | None:
    """Return the oldest batch with items that are not yet rows."""
    row = db.execute(sql("batches.next_unexpanded")).fetchone()
    return None if row is None else Unexpanded(*row)


def advance(db: sqlite3.Connection, batch_id: int, expanded: int) -> None:
    """Record that the first `expanded` items are rows, in their transaction.

    The items are kept whole until the last is a row: cutting them down would
    write megabytes per slice.
    """
    db.execute(sql("batches.advance"), {"id": batch_id, "expanded": expanded})


def get(db: sqlite3.Connection, public_id: str) -> BatchRow | None:
    """Return one batch and the states of its messages."""
    row = db.execute(sql("batches.get"), {"public_id": public_id}).fetchone()
    if row is None:
        return None
    states = dict(db.execute(sql("batches.states"), {"id": row[0]}))
    id, public, key_id, accepted, rejected, expanded, created_at, canceled_at = row
    return BatchRow(
        id,
        public,
        key_id,
        accepted,
        rejected,
        expanded,
        created_at,
        canceled_at,
        states,
    )


def waiting_of(db: sqlite3.Connection, batch_id: int, limit: int) -> list[int]:
    """Return messages of a batch that no SIM has taken yet, some at a time."""
    found = db.execute(sql("batches.waiting"), {"id": batch_id, "limit": limit})
    return [int(row[0]) for row in found]


def mark_canceled(db: sqlite3.Connection, batch_id: int, now: int) -> None:
    """Note when somebody canceled a batch first."""
    db.execute(sql("batches.mark_canceled"), {"id": batch_id, "now": now})
