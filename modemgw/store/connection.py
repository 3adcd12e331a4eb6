"""The connection that writes: how it is opened, and its settings."""

import sqlite3
import time
from pathlib import Path
from typing import Any

from modemgw.ids import IdSource
from modemgw.store.checkpoint import LONG
from modemgw.store.tally import Note

BUSY_S = 5.0  # for another program on the file, such as somebody's sqlite3 shell
BUSY_PAUSE_S = 0.005  # between two looks whether it is done
CACHED_STATEMENTS = 512  # more than all queries/*.sql hold: none is prepared twice

_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",  # NORMAL may lose a `submitting`: an SMS sent twice
    "PRAGMA foreign_keys=ON",
    f"PRAGMA busy_timeout={BUSY_S * 1000:.0f}",
    "PRAGMA secure_delete=ON",  # an erased text leaves the file
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-8192",  # 8 MiB: the hot pages of a small board's database
    f"PRAGMA wal_autocheckpoint={LONG}",  # of a daemon's writer see checkpoint.py
    "PRAGMA journal_size_limit=33554432",  # a log grown by one big job is cut again
)


# For each None and each octet string that is bound, sqlite3 looks in four places for
# somebody who turns it into something else; with these it looks in one.
_same: dict[None, None] = {}
sqlite3.register_adapter(type(None), _same.get)
sqlite3.register_adapter(bytes, bytes)


class Connection(sqlite3.Connection):
    """The writing connection. Jobs use it as any other, but never end its transaction.

    `pushed` counts the deliveries of events that the open batch has made; `kinds`
    (types of events) and `notes` are what is counted once it is on disk (tally.py).
    `wanted` says for a type of event whether an endpoint wants it, as far as somebody
    asked since the endpoints changed; who rolls something back forgets it, too.
    """

    pushed: int = 0
    kinds: list[str]
    notes: list[Note]
    wanted: dict[str, bool]

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.kinds, self.notes, self.wanted = [], [], {}

    def forget(self, *, is_rollback: bool = True) -> None:
        """Begin to count anew: nothing is in the transaction (any more)."""
        self.pushed = 0
        self.kinds.clear()
        self.notes.clear()
        if is_rollback:
            self.wanted.clear()


_WATCH = (
    "CREATE TEMP TRIGGER endpoint_made AFTER INSERT ON main.webhook"
    " BEGIN SELECT endpoints_changed(); END",
    "CREATE TEMP TRIGGER endpoint_turned AFTER UPDATE OF state ON main.webhook"
    " BEGIN SELECT endpoints_changed(); END",
    "CREATE TEMP TRIGGER endpoint_gone AFTER DELETE ON main.webhook"
    " BEGIN SELECT endpoints_changed(); END",
    "CREATE TEMP TRIGGER wish_made AFTER INSERT ON main.webhook_pattern"
    " BEGIN SELECT endpoints_changed(); END",
    "CREATE TEMP TRIGGER wish_gone AFTER DELETE ON main.webhook_pattern"
    " BEGIN SELECT endpoints_changed(); END",
)


def equip(db: Connection, ids: IdSource) -> None:
    """Give statements the functions they call, and keep `wanted` true.

    The schema must be there.
    """
    # For statements that make many rows at once, such as the deliveries of an event.
    db.create_function("new_id", 2, ids.new)
    db.create_function("endpoints_changed", 0, db.wanted.clear)
    for trigger in _WATCH:
        db.execute(trigger)


def connect(path: Path) -> Connection:
    """Open `path` for writing; configure() comes next. The file is not touched yet."""
    return sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,  # opened in one thread, owned by the writer's
        cached_statements=CACHED_STATEMENTS,
        factory=Connection,
    )


def configure(db: Connection) -> None:
    """Give the connection every setting of the writer. Raises sqlite3.Error."""
    if db.execute("PRAGMA page_count").fetchone()[0] == 0:
        # An empty file can still choose. Every page a commit touched is written, some
        # dozen for a message: half the size is nearly half the wear of a card.
        db.execute("PRAGMA page_size=2048")
        db.execute("PRAGMA auto_vacuum=INCREMENTAL")
    for pragma in _PRAGMAS:
        db.execute(pragma)


def wait_never(db: Connection) -> None:
    """Let statements fail at once where another program is writing; see begin()."""
    db.execute("PRAGMA busy_timeout=0")


def begin(db: Connection, patience_s: float = BUSY_S) -> None:
    """Begin a transaction; wait so long for another program that is writing."""
    until = time.monotonic() + patience_s
    while True:
        try:
            db.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as exc:
            is_busy = exc.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not is_busy or time.monotonic() >= until:
                raise
        else:
            return
        time.sleep(BUSY_PAUSE_S)


def begin_now(db: Connection) -> bool:
    """Begin a transaction where that can be done without waiting."""
    try:
        db.execute("BEGIN IMMEDIATE")
    except sqlite3.Error:
        return False
    return True
