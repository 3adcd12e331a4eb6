"""Sees to it that what was deleted leaves the disk soon, and not at every deletion."""

import asyncio
import logging

from modemgw.store.database import Store
from modemgw.store.scrubbing import scrub

log = logging.getLogger("modemgw.scrubber")

SPACING_S = 20.0  # an emptied log costs its pages once more: not for every text
RETRY_S = 3.0
TRIES = 10


class Scrubber:
    """Empties the write-ahead log behind deletions that people asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked = asyncio.Event()

    def soon(self) -> None:
        """Do it within the minute."""
        self._asked.set()

    async def now(self) -> bool:
        """Do it; False where readers were in the way: then it comes later."""
        for _ in range(TRIES):
            if await self._scrub():
                return True
            await asyncio.sleep(RETRY_S)
        self.soon()
        log.warning("the write-ahead log cannot be emptied yet")
        return False

    async def run(self) -> None:
        """Do it when asked, for life."""
        while True:
            await self._asked.wait()
            await asyncio.sleep(SPACING_S)
            self._asked.clear()
            if not await self._scrub():
                self._asked.set()

    async def _scrub(self) -> bool:
        if self._store.writer.inline:
            return scrub(self._store.path)
        return await asyncio.to_thread(scrub, self._store.path)
