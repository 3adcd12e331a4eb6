"""The texts of one-time codes."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.segment import segment
from modemgw.policy import otp

PLACES = {"code", "app"}


@pytest.mark.parametrize("language", sorted(otp.SENTENCES))
def test_each_sentence_names_both_and_fits_one_part(language: str) -> None:
    sentence = otp.SENTENCES[language]
    named = {name for _, name, _, _ in string.Formatter().parse(sentence) if name}
    assert named == PLACES
    text = otp.text("1234567890", app="S" * 20, language=language, domain=None)
    assert len(segment(text)) == 1


def test_the_last_line_is_what_browsers_read() -> None:
    text = otp.text("123456", app="Shop", language="de", domain="shop.local")
    assert text.splitlines()[-1] == "@shop.local #123456"
    assert text.startswith("123456 ist Ihr Code für Shop.")
    assert len(segment(text)) == 1


@pytest.mark.parametrize(
    "app",
    ["Shop", "Corner Shop", "Müller & Söhne", "O'Neil", "Yahoo!", "A", "Łódź"],
)
def test_names_of_people_and_shops_are_taken(app: str) -> None:
    assert otp.app_fault(app) is None


@pytest.mark.parametrize(
    "app",
    [
        *("", " Shop", "Shop ", "x" * 31, "a\nb", "a\tb", "a\x00b", "\u202eShop"),
        *("evil.example", "http x", "www win", "//x", "me@x", "#1", "Code 123456"),
        *("{code}", "a{0}", "Shop\u2028x", "a/b", "<b>", "Shop: call", "50%"),
    ],
)
def test_what_could_say_something_else_is_refused(app: str) -> None:
    assert otp.app_fault(app) is not None


@given(st.text(max_size=40))
def test_whatever_is_taken_stays_one_sentence_with_one_code(app: str) -> None:
    if otp.app_fault(app) is None:
        text = otp.text("987654", app=app, language="en", domain="a.example")
        assert len(text.splitlines()) == 3
        assert re.findall(r"\d{4,}", text) == ["987654", "987654"]


@pytest.mark.parametrize("domain", ["shop.local", "a", "a-b.example.com", "x1.de"])
def test_host_names_are_taken(domain: str) -> None:
    assert otp.domain_fault(domain) is None


@pytest.mark.parametrize(
    "domain",
    [
        "",
        "https://a",
        "a/b",
        "a b",
        "A.de",
        "a..b",
        "-a",
        "a-",
        "a:80",
        "a\n#1",
        "ä.de",
    ],
)
def test_what_is_no_host_name_is_refused(domain: str) -> None:
    assert otp.domain_fault(domain) is not None


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        *((None, "en"), ("de", "de"), ("de-AT", "de"), ("pt_BR", "pt"), ("DE", "de")),
        *(("nn-NO", "nb"), ("zh-Hant-TW", "en"), ("ja", "en")),
        *(("", None), ("d", None), ("de-", None), ("../x", None), ("de;x", None)),
    ],
)
def test_locales(locale: str | None, language: str | None) -> None:
    assert otp.language(locale) == language
