"""Bytes from an AT channel in, events out: no port, no clock, no callbacks.

The grammar of AT depends on the command in flight, so the caller says what it
expects. Rules that real modems forced on us:

- CR and LF both end a line: V0 answers `0<CR>`, Huawei ends lines in CR CR LF.
- Result codes count only as whole lines; an operator may be called "OK Mobile".
- URCs come anywhere. A line that looks like one is never an answer unless the
  command in flight declared its prefix.
- The prompt is `>` at the begin of a line, with or without a space behind it,
  and only while one is expected.

The split of the reads never matters: one octet at a time gives the same events
as one large read. tests/unit/at/test_parser.py holds us to that.

Spec: ITU-T V.250, 5.7; 3GPP TS 27.005, 3.5.1 (prompt).
"""

import re

from modemgw.values import value

MAX_LINE = 2048  # octets; the longest legal line is a USSD text in hex, below 800
MAX_TEXT_LINES = 24  # of one +CUSD text; more is a closing quote that was lost
MAX_BETWEEN = 3  # URCs tolerated between the two lines of +CMT, +CDS, +CBM

# Line noise, flow control, and the echo of our own ESC and Ctrl-Z.
_NOISE = b"\0\x11\x13\x1a\x1b\x7f\xff"

_ERRORS = ("+CME ERROR", "+CMS ERROR", "+EXT ERROR:", "EXT_ERROR:", "ERROR+")
_FINALS = frozenset(
    (
        *("OK", "ERROR", "ABORTED", "TOO MANY PARAMETERS"),
        *("COMMAND NOT SUPPORT", "COMMAND NOT SUPPORTED"),  # Huawei for ERROR
    )
)
_LINE_ENDS = (b"\r", b"\n", b"")
_NUMERIC = {"0": "OK", "4": "ERROR"}  # V.250, 5.7.1: results under ATV0

# Lines without a prefix that come unasked. Result codes of calls are among
# them: we never dial, so they never end one of our commands.
_PLAIN_URCS = (
    *("RING", "NO CARRIER", "BUSY", "NO ANSWER", "NO DIALTONE", "NO DIAL TONE"),
    *("CONNECT", "VOICE CALL", "MISSED_CALL", "SRING", "STIN:", "DST:"),
    *("RDY", "APP RDY", "Call Ready", "SMS Ready", "SMS DONE", "PB DONE"),
    *("NORMAL POWER DOWN", "POWERED DOWN", "UNDER-VOLTAGE", "OVER-VOLTAGE"),
    *("MODEM:STARTUP", "NOT FOND", "SAMSUNG PTS", "+PBREADY", "+READY", "^SYSSTART"),
    *("+SMS FULL", "+PACSP"),
)
_URC_SHAPE = re.compile(r"[+^*%#$_!][A-Z][A-Z0-9_]*:")
_URC_MARKS = "+^*%#$_!"
_TWO_LINES = ("+CMT:", "+CDS:", "+CBM:")
_OPEN = (*_TWO_LINES, "+CUSD:")  # more lines may belong to it

# What nearly every read is: the prompt, or one line with its OK or its PDU.
_PROMPT_READ = b"\r\n> "
_USUAL_READ = re.compile(
    rb"(?=\r)(?:\r\n(\+[A-Z][ -~]*[!-~])\r\n(?:([0-9A-Fa-f]{2,})\r\n)?)?"
    rb"(?:\r\n(OK)\r\n)?"
)

# `+CREG: 0,1` answers AT+CREG?, `+CREG: 1` and `+CREG: 1,"00C3","1A2B"` do not.
_TWO_ROLES = ("+CREG:", "+CGREG:", "+CEREG:")
_ASKED = re.compile(r"\+C[GE]?REG: *\d *, *\d{1,2} *(?:,|$)")

_HEX = re.compile(r"[0-9A-Fa-f]{2,}")
_GLUED_ROW = re.compile(r"([0-9A-Fa-f]{20,})(\+CMGL:.*)")  # a line feed was lost
_TEXT_OVER = re.compile(r'" *(?:,[^"]*)?$')
_TEXT_END = re.compile(r'" *(?:, *\d+ *)?$')


def _is_open(text: str) -> bool:
    """Say whether the quote of a +CUSD goes on in the next line."""
    return '"' in text and (text.count('"') % 2 == 1 or not _TEXT_OVER.search(text))


@value
class Info:
    """One line of the answer to the command in flight."""

    text: str


@value
class Final:
    """The final result code. It ends the command in flight."""

    text: str


@value
class Prompt:
    """The `> ` that AT+CMGS sends when it wants the PDU."""


@value
class Urc:
    """An unsolicited result code, with its PDU line where it has one."""

    text: str
    pdu: str | None = None


Event = Info | Final | Prompt | Urc

_PROMPT = Prompt()
_OK = Final("OK")


class AtParser:
    """Turn the byte stream of one AT channel into events.

    `discarded` counts lines that were too long: noise, or a wrong baud rate.
    `noise` are beginnings of further lines that come unasked at this modem.
    """

    def __init__(self) -> None:
        self.discarded = 0
        self.noise: tuple[str, ...] = ()
        self._buffer = b""
        self._is_amid = False  # of a line, or of lines that belong together
        self._skipping = False  # inside a line longer than MAX_LINE
        self._command = ""
        self._prefixes: tuple[str, ...] = ()
        self._wants_prompt = False
        self._prompted = False  # the PDU may be echoed behind further prompts
        self._numeric = False
        self._header: str | None = None  # of a two-line URC, waiting for its PDU
        self._between = 0
        self._text: list[str] = []  # of a +CUSD whose quote is still open

    def expect(
        self,
        command: str,
        prefixes: tuple[str, ...] = (),
        *,
        prompt: bool = False,
        numeric: bool = False,
    ) -> None:
        """Say what goes out now and what its answer begins with.

        `numeric` also takes `0` and `4` for OK and ERROR, as a modem answers
        that somebody left in ATV0. The next Final ends the expectation.
        """
        self._command = command
        self._prefixes = prefixes
        self._wants_prompt = prompt
        self._prompted = False
        self._numeric = numeric

    def feed(self, data: bytes) -> list[Event]:
        """Take what the port gave and return the events it completes."""
        if not self._is_amid:
            usual = self._usual(data)
            if usual is not None:
                return usual
        events: list[Event] = []
        data = self._buffer + data.translate(None, _NOISE)
        lines = data.splitlines()  # octets: CR and LF alone end one
        rest = b"" if data[-1:] in _LINE_ENDS else lines.pop()
        if self._skipping:
            if lines:
                self._skipping, lines[0] = False, b""
            else:
                rest = b""
        for line in lines:
            if line:
                self._whole(line, events)
        if rest:
            if self._wants_prompt:
                rest = self._take_prompt(rest, events)
            if len(rest) > MAX_LINE:
                self.discarded += 1
                self._skipping, rest = True, b""
        self._buffer = rest
        is_amid = self._skipping or self._text or self._header or rest.strip()
        self._is_amid = bool(is_amid)
        return events

    def _usual(self, data: bytes) -> list[Event] | None:
        """Take a read that comes at the begin of a line and ends with one.

        None, and nothing is taken, where it is not one of the usual; what it gives
        is what the general way gives.
        """
        if data == _PROMPT_READ and self._wants_prompt:
            self._wants_prompt, self._prompted = False, True
            self._buffer = b" "
            return [_PROMPT]
        found = _USUAL_READ.fullmatch(data) if len(data) <= MAX_LINE else None
        if found is None:
            return None
        line, pdu, final = found.groups()
        events: list[Event] = []
        if line is not None:
            text = line.decode("ascii")
            if pdu is not None:
                if not text.startswith(_TWO_LINES) or text.startswith(self._prefixes):
                    return None
                events.append(Urc(text, pdu.decode("ascii")))
            elif text.startswith(_OPEN):
                return None
            elif (event := self._classify(text)) is not None:
                events.append(event)
        if final is not None:
            events.append(self._ok())
        self._buffer = b""
        return events

    def _whole(self, line: bytes, events: list[Event]) -> None:
        if self._wants_prompt:
            line = self._take_prompt(line, events)
        if len(line) > MAX_LINE:
            self.discarded += 1
            return
        text = line.decode("latin-1").strip()
        if self._prompted:
            text = text.lstrip("> ")
        if text:
            self._line(text, events)

    def _take_prompt(self, line: bytes, events: list[Event]) -> bytes:
        stripped = line.lstrip()
        if stripped[:1] != b">" or len(line) - len(stripped) > MAX_LINE:
            return line
        self._wants_prompt, self._prompted = False, True
        events.append(_PROMPT)
        return stripped[1:]

    def _line(self, text: str, events: list[Event]) -> None:
        if self._text:
            self._continue_text(text, events)
            return
        if self._header is not None and _HEX.fullmatch(text):
            events.append(Urc(self._header, text))
            self._header = None
            return
        event = self._classify(text)
        if self._header is not None:
            self._between += 1
            if self._between > MAX_BETWEEN or not isinstance(event, Urc):
                events.append(Urc(self._header))  # its PDU will not come any more
                self._header = None
        if isinstance(event, Urc):
            if text.startswith(_TWO_LINES):
                if self._header is not None:
                    events.append(Urc(self._header))
                self._header, self._between = text, 0
                return
            if text.startswith("+CUSD:") and _is_open(text):
                self._text = [text]
                return
        elif "+CMGL:" in text and isinstance(event, Info):
            row = _GLUED_ROW.fullmatch(text)
            if row is not None:
                events += Info(row[1]), Info(row[2])
                return
        if event is not None:
            events.append(event)

    def _continue_text(self, text: str, events: list[Event]) -> None:
        self._text.append(text)
        if _TEXT_END.search(text) or len(self._text) > MAX_TEXT_LINES:
            events.append(Urc("\n".join(self._text)))
            self._text = []

    def _classify(self, text: str) -> Event | None:
        if text.startswith(self._prefixes):
            if text.startswith(_TWO_ROLES) and not _ASKED.match(text):
                return Urc(text)
            return Info(text)
        if text in _FINALS or text.startswith(_ERRORS):
            return self._final("ERROR" if text.startswith("ERROR") else text)
        if self._numeric and text in _NUMERIC:
            return self._final(_NUMERIC[text])
        if (text[0] in _URC_MARKS and _URC_SHAPE.match(text)) or text.startswith(
            (*_PLAIN_URCS, *self.noise)
        ):
            return Urc(text)
        return None if self._is_echo(text) else Info(text)

    def _ok(self) -> Event:
        """Do what `_classify` does with an OK."""
        return Info("OK") if "OK".startswith(self._prefixes) else self._final("OK")

    def _final(self, text: str) -> Final:
        self._command, self._prefixes = "", ()
        self._wants_prompt = self._prompted = self._numeric = False
        return _OK if text == "OK" else Final(text)

    def _is_echo(self, text: str) -> bool:
        """Tell our own command from an answer, even with octets missing.

        On a UART without handshake an echo may lack octets anywhere; what is
        left is a subsequence of the command.
        """
        rest = iter(self._command)
        return all(character in rest for character in text)
