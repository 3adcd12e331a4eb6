"""What only the database knows of how much waits; seldom asked (gateway/metrics.py)."""

import sqlite3
from dataclasses import dataclass

from modemgw.store.sql import sql

# Of messages, those that something is still to be done about; the others grow.
OPEN_STATES = ("scheduled", "queued", "sending", "in_doubt", "receiving")


@dataclass(frozen=True, slots=True)
class Depths:
    """How much waits."""

    messages: dict[str, int]  # by state
    pushes_pending: int
    pushes_dead: int
    oldest_push_at: int | None  # when the event of the oldest pending push happened


def depths(db: sqlite3.Connection) -> Depths:
    """Count what waits; takes as long as that is much."""
    messages = {
        state: int(db.execute(sql("metrics.in_state"), {"state": state}).fetchone()[0])
        for state in OPEN_STATES
    }
    pending, oldest = db.execute(sql("metrics.pending")).fetchone()
    (dead,) = db.execute(sql("metrics.dead")).fetchone()
    at = None
    if oldest is not None:
        row = db.execute(sql("metrics.pushed_at"), {"id": oldest}).fetchone()
        at = None if row is None else int(row[0])
    return Depths(messages, pending, dead, at)
