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

from modemgw.store.sql import sql

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
                f"of that the old database still names {self.outbound} outbound and"
                f" {self.inbound} received messages, from {_instant(self.first_at)} to"
                f" {_instant(self.last_at)}: {self.listed}"
            )
        elif self.whole:
            told.append("the old database names no message of that time")
        if not self.whole:
            told.append(
                "a part of the old database cannot be read: there may have been more"
            )
        return told


def find_missing(old: Path, newest_message: int, now_ms: int) -> Missing:
    """List the messages of `old` behind a row id; never raises."""
    found: list[tuple[int, str, str, str, str, int]] = []
    whole = True
    try:
        uri = f"{old.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            after, skips = newest_message, 0
            while skips < MOST_SKIPS:
                window = {"after": after, "limit": STEP}
                try:
                    rows = db.execute(sql("backups.behind"), window).fetchall()
                except sqlite3.Error:
                    # No row of this step is known: try behind the next few ids.
                    whole, skips, after = False, skips + 1, after + SKIP
                    continue
                if not rows:
                    break
                found += rows
                after = rows[-1][0]
    except (sqlite3.Error, OSError):
        whole = False
    listed = _list(old, found) if found else None
    times = [row[5] for row in found if 0 < row[5] <= now_ms]
    inbound = sum(row[2] == "inbound" for row in found)
    return Missing(
        len(found) - inbound,
        inbound,
        min(times, default=None),
        max(times, default=None),
        whole,
        listed,
    )


def _list(old: Path, rows: list[tuple[int, str, str, str, str, int]]) -> Path | None:
    path = old.with_name(f"{old.name}.missing.ndjson")
    try:
        with path.open("x", encoding="utf-8") as stream:
            path.chmod(0o640)
            for _, public_id, direction, state, peer, created_at in rows:
                told = {
                    "id": public_id,
                    "direction": direction,
                    "state": state,
                    "peer": peer,
                    "created_at": _instant(created_at),
                }
                stream.write(json.dumps(told, ensure_ascii=False) + "\n")
    except OSError:
        return None
    return path


def _instant(ms: int) -> str:
    try:
        at = datetime.fromtimestamp(ms // 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return "unknown"
    return f"{at:%Y-%m-%dT%H:%M:%SZ}"
