"""Items that wait for one function of the writer that takes many of them."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

Db = TypeVar("Db")


class Gathering(Generic[Db]):
    """Collects in the loop what the writer's thread takes when it comes to it.

    Neither waits for the other. Who finds `called` unset has to hand the gathering
    over; it is unset before the items are taken, so none is ever left lying.
    """

    __slots__ = ("_items", "called", "run")

    def __init__(self, run: Callable[[Db, list[Any]], Sequence[Any]]) -> None:
        self.run = run
        self.called = False  # it stands in the writer's queue
        self._items: deque[tuple[Any, asyncio.Future[Any]]] = deque()

    def add(self, item: object, future: "asyncio.Future[Any]") -> bool:
        """Add an item; True: hand the gathering over to the writer now."""
        self._items.append((item, future))
        if self.called:
            return False
        self.called = True
        return True

    def take(self) -> "list[tuple[Any, asyncio.Future[Any]]]":
        """Take every item, in order; there are none where an earlier turn got them."""
        self.called = False
        taken: list[tuple[Any, asyncio.Future[Any]]] = []
        with suppress(IndexError):
            while True:
                taken.append(self._items.popleft())
        return taken


def single(run: Callable[[Db, list[Any]], Sequence[Any]], item: object, db: Db) -> Any:
    """Run what takes many for one item."""
    return run(db, [item])[0]
