"""What inbound messages make us do, planned with them; and what they answer."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from modemgw.store.sql import sql
from modemgw.store.writer import Connection


@dataclass(frozen=True, slots=True)
class NewReaction:
    """Something to do about an inbound message, once for each kind and target."""

    message_id: int
    kind: str  # reply, help, confirm, forward
    target: str  # number
    peer: str  # who wrote, as it is dialled
    asked_at: int
    rule: int | None = None
    text: str | None = None  # None: the text of the message itself
    sim: str | None = None


@dataclass(frozen=True, slots=True)
class ReactionRow:
    """One of them, with what it is made of."""

    id: int
    message_id: int
    public_id: str  # of the inbound message
    kind: str
    target: str
    rule: int | None
    text: str | None
    sim: str | None
    peer: str
    asked_at: int
    sender: str  # as it came
    created_at: int
    body: str | None
    is_binary: int


@dataclass(frozen=True, slots=True)
class GivenRow:
    """An answer that was given, or was not because a machine had asked."""

    peer: str
    asked_at: int
    at: int
    kind: str
    state: str


def plan(db: sqlite3.Connection, new: NewReaction) -> bool:
    """Plan something; False where it was planned before."""
    row = {
        "message_id": new.message_id,
        "kind": new.kind,
        "target": new.target,
        "rule": new.rule,
        "text": new.text,
        "sim": new.sim,
        "peer": new.peer,
        "asked_at": new.asked_at,
    }
    return db.execute(sql("reactions.insert"), row).rowcount > 0


def planned(db: sqlite3.Connection, limit: int) -> list[ReactionRow]:
    """Return what is still to be done, oldest first."""
    rows = db.execute(sql("reactions.planned"), {"limit": limit})
    return [ReactionRow(*row) for row in rows]


def settle(db: sqlite3.Connection, reaction_id: int, state: str, at: int) -> bool:
    """Say that it was done, skipped, or muted; False where that was said before."""
    row = {"id": reaction_id, "state": state, "at": at}
    return db.execute(sql("reactions.settle"), row).rowcount > 0


def answers_since(db: sqlite3.Connection, since: int) -> list[GivenRow]:
    """Return the answers of the last hours, oldest first."""
    rows = db.execute(sql("reactions.answers_since"), {"since": since})
    return [GivenRow(*row) for row in rows]


def last_written_to(
    db: sqlite3.Connection, peer: str, *, since: int, until: int
) -> list[tuple[str, int | None]]:
    """Return ids and SIMs of what went to a number in a time, newest first."""
    wanted = {"peer": peer, "since": since, "until": until}
    return list(db.execute(sql("reactions.last_written_to"), wanted))


def set_meaning(
    db: sqlite3.Connection, message_id: int, more: Mapping[str, object]
) -> None:
    """Add to the options of an inbound message."""
    row = {"id": message_id, "more": msgspec.json.encode(more).decode()}
    db.execute(sql("reactions.set_meaning"), row)


def forward_event(db: Connection, event_id: int, url: str, at: int) -> bool:
    """Deliver an event to a declared endpoint, too; False: there is none in force."""
    found = db.execute(sql("reactions.endpoint"), {"url": url}).fetchone()
    if found is None:
        return False
    target = {"event_id": event_id, "webhook_id": found[0], "at": at}
    db.pushed += max(db.execute(sql("reactions.forward_event"), target).rowcount, 0)
    return True
