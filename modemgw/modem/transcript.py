"""What of the wire may be shown: PDUs, numbers, texts and PINs are masked."""

import re

_PDU = re.compile(r"[0-9A-Fa-f]{16,}")
_NUMBER = re.compile(r"\d{6,}")
_TEXT = (
    *("+CUSD:", "+CLIP:", "+CMT:", "+CNUM:", "+CCWA:", "+CLCC:", "+CPBR:", "+CPBF:"),
    *("+COLP:", "+CNAP:", "MISSED_CALL:"),
)
_MESSAGES = ("+CMGR:", "+CMGL:")  # what follows such a line is somebody's text
_QUOTED = re.compile(r'"[^"]*"?')
PLAIN = 12  # characters of a line that begins with a prefix: no room for a number
# Commands whose arguments are PINs, passwords, texts or numbers of people.
_SECRET = ("+CPIN", "+CLCK", "+CPWD", "+CUSD", "+CPBW", "+CPBF", "^CPIN", "+SPIC")
_DIAL = re.compile(r"^(AT\s*D)[^;]*", re.IGNORECASE)


def masked(line: str, prefixes: tuple[str, ...] = ()) -> str:
    """Return a received line fit for a transcript that people read.

    `prefixes` are those of the answer it belongs to.

    >>> masked("0791947101670000")
    '<TPDU 8 octets>'
    >>> masked('+CLIP: "+4915112345678",145')
    '+CLIP: <masked>'
    >>> masked("Hello", ("+CMGR:",))
    '<5 characters>'
    """
    if line[:1] not in "+^*" and _PDU.fullmatch(line):
        return f"<TPDU {len(line) // 2} octets>"
    if line.startswith(_TEXT):
        return f"{line.partition(':')[0]}: <masked>"
    if prefixes and prefixes[0] in _MESSAGES and not line.startswith(prefixes):
        return f"<{len(line)} characters>"
    return _NUMBER.sub("<digits>", line) if len(line) > PLAIN else line


def masked_command(line: str) -> str:
    """Return a command that a person typed, fit for transcript and log.

    >>> masked_command('AT+CPIN="1234"')
    'AT+CPIN=<masked>'
    >>> masked_command("ATD+4915112345678;")
    'ATD<masked>;'
    """
    upper = line.upper()
    if any(name in upper for name in _SECRET):
        return line.partition("=")[0] + ("=<masked>" if "=" in line else "")
    shown = _DIAL.sub(r"\1<masked>", line)
    return _NUMBER.sub("<digits>", _QUOTED.sub(_mask_quoted, shown))


def _mask_quoted(found: "re.Match[str]") -> str:
    """Keep what names a memory or a character set; other quotes may hold anything."""
    return found[0] if re.fullmatch(r'"[A-Z0-9]{2,4}"', found[0]) else '"<masked>"'
