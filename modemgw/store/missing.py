"""What the database before a restore has and the backup has not, as far as it reads.

That database may be damaged: each step reads a few rows, and where one fails the rest
is looked for behind it.
"""

import json
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from modemgw.store.sql import sql
from modemgw.words import counted

STEP = 200
SKIP = 50  # row ids passed over where a page cannot be read
MOST_SKIPS = 2_000


@dataclass(frozen=True, slots=True)
class Missing:
    """Messages that are in the old database alone. Instants in Unix ms."""

    outbound: int
    inbound: int
    first_at: int | None
    last_at: int | None
    whole: bool  # False: some of the old database could not be read
    listed: Path | None  # NDJSON, one line for each

    def as_dict(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "outbound": self.outbound,
            "inbound": self.inbound,
            "first_at": self.first_at and _instant(self.first_at),
            "last_at": self.last_at and _instant(self.last_at),
            "whole": self.whole,
            "listed": None if self.listed is None else str(self.listed),
        }

    def sentences(self) -> list[str]:
        """Tell it in words."""
        told: list[str] = []
        if self.first_at is not None and self.last_at is not None:
            told.append(
                "of that the old database still names"
                f" {counted(self.outbound, 'outbound message')} and"
                f" {counted(self.inbound, 'received message')},"
                f" from {_instant(self.first_at)} to {_instant(self.last_at)}:"
                f" {self.listed}"
            )
        elif self.whole:
            told.append("the old database names no message of that time")
        if not self.whole:
            told.append(
                "a part of the old database cannot be read: there may have been more"
            )
        return told


_Row = tuple[int, str, str, str, str, int]


@dataclass(slots=True)
class _Tally:
    """What was found so far; a million messages are no reason to hold them all."""

    now_ms: int
    path: Path
    outbound: int = 0
    inbound: int = 0
    first_at: int | None = None
    last_at: int | None = None
    stream: IO[str] | None = None

    def add(self, row: _Row) -> None:
        _, public_id, direction, state, peer, created_at = row
        if self.stream is None:
            self.stream = self.path.open("x", encoding="utf-8", errors="replace")
            self.path.chmod(0o640)
        told = {
            "id": public_id,
            "direction": direction,
            "state": state,
            "peer": peer,
            "created_at": _instant(created_at),
        }
        self.stream.write(json.dumps(told, ensure_ascii=False, default=str) + "\n")
        self.inbound += direction == "inbound"
        self.outbound += direction != "inbound"
        if isinstance(created_at, int) and 0 < created_at <= self.now_ms:
            self.first_at = min(self.first_at or created_at, created_at)
            self.last_at = max(self.last_at or created_at, created_at)


def find_missing(old: Path, newest_message: int, now_ms: int) -> Missing:
    """List the messages of `old` behind a row id; never raises."""
    tally = _Tally(now_ms, old.with_name(f"{old.name}.missing.ndjson"))
    whole = False
    try:
        uri = f"{old.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            whole = _walk(db, newest_message, tally)
    except (sqlite3.Error, OSError):
        whole = False
    finally:
        if tally.stream is not None:
            tally.stream.close()
    return Missing(
        tally.outbound,
        tally.inbound,
        tally.first_at,
        tally.last_at,
        whole,
        None if tally.stream is None else tally.path,
    )


def _walk(db: sqlite3.Connection, after: int, tally: _Tally) -> bool:
    """Go through all that reads; False where something did not."""
    skips = 0
    while skips < MOST_SKIPS:
        try:
            window = {"after": after, "limit": STEP}
            rows: list[_Row] = db.execute(sql("backups.behind"), window).fetchall()
        except sqlite3.Error:
            # No row of this step is known: try behind the next few ids.
            skips, after = skips + 1, after + SKIP
            continue
        if not rows:
            break
        for row in rows:
            tally.add(row)
        after = rows[-1][0]
    return skips == 0


def _instant(ms: int) -> str:
    try:
        at = datetime.fromtimestamp(ms // 1000, UTC)
    except (OverflowError, ValueError, OSError, TypeError):
        return "unknown"
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
