"""TP-DCS: every coding group, and every one of the 256 octets."""

import pytest

from modemgw.pdu.alphabet import Alphabet
from modemgw.pdu.dcs import Dcs, MessageWaiting, Waiting, dcs

GSM7, UCS2, DATA = Alphabet.GSM7, Alphabet.UCS2, Alphabet.DATA


@pytest.mark.parametrize(
    ("octet", "expected"),
    [
        pytest.param(0x00, Dcs(0x00, GSM7), id="default"),
        pytest.param(0x04, Dcs(0x04, DATA), id="data"),
        pytest.param(0x08, Dcs(0x08, UCS2), id="ucs2"),
        pytest.param(0x0C, Dcs(0x0C, GSM7, reserved=True), id="reserved-alphabet"),
        pytest.param(0x03, Dcs(0x03, GSM7), id="class-bits-without-meaning"),
        pytest.param(0x10, Dcs(0x10, GSM7, 0), id="flash"),
        pytest.param(0x19, Dcs(0x19, UCS2, 1), id="ucs2-class-1"),
        pytest.param(0x20, Dcs(0x20, GSM7, compressed=True), id="compressed"),
        pytest.param(0x50, Dcs(0x50, GSM7, 0, auto_delete=True), id="auto-delete"),
        pytest.param(
            0x6A, Dcs(0x6A, UCS2, compressed=True, auto_delete=True), id="both"
        ),
        pytest.param(0x84, Dcs(0x84, GSM7, reserved=True), id="reserved-group"),
        pytest.param(
            0xC8,
            Dcs(0xC8, GSM7, waiting=MessageWaiting(Waiting.VOICEMAIL, True, False)),
            id="voicemail-discard",
        ),
        pytest.param(
            0xD1,
            Dcs(0xD1, GSM7, waiting=MessageWaiting(Waiting.FAX, False, True)),
            id="fax-store-inactive",
        ),
        pytest.param(
            0xEB,
            Dcs(0xEB, UCS2, waiting=MessageWaiting(Waiting.OTHER, True, True)),
            id="other-store-ucs2",
        ),
        pytest.param(0xF2, Dcs(0xF2, GSM7, 2), id="class-2"),
        pytest.param(0xF5, Dcs(0xF5, DATA, 1), id="data-class-1"),
        pytest.param(0xF9, Dcs(0xF9, GSM7, 1, reserved=True), id="reserved-bit"),
    ],
)
def test_groups(octet: int, expected: Dcs) -> None:
    assert dcs(octet) == expected


def test_every_octet_has_a_meaning() -> None:
    assert [dcs(octet).octet for octet in range(256)] == list(range(256))


@pytest.mark.parametrize(
    ("alphabet", "message_class", "octet"),
    [
        (GSM7, None, 0),
        (UCS2, None, 8),
        (DATA, None, 4),
        (GSM7, 0, 0x10),
        (UCS2, 1, 0x19),
    ],
)
def test_what_we_send(
    alphabet: Alphabet, message_class: int | None, octet: int
) -> None:
    made = Dcs.of(alphabet, message_class)
    assert (made.octet, made.alphabet, made.message_class) == (
        octet,
        alphabet,
        message_class,
    )
