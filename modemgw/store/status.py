"""What the database knows for one glance at the gateway (gateway/status.py)."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import msgspec

from modemgw.store import webhooks
from modemgw.store.metrics import Depths, depths
from modemgw.store.sims import MINUTE_MS
from modemgw.store.sql import sql
from modemgw.store.webhooks import WebhookRow

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class Happened(NamedTuple):
    """One pushed event."""

    id: str
    type: str
    at: int
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts and ages that take a look into the database. Instants in Unix ms."""

    depths: Depths
    oldest: dict[str, int]  # by state: since when the oldest one could have left
    today: dict[int, int]  # parts since midnight, by row id of the SIM
    endpoints: tuple[WebhookRow, ...]


def figures(db: sqlite3.Connection, sims: Iterable[int], midnight: int) -> Figures:
    """Look everything up; takes as long as much waits."""
    oldest = {}
    for state in ("queued", "in_doubt"):
        row = db.execute(sql("status.oldest"), {"state": state}).fetchone()
        if row is not None:
            oldest[state] = int(row[0])
    minute = midnight // MINUTE_MS
    today = {}
    for sim_id in sims:
        wanted = {"sim_id": sim_id, "minute": minute}
        today[sim_id] = int(db.execute(sql("sims.usage_sum"), wanted).fetchone()[0])
    return Figures(depths(db), oldest, today, tuple(webhooks.list_webhooks(db)))


def recent(db: sqlite3.Connection, limit: int) -> list[Happened]:
    """Return the last pushed events, newest first."""
    rows = db.execute(sql("status.recent"), {"limit": limit})
    return [Happened(id, type, at, _decode(data)) for id, type, at, data in rows]
