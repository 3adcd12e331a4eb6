"""What became of a submit, and what the network said later.

Each function is one consistent step inside a job of the writer: the part, the
message, and the event that tells of it.
"""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from modemgw.ids import IdSource
from modemgw.policy.correlate import Candidate
from modemgw.policy.message import FINAL, MessageState, PartState, aggregate
from modemgw.store import events, evidence, outbound, wallet
from modemgw.store.events import Step
from modemgw.store.outbound import JsonDict
from modemgw.store.sql import sql, sql_placed
from modemgw.store.tally import PartNote, PartOutcome
from modemgw.store.writer import Connection

_ACCEPT_PART = sql_placed("outbound.accept_part", "part_id", "tp_mr", "now")
_MESSAGE_SENT = sql_placed("outbound.message_sent", "message_id", "now", "decide_at")
_CANDIDATES = sql_placed(
    "outbound.report_candidates", "sim_id", "tp_mr", "since", "until"
)
_REPORT_PART = sql_placed(
    "outbound.report_part", "part_id", "state", "tp_status", "final_at"
)
_MESSAGE_REPORTED = sql_placed(
    "outbound.message_reported", "message_id", "now", "state", "reason"
)

RESENT = "part.resend"  # a requeue of what may have left
_REPORTED = {
    PartState.DELIVERED: PartOutcome.DELIVERED,
    PartState.UNDELIVERED: PartOutcome.UNDELIVERED,
}
_FINAL = frozenset(state.value for state in _REPORTED)
# A look-up costs a tenth of what PartState("…") does.
_PARTS = {state.value: state for state in PartState}
_MESSAGES = {state.value: state for state in MessageState}


class PartRef(NamedTuple):
    """One part of one message, and the SIM that had it."""

    part_id: int
    message_id: int
    seq: int
    segments: int
    sim_id: int
    sim: str
    modem: str
    begun_at: int = 0  # the part's submitting_at: which attempt it is about


def _refusal(part: PartRef, reason: JsonDict | None) -> PartNote:
    code = str(reason["code"]) if reason else ""
    return PartNote(part.sim_id, PartOutcome.REFUSED, code)


def _note(
    db: Connection, ids: IdSource, part: PartRef, kind: str, now: int, data: JsonDict
) -> None:
    events.append(
        db,
        kind,
        at=now,
        data={"sim": part.sim, "modem": part.modem, **data},
        message_id=part.message_id,
        part_seq=part.seq,
        ids=ids,
    )


def accept(
    db: Connection,
    ids: IdSource,
    part: PartRef,
    *,
    tp_mr: int | None,
    report_due_at: int | None,
    now: int,
    detail: JsonDict,
) -> bool:
    """Record that the network has the part; return whether the message is sent.

    `report_due_at`: when to stop waiting for a report; None where none was
    asked for. A part that has its report already is left as it is.
    """
    accepted = db.execute(_ACCEPT_PART, (part.part_id, tp_mr, now))
    if accepted.rowcount != 1:
        return False
    told = {"sim": part.sim, "modem": part.modem, "tp_mr": tp_mr, **detail}
    step = Step("part.accepted", part.seq, told)
    ms = detail.get("ms")
    seconds = ms / 1000 if isinstance(ms, int) else None
    db.notes.append(PartNote(part.sim_id, PartOutcome.ACCEPTED, seconds=seconds))
    return _after_acceptance(db, ids, part, report_due_at, now, step)


def _after_acceptance(
    db: Connection,
    ids: IdSource,
    part: PartRef,
    report_due_at: int | None,
    now: int,
    step: Step | None = None,
) -> bool:
    if part.segments > 1:
        left = db.execute(
            sql("outbound.unsent_parts"), {"message_id": part.message_id}
        ).fetchone()[0]
        if left:
            again = "outbound.message_sending_again"
            outbound.change(db, ids, again, part.message_id, now, step)
            return False
    sent = db.execute(_MESSAGE_SENT, (part.message_id, now, report_due_at))
    outbound.tell_change(db, ids, sent.rowcount == 1, part.message_id, now, step)
    return True


def requeue(
    db: Connection,
    ids: IdSource,
    part: PartRef,
    *,
    not_before: int,
    reason: JsonDict | None,
    now: int,
    kind: str,
    detail: JsonDict,
    keep_pinned: bool,
) -> None:
    """Put a part back: certainly not sent, or a resend was asked for.

    `keep_pinned`: earlier parts left through this SIM, so the rest waits for it.
    What it was counted as is given back, unless `kind` is RESENT.
    """
    db.execute(
        sql("outbound.requeue_part"),
        {"part_id": part.part_id, "not_before": not_before},
    )
    if kind != RESENT:
        wallet.give_back(db, part.part_id)
    _note(db, ids, part, kind, now, detail)
    if kind == "part.not_sent":
        db.notes.append(PartNote(part.sim_id, PartOutcome.NOT_SENT))
    elif kind == "part.refused":
        db.notes.append(_refusal(part, reason))
    if part.segments > 1 and not keep_pinned:
        db.execute(sql("outbound.unclaim_siblings"), {"message_id": part.message_id})
    outbound.change(
        db,
        ids,
        "outbound.message_queued_again",
        part.message_id,
        now,
        reason=json.dumps(reason, ensure_ascii=False) if reason else None,
    )


def fail(
    db: Connection,
    ids: IdSource,
    part: PartRef,
    *,
    reason: JsonDict,
    now: int,
    detail: JsonDict,
) -> None:
    """Record that the part was refused for good; the message has failed."""
    wallet.give_back(db, part.part_id)
    _note(db, ids, part, "part.refused", now, detail)
    db.notes.append(_refusal(part, reason))
    outbound.close(db, ids, part.message_id, MessageState.FAILED, reason, now)


def doubt(
    db: Connection,
    ids: IdSource,
    part: PartRef,
    *,
    why: str,
    decide_at: int | None,
    now: int,
    detail: JsonDict,
    is_over: bool = False,
) -> None:
    """Record that nobody can say whether the part left.

    `is_over`: it had all the time that a submit can take.
    """
    if db.execute(sql("outbound.doubt_part"), {"part_id": part.part_id}).rowcount != 1:
        return
    air = evidence.Air.OVER if is_over else evidence.Air.OPEN
    evidence.expect(db, part.part_id, part.sim_id, air)
    _note(db, ids, part, "part.in_doubt", now, {"why": why, **detail})
    db.notes.append(PartNote(part.sim_id, PartOutcome.IN_DOUBT))
    reason: JsonDict = {
        "code": "modem_timeout",
        "detail": why,
        "raw": None,
        "retryable": True,
    }
    outbound.change(
        db,
        ids,
        "outbound.doubt_message",
        part.message_id,
        now,
        decide_at=decide_at,
        reason=json.dumps(reason, ensure_ascii=False),
    )


def settle_as_sent(
    db: Connection, ids: IdSource, message_id: int, now: int
) -> MessageState:
    """Take a person's word that the parts in doubt left; their TP-MR is not known."""
    rows = db.execute(
        sql("outbound.doubtful_parts"), {"message_id": message_id}
    ).fetchall()
    segments = int(
        db.execute(sql("outbound.brief"), {"message_id": message_id}).fetchone()[1]
    )
    sent = False
    for part_id, seq, sim_id, modem in rows:
        sent = accept(
            db,
            ids,
            PartRef(part_id, message_id, seq, segments, sim_id or 0, "", modem or ""),
            tp_mr=None,
            report_due_at=None,
            now=now,
            detail={"evidence": "settled by a person", "by": "person"},
        )
    return MessageState.SENT if sent else MessageState.SENDING


class Reported(NamedTuple):
    """A part as its report finds it."""

    part_id: int
    recipient: str
    accepted_at: int | None
    state: str
    message_id: int
    seq: int
    message_state: str
    segments: int
    sim_id: int | None

    @property
    def is_final(self) -> bool:
        """Whether it has its final report already."""
        return self.state in _FINAL


def candidates(
    db: sqlite3.Connection, *, sim_id: int, tp_mr: int, since: int, until: int
) -> list[Reported]:
    """Return the parts of this SIM and TP-MR accepted in this time, newest first.

    At most 50: on a busy SIM a TP-MR comes again within a minute.
    """
    rows = db.execute(_CANDIDATES, (sim_id, tp_mr, since, until))
    return [Reported(*row) for row in rows]


def reported(db: sqlite3.Connection, part_id: int) -> Reported:
    """Return one part as its report finds it."""
    row = db.execute(sql("outbound.part_of_report"), {"part_id": part_id}).fetchone()
    return Reported(*row)


def doubtful(db: sqlite3.Connection, sim_id: int) -> list[Candidate]:
    """Return the parts in doubt on this SIM; their TP-MR is not known."""
    return [
        Candidate(row[0], row[1], row[2], False)
        for row in db.execute(sql("outbound.doubtful_candidates"), {"sim_id": sim_id})
    ]


@dataclass(frozen=True, slots=True)
class Held:
    """A part that a restore holds: it left in this time, or never. Unix ms."""

    part_id: int
    recipient: str
    since: int
    until: int | None


def held(db: sqlite3.Connection) -> list[Held]:
    """Return the parts that a restore holds; which SIM had them is not known."""
    return [Held(*row) for row in db.execute(sql("restoring.held_candidates"))]


def report(
    db: Connection,
    ids: IdSource,
    part: Reported,
    *,
    tp_mr: int,
    tp_status: int,
    part_state: PartState | None,
    reason_of: Callable[[int], JsonDict],
    report_due_at: int | None,
    now: int,
    detail: JsonDict,
) -> tuple[int, bool]:
    """Apply a status report to its part; return the message's id, and if it goes on.

    It goes on where a doubt is settled and other parts of it may still wait.
    `reason_of` says what a TP-ST means for a message: that of the first part that
    did not arrive, whichever report was the last.

    `part_state` None: a temporary report, noted and nothing more. A part in
    doubt is proven to have left. The first final report wins, except that
    delivered lifts undelivered.
    """
    part_id, _, accepted_at, before, message_id, seq, state, segments, sim_id = part
    old, message = _PARTS[before], _MESSAGES[state]
    was_open = old is PartState.IN_DOUBT or old is PartState.SUBMITTING
    lifts = part_state is PartState.DELIVERED or old is not PartState.UNDELIVERED
    takes = part_state is not None and old is not PartState.DELIVERED and lifts
    note: JsonDict = {"tp_mr": tp_mr, "tp_status": tp_status, **detail}
    if was_open:
        note.update(evidence="a report came: this one had left", by="report")
    if part_state is not None and not takes:
        note["ignored"] = "the part has its final report already"
    step: Step | None = Step("part.report", seq, note)
    if was_open:
        db.execute(sql("outbound.prove_part"), {"part_id": part_id, "tp_mr": tp_mr})
        ref = PartRef(part_id, message_id, seq, segments, 0, "", "")
        _after_acceptance(db, ids, ref, report_due_at, now, step)
        step = None
    if part_state is not None and takes:
        db.execute(_REPORT_PART, (part_id, part_state.value, tp_status, now))
        took = None if accepted_at is None else max(0, now - accepted_at) / 1000
        db.notes.append(PartNote(sim_id or 0, _REPORTED[part_state], seconds=took))
        only = part_state if segments == 1 else None
        verdict = _verdict(db, message_id, message, only)
        if verdict is not None:
            told = None
            if verdict is not MessageState.DELIVERED:
                bad = sql("outbound.bad_status")
                status = db.execute(bad, {"message_id": message_id}).fetchone()[0]
                told = json.dumps(reason_of(status), ensure_ascii=False)
            wanted = (message_id, now, verdict.value, told)
            db.execute(_MESSAGE_REPORTED, wanted)
            outbound.tell_change(db, ids, True, message_id, now, step)
            step = None
    elif part_state is None:
        row = {"part_id": part_id, "tp_status": tp_status}
        db.execute(sql("outbound.note_status"), row)
    if step is not None:
        outbound.tell(db, ids, step, message_id, now)
    return int(message_id), message is MessageState.IN_DOUBT and segments > 1


def _verdict(
    db: Connection,
    message_id: int,
    before: MessageState,
    only_part: PartState | None,
) -> MessageState | None:
    """Return the state that a message is brought into by a report, if it is."""
    if only_part is not None:
        verdict = aggregate([only_part])
    else:
        rows = db.execute(sql("outbound.part_states"), {"message_id": message_id})
        verdict = aggregate(PartState(row[0]) for row in rows)
    if verdict is None or verdict is before or before is MessageState.DELIVERED:
        return None
    if before in FINAL and before not in (
        MessageState.NO_REPORT,
        MessageState.UNDELIVERED,
    ):
        return None
    return verdict
