"""What SIMs and keys have used up: counted with the `submitting` mark, kept for good.

A part is counted in the transaction that says it is about to leave, so no crash
forgets it; one that certainly never left is taken off in the transaction that says
so. Amounts are micro-units of the currency.
"""

import sqlite3
from dataclasses import dataclass

from modemgw.store.sims import MINUTE_MS
from modemgw.store.sql import sql
from modemgw.store.writer import Connection


@dataclass(frozen=True, slots=True)
class Counted:
    """What a part is counted as; `cost` None: its price is not known."""

    key_id: int  # 0: the admin socket
    covered: bool
    cost: int | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What was used up in a stretch of time that begins at `at`."""

    at: int
    parts: int
    covered: int
    cost: int


@dataclass(frozen=True, slots=True)
class MeterRow:
    """What is known of one limit in the period that began at `start_at`."""

    name: str
    start_at: int
    adjust: int
    told: bool


@dataclass(frozen=True, slots=True)
class Total:
    """What one card sent for one key."""

    sim_id: int
    key_id: int
    parts: int
    covered: int
    cost: int


def count(db: Connection, sim_id: int, counted: Counted, now: int) -> None:
    """Count one part that is about to be submitted at `now`."""
    db.execute(
        sql("wallet.count"),
        {
            "sim_id": sim_id,
            "minute": now // MINUTE_MS,
            "key_id": counted.key_id,
            "covered": int(counted.covered),
            "cost": counted.cost or 0,
        },
    )


def give_back(db: Connection, part_id: int) -> None:
    """Take off what was counted for the last attempt of a part: it never left.

    A part that was not counted, or given back before, is left as it is.
    """
    row = db.execute(sql("wallet.charge_of"), {"part_id": part_id}).fetchone()
    if row is None:
        return
    sim_id, minute, key_id, covered, cost = row
    db.execute(
        sql("wallet.give_back"),
        {
            "sim_id": sim_id,
            "minute": minute,
            "key_id": key_id,
            "covered": covered,
            "cost": cost,
        },
    )
    db.execute(sql("wallet.uncount"), {"part_id": part_id})


def of_sim(db: sqlite3.Connection, sim_id: int, since: int) -> list[Spent]:
    """Return what one card used up since the minute of an instant, oldest first."""
    wanted = {"sim_id": sim_id, "minute": since // MINUTE_MS}
    return [
        Spent(minute * MINUTE_MS, *rest)
        for minute, *rest in db.execute(sql("wallet.of_sim"), wanted)
    ]


def of_key(db: sqlite3.Connection, key_id: int, since: int) -> list[Spent]:
    """Return what one key used up on all cards since the minute of an instant."""
    wanted = {"key_id": key_id, "minute": since // MINUTE_MS}
    return [
        Spent(minute * MINUTE_MS, *rest)
        for minute, *rest in db.execute(sql("wallet.of_key"), wanted)
    ]


def totals(db: sqlite3.Connection, start: int, end: int) -> list[Total]:
    """Return what each card sent for each key from `start` to before `end`."""
    stretch = {"from_minute": start // MINUTE_MS, "to_minute": end // MINUTE_MS}
    return [Total(*row) for row in db.execute(sql("wallet.totals"), stretch)]


def oldest(db: sqlite3.Connection, since: int) -> int | None:
    """Return the first instant at or after `since` that anything was counted at."""
    wanted = {"minute": since // MINUTE_MS}
    minute = db.execute(sql("wallet.oldest"), wanted).fetchone()[0]
    return None if minute is None else int(minute) * MINUTE_MS


def fold(db: Connection, start: int, end: int) -> int:
    """Make one row per card and key of a day; return how many rows went into it."""
    day = {"from_minute": start // MINUTE_MS, "to_minute": end // MINUTE_MS}
    db.execute(sql("wallet.fold"), day)
    return db.execute(sql("wallet.folded"), day).rowcount


def forget(db: Connection, before: int) -> None:
    """Delete what was counted before an instant."""
    db.execute(sql("wallet.forget"), {"minute": before // MINUTE_MS})
    db.execute(sql("wallet.forget_meters"), {"before": before})
    db.execute(sql("wallet.forget_intake"), {"minute": before // MINUTE_MS})


def meters_of(db: sqlite3.Connection, sim_id: int) -> list[MeterRow]:
    """Return what was corrected and told of one card, in any period."""
    rows = db.execute(sql("wallet.meters_of"), {"sim_id": sim_id})
    return [MeterRow(name, at, adjust, bool(told)) for name, at, adjust, told in rows]


def adjust(db: Connection, sim_id: int, name: str, start_at: int, by: int) -> None:
    """Add to what was counted of one limit in the period that began at `start_at`."""
    row = {"sim_id": sim_id, "name": name, "start_at": start_at, "by": by}
    db.execute(sql("wallet.adjust"), row)


def tell(db: Connection, sim_id: int, name: str, start_at: int) -> bool:
    """Remember that somebody is told; False where somebody was."""
    row = {"sim_id": sim_id, "name": name, "start_at": start_at}
    return db.execute(sql("wallet.tell"), row).rowcount == 1


def accept(db: Connection, key_id: int, parts: int, now: int) -> None:
    """Count parts that were taken from a key."""
    row = {"key_id": key_id, "minute": now // MINUTE_MS, "parts": parts}
    db.execute(sql("wallet.accept"), row)


def accepted(db: sqlite3.Connection, key_id: int, since: int) -> list[tuple[int, int]]:
    """Return (start of the minute, parts) taken from a key, oldest first."""
    wanted = {"key_id": key_id, "minute": since // MINUTE_MS}
    rows = db.execute(sql("wallet.accepted"), wanted)
    return [(minute * MINUTE_MS, parts) for minute, parts in rows]
