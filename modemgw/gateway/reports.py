"""Status reports: which part each is about, and what it does to its message.

Everything here runs inside a job of the writer, in the transaction that also
says what became of the raw TPDU.
"""

from modemgw.errors import PduDecodeError
from modemgw.ids import IdSource
from modemgw.pdu.decode import decode
from modemgw.pdu.report import (
    Delivery,
    StatusReport,
    classify_tp_status,
    describe_tp_status,
)
from modemgw.policy.correlate import (
    CLOCK_SLACK_MS,
    NEAR_MS,
    Candidate,
    match,
    same_recipient,
)
from modemgw.policy.message import PartState
from modemgw.store import inbound, outcomes
from modemgw.store.outbound import JsonDict
from modemgw.store.outcomes import Reported
from modemgw.store.writer import Connection

LOOK_BACK_MS = 8 * 86_400_000  # reports come up to a week after the submit
EARLY_MS = 600_000  # a report may come before its +CMGS, but not longer than this
DOUBT_WINDOW_MS = 600_000  # around a submit in doubt, by the service centre's clock
REPORT_GRACE_MS = 3_600_000
EVER = 1 << 62  # the clock may have been set back since

_STATES: dict[Delivery, PartState | None] = {
    Delivery.DELIVERED: PartState.DELIVERED,
    Delivery.PENDING: None,
    Delivery.FAILED: PartState.UNDELIVERED,
    Delivery.FAILED_TEMPORARY: PartState.UNDELIVERED,
}

# TP-ST to API.md's reason codes where one says more than "the network gave up".
# Spec: 3GPP TS 23.040, 9.2.3.15.
_REASONS = {
    0x41: "network_rejected",
    0x42: "recipient_barred",
    0x43: "recipient_unknown",
    0x46: "expired",
    0x49: "unknown",
    0x61: "recipient_absent",
    0x62: "recipient_absent",
    0x65: "recipient_absent",
}


def _reason(tp_status: int) -> JsonDict:
    temporary = classify_tp_status(tp_status) is Delivery.FAILED_TEMPORARY
    fallback = "recipient_absent" if temporary else "network_rejected"
    return {
        "code": _REASONS.get(tp_status, fallback),
        "detail": describe_tp_status(tp_status),
        "raw": {"kind": "tp_st", "value": tp_status},
        "retryable": temporary,
    }


def apply(
    db: Connection,
    ids: IdSource,
    report: StatusReport,
    *,
    raw_id: int,
    sim_id: int | None,
    now: int,
) -> tuple[int, bool] | None:
    """Find the part a report is about and apply it; return as `outcomes.report`.

    None: no part, or more than one, fits. The report is kept as unmatched, and
    looked at again when a part of this SIM gets this TP-MR.
    """
    applied = _apply(db, ids, report, sim_id, now)
    if applied is None:
        inbound.mark_unmatched(db, raw_id, report.tp_mr)
    else:
        inbound.mark_done(db, raw_id, tp_mr=report.tp_mr)
    return applied


def take(
    db: Connection,
    ids: IdSource,
    report: StatusReport,
    *,
    sim_id: int | None,
    modem: str,
    octets: bytes,
    now: int,
) -> tuple[int, tuple[int, bool] | None]:
    """Apply a report that came routed, and keep it as what it has become.

    Returns its row id and what `apply` does. For one that cannot have come before.
    """
    applied = _apply(db, ids, report, sim_id, now)
    raw_id = inbound.insert_report(
        db,
        sim_id=sim_id,
        modem=modem,
        octets=octets,
        read_at=now,
        tp_mr=report.tp_mr,
        matched=applied is not None,
    )
    return raw_id, applied


def _apply(
    db: Connection, ids: IdSource, report: StatusReport, sim_id: int | None, now: int
) -> tuple[int, bool] | None:
    part = None if sim_id is None else _find(db, report, sim_id, now)
    if part is None:
        return None
    return outcomes.report(
        db,
        ids,
        part,
        tp_mr=report.tp_mr,
        tp_status=report.tp_status,
        part_state=_STATES[report.delivery],
        reason_of=_reason,
        report_due_at=now + REPORT_GRACE_MS,
        now=now,
        detail={
            "sentence": describe_tp_status(report.tp_status),
            "scts": report.scts.iso,
            "discharge": report.discharge.iso,
        },
    )


def _find(
    db: Connection, report: StatusReport, sim_id: int, now: int
) -> Reported | None:
    recipient, scts_ms = report.recipient.text, report.scts.unix_ms
    times = [(now - LOOK_BACK_MS - CLOCK_SLACK_MS, EVER)]
    if scts_ms is not None:
        # What is near wins over all others, and nearly always there is something.
        times.insert(0, (scts_ms - NEAR_MS, scts_ms + NEAR_MS))
    for since, until in times:
        found = outcomes.candidates(
            db, sim_id=sim_id, tp_mr=report.tp_mr, since=since, until=until
        )
        known = [
            Candidate(
                part.part_id, part.recipient, part.accepted_at or 0, part.is_final
            )
            for part in found
        ]
        part_id = match(known, recipient=recipient, scts_ms=scts_ms)
        if part_id is not None:
            return next(part for part in found if part.part_id == part_id)
    part_id = _proof_of_doubt(
        outcomes.doubtful(db, sim_id), recipient, scts_ms
    ) or _proof_of_held(outcomes.held(db), recipient, scts_ms)
    return None if part_id is None else outcomes.reported(db, part_id)


def _proof_of_doubt(
    doubts: list[Candidate], recipient: str, scts_ms: int | None
) -> int | None:
    """Return the one part in doubt that this report proves to have left."""
    if scts_ms is None:
        return None
    fitting = [
        doubt
        for doubt in doubts
        if same_recipient(doubt.recipient, recipient)
        and abs(doubt.accepted_at - scts_ms) <= DOUBT_WINDOW_MS
    ]
    return fitting[0].part_id if len(fitting) == 1 else None


def _proof_of_held(
    held: list[outcomes.Held], recipient: str, scts_ms: int | None
) -> int | None:
    """Return the one part held by a restore that this report is about.

    When it was submitted is not known, so the service centre must have had it between
    the backup and the end of its validity.
    """
    if scts_ms is None:
        return None
    fitting = [
        part.part_id
        for part in held
        if same_recipient(part.recipient, recipient)
        and part.since - DOUBT_WINDOW_MS <= scts_ms
        and (part.until is None or scts_ms <= part.until + DOUBT_WINDOW_MS)
    ]
    return fitting[0] if len(fitting) == 1 else None


def rematch(db: Connection, ids: IdSource, sim_id: int, tp_mr: int, now: int) -> None:
    """Apply reports that came before the `+CMGS:` of their part did."""
    for row in inbound.unmatched_reports(db, sim_id, tp_mr):
        if now - row.read_at > EARLY_MS:
            continue
        try:
            report = decode(row.octets)
        except PduDecodeError:
            continue
        if isinstance(report, StatusReport):
            apply(db, ids, report, raw_id=row.id, sim_id=sim_id, now=now)
