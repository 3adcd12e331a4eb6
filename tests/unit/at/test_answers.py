"""What modems say, and what we take from it."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at import answers, commands
from modemgw.at.answers import Row, Storage
from modemgw.at.commands import Command

PDU = "07919471227210244405850121F7000062"
OCTETS = bytes.fromhex(PDU)


@pytest.mark.parametrize(
    ("command", "lines", "value"),
    [
        pytest.param(commands.MANUFACTURER, ["huawei"], "huawei", id="maker-bare"),
        pytest.param(commands.MODEL, ['+CGMM: "E3372"'], "E3372", id="model-prefixed"),
        pytest.param(commands.MODEL, [""], None, id="model-empty"),
        pytest.param(
            commands.INFORMATION, ["Quectel", "EC25"], "Quectel EC25", id="ati-lines"
        ),
        pytest.param(
            commands.REVISION, ["Revision:1418B05"], "Revision:1418B05", id="no-mark"
        ),
        pytest.param(commands.IMEI, ["490154203237518"], "490154203237518", id="imei"),
        pytest.param(
            commands.IMEI, ['+CGSN: "4901542032375187"'], "490154203237518", id="imeisv"
        ),
        pytest.param(commands.IMEI, ["12"], None, id="imei-too-short"),
        pytest.param(
            commands.IMSI, ["junk", "262011234567890"], "262011234567890", id="imsi"
        ),
        pytest.param(commands.IMSI, ["none"], None, id="imsi-none"),
        pytest.param(
            commands.iccid("AT+CCID"),
            ['+CCID: "89490000000000000012"'],
            "89490000000000000012",
            id="iccid-quoted",
        ),
        pytest.param(
            commands.iccid("AT+CCID"),
            ["8949000000000000001f"],
            "8949000000000000001",
            id="iccid-bare-with-filler",
        ),
        pytest.param(
            commands.iccid("AT^ICCID?"),
            ["^ICCID: 98940000000000000021"],
            "89490000000000000012",
            id="iccid-swapped",
        ),
        pytest.param(
            commands.iccid("AT+CCID"),
            ["+CCID: 898600A1B2C3D4E5F607"],
            "898600A1B2C3D4E5F607",
            id="iccid-with-letters",
        ),
        pytest.param(
            commands.iccid("AT+CCID"),
            ["+CCID: 12345678901234567890"],
            "12345678901234567890",
            id="iccid-of-a-test-sim",
        ),
        pytest.param(commands.iccid("AT+CCID"), ["no"], None, id="iccid-none"),
        pytest.param(
            commands.iccid("AT+CRSM=176,12258,0,0,10"),
            ['+CRSM: 144,0,"98940000000000000021"'],
            "89490000000000000012",
            id="iccid-from-its-file",
        ),
        pytest.param(
            commands.ICCID_BY_FILE, ['+CRSM: 106,130,""'], None, id="no-such-file"
        ),
        pytest.param(
            commands.LAST_REFERENCE, ['+CRSM: 144,0,"2AFF"'], 42, id="last-reference"
        ),
        pytest.param(
            commands.LAST_REFERENCE, ["+CRSM: 145,3,FEff"], 254, id="no-quotes"
        ),
        pytest.param(
            commands.LAST_REFERENCE, ['+CRSM: 144,0,""'], None, id="empty-file"
        ),
        pytest.param(commands.LAST_REFERENCE, ["+CRSM: 106,130"], None, id="no-file"),
        pytest.param(commands.LAST_REFERENCE, [], None, id="only-ok"),
        pytest.param(commands.RADIO, ["+CFUN: 1,0"], 1, id="cfun"),
        pytest.param(commands.RADIO, [], None, id="cfun-silent"),
        pytest.param(commands.PIN_STATE, ['+CPIN: "READY"'], "READY", id="cpin-quoted"),
        pytest.param(commands.PIN_STATE, ["+CPIN:SIM PIN"], "SIM PIN", id="cpin-tight"),
        pytest.param(commands.PIN_STATE, [], "", id="cpin-bare-ok"),
        pytest.param(commands.OWN_NUMBER, ['+CNUM: "","+49151",145'], "+49151", id="n"),
        pytest.param(
            commands.OWN_NUMBER, ['+CNUM: ,"",145', "x"], None, id="no-number"
        ),
        pytest.param(
            commands.STORAGE_NAMES,
            ['+CPMS: ("SM","ME"),("SM","ME"),("SM")'],
            (("SM", "ME"), ("SM", "ME"), ("SM",)),
            id="cpms-test",
        ),
        pytest.param(
            commands.STORAGE_NAMES,
            ['+CPMS: (("SM","BM","SR"),("SM"))'],
            (("SM", "BM", "SR"), ("SM",)),
            id="wavecom-cpms-test",
        ),
        pytest.param(
            commands.STORAGE_NAMES, ['+CPMS: "SM","ME"'], (("SM", "ME"),), id="iwow"
        ),
        pytest.param(commands.STORAGE_NAMES, ["+CPMS: "], (), id="samsung"),
        pytest.param(
            commands.STORAGES,
            ['+CPMS: "SM",3,10,"ME",0,100,"SM",3,10'],
            (Storage("SM", 3, 10), Storage("ME", 0, 100), Storage("SM", 3, 10)),
            id="cpms-read",
        ),
        pytest.param(
            commands.use_storages("SM", "SM"),
            ["+CPMS: 3,10,0,100"],
            (Storage(None, 3, 10), Storage(None, 0, 100)),
            id="cpms-set",
        ),
        pytest.param(commands.STORAGES, [], (), id="cpms-bare-ok"),
        pytest.param(
            commands.ROUTING_VALUES,
            ["+CNMI: (0-2),(0,1),2,(0-99999),(a),()"],
            (
                *({0, 1, 2}, {0, 1}, {2}),
                *(set(range(65)), set(), set()),
            ),
            id="cnmi-test",
        ),
        pytest.param(commands.ROUTING, ["+CNMI: 2,1,0,1,0"], "2,1,0,1,0", id="cnmi"),
        pytest.param(commands.CENTRE, ['+CSCA: "+49171",145'], "+49171", id="csca"),
        pytest.param(commands.CENTRE, ['+CSCA: "",129'], None, id="csca-empty"),
        pytest.param(commands.REGISTRATION, ["+CREG: 2,5"], (2, 5), id="creg"),
        pytest.param(commands.REGISTRATION, ["+CREG: 1"], (None, None), id="creg-odd"),
        pytest.param(commands.OPERATOR, ['+COPS: 0,0,"A, B",7'], "A, B", id="cops"),
        pytest.param(commands.OPERATOR, ["+COPS: 0"], None, id="cops-none"),
        pytest.param(commands.SIGNAL, ["+CSQ: 17,99"], -79, id="csq"),
        pytest.param(commands.SIGNAL, ["+CSQ: 99,99"], None, id="csq-unknown"),
        pytest.param(commands.SIGNAL, ["+CSQ:"], None, id="csq-empty"),
        pytest.param(
            commands.SIGNAL, ["junk", "+CSQ: 17,99"], -79, id="only-lines-with-prefix"
        ),
        pytest.param(
            commands.read(3),
            ["+CMGR: 0,,14", PDU],
            (Row(None, 0, 14, OCTETS),),
            id="cmgr",
        ),
        pytest.param(
            commands.read(3),
            ['+CMGR: 1,"Mum, at work",14', PDU],
            (Row(None, 1, 14, OCTETS),),
            id="cmgr-with-a-name",
        ),
        pytest.param(
            commands.read(3),
            ["+CMGR: 14", PDU + "0"],
            (Row(None, None, 14, OCTETS),),
            id="cmgr-without-stat-and-half-an-octet",
        ),
        pytest.param(commands.read(3), ["+CMGR: 0,,0"], (), id="cmgr-empty-slot"),
        pytest.param(commands.read(3), ["+CMGR: 0,,0", "Added"], (), id="no-pdu"),
        pytest.param(commands.read(3), [PDU], (), id="pdu-without-header"),
        pytest.param(
            commands.read_all(),
            ["+CMGL: 0,1,,14", PDU, "+CMGL: 7,3,,14", PDU],
            (Row(0, 1, 14, OCTETS), Row(7, 3, 14, OCTETS)),
            id="cmgl",
        ),
        pytest.param(commands.ATTENTION, ["junk"], None, id="nothing-wanted"),
    ],
)
def test_answers(command: Command[Any], lines: list[str], value: object) -> None:
    assert command.value(lines) == value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('+CMTI: "SM",3', ("SM", 3)),
        ('+CMTI: "ME",0', ("ME", 0)),
        ('+CMTI: "SM",-1', ("SM", None)),
        ("+CMTI: ,-1", (None, None)),
        ("+CMTI: 5", (None, 5)),
        ("+CMTI:", (None, None)),
    ],
)
def test_announcements(text: str, expected: tuple[str | None, int | None]) -> None:
    assert answers.announced(text) == expected


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (answers.announced_length, "+CDS: 25", 25),
        (answers.announced_length, "+CDS: ,25", 25),
        (answers.announced_length, '+CMT: "Mum",140', 140),
        (answers.announced_length, "+CMT:", None),
        (answers.reference_of, "+CMGS: 41", 41),
        (answers.reference_of, '+CMGS:0,"26/11/22"', 0),
        (answers.reference_of, "+CMGS: 256", None),
        (answers.reference_of, "+CMGS: x", None),
        (answers.unasked_registration_of, '+CREG: 1,"00C3","01A2"', 1),
        (answers.unasked_registration_of, "+CREG:", None),
        (answers.octets_of, "00aB1", b"\x00\xab"),
        (answers.octets_of, "xyz", b""),
    ],
)
def test_urc_fields(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


def test_commands_that_are_built() -> None:
    assert commands.enter_pin("1234").text == 'AT+CPIN="1234"'
    assert "1234" not in (commands.enter_pin("1234").shown or "")
    assert commands.set_centre("+49171").text == 'AT+CSCA="+49171",145'
    assert commands.set_centre("0171").text == 'AT+CSCA="0171",129'
    assert commands.use_storages("SM", "ME").text == 'AT+CPMS="SM","ME"'
    assert commands.route("2,1").text == "AT+CNMI=2,1"
    assert commands.submit(23) == "AT+CMGS=23"
    assert commands.delete(0).text == "AT+CMGD=0"
    assert commands.report_registration("CEREG", 2).text == "AT+CEREG=2"
    assert commands.read_all(20).timeout_s == commands.LIST_S + 20


@given(st.lists(st.text(max_size=40), max_size=4))
def test_no_answer_raises(lines: list[str]) -> None:
    for command in vars(commands).values():
        if isinstance(command, Command):
            command.value(lines)
    for built in (commands.read(1), commands.read_all(), commands.iccid("AT+CCID")):
        built.value(lines)
    for line in lines:
        answers.announced(line)
        answers.announced_length(line)
        answers.reference_of(line)
        answers.octets_of(line)


@given(
    st.sampled_from(["+CMGS:", "+CMT:", "+CDS:", "+CMTI:", ""]),
    st.text('0123456789 ,-+"x\xb2', max_size=12),
)
def test_plain_numbers_are_read_as_the_fields_are(prefix: str, rest: str) -> None:
    line = prefix + rest
    values = [answers.integer(value) for value in answers.fields(answers.tail(line))]
    assert answers.announced_length(line) == values[-1]
    first = values[0]
    reference = first if first is not None and 0 <= first <= 255 else None
    assert answers.reference_of(line) == reference
