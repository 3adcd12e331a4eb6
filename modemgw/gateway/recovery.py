"""What a start does with what the last run left half way.

claimed     back to queued     it never reached the port
submitting  the slate decides  never typed: back to queued; answered: as answered
            else in_doubt      its octets may have gone out; evidence or policy decides
accepted    stays              its report may still come
batches     are expanded       what was promised and is not yet rows
raw TPDUs   are worked on      kept and not yet understood
"""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from modemgw.gateway import reports
from modemgw.gateway.verdict import (
    REPORT_GRACE_MS,
    first_decision_at,
    on_in_doubt,
)
from modemgw.ids import IdSource
from modemgw.policy.message import OnInDoubt
from modemgw.store import evidence, meta, outcomes, settling, sims, slate
from modemgw.store.outcomes import PartRef
from modemgw.store.slate import Line, Stage
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.recovery")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BOOT, SLATE = "boot", slate.META_KEY  # keys of meta
WHY = "the gateway stopped while the part was being sent"
NOT_TYPED = "the gateway stopped before the text was typed: it never left"
REFUSED = "the modem refused it before the gateway stopped: it did not leave"
ANSWERED = "the modem had said so before the gateway stopped"

Notes = Mapping[bytes, Line]  # by slate.key of a modem


@dataclass(slots=True)
class Recovered:
    """What became of what was under way. `doubted` by modem, `public_ids` of those.

    `typed` are those of which the slate says that nothing was typed behind them.
    A modem may stand at the prompt of the next text while the outcome of this one
    is not on disk: without the slate that prompt would say "never left" of a text
    that did.
    """

    doubted: dict[str, PartRef] = field(default_factory=dict)
    typed: dict[str, PartRef] = field(default_factory=dict)
    public_ids: list[str] = field(default_factory=list)


def unclaim(db: Connection) -> int:
    """Give claimed parts back to the queue; return how many."""
    return db.execute(sql("outbound.unclaim_all")).rowcount


def settle_submitting(
    db: Connection, ids: IdSource, now: int, notes: Notes | None
) -> Recovered:
    """Settle every part that was on its way, by the slate or as in doubt.

    `notes` None: there is no slate of that run, or it cannot be believed.
    """
    done = Recovered()
    for row in db.execute(sql("outbound.unsettled_parts")).fetchall():
        part_id, message_id, seq, sim_id, modem, begun_at = row[:6]
        klass, options, expires_at = row[6:]
        found = db.execute(sql("outbound.brief"), {"message_id": message_id})
        public_id, segments, sim = found.fetchone()
        ref = PartRef(
            *(part_id, message_id, seq, segments, sim_id, sim or "", modem), begun_at
        )
        if notes is not None:
            line = notes.get(slate.key(modem))
            if _by_slate(db, ids, ref, line, max(expires_at or 0, now), now):
                continue
            if line is not None and line.stage is Stage.TYPED:
                done.typed[modem] = ref
        choice: OnInDoubt = on_in_doubt(json.loads(options), klass)
        outcomes.doubt(
            db,
            ids,
            ref,
            why=WHY,
            decide_at=first_decision_at(choice, klass, expires_at or now, now),
            now=now,
            detail={},
        )
        done.doubted[modem] = ref
        done.public_ids.append(public_id)
    return done


def _by_slate(
    db: Connection,
    ids: IdSource,
    ref: PartRef,
    line: Line | None,
    expires_at: int,
    now: int,
) -> bool:
    """Let the slate speak about a part; False where it does not know either.

    A modem's next text is typed only when the outcome of the one before is on disk:
    a part that is still `submitting` is the last that was typed, or was not.
    """
    if line is None or (line.part_id, line.begun_at) != (ref.part_id, ref.begun_at):
        settling.never_left(db, ids, ref, by="slate", why=NOT_TYPED, now=now)
        return True
    match line.stage:
        case Stage.REFUSED:
            settling.never_left(db, ids, ref, by="slate", why=REFUSED, now=now)
        case Stage.ACCEPTED:
            tp_mr = line.tp_mr if line.tp_mr >= 0 else None
            outcomes.accept(
                db,
                ids,
                ref,
                tp_mr=tp_mr,
                report_due_at=expires_at + REPORT_GRACE_MS,
                now=now,
                detail={"evidence": ANSWERED, "by": "slate"},
            )
            if tp_mr is not None:
                reports.rematch(db, ids, ref.sim_id, tp_mr, now)
                settling.weigh(db, ids, ref, tp_mr, now)
        case Stage.TYPED | Stage.UNCLEAR:
            return False
    return True


def boot_id() -> str:
    """Return what changes when this machine starts anew; empty where unknown."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError as exc:
        # Safe, and slower to be sure: after a crash more stays in doubt.
        extra = {"file": str(BOOT_ID), "error": exc.strerror}
        log.warning("this boot cannot be told from another", extra=extra)
        return ""


def recover(
    db: Connection,
    ids: IdSource,
    now: int,
    boot: str,
    *,
    notes: Notes | None = None,
    token: str = "",
) -> Recovered:
    """Do all of it that is rows.

    Where the machine has started anew since the last run, its modems were most
    likely without power too, and what their counters say next is no evidence.
    `token` proves the slate of the run that begins now.
    """
    unclaim(db)
    same_boot = bool(boot) and boot == meta.get(db, BOOT)
    done = settle_submitting(db, ids, now, notes if same_boot else None)
    if not same_boot:
        for sim in sims.list_sims(db):
            evidence.power_lost(db, sim.id)
        meta.put(db, BOOT, boot)
    meta.put(db, SLATE, token)
    for public_id in done.public_ids:
        log.warning("message in doubt after a stop", extra={"message_id": public_id})
    return done
