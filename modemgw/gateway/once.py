"""An answer kept under an Idempotency-Key, in the transaction that makes it true."""

from modemgw.errors import Conflict
from modemgw.gateway.model import Caller, IdempotencyKey
from modemgw.store import idempotency
from modemgw.store.writer import Connection

ACCEPTED = 202


def in_progress() -> Conflict:
    """Return the refusal of a request whose key is held by another."""
    return Conflict(
        "a request with this Idempotency-Key is being worked on",
        problem="idempotency-in-progress",
        retry_after=1,
    )


def keep_answer(
    db: Connection,
    caller: Caller,
    key: IdempotencyKey | None,
    body: bytes,
    now: int,
) -> None:
    """Keep the answer in the transaction that makes it true."""
    if key is not None and not idempotency.put(
        db,
        caller.key_id,
        key.key,
        body_hash=key.body_hash,
        status=ACCEPTED,
        body=body,
        now=now,
    ):
        raise in_progress()  # the transaction leaves nothing
