"""Messages that were over before they came here: rows, and nothing that acts."""

import sqlite3
from dataclasses import asdict, dataclass

from modemgw.store.sql import row_id, sql


@dataclass(frozen=True, slots=True)
class Past:
    """One message as it is written. JSON where the table has JSON; Unix ms."""

    public_id: str
    direction: str
    state: str  # final, or sent
    peer: str
    segments: int
    created_at: int
    not_before: int
    encoding: str = "gsm7"
    sim_id: int | None = None
    klass: str | None = None
    priority: int = 1
    attempts: int = 0
    reference: str | None = None
    tags: str | None = None
    metadata: str | None = None
    reason: str | None = None
    expires_at: int | None = None
    sent_at: int | None = None
    final_at: int | None = None
    text: str | None = None
    data: bytes | None = None


def insert(db: sqlite3.Connection, past: Past) -> bool:
    """Write a message that is over; False where its id is known already."""
    row = asdict(past)
    cursor = db.execute(sql("history.insert"), row)
    if cursor.rowcount < 1:
        return False
    body = {"message_id": row_id(cursor), "text": past.text, "data": past.data}
    db.execute(sql("outbound.insert_text"), body)
    return True


def is_known(db: sqlite3.Connection, reference: str) -> bool:
    """Tell whether a message with this reference is there."""
    found = db.execute(sql("history.known"), {"reference": reference}).fetchone()
    return found is not None
