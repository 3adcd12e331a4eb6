# ruff: noqa: RUF001, RUF003 - many languages
"""Texts as rules compare them: without case, accents, punctuation and emphasis.

`fold` makes one form of all the ways in which people write a word: ARRÊT, arrêt and
"Arret!" are equal. Nothing of it is shown to anybody but the keyword.
"""

import re
import unicodedata
from functools import lru_cache

MAX_LOOKED_AT = 400  # characters of a text; nobody writes a keyword behind them
MAX_KEYWORD = 40  # characters
LETTERS_TO_JOIN = 3  # s t o p is a word, "a b" is not

# Letters that no decomposition turns into their plain form.
_PLAIN = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe"}
    | {"أ": "ا", "إ": "ا", "آ": "ا", "ة": "ه", "ى": "ي", "ـ": None, "ς": "σ"}
)
# The GSM alphabet has no Α, Β, Ε …: a Greek phone sends Latin letters in their place.
_GREEK_LOOKS = str.maketrans("abezhikmnoptyx", "αβεζηικμνορτυχ")
_APOSTROPHES = re.compile(r"(?<=\w)['’ʼ`´](?=\w)")
_WORD = re.compile(r"[^\W_ʼ]+")  # Unicode calls that apostrophe a letter
_GREEK = re.compile(r"[\u0370-\u03ff]")


def fold(text: str) -> str:
    """Return the words of a text in their comparable form, one blank between two.

    >>> fold("  Arrêt, s'il vous plaît!"), fold("S.T.O.P."), fold("ΣTOΠ")
    ('arret sil vous plait', 'stop', 'στοπ')
    """
    words = words_of(text)
    if len(words) >= LETTERS_TO_JOIN and all(len(word) == 1 for word in words):
        return _fold_word("".join(words))
    return " ".join(words)


@lru_cache(maxsize=256)
def words_of(text: str) -> tuple[str, ...]:
    """Return the words of the begin of a text, each in its comparable form."""
    start = _APOSTROPHES.sub("", text[:MAX_LOOKED_AT])
    return tuple(map(_fold_word, _WORD.findall(_without_marks(start))))


def keyword(text: str | None) -> str | None:
    """Return the first word as people write keywords; None where there is no word.

    >>> keyword("hours? please"), keyword("Öffnungszeiten"), keyword("👍")
    ('HOURS', 'OFFNUNGSZEITEN', None)
    """
    words = words_of(text or "")
    return words[0].upper()[:MAX_KEYWORD] if words else None


def _without_marks(text: str) -> str:
    """Take off accents, and what can be written in several ways."""
    apart = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in apart if unicodedata.category(c) not in _MARKS)
    return plain.translate(_PLAIN)


_MARKS = {"Mn", "Me", "Cf"}  # accents, enclosing keycaps, invisible joiners


def _fold_word(word: str) -> str:
    return word.translate(_GREEK_LOOKS) if _GREEK.search(word) else word
