"""An event with an hour: what sleeps on it is woken by news, or when its time comes."""

import asyncio

from modemgw.clock import Clock

_AWAKE = 1 << 53  # later than any instant: nobody sleeps, so everything is news


class Alarm:
    """Wakes one sleeper; what only concerns a later time lets it sleep on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._event = asyncio.Event()
        self._until = _AWAKE  # Unix ms

    def set(self) -> None:
        """Wake the sleeper, or let its next sleep end at once."""
        self._event.set()

    def set_for(self, at: int) -> None:
        """Wake it if this instant (Unix ms) comes before it wakes by itself."""
        if at < self._until:
            self._event.set()

    def clear(self) -> None:
        """Forget what was told so far: the sleeper is about to look at everything."""
        self._event.clear()

    async def sleep(self, seconds: float) -> None:
        """Sleep until something is told, at most so long."""
        self._until = self._clock.now_ms() + int(seconds * 1000)
        timer = asyncio.get_running_loop().call_later(seconds, self._event.set)
        try:
            await self._event.wait()
        finally:
            timer.cancel()
            self._until = _AWAKE
