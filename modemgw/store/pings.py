"""Test events: pushed to one endpoint alone, whatever its patterns say."""

from modemgw.ids import IdSource
from modemgw.store import events
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

TYPE = "test.ping"


def ping(
    db: Connection, ids: IdSource, webhook_id: int, *, at: int, data: dict[str, object]
) -> str:
    """Write a test event and its one delivery; return the delivery's public id."""
    event_id = events.append(
        db, TYPE, at=at, data=data, ids=ids, public_id=ids.new("evt", at)
    )
    delivery_id = ids.new("dlv", at)
    row = {
        "public_id": delivery_id,
        "event_id": event_id,
        "webhook_id": webhook_id,
        "at": at,
    }
    db.execute(sql("pings.insert"), row)
    db.pushed += 1
    return delivery_id
