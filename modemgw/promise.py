"""Futures whose result is heard in the turn of the loop that brings it.

What asyncio calls when a future is done, it calls a turn later. For the TPDU that
waits for its mark, for the next AT+CMGS behind the answer to the last, and for short
work that nobody waits for, that turn is half of the price.

`Promise` tells one listener; whoever awaits it, or adds callbacks to it, finds a
future like any other. `Reply` lets the task that awaits it go on at once.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from typing import Any, TypeVar

T = TypeVar("T")


class Promise(asyncio.Future[T]):
    """A future with one listener at most, which must be quick."""

    _listener: "Callable[[asyncio.Future[Any]], object] | None" = None

    def listen(self, listener: "Callable[[asyncio.Future[T]], object]") -> None:
        """Call this once it is settled; not where it is cancelled before."""
        if self.done():
            self.add_done_callback(listener)
        else:
            self._listener = listener

    def settle(self, result: T | None, failure: Exception | None) -> None:
        """Set what became of it, and tell who listens, whose mistakes stay its own."""
        if failure is not None:
            self.set_exception(failure)
        else:
            self.set_result(result)  # type: ignore[arg-type]  # None where T has it
        listener = self._listener
        if listener is None:
            return
        try:
            listener(self)
        except Exception as exc:
            told = {"message": "mistake in a listener", "exception": exc}
            self.get_loop().call_exception_handler({**told, "future": self})


class Reply(asyncio.Future[T]):
    """A future awaited by one task, which may go on in the turn that brings the result.

    With `set_result` it goes on a turn later, as with any future.
    """

    _waiting: tuple[Callable[[Any], object], Context | None] | None = None

    def add_done_callback(
        self,
        fn: Callable[[Any], object],
        /,
        *,
        context: Context | None = None,
    ) -> None:
        """Do as any future does, which is how a task waits; remember who it was."""
        super().add_done_callback(fn, context=context)
        self._waiting = fn, context

    def answer(self, result: T) -> None:
        """Set the result and run who awaits it up to its next wait, then return.

        To be called where nothing is half done. Inside of another task, which may not
        be interrupted, the one that waits goes on later.
        """
        waiting = self._waiting
        if waiting is None or asyncio.current_task(self.get_loop()) is not None:
            self.set_result(result)
            return
        wake, context = waiting
        self.remove_done_callback(wake)
        self.set_result(result)
        if context is None:
            wake(self)
        else:
            context.run(wake, self)
