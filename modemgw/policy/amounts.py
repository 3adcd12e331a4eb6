"""Numbers in a text of the network: which of them may be money, and how much.

The text comes from the air and is cut, cleaned and looked at in linear time: every
expression here has bounded pieces and no nested repetition. Money is a whole number
of micro-units; what can be read in two ways is no amount.
"""

import re
import unicodedata
from dataclasses import dataclass

MICRO = 1_000_000
MAX_TEXT = 600  # characters looked at; a USSD string has 182
MAX_UNITS = 1_000_000_000  # nobody has more on a prepaid card, in any currency
GROUP = 3  # digits between thousands separators
MAX_DECIMALS = 6
MASK = "\x00"  # stands where a date, a phone number or a code stood
_ID_DIGITS = 7  # as many in a row and without a currency: a number of something
_YEARS = range(1990, 2100)

_DASHES = dict.fromkeys(map(ord, "−–—‐‑"), "-")  # noqa: RUF001 - these are meant
_QUOTES = dict.fromkeys(map(ord, "’‘`´ʼ"), "'")  # noqa: RUF001
_OTHERS = {0x066B: ".", 0x066C: "'", 0x060C: ",", 0xFF0E: ".", 0xFF0C: ","}
_WRITTEN = _DASHES | _QUOTES | _OTHERS

_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mär|mrz|mai|okt|dez|"
    r"janv|févr|mars|avr|juin|juil|août|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott|"
    r"fev|out|янв|фев|мар|апр|мая|июн|июл|авг|сен|окт|ноя|дек)[^\W\d_]{0,9}\.?"
)
_DATES = re.compile(
    r"(?<![\d.,])(?:"
    r"\d{4}[./-]\d{1,2}[./-]\d{1,2}|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
    rf"|\d{{1,2}}(?:st|nd|rd|th|\.|er)?[ /-]?{_MONTH}(?:,?[ /-]{{0,2}}'?\d{{2,4}})?"
    rf"|(?<![^\W\d_]){_MONTH} ?\d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    r"|\d{1,2}:\d{2}(?::\d{2})?|\d{1,2}h\d{2}|\d{1,2}/\d{1,4}|\d{1,2}-\d{1,2}"
    r")(?![\d]|[.,/:-]\d)",
    re.IGNORECASE,
)
_NUMBERED = (
    r"(?:call|dial|tel|phone|msisdn|hotline|code|pin|puk|ref|id|sms to|text to|"
    r"rufnummer|nummer|anrufen|number|numéro|numero|número|numer|номер|звоните)"
)
_CODES = re.compile(
    r"[*#][\d*#]{1,30}|\d{1,10}[*#][\d*#]{0,30}"
    r"|\+ ?\d(?:[ ()/-]{0,2}\d){6,17}|(?<![\d.,])0\d(?:[ ()/-]{0,2}\d){5,15}"
    rf"|(?<![^\W\d_]){_NUMBERED}[ .:#]{{0,3}}\d(?:[ ()/-]?\d){{1,15}}(?![.,]?\d)",
    re.IGNORECASE,
)
# "until 12.12." and "Stand 12.12.": a day and a month, and no year.
_DAYS = re.compile(
    r"(?<![^\W\d_])(?:until|till|til|by|bis|am|vom|zum|stand|on|до|do|hasta|jusqu'au|"
    r"fino al|entro il|até|tot|le|al) ?\d{1,2}[./]\d{1,2}(?![\d])",
    re.IGNORECASE,
)
NUMBER = re.compile(
    r"(?<!\d)(?<!\d[.,])(?:\d{1,3}(?:[ ']\d{3}){1,3}(?![\d'])(?:[.,]\d{1,6})?"
    r"|\d{1,12}(?:[.,]\d{1,6}){0,4})(?![\d'])"
)


@dataclass(frozen=True, slots=True)
class Currency:
    """A currency as networks write it; `decimals` is what its amounts have."""

    name: str  # ISO 4217 where the spelling is one country's, else as written
    decimals: int = 2


def clean(text: str) -> str:
    """Return the text with plain digits, spaces and dashes, cut to MAX_TEXT.

    >>> clean("Guthaben:\\u00a0\\u0661,\\u0662\\u0663\\u202f€")
    'Guthaben: 1,23 €'
    """
    found = (_plain(c) for c in text[:MAX_TEXT].translate(_WRITTEN))
    return re.sub(" {2,}", " ", "".join(found)).strip()


def _plain(c: str) -> str:
    digit = unicodedata.decimal(c, None)
    if digit is not None:
        return str(digit)
    if c == "\n":
        return c
    category = unicodedata.category(c)
    if category == "Cf":
        return ""  # marks that turn the direction of writing, soft hyphens
    return " " if category[0] in "ZC" else c


def masked(text: str) -> str:
    """Return the text with dates, times, phone numbers and codes blanked out."""
    for known in (_CODES, _DATES, _DAYS):
        text = known.sub(lambda found: MASK * len(found[0]), text)
    return text


def amount(  # noqa: PLR0911 - one return per way of being unclear
    digits: str, currency: Currency | None, mark: str | None
) -> int | None:
    """Return micro-units of a number as NUMBER finds it, None where it is unclear.

    `mark` is the decimal mark where it is known. "1.234" is a thousand in one
    country and little more than one in the next: without a mark only a currency
    without, or with three, decimals settles it.

    >>> amount("1.234,56", None, None), amount("1 234", None, None)
    (1234560000, 1234000000)
    >>> amount("1.234", None, None) is None
    True
    """
    parts = re.split("[ '.,]", digits)
    signs = re.findall("[ '.,]", digits)
    if len(parts[0]) > 1 and parts[0][0] == "0":
        return None  # a code, or a number within a country
    whole, decimals = digits, ""
    if signs and _is_mark(parts, signs, currency, mark):
        whole, decimals = digits[: -len(parts[-1]) - 1], parts[-1]
        parts, signs = parts[:-1], signs[:-1]
    if len(set(signs)) > 1 or mark in signs:
        return None
    if any(len(part) != GROUP for part in parts[1:]) or (signs and parts[0] == "0"):
        return None
    if signs and not 1 <= len(parts[0]) <= GROUP:
        return None
    if len(signs) == 1 and signs[0] in ".," and not decimals:
        # One separator and three digits: only a currency or the mark can tell.
        known = mark is not None or (currency is not None and currency.decimals == 0)
        if not known:
            return None
    units = int(re.sub("[ '.,]", "", whole))
    if units > MAX_UNITS:
        return None
    return units * MICRO + int(decimals.ljust(MAX_DECIMALS, "0") if decimals else 0)


def _is_mark(
    parts: list[str], signs: list[str], currency: Currency | None, mark: str | None
) -> bool:
    """Say whether the last separator is the decimal mark."""
    last = signs[-1]
    if last not in ".," or signs.count(last) > 1:
        return False
    if mark is not None:
        return last == mark
    if len(parts[-1]) != GROUP:
        return True
    if len(signs) > 1:
        return True  # "1.234,567": the other one separates thousands
    return parts[0] == "0" or (currency is not None and currency.decimals == GROUP)


def is_of_something_else(digits: str) -> bool:
    """Say whether a bare number without a currency is a year or an identifier."""
    if not digits.isdigit():
        return False
    return len(digits) >= _ID_DIGITS or (len(digits) == 4 and int(digits) in _YEARS)  # noqa: PLR2004 - digits of a year


def mask_digits(text: str, limit: int = 182) -> str:
    """Return a text of the network as it may be kept: long numbers blanked out.

    >>> mask_digits("0170 1234567: 12,34 EUR, PIN 123456789")
    '…67: 12,34 EUR, PIN …89'
    """
    found = re.sub(
        r"\+?\d(?:[ ()/-]?\d){6,}", lambda found: f"…{found[0][-2:]}", clean(text)
    )
    return found[:limit]
