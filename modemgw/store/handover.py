"""From the loop to the writer's thread: at the end of the turn, not in its middle.

A thread that runs statements takes the interpreter again and again. Woken at once,
it would get in the way of what the loop does next, such as writing AT+CMGS; and what
the rest of the turn hands over would miss its commit.
"""

import asyncio
import queue
from typing import Generic, TypeVar

T = TypeVar("T")


class Handover(Generic[T]):
    """A queue of groups, from the loop to one thread. None is the end."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._ready: list[list[T]] = []  # handed over when the turn has ended
        self._groups: queue.SimpleQueue[list[T] | None] = queue.SimpleQueue()

    def __len__(self) -> int:
        """Return how many groups wait."""
        return len(self._ready) + self._groups.qsize()

    def put(self, group: list[T]) -> None:
        """Hand over a group when this turn of the loop has ended. In the loop."""
        if not self._ready:
            self._loop.call_soon(self._give)
        self._ready.append(group)

    def end(self) -> None:
        """Hand over at once what waits, and the end behind it. In the loop."""
        self._give()
        self._groups.put(None)

    def get(self) -> list[T] | None:
        """Wait for a group, or the end. In the thread, as the next."""
        return self._groups.get()

    def get_nowait(self) -> list[T] | None:
        """Return a group or the end; an empty one where nothing waits."""
        return [] if self._groups.empty() else self._groups.get_nowait()

    def _give(self) -> None:
        ready, self._ready = self._ready, []
        for group in ready:
            self._groups.put(group)
