"""Answers kept for 24 hours, so that a repeated request is not a second one."""

import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from modemgw.store.sql import in_rows, sql

KEPT_MS = 24 * 3_600_000
ADMIN_SOCKET = 0  # stands for the key id where no key was used


class StoredAnswer(NamedTuple):
    """To which body an answer was given, and what tells how it was."""

    body_hash: bytes
    message_id: int | None  # it says how this message was accepted
    twin: str | None  # with the warning that it repeats this one
    body: bytes | None  # the answer itself, where there is no such message
    created_at: int


class Kept(NamedTuple):
    """An answer to be kept, in the order of the columns."""

    key_id: int
    key: str
    body_hash: bytes
    message_id: int | None
    twin: str | None
    body: bytes | None
    created_at: int


def get(
    db: sqlite3.Connection, key_id: int | None, key: str, now: int
) -> StoredAnswer | None:
    """Return the answer kept under `key` in the last 24 hours."""
    wanted = {"key_id": key_id or ADMIN_SOCKET, "key": key, "oldest": now - KEPT_MS}
    row = db.execute(sql("idempotency.get"), wanted).fetchone()
    return None if row is None else StoredAnswer(*row)


def put_all(db: sqlite3.Connection, answers: Sequence[Kept]) -> bool:
    """Keep answers; call it in the transaction that makes them true.

    False: under the key of one of them another may count. The caller raises then, so
    that its transaction leaves nothing, and tries each by itself, which is sure.
    """
    kept = sum(
        db.execute(statement, values).rowcount
        for statement, values, _ in in_rows("idempotency.put", answers)
    )
    if kept < len(answers) == 1:
        return _in_place(db, answers[0])
    return kept == len(answers)


def _in_place(db: sqlite3.Connection, answer: Kept) -> bool:
    """Keep an answer under a key that is taken, unless the one there still counts."""
    gone = {
        "key_id": answer.key_id,
        "key": answer.key,
        "oldest": answer.created_at - KEPT_MS,
    }
    if db.execute(sql("idempotency.give_way"), gone).rowcount == 0:
        return False
    return db.execute(sql("idempotency.put"), answer._asdict()).rowcount > 0


def purge(db: sqlite3.Connection, now: int, limit: int = 500) -> int:
    """Forget up to `limit` answers older than 24 hours; return how many."""
    row = {"oldest": now - KEPT_MS, "newest": now + KEPT_MS, "limit": limit}
    return db.execute(sql("idempotency.purge"), row).rowcount
