"""Other people's programs as processes: their output is what tests wait for."""

import os
import selectors
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

DEADLINE_S = 30.0  # for anything a client does; healthy ones need one to five


class Program:
    """A running process whose output is read line by line."""

    def __init__(self, arguments: Sequence[str | Path]) -> None:
        self._process = subprocess.Popen(  # noqa: S603 - the tests' own arguments
            [str(argument) for argument in arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.output = ""

    def wait_for(self, *texts: str) -> str:
        """Read on until all these texts were said; return all output so far."""
        assert self._process.stdout is not None
        file = self._process.stdout.fileno()
        deadline = time.monotonic() + DEADLINE_S
        with selectors.DefaultSelector() as selector:
            selector.register(file, selectors.EVENT_READ)
            while not all(text in self.output for text in texts):
                ready = selector.select(max(0.0, deadline - time.monotonic()))
                data = os.read(file, 65536) if ready else b""
                assert data, f"waited for {texts!r}, it said:\n{self.output}"
                self.output += data.decode("utf-8", "replace")
        return self.output

    def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        self._process.terminate()
        try:
            return self._process.wait(DEADLINE_S)
        finally:
            self._process.kill()
            if self._process.stdout is not None:
                self._process.stdout.close()


@contextmanager
def running(*arguments: str | Path) -> Iterator[Program]:
    """Run a program for the length of a test."""
    program = Program(arguments)
    try:
        yield program
    finally:
        program.stop()


@contextmanager
def simulator(directory: Path, scenario: str = "", *options: str) -> Iterator[Path]:
    """Serve two simulated modems; the journal is beside them."""
    (directory / "scenario.yaml").write_text(scenario or "seed: 1\n")
    ptys = directory / "ptys"
    with running(
        sys.executable,
        *("-m", "modemgw.cli.simulate", "--modems", "2", "--dir", str(ptys)),
        *("--scenario", str(directory / "scenario.yaml")),
        *("--latency", "20ms", "--report-latency", "200ms"),
        *("--journal", str(directory / "journal"), *options),
    ) as program:
        program.wait_for("ready: 2 modems")
        yield ptys
