"""Reading whole tables out, a slice at a time: any size, and no snapshot held open."""

import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

from modemgw.store import events, messages
from modemgw.store.events import EventRow
from modemgw.store.messages import MessageRow
from modemgw.store.sql import sql

SLICE = 500


def each_message(
    db: sqlite3.Connection,
    *,
    since: int | None = None,
    until: int | None = None,
    direction: str | None = None,
    state: str | None = None,
) -> Iterator[MessageRow]:
    """Yield messages, oldest first; self-tests of our own are left out."""
    wanted = {"since": since, "until": until, "direction": direction, "state": state}
    for row in _slices(db, "messages.export", wanted):
        yield messages.shown(row)


def each_event(
    db: sqlite3.Connection, *, since: int | None = None, until: int | None = None
) -> Iterator[EventRow]:
    """Yield events, oldest first, those of the timelines too."""
    wanted = {"since": since, "until": until}
    for row in _slices(db, "events.export", wanted):
        yield events.shown(row)


def _slices(
    db: sqlite3.Connection, name: str, wanted: dict[str, Any]
) -> Iterator[tuple[Any, ...]]:
    after = 0
    while rows := db.execute(
        sql(name), {**wanted, "after": after, "limit": SLICE}
    ).fetchall():
        yield from rows
        after = rows[-1][0]


def each_page(
    page: Callable[[int, int], list[Any]], first: int = 2**63 - 1
) -> Iterator[Any]:
    """Yield what pages hold that are read from the newest on, below a cursor."""
    cursor = first
    while rows := page(cursor, SLICE):
        yield from rows
        cursor = rows[-1].id
