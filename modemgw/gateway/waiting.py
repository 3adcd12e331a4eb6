"""Who waits for a message to change: `?wait=N`, and nobody else.

Costs nothing while nobody waits. A wake-up is a hint to look again, never news.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Waiters:
    """The requests that are held open until a message changes."""

    def __init__(self) -> None:
        self.closed = False  # nobody is to wait any more
        self._waiting: dict[str, list[asyncio.Event]] = {}

    def __bool__(self) -> bool:
        """Say whether anybody waits."""
        return bool(self._waiting)

    @asynccontextmanager
    async def waiting(self, public_id: str) -> AsyncIterator[asyncio.Event]:
        """Give an event that is set whenever the message may have changed."""
        event = asyncio.Event()
        self._waiting.setdefault(public_id, []).append(event)
        try:
            yield event
        finally:
            others = self._waiting[public_id]
            others.remove(event)
            if not others:
                del self._waiting[public_id]

    def tell(self, public_id: str) -> None:
        """Let those who wait for this message look again."""
        for event in self._waiting.get(public_id, ()):
            event.set()

    def tell_all(self) -> None:
        """Let everybody look again."""
        for events in self._waiting.values():
            for event in events:
                event.set()

    def close(self) -> None:
        """Let everybody go: the gateway is stopping."""
        self.closed = True
        self.tell_all()
