"""What routing asks of the disk, and the one thing it writes: that a route widened."""

import sqlite3

from modemgw.ids import IdSource
from modemgw.store import events
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

JsonDict = dict[str, object]


def last_sim(db: sqlite3.Connection, peer: str) -> int | None:
    """Return the SIM that last wrote to a number or was written by it, if any.

    Only the last messages with this number are looked at.
    """
    row = db.execute(sql("routing.last_sim"), {"peer": peer}).fetchone()
    return None if row[0] is None else int(row[0])


def widen(
    db: Connection, ids: IdSource, message_id: int, step: int, now: int, data: JsonDict
) -> bool:
    """Note that a message may go by its fallback step (1-based), and tell of it.

    Returns False, and writes nothing, where it was noted before, or the message
    does not wait any more.
    """
    values = {"message_id": message_id, "step": step}
    if db.execute(sql("routing.widen"), values).rowcount != 1:
        return False
    events.append(
        db,
        "message.route_widened",
        at=now,
        data={"step": step, **data},
        message_id=message_id,
        ids=ids,
    )
    return True
