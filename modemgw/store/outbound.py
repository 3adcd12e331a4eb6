"""Messages on their way out: accepted, waiting, taken by a SIM, canceled.

Every function runs inside one job of the writer (or one read) and makes each
state change together with its event. What became of a submit is in outcomes.py.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from modemgw.errors import Conflict, NotFound
from modemgw.ids import IdSource
from modemgw.policy.message import CANCELABLE, MessageState
from modemgw.store import events, wallet
from modemgw.store.events import Step
from modemgw.store.sql import sql, sql_placed
from modemgw.store.wallet import Counted
from modemgw.store.writer import Connection

JsonDict = dict[str, object]

_BEGIN_PART = sql_placed(
    "outbound.begin_part", "part_id", "sim_id", "modem", "now", "counted", "cost"
)
_BEGIN_MESSAGE = sql_placed("outbound.begin_message", "message_id", "sim_id")
_ADD_USAGE = sql_placed("sims.add_usage", "sim_id", "minute", "parts")
_TOLD = sql_placed("outbound.told", "message_id", "now")

OWN = "own"  # an option: our own self-test, which nobody is told of


class Stale(Exception):
    """The row is no longer in the state the caller saw; nothing was changed."""


class NewMessage(msgspec.Struct, frozen=True):
    """One accepted message, as it is written. Instants in Unix milliseconds."""

    public_id: str
    to: str
    text: str | None
    data: bytes | None
    klass: str
    priority: int  # 0 low to 3 urgent
    encoding: str
    segments: int
    not_before: int
    expires_at: int
    created_at: int
    scheduled: bool = False
    reference: str | None = None
    tags: tuple[str, ...] = ()
    metadata: JsonDict = {}
    options: JsonDict = {}
    key_id: int | None = None
    batch_id: int | None = None


def next_concat_ref(db: Connection, peer: str, start: int) -> int:
    """Return the next concatenation reference (1 to 255) for this recipient.

    `start` is where a recipient never written to begins, at random.
    """
    row = db.execute(
        sql("outbound.next_concat_ref"), {"peer": peer, "start": start}
    ).fetchone()
    return int(row[0])


def begin(
    db: Connection,
    ids: IdSource,
    *,
    part_id: int,
    message_id: int,
    seq: int,
    segments: int,
    sim_id: int,
    sim: str,
    modem: str,
    attempt: int,
    because: str,
    now: int,
    others: Mapping[str, str] | None = None,
    counted: Counted | None = None,
) -> None:
    """Mark a part as submitting: committed before its first octet goes out.

    `counted`: what it counts as for its SIM and its key, where somebody counts.
    Raises Stale when the part is not waiting any more (canceled, expired); then
    nothing may be sent.
    """
    covered, cost = None, None
    if counted is not None:
        covered, cost = int(counted.covered), counted.cost
    part = (part_id, sim_id, modem, now, covered, cost)
    if db.execute(_BEGIN_PART, part).rowcount != 1:
        raise Stale(f"part {part_id} is not waiting")
    if db.execute(_BEGIN_MESSAGE, (message_id, sim_id)).rowcount != 1:
        raise Stale(f"message {message_id} is not waiting")
    if segments > 1:
        db.execute(
            sql("outbound.claim_siblings"),
            {"message_id": message_id, "sim_id": sim_id, "modem": modem},
        )
    db.execute(_ADD_USAGE, (sim_id, now // 60_000, 1))
    if counted is not None:
        wallet.count(db, sim_id, counted, now)
    data = {"sim": sim, "modem": modem, "attempt": attempt, "because": because}
    events.append(
        db,
        "part.submitting",
        at=now,
        data={**data, "others": others} if others else data,
        message_id=message_id,
        part_seq=seq,
        ids=ids,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A message looked up by the id its sender knows."""

    id: int
    state: MessageState
    direction: str
    expires_at: int | None


def find(db: sqlite3.Connection, public_id: str) -> Found:
    """Look a message up. Raises NotFound."""
    row = db.execute(sql("outbound.by_public_id"), {"public_id": public_id}).fetchone()
    if row is None:
        raise NotFound(f"there is no message {public_id!r}")
    return Found(row[0], MessageState(row[1]), row[2], row[3])


def cancel(db: Connection, ids: IdSource, public_id: str, now: int) -> int:
    """Cancel a message of which nothing has left; return its id.

    Raises NotFound, or Conflict once it is being sent or final. A message that
    waits for its second try counts as waiting: nothing of it left.
    """
    found = find(db, public_id)
    if found.direction != "outbound" or found.state not in CANCELABLE:
        raise Conflict(
            f"the message is {found.state.value} and can no longer be canceled"
        )
    reason: JsonDict = {
        "code": "canceled",
        "detail": "canceled by request",
        "raw": None,
        "retryable": False,
    }
    close(db, ids, found.id, MessageState.CANCELED, reason, now)
    return found.id


def close(
    db: Connection,
    ids: IdSource,
    message_id: int,
    state: MessageState,
    reason: JsonDict | None,
    now: int,
) -> bool:
    """Put a message into a final state that is not about a report.

    Its unsent parts are closed with it. Returns False, and changes nothing, when
    it was final already.
    """
    if not change(
        db,
        ids,
        "outbound.close_message",
        message_id,
        now,
        state=state.value,
        reason=json.dumps(reason, ensure_ascii=False) if reason else None,
    ):
        return False
    if state is MessageState.NO_REPORT:
        db.execute(
            sql("outbound.close_unsent_parts"), {"message_id": message_id, "now": now}
        )
    else:
        part_state = "canceled" if state is MessageState.CANCELED else "failed"
        db.execute(
            sql("outbound.close_parts"),
            {"message_id": message_id, "part_state": part_state, "now": now},
        )
    return True


def change(
    db: Connection,
    ids: IdSource,
    name: str,
    message_id: int,
    now: int,
    step: Step | None = None,
    **values: object,
) -> bool:
    """Run an UPDATE of one message, and tell of its new state.

    `step` is told before it, in any case. Returns False, and tells nothing else,
    where it changed no row.
    """
    values |= {"message_id": message_id, "now": now}
    changed = db.execute(sql(name), values).rowcount == 1
    return tell_change(db, ids, changed, message_id, now, step)


def tell_change(
    db: Connection,
    ids: IdSource,
    changed: bool,
    message_id: int,
    now: int,
    step: Step | None,
) -> bool:
    """Tell of a message whether it was `changed` or not, as `change` does."""
    if not changed:
        if step is not None:
            tell(db, ids, step, message_id, now)
        return False
    row = db.execute(_TOLD, (message_id, now)).fetchone()
    data, state, options, key_id, reason = row
    if reason is not None:
        data = json.dumps(
            {**json.loads(data), "reason": json.loads(reason)}, ensure_ascii=False
        )
    push, callback = state != "sending", None
    if options != "{}":
        asked = json.loads(options)
        push = push and OWN not in asked
        callback = asked.get("callback_url")
    events.append(
        db,
        f"message.{state}",
        at=now,
        data=data,
        message_id=message_id,
        push=push,
        callback_url=callback if isinstance(callback, str) else None,
        key_id=key_id,
        ids=ids,
        step=step,
    )
    return True


def tell(db: Connection, ids: IdSource, step: Step, message_id: int, now: int) -> None:
    """Tell what happened to a part by itself."""
    events.append(
        db,
        step.type,
        at=now,
        data=step.data,
        message_id=message_id,
        part_seq=step.part_seq,
        ids=ids,
    )


def postpone(
    db: Connection, ids: IdSource, message_id: int, until: int, now: int
) -> bool:
    """Schedule a waiting message for `until`, and tell why in its timeline.

    Returns False, and changes nothing, when it does not wait any more. Its validity
    is not made longer: a promise is a promise.
    """
    wanted = {"message_id": message_id, "until": until}
    if db.execute(sql("outbound.postpone_message"), wanted).rowcount != 1:
        return False
    db.execute(sql("outbound.postpone_parts"), wanted)
    events.append(
        db,
        "message.held",
        at=now,
        data={"because": "quiet hours", "until": until},
        message_id=message_id,
        ids=ids,
    )
    return True


def release_due(db: Connection, ids: IdSource, now: int, limit: int) -> list[int]:
    """Move scheduled messages whose time has come into the queue; return their ids."""
    due = [
        int(row[0])
        for row in db.execute(
            sql("outbound.due_schedule"), {"now": now, "limit": limit}
        )
    ]
    for message_id in due:
        change(db, ids, "outbound.release_scheduled", message_id, now)
        db.execute(sql("outbound.release_parts"), {"message_id": message_id})
    return due


def next_schedule(db: sqlite3.Connection) -> int | None:
    """Return when the next scheduled message falls due."""
    row = db.execute(sql("outbound.next_schedule")).fetchone()
    return None if row[0] is None else int(row[0])


def newest_instant(db: sqlite3.Connection) -> int:
    """Return the latest instant this database knows of, 0 when it is empty."""
    return int(db.execute(sql("outbound.newest_instant")).fetchone()[0])
