"""The actor against the simulator, in virtual time: service, registration, the end."""

import asyncio

import pytest

from modemgw.modem.model import (
    Accepted,
    ModemSnapshot,
    NotSent,
    Phase,
)
from tests.loop import run_virtual
from tests.modem.bench import PORT, ScriptBench, SimBench, now


def test_a_port_that_is_not_there_is_waited_for_and_told_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")

    async def scenario() -> None:
        bench = ScriptBench()
        bench.is_plugged = False
        async with bench.running():
            await asyncio.sleep(10)
            snapshot = bench.actor.snapshot
            assert (snapshot.phase, snapshot.why) == (
                Phase.ABSENT,
                "waiting for the port",
            )
            assert not snapshot.sendable and snapshot.sim is None
            outcome = await bench.submit(gate=asyncio.sleep(0))
            assert isinstance(outcome, NotSent) and not outcome.modem_fault
            told = [r for r in caplog.records if r.getMessage() == "modem absent"]
            assert [vars(record)["why"] for record in told] == ["waiting for the port"]
            bench.is_plugged = True
            await bench.until(lambda: bench.phase is Phase.READY, 1.5)

    run_virtual(scenario())


def test_submits_come_one_after_the_other_and_busy_is_told() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            began = now()
            tasks = [asyncio.ensure_future(bench.submit(token=n)) for n in range(5)]
            await asyncio.sleep(0.1)
            assert bench.is_busy()
            outcomes = await asyncio.gather(*tasks)
            assert [o.tp_mr for o in outcomes if isinstance(o, Accepted)] == [*range(5)]
            assert now() - began == pytest.approx(1.0)  # five times 200 ms, no more
            assert not bench.is_busy()

    run_virtual(scenario())


def test_sustained_traffic_does_not_starve_reads_nor_the_reads_the_traffic() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            began = now()
            for number in range(300):
                if number % 10 == 0:
                    bench.network.inbound(bench.sim, "+491701", f"Message {number}")
                assert isinstance(await bench.submit(), Accepted)
            assert now() - began <= 300 * 0.2 / 0.97
            assert len(bench.sink.taken) >= 29

    run_virtual(scenario())


def test_an_idle_modem_gets_at_cmgs_in_the_same_turn_of_the_loop() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            wire = bench.wires.open[PORT]
            before = len(wire.written)
            coroutine = bench.submit()
            coroutine.send(None)  # up to its first wait
            assert bytes(wire.written[before:]).startswith(b"AT+CMGS=")
            coroutine.close()

    run_virtual(scenario())


# --- registration, signal


def test_registration_follows_the_modem_and_decides_what_is_sendable() -> None:
    async def scenario() -> None:
        bench = SimBench()
        bench.sim.stat = 2
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            assert not bench.can_send()
            assert bench.actor.snapshot.why == "no network: searching"
            await asyncio.sleep(300)
            bench.sim.register(5)
            await asyncio.sleep(0.01)
            assert bench.registration() == "roaming"
            assert bench.can_send()
            bench.sim.register(3)
            await asyncio.sleep(0.01)
            assert bench.registration() == "denied"
            assert not bench.can_send()
            bench.sim.stat = 6  # without a word
            await bench.until_ready(4)
            assert bench.registration() == "home"

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("creg", "cereg", "sendable", "word"),
    [
        ("+CREG: 0,2", "+CEREG: 0,1", True, "home"),
        ("+CREG: 0,0", "+CEREG: 0,5", True, "roaming"),
        ("+CREG: 0,3", "+CEREG: 0,2", False, "denied"),
        ("+CREG: 0,77", "+CEREG: 0,4", False, "unknown"),
    ],
)
def test_either_registration_counts(
    creg: str, cereg: str, sendable: bool, word: str
) -> None:
    async def scenario() -> None:
        bench = ScriptBench({"AT+CREG?": [creg, "OK"], "AT+CEREG?": [cereg, "OK"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            snapshot = bench.actor.snapshot
            assert (snapshot.sendable, snapshot.registration) == (sendable, word)
            bench.modem.say("+CEREG: 1", "+CREG: x", "+CEREG: x")
            await asyncio.sleep(0.01)
            assert bench.actor.snapshot.sendable

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("creg", "cereg", "told"),
    [
        pytest.param("+CREG: 0,0", "+CEREG: 0,1", 1, id="data-alone"),
        pytest.param("+CREG: 0,1", "+CEREG: 0,1", 0, id="both"),
        pytest.param("ERROR", "+CEREG: 0,1", 0, id="creg-not-known"),
        pytest.param("+CREG: 0,6", "+CEREG: 0,0", 0, id="sms-only"),
    ],
)
def test_an_attach_for_data_alone_is_told_once_after_a_while(
    creg: str, cereg: str, told: int
) -> None:
    async def scenario() -> None:
        said = [creg] if creg == "ERROR" else [creg, "OK"]
        bench = ScriptBench({"AT+CREG?": said, "AT+CEREG?": [cereg, "OK"]})
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            await asyncio.sleep(280)
            assert "data_only" not in bench.notices
            await asyncio.sleep(7200)
            assert bench.notices.count("data_only") == told
            assert bench.can_send()

    run_virtual(scenario())


def test_a_change_of_signal_is_published_once() -> None:
    async def scenario() -> None:
        bench = SimBench()
        heard: list[int | None] = []

        def changed(snapshot: ModemSnapshot) -> None:
            heard.append(snapshot.signal_dbm)

        bench.changed = changed  # type: ignore[method-assign]
        async with bench.running():
            await bench.until_ready()
            count = len(heard)
            await asyncio.sleep(300)
            assert len(heard) == count
            bench.sim.csq = 10
            await asyncio.sleep(300)
            assert heard[count:] == [-93]

    run_virtual(scenario())
