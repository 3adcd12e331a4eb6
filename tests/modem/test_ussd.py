"""USSD at the wire: every way of writing, every <m>, and never beside a submit."""

import asyncio
from typing import Any

import pytest

from modemgw.at.ussd import Answered
from modemgw.errors import AtError, ModemError
from modemgw.modem.faults import Unavailable
from modemgw.modem.model import Accepted, Phase
from modemgw.modem.ussd import ANSWER_S
from modemgw.sim.faults import Faults
from modemgw.sim.persona import PERSONAS, Persona
from tests.loop import run_virtual
from tests.modem.bench import ScriptBench, SimBench, now

ASK = 'AT+CUSD=1,"*100#",15'
PACKED = 'AT+CUSD=1,"AA180C3602",15'
WITHOUT = {"quectel-bg96"}  # LTE alone: no USSD
UCS2 = 'AT+CUSD=1,"002A0031003000300023",72'


@pytest.mark.parametrize("before_ok", [False, True], ids=["after-ok", "before-ok"])
@pytest.mark.parametrize("persona", PERSONAS.values(), ids=lambda p: p.name)
def test_every_persona_tells_its_balance(persona: Persona, before_ok: bool) -> None:
    async def scenario() -> None:
        faults = Faults(ussd_before_ok=before_ok)
        options = {"persona": persona, "credit": 1250, "faults": faults}
        bench = SimBench(modem=options, drip=before_ok)
        async with bench.running():
            await bench.until_ready(60)
            if persona.name in WITHOUT:
                with pytest.raises(AtError):
                    await bench.actor.aside.ussd.ask("*100#")
                return
            answer = await bench.actor.aside.ussd.ask("*100#")
            assert answer.answered is Answered.DONE
            assert answer.text == "Your balance is 12.50 EUR."

    run_virtual(scenario())


def test_a_menu_is_walked_through_and_messages_go_out_meanwhile() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            ussd = bench.actor.aside.ussd
            menu = await ussd.ask("*101#")
            assert menu.answered is Answered.REPLY
            assert menu.text == "1 Balance\n2 Own number\n0 Exit"
            assert isinstance(await bench.submit(), Accepted)
            answer = await ussd.ask("2")
            assert answer.answered is Answered.DONE
            assert answer.text is not None and "number is" in answer.text

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("says", "answered", "text"),
    [
        (['+CUSD: 0,"Balance: 7",15'], Answered.DONE, "Balance: 7"),
        (['+CUSD: 1,"1 A', '2 B",15'], Answered.REPLY, "1 A\n2 B"),
        (['+CUSD: 2,"Bye",15'], Answered.ENDED, "Bye"),
        (["+CUSD: 2"], Answered.ENDED, None),
        (["+CUSD: 3"], Answered.OTHER_CLIENT, None),
        (["+CUSD: 4"], Answered.UNSUPPORTED, None),
        (["+CUSD: 5"], Answered.TIMEOUT, None),
        (['+CUSD: 0,""'], Answered.DONE, ""),
        (['+CUSD: 0,""', '+CUSD: 0,"Seven",15'], Answered.DONE, "Seven"),
        (["+CUSD: 0,00530065007600650 06E,7".replace(" ", "")], Answered.DONE, "Seven"),
        (['+CUSD: 0,"2A3838382A",0'], Answered.DONE, "*888*"),
    ],
)
@pytest.mark.parametrize("before", [False, True], ids=["after-ok", "before-ok"])
def test_every_answer(
    says: list[str], answered: Answered, text: str | None, before: bool
) -> None:
    async def scenario() -> None:
        # Lines of one answer come without a frame between them.
        line: Any = ("\r\n" + "\r\n".join(says) + "\r\n").encode()
        order = [line, "OK"] if before else ["OK", (0.5, line)]
        bench = ScriptBench({ASK: order})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            answer = await bench.actor.aside.ussd.ask("*100#")
            assert (answer.answered, answer.text) == (answered, text)
            assert bench.modem.heard.count("AT+CUSD=1") == 1
            await bench.actor.aside.ussd.ask("*100#")
            assert bench.modem.heard.count("AT+CUSD=1") == 1  # lazily, and once

    run_virtual(scenario())


def test_no_answer_is_a_timeout_after_two_minutes_and_the_request_is_taken_back() -> (
    None
):
    async def scenario() -> None:
        bench = ScriptBench()
        async with bench.running():
            await bench.until_ready()
            began = now()
            answer = await bench.actor.aside.ussd.ask("*100#")
            assert answer.answered is Answered.TIMEOUT
            assert ANSWER_S <= now() - began < ANSWER_S + 1
            assert bench.modem.heard[-1] == "AT+CUSD=2"
            assert bench.phase is Phase.READY

    run_virtual(scenario())


@pytest.mark.parametrize(
    "no", [["+CME ERROR: 100"], ["ERROR"], ["+CME ERROR: 50"]], ids=lambda no: no[0]
)
def test_what_the_modem_cannot_read_is_written_in_another_way(no: list[str]) -> None:
    async def scenario() -> None:
        yes = ["OK", (0.2, '+CUSD: 0,"Seven",15')]
        bench = ScriptBench({ASK: no, PACKED: no, UCS2: yes})
        async with bench.running():
            await bench.until_ready()
            bench.modem.heard.clear()
            assert (await bench.actor.aside.ussd.ask("*100#")).text == "Seven"
            asked = [line for line in bench.modem.heard if "CUSD=1," in line]
            assert asked == [ASK, PACKED, UCS2]
            sets = [line for line in bench.modem.heard if "CSCS" in line]
            assert sets == ['AT+CSCS="UCS2"', 'AT+CSCS="GSM"']
            bench.modem.heard.clear()
            await bench.actor.aside.ussd.ask("*100#")
            asked = [line for line in bench.modem.heard if "CUSD=1," in line]
            assert asked == [UCS2]  # it is remembered

    run_virtual(scenario())


def test_a_refusal_by_the_network_is_not_tried_again() -> None:
    async def scenario() -> None:
        bench = ScriptBench({ASK: ["+CME ERROR: 30"]})
        async with bench.running():
            await bench.until_ready()
            with pytest.raises(AtError):
                await bench.actor.aside.ussd.ask("*100#")
            assert PACKED not in bench.modem.heard

    run_virtual(scenario())


def test_a_request_waits_for_the_message_on_the_air_and_the_next_one_for_it() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"latency": 5.0})
        async with bench.running():
            await bench.until_ready()
            first = asyncio.ensure_future(bench.submit())
            await asyncio.sleep(1)
            ussd = asyncio.ensure_future(bench.actor.aside.ussd.ask("*100#"))
            await asyncio.sleep(0)
            second = asyncio.ensure_future(bench.submit())
            done = await asyncio.gather(first, ussd, second)
            assert isinstance(done[0], Accepted) and isinstance(done[2], Accepted)
        typed = bench.typed
        where = [typed.index("AT+CMGS"), typed.index("AT+CUSD"), typed.rindex("AT+CM")]
        assert where == sorted(where)
        between = typed[where[0] : where[1]]
        assert "\x1a" in between  # not between the prompt and Ctrl-Z

    run_virtual(scenario())


def test_a_message_that_takes_long_is_not_waited_for_forever() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"latency": 100.0})
        async with bench.running():
            await bench.until_ready()
            sending = asyncio.ensure_future(bench.submit())
            await asyncio.sleep(1)
            with pytest.raises(Unavailable, match="being sent"):
                await bench.actor.aside.ussd.ask("*100#")
            assert isinstance(await sending, Accepted)

    run_virtual(scenario())


def test_only_one_request_at_a_time() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            ussd = bench.actor.aside.ussd
            first = asyncio.ensure_future(ussd.ask("*100#"))
            await asyncio.sleep(0.2)
            with pytest.raises(Unavailable, match="another"):
                await ussd.ask("*100#")
            assert (await first).answered is Answered.DONE

    run_virtual(scenario())


def test_a_request_that_is_canceled_ends_at_once() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        async with bench.running():
            await bench.until_ready()
            waiting = asyncio.ensure_future(bench.actor.aside.ussd.ask("*100#"))
            await asyncio.sleep(1)
            await bench.actor.aside.ussd.cancel()
            assert (await waiting).answered is Answered.ENDED
            assert "AT+CUSD=2" in bench.modem.heard

    run_virtual(scenario())


@pytest.mark.parametrize("script", [["OK"], []], ids=["after-ok", "before-ok"])
def test_a_modem_that_goes_away_ends_the_request(script: list[str]) -> None:
    async def scenario() -> None:
        bench = ScriptBench({ASK: script})
        async with bench.running():
            await bench.until_ready()
            waiting = asyncio.ensure_future(bench.actor.aside.ussd.ask("*100#"))
            await asyncio.sleep(1)
            bench.unplug()
            began = now()
            with pytest.raises(ModemError):
                await waiting
            assert now() - began < 2
            with pytest.raises(Unavailable, match="absent"):
                await bench.actor.aside.ussd.ask("*100#")

    run_virtual(scenario())


def test_a_modem_that_never_says_ok_is_brought_back() -> None:
    async def scenario() -> None:
        bench = ScriptBench({ASK: []})
        async with bench.running():
            await bench.until_ready()
            with pytest.raises(ModemError):
                await bench.actor.aside.ussd.ask("*100#")
            await bench.until(lambda: bench.phase is Phase.READY, 30)
            assert isinstance(await bench.submit(), Accepted)

    run_virtual(scenario())


def test_what_the_network_says_unasked_is_nobodys_answer() -> None:
    async def scenario() -> None:
        bench = ScriptBench({ASK: ["OK", (1, '+CUSD: 0,"Seven",15')]})
        async with bench.running():
            await bench.until_ready()
            bench.modem.say('+CUSD: 0,"Secret advert",15')
            await asyncio.sleep(1)
            assert (await bench.actor.aside.ussd.ask("*100#")).text == "Seven"
            tape = [line.text for line in bench.actor.aside.tape.lines()]
            assert not any("Secret" in text or "100" in text for text in tape)

    run_virtual(scenario())
