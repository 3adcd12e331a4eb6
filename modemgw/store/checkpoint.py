"""Copies the write-ahead log into the database, beside the commits and not in one.

SQLite does it by itself in the commit that finds the log long: the job that meets it
waits until pages all over the file are on the disk, the more of them the larger the
database is, and so does every modem. Here a thread does it on a connection of its own,
which holds up neither who writes nor who reads.
"""

import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

# A page changed often goes to the database once per checkpoint: 8 MiB of log spare
# a memory card most of these writes and still replay within a second.
LONG = 4_000  # pages of the log; then it is copied
# Where commits never pause for as long as a copy takes, the last of it is left over
# each time. Here SQLite takes it along in a commit after all, or the log would grow.
TOO_LONG = 6_000
QUIET_S = 0.02  # without a commit: then the next one is hardly in the way
PATIENCE_S = 0.3  # how long to wait for that
TRIES = 2  # the second copies what was committed during the first

_HEADER = 32  # octets before the first page: see "WAL file format" of SQLite
_FRAME = 24  # octets before each page
_SALTS = slice(16, 24)  # of the header; each page of the same round repeats them
_SALTS_OF_PAGE = slice(8, 16)


class Log:
    """The write-ahead log of a database, as the file says. Any thread may look.

    Its length says nothing: it is written anew from the beginning, and not cut.
    """

    def __init__(self, database: Path, page_size: int) -> None:
        self._path = f"{database}-wal"
        self._page = _FRAME + page_size
        self._file: int | None = None

    def has(self, pages: int) -> bool:
        """Tell whether so many pages were written since it last began anew."""
        try:
            if self._file is None:
                self._file = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            salts = os.pread(self._file, _HEADER, 0)[_SALTS]
            at = _HEADER + (pages - 1) * self._page
            return (
                bool(salts)
                and salts == os.pread(self._file, _FRAME, at)[_SALTS_OF_PAGE]
            )
        except OSError:
            return False

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Checkpoints:
    """The thread that copies the log, where `look` finds it long.

    `commits` counts those of the writer. What cannot be done now (a full disk, a reader
    in the way) a later look asks for again; of a damaged file the writer hears itself.
    """

    def __init__(
        self, database: Path, page_size: int, commits: Callable[[], int]
    ) -> None:
        self._database = database
        self._log = Log(database, page_size)
        self._commits = commits
        self._rounds: queue.SimpleQueue[bool] = queue.SimpleQueue()  # False: the end
        self._is_asked = False
        self._thread = threading.Thread(
            target=self._run, name="store-checkpoint", daemon=True
        )
        self._thread.start()

    def look(self) -> None:
        """Let the log be copied soon if it is long. By who writes, after a commit."""
        if not self._is_asked and self._log.has(LONG):
            self._is_asked = True
            self._rounds.put(True)

    def close(self) -> None:
        """Wait until a copy that goes on is made, then stop."""
        self._rounds.put(False)
        self._thread.join()
        self._log.close()

    def _run(self) -> None:
        db: sqlite3.Connection | None = None
        while self._rounds.get():
            self._await_quiet()
            with suppress(sqlite3.Error):
                db = db or self._connect()
                copy(db)
            self._is_asked = False
        if db is not None:
            db.close()

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(
            f"{self._database.absolute().as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
        )
        db.execute("PRAGMA synchronous=FULL")
        return db

    def _await_quiet(self) -> None:
        end = time.monotonic() + PATIENCE_S
        before = -1
        while (commits := self._commits()) != before and time.monotonic() < end:
            before = commits
            time.sleep(QUIET_S)


def copy(db: sqlite3.Connection) -> bool:
    """Copy the log into the database; return whether all of it is there.

    Then the next commit begins the log anew. Nobody waits for this, and this waits for
    nobody: what a reader still needs, or comes in meanwhile, is left.
    """
    for _ in range(TRIES):
        busy, pages, copied = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        if busy or pages == copied:
            break
    return bool(not busy and pages == copied)
