"""From the loop to the writer: at the end of the turn, not in its middle.

A thread that runs statements takes the interpreter again and again. Woken at once,
it would get in the way of what the loop does next, such as writing AT+CMGS; and what
the rest of the turn hands over would miss its commit.
"""

import asyncio
import queue
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Handover(Generic[T]):
    """A queue of groups, from the loop to one thread. None is the end.

    `at_once` gets the groups of a turn, in the loop and only while the thread has
    nothing to do. It takes away from their front what it has done itself, all or
    some, and is asked for the rest a turn later; what it takes nothing of is for
    the thread.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        at_once: Callable[[list[list[T]]], None] | None = None,
    ) -> None:
        self._loop = loop
        self._at_once = at_once
        self._ready: list[list[T]] = []  # handed over when the turn has ended
        self._is_called = False
        self._given = 0  # to the thread, which has not said `done` of them
        self._groups: queue.SimpleQueue[list[T] | None] = queue.SimpleQueue()

    def __len__(self) -> int:
        """Return how many groups wait."""
        return len(self._ready) + self._groups.qsize()

    def put(self, group: list[T]) -> None:
        """Hand over a group when this turn of the loop has ended. In the loop."""
        self._ready.append(group)
        self._call()

    def done(self, groups: int) -> None:
        """Note that the thread is done with so many. In the loop."""
        self._given -= groups

    def end(self) -> None:
        """Hand over at once what waits, and the end behind it. In the loop."""
        self._to_thread()
        self._groups.put(None)

    def get(self) -> list[T] | None:
        """Wait for a group, or the end. In the thread, as the next."""
        return self._groups.get()

    def get_nowait(self) -> list[T] | None:
        """Return a group or the end; an empty one where nothing waits."""
        return [] if self._groups.empty() else self._groups.get_nowait()

    def _call(self) -> None:
        if not self._is_called:
            self._is_called = True
            self._loop.call_soon(self._give)

    def _give(self) -> None:
        self._is_called = False
        if not self._given and self._at_once is not None and self._ready:
            ready, self._ready = self._ready, []
            before = len(ready)
            try:
                self._at_once(ready)
            finally:
                self._ready = ready + self._ready  # it may have been handed more
                if ready and len(ready) < before:
                    self._call()  # whatever was raised, what is left must not lie
            if len(ready) < before:
                return
        self._to_thread()

    def _to_thread(self) -> None:
        ready, self._ready = self._ready, []
        self._given += len(ready)
        for group in ready:
            self._groups.put(group)
