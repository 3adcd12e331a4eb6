"""Every fault, at the wire: what a client sees when something goes wrong."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from modemgw.sim.faults import Faults, Rule
from modemgw.sim.fleet import make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.named import NAMED
from modemgw.sim.network import Network
from modemgw.sim.persona import GENERIC, Persona
from tests.loop import VirtualClock, run_virtual
from tests.sim.terminal import Terminal, pdu

TO = "+491701234567"
FIRST = frozenset({1})


def trouble(persona: Persona = GENERIC, **faults: Any) -> tuple[SimModem, Terminal]:
    network = Network(clock=VirtualClock())
    modem = make_modem(network, 0, persona=persona, faults=Faults(**faults))
    return modem, Terminal(modem)


def test_submits_are_refused_by_number() -> None:
    async def scenario() -> None:
        modem, terminal = trouble(refuse_submit={2: 38})
        said = [await terminal.send(pdu(TO)) for _ in range(3)]
        assert said == ["+CMGS: 0\nOK", "+CMS ERROR: 38", "+CMGS: 2\nOK"]
        assert (len(modem.sent), modem.submits) == (2, 3)
        modem.set_faults(refuse_all=500)
        assert await terminal.send(pdu(TO)) == "+CMS ERROR: 500"

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("fault", "sent"), [("silent_after_submit", 1), ("lost_after_submit", 0)]
)
def test_silence_behind_ctrl_z(fault: str, sent: int) -> None:
    async def scenario() -> None:
        modem, terminal = trouble(GENERIC, **{fault: FIRST})
        assert await terminal.send(pdu(TO), 300) == ""
        assert terminal.command("AT") == "OK"
        assert len(modem.sent) == sent
        assert modem.network.submitted == sent
        # The next TP-MR is the evidence.
        assert await terminal.send(pdu(TO)) == f"+CMGS: {1 if sent else 0}\nOK"

    run_virtual(scenario())


def test_a_late_result_and_a_report_that_overtakes_it() -> None:
    async def scenario() -> None:
        _, terminal = trouble(late_result={1: 95.0}, early_report=frozenset({2}))
        terminal.command("AT+CNMI=2,1,0,1,0")
        assert await terminal.send(pdu(TO), 95) == ""
        await asyncio.sleep(0.3)
        assert terminal.lines() == "+CMGS: 0\nOK"
        await asyncio.sleep(5)
        terminal.look()
        said = await terminal.send(pdu(TO))
        assert said.index("+CDS: ") < said.index("+CMGS: 1")

    run_virtual(scenario())


def test_a_reboot_instead_of_the_result() -> None:
    async def scenario() -> None:
        persona = replace(GENERIC, boot_s=3.0, boot_urcs=("RDY",))
        modem, terminal = trouble(persona, reboot_after_submit=FIRST)
        await asyncio.sleep(3.1)
        terminal.command("AT+CNMI=2,1,0,1,0")
        assert await terminal.send(pdu(TO)) == ""
        assert terminal.command("AT") == ""  # nobody at home
        await asyncio.sleep(3.1)
        assert terminal.lines() == "RDY"
        assert terminal.command("AT+CNMI?") == "+CNMI: 0,0,0,0,0\nOK"
        assert len(modem.sent) == 1

    run_virtual(scenario())


def test_no_prompt_and_a_stuck_one() -> None:
    async def scenario() -> None:
        modem, terminal = trouble(no_prompt=FIRST)
        assert terminal.type("AT+CMGS=20\r") == ""
        assert terminal.command("AT") == "OK"
        assert terminal.type("AT+CMGS=20\r") == "\r\n> "

        modem, terminal = trouble(stuck_prompt=True)
        assert terminal.type("AT\rATE0\r") == ""
        assert terminal.type("\x1b") == "\r\nOK\r\n"
        assert terminal.command("AT") == "OK"

        modem, terminal = trouble(stuck_prompt=True)
        assert terminal.type("AT\r\x1a") == "\r\n+CMS ERROR: 304\r\n"
        assert modem.sent == []

    run_virtual(scenario())


def test_a_zombie_says_things_and_answers_nothing() -> None:
    async def scenario() -> None:
        _, terminal = trouble(zombie=True, noise=("^RSSI: 3",), noise_interval_s=30.0)
        assert terminal.command("AT") == ""
        await asyncio.sleep(61)
        assert terminal.lines() == "^RSSI: 3\n^RSSI: 3"

    run_virtual(scenario())


def test_octets_drip() -> None:
    async def scenario() -> None:
        modem, _ = trouble(drip=True)
        pieces: list[bytes] = []
        modem.write = pieces.append
        modem.data_received(b"AT+CSQ\r")
        await asyncio.sleep(0.01)
        assert b"".join(pieces) == b"\r\n+CSQ: 23,99\r\n\r\nOK\r\n"
        assert {len(piece) for piece in pieces} == {1}

    run_virtual(scenario())


def test_an_indication_in_the_middle_of_an_answer() -> None:
    async def scenario() -> None:
        modem, terminal = trouble(interleave=True)
        terminal.command("AT+CNMI=2,1,0,0,0")
        for expected in (
            '+CMTI: "SM",1\n+CSQ: 23,99\nOK',
            '+CSQ: 23,99\n+CMTI: "SM",2\nOK',
        ):
            modem.network.inbound(modem, TO, "hi")
            assert terminal.look() == ""
            assert terminal.command("AT+CSQ") == expected
        modem.network.inbound(modem, TO, "hi")
        await asyncio.sleep(2.1)  # nobody asked anything
        assert terminal.lines() == '+CMTI: "SM",3'

    run_virtual(scenario())


def test_lines_between_the_command_and_its_prompt() -> None:
    async def scenario() -> None:
        _, terminal = trouble(urc_before_prompt=("^RSSI: 20",))
        assert terminal.type("AT+CMGS=20\r") == "\r\n^RSSI: 20\r\n\r\n> "

    run_virtual(scenario())


def test_nothing_is_said_while_somebody_types_behind_the_prompt() -> None:
    async def scenario() -> None:
        modem, terminal = trouble()
        terminal.command("AT+CNMI=2,1,0,0,0")
        part = pdu(TO)
        terminal.type(f"AT+CMGS={part.tpdu_length}\r")
        modem.network.inbound(modem, TO, "hi")
        assert terminal.look() == ""
        said = terminal.type(part.octets.hex() + "\x1a")
        assert said == '\r\n+CMTI: "SM",1\r\n'
        await asyncio.sleep(0.3)
        assert terminal.lines() == "+CMGS: 0\nOK"

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("rule", "commands", "said"),
    [
        pytest.param(
            Rule("+CMMS", say=("+CMS ERROR: 500",)),
            ["AT+CMMS=1"],
            "+CMS ERROR: 500",
            id="another final",
        ),
        pytest.param(
            Rule("+CSQ", say=("+CSQ: 1,1", "OK")),
            ["AT+CSQ"],
            "+CSQ: 1,1\nOK",
            id="another answer",
        ),
        pytest.param(Rule("+CSQ", say=()), ["AT+CSQ"], "", id="silence"),
        pytest.param(
            Rule("+CSQ", FIRST, say=("ERROR",)),
            ["AT+CSQ", "AT+CSQ"],
            "+CSQ: 23,99\nOK",
            id="only the first",
        ),
        pytest.param(
            Rule("+CNMI=2,1", say=("+CMS ERROR: 303",)),
            ["AT+CNMI=2,1,0,1,0", "AT+CNMI=1,1,0,1,0"],
            "OK",
            id="by its arguments",
        ),
        pytest.param(
            Rule("+CSQ", before=("A",), inside=("B",), after=("C",)),
            ["AT+CSQ"],
            "A\nB\n+CSQ: 23,99\nOK\nC",
            id="lines around",
        ),
        pytest.param(
            Rule("+CMEE", reboot=True),
            ["AT+CMEE=2", "AT+CMEE?"],
            "+CMEE: 0\nOK",
            id="reboot behind the answer",
        ),
        pytest.param(
            Rule("+CMEE=2", say=(), reboot=True),
            ["AT+CMEE=1", "AT+CMEE=2", "AT+CMEE?"],
            "+CMEE: 0\nOK",
            id="reboot instead of an answer",
        ),
    ],
)
def test_rules_answer_instead(rule: Rule, commands: list[str], said: str) -> None:
    async def scenario() -> None:
        _, terminal = trouble(rules=(rule,))
        answers = [terminal.command(command) for command in commands]
        assert answers[-1] == said

    run_virtual(scenario())


def test_answers_may_be_late_and_the_next_command_waits() -> None:
    async def scenario() -> None:
        _, terminal = trouble(rules=(Rule("+CMGL", late_s=45.0),), answer_late_s=1.0)
        assert terminal.type("AT+CMGL=4\rAT+CSQ\r") == ""
        await asyncio.sleep(46.1)
        assert terminal.lines() == "OK"
        await asyncio.sleep(1.1)
        assert terminal.lines() == "+CSQ: 23,99\nOK"

    run_virtual(scenario())


def test_deletes_that_fail() -> None:
    async def scenario() -> None:
        _, terminal = trouble(ignore_deletes=2)
        said = [terminal.command("AT+CMGD=1") for _ in range(3)]
        assert said == ["ERROR", "ERROR", "OK"]

    run_virtual(scenario())


def test_vendor_noise_ends_when_it_is_switched_off() -> None:
    async def scenario() -> None:
        persona = replace(
            GENERIC,
            noise=("^RSSI: 1", "^HCSQ: 2"),
            noise_interval_s=1.0,
            noise_off={"^CURC=0": ""},
        )
        _, terminal = trouble(persona)
        await asyncio.sleep(3.5)
        assert terminal.lines() == "^RSSI: 1\n^HCSQ: 2\n^RSSI: 1"
        assert terminal.command("AT^CURC=0") == "OK"
        await asyncio.sleep(3.5)
        assert terminal.look() == ""

    run_virtual(scenario())


@pytest.mark.parametrize("name", NAMED)
def test_every_named_trouble_makes_a_modem_that_can_be_brought_to_its_senses(
    name: str,
) -> None:
    async def scenario() -> None:
        named = NAMED[name]
        persona = replace(GENERIC, **named.persona)
        modem, terminal = trouble(persona, **named.faults)
        await asyncio.sleep(persona.boot_s + 0.01)
        modem.data_received(b"\x1b\rATQ0V1E0\r")
        await asyncio.sleep(1)
        terminal.look()
        modem.data_received(b"AT+CGSN\r")
        await asyncio.sleep(1)
        assert (modem.imei in terminal.look()) == (name != "zombie")
        assert named.sentence

    run_virtual(scenario())


def test_every_persona_of_the_name_is_in_the_table() -> None:
    assert all(name == name.lower() and " " not in name for name in NAMED)


def test_an_indication_between_the_entries_of_a_listing() -> None:
    async def scenario() -> None:
        modem, terminal = trouble(interleave=True)
        for _ in range(4):
            modem.network.inbound(modem, TO, "hi")
        terminal.command("AT+CNMI=2,1,0,0,0")
        said = []
        for _ in range(3):
            modem.urc("^RSSI: 1")
            said.append(terminal.command("AT+CMGL=4").splitlines())
        assert [lines.index("^RSSI: 1") for lines in said] == [0, 8, 4]
        assert all(len(lines) == 10 for lines in said)
        for lines in said:
            lines.remove("^RSSI: 1")
            assert all(line.startswith("+CMGL") for line in lines[0:8:2])

    run_virtual(scenario())


def test_an_overdue_answer_comes_during_the_next_command() -> None:
    async def scenario() -> None:
        _, terminal = trouble(rules=(Rule("+CSQ", FIRST, late_s=6.0, overdue=True),))
        assert terminal.command("AT+CSQ") == ""
        await asyncio.sleep(5)
        assert terminal.command("AT+COPS=?") == ""
        await asyncio.sleep(2)
        assert terminal.lines() == "+CSQ: 23,99\nOK"
        await asyncio.sleep(8)
        assert terminal.lines().startswith("+COPS: (2,")

    run_virtual(scenario())


def test_drops_that_stop_in_the_middle_keep_the_order() -> None:
    async def scenario() -> None:
        modem, terminal = trouble(drip=True)
        modem.data_received(b"AT+CSQ\r")
        modem.set_faults(drip=False)
        modem.data_received(b"AT+CGSN\r")
        await asyncio.sleep(0.01)
        said = terminal.lines()
        assert said == f"+CSQ: 23,99\nOK\n{modem.imei}\nOK"

    run_virtual(scenario())


def test_notices_that_lie_and_reports_that_are_padded() -> None:
    async def scenario() -> None:
        persona = replace(
            GENERIC,
            message_notice='+CMTI: "{memory}",-1',
            report_notice='+CDSI: "SM",0',
            me_is_sm=True,
        )
        modem, terminal = trouble(persona, report_padding=3)
        terminal.command("AT+CNMI=2,1,0,2,0")
        modem.network.inbound(modem, TO, "hi")
        assert terminal.lines() == '+CMTI: "SM",-1'
        assert terminal.command('AT+CPMS="ME"').startswith("+CPMS: 1,30,")
        assert terminal.command("AT+CMGR=1").endswith("\nOK")
        await terminal.send(pdu(TO))
        await asyncio.sleep(2)
        assert terminal.lines() == '+CDSI: "SM",0'
        assert "FFFFFF\nOK" in terminal.command('AT+CPMS="SR";+CMGR=1')

    run_virtual(scenario())
