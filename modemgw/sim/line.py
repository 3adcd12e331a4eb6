"""Command lines of ITU-T V.250: characters in, calls out. This file does no I/O."""

import re
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from modemgw.sim.answers import Refused

MAX_LINE = 1500  # characters; real modems take 256 to 1500 and answer ERROR beyond
MAX_PENDING = 8192  # octets typed ahead of a busy modem; the rest is lost, as on a UART
MAX_BODY = 2048  # octets behind a prompt; what is more is lost
TOO_LONG = "AT?"  # what an overlong line is read as: an error
_JUNK = b"\r\n\0\x1a\x1b "  # means nothing in front of a command
CTRL_Z, ESC, BACKSPACE = 0x1A, 0x1B, 0x08

_EXTENDED = re.compile(r"[+^*#$%!_@][A-Za-z][A-Za-z0-9]*")
_REGISTER = re.compile(r"[Ss]\d+")
_BASIC = re.compile(r"[&\\%]?[A-Za-z]\d*")


class Form(Enum):
    """The four ways to write one command."""

    RUN = "AT+X"
    READ = "AT+X?"
    TEST = "AT+X=?"
    SET = "AT+X="


_SUFFIX = {Form.READ: "?", Form.TEST: "=?", Form.SET: "="}


@dataclass(frozen=True, slots=True)
class Call:
    """One command of a line. `name` is upper case, `text` what follows the `=`."""

    name: str
    form: Form
    text: str = ""

    def arguments(self) -> list[str]:
        """Split the text at commas outside quotes; quotes and blanks go away."""
        return list(_arguments(self.text))

    def typed(self) -> str:
        """Return the command as it stands in a line, without AT."""
        if self.form is Form.RUN:
            return self.name + self.text
        return self.name + _SUFFIX[self.form] + self.text


@lru_cache(maxsize=1024)
def _arguments(text: str) -> tuple[str, ...]:
    found: list[str] = []
    current: list[str] = []
    quoted = False
    for character in text:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            found.append("".join(current))
            current = []
        elif character != " " or quoted:
            current.append(character)
    found.append("".join(current))
    return tuple(found)


@lru_cache(maxsize=2048)
def parse_line(body: str) -> tuple[Call, ...]:
    """Split what stands behind AT into calls; Refused where it is no such line.

    >>> [call.typed() for call in parse_line('E0V1+CREG?;+CMGL=4')]
    ['E0', 'V1', '+CREG?', '+CMGL=4']
    """
    calls: list[Call] = []
    rest = body.strip()
    while rest := rest.lstrip(" ;"):
        if found := _EXTENDED.match(rest):
            call, rest = _extended(found.group().upper(), rest[found.end() :])
        elif found := _REGISTER.match(rest):
            call, rest = _register(found.group().upper(), rest[found.end() :])
        elif rest[0] in "Dd":
            number, _, rest = rest[1:].partition(";")
            call = Call("D", Form.RUN, number + (";" if ";" in body else ""))
        elif found := _BASIC.match(rest):
            name = found.group().upper()
            digits = name.lstrip("&\\%ABCDEFGHIJKLMNOPQRSTUVWXYZ")
            call = Call(name.removesuffix(digits), Form.RUN, digits)
            rest = rest[found.end() :]
        else:
            raise Refused
        calls.append(call)
    return tuple(calls)


def _extended(name: str, rest: str) -> tuple[Call, str]:
    end, quoted = 0, False
    while end < len(rest) and (quoted or rest[end] != ";"):
        quoted ^= rest[end] == '"'
        end += 1
    tail, rest = rest[:end].strip(), rest[end:]
    match tail:
        case "":
            return Call(name, Form.RUN), rest
        case "?":
            return Call(name, Form.READ), rest
        case "=?":
            return Call(name, Form.TEST), rest
        case _ if tail[0] == "=":
            return Call(name, Form.SET, tail[1:].strip()), rest
    raise Refused


def _register(name: str, rest: str) -> tuple[Call, str]:
    if rest.startswith("?"):
        return Call(name, Form.READ), rest[1:]
    if found := re.match(r"=(\d*)", rest):
        return Call(name, Form.SET, found.group(1)), rest[found.end() :]
    return Call(name, Form.RUN), rest


class Editor:
    """Collects what is typed; hands out command lines or the text behind a prompt.

    Characters before AT, line feeds and control characters mean nothing; a
    carriage return ends a line. `take_echo` gives what is to be sent back.
    """

    def __init__(self) -> None:
        self._typed = bytearray()
        self._is_overlong = False  # until the next CR all is lost
        self._echoed = 0  # octets at the front that take_echo has given out

    def clear(self) -> None:
        """Forget everything typed so far."""
        self._typed.clear()
        self._echoed = 0
        self._is_overlong = False

    def push(self, data: bytes) -> None:
        """Add what was typed; beyond the limit it is lost."""
        self._typed += data[: MAX_PENDING - len(self._typed)]

    def take_echo(self) -> bytes:
        """Return what stands unfinished and was not echoed yet."""
        echo = bytes(self._typed[self._echoed :])
        self._echoed = len(self._typed)
        return echo.translate(None, b"\x1a\x1b")

    def next_line(self) -> tuple[str, bytes] | None:
        """Take one command line and its echo; None while it is not complete.

        The line comes without CR and without anything before AT; it is empty
        where no AT was in it, and `A/` where that was typed (no CR is needed).
        """
        start = len(self._typed) - len(self._typed.lstrip(_JUNK))
        if self._typed[start : start + 2].upper() == b"A/":
            return "A/", self._take(start + 2)
        end = self._typed.find(b"\r")
        if end < 0 or end > MAX_LINE:
            self._is_overlong |= len(self._typed) > MAX_LINE
            if self._is_overlong:
                self._take(len(self._typed) if end < 0 else end)
            if end < 0:
                return None
            end = 0
        if self._is_overlong:
            self._is_overlong = False
            return TOO_LONG, self._take(end + 1)
        raw = bytes(self._typed[:end]).translate(None, b"\n\0\x1a\x1b")
        echo = self._take(end + 1)
        if BACKSPACE in raw:
            raw = _with_backspaces(raw)
        text = raw.decode("latin-1")
        start = text.upper().find("AT")
        return (text[start:] if start >= 0 else ""), echo

    def next_body(self) -> tuple[bytes, bool, bytes] | None:
        """Take the text behind a prompt: (octets, sent or cancelled, echo)."""
        ends = [
            at for at in (self._typed.find(0x1A), self._typed.find(0x1B)) if at >= 0
        ]
        if not ends:
            del self._typed[MAX_BODY:]
            self._echoed = min(self._echoed, len(self._typed))
            return None
        end = min(ends)
        body, sent = bytes(self._typed[:end]), self._typed[end] == CTRL_Z
        echo = self._take(end + 1)
        return body, sent, echo

    def _take(self, count: int) -> bytes:
        echo = bytes(self._typed[self._echoed : count])
        del self._typed[:count]
        self._echoed = max(0, self._echoed - count)
        return echo.translate(None, b"\x1a\x1b")


def _with_backspaces(raw: bytes) -> bytes:
    kept = bytearray()
    for octet in raw:
        if octet != BACKSPACE:
            kept.append(octet)
        elif kept:
            kept.pop()
    return bytes(kept)
