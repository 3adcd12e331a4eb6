"""The balances of SIMs: the last word of the operator, and a short history."""

import sqlite3
from dataclasses import asdict, dataclass, replace

from modemgw.ids import IdSource
from modemgw.store import events
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

KEPT = 60  # readings of one card: two months, one a day


@dataclass(frozen=True, slots=True)
class BalanceRow:
    """What is known of one card. Amounts in micro-units, instants in Unix ms.

    `outcome` of the last asking: read, doubted (an impossible jump, asked again),
    unreadable, unsupported, failed. `amount` is the last one that was believed.
    """

    sim_id: int
    amount: int | None
    currency: str | None
    read_at: int | None
    valid_until: str | None
    sms_left: int | None
    asked_at: int
    outcome: str
    why: str
    text: str | None
    doubted: int | None
    failures: int
    is_low: bool


def load(db: sqlite3.Connection) -> dict[int, BalanceRow]:
    """Return what is known, by card."""
    rows = db.execute(sql("balance.all"))
    found = (BalanceRow(*row) for row in rows)
    return {row.sim_id: replace(row, is_low=bool(row.is_low)) for row in found}


def put(db: sqlite3.Connection, row: BalanceRow) -> None:
    """Keep the outcome of one asking; a new amount goes to the history, too."""
    db.execute(sql("balance.put"), {**asdict(row), "is_low": int(row.is_low)})
    if row.outcome == "read":
        db.execute(
            sql("balance.add_reading"),
            {
                "sim_id": row.sim_id,
                "at": row.asked_at,
                "amount": row.amount,
                "currency": row.currency,
            },
        )
        kept = {"sim_id": row.sim_id, "kept": KEPT - 1}
        db.execute(sql("balance.prune"), kept)


def readings(
    db: sqlite3.Connection, sim_id: int, limit: int = KEPT
) -> list[tuple[int, int, str | None]]:
    """Return (when, micro-units, currency) of one card, newest first."""
    wanted = {"sim_id": sim_id, "limit": limit}
    return list(db.execute(sql("balance.readings"), wanted))


def tell_low(db: Connection, ids: IdSource, at: int, data: dict[str, object]) -> None:
    """Append sim.balance_low, in the transaction of the reading that crossed."""
    events.append(db, "sim.balance_low", at=at, data=data, push=True, ids=ids)
