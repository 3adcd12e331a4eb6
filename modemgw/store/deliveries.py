"""Deliveries: one row per event and endpoint, from due to done or dead."""

import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any

import msgspec

from modemgw.store.messages import NEWEST
from modemgw.store.sql import sql


@dataclass(frozen=True, slots=True)
class DueDelivery:
    """All that one attempt needs. `data` is the JSON text as it was stored."""

    id: int
    public_id: str
    attempts: int  # made so far
    next_attempt_at: int
    event: str  # public id, which becomes webhook-id
    type: str
    at: int
    data: str
    webhook_id: int | None  # None: the message's own callback_url
    webhook: str | None
    url: str
    secret: str | None  # None: a callback of the admin socket, which has no key
    old_secret: str | None
    declared: int
    failing_since: int | None


class Failure(msgspec.Struct, frozen=True, array_like=True):
    """One attempt that failed, as it is stored."""

    at: int
    status: int | None  # HTTP status, None where none came
    ms: int | None
    error: str | None


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery as it is shown. `id` is the cursor."""

    id: int
    public_id: str
    webhook: str | None  # public id of the endpoint
    callback_url: str | None
    event: str
    type: str
    message: str | None  # public id of the message the event is about
    state: str  # pending, done, dead
    attempts: int
    next_attempt_at: int
    last_at: int | None
    last_status: int | None
    last_error: str | None
    last_ms: int | None  # how long the last attempt took
    failures: tuple[Failure, ...]  # oldest first


def due(
    db: sqlite3.Connection,
    now: int,
    limit: int,
    *,
    per_endpoint: int | None = None,
    in_flight: Collection[int] = (),
) -> list[DueDelivery]:
    """Return deliveries whose time has come, the longest waiting first.

    At most `per_endpoint` of each endpoint (and of all callback URLs together),
    so that nobody waits behind a dead one. Rows in `in_flight` are left out:
    the database does not know that somebody is at work on them.
    """
    most = min(limit, per_endpoint or limit) + len(in_flight)
    found: list[DueDelivery] = []
    window = {"now": now, "limit": most}
    queues = [db.execute(sql("webhooks.due_callbacks"), window)]
    for (webhook_id,) in db.execute(sql("webhooks.active")).fetchall():
        queues.append(
            db.execute(sql("webhooks.due"), {"webhook_id": webhook_id, **window})
        )
    for rows in queues:
        waiting = [DueDelivery(*row) for row in rows if row[0] not in in_flight]
        found += waiting[: per_endpoint or limit]
    return nsmallest(limit, found, key=lambda row: row.next_attempt_at)


def next_due(db: sqlite3.Connection, now: int) -> int | None:
    """Return when the next delivery falls due that is not due yet."""
    ends = [db.execute(sql("webhooks.next_due_callback"), {"now": now}).fetchone()[0]]
    for (webhook_id,) in db.execute(sql("webhooks.active")).fetchall():
        row = {"webhook_id": webhook_id, "now": now}
        ends.append(db.execute(sql("webhooks.next_due"), row).fetchone()[0])
    return min((end for end in ends if end is not None), default=None)


def record_attempt(
    db: sqlite3.Connection,
    delivery_id: int,
    *,
    at: int,
    status: int | None,
    error: str | None = None,
    ms: int | None = None,
    state: str,
    next_attempt_at: int | None = None,
) -> None:
    """Record what came of one attempt.

    `state` is `done`, `dead`, or `pending` with `next_attempt_at` for another
    try. The endpoint remembers since when it fails; a success ends that.
    A delivery that ended meanwhile (its endpoint was deleted) stays ended.
    """
    row = {
        "id": delivery_id,
        "at": at,
        "status": status,
        "error": error,
        "ms": ms,
        "state": state,
        "next_attempt_at": at if next_attempt_at is None else next_attempt_at,
    }
    # fetchall, because a statement with RETURNING ends only with its last row.
    for (webhook_id,) in db.execute(sql("webhooks.record_attempt"), row).fetchall():
        if webhook_id is not None:
            change = "webhooks.working" if state == "done" else "webhooks.failing"
            db.execute(sql(change), {"id": webhook_id, "at": at})


def get(db: sqlite3.Connection, public_id: str) -> DeliveryRow | None:
    """Return one delivery by its public id."""
    row = db.execute(sql("webhooks.get_delivery"), {"public_id": public_id}).fetchone()
    return None if row is None else _delivery(row)


def list_deliveries(
    db: sqlite3.Connection,
    webhook_id: int,
    *,
    limit: int,
    cursor: int | None = None,
    state: str | None = None,
) -> list[DeliveryRow]:
    """Return deliveries to one endpoint below `cursor`, newest first."""
    wanted = {
        "webhook_id": webhook_id,
        "cursor": NEWEST if cursor is None else cursor,
        "state": state,
        "limit": limit,
    }
    return [
        _delivery(row) for row in db.execute(sql("webhooks.list_deliveries"), wanted)
    ]


def replay(db: sqlite3.Connection, public_id: str, now: int) -> bool:
    """Send an ended delivery once more; False where it is unknown or still pending."""
    row = {"public_id": public_id, "now": now}
    return db.execute(sql("webhooks.replay"), row).rowcount > 0


_failures = msgspec.json.Decoder(tuple[Failure, ...]).decode


def _delivery(row: tuple[Any, ...]) -> DeliveryRow:
    failures = () if row[-1] is None else _failures(row[-1])
    return DeliveryRow(*(*row[:-1], failures))
