"""Typographic folding: what a text would cost in plain GSM 7-bit characters.

One curly quote turns 160 characters into 70. Folding replaces what a word
processor put there, and letters whose accent the alphabet lacks, by their
plain neighbours. It never touches a character that GSM 7-bit has.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from modemgw.pdu.alphabet import GSM7
from modemgw.pdu.segment import Segments, segment

_PLAIN: Final = {
    "'": "\u2018\u2019\u201a\u201b\u2032\u2035\u02b9\u02bb\u02bc\u02bd\u0060\u00b4"
    "\u2039\u203a",
    '"': "\u201c\u201d\u201e\u201f\u2033\u2036\u02ba\u00ab\u00bb\u301d\u301e\u301f",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63",
    " ": "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009"
    "\u200a\u202f\u205f\u3000\t",
    "": "\u00ad\u200b\u2060\ufeff\u200e\u200f\u202a\u202c\u2066\u2067\u2068\u2069",
    "\n": "\u2028\u2029\u0085\u000b",
    "...": "\u2026",
    "*": "\u2022\u2023\u25cf\u25e6\u00b7\u2219\u22c5",
    "/": "\u2044\u2215\u00f7",
    "x": "\u00d7",
    "~": "\u02dc\u223c\u301c",
    "^": "\u02c6",
    "|": "\u00a6\u2502",
    "_": "\u2017",
    "(C)": "\u00a9",
    "(R)": "\u00ae",
    "TM": "\u2122",
    "oe": "\u0153",
    "OE": "\u0152",
    "l": "\u0142",
    "L": "\u0141",
    "d": "\u0111\u00f0",
    "D": "\u0110\u00d0",
    "th": "\u00fe",
    "TH": "\u00de",
    "i": "\u0131",
    "h": "\u0127",
    "H": "\u0126\u0397",
    "t": "\u0167",
    "T": "\u0166\u03a4",
    # The nearest letter, where the alphabet has one with another accent.
    "\u00f6": "\u0151",
    "\u00fc": "\u0171",
    "\u00d6": "\u0150",
    "\u00dc": "\u0170",
    # Greek capitals that look like Latin ones; the others GSM 7-bit has itself.
    "A": "\u0391",
    "B": "\u0392",
    "E": "\u0395",
    "Z": "\u0396",
    "I": "\u0399",
    "K": "\u039a",
    "M": "\u039c",
    "N": "\u039d",
    "O": "\u039f",
    "P": "\u03a1",
    "Y": "\u03a5",
    "X": "\u03a7",
}
_FOLDED: Final = {
    character: plain for plain, characters in _PLAIN.items() for character in characters
}


@dataclass(frozen=True, slots=True)
class FoldReport:
    """What forces a text into UCS-2, and what folding would save.

    `forced_by` are the characters without a septet, `unfoldable` those of them
    that folding cannot replace: while there is one, folding saves nothing.
    """

    forced_by: tuple[str, ...]
    unfoldable: tuple[str, ...]
    text: str
    plain: Segments
    folded: Segments

    @property
    def saved_parts(self) -> int:
        """How many parts folding saves."""
        return len(self.plain) - len(self.folded)


@lru_cache(maxsize=4096)
def _fold_character(character: str) -> str:
    if GSM7.encode(character) is not None:
        return character
    if character in _FOLDED:
        return _FOLDED[character]
    # Full-width forms, ligatures, fractions, superscripts; then letters whose
    # accent we cannot keep. What neither makes plain stays as it is.
    compatible = "".join(
        _FOLDED.get(c, c) for c in unicodedata.normalize("NFKC", character)
    )
    bare = "".join(
        c
        for c in unicodedata.normalize("NFKD", character)
        if not unicodedata.combining(c)
    )
    for plain in (compatible, bare):
        if plain and GSM7.encode(plain) is not None:
            return plain
    return character


def fold(text: str) -> str:
    """Replace what GSM 7-bit lacks by plain neighbours, where there are some."""
    if GSM7.encode(text) is not None:
        return text
    composed = unicodedata.normalize("NFC", text)
    return "".join(map(_fold_character, composed))


def fold_to_gsm7(text: str) -> str:
    """Fold, if that makes the whole text GSM 7-bit; else leave it untouched.

    A text that needs UCS-2 all the same keeps its typography: it costs nothing.
    """
    folded = fold(text)
    return folded if GSM7.encode(folded) is not None else text


def report(text: str) -> FoldReport:
    """Say which characters forced UCS-2 and what folding would save."""
    folded = fold_to_gsm7(text)
    return FoldReport(
        GSM7.missing(text),
        GSM7.missing(fold(text)),
        folded,
        segment(text),
        segment(folded),
    )
