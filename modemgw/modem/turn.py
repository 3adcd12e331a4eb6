"""Whose turn it is on a channel: first come, first served, but for what is urgent.

AT+CNMA is owed within two seconds where AT+CSMS=1 cannot be left; behind a queue
of submits it would come too late, so it goes to the front. What is in flight is
never interrupted.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turn:
    """A lock with an order. `async with turn` waits at the end of the queue."""

    def __init__(self) -> None:
        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def locked(self) -> bool:
        """Tell whether somebody has the turn."""
        return self._taken

    async def __aenter__(self) -> None:
        """Wait for the turn, behind everybody who waits."""
        await self._acquire(urgent=False)

    async def __aexit__(self, *exc: object) -> None:
        """Hand it on."""
        self._release()

    @asynccontextmanager
    async def first(self) -> AsyncIterator[None]:
        """Take the turn before everybody who waits."""
        await self._acquire(urgent=True)
        try:
            yield
        finally:
            self._release()

    async def _acquire(self, *, urgent: bool) -> None:
        if not self._taken:
            self._taken = True
            return
        mine = asyncio.get_running_loop().create_future()
        if urgent:
            self._waiting.appendleft(mine)
        else:
            self._waiting.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.done() and not mine.cancelled():
                self._release()  # it was ours already
            else:
                self._waiting.remove(mine)
            raise

    def _release(self) -> None:
        """Hand the turn on; it stays taken, so that nobody slips in between."""
        while self._waiting:
            following = self._waiting.popleft()
            if not following.done():
                following.set_result(None)
                return
        self._taken = False
