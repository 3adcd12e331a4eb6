"""What the start sets for messages, and what modems make of it."""

import asyncio
from typing import Any

import pytest

from modemgw.modem.model import Phase, SimIdentity
from modemgw.sim.faults import Faults, Rule
from modemgw.sim.fleet import iccid_of, imsi_of, number_of
from modemgw.sim.persona import GENERIC, PERSONAS, Persona
from tests.loop import run_virtual
from tests.modem.bench import ScriptBench, SimBench


def test_a_module_without_sms_is_told_plainly_and_tried_again() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CMGF=0": ["ERROR"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.PARKED, 5)
            assert "cannot do SMS" in bench.actor.snapshot.why
            bench.modem.answers["AT+CMGF=0"] = [["OK"]]
            await bench.until(lambda: bench.phase is Phase.READY, 60)

    run_virtual(scenario())


def test_pdu_mode_refused_while_the_sim_is_busy_is_tried_again() -> None:
    async def scenario() -> None:
        busy = ["+CMS ERROR: 314"]
        bench = ScriptBench({"AT+CMGF=0": [busy, busy, busy, ["OK"]]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 10)
        assert "parked" not in bench.path

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("persona", "cnmi"),
    [
        (GENERIC, "2,1,0,1,0"),
        (PERSONAS["stubborn"], "1,1,0,1,0"),
        (Persona(cnmi=((0, 1), (0, 1), (0,), (0, 2), (1,))), "1,1,0,2,1"),
        (Persona(cnmi=((0, 1, 2), (0, 1), (0, 2), (0,), (1,))), "2,1,0,0,1"),
    ],
    ids=["generic", "first-two-refused", "mc75i", "no-reports"],
)
def test_how_arrivals_are_told_is_chosen_from_the_offer(
    persona: Persona, cnmi: str
) -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"persona": persona})
        async with bench.running():
            await bench.until_ready()
            assert bench.actor.snapshot.cnmi == cnmi

    run_virtual(scenario())


def test_a_setting_that_is_accepted_and_not_kept_is_not_believed() -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {
                "AT+CNMI?": [
                    ["+CNMI: 0,0,0,0,0", "OK"],
                    ["+CNMI: 2,1,0,1,1", "OK"],
                ]
            }
        )
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            assert bench.actor.snapshot.cnmi == "2,1,0,1,1"

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("persona", "storages"),
    [
        (GENERIC, "ME,SM,SR"),
        (Persona(cpms_arguments=frozenset({3})), "ME,SM,SR"),
        (Persona(cpms_arguments=frozenset({1})), "SM,ME,SR"),  # mem3 stays
        (Persona(capacity={"SM": 30, "ME": 23, "SR": 5}), "SM,ME,SR"),
        (Persona(memories=(("SM",), ("SM",), ("SM",))), "SM"),
        (Persona(missing=frozenset({"+CPMS"})), None),
    ],
    ids=["generic", "three-only", "one-only", "small-me", "sim-only", "no-cpms"],
)
def test_memories_are_chosen_from_the_offer(
    persona: Persona, storages: str | None
) -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"persona": persona})
        async with bench.running():
            await bench.until_ready()
            assert bench.actor.snapshot.storages == storages

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("answers", "storages"),
    [
        pytest.param(
            {
                "AT+CPMS=?": ['+CPMS: ("ME","SM"),("ME","SM"),("ME","SM")', "OK"],
                'AT+CPMS="ME","ME","ME"': ["+CPMS: 0,23,0,23,0,23", "OK"],
                'AT+CPMS="SM","SM","SM"': ["ERROR"],
                'AT+CPMS="SM","SM"': ["ERROR"],
                'AT+CPMS="SM"': ["ERROR"],
            },
            "ME,SM",
            id="small-me-but-sm-refused",
        ),
        pytest.param(
            {"AT+CPMS=?": ['+CPMS: ("MT","SR"),("MT"),("MT")', "OK"]},
            "MT,SR",
            id="mt-is-both",
        ),
        pytest.param(
            {"AT+CPMS=?": ['+CPMS: ("MT"),("MT"),("MT")', "OK"]}, "MT", id="mt-alone"
        ),
        pytest.param(
            {
                "AT+CPMS=?": ["ERROR"],
                "AT+CPMS?": ['+CPMS: "SM",1,10,"SM",1,10,"SM",1,10', "OK"],
                'AT+CPMS="SM","SM","SM"': ["ERROR"],
                'AT+CPMS="SM","SM"': ["ERROR"],
                'AT+CPMS="SM"': ["ERROR"],
            },
            "SM",
            id="may-be-read-but-not-set",
        ),
    ],
)
def test_memories_of_odd_modems(answers: dict[str, Any], storages: str) -> None:
    async def scenario() -> None:
        bench = ScriptBench(answers)
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            assert bench.actor.snapshot.storages == storages

    run_virtual(scenario())


def test_the_service_centre_is_set_where_the_configuration_wants_it() -> None:
    async def scenario() -> None:
        bench = SimBench(smsc=lambda iccid: "+491710760000")
        async with bench.running():
            await bench.until_ready()
            assert bench.actor.snapshot.sim == SimIdentity(
                iccid_of(0), imsi_of(0), number_of(0), "+491710760000"
            )

    run_virtual(scenario())


def test_phase_2_service_is_left_or_its_duty_accepted() -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {"AT+CSMS?": ["+CSMS: 1,1,1,1", "OK"], "AT+CSMS=0": ["ERROR"]}
        )
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            bench.modem.say("+CDS: 8", b"\r\n0006050B91947100\r\n")
            await asyncio.sleep(1)
        assert "AT+CNMA" in bench.modem.heard

    run_virtual(scenario())


def test_a_radio_that_will_not_go_off_is_sent_to_flight_mode() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CFUN=0": ["ERROR"], "AT+CREG?": ["+CREG: 0,1", "OK"]})
        bench.modem.answers["AT+CMGS=17"] = [[]]
        async with bench.running():
            for _ in range(3):
                await bench.until_ready(60)
                await bench.submit()
            await bench.until_ready(60)
        assert "AT+CFUN=4" in bench.modem.heard

    run_virtual(scenario())


def test_a_radio_that_is_off_is_switched_on() -> None:
    async def scenario() -> None:
        bench = SimBench()
        bench.sim.radio = 4
        async with bench.running():
            await bench.until_ready()
            assert bench.sim.radio == 1

    run_virtual(scenario())


def test_a_sim_failure_that_passes_is_waited_for() -> None:
    async def scenario() -> None:
        failure, ready = ["+CME ERROR: SIM failure"], ["+CPIN: READY", "OK"]
        bench = ScriptBench({"AT+CPIN?": [failure, ready]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
        assert "parked" not in bench.path

    run_virtual(scenario())


def test_a_modem_that_leaves_too_much_unanswered_is_recovered_instead() -> None:
    async def scenario() -> None:
        silent = ("+CNUM", "+CSMS?", "+CSCA?", "+COPS=3,0", "+CSCS")
        rules = tuple(Rule(command, say=()) for command in silent)
        bench = SimBench(modem={"faults": Faults(rules=rules)})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.RECOVERING, 60)

    run_virtual(scenario())


def test_a_cinterion_that_gives_back_no_setting_is_believed() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CNMI?": ["ERROR"], "AT+CFUN?": ["+CFUN: 0", "OK"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            assert bench.actor.snapshot.cnmi == "2,1,0,1,0"
        assert "AT+CFUN=1" in bench.modem.heard

    run_virtual(scenario())
