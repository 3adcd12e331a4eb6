"""The user data header: known, unknown, repeated and damaged elements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.dcs import MessageWaiting, Waiting
from modemgw.pdu.udh import Concat, Element, Ports, Udh


def header(octets: str) -> Udh:
    return Udh.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("octets", "concat"),
    [
        pytest.param("0003CA0201", Concat(0xCA, 2, 1), id="8-bit"),
        pytest.param("08041234FF03", Concat(0x1234, 255, 3, wide=True), id="16-bit"),
        pytest.param("0003000201", Concat(0, 2, 1), id="reference-0"),
        pytest.param("0003CA0001", None, id="total-0"),
        pytest.param("0003CA0200", None, id="seq-0"),
        pytest.param("0003CA0203", None, id="seq-above-total"),
        pytest.param("0002CA02", None, id="wrong-length"),
        pytest.param("0003010201 0003020202", Concat(2, 2, 2), id="the-last-counts"),
        pytest.param(
            "0003010201 080400020302", Concat(2, 3, 2, wide=True), id="either-width"
        ),
        pytest.param("", None, id="empty-header"),
    ],
)
def test_concat(octets: str, concat: Concat | None) -> None:
    assert header(octets).concat == concat


@pytest.mark.parametrize(
    ("octets", "ports"),
    [
        pytest.param("05040B8423F0", Ports(2948, 9200), id="wap-push"),
        pytest.param("0402F5F0", Ports(0xF5, 0xF0, wide=False), id="8-bit"),
        pytest.param("0003CA0201 05040B8423F0", Ports(2948, 9200), id="second"),
        pytest.param("05020B84", None, id="wrong-length"),
    ],
)
def test_ports(octets: str, ports: Ports | None) -> None:
    assert header(octets).ports == ports
    if ports is not None:
        assert ports.element() in header(octets).elements


def test_national_languages() -> None:
    assert (header("240101").shift, header("240101").locking) == (1, 0)
    assert (header("250103").shift, header("250103").locking) == (0, 3)
    assert header("2500").locking == 0


@pytest.mark.parametrize(
    ("octets", "waiting"),
    [
        pytest.param("01028003", (Waiting.VOICEMAIL, True, True, 3), id="voicemail"),
        pytest.param("01020100", (Waiting.FAX, False, False, 0), id="fax-none"),
        pytest.param("01020201", (Waiting.EMAIL, True, False, 1), id="email"),
        pytest.param("01020301", (Waiting.OTHER, True, False, 1), id="other"),
        pytest.param("01028705", (Waiting.VIDEO, True, True, 5), id="video"),
    ],
)
def test_waiting(octets: str, waiting: tuple[Waiting, bool, bool, int]) -> None:
    assert header(octets).waiting == (MessageWaiting(*waiting),)


def test_waiting_may_repeat_and_wrong_lengths_do_not_count() -> None:
    found = header("01028003 010180 01020101").waiting
    assert [one.kind for one in found] == [Waiting.VOICEMAIL, Waiting.FAX]


def test_unknown_elements_are_kept_in_order() -> None:
    found = header("7F020102 0A00 7F0103")
    assert found.elements == (
        Element(0x7F, b"\1\2"),
        Element(0x0A, b""),
        Element(0x7F, b"\3"),
    )
    assert found.encode().hex() == "097f0201020a007f0103"


@pytest.mark.parametrize("octets", ["00", "0003", "0003CA02", "0A000003CA02", "05"])
def test_a_header_that_is_cut_off(octets: str) -> None:
    with pytest.raises(PduDecodeError, match="cut off") as caught:
        header(octets)
    assert caught.value.octets == bytes.fromhex(octets)


@pytest.mark.parametrize(
    "ports",
    [Ports(65_536), Ports(-1), Ports(1, 65_536), Ports(256, wide=False), Ports(1, -1)],
)
def test_impossible_ports(ports: Ports) -> None:
    with pytest.raises(PduEncodeError, match="ports"):
        ports.element()


def test_a_header_longer_than_the_user_data() -> None:
    with pytest.raises(PduEncodeError, match="header"):
        Udh((Element(0x70, bytes(138)),)).encode()


@given(
    st.lists(
        st.builds(Element, st.integers(0, 255), st.binary(max_size=20)), max_size=6
    ).map(tuple)
)
def test_headers_survive(elements: tuple[Element, ...]) -> None:
    octets = Udh(elements).encode()
    assert octets[0] == len(octets) - 1
    assert Udh.decode(octets[1:]) == Udh(elements)


@given(st.integers(0, 0xFFFF), st.integers(1, 255), st.booleans())
def test_concatenation_survives(ref: int, total: int, wide: bool) -> None:
    concat = Concat(ref if wide else ref & 0xFF, total, total, wide)
    assert Udh((concat.element(),)).concat == concat
