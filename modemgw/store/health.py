"""How far each SIM is trusted, and whether the gateway is paused: kept over restarts.

Strings where the policy has enums: this layer does not judge what it keeps.
"""

import sqlite3
from dataclasses import asdict, dataclass, replace

import msgspec

from modemgw.store import meta
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

_PAUSED = "paused"


@dataclass(frozen=True, slots=True)
class HealthRow:
    """Where one SIM stands; instants are Unix milliseconds."""

    sim_id: int
    name: str
    iccid: str | None
    state: str  # active, benched, parole
    cause: str | None
    reason: str
    since_at: int
    until_at: int | None
    benches: int
    successes: int
    wanted: int
    by_reports: bool
    paused: bool
    told: str | None  # up or down, whichever was announced last


class PauseRow(msgspec.Struct, frozen=True):
    """Since when the gateway is paused, and who did it."""

    at: int
    by: str


def list_health(db: sqlite3.Connection) -> list[HealthRow]:
    """Return what is known of every SIM that was ever in service."""
    return [
        replace(found, by_reports=bool(found.by_reports), paused=bool(found.paused))
        for found in (HealthRow(*row) for row in db.execute(sql("health.list")))
    ]


def put(db: Connection, row: HealthRow) -> None:
    """Keep where a SIM stands. `name` and `iccid` are those of the card, not kept."""
    db.execute(sql("health.put"), asdict(row))


def paused(db: sqlite3.Connection) -> PauseRow | None:
    """Return who paused the gateway, None where it is not."""
    known = meta.get(db, _PAUSED)
    return msgspec.json.decode(known, type=PauseRow) if known else None


def set_paused(db: Connection, row: PauseRow | None) -> None:
    """Keep that the gateway is paused, or no longer."""
    meta.put(db, _PAUSED, msgspec.json.encode(row).decode() if row else "")
