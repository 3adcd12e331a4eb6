"""What a SIM's message references say about parts in doubt.

TP-MR counts up by one with every TPDU that leaves. So the reference of the next
accepted part tells about those in doubt before it:

    the one that was due      none of them left; they may be sent again
    as many further           all of them left; their fate is the network's
    anything else             nothing: left in doubt

Only a SIM whose counter was seen to go up by one, `TRUSTED_STEPS` times in a
row, is believed, and never across a loss of power. The last reference that the
card itself remembers (store/card_reference.py) outlives that.

Spec: 3GPP TS 23.040, 9.2.3.6.
"""

import sqlite3
from dataclasses import dataclass
from enum import IntEnum

from modemgw.store import card_reference
from modemgw.store.sql import sql, sql_placed
from modemgw.store.writer import Connection

TRUSTED_STEPS = 3  # regular steps in a row before the counter is evidence
_CYCLE = 256
_COUNT_TP_MR = sql_placed("outbound.count_tp_mr", "sim_id", "tp_mr")
_CAME_EARLY = sql_placed("outbound.came_early", "sim_id", "tp_mr")


class Air(IntEnum):
    """Whether a part in doubt can still be on its way."""

    OPEN = 0  # it may
    OVER = 1  # the modem had all the time that a submit can take
    CUT = 2  # the modem lost its power before the doubt was settled


@dataclass(frozen=True, slots=True)
class Doubt:
    """A part in doubt, and the TP-MR that its SIM had due."""

    part_id: int
    message_id: int
    seq: int
    modem: str
    expected_mr: int
    segments: int
    air: Air


@dataclass(frozen=True, slots=True)
class Finding:
    """What the TP-MR of an accepted part says: parts that never left, or that did."""

    never_left: tuple[Doubt, ...] = ()
    left: tuple[Doubt, ...] = ()


def expect(db: Connection, part_id: int, sim_id: int, air: Air = Air.OPEN) -> None:
    """Note what the counter has due, as a part goes into doubt."""
    row = db.execute(sql("outbound.counter"), {"sim_id": sim_id}).fetchone()
    if row is None or row[0] is None or row[1] < TRUSTED_STEPS:
        return
    due = (row[0] + 1) % _CYCLE
    expected = {"part_id": part_id, "expected_mr": due, "air": air}
    db.execute(sql("outbound.expect_mr"), expected)


def count(db: Connection, sim_id: int, tp_mr: int) -> bool | None:
    """Note the TP-MR of an accepted part where no doubt waits for it: nearly always.

    Returns whether a report with it fitted no part when it came; None, and nothing is
    noted, where `step` has to look at doubts.
    """
    if db.execute(_COUNT_TP_MR, (sim_id, tp_mr)).rowcount != 1:
        return None
    return db.execute(_CAME_EARLY, (sim_id, tp_mr)).fetchone() is not None


def step(db: Connection, sim_id: int, tp_mr: int) -> Finding:
    """Note the TP-MR of an accepted part; return what it says about doubts."""
    row = db.execute(sql("outbound.counter"), {"sim_id": sim_id}).fetchone()
    last = None if row is None else row[0]
    doubts = expecting(db, sim_id)
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
        judge(db, doubts, left=False)
        return Finding(never_left=tuple(doubts))
    if same and further == len(doubts):
        judge(db, doubts, left=True)
        return Finding(left=tuple(doubts))
    judge(db, doubts, left=False)
    return Finding()


def power_lost(db: Connection, sim_id: int) -> None:
    """Forget the counter: what comes next says nothing about what was before."""
    db.execute(sql("outbound.forget_counter"), {"sim_id": sim_id})
    if card_reference.is_proven(db, sim_id):
        db.execute(sql("outbound.cut_short"), {"sim_id": sim_id})
    else:
        db.execute(sql("outbound.void_expectations"), {"sim_id": sim_id})


def by_card(db: Connection, sim_id: int, found: int, *, is_over: bool) -> Finding:
    """Return what the last reference on the card says about doubts.

    `is_over`: nothing that was typed can still be on its way. Only then, and
    not where the power went meanwhile, an unused reference says "never left":
    a modem may write it down as late as after the network's answer.
    """
    doubts = expecting(db, sim_id)
    due = doubts[0].expected_mr if doubts else 0
    if not doubts or any(doubt.expected_mr != due for doubt in doubts):
        return Finding()
    used = (found - due + 1) % _CYCLE
    if used == 0:
        sure = [
            d for d in doubts if d.air is Air.OVER or (is_over and d.air is Air.OPEN)
        ]
        judge(db, sure, left=False)
        return Finding(never_left=tuple(sure))
    if used == len(doubts):
        judge(db, doubts, left=True)
        db.execute(sql("outbound.move_counter"), {"sim_id": sim_id, "tp_mr": found})
        return Finding(left=tuple(doubts))
    return Finding()


def expecting(db: sqlite3.Connection, sim_id: int) -> list[Doubt]:
    """Return the parts in doubt on a SIM that had a known reference due."""
    rows = db.execute(sql("outbound.expecting"), {"sim_id": sim_id})
    return [
        Doubt(row[0], row[1], row[2], row[3], row[4], row[5], Air(row[6]))
        for row in rows
    ]


def sims_expecting(db: sqlite3.Connection) -> list[int]:
    """Return the SIMs of which `expecting` would return something."""
    return [int(row[0]) for row in db.execute(sql("outbound.sims_expecting"))]


def judge(db: Connection, doubts: list[Doubt], *, left: bool) -> None:
    """Note what was found; it is not asked again."""
    for nth, doubt in enumerate(sorted(doubts, key=lambda d: d.part_id)):
        tp_mr = (doubt.expected_mr + nth) % _CYCLE if left else None
        only = len(doubts) == 1
        db.execute(
            sql("outbound.judged"),
            {"part_id": doubt.part_id, "tp_mr": tp_mr if only else None},
        )
