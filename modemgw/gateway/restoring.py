"""What a restored database may do by itself: nothing that was perhaps done since.

A backup of 03:30 that is restored at 10:00 knows messages as waiting that left at
03:31. So what was open is held, as `in_doubt`, until a report, or a person, settles it:

    queued, sending    in_doubt; which SIM had it, and when, is not known
    scheduled          as it was, if its time is yet to come: it cannot have left
    in_doubt           stays; no policy decides about it any more
    sent               stays; its report may still come
    batches            become rows first, which are then held
    planned answers    are not given: they may have been
    cursors of events  begin anew far behind all that were given out
    counters of SIMs   are forgotten: the next TP-MR is no evidence

The file side of it is store/restore.py.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from modemgw.gateway import audit, entering
from modemgw.gateway.model import Caller
from modemgw.gateway.recovery import BOOT, SLATE
from modemgw.gateway.verdict import REPORT_GRACE_MS
from modemgw.gateway.views import instant
from modemgw.ids import IdSource
from modemgw.policy.message import MessageState
from modemgw.store import arrivals, batches, meta, outbound, reactions, sims
from modemgw.store.outbound import JsonDict, NewMessage
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

RESTORED = "restored"  # key of meta: JSON, when and from what
HELD_MS = 3 * 86_400_000  # a person has so long at least
SOON_MS = 600_000  # a schedule that near may have been early by another clock
JUMP = 1000  # more states than any message goes through
SLICE = 500

Progress = Callable[[int], None]


class Choice(Enum):
    """What becomes of messages that were open when the backup was made."""

    HOLD = "hold"  # a person settles them
    SEND = "send"  # they go out, perhaps a second time
    FAIL = "fail"  # they are over


@dataclass(slots=True)
class Settled:
    """What became of what was open, in numbers."""

    held: int = 0
    sending: int = 0  # left to go out by itself
    failed: int = 0
    scheduled: int = 0  # of these: their time is yet to come
    doubts: int = 0  # in doubt when the backup was made
    sent: int = 0  # wait for their reports
    answers: int = 0  # planned answers that are not given
    batches: int = 0
    own: int = field(default=0)  # self-tests, closed


@dataclass(frozen=True, slots=True)
class Restoring:
    """One restore: when the backup was made and when it is put to use, Unix ms."""

    backup_at: int
    now: int
    choice: Choice = Choice.HOLD
    source: str = ""  # file name, for people

    @property
    def clock_is_sane(self) -> bool:
        """Say whether this machine's clock is behind the backup's at all."""
        return self.now >= self.backup_at

    @property
    def why(self) -> str:
        """What the reason of a held message says."""
        return (
            f"restored from a backup of {instant(self.backup_at)}: it may have left"
            " since then"
        )


def settle(
    db: Connection,
    ids: IdSource,
    restoring: Restoring,
    *,
    told: Progress = lambda done: None,
) -> Settled:
    """Settle what was open in a database that nobody else has open.

    Commits slice by slice: the file is not in use yet. `told` hears how many
    messages were gone through.
    """
    done = Settled()
    db.execute("BEGIN")
    about = {"backup_at": restoring.backup_at, "open": restoring.choice.value}
    epoch = {"at": restoring.now, "data": json.dumps(about)}
    db.execute(sql("restoring.begin_epoch"), epoch)
    _expand(db, ids, done)
    _forget(db, restoring, done)
    count = 0
    for state in ("sent", "in_doubt", "sending", "queued", "scheduled"):
        after = 0
        while rows := _some(db, state, after):
            for row in rows:
                _settle_one(db, ids, restoring, MessageState(state), row, done)
            after = rows[-1][0]
            count += len(rows)
            told(count)
            db.execute("COMMIT")
            db.execute("BEGIN")
    _note(db, restoring, done)
    db.execute("COMMIT")
    return done


_Row = tuple[int, int, int | None, int]


def _some(db: Connection, state: str, after: int) -> list[_Row]:
    window = {"state": state, "after": after, "limit": SLICE}
    return db.execute(sql("restoring.open_messages"), window).fetchall()


def _settle_one(
    db: Connection,
    ids: IdSource,
    restoring: Restoring,
    state: MessageState,
    row: _Row,
    done: Settled,
) -> None:
    message_id, not_before, expires_at, own = row
    db.execute(sql("restoring.jump"), {"message_id": message_id, "jump": JUMP})
    is_to_come = restoring.clock_is_sane and not_before > restoring.now + SOON_MS
    if state is MessageState.SENT:
        done.sent += 1
    elif own:
        _close(db, ids, message_id, "a self-test before the restore", restoring)
        done.own += 1
    elif state is MessageState.SCHEDULED and is_to_come:
        done.scheduled += 1
    elif restoring.choice is Choice.FAIL:
        _close(db, ids, message_id, restoring.why, restoring)
        done.failed += 1
    elif restoring.choice is Choice.SEND:
        done.sending += 1
    elif state is MessageState.IN_DOUBT:
        late = decide_at(expires_at, restoring.now)
        postponed = {"message_id": message_id, "decide_at": late}
        db.execute(sql("outbound.postpone_decision"), postponed)
        since = {"message_id": message_id, "since": restoring.backup_at}
        db.execute(sql("restoring.hold_parts"), since)
        done.doubts += 1
    else:
        hold(
            *(db, ids, message_id, expires_at),
            why=restoring.why,
            since=restoring.backup_at,
            now=restoring.now,
        )
        done.held += 1


def hold(
    db: Connection,
    ids: IdSource,
    message_id: int,
    expires_at: int | None,
    *,
    why: str,
    since: int,
    now: int,
) -> None:
    """Let a waiting message be in doubt: it may have left since, from elsewhere."""
    window = {"message_id": message_id, "since": since}
    db.execute(sql("restoring.hold_parts"), window)
    outbound.change(
        db,
        ids,
        "restoring.hold_message",
        message_id,
        now,
        decide_at=decide_at(expires_at, now),
        reason=json.dumps(_reason(why)),
    )


def decide_at(expires_at: int | None, now: int) -> int:
    """Return when a held message becomes no_report if nobody settles it."""
    return max((expires_at or now) + REPORT_GRACE_MS, now + HELD_MS)


def _close(
    db: Connection, ids: IdSource, message_id: int, why: str, restoring: Restoring
) -> None:
    reason = _reason(why)
    outbound.close(db, ids, message_id, MessageState.FAILED, reason, restoring.now)


def _reason(why: str) -> JsonDict:
    return {"code": "unknown", "detail": why, "raw": None, "retryable": True}


def _expand(db: Connection, ids: IdSource, done: Settled) -> None:
    """Make rows of what batches promised."""
    while (batch := batches.next_unexpanded(db)) is not None:
        news = msgspec.json.decode(batch.pending, type=list[NewMessage])
        for at in range(batch.expanded, len(news), SLICE):
            some = [
                entering.whole(db, msgspec.structs.replace(new, batch_id=batch.id), 1)
                for new in news[at : at + SLICE]
            ]
            arrivals.insert_all(db, ids, some)
            batches.advance(db, batch.id, at + len(some))
        done.batches += 1


def _forget(db: Connection, restoring: Restoring, done: Settled) -> None:
    for sim in sims.list_sims(db):
        db.execute(sql("outbound.forget_counter"), {"sim_id": sim.id})
        db.execute(sql("outbound.void_expectations"), {"sim_id": sim.id})
    for key in (BOOT, SLATE):
        db.execute(sql("meta.remove"), {"key": key})
    if restoring.choice is Choice.SEND:
        return
    db.execute(sql("restoring.forget_fallbacks"))
    while rows := reactions.planned(db, SLICE):
        for row in rows:
            reactions.settle(db, row.id, "skipped", restoring.now)
        done.answers += len(rows)


def _note(db: Connection, restoring: Restoring, done: Settled) -> None:
    about: JsonDict = {
        "backup_at": restoring.backup_at,
        "restored_at": restoring.now,
        "open": restoring.choice.value,
        "held": done.held + done.doubts,
    }
    meta.put(db, RESTORED, json.dumps(about))
    caller = Caller(None, "command line", frozenset({"admin"}), "local")
    audit.append(
        db,
        restoring.now,
        "db.restore",
        caller,
        object=restoring.source or None,
        open=restoring.choice.value,
        backup_at=instant(restoring.backup_at),
    )
