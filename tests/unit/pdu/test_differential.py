"""Beside python-gsmmodem-new: the same octets where it is right, and where it is
wrong, its errors by name, so that a new release that mends one is noticed.
"""

from collections.abc import Callable
from datetime import timedelta

import pytest
from gsmmodem import pdu as other
from hypothesis import assume, given
from hypothesis import strategies as st

from modemgw.errors import PduDecodeError
from modemgw.pdu.address import Address
from modemgw.pdu.dcs import dcs
from modemgw.pdu.decode import decode
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.segment import segment
from modemgw.pdu.submit import render
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Concat, Element, Udh
from modemgw.pdu.userdata import UserData
from tests.unit.pdu.strategies import GSM7_CHARACTERS

SENDER = Address.dialled("+1234")
STAMP = Timestamp(bytes.fromhex("11101021436500"))

# Its table has a backtick in the place of the section sign and no form feed, and
# it loses a final at sign.
SOUND = sorted(set(GSM7_CHARACTERS) - {"§", "\f", "@"})
gsm7_texts = st.text(st.sampled_from(SOUND), min_size=1, max_size=400)
ucs2_texts = st.text(
    st.characters(min_codepoint=0x400, max_codepoint=0x47F), min_size=1, max_size=200
)
digits = st.text("0123456789", min_size=3, max_size=15)


def ours(text: str, number: str, **options: object) -> list[tuple[str, int]]:
    segments = segment(text)
    rendered = [
        render(
            segments,
            seq,
            to=Address.dialled(number),
            concat_ref=7,
            report=True,
            tp_mr=7,
            **options,  # type: ignore[arg-type] # one function for all options
        )
        for seq in range(1, len(segments) + 1)
    ]
    return [(found.octets.hex().upper(), found.tpdu_length) for found in rendered]


def theirs(text: str, number: str, **options: object) -> list[tuple[str, int]]:
    pdus = other.encodeSmsSubmitPdu(number, text, reference=7, **options)
    return [(str(pdu), pdu.tpduLength) for pdu in pdus]


def deliver(
    payload: bytes, coding: int = 0, udh: Udh | None = None, sca: Address | None = None
) -> str:
    sent = Deliver(SENDER, STAMP, UserData(dcs(coding), payload, udh), sca=sca)
    return sent.encode().hex().upper()


def our_text(pdu_hex: str) -> str | None:
    tpdu = decode(bytes.fromhex(pdu_hex), has_sca=True)
    assert isinstance(tpdu, Deliver)
    return tpdu.text


@given(st.one_of(gsm7_texts, ucs2_texts), digits, st.booleans())
def test_the_same_octets_for_the_same_wish(text: str, number: str, flash: bool) -> None:
    wished = {"message_class": 0} if flash else {}
    expected = theirs(text, "+" + number, sendFlash=flash)
    assert ours(text, "+" + number, **wished) == expected


@given(st.integers(0, 255))
def test_the_same_periods(octet: int) -> None:
    period = other._decodeRelativeValidityPeriod(octet)
    ((pdu_hex, _),) = ours("a", "+123", validity=period)
    assert other.decodeSmsPdu(pdu_hex)["validity"] == period
    assert period > timedelta(0)


@given(st.one_of(gsm7_texts, ucs2_texts), digits)
def test_the_same_text_from_the_same_octets(text: str, number: str) -> None:
    part = segment(text).parts[0]
    coding = 0 if segment(text).encoding == "gsm7" else 8
    sca = Address.dialled("+" + number)
    pdu_hex = deliver(part.payload, coding, sca=sca)
    found = other.decodeSmsPdu(pdu_hex)
    assert our_text(pdu_hex) == found["text"] == part.text
    assert found["number"] == SENDER.text
    assert found["smsc"] == sca.text
    assert found["time"].isoformat() == STAMP.iso


CONCAT_WIDE = Udh((Concat(1, 2, 1, wide=True).element(),))
TURKISH = Udh((Element(0x24, b"\1"),))


@pytest.mark.parametrize(
    ("pdu_hex", "wrong", "right"),
    [
        pytest.param(
            deliver(b"abcdefg\0"), "abcdefg", "abcdefg@", id="final-at-sign-lost"
        ),
        pytest.param(
            deliver(b"hello", udh=CONCAT_WIDE),
            "ello",
            "hello",
            id="first-character-lost-behind-a-16-bit-reference",
        ),
        pytest.param(
            deliver("\U0001f600".encode("utf-16-be"), 8),
            "\ud83d\ude00",
            "\U0001f600",
            id="emoji-as-two-lone-surrogates",
        ),
        pytest.param(
            deliver(b"\0A", 0xE0), "@$", "A", id="waiting-in-ucs2-read-as-septets"
        ),
        pytest.param(
            deliver(b"\0A", 0xF5), "@$", None, id="class-1-data-read-as-septets"
        ),
        pytest.param(deliver(b"\x1bs", udh=TURKISH), "", "ş", id="no-national-tables"),
    ],
)
def test_texts_it_gets_wrong(pdu_hex: str, wrong: str, right: str | None) -> None:
    assert other.decodeSmsPdu(pdu_hex)["text"] == wrong
    assert our_text(pdu_hex) == right


@pytest.mark.parametrize(
    ("act", "error"),
    [
        pytest.param(
            lambda: other.encodeSmsSubmitPdu("+1", "\U0001f600"),
            ValueError,
            id="emoji-cannot-be-sent",
        ),
        pytest.param(
            lambda: other.decodeSmsPdu("0004"), StopIteration, id="damaged-pdu-leaks"
        ),
    ],
)
def test_what_it_cannot_do(act: Callable[[], object], error: type[Exception]) -> None:
    with pytest.raises(error):
        act()


def test_what_it_cannot_do_we_can() -> None:
    assert segment("\U0001f600").texts == ("\U0001f600",)
    with pytest.raises(PduDecodeError):
        decode(b"\0\4")


def test_it_sends_a_backtick_as_a_section_sign() -> None:
    ((pdu_hex, _),) = theirs("`", "+1234")
    assert decode(bytes.fromhex(pdu_hex), has_sca=True).text == "§"
    assert segment("`").encoding == "ucs2"


@given(digits)
def test_it_counts_the_sca_in_the_length(number: str) -> None:
    assume(number)
    sca = Address.dialled("+" + number)
    ((pdu_hex, length),) = theirs("a", "+1234", smsc=sca.text)
    ((our_hex, our_length),) = ours("a", "+1234", sca=sca)
    assert our_hex == pdu_hex
    assert length == our_length + len(sca.encode_sca()) - 1
