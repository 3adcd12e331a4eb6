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
PROOF_OCTETS = 64 * 1024
_PROOF = "proof"


def get(db: sqlite3.Connection, key: str) -> str | None:
    """Return a remembered fact, or None."""
    row = db.execute(sql("meta.get"), {"key": key}).fetchone()
    return None if row is None else str(row[0])


def put(db: sqlite3.Connection, key: str, value: str) -> None:
    """Remember a fact, replacing what was known."""
    db.execute(sql("meta.put"), {"key": key, "value": value})


def prove(db: sqlite3.Connection) -> None:
    """Write as much as a few messages need, and take it back again.

    That works only where the disk takes writes; an empty transaction would say
    yes on a full one.
    """
    put(db, _PROOF, "." * PROOF_OCTETS)
    db.execute(sql("meta.remove"), {"key": _PROOF})


def seed(db: sqlite3.Connection, ids: IdSource) -> None:
    """Let `ids` go on behind the newest id in the database."""
    for name in NEWEST:
        row = db.execute(sql(name)).fetchone()
        if row is not None and row[0] is not None:
            with suppress(ValueError):  # not one of ours: nothing to stay behind of
                ids.seen(row[0])
