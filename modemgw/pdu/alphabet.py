"""The GSM 7-bit alphabets: characters to septets and back.

A `Charset` is one basic table (the default alphabet, or a national locking
shift table) with one extension table behind ESC (the default one, or a national
single shift table). Both directions are one call into C for a whole text.
"""

import codecs
from enum import Enum
from functools import cache
from typing import Final

from modemgw.pdu.shifts import LOCKING, SINGLE

ESC: Final = 0x1B


class Alphabet(Enum):
    """How user data is coded: the three that TP-DCS can name."""

    GSM7 = "gsm7"
    UCS2 = "ucs2"  # in truth UTF-16, as every handset treats it
    DATA = "8bit"


# 3GPP TS 23.038, 6.2.1, septets 0 to 127. Septet 27 is the escape.
BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)

# 3GPP TS 23.038, 6.2.1.1: the septet behind ESC. A space is unassigned.
EXTENSION: Final = (
    "          \f     "
    "    ^           "
    "        {}     \\"
    "            [~] "
    "|               "
    "                "
    "     €          "
    "                "
)

_UNUSED: Final = "\ufffe"  # what charmap_build leaves out
_TO_SEPTETS: Final = bytes((*range(ESC), 0, *range(ESC + 1, 256)))


class Charset:
    """One basic table and one extension table, in both directions."""

    def __init__(self, basic: str, extension: str) -> None:
        self._basic = basic
        # A code that the extension table leaves empty shows the basic character;
        # ESC ESC, a table behind the table, shows a space: none is defined.
        self._shifted = "".join(
            basic_ if shifted == " " else shifted
            for basic_, shifted in zip(basic, extension, strict=True)
        ).replace(chr(ESC), " ")
        self._septets: dict[int, int | bytes] = {ord(" "): 0x20}
        for septet, character in enumerate(basic):
            if septet != ESC:
                self._septets.setdefault(ord(character), septet)
        for septet, character in enumerate(extension):
            self._septets.setdefault(ord(character), bytes((ESC, septet)))
        # The fast way for a text of basic characters: one code per character, in
        # a map that must begin with NUL. So '@', septet 0, has the code of ESC.
        codes = ["\0", *(_UNUSED if c == " " else c for c in basic[1:])]
        codes[0x20], codes[ESC] = " ", basic[0]
        self._codes = codecs.charmap_build("".join(codes))

    def encode(self, text: str) -> bytes | None:
        """Return the septets of `text`, or None if a character has none."""
        try:
            if "\0" not in text:
                codes = codecs.charmap_encode(text, "strict", self._codes)[0]
                return codes.translate(_TO_SEPTETS)
        except UnicodeEncodeError:
            pass  # not basic alone
        try:
            return codecs.charmap_encode(text, "strict", self._septets)[0]
        except UnicodeEncodeError:
            return None

    def decode(self, septets: bytes) -> str:
        """Return the text of `septets` (each below 128). Never fails.

        A final ESC, and ESC ESC, show a space.

        Spec: 3GPP TS 23.038, 6.2.1 and 6.2.1.1.
        """
        escape = septets.find(ESC)
        if escape < 0:
            return codecs.charmap_decode(septets, "strict", self._basic)[0]
        pieces, start = [], 0
        while escape >= 0:
            pieces.append(
                codecs.charmap_decode(septets[start:escape], "strict", self._basic)[0]
            )
            code = septets[escape + 1 : escape + 2] or b"\x1b"
            pieces.append(self._shifted[code[0]])
            start = escape + 2
            escape = septets.find(ESC, start)
        pieces.append(codecs.charmap_decode(septets[start:], "strict", self._basic)[0])
        return "".join(pieces)

    def missing(self, text: str) -> tuple[str, ...]:
        """Return the characters of `text` without a septet, each once, in order."""
        return tuple(c for c in dict.fromkeys(text) if ord(c) not in self._septets)


def charset(locking: int = 0, shift: int = 0) -> Charset:
    """Return the tables for national language identifiers; 0 is the default one.

    An identifier without a table counts as 0 (a receiver ignores the element).
    """
    # Only tables that exist are kept: a stranger may send any two octets.
    return _made(locking if locking in LOCKING else 0, shift if shift in SINGLE else 0)


@cache
def _made(locking: int, shift: int) -> Charset:
    return Charset(LOCKING.get(locking, BASIC), SINGLE.get(shift, EXTENSION))


GSM7: Final = charset()
