"""Every octet in words."""

import pytest

from modemgw.pdu import words
from modemgw.pdu.cursor import TracingCursor
from modemgw.pdu.dcs import dcs
from modemgw.pdu.explain import Explanation, explain
from modemgw.pdu.view import as_fields

STAMP = "11101021436500"


def sentences(found: Explanation) -> dict[str, str]:
    return {line.field: line.meaning for line in found.lines}


def test_a_deliver_line_by_line() -> None:
    octets = bytes.fromhex(
        "07917283010010F5 44 0B C8 7238880900F1 00 00 99309251619580"
        "12 08 7F0101 00030A0201 7438BFCC2E03 FF"
    )
    found = explain(octets)
    assert found.error is None
    assert b"".join(line.octets for line in found.lines) == octets
    assert [(line.field, line.meaning, line.clause) for line in found.lines] == [
        ("SCA length", "7 octets with the type", "24.011 8.2.5.1"),
        ("SCA type", "international, ISDN (E.164)", "9.1.2.5"),
        ("SCA", "+27381000015", "9.1.2.5"),
        (
            "first octet",
            "SMS-DELIVER; no more messages wait; user data header",
            "9.2.3.1",
        ),
        ("TP-OA length", "11 semi-octets", "9.1.2.5"),
        ("TP-OA type", "subscriber, national plan", "9.1.2.5"),
        ("TP-OA", "27838890001", "9.1.2.5"),
        ("TP-PID", "plain message", "9.2.3.9"),
        ("TP-DCS", "GSM 7-bit", "9.2.3.10"),
        ("TP-SCTS", "1999-03-29T15:16:59+02:00", "9.2.3.11"),
        ("TP-UDL", "18 septets, header included", "9.2.3.16"),
        ("UDHL", "header of 8 octets", "9.2.3.24"),
        ("element 0x7F", "01", "9.2.3.24 IE 7F"),
        ("concatenation", "part 1 of 2, reference 10", "9.2.3.24 IE 00"),
        *[(line.field, line.meaning, line.clause) for line in found.lines[14:]],
    ]
    assert found.lines[14].field == "TP-UD"


@pytest.mark.parametrize(
    ("octets", "field", "meaning"),
    [
        pytest.param(
            "00 B5 07 02 81 21 00 00 A7 01 41",
            "first octet",
            "SMS-SUBMIT; relative validity; reject duplicates; status report "
            "requested; reply path",
            id="submit-flags",
        ),
        pytest.param(
            "00 11 07 02 81 21 00 00 A7 01 41", "TP-VP", "1 day, 0:00:00", id="relative"
        ),
        pytest.param(
            "00 19 07 02 81 21 00 00 11101021436500 01 41",
            "TP-VP",
            "until 2011-01-01T12:34:56+00:00",
            id="absolute",
        ),
        pytest.param(
            "00 19 07 02 81 21 00 00 00000000000000 01 41",
            "TP-VP",
            "until an impossible date",
            id="absolute-impossible",
        ),
        pytest.param(
            "00 09 07 02 81 21 00 00 40000000000000 01 41",
            "TP-VP",
            "no period, one attempt only",
            id="enhanced",
        ),
        pytest.param("00 01 07 02 81 21 00 F4 01 41", "TP-UD", "8-bit data", id="data"),
        pytest.param(
            "00 01 07 02 81 21 00 08 04 0041", "TP-UD", '"A" (cut off)', id="cut-off"
        ),
        pytest.param(
            f"00 06 2A 02 81 21 {STAMP} {STAMP} 46",
            "TP-ST",
            "validity period expired",
            id="status",
        ),
        pytest.param(
            f"00 06 2A 02 81 21 {STAMP} 00000000000000 46",
            "TP-DT",
            "not a date",
            id="impossible-date",
        ),
        pytest.param(
            f"00 06 2A 02 81 21 {STAMP} {STAMP} 46 00 FF",
            "TP-PI",
            "nothing follows",
            id="indicator",
        ),
        pytest.param(
            f"00 06 2A 02 81 21 {STAMP} {STAMP} 46 07 00",
            "padding",
            "not part of the message",
            id="optional-fields-cut-off",
        ),
    ],
)
def test_fields(octets: str, field: str, meaning: str) -> None:
    found = explain(bytes.fromhex(octets), has_sca=True)
    assert found.tpdu is not None
    assert sentences(found)[field] == meaning


def test_what_ends_too_early_is_explained_and_damaged() -> None:
    octets = bytes.fromhex(f"00 04 04 91 2143 00 00 {STAMP} 0A E8329B")
    found = explain(octets)
    assert sentences(found)["TP-UD"] == '"hel" (cut off)'
    assert found.error is not None
    assert found.error.octets == octets


def test_what_is_damaged_is_explained_up_to_the_damage() -> None:
    octets = bytes.fromhex("00 44 04 91 2143 00 00 11101021436500 09 09 0003")
    found = explain(octets)
    assert found.tpdu is None
    assert found.error is not None
    assert found.lines[-1].field == "not read"
    assert b"".join(line.octets for line in found.lines) == octets
    assert sentences(found)["TP-OA"] == "+1234"


def test_a_damaged_header_is_shown_as_it_is() -> None:
    found = explain(bytes.fromhex(f"00 44 04 91 2143 00 04 {STAMP} 05 04 00030102"))
    assert found.error is not None
    assert sentences(found)["UDH"] == "information element 0x00 is cut off"


def test_answers_have_to_be_asked_for() -> None:
    octets = bytes.fromhex(f"01 C5 00 {STAMP}")
    found = explain(octets, kind="submit-report")
    assert sentences(found)["first octet"] == "SMS-SUBMIT-REPORT"
    assert sentences(found)["TP-FCS"] == "rejected as a duplicate"
    assert found.tpdu is not None
    assert as_fields(found.tpdu)["type"] == "submit-report"
    accepted = explain(b"\0\0", kind="deliver-report")
    assert accepted.tpdu is not None
    assert as_fields(accepted.tpdu)["cause"] is None


@pytest.mark.parametrize(
    ("octet", "sentence"),
    [
        (0x91, "international, ISDN (E.164)"),
        (0xD0, "alphanumeric, unknown plan"),
        (0xFF, "reserved, reserved plan"),
        (0x11, "international, ISDN (E.164), top bit missing"),
    ],
)
def test_address_types(octet: int, sentence: str) -> None:
    assert words.address_type(octet) == sentence


@pytest.mark.parametrize(
    ("octet", "sentence"),
    [
        (0x00, "plain message"),
        (0x1F, "SME to SME protocol"),
        (0x39, "telematic interworking"),
        (0x40, "type 0: acknowledge, do not show"),
        (0x41, "replace message type 1"),
        (0x47, "replace message type 7"),
        (0x49, "reserved"),
        (0x5F, "return call"),
        (0x7F, "SIM data download"),
        (0xC0, "service centre specific"),
    ],
)
def test_protocols(octet: int, sentence: str) -> None:
    assert words.pid(octet) == sentence


@pytest.mark.parametrize(
    ("octet", "sentence"),
    [
        (0x08, "UCS-2"),
        (0x84, "GSM 7-bit; reserved coding, read as this"),
        (0x35, "8-bit data; compressed; class 1: store in the device"),
        (0x40, "GSM 7-bit; delete once read"),
        (0xC8, "GSM 7-bit; voicemail waiting, the text may be discarded"),
        (0xD1, "GSM 7-bit; fax no longer waiting, store the text"),
    ],
)
def test_codings(octet: int, sentence: str) -> None:
    assert words.coding(dcs(octet)) == sentence


@pytest.mark.parametrize(
    ("octets", "name", "says"),
    [
        ("05040B8423F0", "ports, 16 bit", "to port 2948 from port 9200"),
        ("240101", "national single shift", "Turkish"),
        ("25010D", "national locking shift", "Urdu"),
        ("250163", "national locking shift", "reserved language 99"),
        ("01028003", "message waiting", "3 voicemail waiting, store the text"),
        ("0A00", "text formatting", "empty"),
    ],
)
def test_elements(octets: str, name: str, says: str) -> None:
    whole = bytes.fromhex(f"00 41 00 02 81 21 00 04 {len(octets) // 2 + 1:02X}")
    whole += bytes((len(octets) // 2,)) + bytes.fromhex(octets)
    assert sentences(explain(whole, has_sca=True))[name] == says


def test_octets_given_back_are_not_explained_twice() -> None:
    cursor = TracingCursor(b"\1\2\3")
    cursor.octet("one")
    cursor.take(0, "nothing")
    cursor.octet("two")
    cursor.back_to(1)
    assert cursor.taken == [("one", b"\1")]
    assert cursor.left == 2
