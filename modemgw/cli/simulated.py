"""Simulated modems in a thread of this process, behind real ptys."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modemgw.sim.pty import PtyModems
from modemgw.sim.scenario import Scenario, Stage

NOTHING_SPECIAL = Scenario()


class _Simulation:
    """One event loop with its modems; started and stopped from another thread."""

    def __init__(self, scenario: Scenario, count: int, directory: Path) -> None:
        self._scenario = scenario
        self._count = count
        self._directory = directory
        self._decided = threading.Event()  # it serves, or it cannot
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="simulator", daemon=True)

    def start(self) -> None:
        """Return once the ports are there."""
        self._thread.start()
        self._decided.wait()
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        """Take the ports away."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as exc:  # handed to the thread that asked for it
            self._failure = exc
        finally:
            self._decided.set()

    async def _serve(self) -> None:
        network = self._scenario.network()
        modems = self._scenario.build(network, self._count)
        stop = asyncio.Event()
        async with PtyModems(modems, self._directory):
            self._scenario.play(Stage(network, modems))
            self._loop, self._stop = asyncio.get_running_loop(), stop
            self._decided.set()
            await stop.wait()


@contextmanager
def simulated(
    count: int, directory: Path, scenario: Scenario = NOTHING_SPECIAL
) -> Iterator[None]:
    """Serve as many modems as DIR/modem0, DIR/modem1 … while the block runs."""
    simulation = _Simulation(scenario, count, directory)
    simulation.start()
    try:
        yield
    finally:
        simulation.stop()
