"""Reads queue entries back from the database: at start, and as the queue shrinks."""

import sqlite3
from collections.abc import Callable

from modemgw.gateway.queue import Entry, Slot
from modemgw.policy.routing import Wish
from modemgw.store import waiting
from modemgw.store.waiting import WaitingPart


def wish_of(options: dict[str, object], pinned: int | None = None) -> Wish:
    """Return where a message may go, from the options it was accepted with."""
    sim, modem = options.get("sim"), options.get("modem")
    return Wish(
        sim=sim if isinstance(sim, str) else None,
        modem=modem if isinstance(modem, str) else None,
        pinned_sim_id=pinned,
    )


def _entry(
    rows: list[WaitingPart], text: str | None, data: bytes | None, pinned: int | None
) -> Entry:
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
        text=text,
        data=data,
        options=first.options,
        wish=wish_of(first.options, pinned),
    )


def one(db: sqlite3.Connection, message_id: int) -> Entry | None:
    """Return the entry of one message, None when none of its parts waits."""
    rows = waiting.waiting_of(db, message_id)
    if not rows or rows[0].state not in ("queued", "sending"):
        return None
    pinned = None
    if len(rows) < rows[0].segments:
        pinned = waiting.accepted_sim(db, message_id)
    text, data = waiting.contents(db, [message_id]).get(message_id, (None, None))
    return _entry(rows, text, data, pinned)


def best(
    db: sqlite3.Connection, limit: int, known: Callable[[int], bool]
) -> tuple[list[Entry], bool]:
    """Return the messages among the best `limit` waiting parts that are not known.

    Also whether there may be more beyond.
    """
    rows, more = waiting.waiting(db, limit, known)
    entries: list[Entry] = []
    seen: set[int] = set()
    for row in rows:
        if row.message_id in seen:
            continue
        seen.add(row.message_id)
        if row.segments == 1:
            text, data = waiting.contents(db, [row.message_id]).get(
                row.message_id, (None, None)
            )
            entries.append(_entry([row], text, data, None))
        elif (entry := one(db, row.message_id)) is not None:
            entries.append(entry)
    return entries, more
