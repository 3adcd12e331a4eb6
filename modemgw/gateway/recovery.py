"""What a start does with what the last run left half way.

claimed     back to queued     it never reached the port
submitting  becomes in_doubt   its octets may have gone out; policy decides
accepted    stays              its report may still come
batches     are expanded       what was promised and is not yet rows
raw TPDUs   are worked on      kept and not yet understood
"""

import json
import logging
from pathlib import Path

from modemgw.gateway.verdict import first_decision_at, on_in_doubt
from modemgw.ids import IdSource
from modemgw.policy.message import OnInDoubt
from modemgw.store import evidence, meta, outcomes, sims
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.recovery")

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
WHY = "the gateway stopped while the part was being sent"


def unclaim(db: Connection) -> int:
    """Give claimed parts back to the queue; return how many."""
    return db.execute(sql("outbound.unclaim_all")).rowcount


def doubt_submitting(db: Connection, ids: IdSource, now: int) -> list[str]:
    """Put every part that was on its way in doubt; return the message ids."""
    rows = db.execute(sql("outbound.unsettled_parts")).fetchall()
    doubted: list[str] = []
    for part_id, message_id, seq, sim_id, modem, klass, options, expires_at in rows:
        brief = db.execute(sql("outbound.brief"), {"message_id": message_id}).fetchone()
        choice: OnInDoubt = on_in_doubt(json.loads(options), klass)
        outcomes.doubt(
            db,
            ids,
            outcomes.PartRef(
                part_id, message_id, seq, brief[5], sim_id, brief[11] or "", modem
            ),
            why=WHY,
            decide_at=first_decision_at(choice, klass, expires_at or now, now),
            now=now,
            detail={},
        )
        doubted.append(brief[0])
    return doubted


def boot_id() -> str:
    """Return what changes when this machine starts anew; empty where unknown."""
    try:
        return BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def recover(db: Connection, ids: IdSource, now: int, boot: str) -> list[str]:
    """Do all of it that is rows; return the ids of messages now in doubt.

    Where the machine has started anew since the last run, its modems were most
    likely without power too, and what their counters say next is no evidence.
    """
    unclaim(db)
    doubted = doubt_submitting(db, ids, now)
    if not boot or boot != meta.get(db, "boot"):
        for sim in sims.list_sims(db):
            evidence.power_lost(db, sim.id)
        meta.put(db, "boot", boot)
    for public_id in doubted:
        log.warning("message in doubt after a stop", extra={"message_id": public_id})
    return doubted
