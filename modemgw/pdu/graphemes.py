"""Where a text may be cut without tearing one visible character apart.

A small part of UAX #29: enough for combining marks, emoji sequences, flags and
Hangul. A wrong answer here costs beauty, never a character.
"""

import unicodedata
from typing import Final

_ZWJ: Final = "\u200d"
_HANGUL_L: Final = ("\u1100", "\u115f")
_HANGUL_VT: Final = ("\u1160", "\u11ff")


def _is_extender(character: str) -> bool:
    """Whether `character` belongs to what stands before it."""
    return (
        unicodedata.category(character) in {"Mn", "Mc", "Me"}  # and variation selectors
        or character == _ZWJ
        or "\U0001f3fb" <= character <= "\U0001f3ff"  # skin tones
        or "\U000e0020" <= character <= "\U000e007f"  # tags of regional flags
        or _HANGUL_VT[0] <= character <= _HANGUL_VT[1]
    )


def _is_flag_half(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"  # regional indicators


def is_boundary(text: str, at: int) -> bool:
    """Whether `text` may be cut before `text[at]`."""
    if not 0 < at < len(text):
        return True
    before, after = text[at - 1], text[at]
    if _is_extender(after) or before == _ZWJ or (before == "\r" and after == "\n"):
        return False
    if _HANGUL_L[0] <= before <= _HANGUL_L[1] and _HANGUL_L[0] <= after <= _HANGUL_L[1]:
        return False
    if _is_flag_half(before) and _is_flag_half(after):
        start = at
        while start and _is_flag_half(text[start - 1]):
            start -= 1
        return (at - start) % 2 == 0
    return True
