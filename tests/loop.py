"""The event loop whose clock jumps: an hour of retries takes a millisecond.

Threads and a jumping clock do not mix; in these tests the store runs its jobs
inline and the ports are simulated wires.
"""

import asyncio
import asyncio.constants
import selectors
from collections.abc import Callable, Coroutine
from contextvars import Context
from typing import Any, TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

START_MS = 1_795_341_600_000  # 2026-11-22T10:00:00Z, where virtual time begins
LEAST_S = 1e-6  # a timer's step
MAX_IDLE_JUMPS = 5_000_000  # a scenario that needs more never ends


class _JumpingSelector(selectors.DefaultSelector):
    loop: "VirtualLoop"

    def select(
        self, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("deadlock: nothing is ready and no timer is set")
            self.loop.jump(timeout)
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose time passes only when nothing is left to do."""

    def __init__(self) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self.now = 0.0
        self._jumps = 0
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def run_in_executor(  # type: ignore[override]  # the base class has Never here
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Run at once what would go to a thread: the clock would not wait for it."""
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as exc:
            future.set_exception(exc)
        return future

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """Set a timer; what is to come comes later than now, however little.

        asyncio runs what is due within its resolution without time passing; two
        tasks that each wait for the last bit of a float would wait for ever.
        """
        if when > self.now:
            when = max(when, self.now + LEAST_S)
        return super().call_at(when, callback, *args, context=context)

    def jump(self, seconds: float) -> None:
        self._jumps += 1
        if self._jumps > MAX_IDLE_JUMPS:
            raise RuntimeError(f"still busy after {self._jumps} timers")
        self.now += seconds


class VirtualClock:
    """Both clocks of modemgw, driven by the running virtual loop.

    `offset_ms` moves the wall clock alone, as a clock jump does.
    """

    def __init__(self, start_ms: int = START_MS) -> None:
        self.offset_ms = start_ms

    def now_ms(self) -> int:
        return self.offset_ms + int(asyncio.get_running_loop().time() * 1000)

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()


# Debug mode finds calls from the wrong thread; its stacks take a fifth of our time.
vars(asyncio.constants)["DEBUG_STACK_DEPTH"] = 1


def run_virtual(coro: Coroutine[Any, Any, T], *, debug: bool = True) -> T:
    """Run a test to its end, and fail if it leaves a task behind."""
    with asyncio.Runner(loop_factory=VirtualLoop, debug=debug) as runner:

        async def checked() -> T:
            asyncio.get_running_loop().slow_callback_duration = 10.0
            result = await coro
            leaked = asyncio.all_tasks() - {asyncio.current_task()}
            assert not leaked, f"tasks left running: {leaked}"
            return result

        return runner.run(checked())
