"""USSD strings: what stands between the quotes of AT+CUSD and +CUSD, as text.

Modems take and give the same text in four ways: plain, packed septets in hex,
UCS-2 in hex, and octets in hex. Which one they give is not what their <dcs>
says, so an answer is read in every way and the most likely text wins; <dcs>
counts as a hint.

Spec: 3GPP TS 23.038, 6.1.2.3 (packing) and 5 (<dcs>); TS 27.007, 7.15.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from typing import Final

from modemgw.pdu.alphabet import GSM7
from modemgw.pdu.septets import pack_septets, unpack_septets


class Coding(Enum):
    """How a modem writes a USSD string; the values are those of at/quirks.py."""

    TEXT = "text"
    PACKED = "packed"
    UCS2 = "ucs2"
    OCTETS = "octets"


MAX_SEPTETS: Final = 182  # 160 octets. Spec: 3GPP TS 22.090, TS 23.038
DCS_DEFAULT: Final = 15  # GSM 7-bit, language unspecified
DCS_UCS2: Final = 72
_MAX_OCTETS: Final = 448  # of an answer that is read as septets; more is no USSD
_CR: Final = 0x0D
_UCS2_CODES: Final = frozenset({8, 17, 24, 72, 88})
_DATA_CODES: Final = frozenset({4, 20, 68, 84})
_SEPTETS_OF_GROUP: Final = 8

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})+")
# What is the same octet in ASCII and in the GSM alphabet, quotes apart: these
# go out as they are, whatever AT+CSCS says.
_SAFE = re.compile(r"[A-Za-z0-9 !#%&'()*+,\-./:;<=>?]*")
_COMMON = frozenset(" .,:;*#()/-+%'\"!?&$€£=\n\r")
_HINT, _CONSISTENT = 0.15, 0.3  # see _likely
_PLAIN_HEX, _PLAIN_DIGITS = 0.45, 0.75  # how likely hex digits are the text itself
_PRINTABLE = range(0x20, 0x7F)
_BEHIND_LATIN, _IDEOGRAPHIC = 0x250, 0x3000
_SCRIPTS = (  # those that take more than one block of 128
    (0x370, 0x3FF, "greek"),
    (0x400, 0x58F, "cyrillic"),
    (0x2E80, 0xABFF, "cjk"),
    (0xAC00, 0xD7FF, "hangul"),
    (0xF900, 0xFFEF, "cjk"),
)
_SURE = 4  # octets of printable ASCII that are hardly septets by chance


@dataclass(frozen=True, slots=True)
class Decoded:
    """The text of an answer, and in which way it was written."""

    text: str
    coding: Coding


def encode(text: str, coding: Coding) -> tuple[str, int] | None:
    """Return string and <dcs> for AT+CUSD; None where `coding` cannot carry it.

    >>> encode("*100#", Coding.PACKED)
    ('AA180C3602', 15)
    """
    if coding is Coding.TEXT:
        return (text, DCS_DEFAULT) if _SAFE.fullmatch(text) else None
    if coding is Coding.UCS2:
        return text.encode("utf-16-be", "surrogatepass").hex().upper(), DCS_UCS2
    septets = GSM7.encode(text)
    if septets is None or len(septets) > MAX_SEPTETS:
        return None
    if coding is Coding.OCTETS:
        return (septets.hex().upper(), DCS_DEFAULT) if _SAFE.fullmatch(text) else None
    if len(septets) % _SEPTETS_OF_GROUP == _SEPTETS_OF_GROUP - 1:
        septets += bytes((_CR,))  # else seven zero bits would show a final '@'
    return pack_septets(septets).hex().upper(), DCS_DEFAULT


def decode(raw: str, dcs: int | None = None) -> Decoded:
    """Read the string of a +CUSD, as it came between its quotes.

    >>> decode("AA180C3602", 15).text, decode("002A00310023", 7).text
    ('*100#', '*1#')
    """
    plain = Decoded(_plain(raw), Coding.TEXT)
    compact = raw.strip()
    if not _HEX.fullmatch(compact):
        return plain
    octets = bytes.fromhex(compact)
    best, most = plain, _PLAIN_DIGITS if compact.isdigit() else _PLAIN_HEX
    for candidate in _candidates(octets):
        likely = _likely(candidate, octets, dcs)
        if likely > most:
            best, most = candidate, likely
    return best


def _candidates(octets: bytes) -> list[Decoded]:
    found = [Decoded(_plain(octets.decode("latin-1")), Coding.OCTETS)]
    if len(octets) % 2 == 0:
        text = octets.decode("utf-16-be", "replace")
        found.append(Decoded(text, Coding.UCS2))
    if len(octets) <= _MAX_OCTETS:
        found.append(Decoded(_unpacked(octets), Coding.PACKED))
    return found


def _unpacked(octets: bytes) -> str:
    septets = unpack_septets(octets, len(octets) * 8 // 7)
    if len(septets) % _SEPTETS_OF_GROUP == 0 and septets[-1:] in (b"\r", b"\0"):
        septets = septets[:-1]  # padding, of those who pad rightly and the others
    return GSM7.decode(septets)


def _plain(raw: str) -> str:
    """Read a string that is text: GSM characters, UTF-8 or Latin-1."""
    octets = raw.encode("latin-1", "replace")
    if any(octet < ord(" ") and octet not in b"\r\n\t" for octet in octets):
        return GSM7.decode(bytes(octet & 0x7F for octet in octets))
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError:
        return raw


def _likely(found: Decoded, octets: bytes, dcs: int | None) -> float:
    """Say how much `found` looks like what a network tells people."""
    text, scripts = found.text, set()
    if not text:
        return 0.0
    total = 0.0
    for character in text:
        weight, script = _weigh(character, found.coding)
        total += weight
        if script:
            scripts.add(script)
    likely = total / len(text)
    if len(scripts) > 1 or (scripts and len(text) == 1):
        likely *= 0.4
    if dcs is not None and found.coding is _meant(dcs):
        likely += _HINT
    printable = all(octet in _PRINTABLE for octet in octets)
    if found.coding is Coding.OCTETS and printable and len(octets) >= _SURE:
        likely += _CONSISTENT
    if found.coding is Coding.UCS2 and octets[::2].count(0) * 3 >= len(octets):
        likely += _CONSISTENT  # two of three high octets are 00: Latin text
    return likely


def _meant(dcs: int) -> Coding:
    if dcs in _UCS2_CODES:
        return Coding.UCS2
    return Coding.OCTETS if dcs in _DATA_CODES else Coding.PACKED


def _weigh(character: str, coding: Coding) -> tuple[float, str]:
    """Return how usual a character is, and its script where that is not Latin."""
    category = unicodedata.category(character)
    weight, script = 0.95, ""
    if character in _COMMON or (character.isascii() and character.isalnum()):
        weight = 1.0 if character.isascii() else 0.9
    elif category in ("Cc", "Cn", "Co", "Cs") or character == "\ufffd":
        weight = -1.0
    elif character.isascii():
        weight = 0.3
    elif ord(character) < _BEHIND_LATIN:  # with accents
        weight = 0.5 if category[0] == "L" else 0.3
    elif coding is not Coding.UCS2:
        weight = 0.1  # a Greek capital of the GSM alphabet, alone among Latin
    elif category[0] in "PSZ" and ord(character) < _IDEOGRAPHIC:
        weight = 0.6
    else:
        script = _script(ord(character))
    return weight, script


def _script(code: int) -> str:
    """Name the script that a character belongs to, roughly: by its block."""
    for first, last, script in _SCRIPTS:
        if first <= code <= last:
            return script
    return f"{code >> 7:x}"
