"""Reading: a few connections kept open, each query short and with a deadline."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from modemgw.errors import Corrupt, StoreError
from modemgw.store.connection import CACHED_STATEMENTS
from modemgw.store.faults import translate

T = TypeVar("T")

CONNECTIONS = 3  # threads, and so queries at once; a slow one leaves two for the rest
_STEPS = 4_000  # virtual machine steps between two looks at the deadline: about 0.1 ms

_PRAGMAS = (
    "PRAGMA query_only=ON",
    "PRAGMA busy_timeout=5000",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-2048",
)


class SlowQuery(StoreError):
    """The query passed its deadline and was stopped; ask for less, or narrower."""


class Reader:
    """Runs queries on read-only connections, in threads of their own.

    With `inline` each query runs at once in the caller's thread. `on_damage` is
    called in the loop where a query finds the file damaged.
    """

    def __init__(self, path: Path, *, inline: bool = False) -> None:
        self.on_damage: Callable[[Corrupt], None] | None = None
        self._path = path
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._closed = False
        self._pool = None if inline else ThreadPoolExecutor(CONNECTIONS, "store-reader")

    async def read(
        self, query: Callable[[sqlite3.Connection], T], *, deadline_s: float = 5.0
    ) -> T:
        """Run `query` on one snapshot of the database and return what it returns.

        Raises SlowQuery where it runs longer than `deadline_s` (time spent
        waiting for a free connection does not count), StoreError where the
        file cannot be read.
        """
        if self._closed:
            raise StoreError("the store is closed")
        if self._pool is None:
            return self._run(query, deadline_s)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._pool, self._run, query, deadline_s)
        except Corrupt as exc:
            if self.on_damage is not None:
                self.on_damage(exc)
            raise

    def close(self) -> None:
        """Wait for the running queries and close the connections."""
        self._closed = True
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        for db in self._open:
            db.close()
        self._open.clear()

    def _run(self, query: Callable[[sqlite3.Connection], T], deadline_s: float) -> T:
        # Not the gateway's clock: this guards a real processor against real work.
        end = time.monotonic() + deadline_s
        try:
            db = self._connection()
            db.set_progress_handler(
                lambda: self._closed or time.monotonic() > end, _STEPS
            )
            db.execute("BEGIN")
            try:
                return query(db)
            finally:
                db.set_progress_handler(None, 0)
                if db.in_transaction:
                    db.execute("ROLLBACK")
        except sqlite3.Error as exc:
            if getattr(exc, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
                if self._closed:
                    raise StoreError("the store was closed meanwhile") from None
                raise SlowQuery(f"query stopped after {deadline_s:g} s") from None
            raise translate(exc, self._path) from exc

    def _connection(self) -> sqlite3.Connection:
        db: sqlite3.Connection | None = getattr(self._local, "db", None)
        if db is None:
            db = sqlite3.connect(
                f"{self._path.absolute().as_uri()}?mode=ro",
                uri=True,
                isolation_level=None,
                check_same_thread=False,  # closed by close(), after its thread ended
                cached_statements=CACHED_STATEMENTS,
            )
            for pragma in _PRAGMAS:
                db.execute(pragma)
            self._local.db = db
            self._open.append(db)
        return db
