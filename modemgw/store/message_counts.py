"""How many messages a filter finds; asked for seldom, because it walks them all."""

import sqlite3

import msgspec

from modemgw.store.messages import Filter, _branches, _driver
from modemgw.store.sql import sql


def count(db: sqlite3.Connection, wanted: Filter) -> int:
    """Return how many messages `list_messages` would page through."""
    total = 0
    for branch in _branches(db, wanted):
        values = {
            "direction": branch.direction,
            "state": branch.state,
            "peer": branch.peer,
            "sims": None
            if branch.sims is None
            else msgspec.json.encode(branch.sims).decode(),
            **branch.fixed,
        }
        statement = sql(f"message_counts.{_driver(branch)}")
        total += db.execute(statement, values).fetchone()[0]
    return total
