"""Pushed events as they go out: with the stored text, which nobody has to read."""

import sqlite3
from typing import NamedTuple

from modemgw.store.sql import sql


class Pushed(NamedTuple):
    """One pushed event. `id` is the cursor, `data` the JSON text as it was stored."""

    id: int
    public_id: str
    type: str
    at: int
    data: str


def behind(db: sqlite3.Connection, cursor: int, limit: int) -> list[Pushed]:
    """Return pushed events behind `cursor`, oldest first, of every type."""
    rows = db.execute(sql("stream.pushed"), {"cursor": cursor, "limit": limit})
    return [Pushed(*row) for row in rows]
