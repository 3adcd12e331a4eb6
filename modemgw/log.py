"""Logging: logfmt lines on standard error, the same fields in the journal.

A message is a constant phrase; what varies is a field from `extra`. What must
not be read by others is taken out here, once for all callers:

  always             API keys, webhook secrets, PINs
  at INFO and above  phone numbers lose their middle, texts are left out

A warning that repeats is counted, not repeated: the first at once, then one line
a minute with `times=`.
"""

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from types import FrameType
from typing import TextIO

from modemgw import journal
from modemgw.number import mask

REPEAT_S = 60.0  # a repeated warning is written once in this time
MAX_REPEATS = 512  # distinct warnings remembered; beyond that the oldest is let go
MAX_VALUE = 400  # characters of one field; a modem's noise is no log line

_FIRST = ("modem", "sim", "message_id", "part")  # fields people look for, in front
# What a warning is about; a request or an attempt is not, those are always new.
_THINGS = ("modem", "sim", "message_id", "part", "raw", "webhook", "target", "key")
_NUMBERS = {"to", "from", "from_", "number", "peer", "recipient", "sender", "smsc"}
_TEXTS = {"text", "body", "data"}
_SECRETS = {"pin", "secret", "token", "password", "api_key", "authorization"}
_SPECIAL = _NUMBERS | _TEXTS
_STANDARD = {*vars(logging.makeLogRecord({})), "message", "asctime", "taskName"}
# One word in which no secret can be, and that needs no quotes: nearly every value.
_JOURNAL_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_TAKEN = (  # systemd.journal-fields(7) has a meaning of its own for these
    *("priority", "errno", "unit", "documentation", "tid", "invocation_id"),
    *("code_file", "code_line", "code_func", "user_invocation_id", "logger"),
    *("syslog_identifier", "syslog_facility", "syslog_pid", "syslog_raw"),
)
_JOURNAL_NAMES = {"message_id": "SMS_ID", **{n: f"SMS_{n.upper()}" for n in _TAKEN}}
_OURSELVES = {"logging", __name__}
_PLAIN = re.compile(r"(?!.*(?:mgw|whsec)_)[A-Za-z0-9_.,/-]{1,80}")

# Secrets wherever they turn up: in a value, in an exception, in a transcript.
_MASKS = [
    (re.compile(r"\b(mgw_[A-Za-z0-9]{1,16})_[A-Za-z0-9]+"), r"\1_…"),
    (re.compile(r"whsec_[A-Za-z0-9+/=_-]+"), "whsec_…"),
    (re.compile(r"(\+CPIN=|\+CLCK=|\+CPWD=)[^\r\n]*?(?=\s|$)"), r"\1…"),
    (re.compile(r"(?i)\b(bearer|basic) [A-Za-z0-9._~+/=-]{8,}"), r"\1 …"),
    (re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*@"), r"\1:…@"),
]
# One look tells that none of these can be in a text, as in nearly every one.
_SUSPECT = re.compile(r"mgw_|whsec_|\+C|[Bb][Ee][Aa][Rr]|[Bb][Aa][Ss][Ii]|://|\+\d")
_E164 = re.compile(r"\+\d{7,15}(?!\d)")
_NEEDS_QUOTES = re.compile(r'[\s"=\\]|[^\x20-\x7e\u00a1-\U0010fffd]|^$')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


class LogfmtFormatter(logging.Formatter):
    """`level logger event key=value …`: one line, greppable, no colours.

    `times` puts the UTC time in front (a terminal), `priorities` the `<6>` that
    the journal reads as a level (standard error of a service).
    """

    def __init__(self, *, times: bool = False, priorities: bool = False) -> None:
        super().__init__()
        self._times = times
        self._priorities = priorities
        self._second, self._written = -1, ""  # the last second, as it is written

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line, and its traceback below it."""
        event = _phrase(record.getMessage(), record.levelno)
        words = [record.levelname.lower(), record.name, event]
        if self._times:
            words.insert(0, self._time(record.created))
        words += [f"{name}={quote(text)}" for name, text in fields(record).items()]
        line = " ".join(words)
        if record.exc_info:
            trace = self.formatException(record.exc_info)
            line += "\n" + clean(trace, record.levelno)
        if self._priorities:
            prefix = f"<{_priority(record.levelno)}>"
            line = "\n".join(prefix + part for part in line.splitlines())
        return line

    def _time(self, created: float) -> str:
        second, ms = divmod(int(created * 1000), 1000)
        if second != self._second:
            at = datetime.fromtimestamp(second, UTC)
            self._second, self._written = second, at.isoformat()[:-6]
        return f"{self._written}.{ms:03}Z"


def fields(record: logging.LogRecord) -> dict[str, str]:
    """Return the fields of a record as they may be shown, the usual ones first."""
    extra = {
        name: value
        for name, value in vars(record).items()
        if name not in _STANDARD and value is not None
    }
    names = [name for name in _FIRST if name in extra]
    names += [name for name in extra if name not in _FIRST]
    return {name: _shown(name, extra[name], record.levelno) for name in names}


def _shown(name: str, value: object, level: int) -> str:
    if name in _SECRETS:
        return "…"
    if type(value) is int and name not in _NUMBERS:
        return str(value)
    if type(value) is str and name not in _SPECIAL and _PLAIN.fullmatch(value):
        return value
    text = str(value)
    if isinstance(value, tuple | list | set | frozenset):
        text = ",".join(str(one) for one in value)
    if level > logging.DEBUG:
        if name in _TEXTS:
            return f"<{len(text)} characters>"
        if name in _NUMBERS:
            text = mask(text)
    text = clean(text, level)
    return text if len(text) <= MAX_VALUE else text[:MAX_VALUE] + "…"


@lru_cache(maxsize=256)
def _phrase(text: str, level: int) -> str:
    """Return a message fit to be read; it is a constant, so the work is done once."""
    return _escape(clean(text, level))


def clean(text: str, level: int = logging.INFO) -> str:
    """Take secrets out of any text, and from INFO on the middle of numbers."""
    if _SUSPECT.search(text) is None:
        return text
    for pattern, instead in _MASKS:
        text = pattern.sub(instead, text)
    if level > logging.DEBUG:
        text = _E164.sub(lambda found: mask(found[0]), text)
    return text


def quote(text: str) -> str:
    """Write a value so that it stays one word on one line.

    >>> quote("waiting for the port")
    '"waiting for the port"'
    """
    return f'"{_escape(text, quotes=True)}"' if _NEEDS_QUOTES.search(text) else text


def _escape(text: str, *, quotes: bool = False) -> str:
    """Show control characters: what a modem says must not forge a line."""
    if not quotes and text.isprintable():
        return text
    return "".join(
        _ESCAPES[c]
        if c in _ESCAPES and (quotes or c not in '"\\')
        else c
        if c.isprintable()
        else f"\\u{ord(c):04x}"
        for c in text
    )


class JournalHandler(logging.Handler):
    """Gives the journal the line, and each field under its name in capitals.

    `journalctl MODEM=front` finds them. `message_id` becomes SMS_ID, because
    MESSAGE_ID means something else to the journal, and so with other names it has a
    meaning for. What is masked in the line is masked in the fields. Where a warning
    comes from stands in CODE_FILE, CODE_LINE and CODE_FUNC.
    """

    def __init__(self, line: journal.JournalSocket) -> None:
        super().__init__()
        self.lost = 0  # entries since the journal took one
        self._line = line
        self.setFormatter(LogfmtFormatter())

    def close(self) -> None:
        """Let go of the journal."""
        self._line.close()
        super().close()

    def emit(self, record: logging.LogRecord) -> None:
        """Write one entry; a journal that is not there must not stop us."""
        entry = {
            "MESSAGE": self.format(record),
            "PRIORITY": str(_priority(record.levelno)),
            "SYSLOG_IDENTIFIER": "modemgw",
            "LOGGER": record.name,
        }
        if record.levelno >= logging.WARNING:
            entry |= _origin(record)
        for name, text in fields(record).items():
            word = _JOURNAL_NAMES.get(name) or name.upper()
            if _JOURNAL_NAME.fullmatch(word):
                entry.setdefault(word, text)
        if self.lost:
            entry["LOST"] = str(self.lost)
            entry["MESSAGE"] += f" lost={self.lost}"
        try:
            self._line.send(entry)
        except journal.Behind:
            self.lost += 1  # standard error leads there, too, and would block
        except OSError as exc:
            self._say_plainly(entry, exc)
        else:
            self.lost = 0

    def _say_plainly(self, entry: Mapping[str, str], why: OSError) -> None:
        """Say it on standard error: the entry is lost, its text is not."""
        prefix = f"<{entry['PRIORITY']}>"
        said = f"{entry['MESSAGE']} journal={quote(why.strerror or str(why))}"
        with suppress(OSError, ValueError):
            sys.stderr.writelines(f"{prefix}{line}\n" for line in said.splitlines())


def _origin(record: logging.LogRecord) -> dict[str, str]:
    """Say which code speaks: that of the traceback, else whoever called the logger."""
    if record.exc_info and (trace := record.exc_info[2]) is not None:
        while trace.tb_next is not None:
            trace = trace.tb_next
        frame, line = trace.tb_frame, trace.tb_lineno
    else:
        here: FrameType | None = sys._getframe(1)
        while here is not None and here.f_globals.get("__name__") in _OURSELVES:
            here = here.f_back
        if here is None:
            return {}
        frame, line = here, here.f_lineno
    code = frame.f_code
    return {
        "CODE_FILE": code.co_filename,
        "CODE_LINE": str(line),
        "CODE_FUNC": code.co_qualname,
    }


class RepeatFilter(logging.Filter):
    """Lets a warning through once a minute; the next one carries `times=`.

    Equal means: same logger, level and phrase, about the same thing. Records with
    a traceback always pass.
    """

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._monotonic = monotonic
        self._seen: dict[tuple[object, ...], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether to write the record; count it where not."""
        if record.levelno < logging.WARNING or record.exc_info:
            return True
        about = [getattr(record, name, None) for name in _THINGS]
        key = (record.name, record.levelno, record.msg, *about)
        now = self._monotonic()
        since, held_back = self._seen.get(key, (now - REPEAT_S, 0))
        if now - since < REPEAT_S:
            self._seen[key] = (since, held_back + 1)
            return False
        if held_back:
            record.times = held_back + 1
        self._seen.pop(key, None)
        self._seen[key] = (now, 0)
        if len(self._seen) > MAX_REPEATS:
            del self._seen[next(iter(self._seen))]
        return True


def configure(level: str = "info", *, stream: TextIO | None = None) -> None:
    """Send the log of this process to `stream`, or where the service manager wants it.

    Below systemd: entries with fields (`journalctl MODEM=front`), or lines with a
    priority where the socket of the journal is not to be seen.
    """
    handler = _handler(stream)
    handler.addFilter(RepeatFilter())
    root = logging.getLogger("modemgw")
    for old in root.handlers[:]:
        root.removeHandler(old)
        if isinstance(old, JournalHandler):
            old.close()
    root.addHandler(handler)
    root.propagate = False
    root.setLevel(level.upper())
    # No line names a source line or a thread: looking for them is half its price.
    logging._srcfile = None  # the way of the logging howto, "Optimization"
    logging.logThreads = logging.logMultiprocessing = logging.logProcesses = False
    # asyncio says what it finds wrong with us; the rest of the world is not our log.
    for name in ("asyncio", "aiohttp"):
        other = logging.getLogger(name)
        other.handlers = [handler]
        other.propagate = False
        other.setLevel(logging.WARNING)


def _handler(stream: TextIO | None) -> logging.Handler:
    below_systemd = stream is None and _goes_to_journal(sys.stderr)
    if below_systemd and journal.SOCKET.exists():
        return JournalHandler(journal.JournalSocket(journal.SOCKET))
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        LogfmtFormatter(times=not below_systemd, priorities=below_systemd)
    )
    return handler


def _goes_to_journal(stream: TextIO) -> bool:
    """Tell whether `stream` is the journal: systemd.exec(5), JOURNAL_STREAM."""
    named = os.environ.get("JOURNAL_STREAM", "")
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return named == f"{found.st_dev}:{found.st_ino}"


def _priority(level: int) -> int:
    """Return the syslog priority of a level."""
    table = ((logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
    return next((number for least, number in table if level >= least), 7)
