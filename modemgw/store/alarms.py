"""Alarms on disk, so that a restart tells nothing twice and forgets nothing."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from modemgw.store.sql import sql
from modemgw.store.writer import Connection


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm; `told_…` is the last stage that was told over that way."""

    public_id: str
    kind: str
    subject: str
    what: str
    advice: str
    since_at: int
    raised_at: int
    stage: int
    stage_at: int
    cleared_at: int | None
    told_sms: int
    told_mail: int


def put(db: Connection, row: AlarmRow, *, done: bool) -> None:
    """Keep how an alarm stands; `done`: it is over, and everybody knows."""
    values = {name: getattr(row, name) for name in AlarmRow.__slots__}
    db.execute(sql("alarms.put"), {**values, "done": int(done)})


def unfinished(db: sqlite3.Connection) -> list[AlarmRow]:
    """Return the alarms that are open or still to be told, oldest first."""
    return _rows(db.execute(sql("alarms.unfinished")))


def latest(db: sqlite3.Connection, limit: int) -> list[AlarmRow]:
    """Return the last alarms, newest first."""
    return _rows(db.execute(sql("alarms.list"), {"limit": limit}))


def forget(db: Connection, before: int) -> int:
    """Forget what was over before an instant; return how many."""
    return db.execute(sql("alarms.forget"), {"before": before}).rowcount


def _rows(found: Iterable[tuple[object, ...]]) -> list[AlarmRow]:
    return [AlarmRow(*row) for row in found]  # type: ignore[arg-type] # the columns
