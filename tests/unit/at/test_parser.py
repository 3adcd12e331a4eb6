"""The parser against the wire. Every row runs whole and one octet at a time."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at.parser import (
    MAX_LINE,
    MAX_TEXT_LINES,
    AtParser,
    Event,
    Final,
    Info,
    Prompt,
    Urc,
)

PDU = "07919471227210244405850121F7"
OK = Final("OK")


def parser(
    command: str = "",
    prefixes: tuple[str, ...] = (),
    prompt: bool = False,
    numeric: bool = False,
) -> AtParser:
    made = AtParser()
    made.expect(command, prefixes, prompt=prompt, numeric=numeric)
    return made


@pytest.mark.parametrize(
    ("command", "prefixes", "wire", "events"),
    [
        pytest.param("AT", (), b"\r\nOK\r\n", [OK], id="bare-ok"),
        pytest.param("AT", (), b"OK\r", [OK], id="cr-alone-ends-a-line"),
        pytest.param("AT", (), b"\nOK\n", [OK], id="lf-alone-ends-a-line"),
        pytest.param("AT", (), b"\r\r\nOK\r\r\n", [OK], id="huawei-cr-cr-lf"),
        pytest.param("AT", (), b"\r\nERROR\r\n", [Final("ERROR")], id="error"),
        pytest.param(
            "AT+CSQ",
            ("+CSQ:",),
            b"\r\n+CSQ: 17,99\r\n\r\nOK\r\n\r\n\r\n",
            [Info("+CSQ: 17,99"), OK],
            id="info-then-ok-then-blank-lines",
        ),
        pytest.param(
            "AT+CSQ",
            ("+CSQ:",),
            b"\r\n^RSSI:26\r\r\n\r\n^HCSQ:1,2\r\n+CSQ: 28,99\r\n\r\nOK\r\n",
            [Urc("^RSSI:26"), Urc("^HCSQ:1,2"), Info("+CSQ: 28,99"), OK],
            id="huawei-noise-before-the-answer",
        ),
        pytest.param(
            "AT+CSQ",
            ("+CSQ:",),
            b'\r\n+CSQ: 17,99\r\n+CMTI: "SM",3\r\n\r\nOK\r\n',
            [Info("+CSQ: 17,99"), Urc('+CMTI: "SM",3'), OK],
            id="urc-before-the-final-code",
        ),
        pytest.param(
            "AT",
            (),
            b'OK\r\n\r\n+CMTI: "SM",3\r\n',
            [OK, Urc('+CMTI: "SM",3')],
            id="two-things-in-one-read",
        ),
        pytest.param(
            "AT+CGMI",
            (),
            b"\r\nhuawei\r\n\r\n^BOOT:1,0,0,0,72\r\n\r\nOK\r\n",
            [Info("huawei"), Urc("^BOOT:1,0,0,0,72"), OK],
            id="noise-is-not-the-manufacturer",
        ),
        pytest.param("ATE0", (), b"ATE0\r\r\nOK\r\n", [OK], id="echo"),
        pytest.param("ATE0", (), b"ATE0\rATE0\r OK\r\n", [OK], id="echo-doubled"),
        pytest.param("AT+CSQ", (), b"T+CQ\r\r\nOK\r\n", [OK], id="echo-cut"),
        pytest.param(
            "AT+CSQ",
            ("+CSQ:",),
            b"^RSSI:3\r\nAT+CSQ\r\n+CSQ: 1,99\r\nOK\r\n",
            [Urc("^RSSI:3"), Info("+CSQ: 1,99"), OK],
            id="echo-after-a-urc",
        ),
        pytest.param(
            "AT+COPS?",
            ("+COPS:",),
            b'+COPS: 0,0,"OK Mobile"\r\nOK\r\n',
            [Info('+COPS: 0,0,"OK Mobile"'), OK],
            id="operator-called-ok",
        ),
        pytest.param(
            "ATI",
            (),
            b"OKTEL\r\nERRORLESS\r\n> hm\r\nOK\r\n",
            [Info("OKTEL"), Info("ERRORLESS"), Info("> hm"), OK],
            id="texts-that-begin-like-codes",
        ),
        pytest.param(
            "AT^CURC=0",
            (),
            b"COMMAND NOT SUPPORT\r\n",
            [Final("COMMAND NOT SUPPORT")],
            id="huawei-not-support",
        ),
        pytest.param(
            "AT+CPIN?",
            ("+CPIN:",),
            b"+CME ERROR: SIM busy\r\n",
            [Final("+CME ERROR: SIM busy")],
            id="verbose-cme",
        ),
        pytest.param(
            "AT+CMGR=1",
            ("+CMGR:",),
            b"+CMS ERROR:321\r\n",
            [Final("+CMS ERROR:321")],
            id="cms-without-space",
        ),
        pytest.param(
            "AT+CNUM",
            ("+CNUM:",),
            b'ERROR+CNUM: "",""\r\n',
            [Final("ERROR")],
            id="info-glued-to-error",
        ),
        pytest.param(
            "AT+CMGR=1",
            ("+CMGR:",),
            b"+CMGR: 0,,14\r\n\r\nNO CARRIER\r\n" + PDU.encode() + b"\r\nOK\r\n",
            [Info("+CMGR: 0,,14"), Urc("NO CARRIER"), Info(PDU), OK],
            id="unsolicited-no-carrier",
        ),
        pytest.param(
            "AT+CMGL=4",
            ("+CMGL:",),
            f"+CMGL: 1,1,,14\r\n{PDU}+CMGL: 2,1,,14\r\n{PDU}\r\nOK\r\n".encode(),
            [
                *(Info("+CMGL: 1,1,,14"), Info(PDU)),
                *(Info("+CMGL: 2,1,,14"), Info(PDU), OK),
            ],
            id="row-glued-to-a-pdu",
        ),
        pytest.param(
            "",
            (),
            f"+CDS: 25\r\n{PDU}\r\n".encode(),
            [Urc("+CDS: 25", PDU)],
            id="cds",
        ),
        pytest.param(
            "",
            (),
            f"+CDS: ,25\r\n\r\n{PDU}\r\n".encode(),
            [Urc("+CDS: ,25", PDU)],
            id="zte-cds-with-comma",
        ),
        pytest.param(
            "",
            (),
            f"+CMT: ,14\r\n{PDU}\r\n+CBM: 88\r\n{PDU}\r\n".encode(),
            [Urc("+CMT: ,14", PDU), Urc("+CBM: 88", PDU)],
            id="cmt-and-cbm",
        ),
        pytest.param(
            "AT+CMGR=2",
            ("+CMGR:",),
            f"+CMGR: 0,,14\r\n+CDS: 25\r\n{PDU}\r\n00AA\r\nOK\r\n".encode(),
            [Info("+CMGR: 0,,14"), Urc("+CDS: 25", PDU), Info("00AA"), OK],
            id="t310-mixes-a-routed-pdu-into-an-answer",
        ),
        pytest.param(
            "",
            (),
            f"+CDS: 25\r\n^RSSI:5\r\n{PDU}\r\n".encode(),
            [Urc("^RSSI:5"), Urc("+CDS: 25", PDU)],
            id="noise-between-header-and-pdu",
        ),
        pytest.param(
            "AT",
            (),
            b"+CDS: 25\r\nOK\r\n",
            [Urc("+CDS: 25"), OK],
            id="cds-whose-pdu-never-comes",
        ),
        pytest.param(
            "",
            (),
            b"+CDS: 25\r\n" + b"^RSSI:1\r\n" * 4,
            [*[Urc("^RSSI:1")] * 3, Urc("+CDS: 25"), Urc("^RSSI:1")],
            id="cds-drowned-in-noise",
        ),
        pytest.param(
            "",
            (),
            f"+CMT: ,9\r\n+CDS: 25\r\n{PDU}\r\n".encode(),
            [Urc("+CMT: ,9"), Urc("+CDS: 25", PDU)],
            id="header-behind-a-header",
        ),
        pytest.param(
            "AT+CREG?",
            ("+CREG:",),
            b'+CREG: 5\r\n+CREG: 1,"00C3","01A2"\r\n+CREG: 2,1,"00C3","01A2"\r\nOK\r\n',
            [
                *(Urc("+CREG: 5"), Urc('+CREG: 1,"00C3","01A2"')),
                *(Info('+CREG: 2,1,"00C3","01A2"'), OK),
            ],
            id="creg-answer-against-urc",
        ),
        pytest.param(
            "AT+CEREG?",
            ("+CEREG:",),
            b"+CEREG: 0,10\r\n+CGREG: 1\r\nOK\r\n",
            [Info("+CEREG: 0,10"), Urc("+CGREG: 1"), OK],
            id="cereg-without-location",
        ),
        pytest.param(
            "",
            (),
            b'+CUSD: 1,"Menu\r\n1 Balance\r\nOK",15\r\nRING\r\n',
            [Urc('+CUSD: 1,"Menu\n1 Balance\nOK",15'), Urc("RING")],
            id="cusd-over-lines",
        ),
        pytest.param(
            "",
            (),
            b'+CUSD: 0,"12,34 EUR",15\r\n+CUSD: 4\r\n',
            [Urc('+CUSD: 0,"12,34 EUR",15'), Urc("+CUSD: 4")],
            id="cusd-on-one-line",
        ),
        pytest.param(
            "",
            (),
            b"\xff\0\0\x13O\0K\xff\r\n\x00\r\n \xfe?\r\n",
            [OK, Info("\xfe?")],
            id="nul-and-invalid-octets",
        ),
        pytest.param("", (), b"\r\n> ", [], id="prompt-nobody-asked-for"),
        pytest.param("AT", (), b"0\r4\r", [Info("0"), Info("4")], id="not-numeric"),
        pytest.param(
            "", (), b"x" * MAX_LINE + b"\r\n", [Info("x" * MAX_LINE)], id="longest-line"
        ),
        pytest.param(
            "AT", (), b"x" * (MAX_LINE + 1) + b"\r\nOK\r\n", [OK], id="line-too-long"
        ),
        pytest.param(
            "AT", (), b"x" * 3 * MAX_LINE + b"\r\nOK\r\n", [OK], id="endless-line"
        ),
    ],
)
def test_parser(
    command: str, prefixes: tuple[str, ...], wire: bytes, events: list[Event]
) -> None:
    whole, drip = parser(command, prefixes), parser(command, prefixes)
    assert whole.feed(wire) == events
    assert [e for octet in wire for e in drip.feed(bytes([octet]))] == events
    assert whole.discarded == drip.discarded


@pytest.mark.parametrize(
    ("wire", "events"),
    [
        pytest.param(b"\r\n> ", [Prompt()], id="prompt"),
        pytest.param(b"\r\n>", [Prompt()], id="prompt-without-space"),
        pytest.param(
            b"> \r\n+CMGS: 4\r\nOK\r\n",
            [Prompt(), Info("+CMGS: 4"), OK],
            id="prompt-without-line-feed",
        ),
        pytest.param(
            b'\r\n+CMTI: "SM",3\r\n\r\n> ',
            [Urc('+CMTI: "SM",3'), Prompt()],
            id="urc-before-the-prompt",
        ),
        pytest.param(b"AT+CMGS=14\r\r\n> ", [Prompt()], id="echo-before-the-prompt"),
        pytest.param(
            b"\r\n> 0011AA\x1a\r\n> \r\n+CMGS: 7\r\n\r\nOK\r\n",
            [Prompt(), Info("0011AA"), Info("+CMGS: 7"), OK],
            id="pdu-echoed-and-prompt-repeated",
        ),
        pytest.param(
            b"\r\n> \r\n> +CMGS: 7\r\nOK\r\n",
            [Prompt(), Info("+CMGS: 7"), OK],
            id="second-prompt-glued-to-the-answer",
        ),
        pytest.param(b"ERROR\r\n> ", [Final("ERROR")], id="refused-before-the-prompt"),
        pytest.param(
            b" " * (MAX_LINE + 1) + b">\r\n> ", [Prompt()], id="prompt-behind-noise"
        ),
        pytest.param(
            b"> " + b"A" * (MAX_LINE + 9) + b"\r\nOK\r\n",
            [Prompt(), OK],
            id="endless-line-behind-the-prompt",
        ),
    ],
)
def test_prompt(wire: bytes, events: list[Event]) -> None:
    whole = parser("AT+CMGS=14", ("+CMGS:",), prompt=True)
    drip = parser("AT+CMGS=14", ("+CMGS:",), prompt=True)
    assert whole.feed(wire) == events
    assert [e for octet in wire for e in drip.feed(bytes([octet]))] == events


@pytest.mark.parametrize(
    ("wire", "events"),
    [
        (b"ATQ0V1E0\r0\r", [OK]),
        (b"4\r", [Final("ERROR")]),
        (b"7\r0\r", [Info("7"), OK]),
    ],
)
def test_numeric_results_of_a_modem_left_in_v0(
    wire: bytes, events: list[Event]
) -> None:
    assert parser("ATQ0V1E0", numeric=True).feed(wire) == events


def test_a_final_ends_what_was_expected() -> None:
    made = parser("AT+CSQ", ("+CSQ:",))
    made.feed(b"+CSQ: 9,99\r\nOK\r\n")
    assert made.feed(b"+CSQ: 8,99\r\n") == [Urc("+CSQ: 8,99")]
    assert made.feed(b"AT+CSQ\r\n") == [Info("AT+CSQ")]


def test_a_text_that_is_never_closed_does_not_swallow_everything() -> None:
    made = parser()
    lines = [f"line {n}" for n in range(MAX_TEXT_LINES)]
    wire = '+CUSD: 0,"' + "\r\n".join(["", *lines, "RING", ""])
    assert made.feed(wire.encode()) == [
        Urc("\n".join(['+CUSD: 0,"', *lines])),
        Urc("RING"),
    ]


PIECES = st.sampled_from(
    [
        *(b"\r\n", b"\r", b"\n", b"OK", b"ERROR", b"> ", b">", b" ", b'"', b"\x1a"),
        *(b"+CMT: 20\r\n", b"+CDS: 25\r\n", b"00AABB", b"+CSQ: 17,99", b"AT+CMGS=1"),
        *(b'+CUSD: 1,"a', b'",15', b"RING", b"^RSSI:1\r\n", b"+CMGS: 1\r\n", b"0"),
        *(b"x" * 700, b"x" * MAX_LINE, b"\xff", b"\0", b"+CREG: 1\r\n", b"+CMGL: 1"),
    ]
)


@given(
    st.lists(PIECES, max_size=12).map(b"".join),
    st.lists(st.integers(0, 9000), max_size=8),
    st.booleans(),
    st.booleans(),
)
def test_events_do_not_depend_on_read_sizes(
    wire: bytes, cuts: list[int], prompt: bool, numeric: bool
) -> None:
    whole, split = AtParser(), AtParser()
    for made in (whole, split):
        made.expect("AT+CMGS=1", ("+CMGS:",), prompt=prompt, numeric=numeric)
    edges = sorted({0, len(wire), *(c for c in cuts if c < len(wire))})
    chunks = [wire[a:b] for a, b in pairwise(edges)]
    assert whole.feed(wire) == [e for chunk in chunks for e in split.feed(chunk)]
    assert whole.discarded == split.discarded


LINES = st.sampled_from(
    [
        *("OK", "ERROR", "+CMS ERROR: 38", "+CMGS: 41", "+CMGS:7 ", "+CREG: 1", "+A"),
        *("+CREG: 0,1", '+CMTI: "SM",3', "+CDS: 25", "+CMT: ,20", PDU, "0011", "0"),
        *("+CMGL: 1,1,,20", PDU + "+CMGL: 2", '+CUSD: 0,"a', 'b",15', "+CUSD: 2", "> "),
        *("AT+CMGS=1", "+PACSP0", "Call Ready", "^RSSI:1", "x", " ", "+CMGS", "+1"),
        *("+C" + "x" * (MAX_LINE - 2), "+C" + "x" * (MAX_LINE - 1), "+CMGS: 1\xff", ""),
    ]
)
READS = st.lists(LINES, min_size=1, max_size=3).map(
    lambda lines: "".join(f"\r\n{line}\r\n" for line in lines).encode("latin-1")
)


@given(
    st.lists(READS | st.sampled_from([b"\r\n> ", b"\r\n", b" ", b"O"]), max_size=8),
    st.sampled_from([(), ("+CMGS:",), ("+CREG:", "+CDS:"), ("+CMGL:",), ("OK",)]),
    st.booleans(),
    st.booleans(),
)
def test_whole_reads_give_what_their_octets_give(
    reads: list[bytes], prefixes: tuple[str, ...], prompt: bool, again: bool
) -> None:
    whole, drip = AtParser(), AtParser()
    for read in reads:
        events = whole.feed(read)
        assert events == [e for octet in read for e in drip.feed(bytes([octet]))]
        if again or read is reads[0]:
            for made in (whole, drip):
                made.expect("AT+CMGS=1", prefixes, prompt=prompt)
    assert whole.discarded == drip.discarded


@given(st.binary(max_size=300))
def test_no_octets_break_it(wire: bytes) -> None:
    made = parser("AT+CMGS=1", ("+CMGS:",), prompt=True)
    made.feed(wire)
    made.feed(b"\r\n")
