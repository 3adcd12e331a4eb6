"""Whose turn it is on a channel: first come, first served, but for what is urgent.

AT+CNMA is owed within two seconds where AT+CSMS=1 cannot be left; behind a queue
of submits it would come too late, so it goes to the front. What is in flight is
never interrupted. Some modems lose what comes too soon behind an answer: between two
turns they are given `gap_s`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turn:
    """A lock with an order. `async with turn` waits at the end of the queue."""

    def __init__(self) -> None:
        self.gap_s = 0.0  # from the end of one turn to the next; from the profile
        self._rests_until = 0.0
        self._taken = False
        self._waiting: deque[asyncio.Future[None]] = deque()

    def locked(self) -> bool:
        """Tell whether somebody has the turn."""
        return self._taken

    def seize(self) -> bool:
        """Take the turn where nobody has it and nothing is to be waited for."""
        if self._taken or self.gap_s:
            return False
        self._taken = True  # nobody waits for a turn that nobody has
        return True

    async def __aenter__(self) -> None:
        """Wait for the turn, behind everybody who waits."""
        if not self.seize():
            await self.acquire()

    async def __aexit__(self, *exc: object) -> None:
        """Hand it on."""
        self.release()

    @asynccontextmanager
    async def first(self) -> AsyncIterator[None]:
        """Take the turn before everybody who waits."""
        await self.acquire(urgent=True)
        try:
            yield
        finally:
            self.release()

    async def acquire(self, *, urgent: bool = False) -> None:
        """Wait for the turn."""
        await self._queue(urgent=urgent)
        if not self.gap_s:
            return
        rests_until = self._rests_until
        try:
            now = asyncio.get_running_loop().time()
            if rests_until > now:
                await asyncio.sleep(rests_until - now)
        except asyncio.CancelledError:
            self.release()
            self._rests_until = rests_until  # nothing was said meanwhile
            raise

    async def pause(self) -> None:
        """Give the modem its time between two commands of one turn."""
        if self.gap_s:
            await asyncio.sleep(self.gap_s)

    async def _queue(self, *, urgent: bool) -> None:
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
                self.release()  # it was ours already
            else:
                self._waiting.remove(mine)
            raise

    def release(self) -> None:
        """Hand the turn on; it stays taken, so that nobody slips in between."""
        if self.gap_s:
            self._rests_until = asyncio.get_running_loop().time() + self.gap_s
        while self._waiting:
            following = self._waiting.popleft()
            if not following.done():
                following.set_result(None)
                return
        self._taken = False
