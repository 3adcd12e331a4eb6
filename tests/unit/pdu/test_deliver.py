"""SMS-DELIVER as networks send it."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.address import Address
from modemgw.pdu.dcs import MessageWaiting, Waiting, dcs
from modemgw.pdu.decode import decode
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Concat, Element, Ports, Udh
from modemgw.pdu.userdata import UserData
from tests.unit.pdu.strategies import addresses, names

HEAD = "04 04 91 2143 00"  # SMS-DELIVER from +1234, TP-PID 0
SCTS = "11101021436500"


def read(octets: str) -> Deliver:
    tpdu = decode(bytes.fromhex(octets), has_sca=False)
    assert isinstance(tpdu, Deliver)
    return tpdu


def test_the_example_of_every_tutorial() -> None:
    tpdu = decode(
        bytes.fromhex(
            "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37"
        ),
        has_sca=True,
    )
    assert isinstance(tpdu, Deliver)
    assert tpdu.sca == Address.dialled("+27381000015")
    assert tpdu.sender == Address("27838890001", ton=4, npi=8)
    assert tpdu.scts.iso == "1999-03-29T15:16:59+02:00"
    assert tpdu.text == "hellohello"
    assert tpdu.data is None
    assert tpdu.encoding == "gsm7"
    assert tpdu.user_payload == b"hellohello"
    assert not tpdu.more_messages
    assert tpdu.message_class is None


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        pytest.param("00 00", "", id="empty"),
        pytest.param("00 08 00000000000000", "@@@@@@@@", id="only-at-signs"),
        pytest.param("00 02 9B32", "€", id="euro"),
        pytest.param("08 04 D83DDE00", "\U0001f600", id="emoji"),
        pytest.param("08 02 D83D", "\ufffd", id="half-an-emoji"),
        pytest.param("08 03 0041 00", "A\ufffd", id="odd-octet"),
        pytest.param("84 01 41", "A", id="reserved-coding-is-gsm7"),
        pytest.param("E0 02 0041", "A", id="waiting-in-ucs2"),
    ],
)
def test_texts(octets: str, text: str) -> None:
    coding, rest = octets[:2], octets[2:]
    tpdu = read(f"{HEAD} {coding} {SCTS} {rest}")
    assert tpdu.text == text
    assert not tpdu.user_data.truncated


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        pytest.param("00 0A E8329B", "hel", id="gsm7"),
        pytest.param("08 0A 00410042", "AB", id="ucs2"),
    ],
)
def test_a_text_that_is_cut_off_gives_what_is_there(octets: str, text: str) -> None:
    tpdu = read(f"{HEAD} {octets[:2]} {SCTS} {octets[2:]}")
    assert tpdu.text == text
    assert tpdu.user_data.truncated


def test_octets_behind_the_text_are_kept_apart() -> None:
    tpdu = read(f"{HEAD} 00 {SCTS} 01 41 FFFF")
    assert tpdu.text == "A"
    assert tpdu.trailing == b"\xff\xff"


@pytest.mark.parametrize(
    ("octets", "why"),
    [
        pytest.param("00 0A", "no user data|no text|none|follow", id="nothing-follows"),
        pytest.param("20 01 41", "compressed", id="compressed"),
        pytest.param("6A 02 0041", "compressed", id="compressed-ucs2"),
    ],
)
def test_texts_that_are_refused(octets: str, why: str) -> None:
    with pytest.raises(PduDecodeError, match=why) as caught:
        read(f"{HEAD} {octets[:2]} {SCTS} {octets[2:]}")
    assert caught.value.octets == bytes.fromhex(
        f"{HEAD} {octets[:2]} {SCTS} {octets[2:]}"
    )


@pytest.mark.parametrize(
    "octets",
    [
        pytest.param("05 09 00030102", id="header-longer-than-the-data"),
        pytest.param("05 04 00030102", id="element-cut-off"),
        pytest.param("02 01 00", id="half-an-element"),
    ],
)
def test_a_damaged_header_keeps_the_octets(octets: str) -> None:
    whole = f"44 04 91 2143 00 04 {SCTS} {octets}"
    with pytest.raises(PduDecodeError) as caught:
        read(whole)
    assert caught.value.octets == bytes.fromhex(whole)


def test_a_header_announced_in_an_empty_message() -> None:
    tpdu = read(f"44 04 91 2143 00 00 {SCTS} 00")
    assert tpdu.text == ""
    assert tpdu.udh is None
    assert tpdu.user_data.truncated


@pytest.mark.parametrize(
    ("user_data", "text", "truncated"),
    [
        pytest.param("0A 03 7001AA 08068342", "AAAB", False, id="zero-bits-follow"),
        pytest.param("0A 03 7001AA 080683C1", "AAAA", True, id="the-next-one-is-cut"),
        pytest.param("09 03 7001AA 080685", "AAB", True, id="no-bit-follows"),
        pytest.param("0B 03 7001AA 08068342", "AAAB", True, id="two-are-missing"),
        pytest.param("06 03 7001AA", "", True, id="nothing-behind-the-header"),
    ],
)
def test_one_septet_too_many_behind_a_header(
    user_data: str, text: str, truncated: bool
) -> None:
    tpdu = read(f"44 04 91 2143 00 00 {SCTS} {user_data}")
    assert tpdu.text == text
    assert tpdu.user_data.truncated is truncated


def test_a_header_that_ends_inside_the_last_septet() -> None:
    tpdu = read(f"44 04 91 2143 00 C8 {SCTS} 06 04 01020002 00")
    assert tpdu.text == ""
    assert tpdu.mwi == (
        MessageWaiting(Waiting.VOICEMAIL, active=True, store=False),
        MessageWaiting(Waiting.VOICEMAIL, active=True, store=False, count=2),
    )


@pytest.mark.parametrize("size", range(12))
def test_fill_bits_behind_every_header_length(size: int) -> None:
    header = Udh((Element(0x70, bytes(size)),))
    sent = Deliver(
        Address.dialled("+1234"),
        Timestamp(bytes.fromhex(SCTS)),
        UserData(dcs(0), b"hello\0", header),
    )
    tpdu = decode(sent.encode(), has_sca=True)
    assert tpdu == sent
    assert tpdu.text == "hello@"


def test_flags() -> None:
    tpdu = read(f"A8 04 91 2143 40 00 {SCTS} 00")
    assert tpdu.more_messages
    assert tpdu.loop_prevention
    assert tpdu.report_indication
    assert tpdu.reply_path
    assert tpdu.is_silent
    assert decode(b"\0" + tpdu.encode()[1:], has_sca=True) == tpdu


@pytest.mark.parametrize(
    ("pid", "replace_type"), [(0x40, None), (0x41, 1), (0x47, 7), (0x48, None)]
)
def test_replace_types(pid: int, replace_type: int | None) -> None:
    found = read(f"04 04 91 2143 {pid:02X} 00 {SCTS} 00")
    assert found.replace_type == replace_type
    assert found.is_silent is (pid == 0x40)


def test_the_reserved_type_is_read_as_deliver() -> None:
    assert read(f"07 04 91 2143 00 00 {SCTS} 01 41").text == "A"


def test_ports_and_concatenation() -> None:
    tpdu = read(f"44 04 91 2143 00 F5 {SCTS} 0D 0B 05040B8423F0 00032A0202 41")
    assert tpdu.ports == Ports(2948, 9200)
    assert tpdu.concat == Concat(42, 2, 2)
    assert tpdu.data == b"A"
    assert tpdu.text is None
    assert tpdu.message_class == 1


@pytest.mark.parametrize(
    ("coding", "size"), [(0, 161), (4, 141), (8, 142)], ids=["gsm7", "8bit", "ucs2"]
)
def test_what_does_not_fit_is_not_encoded(coding: int, size: int) -> None:
    with pytest.raises(PduEncodeError, match="fit"):
        UserData(dcs(coding), bytes(size)).encode()


@given(
    st.one_of(addresses, names),
    st.binary(max_size=120),
    st.sampled_from([0x00, 0x04, 0x08, 0x11, 0x50, 0xC9, 0xE8, 0xF6]),
    st.lists(
        st.builds(Element, st.integers(0, 255), st.binary(max_size=4)), max_size=2
    ).map(lambda elements: Udh(tuple(elements)) if elements else None),
    st.tuples(*[st.booleans()] * 4),
)
def test_decode_undoes_encode(
    sender: Address,
    payload: bytes,
    coding: int,
    udh: Udh | None,
    flags: tuple[bool, bool, bool, bool],
) -> None:
    if dcs(coding).alphabet.value == "gsm7":
        payload = bytes(octet & 0x7F for octet in payload)
    sent = Deliver(
        sender,
        Timestamp.at(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        UserData(dcs(coding), payload, udh),
        0,
        *flags,
        sca=Address.dialled("+491710760000"),
    )
    assert decode(sent.encode(), has_sca=True) == sent
