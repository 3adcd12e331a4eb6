"""The queue as it lies on the disk: what waits, and what it takes to send it.

Only reads. The queue in memory is filled from here, shelf by shelf: the parts of
one priority, API key and route are one stretch of one index, so what is read costs
the same however much waits before it.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from modemgw.store.sql import sql

JsonDict = dict[str, object]
ShelfKey = tuple[int, int, str]  # priority, key (0: the admin socket), route
HELD = "@"  # before the route of what is scheduled: shelves that are not read


@dataclass(frozen=True, slots=True)
class WaitingPart:
    """One row of the queue: a part and what it takes to send its message."""

    part_id: int
    seq: int
    part_state: str
    sim_id: int | None
    attempts: int
    not_before: int
    message_id: int
    public_id: str
    to: str
    state: str
    klass: str
    priority: int
    segments: int
    encoding: str
    expires_at: int | None
    options: JsonDict
    created_at: int
    key_id: int | None
    text: str | None
    data: bytes | None


@dataclass(frozen=True, slots=True)
class ShelfSlice:
    """Some parts of one shelf that follow one another."""

    rows: list[WaitingPart]  # those that may be sent
    parts: int  # how many were read
    last: int  # id of the last of them, 0 where there was none


def route_of(options: Mapping[str, object]) -> str:
    """Return what a message asks for: a SIM, a modem, a pool, or '' for any.

    One with a fallback is on the shelf of those for any, for it may go elsewhere.
    """
    if not options:
        return ""
    if options.get("fallback"):
        return ""
    for kind in ("sim", "modem", "pool"):
        name = options.get(kind)
        if isinstance(name, str):
            return f"{kind}:{name}"
    return ""


def _waiting(rows: Iterable[sqlite3.Row]) -> list[WaitingPart]:
    return [
        WaitingPart(
            part_id=row["part_id"],
            seq=row["seq"],
            part_state=row["part_state"],
            sim_id=row["sim_id"],
            attempts=row["attempts"],
            not_before=row["not_before"],
            message_id=row["message_id"],
            public_id=row["public_id"],
            to=row["peer"],
            state=row["state"],
            klass=row["class"],
            priority=row["priority"],
            segments=row["segments"],
            encoding=row["encoding"],
            expires_at=row["expires_at"],
            options=json.loads(row["options"]),
            created_at=row["created_at"],
            key_id=row["key_id"],
            text=row["text"],
            data=row["data"],
        )
        for row in rows
    ]


def shelves(db: sqlite3.Connection) -> list[ShelfKey]:
    """Return every shelf to be read, a few looks into the index for each."""
    found: list[ShelfKey] = []
    key = _next_shelf(db, (-1, 0, ""))
    while key is not None:
        if not key[2].startswith(HELD):
            found.append(key)
        key = _next_shelf(db, key)
    return found


def _next_shelf(db: sqlite3.Connection, after: ShelfKey) -> ShelfKey | None:
    here = dict(zip(("priority", "key_id", "route"), after, strict=True))
    for step in ("next_route", "next_key", "next_priority"):
        row = db.execute(sql(f"outbound.{step}"), here).fetchone()
        if row is not None:
            return row[0], row[1], row[2]
    return None


def waiting(
    db: sqlite3.Connection, shelf: ShelfKey, after: int, limit: int
) -> ShelfSlice:
    """Return up to `limit` parts of a shelf behind the part `after`, oldest first."""
    rows = rows_of(
        db,
        "outbound.waiting",
        {
            "priority": shelf[0],
            "key_id": shelf[1],
            "route": shelf[2],
            "after": after,
            "limit": limit,
        },
    )
    return ShelfSlice(
        _waiting(row for row in rows if row["message_id"] is not None),
        len(rows),
        rows[-1]["part_id"] if rows else 0,
    )


def waiting_of(db: sqlite3.Connection, message_id: int) -> list[WaitingPart]:
    """Return the parts of one message that wait to be sent, in order."""
    return _waiting(rows_of(db, "outbound.waiting_of", {"message_id": message_id}))


def accepted_sim(db: sqlite3.Connection, message_id: int) -> int | None:
    """Return the SIM to which this message is pinned by a part that left."""
    row = db.execute(
        sql("outbound.accepted_sim"), {"message_id": message_id}
    ).fetchone()
    return None if row is None else int(row[0])


def count_open(db: sqlite3.Connection) -> int:
    """Return how many messages wait to leave."""
    return int(db.execute(sql("outbound.count_open")).fetchone()[0])


def rows_of(
    db: sqlite3.Connection, name: str, values: dict[str, object]
) -> list[sqlite3.Row]:
    """Run a statement and return its rows by column name."""
    cursor = db.cursor()
    cursor.row_factory = sqlite3.Row
    return cursor.execute(sql(name), values).fetchall()
