"""An answer kept under an Idempotency-Key, in the transaction that makes it true.

What is kept of the usual one is only which message it told of, and it is told again
from its row: a whole answer would cost the disk as much as the message did.
"""

import sqlite3
from collections.abc import Sequence

from modemgw.errors import Conflict, RequestError
from modemgw.gateway import views
from modemgw.gateway.model import Caller, IdempotencyKey
from modemgw.store import idempotency, messages
from modemgw.store.idempotency import ADMIN_SOCKET, KEPT_MS, Kept
from modemgw.store.messages import MessageRow
from modemgw.store.outbound import NewMessage
from modemgw.store.writer import Connection

ACCEPTED = 202
KEPT_S = KEPT_MS / 1000


class IdempotencyMismatch(RequestError):
    """The Idempotency-Key was used with another body in the last 24 hours."""

    problem = "idempotency-mismatch"
    title = "Idempotency key reused"
    status = 422


def in_progress() -> Conflict:
    """Return the refusal of a request whose key is held by another."""
    return Conflict(
        "a request with this Idempotency-Key is being worked on",
        problem="idempotency-in-progress",
        retry_after=1,
    )


def row(
    caller: Caller,
    key: IdempotencyKey,
    now: int,
    *,
    message_id: int | None = None,
    twin: str | None = None,
    body: bytes | None = None,
) -> Kept:
    """Return what is kept of an answer: of which message it told, or itself."""
    key_id = caller.key_id or ADMIN_SOCKET
    return Kept(key_id, key.key, key.body_hash, message_id, twin, body, now)


def keep(db: Connection, answers: Sequence[Kept]) -> None:
    """Keep answers in the transaction that makes them true. Raises Conflict."""
    if answers and not idempotency.put_all(db, answers):
        raise in_progress()  # the transaction leaves nothing


def find(
    db: sqlite3.Connection, caller: Caller, key: IdempotencyKey, now: int
) -> bytes | None:
    """Return what was answered under a key, if anything was.

    Raises IdempotencyMismatch, and Conflict where the message is gone it told of.
    """
    old = idempotency.get(db, caller.key_id, key.key, now)
    if old is None:
        return None
    if old.body_hash != key.body_hash:
        raise IdempotencyMismatch("this Idempotency-Key was used with another request")
    if old.body is not None:
        return old.body
    made = messages.get_by_id(db, old.message_id or 0)
    if made is None or made.created_at != old.created_at:
        raise Conflict("the message that this Idempotency-Key made is deleted already")
    return told(made, old.twin)


def told(made: MessageRow, twin: str | None) -> bytes:
    """Write the answer of the moment when a message was accepted to go at once."""
    return views.encode(
        views.created(
            NewMessage(
                public_id=made.public_id,
                to=made.peer,
                text=made.text,
                data=made.data,
                klass=made.klass or "",
                priority=made.priority,
                encoding=made.encoding,
                segments=made.segments,
                not_before=made.created_at,
                expires_at=made.expires_at or 0,
                created_at=made.created_at,
                reference=made.reference,
                tags=made.tags,
                metadata=made.metadata,
                options=made.options,
            ),
            twin=twin,
        )
    )
