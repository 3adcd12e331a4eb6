"""One-time codes as rows. The code itself is only in the text that carries it."""

import hmac
import sqlite3
from dataclasses import dataclass

from modemgw.ids import IdSource
from modemgw.store import events
from modemgw.store.sql import row_id, sql
from modemgw.store.writer import Connection

CHECKS = 5  # wrong codes, then it has failed
SENDS, SENDS_MS = 3, 600_000  # of one number, within this time


@dataclass(frozen=True, slots=True)
class VerificationRow:
    """One code. Instants in Unix milliseconds."""

    id: int
    public_id: str
    key_id: int | None
    peer: str
    hash: bytes
    locale: str
    state: str  # pending, approved, expired, failed, canceled
    checks: int  # wrong codes so far
    message: str | None  # public id of what carries it
    message_state: str | None
    sim: str | None  # name of the SIM that sent it
    second: str | None  # and of what carries it again
    second_state: str | None
    fallback_at: int | None
    created_at: int
    expires_at: int
    final_at: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """What keeps a number from its next code: `most` within so many ms went out."""

    name: str
    most: int
    within: int
    until: int
    why: str


def held(
    db: sqlite3.Connection, peer: str, prefix: str, *, most: int, within: int, now: int
) -> Held | None:
    """Return what holds back the next code of a number; None: nothing does.

    `most` codes within `within` ms go to numbers that begin with `prefix`.
    """
    wanted = {"peer": peer, "since": now - SENDS_MS}
    sent = [row[0] for row in db.execute(sql("verifications.recent_to"), wanted)]
    if len(sent) >= SENDS:
        until = int(sent[-SENDS]) + SENDS_MS
        why = "this number was sent codes lately"
        return Held("codes", SENDS, SENDS_MS, until, why)
    block = {"prefix": prefix, "since": now - within}
    sent = [row[0] for row in db.execute(sql("verifications.recent_like"), block)]
    if len(sent) >= most:
        until = int(sent[-most]) + within
        why = "many numbers like this one were sent codes"
        return Held("codes-alike", most, within, until, why)
    return None


def insert(
    db: Connection,
    *,
    public_id: str,
    key_id: int | None,
    peer: str,
    digest: bytes,
    locale: str,
    fallback_at: int | None,
    now: int,
    expires_at: int,
) -> int:
    """Keep a code that is about to be sent; those before it of this key are void."""
    row = {
        "public_id": public_id,
        "key_id": key_id,
        "peer": peer,
        "hash": digest,
        "locale": locale,
        "fallback_at": fallback_at,
        "created_at": now,
        "now": now,
        "since": 0,
        "expires_at": expires_at,
    }
    db.execute(sql("verifications.supersede"), row)
    return row_id(db.execute(sql("verifications.insert"), row))


def withdraw(db: Connection, id: int) -> None:
    """Forget a code whose text was not accepted."""
    db.execute(sql("verifications.withdraw"), {"id": id})


def sent(db: Connection, id: int, message: str, *, again: bool = False) -> None:
    """Note which message carries a code."""
    name = "verifications.sent_again" if again else "verifications.sent"
    db.execute(sql(name), {"id": id, "message": message})


def take_fallback(db: Connection, id: int) -> bool:
    """Claim the one second try; False where it was taken, or all is over."""
    return db.execute(sql("verifications.no_fallback"), {"id": id}).rowcount > 0


def get(db: sqlite3.Connection, public_id: str) -> VerificationRow | None:
    """Return one by its public id."""
    found = db.execute(sql("verifications.get"), {"public_id": public_id}).fetchone()
    return None if found is None else VerificationRow(*found)


def check(
    db: Connection, ids: IdSource, public_id: str, digest: bytes, now: int
) -> VerificationRow | None:
    """Compare a code with what was kept of it, and count it; return what came of it.

    One job: however many are tried at once, each counts.
    """
    row = get(db, public_id)
    if row is None or row.state != "pending":
        return row
    if now >= row.expires_at:
        finish(db, ids, row, "expired", now)
    elif hmac.compare_digest(row.hash, digest):
        finish(db, ids, row, "approved", now)
    elif row.checks + 1 >= CHECKS:
        finish(db, ids, row, "failed", now, checks=row.checks + 1)
    else:
        db.execute(sql("verifications.miss"), {"id": row.id})
    return get(db, public_id)


def finish(
    db: Connection,
    ids: IdSource,
    row: VerificationRow,
    state: str,
    now: int,
    *,
    checks: int | None = None,
) -> bool:
    """End a code and tell of it; False where it was over already."""
    values = {
        "id": row.id,
        "state": state,
        "checks": row.checks if checks is None else checks,
        "now": now,
    }
    if db.execute(sql("verifications.finish"), values).rowcount == 0:
        return False
    kind = "approved" if state == "approved" else "failed"
    data: dict[str, object] = {
        "id": row.public_id,
        "state": state,
        "to": row.peer,
        "message_id": row.message,
    }
    events.append(db, f"verification.{kind}", at=now, data=data, push=True, ids=ids)
    return True


def uncleaned(db: sqlite3.Connection) -> list[VerificationRow]:
    """Return those whose text is still kept: a few minutes' worth."""
    return [VerificationRow(*row) for row in db.execute(sql("verifications.uncleaned"))]


def cleaned(db: Connection, id: int) -> None:
    """Note that no text holds the code any more."""
    db.execute(sql("verifications.cleaned"), {"id": id})


def purge(db: Connection, before: int, limit: int = 500) -> int:
    """Forget up to `limit` that are over and older than an instant."""
    values = {"before": before, "limit": limit}
    return db.execute(sql("verifications.purge"), values).rowcount
