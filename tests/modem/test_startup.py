"""From an open port into service: modems, SIM and PIN."""

import asyncio
import logging
from typing import Any

import pytest

from modemgw.at import profile as at_profile
from modemgw.at import quirks
from modemgw.modem.model import Accepted, Phase, SimIdentity
from modemgw.sim.faults import Faults, Rule
from modemgw.sim.fleet import iccid_of, imei_of, imsi_of
from modemgw.sim.persona import PERSONAS, Persona
from tests.loop import run_virtual
from tests.modem.bench import ScriptBench, SimBench, now
from tests.modem.simple import Simple


@pytest.mark.parametrize("drip", [False, True], ids=["whole", "drip"])
@pytest.mark.parametrize("persona", PERSONAS.values(), ids=lambda p: p.name)
def test_every_persona_gets_into_service_at_once(persona: Persona, drip: bool) -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"persona": persona}, drip=drip)
        async with bench.running():
            await bench.until_ready(within_s=5)
            snapshot = bench.actor.snapshot
            family = quirks.named(snapshot.profile) or at_profile.GENERIC
            assert now() < 0.5 + 40 * family.gap_s
            assert snapshot.imei == imei_of(0)
            assert snapshot.sim is not None
            assert (snapshot.sim.iccid, snapshot.sim.imsi) == (iccid_of(0), imsi_of(0))
            assert snapshot.registration == "home" and snapshot.why == "in service"
            assert isinstance(await bench.submit(), Accepted)

    run_virtual(scenario())


def test_an_unknown_simple_modem_that_can_only_send() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        bench.modem.answers = Simple(
            {key: [["OK"]] for key in ("AT", "ATQ0V1E0", "AT+CMGF=0", "ESC")}
            | {"^Z": [["+CMGS: 1", "OK"]], "AT+CMGS=17": [[">"]]}
        )
        async with bench.running():
            await bench.until_ready(within_s=2)
            snapshot = bench.actor.snapshot
            assert snapshot.sim == SimIdentity()
            assert (snapshot.registration, snapshot.cnmi) == (None, None)
            outcome = await bench.submit()
            assert isinstance(outcome, Accepted), outcome

    run_virtual(scenario())


def test_a_modem_without_chained_commands_gets_them_one_by_one() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"ATQ0V1E0": ["ERROR"], "AT+CMEE=1": ["ERROR"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 3)
        assert {"ATE0", "ATV1", "AT+CMEE=2"} <= set(bench.modem.heard)

    run_virtual(scenario())


def test_a_stuck_prompt_gets_escape_before_anything_else() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"faults": Faults(stuck_prompt=True)})
        async with bench.running():
            await bench.until_ready(within_s=1)
            assert bench.typed.startswith("\x1b") and "\x1a" not in bench.typed
        assert bench.sim.sent == []

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        pytest.param({"verbose": False, "echo": True}, "V0", id="numeric-results"),
        pytest.param({"quiet": True}, "Q1", id="no-results"),
        pytest.param({"cmee": 2}, "CMEE", id="verbose-errors"),
    ],
)
def test_a_modem_that_somebody_else_configured(
    changes: dict[str, Any], why: str
) -> None:
    async def scenario() -> None:
        persona = Persona(**changes)
        bench = SimBench(modem={"persona": persona})
        async with bench.running():
            await bench.until_ready(within_s=5)

    run_virtual(scenario())


def test_one_command_that_is_never_answered_is_survived() -> None:
    async def scenario() -> None:
        faults = Faults(rules=(Rule("+CSMS?", say=()), Rule("+CNUM", say=())))
        bench = SimBench(modem={"faults": faults})
        async with bench.running():
            await bench.until_ready(within_s=20)
            assert "absent" not in bench.path[1:]

    run_virtual(scenario())


# --- SIM and PIN


def test_a_pin_is_entered_and_the_settings_wait_for_the_sim() -> None:
    async def scenario() -> None:
        busy = Rule("+CPMS?", frozenset({1, 2, 3}), say=("+CMS ERROR: 314",))
        asked: list[str | None] = []

        def pin(iccid: str | None) -> str:
            asked.append(iccid)
            return "1234"

        bench = SimBench(
            modem={"pin": "1234", "faults": Faults(rules=(busy,))}, pin=pin
        )
        async with bench.running():
            await bench.until_ready(within_s=10)
            assert now() > 6
            assert asked and 'AT+CPIN="1234"' in bench.typed

    run_virtual(scenario())


def test_a_wrong_pin_is_sent_once_and_never_again() -> None:
    async def scenario() -> None:
        config = {"pin": "0000"}
        bench = SimBench(modem={"pin": "1234"}, pin=lambda iccid: config["pin"])
        card = bench.sim.card
        assert card is not None
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.PARKED, 5)
            assert "PIN" in bench.actor.snapshot.why
            await asyncio.sleep(300)
            bench.sim.reboot()
            await asyncio.sleep(300)
            bench.wires.cut("/dev/modem0")
            await asyncio.sleep(300)
            assert card.pin_tries == 2 and bench.phase is Phase.PARKED
            config["pin"] = "1234"  # the operator has corrected it
            await bench.until_ready(within_s=120)

    run_virtual(scenario())


WANTS_PIN = ["+CPIN: SIM PIN", "OK"]


@pytest.mark.parametrize(
    ("iccids", "entry"),
    [
        ([["ERROR"], ["+CCID: 89490000000000000012", "OK"]], ["+CME ERROR: 16"]),
        ([["+CCID: 89490000000000000012", "OK"], ["ERROR"]], ["+CME ERROR: 16"]),
        ([["+CCID: 89490000000000000012", "OK"]], []),
        ([["+CCID: 89490000000000000012", "OK"]], ["OK"]),
    ],
    ids=["iccid-read-later", "iccid-read-first", "no-answer", "ok-that-means-nothing"],
)
def test_a_pin_is_never_sent_twice_whatever_the_modem_says(
    iccids: list[list[str]], entry: list[str]
) -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {"AT+CPIN?": WANTS_PIN, 'AT+CPIN="1234"': entry, "AT+CCID": iccids},
            pin=lambda iccid: "1234",
        )
        others = ("AT+QCCID", "AT+CICCID", "AT+ICCID", "AT^ICCID?", "AT#CCID")
        bench.modem.answers |= {text: [["ERROR"]] for text in others}
        async with bench.running():
            await asyncio.sleep(300)
            assert bench.phase is Phase.PARKED
            bench.unplug()
            bench.is_plugged = True
            await asyncio.sleep(300)
            assert bench.phase is Phase.PARKED
        assert bench.modem.heard.count('AT+CPIN="1234"') == 1

    run_virtual(scenario())


def test_a_pin_that_takes_time_is_waited_for() -> None:
    async def scenario() -> None:
        states = [WANTS_PIN, WANTS_PIN, WANTS_PIN, ["+CPIN: READY", "OK"]]
        bench = ScriptBench({"AT+CPIN?": states}, pin=lambda iccid: "1234")
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 10)
        assert bench.modem.heard.count('AT+CPIN="1234"') == 1

    run_virtual(scenario())


def test_the_debug_log_shows_the_wire_without_secrets(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "modemgw.modem")

    async def scenario() -> None:
        bench = SimBench(modem={"pin": "1234"}, pin=lambda iccid: "1234")
        async with bench.running():
            await bench.until_ready()
            assert isinstance(await bench.submit(), Accepted)
            assert bench.sim.sent

    run_virtual(scenario())
    lines = [getattr(record, "line", "") for record in caplog.records]
    assert 'AT+CPIN="<PIN>"' in lines and "<TPDU 18 octets>" in lines
    assert not any("1234" in line or "C8329BFD06" in line for line in lines)


def test_no_pin_and_no_puk_park_the_modem_until_a_person_acts() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"pin": "1234"})
        card = bench.sim.card
        assert card is not None
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.PARKED, 5)
            assert "none is configured" in bench.actor.snapshot.why
            card.pin_tries = 0
            await bench.until(lambda: "PUK" in bench.actor.snapshot.why, 120)
            assert bench.phase is Phase.PARKED
            card.pin_tries, card.pin = 3, None
            await bench.until_ready(within_s=120)

    run_virtual(scenario())


def test_a_missing_sim_is_said_and_found_when_it_comes() -> None:
    async def scenario() -> None:
        bench = SimBench()
        card = bench.sim.card
        bench.sim.insert(None)
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.PARKED, 10)
            assert "no usable SIM" in bench.actor.snapshot.why
            bench.sim.insert(card)
            await bench.until_ready(within_s=60)

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("answer", "phase", "why"),
    [
        (["+CPIN: PH-NET PIN", "OK"], Phase.PARKED, "another operator"),
        (["+CPIN: SIM PUK", "OK"], Phase.PARKED, "PUK"),
        (["+CPIN: SIM PIN2", "OK"], Phase.READY, "service"),
        (['+CPIN: "READY"', "OK"], Phase.READY, "service"),
        (["OK"], Phase.READY, "service"),
        (["ERROR"], Phase.READY, "service"),
        (["+CME ERROR: operation not supported"], Phase.READY, "service"),
        (["+CPIN: SIM FAILURE", "OK"], Phase.PARKED, "does not become ready"),
        (["+CME ERROR: 13"], Phase.PARKED, "no usable SIM: SIM failure"),
        (["+CME ERROR: 14"], Phase.PARKED, "does not become ready"),
        (["+CPIN: NOT READY", "OK"], Phase.PARKED, "does not become ready"),
    ],
)
def test_what_the_sim_may_say(answer: list[str], phase: Phase, why: str) -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CPIN?": answer, "AT+CREG?": ["+CREG: 0,1", "OK"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is phase, 120)
            assert why in bench.actor.snapshot.why

    run_virtual(scenario())


def test_a_sim_that_is_never_ready_for_imsi_does_not_stop_the_start() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CIMI": ["+CME ERROR: 14"], "AT+CPMS?": []})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 120)

    run_virtual(scenario())
