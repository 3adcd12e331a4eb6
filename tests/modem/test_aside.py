"""Tape, journal, console, restart and the clock of one modem."""

import asyncio
from typing import Any

import pytest

from modemgw.errors import ModemError
from modemgw.modem.faults import Unavailable
from modemgw.modem.journal import JOURNAL_ENTRIES, TAPE_LINE, TAPE_LINES, Journal, Tape
from modemgw.modem.model import Accepted, Phase
from modemgw.modem.transcript import masked, masked_command
from tests.loop import START_MS, VirtualClock, run_virtual
from tests.modem.bench import ScriptBench, SimBench, now


def test_memory_is_bounded() -> None:
    async def scenario() -> None:
        tape, journal = Tape(VirtualClock()), Journal(VirtualClock())
        for number in range(2 * TAPE_LINES):
            tape.add("<", f"{number} " + "x" * 1000)
            journal.add("phase", f"{number} " + "x" * 1000)
        lines = tape.lines()
        assert len(lines) == TAPE_LINES and len(lines[0].text) == TAPE_LINE
        assert lines[-1].text.startswith(f"{2 * TAPE_LINES - 1} ")
        assert len(journal.entries()) == JOURNAL_ENTRIES
        assert [line.text[:4] for line in tape.lines(2)] == ["1998", "1999"]
        assert tape.lines(0) == [] and journal.entries(0) == []

    run_virtual(scenario())


def test_the_tape_has_the_wire_without_texts_and_the_journal_the_phases() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"pin": "4711"}, pin=lambda iccid: "4711")
        async with bench.running():
            await bench.until_ready()
            await bench.submit()
            bench.network.inbound(bench.sim, "+4915112345678", "A secret text")
            await asyncio.sleep(1)
            bench.sim.calls.ring("+4915112345678", 1)
            await asyncio.sleep(10)
            lines = bench.actor.aside.tape.lines()
            text = "\n".join(line.text for line in lines)
            assert "AT+CMGS=" in text and '+CMTI: "' in text and "<TPDU" in text
            assert 'AT+CPIN="<PIN>"' in text
            for secret in ("4711", "secret", "5112345678", "51214365", "E8329B"):
                assert secret not in text
            assert {line.direction for line in lines} == {">", "<", "="}
            assert all(START_MS <= line.at_ms <= START_MS + 60_000 for line in lines)
            kinds = [
                (entry.kind, entry.text)
                for entry in bench.actor.aside.journal.entries()
            ]
            assert ("phase", "ready: in service") in kinds
            assert ("notice", "a call comes in") in kinds

    run_virtual(scenario())


def test_faults_are_in_the_journal() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            bench.sim.set_faults(zombie=True)
            await bench.until(lambda: bench.phase is Phase.RECOVERING, 120)
            bench.sim.set_faults(zombie=False)
            await bench.until_ready(120)
            kinds = [entry.kind for entry in bench.actor.aside.journal.entries()]
            assert "fault" in kinds

    run_virtual(scenario())


# --- the console


def test_a_command_is_answered_as_it_comes() -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {
                "AT+CSQ;+COPS?": ["^RSSI: 9", "+CSQ: 20,99", '+COPS: 0,0,"X"', "OK"],
                "AT+CPBR=1": ['+CPBR: 1,"0151123",129,"Bob"', "OK"],
                "ATI": ["Maker", "Model 7", "OK"],
                "AT+CRSM=176,1": ["+CME ERROR: 3"],
            }
        )
        async with bench.running():
            await bench.until_ready()
            run = bench.actor.aside.run
            reply = await run("AT+CSQ;+COPS?", 5, by="bob")
            assert reply.lines == ("+CSQ: 20,99", '+COPS: 0,0,"X"')
            assert reply.final == "OK"
            assert (await run("ATI", 5, by="bob")).lines == ("Maker", "Model 7")
            assert (await run("AT+CRSM=176,1", 5, by="bob")).final == "+CME ERROR: 3"
            assert (await run("AT+CPBR=1", 5, by="bob")).lines[0].endswith('"Bob"')
            text = "\n".join(line.text for line in bench.actor.aside.tape.lines())
            assert "Bob" not in text and "0151123" not in text
            acts = [e.text for e in bench.actor.aside.journal.entries()]
            assert "bob typed ATI" in acts

    run_virtual(scenario())


def test_no_answer_is_said_and_the_modem_serves_on() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CLAC": []})
        async with bench.running():
            await bench.until_ready()
            began = now()
            reply = await bench.actor.aside.run("AT+CLAC", 7, by="bob")
            assert reply.final is None and reply.seconds == 7
            assert now() - began < 10
            assert bench.phase is Phase.READY
            assert isinstance(await bench.submit(), Accepted)

    run_virtual(scenario())


def test_a_modem_that_dies_of_a_command_recovers() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        async with bench.running():
            await bench.until_ready()
            bench.modem.deaf = True
            with pytest.raises(ModemError):
                await bench.actor.aside.run("AT+CSQ", 5, by="bob")
            assert bench.phase is Phase.RECOVERING
            bench.modem.deaf = False
            await bench.until_ready(60)

    run_virtual(scenario())


def test_a_command_waits_for_the_message_on_the_air() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"latency": 5.0})
        async with bench.running():
            await bench.until_ready()
            sending = asyncio.ensure_future(bench.submit())
            await asyncio.sleep(0.01)
            await bench.actor.aside.run("AT+CIMI", 5, by="bob")
            typed = bench.typed
            assert typed.rindex("AT+CIMI") > typed.index("\x1a")
            assert isinstance(await sending, Accepted)

    run_virtual(scenario())


def test_settings_that_somebody_changed_are_put_right() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            await bench.actor.aside.run("AT+CMGF=1", 5, by="bob")
            await bench.until(lambda: bench.path.count("starting") > 1, 10)
            await bench.until_ready()
            assert bench.sim.settings.cmgf == 0

    run_virtual(scenario())


def test_a_parked_modem_can_be_looked_into() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"pin": "4711"})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.PARKED, 60)
            reply = await bench.actor.aside.run("AT+CPIN?", 5, by="bob")
            assert reply.lines == ("+CPIN: SIM PIN",)
            with pytest.raises(Unavailable, match="parked"):
                await bench.actor.aside.ussd.ask("*100#")

    run_virtual(scenario())


# --- restart


def test_a_restart_sets_up_again_and_is_no_fault() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            before = bench.typed.count("AT+CNMI=")
            await bench.actor.aside.restart(by="bob")
            await bench.until(lambda: bench.typed.count("AT+CNMI=") > before, 5)
            await bench.until_ready()
            assert bench.actor.snapshot.faults == 0
            assert isinstance(await bench.submit(), Accepted)

    run_virtual(scenario())


def test_a_restart_waits_for_the_message_on_the_air_or_says_so() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"latency": 20.0})
        async with bench.running():
            await bench.until_ready()
            sending = asyncio.ensure_future(bench.submit())
            await asyncio.sleep(1)
            await bench.actor.aside.restart(by="bob")
            assert sending.done() and isinstance(await sending, Accepted)
            await asyncio.sleep(5)
            await bench.until_ready()
            bench.sim.latency = type(bench.sim.latency).of(100.0)
            sending = asyncio.ensure_future(bench.submit())
            await asyncio.sleep(1)
            with pytest.raises(Unavailable, match="being sent"):
                await bench.actor.aside.restart(by="bob")
            assert isinstance(await sending, Accepted)

    run_virtual(scenario())


def test_an_absent_modem_cannot_be_restarted() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        bench.is_plugged = False
        async with bench.running():
            await asyncio.sleep(1)
            with pytest.raises(Unavailable, match="absent"):
                await bench.actor.aside.restart(by="bob")

    run_virtual(scenario())


# --- the clock


class Behind(ScriptBench):
    """A bench whose wall clock woke up in 1970."""

    def __init__(self, *args: Any, at_ms: int = 0, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.details: list[dict[str, object]] = []
        aside = self.actor.aside
        aside._clock = VirtualClock(at_ms)

    def notice(self, modem: str, kind: str, detail: dict[str, object]) -> None:
        super().notice(modem, kind, detail)
        self.details.append(detail)


@pytest.mark.parametrize(
    ("at_ms", "told"), [(0, 1), (START_MS - 7_200_000, 1), (START_MS, 0)]
)
def test_the_networks_time_is_for_a_clock_in_the_past(at_ms: int, told: int) -> None:
    async def scenario() -> None:
        bench = Behind(at_ms=at_ms)
        async with bench.running():
            await bench.until_ready()
            for _ in range(3):
                bench.modem.say("^NWTIME: 26/11/22,11:00:00+04,00", "+CTZV: +8")
                await asyncio.sleep(1)
            assert bench.notices == ["clock_behind"] * told
            assert [d["network_ms"] for d in bench.details] == [START_MS] * told

    run_virtual(scenario())


def test_a_clock_in_the_past_makes_us_ask_for_the_time() -> None:
    async def scenario() -> None:
        answers = {"AT+CCLK?": ['+CCLK: "26/11/22,11:00:00+04"', "OK"]}
        bench = Behind(answers)
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            assert bench.notices == ["clock_behind"]
        bench = Behind(answers, at_ms=START_MS)
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            assert "AT+CCLK?" not in bench.modem.heard

    run_virtual(scenario())


# --- masks


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ('AT+CPIN="1234"', "AT+CPIN=<masked>"),
        ('at+clck="SC",1,"1234"', "at+clck=<masked>"),
        ("ATD+4915112345678;", "ATD<masked>;"),
        ('AT+CPMS="SM","SM","ME"', 'AT+CPMS="SM","SM","ME"'),
        ('AT+CSCA="+491710760000",145', 'AT+CSCA="<masked>",145'),
        ("AT+CSQ", "AT+CSQ"),
    ],
)
def test_a_typed_command_is_masked(line: str, shown: str) -> None:
    assert masked_command(line) == shown


def test_texts_of_text_mode_are_masked() -> None:
    assert masked("Hello you", ("+CMGL:",)) == "<9 characters>"
    header = masked('+CMGL: 1,"REC READ","+4915112345678"', ("+CMGL:",))
    assert header == '+CMGL: 1,"REC READ","+<digits>"'
    assert masked('+CPBR: 1,"1",129,"Bob"') == "+CPBR: <masked>"
