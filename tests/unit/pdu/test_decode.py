"""The way in: types, directions, and finding out whether an SCA stands in front."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduDecodeError
from modemgw.pdu.address import Address
from modemgw.pdu.dcs import Dcs
from modemgw.pdu.decode import Tpdu, decode, detect
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.report import StatusReport
from modemgw.pdu.segment import segment
from modemgw.pdu.submit import Submit, render
from modemgw.pdu.times import Timestamp
from modemgw.pdu.userdata import UserData
from tests.unit.pdu.strategies import addresses, names, texts

STAMP = Timestamp.at(datetime(2026, 11, 22, 12, 0, tzinfo=UTC))
SMSC = "07917283010010F5"
DELIVER = "040491214300001110102143650002C834"
REPORT = "062A049121431110102143650011101021436500 00"
SUBMIT = "01000491214300000141"


@pytest.mark.parametrize("sca", ["00", SMSC, None], ids=["empty", "sca", "none"])
@pytest.mark.parametrize(
    ("octets", "type_"),
    [
        pytest.param(DELIVER, Deliver, id="deliver"),
        pytest.param(REPORT, StatusReport, id="status-report"),
        pytest.param(SUBMIT, Submit, id="submit"),
    ],
)
def test_the_sca_is_found_out(sca: str | None, octets: str, type_: type[Tpdu]) -> None:
    whole = bytes.fromhex((sca or "") + octets)
    for length in (None, len(bytes.fromhex(octets)), 999):
        tpdu = decode(whole, tpdu_length=length)
        assert isinstance(tpdu, type_)
        assert tpdu == decode(whole, has_sca=sca is not None)
        assert detect(whole)[0] is (sca is not None)


def test_the_length_decides_where_both_readings_are_possible() -> None:
    # An SCA of one octet and a TPDU of type 3, or a TPDU of type 1 alone.
    whole = bytes.fromhex(SUBMIT)
    assert isinstance(decode(whole, tpdu_length=len(whole)), Submit)


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param("", "SCA length", id="nothing"),
        pytest.param("00", "no TPDU", id="empty-sca-alone"),
        pytest.param(SMSC, "no TPDU", id="sca-alone"),
        pytest.param("0791728301", "SCA needs", id="sca-cut-off"),
        pytest.param("FFFFFFFF", "SCA needs", id="noise"),
        pytest.param("0401", "SCA needs", id="two-octets"),
    ],
)
def test_what_is_no_tpdu(octets: str, why: str) -> None:
    with pytest.raises(PduDecodeError, match=why) as caught:
        decode(bytes.fromhex(octets))
    assert caught.value.octets == bytes.fromhex(octets)


def test_nothing_without_an_sca() -> None:
    with pytest.raises(PduDecodeError, match="no octets"):
        decode(b"", has_sca=False)


def test_an_odd_tpdu_behind_an_sca_is_better_than_nothing() -> None:
    whole = bytes.fromhex(SMSC + "04049121430000 00000000000000 02 C834")
    tpdu = decode(whole)
    assert isinstance(tpdu, Deliver)
    assert (tpdu.text, tpdu.scts.value) == ("Hi", None)


def test_an_odd_tpdu_without_an_sca_is_not_believed() -> None:
    whole = bytes.fromhex("04049121430000 00000000000000 02 C834")
    assert decode(whole, has_sca=False).text == "Hi"
    with pytest.raises(PduDecodeError):
        decode(whole)
    with pytest.raises(PduDecodeError):
        decode(whole, tpdu_length=len(whole))


def test_an_address_too_long_for_a_network_is_not_believed() -> None:
    whole = bytes.fromhex("01 00 16 91 2143658709214365870921 00 00 01 41")
    assert decode(whole, has_sca=False).text == "A"
    with pytest.raises(PduDecodeError):
        decode(whole)


def test_a_simulator_takes_only_submits() -> None:
    whole = bytes.fromhex("00" + DELIVER)
    with pytest.raises(PduDecodeError, match="SMS-SUBMIT"):
        decode(whole, has_sca=True, from_mobile=True)
    assert isinstance(decode(bytes.fromhex("00" + SUBMIT), from_mobile=True), Submit)


@given(
    texts,
    st.one_of(addresses, names),
    st.one_of(st.none(), st.text("0123456789", min_size=5, max_size=15)),
    st.booleans(),
)
def test_what_networks_send_is_always_found_out(
    text: str, sender: Address, smsc: str | None, with_sca: bool
) -> None:
    part = segment(text).parts[0]
    alphabet = segment(text).alphabet
    sca = Address.dialled("+" + smsc) if smsc is not None and with_sca else None
    sent = Deliver(sender, STAMP, UserData(Dcs.of(alphabet), part.payload), sca=sca)
    octets = sent.encode()
    found = decode(octets if with_sca else octets[1:])
    assert found == sent


@given(texts, addresses)
def test_what_we_send_is_always_found_out(text: str, to: Address) -> None:
    octets = render(segment(text), 1, to=to).octets
    assert detect(octets)[0] is True
    tpdu = decode(octets, has_sca=True)
    assert decode(octets) == tpdu
