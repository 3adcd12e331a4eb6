"""What of the wire may be shown: PDUs, numbers and texts are masked."""

import re

_PDU = re.compile(r"[0-9A-Fa-f]{16,}")
_NUMBER = re.compile(r"\d{6,}")
_TEXT = ("+CUSD:", "+CLIP:", "+CMT:", "+CNUM:", "+CCWA:")


def masked(line: str) -> str:
    """Return a received line fit for a transcript that people read.

    >>> masked("0791947101670000")
    '<TPDU 8 octets>'
    >>> masked('+CLIP: "+4915112345678",145')
    '+CLIP: <masked>'
    """
    if line[:1] not in "+^*" and _PDU.fullmatch(line):
        return f"<TPDU {len(line) // 2} octets>"
    if line.startswith(_TEXT):
        return f"{line.partition(':')[0]}: <masked>"
    return _NUMBER.sub("<digits>", line) if len(line) > 12 else line  # noqa: PLR2004
