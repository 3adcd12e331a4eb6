"""SMS-DELIVER-REPORT and SMS-SUBMIT-REPORT."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduDecodeError
from modemgw.pdu.acks import DeliverReport, SubmitReport, describe_cause
from modemgw.pdu.dcs import dcs
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Element, Udh
from modemgw.pdu.userdata import UserData

STAMP = Timestamp(bytes.fromhex("11101021436500"))

optional = st.one_of(
    st.none(),
    st.just(UserData(dcs(8), b"\0A")),
    st.just(UserData(dcs(0), b"A", Udh((Element(0x70, b"x"),)))),
)
causes = st.one_of(st.none(), st.integers(0x80, 0xFF))
pids = st.one_of(st.none(), st.integers(0, 255))


@pytest.mark.parametrize(
    ("octets", "report"),
    [
        pytest.param("00 00", DeliverReport(), id="accepted"),
        pytest.param("00", DeliverReport(), id="accepted-without-indicator"),
        pytest.param("00 D3 00", DeliverReport(0xD3), id="memory-full"),
        pytest.param("00 01 7F", DeliverReport(pid=0x7F), id="with-pid"),
        pytest.param("00 00 FF", DeliverReport(trailing=b"\xff"), id="padded"),
    ],
)
def test_deliver_report(octets: str, report: DeliverReport) -> None:
    assert DeliverReport.decode(bytes.fromhex(octets)) == report


@pytest.mark.parametrize(
    ("octets", "report"),
    [
        pytest.param("01 00 11101021436500", SubmitReport(STAMP), id="accepted"),
        pytest.param(
            "01 C5 00 11101021436500", SubmitReport(STAMP, 0xC5), id="duplicate"
        ),
        pytest.param(
            "01 07 11101021436500 00 00 01 41",
            SubmitReport(STAMP, None, 0, UserData(dcs(0), b"A")),
            id="with-text",
        ),
    ],
)
def test_submit_report(octets: str, report: SubmitReport) -> None:
    assert SubmitReport.decode(bytes.fromhex(octets)) == report


@pytest.mark.parametrize("octets", ["", "01", "0100", "01C5", "00001110102143650000"])
def test_what_is_no_submit_report(octets: str) -> None:
    with pytest.raises(PduDecodeError) as caught:
        SubmitReport.decode(bytes.fromhex(octets))
    assert caught.value.octets == bytes.fromhex(octets)


def test_what_is_no_deliver_report() -> None:
    with pytest.raises(PduDecodeError, match="TP-MTI 1"):
        DeliverReport.decode(b"\x01\x00")


@pytest.mark.parametrize(
    ("cause", "words"),
    [
        (0xC5, "duplicate"),
        (0xD3, "memory"),
        (0xE1, "application specific"),
        (0x83, "reserved"),
        (0xFF, "unspecified"),
    ],
)
def test_causes(cause: int, words: str) -> None:
    assert words in describe_cause(cause)


@given(causes, pids, optional)
def test_deliver_report_survives(
    cause: int | None, pid: int | None, user_data: UserData | None
) -> None:
    report = DeliverReport(cause, pid, user_data)
    assert DeliverReport.decode(report.encode()) == report


@given(causes, pids, optional)
def test_submit_report_survives(
    cause: int | None, pid: int | None, user_data: UserData | None
) -> None:
    report = SubmitReport(STAMP, cause, pid, user_data)
    assert SubmitReport.decode(report.encode()) == report
