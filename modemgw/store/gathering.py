"""Items that wait for one function of the writer that takes many of them."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

Db = TypeVar("Db")

CROWD = 1.25  # items at a time, on average: so few are still called single ones


class Gathering(Generic[Db]):
    """Collects in the loop what the writer's thread takes when it comes to it.

    Neither waits for the other. Who finds `called` unset has to hand the gathering
    over; it is unset before the items are taken, so none is ever left lying.
    """

    __slots__ = ("_items", "_usual", "called", "run")

    def __init__(self, run: Callable[[Db, list[Any]], Sequence[Any]]) -> None:
        self.run = run
        self.called = False  # it stands in the writer's queue
        self._items: deque[tuple[Any, asyncio.Future[Any]]] = deque()
        self._usual = float(CROWD)  # how many gathered lately, smoothed

    @property
    def is_single(self) -> bool:
        """Whether one item waits, as one did whenever it was taken lately.

        Where more come in one moment, more are about to.
        """
        return len(self._items) == 1 and self._usual < CROWD

    def add(self, item: object, future: "asyncio.Future[Any]") -> bool:
        """Add an item; True: hand the gathering over to the writer now."""
        self._items.append((item, future))
        if self.called:
            return False
        self.called = True
        return True

    def take(self) -> "tuple[list[Any], list[asyncio.Future[Any]]]":
        """Take every item and its future, in order; none where an earlier turn did."""
        self.called = False
        items: list[Any] = []
        futures: list[asyncio.Future[Any]] = []
        waiting = self._items
        while waiting:  # nobody else takes any
            item, future = waiting.popleft()
            items.append(item)
            futures.append(future)
        self._usual += (len(items) - self._usual) / 8
        return items, futures


def single(run: Callable[[Db, list[Any]], Sequence[Any]], item: object, db: Db) -> Any:
    """Run what takes many for one item."""
    return run(db, [item])[0]
