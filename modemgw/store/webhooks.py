"""Webhook endpoints: made over the API, or declared in the configuration."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from modemgw.ids import IdSource
from modemgw.store.keys import new_webhook_secret
from modemgw.store.sql import row_id, sql

STATES = ("active", "paused", "disabled", "deleted")
ROTATION_MS = 24 * 3_600_000  # how long both secrets sign where nobody says


@dataclass(frozen=True, slots=True)
class WebhookRow:
    """One endpoint. `old_secret` signs, beside `secret`, until `old_until`.

    Events are written for `active` endpoints only. What was pending waits while
    one is `paused` or `disabled`, and goes out when it is active again.
    """

    id: int
    public_id: str
    url: str
    secret: str
    old_secret: str | None
    old_until: int | None  # ms; until then
    declared: bool  # from the configuration file: any target is allowed
    state: str
    failing_since: int | None
    created_at: int
    events: tuple[str, ...]  # GLOB patterns, sorted


@dataclass(frozen=True, slots=True)
class Declared:
    """An endpoint as the configuration declares it; `secret` None: make one."""

    url: str
    events: tuple[str, ...]
    secret: str | None = None


@dataclass(frozen=True, slots=True)
class Synced:
    """What bringing the rows in line with the configuration did."""

    added: tuple[WebhookRow, ...]
    changed: tuple[WebhookRow, ...]
    removed: tuple[WebhookRow, ...]


def create(
    db: sqlite3.Connection,
    ids: IdSource,
    *,
    url: str,
    events: Iterable[str],
    now: int,
    secret: str | None = None,
    declared: bool = False,
) -> WebhookRow:
    """Make an active endpoint; without `secret` it gets a random one."""
    row = {
        "public_id": ids.new("wh", now),
        "url": url,
        "secret": secret or new_webhook_secret(),
        "declared": int(declared),
        "created_at": now,
    }
    webhook_id = row_id(db.execute(sql("webhooks.insert"), row))
    _set_patterns(db, webhook_id, events)
    return _by_id(db, webhook_id)


def get(db: sqlite3.Connection, public_id: str) -> WebhookRow | None:
    """Return one endpoint; None where there is none or it is deleted."""
    row = db.execute(sql("webhooks.get"), {"public_id": public_id}).fetchone()
    return None if row is None else _webhook(row)


def list_webhooks(db: sqlite3.Connection) -> list[WebhookRow]:
    """Return all endpoints that are not deleted, oldest first."""
    return [_webhook(row) for row in db.execute(sql("webhooks.list"))]


def update(
    db: sqlite3.Connection,
    webhook: WebhookRow,
    *,
    url: str | None = None,
    events: Iterable[str] | None = None,
) -> WebhookRow:
    """Change where an endpoint is or what it wants; None leaves it.

    Deliveries that wait go to the new URL.
    """
    _set(
        db,
        webhook.id,
        url or webhook.url,
        webhook.secret,
        webhook.old_secret,
        webhook.old_until,
    )
    if events is not None:
        _set_patterns(db, webhook.id, events)
    return _by_id(db, webhook.id)


def rotate(
    db: sqlite3.Connection,
    webhook: WebhookRow,
    *,
    until: int,
    secret: str | None = None,
) -> WebhookRow:
    """Give an endpoint another secret; the present one signs too until then.

    Of two rotations in a row only the last secret before the new one is kept.
    """
    fresh = secret or new_webhook_secret()
    _set(db, webhook.id, webhook.url, fresh, webhook.secret, until)
    return _by_id(db, webhook.id)


def end_rotations(db: sqlite3.Connection, now: int) -> int:
    """Forget every secret that signs no more; return how many."""
    return db.execute(sql("webhooks.end_rotations"), {"now": now}).rowcount


def set_state(db: sqlite3.Connection, webhook_id: int, state: str) -> WebhookRow:
    """Make an endpoint active, paused, disabled or deleted.

    Deleting ends its pending deliveries as dead; the others keep them waiting.
    """
    db.execute(sql("webhooks.set_state"), {"id": webhook_id, "state": state})
    if state == "deleted":
        ended = {"webhook_id": webhook_id, "error": "the endpoint was deleted"}
        db.execute(sql("webhooks.drop_pending"), ended)
    return _by_id(db, webhook_id)


def sync_declared(
    db: sqlite3.Connection, ids: IdSource, declared: Sequence[Declared], now: int
) -> Synced:
    """Bring the declared endpoints in line with the configuration.

    An endpoint is known by its URL; the n-th of several with one URL is the n-th
    in the file. A secret that the file does not give is made once and kept; one
    that it gives anew rotates, so that the receiver need not change in that second.
    """
    known: defaultdict[str, list[WebhookRow]] = defaultdict(list)
    for row in list_webhooks(db):
        if row.declared:
            known[row.url].append(row)
    added: list[WebhookRow] = []
    changed: list[WebhookRow] = []
    for wanted in declared:
        if not known[wanted.url]:
            added.append(
                create(
                    db,
                    ids,
                    url=wanted.url,
                    events=wanted.events,
                    now=now,
                    secret=wanted.secret,
                    declared=True,
                )
            )
            continue
        row = known[wanted.url].pop(0)
        secret = wanted.secret or row.secret
        if secret != row.secret or tuple(sorted(set(wanted.events))) != row.events:
            if secret != row.secret:
                rotate(db, row, until=now + ROTATION_MS, secret=secret)
            _set_patterns(db, row.id, wanted.events)
            changed.append(_by_id(db, row.id))
    gone = [row for rows in known.values() for row in rows]
    removed = [set_state(db, row.id, "deleted") for row in gone]
    return Synced(tuple(added), tuple(changed), tuple(removed))


def _set(
    db: sqlite3.Connection,
    webhook_id: int,
    url: str,
    secret: str,
    old_secret: str | None,
    old_until: int | None,
) -> None:
    row = {
        "id": webhook_id,
        "url": url,
        "secret": secret,
        "old_secret": old_secret,
        "old_until": old_until,
    }
    db.execute(sql("webhooks.update"), row)


def _set_patterns(
    db: sqlite3.Connection, webhook_id: int, patterns: Iterable[str]
) -> None:
    db.execute(sql("webhooks.delete_patterns"), {"webhook_id": webhook_id})
    for pattern in patterns:
        row = {"webhook_id": webhook_id, "pattern": pattern}
        db.execute(sql("webhooks.insert_pattern"), row)


def _by_id(db: sqlite3.Connection, webhook_id: int) -> WebhookRow:
    row = db.execute(sql("webhooks.get_by_id"), {"id": webhook_id}).fetchone()
    return _webhook(row)


def _webhook(row: tuple[Any, ...]) -> WebhookRow:
    (
        id,
        public_id,
        url,
        secret,
        old_secret,
        old_until,
        declared,
        state,
        failing,
        created,
        events,
    ) = row
    return WebhookRow(
        id,
        public_id,
        url,
        secret,
        old_secret,
        old_until,
        bool(declared),
        state,
        failing,
        created,
        tuple(sorted(msgspec.json.decode(events, type=list[str]))),
    )
