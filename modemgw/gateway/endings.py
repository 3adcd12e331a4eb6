"""How messages end, or go to bed, that wait in the queue.

Each function returns the job of the writer that says so.
"""

from collections.abc import Sequence

from modemgw.gateway.queue import Entry
from modemgw.gateway.verdict import Job
from modemgw.ids import IdSource
from modemgw.policy.message import MessageState
from modemgw.store import outbound
from modemgw.store.outbound import JsonDict
from modemgw.store.writer import Connection


def expired(
    ids: IdSource,
    entry: Entry,
    now: int,
    *,
    at_night: bool = False,
    limit: str | None = None,
) -> Job:
    """Return the job that ends a message whose validity ended in the queue.

    `limit` of its key, where that kept it there.
    """
    if limit is not None:
        return _blocked(ids, entry, now, limit)
    why = "no SIM could send it before its "
    why += "quiet hours and the end of its validity" if at_night else "validity ended"
    story: JsonDict = {
        "code": "quiet_hours" if at_night else "expired",
        "detail": why,
        "raw": None,
        "retryable": True,
    }

    def job(db: Connection) -> object:
        return outbound.close(
            db, ids, entry.message_id, MessageState.EXPIRED, story, now
        )

    return job


def _blocked(ids: IdSource, entry: Entry, now: int, limit: str) -> Job:
    story: JsonDict = {
        "code": "quota",
        "detail": f"its key reached its limit of {limit}, and the validity ended",
        "raw": None,
        "retryable": True,
    }

    def job(db: Connection) -> object:
        return outbound.close(
            db, ids, entry.message_id, MessageState.BLOCKED, story, now
        )

    return job


def put_to_bed(ids: IdSource, sleepers: Sequence[tuple[Entry, int]], now: int) -> Job:
    """Return the job that schedules messages for the end of their quiet hours.

    One whose validity ends before that will never be sent, and is told so at once.
    """
    story: JsonDict = {
        "code": "quiet_hours",
        "detail": "its validity ends in the quiet hours",
        "raw": None,
        "retryable": True,
    }

    def job(db: Connection) -> None:
        for entry, until in sleepers:
            if until < entry.expires_at:
                outbound.postpone(db, ids, entry.message_id, until, now)
            else:
                state = MessageState.EXPIRED
                outbound.close(db, ids, entry.message_id, state, story, now)

    return job
