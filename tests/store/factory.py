"""A store for tests of every room: inline, in a directory of the test's own.

def test_it(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path) as store:
            await store.write(lambda db: ...)

    run_virtual(story())
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from modemgw.clock import Clock
from modemgw.store.database import Store
from tests.loop import VirtualClock


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
    inline = store.writer.inline
    store.abandon()
    return await Store.open(store.data_dir, clock=store.clock, inline=inline)
