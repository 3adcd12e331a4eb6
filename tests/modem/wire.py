"""A scripted modem for tests of the channel: what to say to which line.

It knows nothing of SMS. Whole modems come from modemgw.sim.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from modemgw.errors import PortLost

Say = str | bytes | tuple[float, str]  # now, or after so many seconds


def framed(text: str) -> bytes:
    """`OK` as a modem says it; `> ` and raw octets stay as they are."""
    return b"\r\n> " if text == ">" else f"\r\n{text}\r\n".encode("latin-1")


class ScriptedModem:
    """Answers each line from a table; unknown lines are answered OK.

    A key with a list of lists uses them in turn and repeats the last. `heard`
    keeps every line, bodies as `^Z:<hex>`, ESC as `ESC`.
    """

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.answers: dict[str, list[list[Say]]] = {
            key: value if value and isinstance(value[0], list) else [value]
            for key, value in (answers or {}).items()
        }
        self.heard: list[str] = []
        self.in_body = False
        self.deaf = False
        self.hear: Callable[[bytes], None] = lambda data: None
        self.lose: Callable[[Exception], None] = lambda exc: None
        self.closed = False
        self._buffer = b""

    # the Port that the channel writes to

    def write(self, data: bytes) -> None:
        if self.closed:
            raise PortLost("the port is closed")
        asyncio.get_running_loop().call_soon(self._take, data)

    def close(self) -> None:
        self.closed = True

    # the modem

    def say(self, *what: Say) -> None:
        loop = asyncio.get_running_loop()
        for item in what:
            if isinstance(item, tuple):
                loop.call_later(item[0], self._say_now, item[1])
            else:
                loop.call_soon(self._say_now, item)

    def _say_now(self, item: str | bytes) -> None:
        if not self.closed:
            self.hear(framed(item) if isinstance(item, str) else item)

    def _take(self, data: bytes) -> None:
        for octet in data:
            if octet == 0x1B:
                self._buffer, self.in_body = b"", False
                self._line("ESC", ())
            elif octet == 0x1A:
                body, self._buffer, self.in_body = self._buffer, b"", False
                self._line("^Z:" + body.decode(), ("+CMGS: 41", "OK"), key="^Z")
            elif octet == 0x0D and not self.in_body:
                line, self._buffer = self._buffer.decode("latin-1"), b""
                self.in_body = line.startswith("AT+CMGS=")
                self._line(line, (">",) if self.in_body else ("OK",))
            else:
                self._buffer += bytes([octet])

    def _line(self, line: str, default: Sequence[Say], key: str = "") -> None:
        self.heard.append(line)
        if self.deaf:
            return
        scripts = self.answers.get(key or line)
        if scripts is None:
            self.say(*default)
        else:
            self.say(*(scripts.pop(0) if len(scripts) > 1 else scripts[0]))
