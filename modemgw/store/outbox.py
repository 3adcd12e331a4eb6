"""The outbox of webhooks: finding what is due, and what a request is made of.

Only ids leave this file until a request is made, so a thousand deliveries that
wait for a dead endpoint cost a thousand integers, not a thousand bodies.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from modemgw.store import deliveries
from modemgw.store.sql import sql
from modemgw.store.tally import DeliveryNote
from modemgw.store.writer import Connection

BEGINNING = -(2**62)  # before any instant


@dataclass(frozen=True, slots=True)
class DueRow:
    """A delivery that waits; `webhook_id` None: it goes to `callback_url`."""

    id: int
    next_attempt_at: int
    webhook_id: int | None
    callback_url: str | None
    message_id: int | None  # what the event is about


@dataclass(frozen=True, slots=True)
class Request:
    """Everything one attempt needs. `secret` None: nothing to sign with."""

    declared: bool  # any target is allowed
    failing: bool  # the last attempt there failed
    delivery: int
    attempts: int  # made so far
    event: str  # evt_…
    type: str
    at: int
    data: str  # JSON, as stored
    webhook_id: int | None
    url: str
    secret: str | None
    old_secret: str | None  # signs too during a rotation
    dialect: str | None = None  # how a callback is written; None: as a webhook
    key: str | None = None  # public id of the key whose callback it is
    key_hash: bytes | None = None
    sender: str | None = None  # number or name of the SIM that has the message


def sources(db: sqlite3.Connection) -> dict[int, bool]:
    """Return the active endpoints, and whether the last attempt to each failed."""
    return {row[0]: bool(row[1]) for row in db.execute(sql("outbox.sources"))}


def newest(db: sqlite3.Connection) -> int:
    """Return the highest delivery id; every later one is fresh."""
    return db.execute(sql("outbox.newest")).fetchone()[0] or 0


def fresh(db: sqlite3.Connection, after: int, limit: int) -> list[DueRow]:
    """Return pending deliveries behind a row id, oldest first."""
    found = db.execute(sql("outbox.fresh"), {"after": after, "limit": limit})
    return [DueRow(*row) for row in found]


def due(
    db: sqlite3.Connection,
    webhook_id: int | None,
    *,
    after: tuple[int, int],
    until: int,
    limit: int,
) -> list[DueRow]:
    """Return pending deliveries of one source that fall due in a window.

    `after` is (next_attempt_at, id) of the last one seen.
    """
    window = {
        "webhook_id": webhook_id,
        "after_at": after[0],
        "after_id": after[1],
        "until": until,
        "limit": limit,
    }
    return [DueRow(*row) for row in db.execute(sql("outbox.due"), window)]


def next_due(db: sqlite3.Connection, webhook_id: int | None, after: int) -> int | None:
    """Return when the next delivery of one source falls due behind an instant."""
    found = db.execute(
        sql("outbox.next_due"), {"webhook_id": webhook_id, "after": after}
    ).fetchone()
    return None if found[0] is None else int(found[0])


def requests(db: sqlite3.Connection, wanted: Sequence[int], now: int) -> list[Request]:
    """Return the requests to make now.

    What was delivered, ended or put off meanwhile is left out, and so is what
    goes to an endpoint that is not active.
    """
    found: list[Request] = []
    for delivery in wanted:
        row = db.execute(sql("outbox.request"), {"id": delivery, "now": now}).fetchone()
        if row is not None:
            found.append(Request(bool(row[0]), bool(row[1]), *row[2:]))
    return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt, to be written down."""

    delivery: int
    webhook_id: int | None
    at: int
    status: int | None
    error: str | None
    state: str  # pending, done, dead
    next_attempt_at: int
    ms: int | None = None  # how long it took
    gone: bool = False  # the endpoint wants nothing more


@dataclass(frozen=True, slots=True)
class Paused:
    """An endpoint that gets nothing more: it only fails, or wants nothing."""

    error: str | None  # of the last attempt
    state: str  # paused, or disabled where it said that it is gone
    public_id: str
    url: str
    failing_since: int


def record(
    db: Connection, outcomes: Sequence[Outcome], *, pause_after_ms: int
) -> list[Paused]:
    """Write down many outcomes; return the endpoints this paused or disabled.

    What waits for them stays.
    """
    paused: list[Paused] = []
    for one in outcomes:
        db.notes.append(DeliveryNote(one.state))
        deliveries.record_attempt(
            db,
            one.delivery,
            at=one.at,
            status=one.status,
            error=one.error,
            ms=one.ms,
            state=one.state,
            next_attempt_at=one.next_attempt_at,
        )
        if one.webhook_id is None or one.state == "done":
            continue
        change = "outbox.disable" if one.gone else "outbox.pause_failing"
        state = "disabled" if one.gone else "paused"
        late = {"webhook_id": one.webhook_id, "since": one.at - pause_after_ms}
        for row in db.execute(sql(change), late).fetchall():
            paused.append(Paused(one.error, state, *row))
    return paused
