"""SMS-STATUS-REPORT and the meaning of TP-ST."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduDecodeError
from modemgw.pdu.address import Address
from modemgw.pdu.cursor import Cursor
from modemgw.pdu.dcs import dcs
from modemgw.pdu.decode import decode, detect
from modemgw.pdu.decode import read as read_tpdu
from modemgw.pdu.report import (
    Delivery,
    StatusReport,
    classify_tp_status,
    describe_tp_status,
)
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Element, Udh
from modemgw.pdu.userdata import UserData
from tests.unit.pdu.strategies import addresses

STAMP = "11101021436500"
HEAD = f"06 2A 04 91 2143 {STAMP} {STAMP}"


def read(octets: str) -> StatusReport:
    tpdu = decode(bytes.fromhex(octets), has_sca=False)
    assert isinstance(tpdu, StatusReport)
    return tpdu


@pytest.mark.parametrize(
    ("tp_status", "delivery", "words"),
    [
        (0x00, Delivery.DELIVERED, "received"),
        (0x01, Delivery.DELIVERED, "cannot confirm"),
        (0x02, Delivery.DELIVERED, "replaced"),
        (0x03, Delivery.DELIVERED, "completed, reserved"),
        (0x1F, Delivery.DELIVERED, "completed, specific"),
        (0x20, Delivery.PENDING, "congestion"),
        (0x22, Delivery.PENDING, "no response"),
        (0x30, Delivery.PENDING, "still trying, specific"),
        (0x3F, Delivery.PENDING, "still trying"),
        (0x40, Delivery.FAILED, "remote procedure"),
        (0x46, Delivery.FAILED, "expired"),
        (0x4F, Delivery.FAILED, "permanent error, reserved"),
        (0x5F, Delivery.FAILED, "permanent error, specific"),
        (0x60, Delivery.FAILED_TEMPORARY, "congestion"),
        (0x63, Delivery.FAILED_TEMPORARY, "service rejected"),
        (0x7F, Delivery.FAILED_TEMPORARY, "gave up, specific"),
        (0x80, Delivery.FAILED_TEMPORARY, "reserved value 0x80"),
        (0xFF, Delivery.FAILED_TEMPORARY, "service rejected"),
    ],
    ids=lambda value: f"0x{value:02X}" if isinstance(value, int) else "",
)
def test_tp_status(tp_status: int, delivery: Delivery, words: str) -> None:
    assert classify_tp_status(tp_status) is delivery
    assert words in describe_tp_status(tp_status)


def test_every_tp_status_has_a_class_and_a_sentence() -> None:
    for tp_status in range(256):
        assert classify_tp_status(tp_status) in Delivery
        assert describe_tp_status(tp_status)


def test_plain_report() -> None:
    report = read(f"{HEAD} 00")
    assert report.tp_mr == 42
    assert report.recipient == Address.dialled("+1234")
    assert report.scts.iso == "2011-01-01T12:34:56+00:00"
    assert report.discharge == report.scts
    assert report.tp_status == 0
    assert report.delivery is Delivery.DELIVERED
    assert not report.more_messages
    assert not report.of_command
    assert report.text is None
    assert report.pid is None
    assert report.trailing == b""


@pytest.mark.parametrize(
    ("octets", "pid", "text", "trailing"),
    [
        pytest.param("00", None, None, "", id="nothing-announced"),
        pytest.param("01 7F", 0x7F, None, "", id="pid"),
        pytest.param("02 08", None, "", "", id="dcs"),
        pytest.param("04 04 C1B0D00E", None, "AaBv", "", id="text-in-default-alphabet"),
        pytest.param("07 00 08 02 0041", 0, "A", "", id="everything"),
        pytest.param("02 20", None, "", "", id="dcs-compressed-and-no-text"),
        pytest.param("80 00", None, None, "", id="extended-indicator"),
        pytest.param("81 80 00 7F", 0x7F, None, "", id="extended-twice"),
        pytest.param("FF FF FF", None, None, "FFFFFF", id="padding"),
        pytest.param("00 FF FF", None, None, "FFFF", id="padding-behind-nothing"),
        pytest.param("07 00 00 09 41", 0, "A", "", id="text-cut-off"),
        pytest.param("07 00", None, None, "0700", id="fields-cut-off"),
        pytest.param("80", None, None, "80", id="extension-cut-off"),
        pytest.param("07 00 20 01 41", None, None, "0700200141", id="compressed"),
    ],
)
def test_optional_fields(
    octets: str, pid: int | None, text: str | None, trailing: str
) -> None:
    report = read(f"{HEAD} 00 {octets}")
    assert (report.pid, report.text) == (pid, text)
    assert report.trailing == bytes.fromhex(trailing)
    assert report.delivery is Delivery.DELIVERED


@pytest.mark.parametrize("octets", [HEAD, "06", "06 2A", "06 2A 04 91 2143 1110"])
def test_a_report_that_is_cut_off(octets: str) -> None:
    with pytest.raises(PduDecodeError) as caught:
        read(octets)
    assert caught.value.octets == bytes.fromhex(octets)


@given(
    st.integers(0, 255),
    addresses,
    st.integers(0, 255),
    st.tuples(*[st.booleans()] * 3),
    st.one_of(st.none(), st.integers(0, 255)),
    st.one_of(
        st.none(),
        st.just(UserData(dcs(8), b"\0A")),
        st.just(UserData(dcs(0), b"A", Udh((Element(0x70, b"x"),)))),
    ),
)
def test_decode_undoes_encode(
    tp_mr: int,
    recipient: Address,
    tp_status: int,
    flags: tuple[bool, bool, bool],
    pid: int | None,
    user_data: UserData | None,
) -> None:
    stamp = Timestamp(bytes.fromhex(STAMP))
    sent = StatusReport(
        tp_mr,
        recipient,
        stamp,
        stamp,
        tp_status,
        *flags,
        pid=pid,
        user_data=user_data,
        sca=recipient,
    )
    assert decode(sent.encode(), has_sca=True) == sent


@given(
    st.binary(max_size=40)
    | st.builds(
        lambda sca, head, rest: sca + bytes.fromhex(HEAD)[:4] + head + rest,
        st.sampled_from(
            [b"\0", bytes.fromhex("0791947101670000"), bytes.fromhex("03714433")]
        ),
        st.binary(min_size=2, max_size=2),
        st.just(bytes.fromhex(STAMP + STAMP)).map(lambda stamps: stamps + b"\0")
        | st.binary(min_size=13, max_size=17),
    )
)
def test_a_usual_report_is_read_as_every_other(octets: bytes) -> None:
    found = StatusReport.usual(octets)
    if found is not None:
        assert found == read_tpdu(Cursor(octets), has_sca=True)
        assert detect(octets) == (True, found)


def test_what_nearly_every_modem_gives_is_usual() -> None:
    octets = bytes.fromhex(f"0791947101670000 {HEAD} 00")
    found = StatusReport.usual(octets)
    assert found is not None and found.tp_mr == 0x2A
    assert found == read_tpdu(Cursor(octets), has_sca=True)


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "07",
        f"0711947101670000 {HEAD} 00",  # no type of an address
        f"0791947101670000 {HEAD} 00 00",  # padded
        f"0791947101670000 {HEAD}",  # cut off
        f"0791947101670000 06 2A 04 91 2143 {'FF' * 7} {STAMP} 00",  # no date
        f"0791947101670000 04{HEAD[2:]} 00",  # no report
        f"0C91947101670000000000000 {HEAD} 00".replace("0000000000000", "0" * 14),
    ],
)
def test_what_is_not_usual_is_left_to_the_general_way(octets: str) -> None:
    assert StatusReport.usual(bytes.fromhex(octets)) is None
