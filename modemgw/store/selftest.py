"""Self-tests between own SIMs: begun, arrived, judged; one row each.

The message of a self-test is a row like any other, so that pace, evidence and
reports treat it as one; it is marked as our own, and no list and no webhook shows it.
"""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from modemgw.ids import IdSource
from modemgw.policy.selftest import is_from
from modemgw.store import arrivals, events, sims
from modemgw.store.outbound import NewMessage
from modemgw.store.sql import row_id, sql
from modemgw.store.writer import Connection

PURGED = 500  # rows looked at in one job


@dataclass(frozen=True, slots=True)
class SelftestRow:
    """One self-test. Latencies in ms from the moment it went out."""

    id: int
    public_id: str
    token: str
    from_sim_id: int
    to_sim_id: int
    message_id: int | None
    cause: str  # schedule, asked, probe
    attempt: int
    started_at: int
    ended_at: int | None
    result: str
    leg: str | None
    why: str
    submit_ms: int | None
    delivery_ms: int | None
    report_ms: int | None
    arrived_at: int | None
    copies: int


@dataclass(frozen=True, slots=True)
class NewTest:
    """One self-test that is about to begin."""

    public_id: str
    token: str
    from_sim_id: int
    to_sim_id: int
    cause: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Sending:
    """How far the message of a self-test is. `sim_id` None: no SIM had it yet."""

    state: str
    reason: dict[str, Any] | None
    public_id: str
    part_state: str
    submitting_at: int | None
    accepted_at: int | None
    final_at: int | None
    sim_id: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a self-test."""

    result: str
    leg: str | None
    why: str
    submit_ms: int | None
    report_ms: int | None


def begin(
    db: Connection, ids: IdSource, test: NewTest, message: NewMessage
) -> tuple[int, int, int]:
    """Write a self-test and its message; return their ids and the part's."""
    message_id, (part_id,) = arrivals.insert(db, ids, message)
    db.execute(sql("selftest.hide_message"), {"message_id": message_id})
    made = db.execute(
        sql("selftest.insert"),
        {
            "public_id": test.public_id,
            "token": test.token,
            "from_sim_id": test.from_sim_id,
            "to_sim_id": test.to_sim_id,
            "message_id": message_id,
            "cause": test.cause,
            "try": test.attempt,
            "now": message.created_at,
        },
    )
    return row_id(made), message_id, part_id


def arrive(
    db: Connection, *, token: str, sender: str, sim_id: int | None, at: int
) -> int | None:
    """Take a text with a token for a self-test; None: it is somebody's message.

    It is ours only where the token was given out, for this receiving SIM, and the
    sender can be the SIM that sent it. The first one counts, others are copies.
    """
    row = _one(db, "selftest.by_token", {"token": token})
    if row is None or row.to_sim_id != sim_id:
        return None
    sender_row = sims.get(db, row.from_sim_id)
    if not is_from(sender, sender_row.number if sender_row else None):
        note = "its text came from another number than the SIM has"
        if note not in row.why:
            db.execute(sql("selftest.note"), {"id": row.id, "note": note})
        return None
    if row.arrived_at is not None:
        db.execute(sql("selftest.copy"), {"id": row.id})
        return row.id
    db.execute(sql("selftest.arrived"), {"id": row.id, "at": at})
    if row.result != "running":
        db.execute(sql("selftest.note"), {"id": row.id, "note": "it came late"})
    return row.id


def end(
    db: Connection,
    ids: IdSource,
    test_id: int,
    verdict: Verdict,
    now: int,
    *,
    told: dict[str, object] | None,
) -> bool:
    """Write the verdict, with sim.selftest_failed where `told` is its data.

    False where it was judged before; then nothing is written.
    """
    changed = db.execute(
        sql("selftest.end"),
        {
            "id": test_id,
            "result": verdict.result,
            "leg": verdict.leg,
            "why": verdict.why,
            "submit_ms": verdict.submit_ms,
            "report_ms": verdict.report_ms,
            "now": now,
        },
    )
    if changed.rowcount != 1:
        return False
    if told is not None:
        events.append(db, "sim.selftest_failed", at=now, data=told, push=True, ids=ids)
    return True


def sending(db: sqlite3.Connection, message_id: int) -> Sending | None:
    """Return how far the message of a self-test is."""
    row = db.execute(sql("selftest.sending"), {"message_id": message_id}).fetchone()
    if row is None:
        return None
    state, reason, *rest = row
    return Sending(state, json.loads(reason) if reason else None, *rest)


def find(db: sqlite3.Connection, public_id: str) -> SelftestRow | None:
    """Return one self-test by the id that front ends know."""
    return _one(db, "selftest.by_public_id", {"public_id": public_id})


def running(db: sqlite3.Connection) -> list[SelftestRow]:
    """Return those without a verdict."""
    return [SelftestRow(*row) for row in db.execute(sql("selftest.running"))]


def last_from(
    db: sqlite3.Connection, sim_id: int, to_sim_id: int | None = None
) -> int | None:
    """Return when a card last began one that says something, to anyone or to one."""
    wanted = {"sim_id": sim_id, "to_sim_id": to_sim_id}
    row = db.execute(sql("selftest.last_from"), wanted).fetchone()
    return None if row[0] is None else int(row[0])


def recent(db: sqlite3.Connection, sim_id: int, limit: int) -> list[SelftestRow]:
    """Return the last ones that a card sent or was sent, newest first."""
    wanted = {"sim_id": sim_id, "limit": limit}
    rows = {
        row[0]: SelftestRow(*row)
        for name in ("recent_from", "recent_to")
        for row in db.execute(sql(f"selftest.{name}"), wanted)
    }
    return sorted(rows.values(), key=lambda row: row.id, reverse=True)


def purge(db: Connection, before: int) -> int:
    """Forget old self-tests and their messages; return how many went."""
    window = {"before": before, "limit": PURGED}
    db.execute(sql("selftest.purge_messages"), window)
    return db.execute(sql("selftest.purge"), window).rowcount


def _one(
    db: sqlite3.Connection, name: str, values: dict[str, Any]
) -> SelftestRow | None:
    row = db.execute(sql(name), values).fetchone()
    return None if row is None else SelftestRow(*row)
