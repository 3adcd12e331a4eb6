"""The audit log: who did what, in rows that are only ever appended.

Each row holds a SHA-256 over itself and the hash of the row before, so a row that
was changed, put in or taken out breaks the chain from there on. How far the log
goes is noted beside it, so that a tail cannot be cut off unseen. Whoever can write
the whole file can make a new chain: who needs more keeps the head elsewhere
(`modemgw audit verify` prints it).
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from modemgw.store import meta
from modemgw.store.messages import NEWEST
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

HEAD = "audit_head"  # meta key: "<id> <hash>" of the newest row
GENESIS = bytes(32)  # what the first row refers to
WALK_ROWS = 2_000  # verified in one read


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One act. `id` counts from 1 without gaps; `before` and `after` are digests."""

    id: int
    at: int
    who: str  # name of the key, or "admin socket"
    key: str | None  # its public id
    address: str
    action: str
    object: str | None
    before: str | None
    after: str | None
    detail: str  # JSON
    hash: bytes


def append(
    db: Connection,
    *,
    at: int,
    who: str,
    key_id: int | None,
    address: str,
    action: str,
    object: str | None = None,
    before: str | None = None,
    after: str | None = None,
    detail: str = "{}",
) -> int:
    """Append one row in the transaction that is open, and return its number."""
    last = db.execute(sql("audit.newest")).fetchone()
    number, above = (1, GENESIS) if last is None else (last[0] + 1, last[1])
    key = None
    if key_id is not None:
        found = db.execute(sql("audit.key_of"), {"id": key_id}).fetchone()
        key = None if found is None else str(found[0])
    row = AuditRow(
        number, at, who, key, address, action, object, before, after, detail, b""
    )
    digest = digest_of(row, above)
    values = {name: getattr(row, name) for name in AuditRow.__slots__}
    db.execute(sql("audit.insert"), {**values, "hash": digest})
    meta.put(db, HEAD, f"{number} {digest.hex()}")
    return number


def digest_of(row: AuditRow, above: bytes) -> bytes:
    """Return the hash of a row behind the one whose hash is `above`."""
    told = [
        *(row.id, row.at, row.who, row.key, row.address, row.action),
        *(row.object, row.before, row.after, row.detail),
    ]
    written = json.dumps(told, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(above + written.encode("ascii")).digest()


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows a list shows; `action` may hold `*`."""

    action: str | None = None
    object: str | None = None
    key: str | None = None
    since: int | None = None
    until: int | None = None


def list_rows(
    db: sqlite3.Connection, wanted: Filter, *, limit: int, cursor: int | None = None
) -> list[AuditRow]:
    """Return up to `limit` rows below `cursor`, newest first."""
    values = {
        "cursor": NEWEST if cursor is None else cursor,
        "limit": limit,
        "action": wanted.action,
        "object": wanted.object,
        "key": wanted.key,
        "since": wanted.since,
        "until": wanted.until,
    }
    return [AuditRow(*row) for row in db.execute(sql("audit.list"), values)]


def walk(
    db: sqlite3.Connection, after: int = 0, limit: int = WALK_ROWS
) -> list[AuditRow]:
    """Return rows behind number `after`, oldest first."""
    found = db.execute(sql("audit.walk"), {"after": after, "limit": limit})
    return [AuditRow(*row) for row in found]


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a chain holds: `rows` of it, up to `head`; `fault` says where not."""

    rows: int = 0
    head: bytes = GENESIS
    fault: str | None = None


def follow(rows: Iterable[AuditRow], so_far: Standing) -> Standing:
    """Follow the chain through more rows, up to the first that does not fit."""
    count, head = so_far.rows, so_far.head
    for row in rows:
        if row.id != count + 1:
            return Standing(count, head, f"row {count + 1} is missing")
        if digest_of(row, head) != row.hash:
            return Standing(count, head, f"row {row.id} was changed")
        count, head = row.id, row.hash
    return Standing(count, head)


def conclude(db: sqlite3.Connection, so_far: Standing) -> Standing:
    """Follow a chain to its end and compare that with what was noted of it.

    In one snapshot, so that a row written meanwhile is none that is missing.
    """
    reached = so_far
    while reached.fault is None and (some := walk(db, reached.rows)):
        reached = follow(some, reached)
    noted = meta.get(db, HEAD)
    if reached.fault is None and noted is None and reached.rows:
        return Standing(reached.rows, reached.head, "the note of its end is missing")
    if reached.fault is None and noted is not None:
        number, _, digest = noted.partition(" ")
        if int(number) > reached.rows:
            why = f"row {reached.rows + 1} is missing"
            return Standing(reached.rows, reached.head, why)
        if digest != reached.head.hex():
            return Standing(reached.rows, reached.head, "its end was changed")
    return reached
