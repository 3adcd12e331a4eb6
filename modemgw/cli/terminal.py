"""The terminal as a whole screen, and back as it was, however the program ends."""

import os
import select
import signal
import sys
import termios
import time
import tty
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any, Self

from modemgw.cli.top_frame import DIM, HEAD, KEYS, TITLE, WARN, Line

_ENTER = "\x1b[?1049h\x1b[?25l\x1b[2J"
_LEAVE = "\x1b[0m\x1b[?25h\x1b[?1049l"
_STYLES = {
    **{HEAD: "\x1b[1;32m", TITLE: "\x1b[7m", WARN: "\x1b[1;33m"},
    **{DIM: "\x1b[2m", KEYS: "\x1b[7m"},
}
_KEYS = {b"\x1b[A": "up", b"\x1b[B": "down", b"\x1bOA": "up", b"\x1bOB": "down"}
_KEYS |= {b"\x1b[5~": "page up", b"\x1b[6~": "page down", b"\x1b[H": "home"}
ENDS = (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
FASTEST_S = 0.05  # between two drawings, whatever the window does


class Ended(BaseException):
    """Somebody asked the program to end."""


class Terminal:
    """A screen of its own on standard output; keys from standard input."""

    def __init__(self) -> None:
        self.size = (80, 24)
        self._before: list[Any] = []
        self._drawn: list[Line] = []
        self._is_in = False
        self._handlers: dict[int, object] = {}
        self._wake_read, self._wake_write = os.pipe()

    def __enter__(self) -> Self:
        """Take the screen."""
        os.set_blocking(self._wake_read, False)
        os.set_blocking(self._wake_write, False)
        for number in (*ENDS, signal.SIGINT):
            self._handle(number, self._end)
        self._handle(signal.SIGWINCH, lambda *_: None)
        self._handle(signal.SIGTSTP, self._stop)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._take()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Give the screen back; the word to end is no error."""
        self._give_back()
        signal.set_wakeup_fd(-1)
        for number, before in self._handlers.items():
            signal.signal(number, before)  # type: ignore[arg-type] # as it was
        os.close(self._wake_read)
        os.close(self._wake_write)
        return kind is not None and issubclass(kind, Ended)

    def draw(self, lines: Sequence[Line]) -> None:
        """Write what changed since the last time."""
        told = []
        for row, line in enumerate(lines):
            if row < len(self._drawn) and self._drawn[row] == line:
                continue
            style = _STYLES.get(line.style, "")
            told.append(f"\x1b[{row + 1};1H{style}{line.text}\x1b[0m\x1b[K")
        if len(lines) < len(self._drawn):
            told.append(f"\x1b[{len(lines) + 1};1H\x1b[J")
        self._drawn = list(lines)
        _write("".join(told))

    def keys(self, seconds: float) -> list[str]:
        """Wait so long for keys, or for a change of the window; return the keys."""
        ready, _, _ = select.select([0, self._wake_read], [], [], max(0.0, seconds))
        found: list[str] = []
        if self._wake_read in ready:
            with suppress(BlockingIOError):
                while len(os.read(self._wake_read, 4096)) == 4096:  # noqa: PLR2004
                    pass
            time.sleep(FASTEST_S)  # a storm of resizes is one change
        if 0 in ready:
            octets = os.read(0, 256)
            if not octets:
                raise Ended  # the terminal is gone
            found = read_keys(octets)
        self._measure()
        return found

    # -- inside --------------------------------------------------------------

    def _handle(self, number: int, handler: Callable[..., object]) -> None:
        self._handlers[number] = signal.signal(number, handler)

    def _end(self, number: int, frame: FrameType | None) -> None:
        raise Ended

    def _stop(self, number: int, frame: FrameType | None) -> None:
        """Ctrl-Z: give the screen back, sleep, and take it again."""
        self._give_back()
        os.kill(os.getpid(), signal.SIGSTOP)
        self._take()

    def _take(self) -> None:
        with suppress(termios.error):
            self._before = termios.tcgetattr(0)
            tty.setcbreak(0)
        self._is_in = True
        self._drawn = []
        _write(_ENTER)
        self._measure()

    def _give_back(self) -> None:
        if not self._is_in:
            return
        self._is_in = False
        with suppress(OSError):
            _write(_LEAVE)
        if self._before:
            with suppress(termios.error):
                termios.tcsetattr(0, termios.TCSADRAIN, self._before)

    def _measure(self) -> None:
        try:
            size = os.get_terminal_size(1)
        except OSError:
            return
        found = (size.columns or 80, size.lines or 24)  # a serial console says 0
        if found != self.size:
            self.size, self._drawn = found, []
            _write("\x1b[2J")


def read_keys(octets: bytes) -> list[str]:
    """Turn what came from the keyboard into names of keys; the rest is dropped."""
    found: list[str] = []
    while octets:
        for sequence, name in _KEYS.items():
            if octets.startswith(sequence):
                found.append(name)
                octets = octets[len(sequence) :]
                break
        else:
            if octets[:1] == b"\x1b":
                return found  # a key nobody asked for
            found.append(octets[:1].decode("ascii", "replace"))
            octets = octets[1:]
    return found


def _write(text: str) -> None:
    if text:
        sys.stdout.write(text)
        sys.stdout.flush()
