"""What the database file knows about itself."""

import sqlite3
from contextlib import suppress

from modemgw.ids import IdSource
from modemgw.store.sql import sql

NEWEST = (
    "meta.newest_message",
    "meta.newest_event",
    "meta.newest_batch",
    "meta.newest_delivery",
    "meta.newest_webhook",
)


def get(db: sqlite3.Connection, key: str) -> str | None:
    """Return a remembered fact, or None."""
    row = db.execute(sql("meta.get"), {"key": key}).fetchone()
    return None if row is None else str(row[0])


def put(db: sqlite3.Connection, key: str, value: str) -> None:
    """Remember a fact, replacing what was known."""
    db.execute(sql("meta.put"), {"key": key, "value": value})


def seed(db: sqlite3.Connection, ids: IdSource) -> None:
    """Let `ids` go on behind the newest id in the database."""
    for name in NEWEST:
        (public_id,) = db.execute(sql(name)).fetchone()
        if public_id is not None:
            with suppress(ValueError):  # not one of ours: nothing to stay behind of
                ids.seen(public_id)
