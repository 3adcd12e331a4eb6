"""The lines of a USSD session, and which codes may go out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at.parser import AtParser, Urc
from modemgw.at.ussd import Answered, Cusd, objection, parse


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('+CUSD: 0,"Hi",15', Cusd(Answered.DONE, "Hi", 15)),
        ('+CUSD: 1,"1 A\n2 B",15', Cusd(Answered.REPLY, "1 A\n2 B", 15)),
        ('+CUSD: 1,"Say "yes"",0', Cusd(Answered.REPLY, 'Say "yes"', 0)),
        ('+CUSD:0,"a, b"', Cusd(Answered.DONE, "a, b", None)),
        ('+CUSD: 0,""', Cusd(Answered.DONE, "", None)),
        ('+CUSD: 0,"Hi",', Cusd(Answered.DONE, "Hi", None)),
        ("+CUSD: 0,Hi,15", Cusd(Answered.DONE, "Hi", 15)),
        ("+CUSD: 2", Cusd(Answered.ENDED, None, None)),
        ("+CUSD: 3", Cusd(Answered.OTHER_CLIENT, None, None)),
        ("+CUSD: 4", Cusd(Answered.UNSUPPORTED, None, None)),
        ("+CUSD: 5", Cusd(Answered.TIMEOUT, None, None)),
        ("+CUSD: 9", Cusd(Answered.ENDED, None, None)),
        ("+CUSD: x", None),
    ],
)
def test_a_line_is_taken_apart(line: str, found: Cusd | None) -> None:
    assert parse(line) == found


@given(st.text())
def test_any_line_is_survived(line: str) -> None:
    parse("+CUSD:" + line)


@pytest.mark.parametrize("step", [1, 1000], ids=["drip", "whole"])
def test_an_answer_of_several_lines_is_one_urc(step: int) -> None:
    data = b'\r\n+CUSD: 1,"1 "A"\n2 B",15\r\n\r\n+CUSD: 1,"Menu "A\n2 B",15\r\n'
    parser, events = AtParser(), []
    for at in range(0, len(data), step):
        events += parser.feed(data[at : at + step])
    assert events == [
        Urc('+CUSD: 1,"1 "A"\n2 B",15'),
        Urc('+CUSD: 1,"Menu "A\n2 B",15'),
    ]


@pytest.mark.parametrize("code", ["*100#", "*#06#", "100", "*21*+49151#"])
def test_codes_that_may_go_out(code: str) -> None:
    assert objection(code) is None


@pytest.mark.parametrize(
    "code",
    ["", "hello", "*100#\r", '*1"#', "*" * 183, "**04*1234*5678*5678#", "**05*1*2*2#"],
)
def test_codes_that_may_not(code: str) -> None:
    assert objection(code) is not None


def test_a_reply_may_be_any_text() -> None:
    assert objection("Zażółć 1", is_reply=True) is None
    assert objection("a\nb", is_reply=True) is not None
