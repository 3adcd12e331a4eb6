"""AT+CMGS and its relatives, the network's answers, and the status reports."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from modemgw.pdu.address import Address
from modemgw.pdu.decode import decode
from modemgw.pdu.report import StatusReport
from modemgw.pdu.segment import segment
from modemgw.pdu.submit import Submit, render
from modemgw.sim.fleet import make_modem, make_modems
from modemgw.sim.latency import Latency, seconds
from modemgw.sim.network import Network
from modemgw.sim.persona import Persona
from modemgw.sim.storage import Stat
from tests.loop import START_MS, VirtualClock, run_virtual
from tests.sim.terminal import Terminal, pdu, tidy

ANYBODY = "+491701234567"


def network(**options: object) -> Network:
    return Network(clock=VirtualClock(), **options)  # type: ignore[arg-type]


def reports(said: str) -> list[StatusReport]:
    """Every status report in what a modem said."""
    lines = said.splitlines()
    found = []
    for at, line in enumerate(lines):
        if line.startswith("+CDS:"):
            report = decode(bytes.fromhex(lines[at + 1]))
            assert isinstance(report, StatusReport)
            found.append(report)
    return found


def test_the_answer_comes_after_the_latency() -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(network(), 0, latency=2.0))
        assert await terminal.send(pdu(ANYBODY), seconds=1.99) == ""
        await asyncio.sleep(0.02)
        assert terminal.lines() == "+CMGS: 0\nOK"

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("command", "body", "answer"),
    [
        ("AT+CMGS=18", "0011000C9194710721436500000005E8329BFD06\x1a", "304 long"),
        ("AT+CMGS=200", "", "304 at once"),
        ("AT+CMGS=10", "xx\x1a", "304 no hex"),
        ("AT+CMGS=10", "001\x1a", "304 odd"),
        ("AT+CMGS=10", "\x1a", "304 empty"),
        ("AT+CMGS=4", "0000000000\x1a", "304 no submit"),
        ("AT+CMGS=10", "0011\x1b", "OK cancelled"),
    ],
    ids=repr,
)
def test_what_is_no_pdu_is_refused(command: str, body: str, answer: str) -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(network(), 0))
        said = terminal.type(command + "\r")
        if body:
            assert said == "\r\n> "
            said = terminal.type(body)
        expected = "OK" if answer.startswith("OK") else "+CMS ERROR: 304"
        assert tidy(said) == expected
        assert terminal.command("AT") == "OK"
        assert terminal.modem.sent == []

    run_virtual(scenario())


def test_without_service_nothing_is_sent() -> None:
    async def scenario() -> None:
        modem = make_modem(network(), 0)
        terminal = Terminal(modem)
        modem.register(2)
        assert await terminal.send(pdu(ANYBODY)) == "+CMS ERROR: 331"
        modem.register(6)
        assert await terminal.send(pdu(ANYBODY)) == "+CMGS: 0\nOK"
        assert modem.card is not None
        modem.card.smsc = ""
        assert await terminal.send(pdu(ANYBODY)) == "+CMS ERROR: 330"

    run_virtual(scenario())


def test_tp_mr_counts_up_with_the_card() -> None:
    async def scenario() -> None:
        one, other = make_modems(network(latency=0.001), 2)
        terminal = Terminal(one)
        for expected in [*range(256), 0, 1]:
            answer = await terminal.send(pdu(ANYBODY), 0.002)
            assert answer == f"+CMGS: {expected}\nOK"
        assert terminal.command("AT+CRSM=176,28483,0,0,2").startswith(
            '+CRSM: 144,0,"01FF"'
        )
        card = one.card
        one.insert(None)
        other.insert(card)
        assert await Terminal(other).send(pdu(ANYBODY)) == "+CMGS: 2\nOK"
        assert (len(one.sent), len(other.sent)) == (258, 1)

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("number", "answer", "expected"),
    [
        ("+999000001", "+CMGS: 0\nOK", [(0.0, 0x00)]),
        ("+999000002", "+CMGS: 0\nOK", [(3.0, 0x41)]),
        ("+999000003", "+CMGS: 0\nOK", [(3.0, 0x22), (33.0, 0x00)]),
        ("00999000003", "+CMGS: 0\nOK", [(3.0, 0x22), (33.0, 0x00)]),
        ("+999000004", "+CMGS: 0\nOK", []),
        ("+999000005", "+CMS ERROR: 1", []),
        (ANYBODY, "+CMGS: 0\nOK", [(3.0, 0x00)]),
        ("0170", "+CMGS: 0\nOK", [(3.0, 0x00)]),
    ],
)
def test_the_sandbox_numbers(
    number: str, answer: str, expected: list[tuple[float, int]]
) -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(network(report_latency=3.0), 0))
        terminal.command("AT+CNMI=2,1,0,1,0")
        assert (await terminal.send(pdu(number), 0.202)) == answer
        await asyncio.sleep(40)
        found = reports(terminal.lines())
        assert [report.tp_status for report in found] == [st for _, st in expected]
        for report, (after_s, _) in zip(found, expected, strict=True):
            assert report.tp_mr == 0
            assert report.recipient == Address.dialled(number)
            assert report.scts.unix_ms == START_MS
            took = (report.discharge.unix_ms or 0) - START_MS
            assert took == pytest.approx(after_s * 1000, abs=1000)

    run_virtual(scenario())


def test_a_report_comes_only_where_it_was_asked_for() -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(network(), 0))
        terminal.command("AT+CNMI=2,1,0,1,0")
        await terminal.send(pdu(ANYBODY, report=False))
        await asyncio.sleep(10)
        assert terminal.look() == ""

    run_virtual(scenario())


def test_a_message_to_another_sim_waits_until_it_is_there() -> None:
    async def scenario() -> None:
        net = network()
        sender, receiver = make_modems(net, 2)
        at_sender, at_receiver = Terminal(sender), Terminal(receiver)
        at_sender.command("AT+CNMI=2,1,0,1,0")
        receiver.power_off()
        await at_sender.send(pdu("+999010000001", "later"))
        await asyncio.sleep(3600)
        assert at_sender.look() == "" == at_receiver.look()
        receiver.power_on()
        at_receiver.command("AT+CNMI=2,1,0,1,0")
        await asyncio.sleep(0.1)
        assert '"SM",1' in at_receiver.command("AT+CPMS?;+CMGL=4").replace(
            ",1,30", ',"SM",1'
        )
        (report,) = reports(at_sender.lines())
        assert report.tp_status == 0
        assert report.discharge.unix_ms == START_MS + 3_600_000

    run_virtual(scenario())


def test_a_message_expires_when_its_validity_ends() -> None:
    async def scenario() -> None:
        sender, receiver = make_modems(network(), 2)
        terminal = Terminal(sender)
        terminal.command("AT+CNMI=2,1,0,1,0;+CMGF=1;+CSMP=49,11,0,0")  # one hour
        receiver.power_off()
        terminal.type('AT+CMGS="+999010000001"\r')
        terminal.type("soon\x1a")
        await asyncio.sleep(3600)
        assert "+CDS" not in terminal.look()
        await asyncio.sleep(10)
        assert terminal.lines().startswith('+CDS: 6,0,"+999010000001",145,')
        receiver.power_on()
        await asyncio.sleep(10)
        assert receiver.card is not None and not receiver.card.sm.slots

    run_virtual(scenario())


def test_credit_runs_out() -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(network(), 0, credit=20))
        said = [await terminal.send(pdu(ANYBODY)) for _ in range(3)]
        assert said == ["+CMGS: 0\nOK", "+CMGS: 1\nOK", "+CMS ERROR: 21"]

    run_virtual(scenario())


def test_stored_messages_are_sent_by_index() -> None:
    async def scenario() -> None:
        modem = make_modem(network(), 0)
        terminal = Terminal(modem)
        part = pdu(ANYBODY, "stored")
        assert terminal.type(f"AT+CMGW={part.tpdu_length}\r") == "\r\n> "
        assert tidy(terminal.type(part.octets.hex() + "\x1a")) == "+CMGW: 1\nOK"
        assert terminal.command("AT+CMSS=1") == ""
        await asyncio.sleep(0.3)
        assert terminal.lines() == "+CMSS: 0\nOK"
        terminal.command('AT+CMSS=1,"0170"')
        await asyncio.sleep(0.3)
        submits = [decode(octets, from_mobile=True) for octets in modem.sent]
        to = [submit.recipient.text for submit in submits if isinstance(submit, Submit)]
        assert to == [ANYBODY, "0170"]
        assert modem.card is not None
        assert modem.card.sm.slots[1].stat is Stat.STO_SENT

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("setup", "typed", "text", "alphabet"),
    [
        ('AT+CSCS="GSM"', "a \x00 b", "a @ b", "gsm7"),
        ('AT+CSCS="IRA"', "a @ b [", "a @ b [", "gsm7"),
        ('AT+CSCS="8859-1"', "M\xfcnchen", "München", "gsm7"),
        ('AT+CSCS="HEX"', "4100", "A@", "gsm7"),
        ('AT+CSCS="UCS2"', "00410040", "A@", "gsm7"),
        ('AT+CSCS="UCS2";+CSMP=17,167,0,8', "D83DDE00", "😀", "ucs2"),
        ('AT+CSCS="8859-1";+CSMP=17,167,0,8', "\xe7a", "ça", "ucs2"),
        ("AT+CSMP=17,167,0,4", "00FF41", None, "8bit"),
    ],
)
def test_text_mode_speaks_the_character_sets(
    setup: str, typed: str, text: str | None, alphabet: str
) -> None:
    async def scenario() -> None:
        modem = make_modem(network(), 0)
        terminal = Terminal(modem)
        assert terminal.command(f"AT+CMGF=1;{setup[2:]}") == "OK"
        assert terminal.type('AT+CMGS="+4917"\r') == "\r\n> "
        terminal.type(f"{typed}\x1a")
        await asyncio.sleep(0.3)
        assert terminal.lines() == "+CMGS: 0\nOK"
        submit = decode(modem.sent[0], from_mobile=True)
        assert isinstance(submit, Submit)
        assert (submit.text, submit.encoding) == (text, alphabet)
        assert submit.recipient == Address.dialled("+4917")

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ('AT+CMGS="no number"', ""),
        ('AT+CMGS="+49"', "x" * 161),
        ('AT+CSCS="UCS2";+CMGS="+49"', "xyz"),
    ],
)
def test_text_mode_refuses(command: str, typed: str) -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(network(), 0))
        said = terminal.command(f"AT+CMGF=1;{command[2:]}")
        if typed:
            said = tidy(terminal.type(typed + "\x1a"))
        assert said == "+CMS ERROR: 305"

    run_virtual(scenario())


def test_the_journal_has_a_line_for_every_tpdu(tmp_path: Path) -> None:
    async def scenario() -> None:
        net = network(journal=tmp_path / "journal")
        terminal = Terminal(make_modem(net, 3))
        await terminal.send(pdu(ANYBODY, "née 😀"))
        await terminal.send(pdu("+999000005", report=False))
        net.close()

    run_virtual(scenario())
    first, second = map(json.loads, (tmp_path / "journal").read_text().splitlines())
    assert first.pop("tpdu").startswith("0021000C9194")
    assert first == {
        "at": START_MS,
        "modem": "modem3",
        "imsi": "999010000000003",
        "from": "+999010000003",
        "to": ANYBODY,
        "tp_mr": 0,
        "report": True,
        "text": "née 😀",
        "concat": None,
        "latency_ms": 200.0,
        "idle_ms": None,
        "outcome": "accepted",
    }
    assert (second["outcome"], second["tp_mr"]) == ("refused 1", 1)


def test_the_journal_tells_how_long_a_modem_had_nothing_to_do(tmp_path: Path) -> None:
    async def scenario() -> None:
        net = network(journal=tmp_path / "journal")
        terminal = Terminal(make_modem(net, 0))
        await terminal.send(pdu(ANYBODY), 0.25)  # +CMGS comes after 0.2 s
        await terminal.send(pdu(ANYBODY), 0.5)
        await terminal.send(pdu(ANYBODY))
        net.close()

    run_virtual(scenario())
    lines = map(json.loads, (tmp_path / "journal").read_text().splitlines())
    idle = [line["idle_ms"] for line in lines]
    assert idle[0] is None
    assert idle[1:] == pytest.approx([50, 300])


def test_the_journal_tells_the_latency_that_was_drawn(tmp_path: Path) -> None:
    took: list[float] = []

    async def scenario() -> None:
        net = network(journal=tmp_path / "journal", latency=Latency(0.2, 0.5))
        terminal = Terminal(make_modem(net, 0))
        for _ in range(5):
            said, ms = await terminal.send(pdu(ANYBODY), 0), 0
            while "+CMGS" not in said:
                await asyncio.sleep(0.001)
                said, ms = terminal.look(), ms + 1
            took.append(ms)
        net.close()

    run_virtual(scenario())
    lines = map(json.loads, (tmp_path / "journal").read_text().splitlines())
    drawn = [line["latency_ms"] for line in lines]
    assert len(set(drawn)) == len(took)
    assert drawn == pytest.approx(took, abs=2)


def test_losses_and_latencies_repeat_with_the_seed() -> None:
    def run(seed: int) -> str:
        async def scenario() -> str:
            net = network(
                seed=seed,
                latency=Latency(0.2, 0.5),
                lost_messages=0.3,
                lost_reports=0.3,
            )
            terminal = Terminal(make_modem(net, 0))
            terminal.command("AT+CNMI=2,1,0,1,0")
            said = ""
            for _ in range(20):
                said += await terminal.send(pdu(ANYBODY), 5)
                said += "\n"
            await asyncio.sleep(60)
            return said + terminal.lines()

        return run_virtual(scenario())

    assert run(1) == run(1) != run(2)
    assert 0 < len(reports(run(1))) < 18


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("200ms", Latency(0.2)),
        ("2 s", Latency(2.0)),
        ("lognormal(2s)", Latency(2.0, 0.5)),
        ("lognormal(1.5s, 0.3)", Latency(1.5, 0.3)),
    ],
)
def test_latencies_are_read(text: str, value: Latency) -> None:
    assert Latency.read(text) == value


@pytest.mark.parametrize("text", ["", "5", "5 parsecs", "-1s", "lognormal()", "1s 2s"])
def test_durations_need_a_unit(text: str) -> None:
    with pytest.raises(ValueError, match="duration"):
        seconds(text)


def test_drafts_are_written_in_text_mode() -> None:
    async def scenario() -> None:
        modem = make_modem(network(), 0)
        terminal = Terminal(modem)
        terminal.command("AT+CMGF=1;+CSMP=49,167,0,0")
        terminal.type('AT+CMGW="4917",145\r')
        assert tidy(terminal.type("draft\x1a")) == "+CMGW: 1\nOK"
        terminal.type('AT+CMGW="0170",129,"STO SENT"\r')
        assert tidy(terminal.type("old\x1a")) == "+CMGW: 2\nOK"
        assert terminal.type("AT+CMGW\r") == "\r\n> "
        assert tidy(terminal.type("never mind\x1b")) == "OK"
        assert terminal.command('AT+CMGL="ALL"') == (
            '+CMGL: 1,"STO UNSENT","+4917",,\ndraft\n'
            '+CMGL: 2,"STO SENT","0170",,\nold\nOK'
        )
        assert terminal.command("AT+CMGD=1,2") == "OK"  # read and sent ones
        assert terminal.command('AT+CMGL="STO SENT"') == "OK"
        assert terminal.command("AT+CSDH=1;+CMGR=1").splitlines() == [
            '+CMGR: "STO UNSENT","+4917",,,145,49,0,0,"",129,5',
            "draft",
            "OK",
        ]

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("command", "typed", "answer"),
    [
        ("AT+CMGW=20", "zz\x1a", "+CMS ERROR: 304"),
        ("AT+CMGW=20,9", "", "+CMS ERROR: 305"),
        ('AT+CMGF=1;+CMGW="0170"', "x" * 200 + "\x1a", "+CMS ERROR: 305"),
        ("AT+CMSS=40", "", "+CMS ERROR: 321"),
    ],
)
def test_drafts_are_refused(command: str, typed: str, answer: str) -> None:
    async def scenario() -> None:
        terminal = Terminal(make_modem(network(), 0))
        said = terminal.type(command + "\r") + (terminal.type(typed) if typed else "")
        assert tidy(said.replace("\r\n> ", "")) == answer

    run_virtual(scenario())


def test_a_full_memory_takes_no_draft_and_only_submits_are_sent() -> None:
    async def scenario() -> None:
        net = network()
        modem = make_modem(net, 0, persona=Persona(capacity={"SM": 1}))
        terminal = Terminal(modem)
        net.inbound(modem, "+4917", "received")
        part = pdu(ANYBODY)
        terminal.type(f"AT+CMGW={part.tpdu_length}\r")
        said = tidy(terminal.type(part.octets.hex() + "\x1a"))
        assert said == "+CMS ERROR: 322"
        assert tidy(terminal.command('AT+CMSS=1,"0170"')) == "+CMS ERROR: 304"
        assert tidy(terminal.command("AT+CMSS=1")) == "+CMS ERROR: 304"

    run_virtual(scenario())


def test_an_absolute_validity_ends_too() -> None:
    async def scenario() -> None:
        sender, receiver = make_modems(network(), 2)
        terminal = Terminal(sender)
        terminal.command("AT+CNMI=2,1,0,1,0")
        receiver.power_off()
        until = datetime.fromtimestamp(START_MS / 1000 + 900, UTC)
        part = render(
            segment("soon"),
            1,
            to=Address.dialled("+999010000001"),
            report=True,
            validity=until,
        )
        await terminal.send(part)
        await asyncio.sleep(890)
        assert terminal.look() == ""
        await asyncio.sleep(20)
        (report,) = reports(terminal.lines())
        assert report.tp_status == 0x46

    run_virtual(scenario())
