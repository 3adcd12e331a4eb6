"""A future that tells one listener in the turn of the loop that brings its result.

What asyncio calls when a future is done, it calls a turn later. For the TPDU that
waits for its mark, and for short work that nobody waits for, that turn is half of the
price. Whoever awaits a promise, or adds callbacks to it, finds a future like any other.
"""

import asyncio
from collections.abc import Callable
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
