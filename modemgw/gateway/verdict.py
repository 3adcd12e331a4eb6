"""From what a modem did with a part to the rows that tell it and what follows.

One function per outcome. Each returns a `Verdict`: the job that makes it durable,
and what becomes of the message in memory. The lane applies both; nothing here
waits, writes or knows a task.
"""

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from modemgw.at.codes import Code, refusal
from modemgw.gateway import reports
from modemgw.gateway.queue import Entry, Slot
from modemgw.ids import IdSource
from modemgw.modem.model import Accepted, InDoubt, NotSent, Refused, WireLine
from modemgw.policy.blame import Culprit, Finding
from modemgw.policy.message import (
    DEFAULT_ON_IN_DOUBT,
    OnInDoubt,
)
from modemgw.policy.retry import (
    Again,
    CountAsSent,
    Doubtful,
    GiveUp,
    backoff_ms,
    decide,
)
from modemgw.store import evidence, outcomes, settling
from modemgw.store.outbound import JsonDict
from modemgw.store.outcomes import PartRef
from modemgw.store.writer import Connection

REPORT_GRACE_MS = 3_600_000  # reports come up to an hour after the validity ended
EVIDENCE_MS = 60_000  # a late +CMGS or a report may settle a doubt before policy does
WAIT_REPORT_MS = 900_000  # how long `wait_report` waits before the class decides
NO_PROMPT_REST_MS = 5_000  # a modem that gave no prompt is left alone so long

Job = Callable[[Connection], object]


class Fate(Enum):
    """What becomes of the message in memory."""

    NEXT = "next"  # this part left; the same SIM goes on with the next one
    BACK = "back"  # to the queue, under its new wish and time
    GONE = "gone"  # out of the queue: sent, failed, or in doubt


class Verdict(NamedTuple):
    """What one outcome means."""

    job: Job  # a list it returns holds ids of messages that may be sent again
    fate: Fate
    why: str  # for the log
    rest_ms: int = 0  # this SIM takes nothing for so long
    rest_because: str = ""
    sent: bool = False  # the network has it
    doubt: bool = False  # the deadlines of the message have changed
    refusal: str = ""  # the reason code of one that said no


class Attempt(NamedTuple):
    """One submit: which part of which message, through which SIM, and when."""

    entry: Entry
    slot: Slot
    ref: PartRef
    started_at: int
    report: bool  # a status report was asked for on the wire


def report_due_at(entry: Entry, report: bool, now: int) -> int | None:
    """Return when to stop waiting for a report, None where none will come."""
    if not report:
        return None
    return max(entry.expires_at, now) + REPORT_GRACE_MS


def on_in_doubt(options: JsonDict, klass: str) -> OnInDoubt:
    """Return what the sender, or else the class, wants done about a doubt."""
    asked = options.get("on_in_doubt")
    return OnInDoubt(asked) if isinstance(asked, str) else DEFAULT_ON_IN_DOUBT[klass]


def first_decision_at(
    choice: OnInDoubt, klass: str, expires_at: int, now: int
) -> int | None:
    """Return when policy first looks at a doubt. Evidence has until then."""
    match choice:
        case OnInDoubt.RESEND | OnInDoubt.DROP:
            return now + EVIDENCE_MS
        case OnInDoubt.WAIT_REPORT if klass == "otp":
            return max(expires_at, now + EVIDENCE_MS)
        case OnInDoubt.WAIT_REPORT:
            return now + WAIT_REPORT_MS
        case OnInDoubt.HOLD:
            return max(expires_at, now) + REPORT_GRACE_MS


def _reason(code: Code, text: str, *, retryable: bool, reason: str) -> JsonDict:
    return {
        "code": reason,
        "detail": code.sentence,
        "raw": {"kind": "at", "value": text},
        "retryable": retryable,
    }


def accepted(ids: IdSource, attempt: Attempt, outcome: Accepted, now: int) -> Verdict:
    """Return the verdict on a part the network took."""
    # A modem may say OK and give no reference: sent, and no report can be matched.
    tp_mr = outcome.tp_mr if outcome.tp_mr >= 0 else None
    return _sent(
        ids,
        attempt,
        tp_mr,
        now,
        {"ms": round(outcome.seconds * 1000), "at": outcome.wire},
        "part accepted",
    )


def _sent(
    ids: IdSource,
    attempt: Attempt,
    tp_mr: int | None,
    now: int,
    detail: JsonDict,
    why: str,
) -> Verdict:
    due = report_due_at(attempt.entry, attempt.report and tp_mr is not None, now)
    ref = attempt.ref

    def job(db: Connection) -> list[int]:
        outcomes.accept(
            db, ids, ref, tp_mr=tp_mr, report_due_at=due, now=now, detail=detail
        )
        if tp_mr is None:
            return []
        had_report = evidence.count(db, ref.sim_id, tp_mr)
        if had_report is False:
            return []
        reports.rematch(db, ids, ref.sim_id, tp_mr, now)
        return settling.weigh(db, ids, ref, tp_mr, now) if had_report is None else []

    last = len(attempt.entry.parts) <= 1
    return Verdict(job, Fate.GONE if last else Fate.NEXT, why, sent=True)


def in_doubt(ids: IdSource, attempt: Attempt, outcome: InDoubt, now: int) -> Verdict:
    """Return the verdict on a part of which nobody can say whether it left."""
    why, wire, is_over = outcome.why, outcome.wire, outcome.is_over
    return _doubtful(ids, attempt, why, wire, now, is_over=is_over)


def _doubtful(
    ids: IdSource,
    attempt: Attempt,
    why: str,
    wire: tuple[WireLine, ...],
    now: int,
    *,
    is_over: bool = False,
) -> Verdict:
    entry = attempt.entry
    choice = on_in_doubt(entry.options, entry.klass)
    decide_at = first_decision_at(choice, entry.klass, entry.expires_at, now)

    def job(db: Connection) -> None:
        outcomes.doubt(
            db,
            ids,
            attempt.ref,
            why=why,
            decide_at=decide_at,
            now=now,
            detail={"at": wire},
            is_over=is_over,
        )

    return Verdict(job, Fate.GONE, "part in doubt", doubt=True)


def not_sent(
    ids: IdSource, attempt: Attempt, outcome: NotSent, now: int, *, jitter: float
) -> Verdict:
    """Return the verdict on a part of which certainly no octet went out.

    It may go again at once, through any SIM; only the modem has to rest.
    """
    entry = attempt.entry
    attempt.slot.attempts += 1
    pause = 0
    if outcome.modem_fault:
        pause = backoff_ms(attempt.slot.attempts, jitter) if _many(attempt) else 0
    return _again(
        ids,
        attempt,
        not_before=now + pause,
        reason=None,
        now=now,
        kind="part.not_sent",
        detail={"why": outcome.why, "at": outcome.wire},
        wish_excludes=False,
        verdict=Verdict(
            lambda db: None,
            Fate.BACK,
            "part not sent",
            rest_ms=NO_PROMPT_REST_MS if outcome.modem_fault else 0,
            rest_because="the modem gave no prompt",
        ),
        entry=entry,
    )


def _many(attempt: Attempt) -> bool:
    return attempt.slot.attempts > 2  # noqa: PLR2004 - the third failure waits


def refused(
    ids: IdSource,
    attempt: Attempt,
    outcome: Refused,
    now: int,
    *,
    other_sims: int,
    blame: Callable[[Code], Finding],
    jitter: float,
) -> Verdict:
    """Return the verdict on a final result that said no; `blame` says whose fault."""
    entry = attempt.entry
    attempt.slot.attempts += 1
    code = refusal(
        outcome.code,
        outcome.text,
        seconds_after_submit=outcome.seconds,
        vendor=outcome.vendor,
    )
    finding = blame(code)
    pinned = entry.wish.pinned_sim_id is not None
    decision = decide(
        code,
        attempt=attempt.slot.attempts,
        other_sims=other_sims,
        finding=finding,
        asked_others=bool(entry.wish.excluded),
        pinned=pinned,
        jitter=jitter,
    )
    detail: JsonDict = {
        "code": outcome.code,
        "text": outcome.text,
        "sentence": code.sentence,
        "at": outcome.wire,
    }
    if finding.culprit is not Culprit.UNKNOWN:
        detail["fault"] = finding.culprit.value
    match decision:
        case CountAsSent():
            return _sent(ids, attempt, None, now, detail, "part was there already")
        case Doubtful():
            why = f"{outcome.text} came {outcome.seconds:.0f} s after the TPDU"
            return _doubtful(ids, attempt, why, outcome.wire, now)
        case GiveUp(reason, retryable):
            story = _reason(code, outcome.text, retryable=retryable, reason=reason)

            def fail(db: Connection) -> None:
                outcomes.fail(
                    db, ids, attempt.ref, reason=story, now=now, detail=detail
                )

            return Verdict(fail, Fate.GONE, "part refused for good", refusal=reason)
        case Again(after_ms, exclude_sim, fix_modem):
            if not exclude_sim and entry.wish.excluded:
                # Nobody is left who has not refused it: after the pause any may try.
                entry.wish = replace(entry.wish, excluded=frozenset())
            return _again(
                ids,
                attempt,
                not_before=now + after_ms,
                reason=_reason(code, outcome.text, retryable=True, reason=code.reason),
                now=now,
                kind="part.refused",
                detail=detail,
                wish_excludes=exclude_sim,
                verdict=Verdict(
                    lambda db: None,
                    Fate.BACK,
                    "part refused, will be tried again",
                    rest_ms=NO_PROMPT_REST_MS if fix_modem else 0,
                    rest_because=code.sentence,
                    refusal=code.reason,
                ),
                entry=entry,
            )


def _again(
    ids: IdSource,
    attempt: Attempt,
    *,
    not_before: int,
    reason: JsonDict | None,
    now: int,
    kind: str,
    detail: JsonDict,
    wish_excludes: bool,
    verdict: Verdict,
    entry: Entry,
) -> Verdict:
    pinned = entry.wish.pinned_sim_id is not None
    entry.not_before = not_before
    if wish_excludes:
        entry.wish = replace(
            entry.wish, excluded=entry.wish.excluded | {attempt.ref.sim_id}
        )

    def job(db: Connection) -> None:
        outcomes.requeue(
            db,
            ids,
            attempt.ref,
            not_before=not_before,
            reason=reason,
            now=now,
            kind=kind,
            detail=detail,
            keep_pinned=pinned,
        )

    return verdict._replace(job=job)


def unencodable(ids: IdSource, attempt: Attempt, why: str, now: int) -> Verdict:
    """Return the verdict on a message that cannot be rendered any more."""
    story: JsonDict = {
        "code": "unencodable",
        "detail": why,
        "raw": None,
        "retryable": False,
    }

    def job(db: Connection) -> None:
        outcomes.fail(db, ids, attempt.ref, reason=story, now=now, detail={"why": why})

    return Verdict(job, Fate.GONE, "message cannot be encoded")
