"""Addresses as networks write them, well-formed and not."""

import pytest
from hypothesis import given

from modemgw.errors import PduDecodeError, PduEncodeError
from modemgw.pdu.address import Address
from modemgw.pdu.cursor import Cursor
from tests.unit.pdu.strategies import addresses, names


@pytest.mark.parametrize(
    ("octets", "address"),
    [
        pytest.param(
            "0C91947122222222", Address("+491722222222", 1, 1), id="international"
        ),
        pytest.param("0B811032547698F0", Address("01234567890", 0, 1), id="as-dialled"),
        pytest.param("0AA12143658709", Address("1234567890", 2, 1), id="national"),
        pytest.param("05810888F8", Address("80888", 0, 1), id="short-code"),
        pytest.param("04851032", Address("0123", 0, 5), id="service-centre-plan"),
        pytest.param("0581BAC1FE", Address("*#1ac", 0, 1), id="symbols"),
        pytest.param("0081", Address("", 0, 1), id="empty"),
        pytest.param("0091", Address("", 1, 1), id="empty-international"),
        pytest.param("069121F365", Address("+123", 1, 1), id="filler-ends-it"),
        pytest.param("07D0CDF27C0E", Address("Mess", 5, 0), id="alphanumeric"),
        pytest.param(
            "0DD0F334FC1CA69701", Address("sipgate", 5, 0), id="seven-without-at-sign"
        ),
        pytest.param(
            "0ED0C6E0B0287C3E97", Address("FACEBOOK", 5, 0), id="eight-in-seven-octets"
        ),
        pytest.param("04D01100", Address("_@", 5, 0), id="an-at-sign-that-is-meant"),
        pytest.param(
            "16912143658709214365870921",
            Address("+1234567890123456789012", 1, 1),
            id="longer-than-allowed-is-kept",
        ),
    ],
)
def test_read(octets: str, address: Address) -> None:
    assert Address.read(Cursor(bytes.fromhex(octets)), "TP-OA") == address


@pytest.mark.parametrize(
    ("octets", "address"),
    [
        pytest.param("00", None, id="none"),
        pytest.param("0191", Address("", 1, 1), id="only-a-type"),
        pytest.param("07917283010010F5", Address("+27381000015", 1, 1), id="usual"),
        pytest.param("068108103254F6", Address("800123456"[:9], 0, 1), id="local"),
    ],
)
def test_read_sca(octets: str, address: Address | None) -> None:
    assert Address.read_sca(Cursor(bytes.fromhex(octets))) == address


@pytest.mark.parametrize("octets", ["", "0C", "0C91", "0C919471", "0CD0F3"])
def test_an_address_that_is_cut_off_keeps_the_octets(octets: str) -> None:
    with pytest.raises(PduDecodeError) as caught:
        Address.read(Cursor(bytes.fromhex(octets)), "TP-OA")
    assert caught.value.octets == bytes.fromhex(octets)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        pytest.param("+4915112345678", Address("+4915112345678", 1, 1), id="plus"),
        pytest.param("015112345678", Address("015112345678", 0, 1), id="national"),
        pytest.param("80888", Address("80888", 0, 1), id="short-code"),
        pytest.param("*100#", Address("*100#", 0, 1), id="symbols"),
    ],
)
def test_dialled(text: str, address: Address) -> None:
    assert Address.dialled(text) == address


@pytest.mark.parametrize(
    "text",
    ["", "+", "Acme", "+49 151", "1" * 21, "+" + "1" * 21, "++49", "49-1", "\u0661"],
)
def test_what_cannot_be_dialled(text: str) -> None:
    with pytest.raises(PduEncodeError, match=r"number|digits"):
        Address.dialled(text)


@pytest.mark.parametrize("text", ["twelve chars", "€€€€€€", "`"])
def test_names_that_do_not_fit(text: str) -> None:
    with pytest.raises(PduEncodeError, match="alphanumeric"):
        Address.alphanumeric(text)
    with pytest.raises(PduEncodeError, match="alphanumeric"):
        Address(text, 5, 0).encode()


@pytest.mark.parametrize("text", ["Acme", "1" * 21])
def test_values_made_by_hand_are_checked_too(text: str) -> None:
    with pytest.raises(PduEncodeError, match="number"):
        Address(text).encode()
    with pytest.raises(PduEncodeError, match="number"):
        Address(text).encode_sca()


def test_a_service_centre_with_a_name_of_digits_is_not_sent_on() -> None:
    name = Address.read_sca(Cursor(bytes.fromhex("03D03118")))
    assert name == Address("10", 5, 0)
    with pytest.raises(PduEncodeError, match="service centre"):
        name.encode_sca()


@given(addresses)
def test_numbers_survive(address: Address) -> None:
    assert Address.read(Cursor(address.encode()), "TP-DA") == address
    assert Address.read_sca(Cursor(address.encode_sca())) == address


@given(names)
def test_names_survive(address: Address) -> None:
    assert Address.read(Cursor(address.encode()), "TP-OA") == address
