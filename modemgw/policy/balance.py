"""What an operator's answer says of a SIM's balance, and when to say nothing.

`read` takes one text as it came over USSD. First the operator's own sentences (a
pattern, a preset), then a scorer that weighs every number by the words and the
currency around it. A number that could be something else (a date, a phone number,
a price, a bonus) is no balance: better nothing than a wrong figure.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from modemgw.policy import balance_words as words
from modemgw.policy import wording
from modemgw.policy.amounts import (
    MASK,
    MICRO,
    NUMBER,
    Currency,
    amount,
    clean,
    is_of_something_else,
    masked,
)
from modemgw.policy.template import Template

ENOUGH = 45  # points that make a number the balance
CLEAR = 10  # … and by which it must be ahead of any other
LEAD, TAIL = 60, 24  # characters looked at in front of and behind a number
ISO = 3  # letters of a code
JUMP = 10  # times more, or less, than last time: asked again before it is believed


@dataclass(frozen=True, slots=True)
class Reading:
    """What one answer says. `amount` in micro-units, None: it could not be read.

    `currency` is an ISO 4217 code, or what stood there where it may be several.
    """

    amount: int | None
    currency: str | None
    why: str  # what was read, or why nothing was
    valid_until: date | None = None
    sms_left: int | None = None


@dataclass(frozen=True, slots=True)
class Format:
    """How an operator writes: its sentences, its decimal mark, its currency."""

    templates: tuple[Template, ...] = ()
    mark: str | None = None
    currency: str | None = None
    only: bool = False  # the sentences alone: the user's own pattern


PLAIN = Format()


@dataclass(frozen=True, slots=True)
class _Candidate:
    score: int
    value: int
    currency: Currency | None


def read(text: str, form: Format = PLAIN) -> Reading:
    """Read an answer. Never raises, whatever the text."""
    plain = clean(text)
    until, sms = _valid_until(plain), _sms_left(plain)
    for template in form.templates:
        found = template.match(plain)
        if found is None or found.amount is None:
            continue
        written = wording.spelled(found.currency) if found.currency else None
        currency = _settled(written, form)
        value = amount(found.amount.lstrip("-"), currency, form.mark)
        if value is None:
            return Reading(None, None, "the amount can be read in two ways", until, sms)
        if found.amount.startswith("-"):
            value = -value
        return Reading(
            value, currency.name if currency else None, "by the pattern", until, sms
        )
    if form.only:
        return Reading(None, None, "the pattern does not fit the answer", until, sms)
    return _weigh(plain, form, until, sms)


def _weigh(plain: str, form: Format, until: date | None, sms: int | None) -> Reading:
    """Let every number of the text compete."""
    text = masked(plain)
    found = list(_candidates(text, form))
    good = [one for one in found if one.score >= ENOUGH]
    if any(one.currency for one in good):
        good = [one for one in good if one.currency]
    if not good:
        why = "it has no number that is surely the balance"
        if not any(c.isdigit() for c in plain):
            why = "there is no number in it"
        return Reading(None, None, why, until, sms)
    best = max(good, key=lambda one: one.score)
    rivals = {one.value for one in good if one.score > best.score - CLEAR}
    if len(rivals) > 1:
        why = "more than one number could be the balance"
        return Reading(None, None, why, until, sms)
    currency = _settled(best.currency, form)
    name = currency.name if currency else None
    return Reading(best.value, name, "by the words around it", until, sms)


def _settled(written: Currency | None, form: Format) -> Currency | None:
    """Return the currency of an answer; ours where its own may be several ($, Rs)."""
    if written is not None and len(written.name) == ISO and written.name.isupper():
        return written
    return wording.named(form.currency) or written


def _candidates(text: str, form: Format) -> Iterable[_Candidate]:
    numbers = list(NUMBER.finditer(text))
    quiet = not (wording.has_bonus(text) or wording.has_other(text))
    before = 0
    priced = 0  # numbers with a currency
    kept: list[tuple[int, int, Currency | None, bool]] = []
    for place, number in enumerate(numbers):
        after = numbers[place + 1].start() if place + 1 < len(numbers) else len(text)
        lead = text[max(before, number.start() - LEAD) : number.start()]
        tail = text[number.end() : min(after, number.end() + TAIL)]
        before = number.end()
        currency, lead, tail, is_front = wording.currency_at(lead, tail)
        priced += currency is not None
        score = _score(number[0], lead, tail, currency, is_front=is_front)
        if score is None:
            continue
        known = currency or wording.named(form.currency)
        value = amount(number[0], known, form.mark)
        if value is None:
            continue
        if lead.endswith("-") and not lead.endswith(" -"):
            continue  # part of a word or a range
        if re.search(r"(?:^|[ :=])-$", lead.rstrip(" ") if is_front else lead):
            value = -value
        # "12,34 EUR": an amount and no word in front that could be about it.
        is_bare = currency is not None and not any(c.isalpha() for c in lead)
        kept.append((score, value, currency, is_bare))
    alone = quiet and priced == 1
    for score, value, currency, is_bare in kept:
        bonus = ENOUGH - 30 if alone and is_bare else 0
        yield _Candidate(score + bonus, value, currency)


def _score(  # noqa: PLR0911 - one return per reason
    digits: str, lead: str, tail: str, currency: Currency | None, *, is_front: bool
) -> int | None:
    """Weigh one number; None where it is surely none."""
    tail = re.sub(r"^[.,]-{1,2}", "", tail)
    if currency is None and is_of_something_else(digits):
        return None
    if re.match(r" ?%|[^\W\d_]", tail) and (currency is None or is_front):
        return None  # 5%, 4G, 10Mb
    if lead and (lead[-1] == "+" or (lead[-1].isalnum() and not is_front)):
        return None  # an addition, an identifier
    if wording.starts_unit(tail) and (currency is None or is_front):
        return None
    if lead.endswith(MASK) or tail.startswith(MASK):
        return None  # what is left of something that was blanked out
    clause = re.split(r"[;!?\n|]|(?<!dvs)\. |,(?= )", lead)[-1]
    if currency is None and digits.isdigit() and not _stands_alone(clause, tail):
        return None  # an entry of a menu, a counter
    score = 0 if currency is None else 30
    if wording.starts_price(tail):
        return None
    if wording.ends_price(clause) and not wording.has_balance(clause):
        return None
    behind = re.split(r"[.;!?\n|,]", tail)[0]
    if wording.has_bonus(clause) or wording.has_other(clause):
        score -= 60
    heads_next = behind == tail and re.search(r":|bal|acc", behind.casefold())
    if not heads_next and (
        wording.starts_bonus(behind) or wording.starts_other(behind)
    ):
        score -= 60
    label = clause if wording.has_balance(clause) else _label_of(lead, clause)
    if label:
        score += 40 + (15 if wording.is_direct(label) else 0)
        score += 10 if wording.has_main(label) else 0
    elif currency is not None and wording.has_balance(behind):
        score += 25
    return score + (5 if re.search(r"[.,]\d{2}$", digits) else 0)


def _stands_alone(clause: str, tail: str) -> bool:
    """Say whether a bare whole number can be money: "Balance: 500", "500 left"."""
    ends = re.match(r"\s*(?:$|[.;,!|](?:\s|$)|\n)", tail)
    return wording.is_direct(clause) and bool(ends or wording.starts_left(tail))


def _label_of(lead: str, clause: str) -> str:
    """Return a heading right in front of the number: "Balance;12.34", "Saldo\\n5"."""
    if clause.strip(" :=-"):
        return ""
    heading = re.split(r"[;!?|]|\. ", lead.rstrip(" :=-\n;|"))[-1]
    if wording.has_bonus(heading) or wording.has_other(heading):
        return ""
    return heading if wording.has_balance(heading) else ""


# -- what else the text says -----------------------------------------------------

_UNTIL = re.compile(
    rf"(?<![^\W\d_])(?:{wording.any_of(words.UNTIL)})(?![^\W\d_])[^\d]{{0,25}}"
    r"(\d{1,4}[./-]\d{1,2}[./-]\d{2,4})(?!\d)"
)
_SMS_FRONT = re.compile(
    rf"(?<![\d.,+])(\d{{1,6}}) ?(?:{wording.any_of(words.SMS)})(?![^\W\d_])"
)


def _valid_until(text: str) -> date | None:
    """Return the date behind a word such as "until"; None where it is unclear."""
    found = _UNTIL.search(text.casefold())
    if found is None:
        return None
    first, second, third = (int(part) for part in re.split("[./-]", found[1]))
    if first > 31:  # noqa: PLR2004 - a year
        year, month, day = first, second, third
    else:
        year, month, day = third, second, first
        american = "/" in found[1] and first != second
        if month > 12:  # noqa: PLR2004 - a month first
            day, month = month, day
        elif american and day <= 12:  # noqa: PLR2004 - day or month, nobody knows
            return None
    try:
        return date(year + 2000 if year < 100 else year, month, day)  # noqa: PLR2004
    except ValueError:
        return None


def _sms_left(text: str) -> int | None:
    found = {int(one[1]) for one in _SMS_FRONT.finditer(masked(text).casefold())}
    return found.pop() if len(found) == 1 else None


# -- over time -------------------------------------------------------------------


def is_believable(
    reading: Reading, *, before: int | None, currency: str | None
) -> bool:
    """Say whether an amount can follow the one `before`; else it is asked again.

    A misread decimal mark is a factor of a hundred; another currency, or a first
    figure below zero, is another sentence. What comes twice is believed.
    """
    if reading.amount is None:
        return False
    if reading.amount < 0 and (before is None or before >= 0):
        return False
    if before is None:
        return True
    if currency and reading.currency and currency != reading.currency:
        return False
    low, high = sorted((abs(before), abs(reading.amount)))
    return high < JUMP * max(low, MICRO)
