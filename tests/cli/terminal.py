"""A program at a terminal, and a person who types when they are asked."""

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_S = 30.0
_STEERING = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """Runs a program on a pty that is its controlling terminal."""

    def __init__(
        self, words: list[str], cwd: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self._ours, theirs = pty.openpty()
        self._theirs = theirs
        self.before: list[Any] = termios.tcgetattr(theirs)
        self.said = ""
        self._seen = 0

        def take_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(  # noqa: S603 - our own program
            words,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=cwd,
            env={**os.environ, "COLUMNS": "100", **(environ or {})},
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509 - no threads hold locks here
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(PATIENCE_S)
            self.process.kill()
        self.process.wait()
        os.close(self._ours)
        os.close(self._theirs)

    @property
    def attributes(self) -> list[Any]:
        """How the terminal is set now."""
        return termios.tcgetattr(self._theirs)

    def expect(self, text: str) -> str:
        """Read on until `text` is said; return what was said up to it."""
        end = time.monotonic() + PATIENCE_S
        while (at := self.said.find(text, self._seen)) < 0:
            assert time.monotonic() < end, f"no {text!r} in:\n{self.said}"
            self._read(0.1)
        found = self.said[self._seen : at + len(text)]
        self._seen = at + len(text)
        return found

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{text}\n".encode())

    def press(self, octets: bytes) -> None:
        """Press keys such as Ctrl-C."""
        os.write(self._ours, octets)

    def end(self) -> int:
        """Read until the program ends; return its exit code."""
        end = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < end, self.said
            self._read(0.05)
        self._read(0)
        return self.process.returncode

    def _read(self, seconds: float) -> None:
        if select.select([self._ours], [], [], seconds)[0]:
            said = os.read(self._ours, 65_536).decode("utf-8", "replace")
            self.said += _STEERING.sub("", said).replace("\r\n", "\n")
