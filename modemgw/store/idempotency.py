"""Answers kept for 24 hours, so that a repeated request is not a second one."""

import sqlite3
from dataclasses import dataclass

from modemgw.store.sql import sql

KEPT_MS = 24 * 3_600_000
ADMIN_SOCKET = 0  # stands for the key id where no key was used


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """What was answered, byte for byte, and to which body."""

    body_hash: bytes
    status: int
    body: bytes
    created_at: int


def get(
    db: sqlite3.Connection, key_id: int | None, key: str, now: int
) -> StoredAnswer | None:
    """Return the answer kept under `key` in the last 24 hours."""
    wanted = {"key_id": key_id or ADMIN_SOCKET, "key": key, "oldest": now - KEPT_MS}
    row = db.execute(sql("idempotency.get"), wanted).fetchone()
    return None if row is None else StoredAnswer(*row)


def put(
    db: sqlite3.Connection,
    key_id: int | None,
    key: str,
    *,
    body_hash: bytes,
    status: int,
    body: bytes,
    now: int,
) -> bool:
    """Keep an answer; call it in the transaction that makes the answer true.

    False: another answer counts under this key and stays. The caller raises
    then, so that its transaction leaves nothing.
    """
    row = {
        "key_id": key_id or ADMIN_SOCKET,
        "key": key,
        "body_hash": body_hash,
        "status": status,
        "body": body,
        "created_at": now,
        "oldest": now - KEPT_MS,
    }
    return db.execute(sql("idempotency.put"), row).rowcount > 0


def purge(db: sqlite3.Connection, now: int, limit: int = 500) -> int:
    """Forget up to `limit` answers older than 24 hours; return how many."""
    row = {"oldest": now - KEPT_MS, "limit": limit}
    return db.execute(sql("idempotency.purge"), row).rowcount
