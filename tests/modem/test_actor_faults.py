"""The actor on a modem in trouble: doubts, recovery, restarts, cards pulled."""

import asyncio
from typing import Any

import pytest

from modemgw.modem.model import (
    Accepted,
    InDoubt,
    NotSent,
    Phase,
    Refused,
)
from modemgw.sim.faults import Faults, Rule
from modemgw.sim.persona import Persona
from tests.loop import run_virtual
from tests.modem.bench import PORT, ScriptBench, SimBench, now


def test_no_prompt_is_not_sent_and_the_modem_comes_back_by_itself() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"faults": Faults(no_prompt=frozenset({1}))})
        async with bench.running():
            await bench.until_ready()
            outcome = await bench.submit()
            assert isinstance(outcome, NotSent) and outcome.modem_fault
            assert bench.phase is Phase.RECOVERING
            await bench.until_ready(within_s=1)
            assert bench.path[-2:] == ["recovering", "ready"]  # settings were kept
            assert isinstance(await bench.submit(), Accepted)

    run_virtual(scenario())


def test_silence_after_ctrl_z_is_in_doubt_and_a_late_result_is_told() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"faults": Faults(late_result={1: 160.0})})
        async with bench.running():
            await bench.until_ready()
            assert isinstance(await bench.submit(token=7), InDoubt)
            await asyncio.sleep(60)
            assert bench.late == [(7, 0)]
            await bench.until_ready(30)

    run_virtual(scenario())


def test_a_zombie_is_found_and_recovered_when_it_answers_again() -> None:
    async def scenario() -> None:
        noise = {"noise": ("^RSSI: 9",), "noise_interval_s": 5.0}
        bench = SimBench(modem={"faults": Faults(**noise)})  # type: ignore[arg-type]
        async with bench.running():
            await bench.until_ready()
            bench.sim.set_faults(zombie=True)
            await bench.until(lambda: bench.phase is Phase.RECOVERING, 60)
            await asyncio.sleep(600)
            assert bench.actor.snapshot.faults > 3
            bench.sim.set_faults(zombie=False)
            await bench.until_ready(90)

    run_virtual(scenario())


def test_faults_in_a_row_cycle_the_radio_and_the_pauses_grow() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            silent = Rule("+CMGS", say=())
            bench.sim.set_faults(rules=(silent,))
            typed = ""
            for _ in range(4):
                await bench.until_ready(60)
                assert isinstance(await bench.submit(), NotSent)
                typed += bench.typed
            await bench.until_ready(60)
            assert "AT+CFUN=0" in typed + bench.typed
            bench.sim.set_faults(rules=())
            assert isinstance(await bench.submit(), Accepted)
            await asyncio.sleep(120)
            bench.sim.set_faults(rules=(silent,))
            began = now()
            assert isinstance(await bench.submit(), NotSent)
            await bench.until_ready(within_s=1)  # calm was long enough: first rung
            assert now() - began < 11

    run_virtual(scenario())


def test_a_modem_that_says_ready_and_fails_again_and_again_keeps_being_tried() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        bench.modem.deaf = True
        async with bench.running():
            await asyncio.sleep(1000)
            assert 10 < bench.opened < 30
            assert bench.phase is not Phase.PARKED
            bench.modem.deaf = False
            await bench.until(lambda: bench.phase is Phase.READY, 90)

    run_virtual(scenario())


def test_an_unplugged_modem_is_absent_at_once_and_back_within_a_second() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            stick = bench.wires.unplug(PORT)
            await asyncio.sleep(0.01)
            assert bench.phase is Phase.ABSENT
            await asyncio.sleep(5)
            bench.wires.plug(PORT, stick)
            await bench.until_ready(within_s=1)

    run_virtual(scenario())


def test_unplugged_after_ctrl_z_is_in_doubt_at_once() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"latency": 5.0})
        async with bench.running():
            await bench.until_ready()
            asyncio.get_running_loop().call_later(1, bench.wires.unplug, PORT)
            began = now()
            assert isinstance(await bench.submit(), InDoubt)
            assert now() - began == pytest.approx(1)
            await asyncio.sleep(0.1)
            assert bench.phase is Phase.ABSENT

    run_virtual(scenario())


@pytest.mark.parametrize("urc", ["RDY", "^SYSSTART", "*ATREADY: 1"])
def test_a_modem_that_restarts_in_service_is_set_up_again(urc: str) -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"persona": Persona(boot_urcs=(urc,), echo=True)})
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(100)
            bench.sim.reboot()
            await bench.until(lambda: "starting" in bench.path[2:], 1)
            await bench.until_ready(5)
            assert bench.sim.settings.echo is False
            assert isinstance(await bench.submit(), Accepted)

    run_virtual(scenario())


def test_a_restart_after_ctrl_z_is_in_doubt_at_once() -> None:
    async def scenario() -> None:
        faults = Faults(reboot_after_submit=frozenset({1}))
        bench = SimBench(
            modem={"persona": Persona(boot_urcs=("RDY",)), "faults": faults}
        )
        async with bench.running():
            await bench.until_ready()
            began = now()
            assert isinstance(await bench.submit(), InDoubt)
            assert now() - began < 5
            await bench.until_ready(10)

    run_virtual(scenario())


def test_settings_changed_by_another_program_are_found_by_the_watchdog() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CNMI?": ["+CNMI: 2,1,0,1,0", "OK"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            bench.modem.answers["AT+CNMI?"] = [["+CNMI: 1,0,0,0,0", "OK"]]
            await asyncio.sleep(301)
            assert "starting" in bench.path[2:]

    run_virtual(scenario())


@pytest.mark.parametrize("command", ["+CSCA?", "+CREG=2", "+COPS=3"])
def test_a_silent_restart_during_the_start_is_found_at_its_end(command: str) -> None:
    async def scenario() -> None:
        bench = SimBench()
        bench.sim.set_faults(rules=(Rule(command, frozenset({1}), reboot=True),))
        async with bench.running():
            await bench.until_ready(60)
            await asyncio.sleep(1)
            await bench.until_ready(5)
            bench.network.inbound(bench.sim, "+491701", "Hello")
            await bench.until(lambda: bool(bench.sink.taken), 1)

    run_virtual(scenario())


def test_a_silent_restart_is_found_by_the_next_poll() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            bench.sim.reboot()  # no URC: CNMI and CREG are back to their defaults
            await asyncio.sleep(31)
            await bench.until_ready(5)
            bench.network.inbound(bench.sim, "+491701", "Hello")
            await bench.until(lambda: bool(bench.sink.taken), 1)

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("changed", "restarts"),
    [
        ({}, False),
        ({"AT+CNMI?": ["+CNMI: 0,0,0,0,0", "OK"]}, True),
        ({"AT+CMGF?": ["+CMGF: 1", "OK"]}, True),
        ({"AT+CNMI?": ["ERROR"], "AT+CMGF?": ["ERROR"]}, False),
    ],
)
def test_a_perhaps_is_checked_before_it_is_believed(
    changed: dict[str, Any], restarts: bool
) -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CNMI?": ["+CNMI: 2,1,0,1,0", "OK"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            bench.modem.answers.update({k: [v] for k, v in changed.items()})
            bench.modem.say("^BOOT:8928315,0,0,0,72")
            await asyncio.sleep(0.5)
            assert ("starting" in bench.path[2:]) is restarts

    run_virtual(scenario())


def test_a_modem_that_restarts_all_the_time_is_given_pauses() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CSQ": ["RDY", "OK"]})
        async with bench.running():
            await asyncio.sleep(600)
            assert bench.phase is not Phase.READY
            assert 2 <= bench.opened < 60
            bench.modem.answers["AT+CSQ"] = [["OK"]]
            await bench.until(lambda: bench.phase is Phase.READY, 90)

    run_virtual(scenario())


def test_a_parked_modem_that_dies_recovers_and_is_parked_again() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CPIN?": ["+CPIN: SIM PUK", "OK"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.PARKED, 5)
            bench.modem.deaf = True
            await bench.until(lambda: bench.phase is Phase.RECOVERING, 60)
            bench.modem.deaf = False
            await bench.until(lambda: bench.phase is Phase.PARKED, 60)
            bench.modem.say("RDY")
            await bench.until(lambda: bench.phase is Phase.STARTING, 5)
            await bench.until(lambda: bench.phase is Phase.PARKED, 10)
            bench.unplug()
            await bench.until(lambda: bench.phase is Phase.ABSENT, 1)

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("urc", "restarts"),
    [("+CPIN: NOT READY", True), ("+CPIN: SIM PIN", True), ("+CPIN: READY", False)],
)
def test_a_card_that_was_pulled_is_noticed(urc: str, restarts: bool) -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            bench.modem.say(urc)
            await asyncio.sleep(0.5)
            assert ("starting" in bench.path[2:]) is restarts

    run_virtual(scenario())


# --- refusals that say something about the modem


def test_a_full_store_that_refuses_a_submit_is_drained() -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {"AT+CREG?": ["+CREG: 0,1", "OK"], "^Z": ["+CMS ERROR: 322"]}
        )
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            bench.modem.heard.clear()
            assert isinstance(await bench.submit(), Refused)
            await asyncio.sleep(1)
            assert "AT+CMGL=4" in bench.modem.heard and bench.phase is Phase.READY

    run_virtual(scenario())


@pytest.mark.parametrize("code", [305, 310])
def test_a_refusal_by_the_modem_itself_sets_it_up_again_but_not_all_the_time(
    code: int,
) -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {"AT+CREG?": ["+CREG: 0,1", "OK"], "^Z": [f"+CMS ERROR: {code}"]}
        )
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(60)
            for _ in range(3):
                await bench.until_ready(5)
                assert isinstance(await bench.submit(), Refused)
                await asyncio.sleep(1.5)
            assert bench.path.count("starting") == 2

    run_virtual(scenario())
