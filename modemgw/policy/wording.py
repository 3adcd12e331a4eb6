"""Finds the words and currencies of balance_words.py in a text.

One expression per kind of word, made once. All are alternatives of literals with
bounded repetition around them: linear in the text.
"""

import re
from collections.abc import Callable, Iterable

from modemgw.policy import balance_words as words
from modemgw.policy.amounts import Currency

_LETTER_CLASS = r"[^\W\d_]"


def any_of(known: Iterable[str]) -> str:
    """Return an expression for any of these words, the longest first."""
    return "|".join(map(re.escape, sorted(known, key=len, reverse=True)))


def _anywhere(known: Iterable[str]) -> Callable[[str], bool]:
    spaced = [word for word in known if word[0].upper() != word[0]]
    # Scripts without capitals: some write no spaces, others hang on articles.
    joined = [word for word in known if word not in spaced]
    ways = rf"(?<!{_LETTER_CLASS})(?:{any_of(spaced)})(?!{_LETTER_CLASS})"
    find = re.compile(f"{ways}|{any_of(joined)}" if joined else ways).search
    return lambda text: find(text.casefold()) is not None


def _in_front(known: Iterable[str]) -> Callable[[str], bool]:
    match = re.compile(rf"[ (]?(?:{any_of(known)})(?!{_LETTER_CLASS})").match
    return lambda text: match(text.casefold()) is not None


has_balance = _anywhere(words.BALANCE)
has_main = _anywhere(words.MAIN)
has_bonus = _anywhere(words.BONUS)
has_other = _anywhere(words.OTHER)
starts_unit = _in_front(words.UNITS)
starts_left = _in_front(words.LEFT)
starts_bonus = _in_front(words.BONUS)
starts_other = _in_front(words.OTHER)
_ends_price = re.compile(
    rf"(?<!{_LETTER_CLASS})(?:{any_of(words.PRICE_LEADS)}) ?[:=]?$"
).search
_FILLER = (
    r"(?:[ :=.\-]|is|ist|beträgt|betraegt|lautet|currently|aktuell|now|es|est|de|di|è|e"
    r"|jest|je|of|amount|на|составляет|равен){0,12}"
)
_direct = re.compile(rf"(?:{any_of(words.BALANCE)}){_FILLER}$").search
_DIRECT = 40  # characters looked at


def ends_price(text: str) -> bool:
    """Say whether a price comes next: "for only"."""
    return _ends_price(text.rstrip().casefold()) is not None


def starts_price(text: str) -> bool:
    """Say whether what stood before was a price: "/min", " per day"."""
    start = text[:8].casefold()
    return any(sign in start for sign in words.PRICE_TAILS)


def is_direct(label: str) -> bool:
    """Say whether nothing but a verb and signs stands between word and number."""
    return _direct(label[-_DIRECT:].casefold()) is not None


_SPELLED = any_of(words.CURRENCIES)
_FRONT = re.compile(rf"(?<![^\W_])(?:{_SPELLED})[ .:=]{{0,2}}(-?)$")
_BACK = re.compile(rf"(?:[.,]-{{1,2}})? ?({_SPELLED})(?![^\W\d_])")
_LETTER = re.compile(rf"(?<![^\W_])[{''.join(words.LETTERS)}] ?(-?)$")


def currency_at(lead: str, tail: str) -> tuple[Currency | None, str, str, bool]:
    """Return the currency at a number, and both sides without it.

    The last value: it stands in front.
    """
    upper = lead.upper()
    back = _BACK.match(tail.upper())
    if back is not None and len(tail.upper()) == len(tail):
        return words.CURRENCIES[back[1]], lead, tail[back.end() :], False
    front = _FRONT.search(upper) if len(upper) == len(lead) else None
    if front is not None:
        spelled = re.sub(r"[ .:=-]+$", "", front[0])
        name = spelled if spelled in words.CURRENCIES else f"{spelled}."
        currency = words.CURRENCIES.get(name)
        if currency is not None:
            return currency, lead[: front.start()] + front[1], tail, True
    letter = _LETTER.search(lead)
    if letter is not None:
        currency = words.LETTERS[letter[0][0]]
        return currency, lead[: letter.start()] + letter[1], tail, True
    return None, lead, tail, False


def spelled(text: str) -> Currency | None:
    """Return the currency that is written so, None where nobody writes it so."""
    key = text.strip().upper()
    return words.CURRENCIES.get(key) or words.CURRENCIES.get(key.rstrip("."))


def named(name: str | None) -> Currency | None:
    """Return the currency of the configuration."""
    if name is None:
        return None
    return words.CURRENCIES.get(name.upper(), Currency(name))
