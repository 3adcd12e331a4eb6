"""USSD strings, in every way that modems write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.ussd import Coding, decode, encode

TEXTS = (
    "*100#",
    "OK",
    "100",
    "1234",
    "Your balance is 12.50 EUR.",
    "1 Balance\n2 Own number\n0 Exit",
    "Su saldo es 5,00 €",
    "Guthaben: 9,99 Euro für Sie",
    "Crédit épuisé, à bientôt",
    "Ungültiger Code",
    "Error [5] user_name@example.com",
    "Saldo: R$ 10,50",
    "Баланс: 100 р.",  # noqa: RUF001
    "Ваш баланс 12.50 руб",  # noqa: RUF001
    "Υπόλοιπο: 5,20 ευρώ",
    "الرصيد 5.20",
    "余额为100元",
    "残高は500円です",
    "잔액은 5000원입니다",
)


@pytest.mark.parametrize("dcs", [0, 7, 15, None], ids=lambda dcs: f"dcs={dcs}")
@pytest.mark.parametrize("coding", Coding, ids=lambda coding: coding.value)
@pytest.mark.parametrize("text", TEXTS)
def test_an_answer_is_read_whatever_its_dcs_says(
    text: str, coding: Coding, dcs: int | None
) -> None:
    written = encode(text, coding)
    if written is not None:
        assert decode(written[0], dcs).text == text


@pytest.mark.parametrize(
    ("raw", "dcs", "text"),
    [
        pytest.param("AA180C3602", 15, "*100#", id="guide-8.1-packed"),
        pytest.param("2A3838382A", 0, "*888*", id="gammu-513-ascii-hex"),
        pytest.param("002A003100300023", 7, "*10#", id="zte-ucs2-dcs-7"),
        pytest.param("Your balance", 15, "Your balance", id="text"),
        pytest.param("20 \x02", 15, "20 $", id="gsm-characters"),
        pytest.param("f\u00c3\u00bcr", 15, "für", id="utf-8"),
        pytest.param("f\u00fcr", 15, "für", id="latin-1"),
        pytest.param("", 15, "", id="empty"),
        pytest.param("0", 15, "0", id="one-digit"),
        pytest.param("D83DDE00D83DDE00", 72, "😀😀", id="surrogates"),
    ],
)
def test_answers_seen_in_the_field(raw: str, dcs: int, text: str) -> None:
    assert decode(raw, dcs).text == text


@pytest.mark.parametrize(
    ("text", "string"),
    [
        pytest.param("*100#", "AA180C3602", id="guide-8.1"),
        # 7 septets leave seven bits that would show a final '@': a CR fills them
        pytest.param("*12345#", "AA98ACA6AD8E1A"[:14], id="seven-get-a-cr"),
    ],
)
def test_packed_requests(text: str, string: str) -> None:
    made = encode(text, Coding.PACKED)
    assert made is not None and made[1] == 15
    assert decode(made[0], 15).text == text
    if len(text) == 5:
        assert made[0] == string


def test_what_a_way_of_writing_cannot_carry_is_not_written() -> None:
    assert encode("ü", Coding.TEXT) is None
    assert encode('"', Coding.TEXT) is None
    assert encode("ж", Coding.PACKED) is None
    assert encode("a" * 183, Coding.PACKED) is None
    assert encode("ü", Coding.OCTETS) is None
    assert encode("ж", Coding.UCS2) == ("0436", 72)


WORDS = st.lists(
    st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP0123456789", min_size=2),
    min_size=3,
    max_size=12,
).map(" ".join)


@given(WORDS, st.sampled_from(list(Coding)), st.sampled_from([0, 15, 72, None]))
def test_words_survive_every_way_of_writing(
    text: str, coding: Coding, dcs: int | None
) -> None:
    written = encode(text[:150], coding)
    assert written is not None
    assert decode(written[0], dcs).text == text[:150]


@given(st.text(), st.none() | st.integers(0, 255))
def test_nothing_that_a_modem_says_is_an_error(raw: str, dcs: int | None) -> None:
    decode(raw, dcs)


@given(st.binary(max_size=600), st.none() | st.integers(0, 255))
def test_nor_is_any_hex(octets: bytes, dcs: int | None) -> None:
    decode(octets.hex(), dcs)
