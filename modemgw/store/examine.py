"""Looking a database through: is the file sound, and do its rows fit together?"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from modemgw.errors import StoreError
from modemgw.store import audit, snapshot
from modemgw.store.audit import Standing
from modemgw.store.faults import as_store_error
from modemgw.store.migrate import recognise
from modemgw.store.snapshot import COUNTED
from modemgw.store.sql import sql

SHOWN = 5  # ids named of one kind

# Statement: what it means, where it finds one, and where it finds more.
_RULES = {
    "checks.without_open_part": (
        "message waits, and nothing of it would be sent",
        "messages wait, and nothing of them would be sent",
    ),
    "checks.open_part_of_ended": (
        "message is over, and parts of it wait",
        "messages are over, and parts of them wait",
    ),
    "checks.doubt_without_part": (
        "message is in doubt over nothing",
        "messages are in doubt over nothing",
    ),
    "checks.parts_missing": (
        "message has only some of its parts",
        "messages have only some of their parts",
    ),
    "checks.batch_counts": ("batch counts wrongly", "batches count wrongly"),
    "checks.delivery_of_nothing": ("delivery leads nowhere", "deliveries lead nowhere"),
}


@dataclass(slots=True)
class Examined:
    """What was found. `damage`: the file itself; `faults`: rows that do not fit."""

    path: Path
    octets: int
    schema: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    damage: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Say whether nothing was found."""
        return not (self.damage or self.faults)


def examine(path: Path) -> Examined:
    """Look a database through; only reads, and the daemon may run on it.

    Raises StoreError where it cannot be opened at all, SchemaMismatch where it is not
    ours or newer.
    """
    try:
        found = Examined(path, path.stat().st_size)
    except OSError as exc:
        raise StoreError(f"cannot read {str(path)!r}: {exc.strerror}") from None
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, isolation_level=None)) as db:
            db.execute("PRAGMA busy_timeout=5000")
            found.schema = recognise(db, path)
            if found.schema:
                _look(db, found)
    except sqlite3.Error as exc:
        found.damage.append(str(as_store_error(exc, path)))
    return found


def _look(db: sqlite3.Connection, found: Examined) -> None:
    try:
        found.damage += snapshot.check(db, keys=True)
    except sqlite3.Error as exc:  # so damaged that even the check gives up
        found.damage.append(str(exc))
    for name, statement in COUNTED.items():
        try:
            (count,) = db.execute(sql(statement)).fetchone()
            found.counts[name] = int(count)
        except sqlite3.Error as exc:
            found.damage.append(f"the table {name} cannot be read: {exc}")
    if found.damage:
        return  # what rows say of each other means nothing now
    for statement, meaning in _RULES.items():
        ids = [row[0] for row in db.execute(sql(statement))]
        if ids:
            more = "" if len(ids) <= SHOWN else ", …"
            count = "100 or more" if len(ids) >= 100 else str(len(ids))  # noqa: PLR2004
            told = meaning[len(ids) > 1]
            found.faults.append(f"{count} {told}: {', '.join(ids[:SHOWN])}{more}")
    standing = audit.conclude(db, Standing())
    if standing.fault is not None:
        found.faults.append(f"the audit log does not hold: {standing.fault}")
