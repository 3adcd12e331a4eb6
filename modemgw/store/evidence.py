"""What a SIM's message references say about parts in doubt.

TP-MR counts up by one with every TPDU that leaves. So the reference of the next
accepted part tells about those in doubt before it:

    the one that was due      none of them left; they may be sent again
    as many further           all of them left; their fate is the network's
    anything else             nothing: left in doubt

Only a SIM whose counter was seen to go up by one, `TRUSTED_STEPS` times in a
row, is believed, and never across a loss of power.

Spec: 3GPP TS 23.040, 9.2.3.6.
"""

import sqlite3
from dataclasses import dataclass

from modemgw.store.sql import sql
from modemgw.store.writer import Connection

TRUSTED_STEPS = 3  # regular steps in a row before the counter is evidence
_CYCLE = 256


@dataclass(frozen=True, slots=True)
class Doubt:
    """A part in doubt, and the TP-MR that its SIM had due."""

    part_id: int
    message_id: int
    seq: int
    modem: str
    expected_mr: int
    segments: int


@dataclass(frozen=True, slots=True)
class Finding:
    """What the TP-MR of an accepted part says: parts that never left, or that did."""

    never_left: tuple[Doubt, ...] = ()
    left: tuple[Doubt, ...] = ()


def expect(db: Connection, part_id: int, sim_id: int) -> None:
    """Note what the counter has due, as a part goes into doubt."""
    row = db.execute(sql("outbound.counter"), {"sim_id": sim_id}).fetchone()
    if row is None or row[0] is None or row[1] < TRUSTED_STEPS:
        return
    due = (row[0] + 1) % _CYCLE
    db.execute(sql("outbound.expect_mr"), {"part_id": part_id, "expected_mr": due})


def step(db: Connection, sim_id: int, tp_mr: int) -> Finding:
    """Note the TP-MR of an accepted part; return what it says about doubts."""
    row = db.execute(sql("outbound.counter"), {"sim_id": sim_id}).fetchone()
    last = None if row is None else row[0]
    doubts = _expecting(db, sim_id)
    further = None if last is None else (tp_mr - last - 1) % _CYCLE
    regular = further == 0 or (bool(doubts) and further == len(doubts))
    db.execute(
        sql("outbound.step_tp_mr"),
        {"sim_id": sim_id, "tp_mr": tp_mr, "regular": regular},
    )
    if not doubts:
        return Finding()
    # All of them waited for the same reference: nothing was accepted in between.
    same = last is not None and all(
        doubt.expected_mr == (last + 1) % _CYCLE for doubt in doubts
    )
    if same and further == 0:
        _judged(db, doubts, left=False)
        return Finding(never_left=tuple(doubts))
    if same and further == len(doubts):
        _judged(db, doubts, left=True)
        return Finding(left=tuple(doubts))
    _judged(db, doubts, left=False)
    return Finding()


def power_lost(db: Connection, sim_id: int) -> None:
    """Forget the counter: what comes next says nothing about what was before."""
    db.execute(sql("outbound.forget_counter"), {"sim_id": sim_id})
    db.execute(sql("outbound.void_expectations"), {"sim_id": sim_id})


def _expecting(db: sqlite3.Connection, sim_id: int) -> list[Doubt]:
    rows = db.execute(sql("outbound.expecting"), {"sim_id": sim_id})
    return [Doubt(*row) for row in rows]


def _judged(db: Connection, doubts: list[Doubt], *, left: bool) -> None:
    for nth, doubt in enumerate(sorted(doubts, key=lambda d: d.part_id)):
        tp_mr = (doubt.expected_mr + nth) % _CYCLE if left else None
        only = len(doubts) == 1
        db.execute(
            sql("outbound.judged"),
            {"part_id": doubt.part_id, "tp_mr": tp_mr if only else None},
        )
