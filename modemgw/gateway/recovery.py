"""What a start does with what the last run left half way.

claimed     back to queued     it never reached the port
submitting  becomes in_doubt   its octets may have gone out; policy decides
accepted    stays              its report may still come
batches     are expanded       what was promised and is not yet rows
raw TPDUs   are worked on      kept and not yet understood
"""

import json
import logging

from modemgw.gateway.verdict import first_decision_at, on_in_doubt
from modemgw.ids import IdSource
from modemgw.policy.message import OnInDoubt
from modemgw.store import outcomes
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.recovery")

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


def recover(db: Connection, ids: IdSource, now: int) -> list[str]:
    """Do all of it that is rows; return the ids of messages now in doubt."""
    unclaim(db)
    doubted = doubt_submitting(db, ids, now)
    for public_id in doubted:
        log.warning("message in doubt after a stop", extra={"message_id": public_id})
    return doubted
