"""Reads queue entries back from the database: at start, and as the queue shrinks."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from modemgw.gateway.queue import Entry, Slot
from modemgw.gateway.shelves import Slice
from modemgw.policy.routing import Wish
from modemgw.store import waiting
from modemgw.store.waiting import WaitingPart


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of one slice."""

    piece: Slice
    entries: list[Entry]
    parts: int  # how many were read
    last: int  # id of the last of them


def wish_of(options: dict[str, object], pinned: int | None = None) -> Wish:
    """Return where a message may go, from the options it was accepted with."""
    sim, modem = options.get("sim"), options.get("modem")
    return Wish(
        sim=sim if isinstance(sim, str) else None,
        modem=modem if isinstance(modem, str) else None,
        pinned_sim_id=pinned,
    )


def _entry(rows: list[WaitingPart], pinned: int | None) -> Entry:
    first = rows[0]
    return Entry(
        message_id=first.message_id,
        public_id=first.public_id,
        to=first.to,
        klass=first.klass,
        priority=first.priority,
        segments=first.segments,
        encoding=first.encoding,
        expires_at=first.expires_at or first.created_at,
        created_at=first.created_at,
        not_before=max(row.not_before for row in rows),
        parts=[Slot(row.part_id, row.seq, row.attempts) for row in rows],
        text=first.text,
        data=first.data,
        options=first.options,
        wish=wish_of(first.options, pinned),
        key_id=first.key_id,
    )


def one(db: sqlite3.Connection, message_id: int) -> Entry | None:
    """Return the entry of one message, None when none of its parts waits."""
    rows = waiting.waiting_of(db, message_id)
    if not rows or rows[0].state not in ("queued", "sending"):
        return None
    pinned = None
    if len(rows) < rows[0].segments:
        pinned = waiting.accepted_sim(db, message_id)
    return _entry(rows, pinned)


def read(
    db: sqlite3.Connection, pieces: Sequence[Slice], known: Callable[[int], bool]
) -> list[Loaded]:
    """Return the messages of each slice that are not known."""
    return [_read(db, piece, known) for piece in pieces]


def _read(db: sqlite3.Connection, piece: Slice, known: Callable[[int], bool]) -> Loaded:
    found = waiting.waiting(db, piece.shelf.key, piece.after, piece.limit)
    entries: list[Entry] = []
    seen: set[int] = set()
    for row in found.rows:
        if row.message_id in seen or known(row.message_id):
            continue
        seen.add(row.message_id)
        entry = _entry([row], None) if row.segments == 1 else one(db, row.message_id)
        if entry is not None:
            entries.append(entry)
    return Loaded(piece, entries, found.parts, found.last)
