"""Settings read back, what is owed under AT+CSMS=1, and the last try of a PIN."""

import asyncio
from typing import Any

import pytest

from modemgw.at.codes import Code, Disposition
from modemgw.at.families import FAMILIES
from modemgw.at.profile import Profile
from modemgw.at.quirks import named
from modemgw.modem.model import Accepted, Phase, Proof, Refused
from modemgw.modem.pins import MemoryLatch, Tried
from modemgw.modem.turn import Turn
from tests.loop import run_virtual
from tests.modem.bench import ScriptBench, SimBench, now

ROUTED = ("+CDS: 8", b"\r\n0006050B91947100\r\n")
CSMS_1 = {"AT+CSMS?": ["+CSMS: 1,1,1,1", "OK"], "AT+CSMS=0": ["ERROR"]}
LOCKED: dict[str, Any] = {
    "AT+CPIN?": ["+CPIN: SIM PIN", "OK"],
    "AT+CGSN": ["350000000000006", "OK"],
}


def test_the_snapshot_has_the_proof_of_each_setting() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            assert bench.actor.snapshot.proof == (
                Proof("AT+CMGF", "0", "0", True),
                Proof("AT+CSMS", "0", "0", True),
                Proof("AT+CPMS", "ME,ME,ME", "ME,ME,ME", True),
                Proof("AT+CNMI", "2,1,0,1,0", "2,1,0,1,0", True),
            )

    run_virtual(scenario())


def test_what_a_modem_will_not_tell_is_not_proved() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            held = [proof.holds for proof in bench.actor.snapshot.proof]
            assert held == [None, None, None, None]

    run_virtual(scenario())


def test_a_third_memory_that_does_not_follow_is_believed_and_swept() -> None:
    async def scenario() -> None:
        stays = '+CPMS: "ME",0,23,"ME",0,23,"SM",10,10'
        bench = ScriptBench(
            {
                "AT+CPMS=?": ['+CPMS: ("ME","SM"),("ME","SM"),("ME","SM")', "OK"],
                "AT+CPMS?": [stays, "OK"],
            }
        )
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            (proof,) = (p for p in bench.actor.snapshot.proof if p.setting == "AT+CPMS")
            assert proof.holds is False and proof.said == "ME,ME,SM"
            assert bench.actor.snapshot.storages == "SM,ME"

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("stat", "sendable"),
    [
        *((1, True), (5, True), (6, True), (7, True), (9, True), (10, True)),
        *((0, False), (2, False), (3, False), (4, False), (8, False), (11, False)),
    ],
)
@pytest.mark.parametrize("which", ["CREG", "CEREG"])
def test_sms_only_and_csfb_registrations_can_send(
    stat: int, sendable: bool, which: str
) -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {
                "AT+CREG?": ["ERROR"],
                "AT+CEREG?": ["ERROR"],
                f"AT+{which}?": [f"+{which}: 2,{stat}", "OK"],
            }
        )
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            assert bench.actor.snapshot.sendable is sendable

    run_virtual(scenario())


# --- AT+CNMA


def test_an_acknowledgement_goes_before_everything_that_waits() -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {**CSMS_1, "^Z": [(0.5, "+CMGS: 1"), (0.5, "OK")]},
        )
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            await asyncio.sleep(1)
            sends = [asyncio.ensure_future(bench.submit()) for _ in range(4)]
            await asyncio.sleep(0.2)
            bench.modem.say(*ROUTED)
            for sent in await asyncio.gather(*sends):
                assert isinstance(sent, Accepted)
            heard = [line[:7] for line in bench.modem.heard[-9:]]
            first = heard.index("AT+CMGS")
            assert heard[first + 2] == "AT+CNMA", heard

    run_virtual(scenario())


def test_a_late_acknowledgement_has_the_announcements_repaired() -> None:
    async def scenario() -> None:
        kept = ["+CNMI: 2,1,0,1,0", "OK"]
        bench = ScriptBench(
            {
                **CSMS_1,
                "AT+CNMI?": [kept, kept, ["+CNMI: 2,0,0,0,0", "OK"], kept],
                "^Z": [(5.0, "+CMGS: 1"), (5.0, "OK")],
            }
        )
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            await asyncio.sleep(1)
            routed = bench.modem.heard.count("AT+CNMI=2,1,0,1,0")
            send = asyncio.ensure_future(bench.submit())
            await asyncio.sleep(0.5)
            bench.modem.say(*ROUTED)
            await send
            await asyncio.sleep(1)
            assert bench.modem.heard.count("AT+CNMI=2,1,0,1,0") == routed + 1
            assert bench.path == ["absent", "starting", "ready"]  # not set up anew

    run_virtual(scenario())


def test_a_family_that_must_not_be_acknowledged_is_not() -> None:
    async def scenario() -> None:
        bench = ScriptBench({**CSMS_1, "AT+CGMI": ["SIMCOM_Ltd", "OK"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            bench.modem.say(*ROUTED)
            await asyncio.sleep(2)
            assert bench.sink.taken and "AT+CNMA" not in bench.modem.heard

    run_virtual(scenario())


def test_a_turn_is_handed_on_in_order_and_survives_who_gives_up() -> None:
    async def scenario() -> None:
        turn, order = Turn(), []

        async def wait(name: str, urgent: bool = False) -> None:
            async with turn.first() if urgent else turn:
                order.append(name)
                await asyncio.sleep(1)

        tasks = [asyncio.ensure_future(wait(name)) for name in "abcd"]
        await asyncio.sleep(0.1)
        tasks.append(asyncio.ensure_future(wait("now", urgent=True)))
        await asyncio.sleep(0.1)
        tasks[1].cancel()
        began = now()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert order == ["a", "now", "c", "d"]
        assert now() - began == pytest.approx(3.8)
        assert not turn.locked()

    run_virtual(scenario())


# --- the PIN


@pytest.mark.parametrize(
    ("maker", "command", "answer"),
    [
        ("", "AT+CPINR", "+CPINR: SIM PIN,1,3"),
        ("huawei", "AT^CPIN?", "^CPIN: SIM PIN,1,10,1,10,3"),
        ("Quectel", "AT+QPINC?", '+QPINC: "SC",1,10'),
        ("u-blox", "AT+UPINCNT", "+UPINCNT: 1,3,10,10"),
        ("Cinterion", "AT^SPIC", "^SPIC: 1"),
    ],
)
def test_the_last_try_of_a_pin_is_left_to_a_person(
    maker: str, command: str, answer: str
) -> None:
    async def scenario() -> None:
        script = {**LOCKED, command: [answer, "OK"], "AT+CGMI": [maker, "OK"]}
        bench = ScriptBench(script, pin=lambda iccid: "1234")
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.PARKED, 60)
            assert "only 1 more wrong PIN" in bench.actor.snapshot.why
            await asyncio.sleep(300)
            assert not any("CPIN=" in line for line in bench.modem.heard)
            bench.modem.answers[command] = [[answer.replace("1", "3"), "OK"]]
            await bench.until(lambda: bench.phase is not Phase.PARKED, 60)

    run_virtual(scenario())


def test_a_modem_that_sees_a_card_only_after_a_radio_cycle() -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CPIN?": ["+CME ERROR: 10"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.PARKED, 60)
            await bench.until(lambda: "AT+CFUN=0" in bench.modem.heard, 400)
            bench.modem.answers["AT+CPIN?"] = [["+CPIN: READY", "OK"]]
            await bench.until(lambda: bench.phase is Phase.READY, 60)

    run_virtual(scenario())


@pytest.mark.parametrize(("left", "sent"), [("3", 1), ("2", 0)])
def test_a_lost_answer_is_cleared_by_a_full_counter_alone(left: str, sent: int) -> None:
    async def scenario() -> None:
        pins = MemoryLatch()
        await pins.latch(["any card in 350000000000006"], "1234")
        script = {**LOCKED, "AT+CPINR": [f"+CPINR: SIM PIN,{left},3", "OK"]}
        bench = ScriptBench(script, pin=lambda iccid: "1234", pins=pins)
        async with bench.running():
            await asyncio.sleep(120)
            typed = [line for line in bench.modem.heard if "CPIN=" in line]
            assert len(typed) == sent
            if not sent:
                assert "the answer was lost" in bench.actor.snapshot.why
        known = await pins.tried(["any card in 350000000000006"], "1234")
        assert known is (Tried.REFUSED if sent else Tried.UNKNOWN)

    run_virtual(scenario())


# --- profiles at work


def test_a_configured_profile_wins_and_its_own_is_said() -> None:
    async def scenario() -> None:
        own = Profile(
            "own",
            ussd="text",
            ussd_plain="AT+PLAIN=1",
            init=("AT+OWN=1",),
            noise=("NOISE",),
            booted=("REBORN",),
        )
        bench = ScriptBench(
            {"AT+CGMI": ["huawei", "OK"], "AT+CGMM": ["NOISE 1", "E173", "OK"]},
            profiles=lambda: (own, *FAMILIES),
            profile="own",
        )
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            assert bench.actor.snapshot.profile == "own"
            assert "AT+OWN=1" in bench.modem.heard
            assert "AT+PLAIN=1" in bench.modem.heard
            assert "AT^CURC=0" not in bench.modem.heard
            bench.modem.say("REBORN")
            await bench.until(lambda: bench.phase is Phase.STARTING, 1)

    run_virtual(scenario())


def test_a_refusal_carries_what_its_family_means_by_it() -> None:
    async def scenario() -> None:
        bench = ScriptBench(
            {"AT+CGMI": ["SIMCOM_Ltd", "OK"], "^Z": ["+CMS ERROR: 517"]}
        )
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            outcome = await bench.submit()
            simcom = named("simcom")
            assert isinstance(outcome, Refused) and simcom is not None
            assert outcome.vendor == simcom.codes
            meant = simcom.meaning(517)
            assert isinstance(meant, Code)
            assert meant.disposition is Disposition.REFUSE

    run_virtual(scenario())


def test_a_family_without_more_to_send_is_not_asked_for_it() -> None:
    async def scenario() -> None:
        own = Profile("own", cmms_ok=False)
        bench = ScriptBench(profiles=lambda: (own, *FAMILIES), profile="own")
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            assert isinstance(await bench.submit(more=True), Accepted)
            assert "AT+CMMS=1" not in bench.modem.heard

    run_virtual(scenario())
