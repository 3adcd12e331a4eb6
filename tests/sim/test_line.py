"""The line editor and the grammar of V.250."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.sim.answers import Refused
from modemgw.sim.fleet import make_modem
from modemgw.sim.line import MAX_LINE, MAX_PENDING, parse_line
from modemgw.sim.network import Network
from modemgw.sim.persona import GENERIC, STUBBORN, Persona
from tests.loop import VirtualClock, run_virtual
from tests.sim.terminal import Terminal


@pytest.mark.parametrize(
    ("line", "calls"),
    [
        pytest.param("", [], id="attention"),
        pytest.param("E0", ["E0"], id="basic"),
        pytest.param("E", ["E"], id="basic without a number"),
        pytest.param("Q0V1E0", ["Q0", "V1", "E0"], id="basic chain"),
        pytest.param("&F&C1&D2", ["&F", "&C1", "&D2"], id="ampersand"),
        pytest.param("S0=0", ["S0=0"], id="register"),
        pytest.param("S3?E1", ["S3?", "E1"], id="register read, then another"),
        pytest.param("+CGSN", ["+CGSN"], id="run"),
        pytest.param("+creg?", ["+CREG?"], id="read, lower case"),
        pytest.param("+CNMI=?", ["+CNMI=?"], id="test"),
        pytest.param("+CNMI=2,1", ["+CNMI=2,1"], id="set"),
        pytest.param("E0+CMEE=1", ["E0", "+CMEE=1"], id="basic, then extended"),
        pytest.param("+CREG?;+CGREG?;+CSQ", ["+CREG?", "+CGREG?", "+CSQ"], id="chain"),
        pytest.param('+CUSD=1,"*1;2#",15', ['+CUSD=1,"*1;2#",15'], id="quotes"),
        pytest.param("D+4917;", ["D+4917;"], id="voice call"),
        pytest.param("D4917", ["D4917"], id="data call"),
        pytest.param(" +CSQ ; E0", ["+CSQ", "E0"], id="blanks"),
        pytest.param("^CURC=0", ["^CURC=0"], id="vendor"),
    ],
)
def test_lines_are_split_into_calls(line: str, calls: list[str]) -> None:
    assert [call.typed() for call in parse_line(line)] == calls


@pytest.mark.parametrize("line", ["+", "=1", "+CSQ!", "5", "?"])
def test_what_is_no_command_is_refused(line: str) -> None:
    with pytest.raises(Refused):
        parse_line(line)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        pytest.param("AT\r", "\r\nOK\r\n", id="upper"),
        pytest.param("at\r", "\r\nOK\r\n", id="lower"),
        pytest.param("AT\r\n", "\r\nOK\r\n", id="LF behind"),
        pytest.param("\nAT\r", "\r\nOK\r\n", id="LF before"),
        pytest.param("\x1bAT\r", "\r\nOK\r\n", id="ESC before"),
        pytest.param("\x00\x00AT\r", "\r\nOK\r\n", id="NUL before"),
        pytest.param("\xff~AT\r", "\r\nOK\r\n", id="noise before"),
        pytest.param("\r\r\r", "", id="nothing"),
        pytest.param("hello\r", "", id="no AT"),
        pytest.param("ATX\bQ9\b0\r", "\r\nOK\r\n", id="backspace"),
        pytest.param("AT+CSQ\rA/", "\r\n+CSQ: 23,99\r\n\r\nOK\r\n" * 2, id="A/"),
        pytest.param("AT+FOO\r", "\r\nERROR\r\n", id="unknown"),
        pytest.param("AT" + "x" * 3000 + "\r", "\r\nERROR\r\n", id="too long"),
        pytest.param(
            "AT" + "x" * 9000 + "\rAT\r", "", id="flooded: the CR is lost, too"
        ),
        pytest.param("ATV0\rAT\rAT+FOO\r", "0\r0\r4\r", id="numbers"),
        pytest.param("ATV0+CSQ\r", "+CSQ: 23,99\r\n0\r", id="numbers, information"),
        pytest.param("ATQ1\rAT\rAT+CSQ\r", "\r\n+CSQ: 23,99\r\n", id="quiet"),
        pytest.param("ATE1\rAT\r", "\r\nOK\r\nAT\r\r\nOK\r\n", id="echo"),
        pytest.param("ATE1\rA", "\r\nOK\r\nA", id="echo before the end"),
        pytest.param(
            "AT+CSQ;+FOO;+CSQ\r", "\r\n+CSQ: 23,99\r\n\r\nERROR\r\n", id="stop"
        ),
    ],
)
def test_what_is_typed_is_answered(typed: str, said: str) -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(Network(clock=VirtualClock()), 0))
        assert terminal.type(typed) == said

    run_virtual(scenario())


SCRIPT = (
    b'\x1bATE1\r\nAT+CMGF=1;+CSCS?\rAT+CMGS="+49"\rnot\x1b'
    b'AT+CMGW="+4917"\rtwo\rlines\x1aAT+CPMS?\rATV0\rATI\rATE0\rAT+NO\rA/AT\r'
)


@given(st.sets(st.integers(1, len(SCRIPT) - 1)), st.sampled_from([GENERIC, STUBBORN]))
def test_the_cut_of_the_writes_does_not_matter(
    cuts: set[int], persona: Persona
) -> None:
    def told(pieces: list[bytes]) -> str:
        async def scenario() -> str:
            modem = make_modem(Network(clock=VirtualClock()), 0, persona=persona)
            terminal = Terminal(modem)
            for piece in pieces:
                modem.data_received(piece)
            return terminal.look()

        return run_virtual(scenario())

    edges = [0, *sorted(cuts), len(SCRIPT)]
    pieces = [SCRIPT[a:b] for a, b in pairwise(edges)]
    assert told(pieces) == told([SCRIPT])


@given(st.binary(max_size=3 * MAX_LINE))
def test_no_octets_break_the_modem(noise: bytes) -> None:
    async def scenario() -> None:
        modem = make_modem(Network(clock=VirtualClock()), 0)
        terminal = Terminal(modem)
        modem.data_received(noise)
        modem.data_received(b"\x1b\r\x1b\rATQ0V1E0+CMGF=0\r\rAT\r")
        assert terminal.look().endswith("\r\nOK\r\n")

    run_virtual(scenario())


def test_what_is_typed_ahead_waits_and_is_bounded() -> None:
    async def scenario() -> None:
        modem = make_modem(Network(clock=VirtualClock()), 0)
        terminal = Terminal(modem)
        assert terminal.type("AT+COPS=?\rAT+CSQ\r") == ""
        modem.data_received(b"x" * 10 * MAX_PENDING)
        await asyncio.sleep(9)
        said = terminal.lines()
        assert said.index("+COPS:") < said.index("OK") < said.index("+CSQ:")

    run_virtual(scenario())
