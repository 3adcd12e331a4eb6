"""Takes the body of a message away, and every copy of it: what is counted stays.

Copies lie in the event that told of a received text, in the TPDUs it came in and
in answers that an Idempotency-Key keeps. The pages they lay on are overwritten
with zeros (secure_delete); `Store.scrub` does the same for the write-ahead log.
"""

import base64
from typing import Any

import msgspec

from modemgw.errors import Conflict, NotFound
from modemgw.ids import IdSource
from modemgw.policy.message import FINAL, MessageState
from modemgw.store import events, messages
from modemgw.store.messages import MessageRow
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

_STRIPS = (
    *("delete_text", "strip_events", "delete_fragments", "blank_raw"),
    "still_reactions",
)
# A message that waits for its report needs its text no more.
REDACTABLE = FINAL | {MessageState.SENT}


def redact(db: Connection, ids: IdSource, public_id: str, now: int, by: str) -> bool:
    """Take the body of one message away because somebody asks for it.

    Returns False where it was gone already. Raises NotFound, and Conflict while the
    body is needed: the message is still to be sent, or to be put together.
    """
    row = messages.get(db, public_id)
    if row is None:
        raise NotFound(f"there is no message {public_id!r}")
    if MessageState(row.state) not in REDACTABLE:
        raise Conflict(
            f"the message is {row.state} and its body is needed: cancel it, settle it "
            "or wait until it is sent"
        )
    if row.redacted_at is not None:
        return False
    strip(db, row, now)
    events.append(
        db, "message.redacted", at=now, data={"by": by}, message_id=row.id, ids=ids
    )
    return True


def strip(db: Connection, row: MessageRow, now: int) -> None:
    """Take the body of a message away that needs it no more."""
    wanted = {"id": row.id, "now": now}
    for name in _STRIPS:
        db.execute(sql(f"redacting.{name}"), wanted)
    _strip_answers(db, row)
    db.execute(sql("redacting.mark"), wanted)


def _strip_answers(db: Connection, row: MessageRow) -> None:
    bodies = {text for text in (row.text, _base64(row.data)) if text}
    found = db.execute(sql("redacting.answers"), {"at": row.created_at}).fetchall()
    for id, body in found:
        if row.public_id.encode() in body:
            values = {"id": id, "body": without(body, bodies)}
            db.execute(sql("redacting.put_answer"), values)


def without(body: bytes, gone: set[str]) -> bytes:
    """Return a JSON document in which these strings are null."""
    return msgspec.json.encode(_without(msgspec.json.decode(body), gone))


def _without(value: Any, gone: set[str]) -> Any:
    match value:
        case str():
            return None if value in gone else value
        case dict():
            return {name: _without(one, gone) for name, one in value.items()}
        case list():
            return [_without(one, gone) for one in value]
        case _:
            return value


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode("ascii")
