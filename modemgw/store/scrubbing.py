"""Empties the write-ahead log, in which texts lie that were deleted from the file."""

import sqlite3
from contextlib import closing
from pathlib import Path

BUSY_MS = 250  # for readers to come to their end: who writes waits as long


def scrub(path: Path) -> bool:
    """Move the log into the database and cut it to nothing; False: try again later.

    The pages that deleted rows lay on are zeros in the file then. On flash the old
    octets stay in cells that no program can address.
    """
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            db.execute(f"PRAGMA busy_timeout={BUSY_MS}")
            busy, _, _ = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.Error:
        return False
    return bool(busy == 0)
