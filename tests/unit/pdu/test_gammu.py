"""Beside gammu's decoder, where python-gammu is installed."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import EXTENSION
from modemgw.pdu.dcs import Dcs
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.report import StatusReport
from modemgw.pdu.segment import Segments, segment, segment_data
from modemgw.pdu.submit import render
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Concat, Element, Udh
from modemgw.pdu.userdata import UserData
from tests.unit.pdu.strategies import GSM7_CHARACTERS, emoji_texts

gammu = pytest.importorskip("gammu")

STAMP = Timestamp.at(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
SMSC = Address.dialled("+491710760000")
digits = st.text("123456789", min_size=3, max_size=15)

# Behind an extension character it reads on past the end of the text.
SOUND = sorted(set(GSM7_CHARACTERS) - set(EXTENSION.replace(" ", "")))
sound_texts = st.one_of(
    st.text(st.sampled_from(SOUND), min_size=1, max_size=400),
    emoji_texts.filter(bool),
)


def delivers(segments: Segments, sender: Address, ref: int) -> list[bytes]:
    found = []
    for seq, part in enumerate(segments.parts, 1):
        concat = Concat(ref, len(segments), seq, segments.wide)
        udh = Udh((concat.element(),)) if len(segments) > 1 else None
        user_data = UserData(Dcs.of(segments.alphabet), part.payload, udh)
        found.append(Deliver(sender, STAMP, user_data, sca=SMSC).encode())
    return found


@given(sound_texts, digits, st.booleans(), st.integers(0, 255))
def test_what_we_write_it_reads(text: str, number: str, wide: bool, ref: int) -> None:
    segments = segment(text, wide=wide)
    sender = Address.dialled("+" + number)
    for seq, octets in enumerate(delivers(segments, sender, ref), 1):
        found = gammu.DecodePDU(octets, True)
        assert found["Text"] == segments.texts[seq - 1]
        assert found["Number"] == sender.text
        assert found["SMSC"]["Number"] == SMSC.text
        assert found["DateTime"] == STAMP.value
        if len(segments) > 1:
            header = found["UDH"]
            assert header["ID16bit" if wide else "ID8bit"] == ref
            assert (header["PartNumber"], header["AllParts"]) == (seq, len(segments))


@given(sound_texts, digits, st.sampled_from([None, 0, 1, 2, 3]))
def test_what_we_send_it_reads(
    text: str, number: str, message_class: int | None
) -> None:
    segments = segment(text)
    for seq in range(1, len(segments) + 1):
        rendered = render(
            segments, seq, to=Address.dialled(number), message_class=message_class
        )
        found = gammu.DecodePDU(rendered.octets, True)
        assert found["Type"] == "Submit"
        assert found["Text"] == segments.texts[seq - 1]
        assert found["Number"] == number
        assert found["Class"] == (-1 if message_class is None else message_class)


@given(st.binary(min_size=1, max_size=140))
def test_data(data: bytes) -> None:
    (octets,) = delivers(segment_data(data), SMSC, 0)
    assert gammu.DecodePDU(octets, True)["Text"] == data


@given(st.integers(0, 255), st.integers(0, 255), digits)
def test_reports(tp_mr: int, tp_status: int, number: str) -> None:
    sent = StatusReport(tp_mr, Address.dialled(number), STAMP, STAMP, tp_status)
    found = gammu.DecodePDU(sent.encode(), True)
    assert found["Type"] == "Status_Report"
    assert found["MessageReference"] == tp_mr
    assert found["DeliveryStatus"] == tp_status
    assert found["Number"] == number


def test_it_reads_on_behind_an_extension_character() -> None:
    (octets,) = delivers(segment("5 €"), SMSC, 0)
    found = gammu.DecodePDU(octets, True)["Text"]
    assert found != "5 €"
    assert found.startswith("5 €")


def test_it_knows_no_national_tables() -> None:
    turkish = Udh((Element(0x24, b"\1"),))
    sent = Deliver(SMSC, STAMP, UserData(Dcs.of(), b"\x1bs", turkish))
    assert sent.text == "ş"
    assert gammu.DecodePDU(sent.encode(), True)["Text"] != "ş"
