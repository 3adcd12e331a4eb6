"""Decoded TPDUs as the plain values that programs read."""

from typing import Any

import pytest

from modemgw.pdu.decode import decode
from modemgw.pdu.view import as_fields

STAMP = "11101021436500"

USER_DATA = {
    "text": "A",
    "data": None,
    "encoding": "gsm7",
    "national": None,
    "udh": None,
    "class": None,
    "dcs": 0,
    "mwi": None,
    "truncated": False,
}
NOTHING = dict.fromkeys(USER_DATA)


@pytest.mark.parametrize(
    ("octets", "fields"),
    [
        pytest.param(
            f"07917283010010F5 24 04 91 2143 00 00 {STAMP} 01 41",
            {
                "type": "deliver",
                "smsc": "+27381000015",
                "sender": "+1234",
                "scts": "2011-01-01T12:34:56+00:00",
                "pid": 0,
                "status_report_requested": True,
                "more_messages": False,
                "reply_path": False,
                **USER_DATA,
            },
            id="deliver",
        ),
        pytest.param(
            "00 35 07 02 81 21 00 00 A7 01 41",
            {
                "type": "submit",
                "smsc": None,
                "recipient": "12",
                "mr": 7,
                "validity": 86_400,
                "pid": 0,
                "status_report_requested": True,
                "reject_duplicates": True,
                "reply_path": False,
                **USER_DATA,
            },
            id="submit",
        ),
        pytest.param(
            f"00 06 2A 02 81 21 {STAMP} 00000000000000 30",
            {
                "type": "status-report",
                "smsc": None,
                "recipient": "12",
                "mr": 42,
                "scts": "2011-01-01T12:34:56+00:00",
                "discharge": None,
                "status": 0x30,
                "status_class": "pending",
                "status_text": "the service centre is still trying, "
                "specific to the service centre (0x30)",
                "pid": None,
                "more_messages": False,
                **NOTHING,
            },
            id="status-report",
        ),
    ],
)
def test_fields(octets: str, fields: dict[str, Any]) -> None:
    assert as_fields(decode(bytes.fromhex(octets), has_sca=True)) == fields


def test_user_data_in_full() -> None:
    fields = as_fields(
        decode(
            bytes.fromhex(
                f"00 44 04 91 2143 00 F5 {STAMP}"
                "15 13 05040B8423F0 080400010201 240101 01028003 AB"
            ),
            has_sca=True,
        )
    )
    assert fields["data"] == "AB"
    assert fields["text"] is None
    assert fields["encoding"] == "8bit"
    assert fields["class"] == 1
    assert fields["national"] == {"locking": 0, "shift": 1}
    assert fields["mwi"] == [
        {"kind": "voicemail", "active": True, "store": True, "count": 3}
    ]
    assert fields["udh"] == {
        "concat": {"ref": 1, "total": 2, "seq": 1, "wide": True},
        "ports": {"source": 9200, "destination": 2948},
        "elements": [
            {"iei": 5, "data": "0B8423F0"},
            {"iei": 8, "data": "00010201"},
            {"iei": 0x24, "data": "01"},
            {"iei": 1, "data": "8003"},
        ],
    }


@pytest.mark.parametrize(
    ("octets", "validity"),
    [
        pytest.param(f"19 07 02 81 21 00 00 {STAMP}", "2011-01-01T12:34:56+00:00"),
        pytest.param("19 07 02 81 21 00 00 00000000000000", None),
        pytest.param("09 07 02 81 21 00 00 023C0000000000", 60),
        pytest.param("09 07 02 81 21 00 00 00000000000000", None),
        pytest.param("01 07 02 81 21 00 00", None),
    ],
    ids=["absolute", "impossible", "enhanced", "enhanced-without", "absent"],
)
def test_validity(octets: str, validity: object) -> None:
    fields = as_fields(decode(bytes.fromhex(f"00 {octets} 01 41"), has_sca=True))
    assert fields["validity"] == validity


def test_an_empty_header_is_still_a_header() -> None:
    fields = as_fields(
        decode(bytes.fromhex(f"00 44 04 91 2143 00 04 {STAMP} 01 00"), has_sca=True)
    )
    assert fields["udh"] == {"concat": None, "ports": None, "elements": []}
    assert fields["data"] == ""
