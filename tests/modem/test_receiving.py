"""What arrives is read, stored and deleted, once each."""

import asyncio

import pytest

from modemgw.modem.model import Accepted, Phase
from modemgw.modem.routed import is_report
from modemgw.sim.faults import Faults, Rule
from modemgw.sim.persona import PERSONAS, Persona
from modemgw.sim.storage import Record, Stat
from tests.loop import run_virtual
from tests.modem.bench import ScriptBench, SimBench
from tests.modem.stored import DELIVER, REPORT, stored


@pytest.mark.parametrize("drip", [False, True], ids=["whole", "drip"])
@pytest.mark.parametrize("persona", PERSONAS.values(), ids=lambda p: p.name)
def test_an_announced_message_is_read_stored_and_deleted(
    persona: Persona, drip: bool
) -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"persona": persona}, drip=drip)
        async with bench.running():
            await bench.until_ready()
            bench.network.inbound(bench.sim, "+491701", "Hello")
            await bench.until(lambda: bool(bench.sink.confirmed), 1)
            assert len(bench.sink.taken) == 1 and stored(bench) == 0
            [tpdu] = bench.sink.taken
            assert tpdu.modem == "modem0" and not tpdu.routed
            assert tpdu.sim is not None and tpdu.length == len(tpdu.octets) - 7

    run_virtual(scenario())


def test_a_burst_of_forty_arrives_once_each() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            for number in range(40):
                bench.network.inbound(bench.sim, "+491701", f"Message {number}")
            await bench.until(lambda: len(bench.sink.confirmed) == 40, 5)
            await asyncio.sleep(600)
        assert len(set(bench.sink.octets)) == len(bench.sink.octets) == 40

    run_virtual(scenario())


def test_what_was_stored_before_the_start_is_swept_from_every_memory() -> None:
    async def scenario() -> None:
        bench = SimBench()
        card = bench.sim.card
        assert card is not None
        octets = bytes.fromhex(DELIVER)
        card.sm.put(Record(Stat.REC_READ, octets + b"\1"))
        bench.sim.me.put(Record(Stat.REC_UNREAD, octets + b"\2"))
        bench.sim.sr.put(Record(Stat.REC_UNREAD, bytes.fromhex(REPORT)))
        card.sm.put(Record(Stat.STO_UNSENT, octets + b"\3"))  # a draft of the owner
        async with bench.running():
            await bench.until(lambda: len(bench.sink.confirmed) == 3, 5)
            assert {t.memory for t in bench.sink.taken} == {"SM", "ME", "SR"}
            assert stored(bench) == 1

    run_virtual(scenario())


def test_lost_announcements_are_swept_up_in_time() -> None:
    async def scenario() -> None:
        bench = SimBench(sweep_interval_s=60)
        async with bench.running():
            await bench.until_ready()
            bench.sim.me.put(Record(Stat.REC_UNREAD, bytes.fromhex(DELIVER)))
            await bench.until(lambda: bool(bench.sink.confirmed), 61)

    run_virtual(scenario())


def test_a_store_that_is_down_leaves_everything_in_the_modem() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            bench.sink.is_down = True
            bench.network.inbound(bench.sim, "+491701", "Hello")
            await asyncio.sleep(100)
            assert stored(bench) == 1
            bench.sink.is_down = False
            await bench.until(lambda: bool(bench.sink.confirmed), 20)
            assert len(bench.sink.taken) == 1 and stored(bench) == 0

    run_virtual(scenario())


def test_a_delete_that_fails_does_not_deliver_twice() -> None:
    async def scenario() -> None:
        bench = SimBench(
            modem={"faults": Faults(ignore_deletes=3)}, sweep_interval_s=60
        )
        async with bench.running():
            await bench.until_ready()
            bench.network.inbound(bench.sim, "+491701", "Hello")
            await asyncio.sleep(600)
            assert len(bench.sink.taken) == 1
            assert bench.sink.confirmed == [1] and stored(bench) == 0

    run_virtual(scenario())


def test_a_delete_without_an_answer_is_confirmed_by_the_next_listing() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            late = Rule("+CMGD", frozenset({1}), late_s=26)
            bench.sim.set_faults(rules=(late,))
            bench.network.inbound(bench.sim, "+491701", "Hello")
            await asyncio.sleep(600)
            assert len(bench.sink.taken) == 1 and bench.sink.confirmed == [1]
            assert bench.phase is Phase.READY

    run_virtual(scenario())


def test_routed_reports_reach_the_sink_while_a_submit_runs() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"latency": 5.0})
        bench.sink.takes_s = 0.1
        async with bench.running():
            await bench.until_ready()
            assert isinstance(await bench.submit("+999000001"), Accepted)
            assert isinstance(await bench.submit("+999000001"), Accepted)
            [report] = bench.sink.taken
            assert report.routed and (report.memory, report.slot) == (None, None)
            assert is_report(report.octets)

    run_virtual(scenario())


def test_routed_tpdus_wait_for_a_store_that_is_down() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            bench.sink.is_down = True
            bench.modem.say("+CDS: 25", REPORT, "+CMT: ,19", DELIVER, "+CMT: ,0", "x")
            await asyncio.sleep(60)
            assert bench.sink.taken == []
            bench.sink.is_down = False
            await asyncio.sleep(6)
            assert [t.octets.hex().upper() for t in bench.sink.taken] == [
                REPORT,
                DELIVER,
            ]
            assert [t.length for t in bench.sink.taken] == [25, 19]

    run_virtual(scenario())
