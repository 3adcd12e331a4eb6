"""Numbers: what is refused, what becomes E.164, what a log may show."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw import number
from modemgw.number import InvalidNumber, mask, parse


@pytest.mark.parametrize(
    ("text", "country", "dialled"),
    [
        pytest.param("+4915112345678", "DE", "+4915112345678", id="e164"),
        pytest.param(" +49 151 1234-5678 ", "DE", "+4915112345678", id="separators"),
        pytest.param("+49\u00a0151\u20111234567", "DE", "+491511234567", id="no-break"),
        pytest.param("+49 (0)151 1234567", "DE", "+491511234567", id="zero-in-braces"),
        pytest.param("tel:+491511234567", "DE", "+491511234567", id="tel-uri"),
        pytest.param("0151 12345678", "DE", "+4915112345678", id="national"),
        pytest.param("0049 151 12345678", "DE", "+4915112345678", id="double-zero"),
        pytest.param("011 49 151 1234567", "US", "+491511234567", id="idd-of-the-us"),
        pytest.param("00999000001", "DE", "+999000001", id="sandbox-behind-00"),
        pytest.param("011999000001", "US", "+999000001", id="sandbox-behind-011"),
        pytest.param("80888", "", "80888", id="short-code-without-a-country"),
        pytest.param("+4915112345678", "", "+4915112345678", id="no-country-needed"),
        pytest.param("06 1234 5678", "IT", "+390612345678", id="italy-keeps-its-zero"),
        pytest.param("20123456", "DK", "+4520123456", id="eight-digits-in-denmark"),
        pytest.param("211234", "FO", "+298211234", id="six-digit-mobile"),
        pytest.param("٠١٥١١٢٣٤٥٦٧٨", "DE", "+4915112345678", id="arabic-digits"),
        pytest.param("+999000001", "DE", "+999000001", id="sandbox-range"),
        pytest.param("+999010000000", "DE", "+999010000000", id="simulated-sim"),
        pytest.param("+4999999999", "DE", "+4999999999", id="range-looks-unassigned"),
        pytest.param("+2290197123456", "DE", "+2290197123456", id="plan-has-grown"),
        pytest.param("+6834123", "DE", "+6834123", id="niue-seven-digits"),
        pytest.param("+123456789012345", "DE", "+123456789012345", id="fifteen-digits"),
        pytest.param("80888", "DE", "80888", id="short-code"),
        pytest.param("112", "DE", "112", id="three-digits"),
        pytest.param("80888", "FO", "80888", id="short-code-in-a-small-country"),
    ],
)
def test_a_number_becomes_what_is_dialled(
    text: str, country: str, dialled: str
) -> None:
    found = parse(text, country)
    assert found.text == str(found) == dialled
    assert found.e164 == (dialled if dialled.startswith("+") else None)
    assert found.is_short_code is not dialled.startswith("+")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "empty", id="empty"),
        pytest.param("   ", "empty", id="blanks"),
        pytest.param("abc", "'a' cannot be part of a number", id="letters"),
        pytest.param("0800FLOWERS", "'F' cannot be part of a number", id="vanity"),
        pytest.param("*100#", "'*' cannot be part of a number", id="ussd"),
        pytest.param("++49151", "'+' cannot be part of a number", id="two-plus"),
        pytest.param("49+151", "'+' cannot be part of a number", id="plus-inside"),
        pytest.param("+4915\r\nAT+CFUN=0", "'A' cannot be part of a number", id="at"),
        pytest.param("+49151\x1a", "'\\x1a' cannot be part of a number", id="ctrl-z"),
        pytest.param("+", "'+' cannot be part of a number", id="plus-alone"),
        pytest.param("12", "too short", id="two-digits"),
        pytest.param("()", "too short", id="no-digit"),
        pytest.param("+49", "too short", id="country-code-alone"),
        pytest.param("+1415555", "too short", id="us-without-subscriber"),
        pytest.param("5551234", "too short", id="us-local"),
        pytest.param("015112345678", "needs + and a country code", id="no-country"),
        pytest.param("0099912", "too short", id="short-behind-00"),
        pytest.param("+1234567890123456", "too long", id="sixteen-digits"),
        pytest.param("0" * 20, "too long", id="zeros"),
        pytest.param("1" * 41, "too long", id="input-limit"),
    ],
)
def test_an_impossible_number_is_refused_with_the_reason(text: str, why: str) -> None:
    country = {"5551234": "US", "015112345678": ""}.get(text, "DE")
    with pytest.raises(InvalidNumber) as caught:
        parse(text, country)
    assert str(caught.value) == why


@given(st.text(max_size=50), st.sampled_from(["DE", "US", "IT", "FO", "AR", "MX"]))
def test_whatever_is_typed_is_dialled_or_refused(text: str, country: str) -> None:
    try:
        found = parse(text, country)
    except InvalidNumber:
        return
    assert found.text.removeprefix("+").isascii()
    assert found.text.removeprefix("+").isdigit()
    assert 3 <= len(found.text) <= 16


@given(st.integers(10**6, 10**14).map(lambda digits: f"+999{digits}"[:16]))
def test_a_country_code_nobody_has_passes_as_it_is(text: str) -> None:
    assert parse(text, "DE").e164 == text


@given(st.from_regex(r"\+49(15|16|17)[0-9]{8,9}", fullmatch=True))
def test_e164_is_read_back_as_itself(text: str) -> None:
    assert parse(text, "US").text == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+4915112345678", "+4915…78"),
        ("015112345678", "0151…78"),
        ("+999000001", "+9990…01"),
        ("+123456", "+12…56"),
        ("80888", "80888"),
        ("www.tim.it", "www.tim.it"),
    ],
)
def test_mask_hides_the_middle(text: str, shown: str) -> None:
    assert mask(text) == shown


def test_masked_is_the_mask_of_the_number() -> None:
    assert parse("015112345678", "DE").masked == "+4915…78"


def test_countries() -> None:
    assert number.is_country("DE")
    assert not number.is_country("XX")
    assert not number.is_country("de")
    assert "FO" in number.countries()


_CODES = sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)


def _slowly(text: str) -> str:
    try:
        return number._international(text, text[1:]).text
    except InvalidNumber as exc:
        return str(exc)


def _as_always(text: str) -> str:
    try:
        return parse(text, "DE").text
    except InvalidNumber as exc:
        return str(exc)


@pytest.mark.parametrize("code", _CODES)
def test_the_short_way_agrees_with_the_library_in_every_country(code: int) -> None:
    region = phonenumbers.region_code_for_country_code(code)
    example = phonenumbers.example_number(region)
    own = str(example.national_number) if example else "212345678"
    for national in (own, "0" + own, "1" + own, "8" + own, "15" + own, "00" + own):
        for length in range(3, 15):
            text = f"+{code}{(national + '2345678901234')[:length]}"
            if len(text) <= 1 + number.MAX_INTERNATIONAL:
                assert _as_always(text) == _slowly(text), text


def test_a_mobile_number_of_nearly_every_country_goes_the_short_way() -> None:
    mobiles = [
        phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
        for region in number.countries()
        if (
            example := phonenumbers.example_number_for_type(
                region, phonenumbers.PhoneNumberType.MOBILE
            )
        )
    ]
    short = [text for text in mobiles if number._stays(text)]
    assert len(short) > 0.97 * len(mobiles)
    assert all(_slowly(text) == text for text in short)


@settings(max_examples=300)
@given(
    st.sampled_from([*_CODES, 0, 210, 999]),
    st.text("0123456789", min_size=2, max_size=14),
)
def test_the_short_way_agrees_with_the_library(code: int, national: str) -> None:
    text = f"+{code}{national}"
    assert _as_always(text) == _slowly(text)


@pytest.mark.parametrize(
    ("text", "short"),
    [
        pytest.param("+4915112345678", True, id="usual"),
        pytest.param("+999000001", True, id="no-such-country"),
        pytest.param("+49015112345678", False, id="national-prefix"),
        pytest.param("+490000000", False, id="nothing-but-zeros"),
        pytest.param("+491", False, id="too-short-for-the-country"),
    ],
)
def test_only_what_certainly_stays_takes_the_short_way(text: str, short: bool) -> None:
    assert number._stays(text) is short
