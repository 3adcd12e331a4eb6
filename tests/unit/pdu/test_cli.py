"""`modemgw pdu`, for people and for programs."""

import json
from typing import Any

import pytest
from click.testing import CliRunner, Result

from modemgw.cli.pdu import pdu

DELIVER = "07917283010010F5040BC87238880900F10000993092516195800AE8329BFD4697D9EC37"
BARE = DELIVER[16:]


def run(*arguments: str, stdin: str | bytes = "") -> Result:
    result = CliRunner().invoke(pdu, arguments, input=stdin, standalone_mode=False)
    assert result.exception is None, result.output
    return result


def answers(*arguments: str, stdin: str | bytes = "") -> list[dict[str, Any]]:
    result = run(*arguments, "--json", stdin=stdin)
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_decode_arguments() -> None:
    found = answers("decode", DELIVER, BARE.lower())
    assert [one["text"] for one in found] == ["hellohello"] * 2
    assert [one["smsc"] for one in found] == ["+27381000015", None]
    assert run("decode", DELIVER).return_value == 0


def test_decode_lines_and_bad_lines() -> None:
    stdin = f"{DELIVER}\n\nzz\n0\n0004\n{DELIVER}\n".encode() + b"\xff\n"
    found = answers("decode", stdin=stdin)
    assert [one.get("text") or "error" in one for one in found] == [
        "hellohello",
        True,
        True,
        True,
        "hellohello",
        True,
    ]
    assert found[3]["octets"] == "0004"


def test_decode_without_an_sca() -> None:
    (found,) = answers("decode", "--no-sca", BARE)
    assert found["text"] == "hellohello"
    assert "error" in answers("decode", "--no-sca", DELIVER)[0]


REPORT = "0207049121432110102143650021101021436500"


@pytest.mark.parametrize(
    ("pdu_hex", "read"),
    [
        pytest.param(BARE[:-2], {"text": "hellohell"}, id="text-cut"),
        pytest.param("44" + BARE[2:-20] + "00", {"text": ""}, id="header-missing"),
        pytest.param(REPORT + "0001", {"status": 0, "mr": 7}, id="pid-missing"),
        pytest.param(REPORT + "0006000648", {"status": 0}, id="report-text-cut"),
    ],
)
def test_a_damaged_pdu_is_an_error_with_what_could_be_read(
    pdu_hex: str, read: dict[str, Any]
) -> None:
    (found,) = answers("decode", "--no-sca", pdu_hex)
    assert found.pop("error")
    assert found.pop("octets") == pdu_hex
    assert found | read == found
    assert run("decode", "--no-sca", pdu_hex).return_value == 1


@pytest.mark.parametrize(
    "padding", ["", "00", "FF", "FFFFFF", "0000", "AAAA", "0101", "08"]
)
def test_padding_behind_a_report_is_no_damage(padding: str) -> None:
    (found,) = answers("decode", "--no-sca", REPORT + "00" + padding)
    assert "error" not in found
    assert found["status_class"] == "delivered"


def test_decode_an_answer() -> None:
    (found,) = answers("decode", "--as", "submit-report", "01C50011101021436500")
    assert (found["type"], found["cause"]) == ("submit-report", 0xC5)


def test_a_damaged_pdu_fails_the_command() -> None:
    result = run("decode", "0004", "zz", DELIVER)
    assert result.return_value == 1
    assert "TP-OA" in result.stderr
    assert "hex" in result.stderr
    assert "hellohello" in result.stdout
    assert run("decode", "zz", "--json").return_value == 1
    assert run("decode", "--json", stdin="zz\n").return_value == 0


def test_decode_for_people_shows_every_octet_in_80_columns() -> None:
    long = "0051000C914915112345760008FF" + "8C" + "05000301020104".ljust(12)[:12]
    long += "0431" * 67
    out = run("decode", DELIVER, long).stdout
    assert max(map(len, out.splitlines())) <= 80
    assert "international, ISDN" in out
    assert "9.2.3.11" in out
    shown = "".join(line[:18] for line in out.splitlines()).replace(" ", "")
    assert shown == DELIVER + long


def test_texts_from_the_air_cannot_steer_the_terminal() -> None:
    out = run("decode", "000402812100081110102143650004001B0041").stdout
    assert "\x1b" not in out


ENCODE = {"to": "+46708251358", "text": "hellohello"}


@pytest.mark.parametrize(
    ("wish", "pdus", "encoding"),
    [
        pytest.param(
            {**ENCODE, "validity": 345_600},
            ["0011000B916407281553F80000AA0AE8329BFD4697D9EC37"],
            "gsm7",
            id="seconds",
        ),
        pytest.param(
            {**ENCODE, "validity": "4 days", "smsc": None, "fold": False},
            ["0011000B916407281553F80000AA0AE8329BFD4697D9EC37"],
            "gsm7",
            id="duration",
        ),
        pytest.param(
            {**ENCODE, "validity": "P3DT24H"},
            ["0011000B916407281553F80000AA0AE8329BFD4697D9EC37"],
            "gsm7",
            id="period-of-iso-8601",
        ),
        pytest.param(
            {**ENCODE, "validity": "345600"},
            ["0011000B916407281553F80000AA0AE8329BFD4697D9EC37"],
            "gsm7",
            id="seconds-as-text",
        ),
        pytest.param(
            {**ENCODE, "validity": "2010-07-25T20:15:39"},
            ["0019000B916407281553F80000017052025193000AE8329BFD4697D9EC37"],
            "gsm7",
            id="instant-is-utc",
        ),
        pytest.param(
            {**ENCODE, "validity": "2010-07-25T20:15:39+02:00", "class": 0},
            ["0019000B916407281553F80010017052025193800AE8329BFD4697D9EC37"],
            "gsm7",
            id="instant-with-zone-and-flash",
        ),
        pytest.param(
            {**ENCODE, "mr": 7, "report": True, "reject_duplicates": True, "pid": 65},
            ["0025070B916407281553F841000AE8329BFD4697D9EC37"],
            "gsm7",
            id="flags",
        ),
        pytest.param(
            {
                "to": "12",
                "data": "00FF",
                "ports": {"destination": 2948, "source": 9200},
            },
            ["00410002812100040906 05040B8423F0 00FF".replace(" ", "")],
            "8bit",
            id="data-and-ports",
        ),
        pytest.param(
            {"to": "12", "text": "é", "encoding": "8bit", "ports": 1},
            ["00410002812100040906 050400010000 C3A9".replace(" ", "")],
            "8bit",
            id="text-as-octets",
        ),
        pytest.param(
            {"to": "12", "text": "\u201cé\u201d", "fold": True, "smsc": "+1"},
            ["0291F10100028121000003A28208"],
            "gsm7",
            id="folded",
        ),
    ],
)
def test_encode(wish: dict[str, Any], pdus: list[str], encoding: str) -> None:
    (found,) = answers("encode", stdin=json.dumps(wish) + "\n")
    assert (found.get("pdus"), found.get("encoding")) == (pdus, encoding), found
    assert found["parts"] == len(pdus)


def test_encode_many_parts() -> None:
    wish = {"to": "+1234", "text": "я" * 71, "udh16": True, "concat_ref": 0xABCD}
    (found,) = answers("encode", stdin=json.dumps(wish))
    assert found["parts"] == 2
    assert all("0804ABCD02" in one for one in found["pdus"])
    decoded = answers("decode", *found["pdus"])
    assert "".join(one["text"] for one in decoded) == "я" * 71
    assert [one["udh"]["concat"]["seq"] for one in decoded] == [1, 2]


def test_encode_in_a_national_language() -> None:
    wish = {"to": "+1234", "text": "ş" + "a" * 152, "encoding": "national"}
    (found,) = answers("encode", stdin=json.dumps(wish))
    assert found["national"] == {"locking": 0, "shift": 1}
    assert found["parts"] == 1


@pytest.mark.parametrize(
    ("line", "why"),
    [
        pytest.param("hello", "JSON", id="no-json"),
        pytest.param("[" * 100_000, "JSON", id="too-deep"),
        pytest.param("9" * 5_000, "JSON", id="a-number-too-long-to-read"),
        pytest.param('{"to":"+1","\\ud83d":1}', "surrogate", id="half-a-pair-in-a-key"),
        pytest.param('{"to":"+1","text":"a","validity":NaN}', "nan", id="nan"),
        pytest.param("[]", "object", id="no-object"),
        pytest.param('{"text":"a"}', "`to`", id="no-recipient"),
        pytest.param('{"to":"+1"}', "either", id="neither-text-nor-data"),
        pytest.param('{"to":"+1","text":"","data":""}', "either", id="both"),
        pytest.param('{"to":"Acme","text":"a"}', "dialled", id="no-number"),
        pytest.param('{"to":"+1","text":"a","colour":1}', "colour", id="unknown-key"),
        pytest.param('{"to":"+1","text":1}', "`int`", id="wrong-type"),
        pytest.param('{"to":"+1","data":"0"}', "hex", id="odd-hex"),
        pytest.param(
            '{"to":"+1","data":"00","encoding":"ucs2"}', "8bit", id="data-as-text"
        ),
        pytest.param('{"to":"+1","text":"ş","encoding":"gsm7"}', "ş", id="no-septet"),
        pytest.param('{"to":"+1","text":"\\ud83d"}', "surrogate", id="half-a-pair"),
        pytest.param('{"to":"+1","text":"a","class":4}', "class", id="class-4"),
        pytest.param('{"to":"+1","text":"a","mr":256}', "octet", id="mr-256"),
        pytest.param(
            '{"to":"+1","text":"a","validity":"soon"}', "validity", id="no-duration"
        ),
        pytest.param(
            '{"to":"+1","text":"a","validity":1e999}', "validity", id="infinite"
        ),
        pytest.param('{"to":"+1","text":"a","validity":-1}', "validity", id="negative"),
        pytest.param('{"to":"+1","text":"a","ports":70000}', "ports", id="port"),
        pytest.param('{"to":"+1","text":"a","smsc":"x"}', "dialled", id="smsc"),
        pytest.param(
            '{"to":"+1","text":"' + "a" * 40_000 + '"}', "255", id="too-many-parts"
        ),
    ],
)
def test_bad_lines_of_encode(line: str, why: str) -> None:
    found = answers("encode", stdin=f"{line}\n{json.dumps(ENCODE)}\n")
    assert why in found[0]["error"]
    assert found[1]["parts"] == 1


def test_encode_for_people() -> None:
    result = run(
        "encode",
        *("--to", "+46708251358", "--text", "hellohello", "--validity", "4 days"),
        *("--port", "1"),
    )
    assert result.stdout.splitlines() == [
        "AT+CMGS=30",
        "0051000B916407281553F80000AA12060504000100 00E8329BFD4697D9EC37".replace(
            " ", ""
        ),
    ]
    assert "1 part" in result.stderr
    result = run("encode", "--to", "Acme", "--text", "a")
    assert result.return_value == 1
    assert "Acme" in result.stderr


def test_segments() -> None:
    (found,) = answers("segments", "it\u2019s 5 €")
    assert found == {
        "encoding": "ucs2",
        "national": None,
        "parts": 1,
        "lengths": [8],
        "forced_by": ["\u2019"],
        "folded": {
            "text": "it's 5 €",
            "encoding": "gsm7",
            "national": None,
            "parts": 1,
            "lengths": [9],
        },
    }


@pytest.mark.parametrize(
    ("fold", "encoding", "has_folded"),
    [("off", "ucs2", False), ("on", "gsm7", True), ("report", "ucs2", True)],
)
def test_segments_fold(fold: str, encoding: str, has_folded: bool) -> None:
    wish = {"text": "it\u2019s", "fold": fold}
    (found,) = answers("segments", stdin=json.dumps(wish))
    assert found["encoding"] == encoding
    assert (found["folded"] is not None) is has_folded
    assert found["forced_by"] == ["\u2019"]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('{"text":"a","fold":"maybe"}', "maybe"),
        ('{"text":"a","encoding":"8bit"}', "8bit"),
        (json.dumps({"text": "a" * 40_000}), "255"),
        ("null", "object"),
    ],
    ids=["fold", "encoding", "too-many-parts", "null"],
)
def test_bad_lines_of_segments(line: str, why: str) -> None:
    found = answers("segments", stdin=f'{line}\n{{"text":"a","fold":true}}\n')
    assert why in found[0]["error"]
    assert found[1]["parts"] == 1


def test_segments_for_people() -> None:
    out = run("segments", "it\u2019s " + "a" * 80).stdout
    assert "2 part(s), ucs2: 67, 18 code units" in out
    assert "U+2019" in out
    assert "folded: 1 part(s), gsm7" in out
    assert run("segments", "a").stdout == "1 part(s), gsm7: 1 septets\n"
    turkish = run("segments", "ş" * 71, "--encoding", "national", "--national", "1")
    assert turkish.stdout.startswith("1 part(s), gsm7: 142 septets")
