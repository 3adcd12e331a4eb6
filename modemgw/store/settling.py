"""Doubts that evidence settles: each piece of it goes into the message's timeline.

`by` in the event names the kind of evidence:

    slate           what was typed to the modem before the process died
    late_answer     the modem's answer, after its time or after a restart
    prompt          the modem still waited for the text
    next_reference  the TP-MR of the next text on the SIM
    card_reference  the TP-MR used last, as the card remembers it
    report          a status report (gateway/reports.py)
    person          somebody said so (gateway/doubts.py)
"""

from modemgw.ids import IdSource
from modemgw.store import card_reference, events, evidence, outcomes
from modemgw.store.outbound import JsonDict
from modemgw.store.outcomes import PartRef
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

KIND = "part.evidence"


def weigh(
    db: Connection,
    ids: IdSource,
    part: PartRef,
    tp_mr: int,
    now: int,
) -> list[int]:
    """Let the TP-MR of an accepted part speak about doubts on its SIM.

    Parts that never left go back to the queue; returns their messages' ids.
    """
    finding = evidence.step(db, part.sim_id, tp_mr)
    if not (finding.left or finding.never_left):
        return []
    return _tell(
        *(db, ids, finding, part.sim_id, part.sim, now),
        left="the next text got the reference after it: this one had left",
        never_left="the next text got its reference: this one never left",
        detail={"by": "next_reference", "next": tp_mr},
    )


def by_card(
    db: Connection,
    ids: IdSource,
    sim_id: int,
    imei: str,
    found: int,
    now: int,
    *,
    is_over: bool,
) -> list[int]:
    """Let the last reference on a card speak about doubts on its SIM.

    Returns as `weigh` does; nothing where this modem is not known to keep it true.
    """
    if not card_reference.is_trusted(db, sim_id, imei):
        return []
    finding = evidence.by_card(db, sim_id, found, is_over=is_over)
    return _tell(
        *(db, ids, finding, sim_id, "", now),
        left="the card remembers its reference as used: this one had left",
        never_left="the card does not know its reference yet: this one never left",
        detail={"by": "card_reference", "last": found},
    )


def never_left(
    db: Connection, ids: IdSource, part: PartRef, *, by: str, why: str, now: int
) -> list[int]:
    """Give a part back to the queue, for it certainly did not leave.

    Returns its message's id, nothing where it is not in doubt over this attempt
    any more.
    """
    attempt = {"part_id": part.part_id, "begun_at": part.begun_at}
    if db.execute(sql("outbound.is_doubted"), attempt).fetchone() is None:
        return []
    _requeue(db, ids, part, now, {"evidence": why, "by": by})
    return [part.message_id]


def _tell(
    db: Connection,
    ids: IdSource,
    finding: evidence.Finding,
    sim_id: int,
    sim: str,
    now: int,
    *,
    left: str,
    never_left: str,
    detail: JsonDict,
) -> list[int]:
    for doubt in finding.left:
        events.append(
            db,
            KIND,
            at=now,
            data={"sim": sim, "modem": doubt.modem, "evidence": left, **detail},
            message_id=doubt.message_id,
            part_seq=doubt.seq,
            ids=ids,
        )
    for doubt in finding.never_left:
        place = (doubt.part_id, doubt.message_id, doubt.seq, doubt.segments)
        part = PartRef(*place, sim_id, sim, doubt.modem)
        _requeue(db, ids, part, now, {"evidence": never_left, **detail})
    return [doubt.message_id for doubt in finding.never_left]


def _requeue(
    db: Connection, ids: IdSource, part: PartRef, now: int, detail: JsonDict
) -> None:
    outcomes.requeue(
        db,
        ids,
        part,
        not_before=now,
        reason=None,
        now=now,
        kind=KIND,
        detail=detail,
        keep_pinned=True,
    )
