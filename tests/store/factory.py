"""A store for tests of every room: inline, in a directory of the test's own.

    def test_it(tmp_path: Path) -> None:
        async def story() -> None:
            async with open_store(tmp_path) as store:
                await store.write(lambda db: ...)

        run_virtual(story())

Where only rows matter, `database(tmp_path)` is the writing connection alone.
"""

import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from modemgw.clock import Clock
from modemgw.ids import IdSource
from modemgw.store.connection import Connection, configure, connect, equip
from modemgw.store.database import FILE_NAME, Store
from modemgw.store.migrate import migrate
from tests.loop import START_MS, VirtualClock

NOW = START_MS


@asynccontextmanager
async def open_store(
    data_dir: Path, *, clock: Clock | None = None, inline: bool = True
) -> AsyncIterator[Store]:
    """Open a store and close it in order; by default for virtual time."""
    store = await Store.open(data_dir, clock=clock or VirtualClock(), inline=inline)
    try:
        yield store
    finally:
        store.close()


async def power_cut(store: Store) -> Store:
    """Let `store` go as a power cut would, and open what is left of it.

    Everything that was committed is there; the file is not marked clean.
    """
    store.abandon()
    return await Store.open(
        store.data_dir, clock=store.clock, inline=store.writer.inline
    )


@contextmanager
def database(data_dir: Path, ids: IdSource | None = None) -> Iterator[Connection]:
    """Open the writing connection of a fresh database, each statement by itself."""
    path = data_dir / FILE_NAME
    db = connect(path)
    try:
        configure(db)
        migrate(db, path)
        equip(db, ids or IdSource())
        yield db
    finally:
        db.close()


def add_message(
    db: sqlite3.Connection,
    number: int,
    *,
    direction: str = "outbound",
    state: str = "queued",
    peer: str = "+4915100000000",
    sim_id: int | None = None,
    text: str | None = "hello",
    reference: str | None = None,
    tags: str | None = None,
    batch_id: int | None = None,
    at: int = NOW,
) -> int:
    """Write the row of a message as it stands; return its id.

    `number` makes its public id: `msg_` and 26 digits.
    """
    row = {
        "public_id": f"msg_{number:026}",
        "direction": direction,
        "state": state,
        "peer": peer,
        "sim_id": sim_id,
        "reference": reference,
        "tags": tags,
        "batch_id": batch_id,
        "at": at,
    }
    cursor = db.execute(
        "INSERT INTO message (public_id, direction, state, peer, sim_id, encoding,"
        " segments, reference, tags, batch_id, created_at, not_before)"
        " VALUES (:public_id, :direction, :state, :peer, :sim_id, 'gsm7', 1,"
        " :reference, :tags, :batch_id, :at, :at)",
        row,
    )
    message_id = cursor.lastrowid
    assert message_id is not None
    db.execute(
        "INSERT INTO message_text (message_id, text) VALUES (:id, :text)",
        {"id": message_id, "text": text},
    )
    return message_id
