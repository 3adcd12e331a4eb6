"""Reading an operator's answer: what it says, and when to say nothing."""

import re
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.amounts import (
    MAX_TEXT,
    MICRO,
    Currency,
    amount,
    clean,
    mask_digits,
)
from modemgw.policy.balance import Format, Reading, is_believable, read
from modemgw.policy.balance_presets import PRESETS
from modemgw.policy.balance_words import BALANCE, BONUS, UNTIL
from modemgw.policy.template import Template
from tests.unit.policy.balance_answers import READ, SILENT

HUNDREDTH = MICRO // 100


@pytest.mark.parametrize(
    ("text", "cents", "currency"),
    [row[1:] for row in READ],
    ids=[row[0] for row in READ],
)
def test_an_answer_is_read(text: str, cents: int | None, currency: str | None) -> None:
    found = read(text)
    if cents is None:
        assert found.amount is None, found
    else:
        assert (found.amount, found.currency) == (cents * HUNDREDTH, currency)


@pytest.mark.parametrize("text", [row[1] for row in SILENT], ids=[r[0] for r in SILENT])
def test_what_is_no_balance_is_not_read(text: str) -> None:
    found = read(text)
    assert found.amount is None
    assert found.why


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("Gültig bis 05.08.2027", date(2027, 8, 5)),
        ("valid until 2027-01-31", date(2027, 1, 31)),
        ("Expires: 31/12/2026", date(2026, 12, 31)),
        ("Service valid until 12/31/2026", date(2026, 12, 31)),
        ("valid till 05/06/2027", None),  # May or June: nobody knows
        ("valid till 05/05/2027", date(2027, 5, 5)),
        ("expires 31.02.2027", None),
        ("valable jusqu'au 03.04.27", date(2027, 4, 3)),
        ("Stand 12.12.2026", None),  # not a validity
    ],
)
def test_a_validity_is_read_where_it_is_clear(text: str, until: date | None) -> None:
    assert read(f"Balance 5.00 EUR. {text}").valid_until == until


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Guthaben 2,10 EUR, noch 123 SMS", 123),
        ("Balance 5 EUR, 40 texts left", 40),
        ("Balance 5 EUR", None),
        ("10 SMS national, 5 SMS roaming", None),
        ("Остаток 5 руб, 20 смс", 20),  # noqa: RUF001
    ],
)
def test_texts_that_are_left_are_counted(text: str, left: int | None) -> None:
    assert read(text).sms_left == left


@pytest.mark.parametrize(
    ("digits", "mark", "decimals", "units"),
    [
        ("12.34", None, 2, 12.34),
        ("12,34", None, 2, 12.34),
        ("1.234", ",", 2, 1234),
        ("1.234", ".", 2, 1.234),
        ("1.234", None, 2, None),
        ("1.234", None, 0, 1234),
        ("1.234", None, 3, 1.234),
        ("0.500", None, 2, 0.5),
        ("1,234.56", None, 2, 1234.56),
        ("1,234.56", ",", 2, None),
        ("1,23,456.50", None, 2, None),
        ("12.3456", None, 2, 12.3456),
        ("1'234", None, 2, 1234),
        ("0123", None, 2, None),
        ("1.2.3", None, 2, None),
        ("9999999999", None, 2, None),
    ],
)
def test_a_number_is_money_only_where_it_is_clear(
    digits: str, mark: str | None, decimals: int, units: float | None
) -> None:
    found = amount(digits, Currency("XXX", decimals), mark)
    assert found == (None if units is None else round(units * MICRO))


@pytest.mark.parametrize(
    ("preset", "text", "units"),
    [
        ("auto", "Guthaben 1.234 EUR", None),
        ("comma", "Guthaben 1.234 EUR", 1234),
        ("point", "Balance 1,234 EUR", 1234),
        ("telekom-de", "Ihr Guthaben beträgt 12,34 EUR.", 12.34),
        ("o2-uk", "You have £7.00 left", 7),
        ("telkomsel", "Sisa Pulsa Rp 12.500 s/d 12/12/2026", 12500),
        ("tim-it", "Il tuo credito residuo e' di 14,23 euro", 14.23),
        ("mtn-ng", "Main balance is N1,250.50. Bonus: N50.00", 1250.5),
        ("aldi-talk", "Wir bauen um. Guthaben unter 0170 1234567.", None),
    ],
)
def test_presets_know_how_an_operator_writes(
    preset: str, text: str, units: float | None
) -> None:
    found = read(text, PRESETS[preset].form)
    assert found.amount == (None if units is None else round(units * MICRO))


def test_a_preset_names_the_currency_that_the_answer_leaves_open() -> None:
    assert read("Your balance is $5.00", PRESETS["tmobile-us"].form).currency == "USD"


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("Balance $5.00", "CAD"),
        ("Balance 5.00", "CAD"),
        ("Balance 5.00 kr", "CAD"),
        ("Balance 5.00 EUR", "EUR"),
    ],
)
def test_the_configured_currency_stands_where_the_answer_is_unclear(
    text: str, currency: str
) -> None:
    found = read(text, Format(currency="CAD"))
    assert (found.amount, found.currency) == (5 * MICRO, currency)


# -- patterns --------------------------------------------------------------------


def with_pattern(pattern: str) -> Format:
    return Format((Template.parse(pattern),), only=True)


@pytest.mark.parametrize(
    ("pattern", "text", "units"),
    [
        ("Guthaben: {amount} EUR", "Ihr GUTHABEN:   12,34 EUR bis morgen", 12.34),
        ("Guthaben: {amount} EUR", "Ihr Guthaben: 12,34 USD", None),
        ("rest*{amount} {currency}*{date}", "Rest von 5: 3,50 zł, 1.1.2027", 3.5),
        ("rest {number}: {amount} {currency}*{date}", "Rest 5: 3,50 zł 1.1.2027", 3.5),
        ("*konto {word}*{amount}", "Konto ABC = 7.25", 7.25),
        ("saldo {amount}", "Saldo -3,20", -3.2),
        ("saldo {amount}", "Saldo 1.234", None),  # still: never a wrong figure
        ("saldo {amount}", "Promo 5,00", None),
    ],
)
def test_a_pattern_of_ones_own(pattern: str, text: str, units: float | None) -> None:
    found = read(text, with_pattern(pattern))
    assert found.amount == (None if units is None else round(units * MICRO))


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("Guthaben", "needs {amount}"),
        ("{amount} {amount}", "once"),
        ("{betrag}", "no field"),
        ("{amount", "a brace"),
        ("x" * 201, "at most 200"),
    ],
)
def test_a_wrong_pattern_is_explained(pattern: str, why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        Template.parse(pattern)


PIECES = st.lists(
    st.sampled_from(["a", "aa", " ", "*", "**", "x{number}", "{word}", "(a+)+$", "["]),
    max_size=9,
).map("".join)


@given(PIECES, st.text("a1 ,.x!", max_size=600))
def test_no_pattern_takes_long(piece: str, text: str) -> None:
    template = Template.parse(f"{piece}*{{amount}}{piece}")
    began = time.perf_counter()
    template.match(text)
    assert time.perf_counter() - began < 0.25


@given(st.text(max_size=60))
def test_a_pattern_is_taken_or_explained(text: str) -> None:
    try:
        template = Template.parse(text)
    except ValueError as exc:
        assert str(exc)
    else:
        assert "{amount}" in template.text


# -- properties ------------------------------------------------------------------

HOSTILE = st.one_of(
    st.text(max_size=400),
    st.text("0123456789.,' -+*#:/€$R balancegut\n", max_size=600),
    st.lists(
        st.sampled_from(
            [*BALANCE[:20], *BONUS[:8], "5", "5,00", "EUR", "-", "bis", ":"]
        ),
        max_size=40,
    ).map(" ".join),
)


@given(HOSTILE, st.sampled_from(sorted(PRESETS)))
def test_no_text_breaks_it_or_takes_long(text: str, preset: str) -> None:
    began = time.perf_counter()
    found = read(text, PRESETS[preset].form)
    assert time.perf_counter() - began < 0.25
    assert found.why
    mask_digits(text)


@pytest.mark.parametrize(
    "text",
    [
        "balance " * 80,
        "1," * 300,
        "1 234 " * 100,
        "+4" + " ()" * 200,
        "*1#" * 200,
        "call " * 120,
        "bis " * 150,
        "is " * 200 + "5",
        "guthaben" + ": " * 290,
        "9" * 600,
        "12.12." * 100,
        "\u0130" * 600,  # grows when its case is folded
    ],
)
def test_repetition_does_not_slow_it_down(text: str) -> None:
    began = time.perf_counter()
    read(text)
    assert time.perf_counter() - began < 0.25


DATES = st.dates(date(2000, 1, 1), date(2098, 12, 31)).flatmap(
    lambda d: st.sampled_from(
        [
            *(f"{d:%d.%m.%Y}", f"{d:%d.%m.%y}", f"{d:%d/%m/%Y}", f"{d:%Y-%m-%d}"),
            *(f"{d:%d-%m-%Y}", f"{d:%m/%d/%y}", f"{d:%d %b %Y}", f"{d:%d %B %Y}"),
            *(f"{d:%b %d, %Y}", f"{d:%Y%m%d}", f"{d:%d-%b-%Y}"),
        ]
    )
)
PHONES = st.one_of(
    st.from_regex(r"\+[1-9][0-9]{7,13}", fullmatch=True),
    st.from_regex(r"0[1-9][0-9]{1,3}[ /-]?[0-9]{5,8}", fullmatch=True),
    st.from_regex(r"\+49 1[567][0-9] [0-9]{3} [0-9]{4}", fullmatch=True),
    st.from_regex(r"[1-9][0-9]{6,11}", fullmatch=True),
)
WORDS = st.sampled_from(
    ["Your balance", "Guthaben", "Saldo", "is", "ist", ":", "valid until", "Konto", ""]
)


@given(WORDS, WORDS, st.one_of(DATES, PHONES), WORDS)
def test_a_date_or_a_phone_number_is_never_money(
    first: str, second: str, number: str, last: str
) -> None:
    text = f"{first} {second} {number} {last}"
    assert read(text).amount is None, text


@given(st.one_of(DATES, PHONES), st.integers(0, 99_999), st.booleans())
def test_the_balance_is_read_beside_dates_and_numbers(
    noise: str, cents: int, behind: bool
) -> None:
    money = f"Guthaben: {cents // 100},{cents % 100:02} EUR"
    text = f"{money}. Info {noise}" if behind else f"Info {noise}. {money}"
    assert read(text).amount == cents * HUNDREDTH, text


@given(st.integers(0, 10**8), st.sampled_from(UNTIL[:6]))
def test_an_amount_keeps_its_value(cents: int, until: str) -> None:
    whole = f"{cents // 100:,}".replace(",", ".")
    text = f"Guthaben {whole},{cents % 100:02} EUR {until} 12.12.2026"
    assert read(text).amount == cents * HUNDREDTH


# -- over time and for keeping ---------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "currency", "believed"),
    [
        (None, 5, "EUR", True),
        (None, -5, "EUR", False),
        (12.34, 12.25, "EUR", True),
        (12.34, 1234, "EUR", False),  # a lost decimal mark
        (12.34, 0.12, "EUR", False),
        (12.34, 62.34, "EUR", True),  # topped up
        (0.05, 9.5, "EUR", True),
        (12.34, 12.34, "USD", False),
        (12.34, -1, "EUR", False),
        (-1, -2, "EUR", True),
    ],
)
def test_an_impossible_jump_is_asked_again(
    before: float | None, now: float, currency: str, believed: bool
) -> None:
    then = None if before is None else round(before * MICRO)
    reading = Reading(round(now * MICRO), currency, "")
    assert is_believable(reading, before=then, currency="EUR") is believed


def test_a_reading_of_nothing_is_not_believed() -> None:
    assert not is_believable(Reading(None, None, ""), before=None, currency=None)


def test_what_is_kept_shows_no_long_number() -> None:
    kept = mask_digits("Call +49 170 1234567, code 12345678901234: 5,00 EUR 12.12.2026")
    assert kept == "Call …67, code …34: 5,00 EUR 12.12.2026"
    assert len(mask_digits("x" * 1000)) == 182


@given(st.text(max_size=900))
def test_cleaning_is_bounded_and_settles(text: str) -> None:
    once = clean(text)
    assert len(once) <= MAX_TEXT
    assert clean(once) == once
