"""Forgetting by age, in steps that no submit has to wait for.

Each step is one short job: it looks at a few hundred rows behind a cursor,
deletes those old enough, and says where to go on. Ids rise with time, so a
walk is over at the first window that is too young. Bodies go before the
accounting that mentions them; deleting a message takes its parts, fragments,
events and deliveries along.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from modemgw.policy.message import CLASSES
from modemgw.store import idempotency, webhooks
from modemgw.store.sims import MINUTE_MS
from modemgw.store.sql import sql

VACUUM_PAGES = 256  # of 4 KiB, given back in one job
STEP_ROWS = 300  # looked at in one job: a few milliseconds on a memory card

KINDS = (*CLASSES, "inbound")  # of messages

# What is walked: the statement that measures a window, and those that empty it.
WALKS = {
    "bodies": ("text_window", ("strip_events", "delete_bodies")),
    "messages": ("message_window", ("delete_messages",)),
    "events": ("event_window", ("delete_events",)),
    "deliveries": ("delivery_window", ("delete_deliveries",)),
    "raw": ("raw_window", ("delete_fragments", "delete_raw")),
}


@dataclass(frozen=True, slots=True)
class Step:
    """What one step did; `after` is where the next begins, None: nothing is left."""

    deleted: int
    after: int | None


def step(
    db: sqlite3.Connection,
    walk: str,
    *,
    before: int | Mapping[str, int],
    after: int = 0,
    limit: int = STEP_ROWS,
) -> Step:
    """Delete what one window of `walk` (a key of WALKS) holds from before an instant.

    For bodies and messages give an instant for each of KINDS, where they differ.
    Kept whatever their age: messages without a final state, pending deliveries
    and their events, TPDUs that are new or still in the modem.
    """
    measure, deletes = WALKS[walk]
    limits = dict.fromkeys(KINDS, before) if isinstance(before, int) else dict(before)
    latest = max(limits.values())
    window = {"after": after, "limit": limit, "before": latest, **limits}
    last, youngest = db.execute(sql(f"retention.{measure}"), window).fetchone()
    if last is None:
        return Step(0, None)
    deleted = 0
    # The last statement deletes the rows proper, which are what is counted.
    for name in deletes:
        deleted = db.execute(sql(f"retention.{name}"), window).rowcount
    return Step(deleted, last if youngest < latest else None)


def purge_small(db: sqlite3.Connection, *, now: int, usage_before: int) -> int:
    """Forget what is small and over.

    Answers older than 24 hours, minutes that no window counts, and the secrets of
    webhooks whose rotation has ended.
    """
    webhooks.end_rotations(db, now)
    minute = {"minute": usage_before // MINUTE_MS}
    deleted = db.execute(sql("retention.delete_usage"), minute).rowcount
    return deleted + idempotency.purge(db, now)


def vacuum(db: sqlite3.Connection) -> int:
    """Give up to 1 MiB of empty pages back; return how many pages are still empty."""
    (free,) = db.execute(sql("retention.free_pages")).fetchone()
    pages = min(free, VACUUM_PAGES)
    for _ in range(pages):
        db.execute(sql("retention.vacuum"))
    return int(free - pages)
