"""Copies the write-ahead log into the database, beside the commits and not in one.

SQLite does it by itself in the commit that finds the log long: the job that meets it
waits until pages all over the file are on the disk, the more of them the larger the
database is, and so does every modem. Here a thread does it on a connection of its own,
which holds up neither who writes nor who reads. The log begins anew with the next
commit if none came meanwhile; else who writes copies the little that it added.
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
TOO_LONG = 6_000  # then SQLite does it in a commit after all: readers were in the way
AGAIN = 500  # pages later it is tried once more, where one was
QUIET_S = 0.02  # without a commit: then the next one is hardly in the way
PATIENCE = 500  # pages that may come while that is waited for
TRIES = 2  # SQLite flushes the database only where no commit came while it copied

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
        self._due = LONG  # pages
        self.is_copied = False  # but for what came meanwhile: look soon
        self._thread = threading.Thread(
            target=self._run, name="store-checkpoint", daemon=True
        )
        self._thread.start()

    def look(self, db: sqlite3.Connection) -> None:
        """Let the log be copied soon if it is long. By who writes, after a commit."""
        is_copied, self.is_copied = self.is_copied, False
        if not self._log.has(LONG):
            self._due = LONG
        elif is_copied:
            with suppress(sqlite3.Error):
                copy(db)
        elif not self._is_asked and self._log.has(self._due):
            self._due += AGAIN
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
                self.is_copied = [copy(db) for _ in range(TRIES)][-1]
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
        before = -1
        while (commits := self._commits()) != before:
            if self._log.has(LONG + PATIENCE):
                return
            before = commits
            time.sleep(QUIET_S)


def copy(db: sqlite3.Connection) -> bool:
    """Copy the log into the database; False where a reader still needs some of it.

    Nobody waits for this, and this waits for nobody. If no commit came meanwhile, the
    next one begins the log anew.
    """
    busy, pages, copied = db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return bool(not busy and pages == copied)
