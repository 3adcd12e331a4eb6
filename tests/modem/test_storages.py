"""Storages over the years: full, stuck, and one under two names."""

import asyncio

import pytest

from modemgw.modem.fullness import Fullness
from modemgw.sim.faults import Faults
from modemgw.sim.storage import Record, Stat
from tests.loop import START_MS, run_virtual
from tests.modem.bench import ScriptBench, SimBench
from tests.modem.stored import DELIVER, read_of, script, stored


def test_a_full_card_is_drained_told_and_receives_again() -> None:
    async def scenario() -> None:
        bench = SimBench()
        card = bench.sim.card
        assert card is not None
        for number in range(card.sm.capacity):
            record = Record(Stat.REC_READ, bytes.fromhex(DELIVER) + bytes([number]))
            card.sm.put(record)
        async with bench.running():
            await bench.until_ready()
            await bench.until(lambda: "storage_freed" in bench.notices, 60)
            assert bench.notices == ["storage_full", "storage_freed"]
            assert len(bench.sink.confirmed) == card.sm.capacity and stored(bench) == 0
            bench.network.inbound(bench.sim, "+491701", "Hello again")
            await bench.until(lambda: len(bench.sink.taken) == card.sm.capacity + 1, 5)

    run_virtual(scenario())


def test_what_the_network_held_back_arrives_once_there_is_room() -> None:
    async def scenario() -> None:
        bench = SimBench(sweep_interval_s=60)
        async with bench.running():
            await bench.until_ready()
            bench.sink.is_down = True  # so that nothing is deleted: it fills
            size = bench.sim.me.capacity
            for number in range(size + 5):
                bench.network.inbound(bench.sim, "+491701", f"Message {number}")
            await asyncio.sleep(300)
            assert stored(bench) == size
            bench.sink.is_down = False
            await bench.until(lambda: len(bench.sink.taken) == size + 5, 36_000)
            assert len(set(bench.sink.octets)) == size + 5
            assert bench.notices.count("storage_full") == 1
            await bench.until(lambda: "storage_freed" in bench.notices, 600)

    run_virtual(scenario())


def test_a_record_that_will_not_go_is_left_alone_and_told_once() -> None:
    async def scenario() -> None:
        bench = SimBench(
            modem={"faults": Faults(ignore_deletes=99)}, sweep_interval_s=9
        )
        async with bench.running():
            await bench.until_ready()
            bench.network.inbound(bench.sim, "+491701", "Hello")
            await asyncio.sleep(600)
            assert bench.notices == ["storage_stuck"]
            assert len(bench.sink.taken) == 1 and bench.sink.confirmed == []
            assert bench.sim.deletes == 5

    run_virtual(scenario())


@pytest.mark.parametrize("announced", [False, True], ids=["swept", "announced"])
def test_one_store_under_two_names_delivers_once_though_deleting_fails(
    announced: bool,
) -> None:
    async def scenario() -> None:
        row = f"+CMGL: 3,1,,{len(DELIVER) // 2 - 8}"
        bench = ScriptBench(
            script(
                **{
                    'AT+CPMS="ME","ME","ME"': ["+CPMS: 1,99,1,99,1,99", "OK"],
                    'AT+CPMS="SM","ME","ME"': ["+CPMS: 1,10,1,99,1,99", "OK"],
                    "AT+CMGL=4": [row, DELIVER, "OK"],
                    "AT+CMGR=3": read_of(DELIVER),
                    "AT+CMGD=3": ["+CMS ERROR: 500"],
                }
            ),
            sweep_interval_s=60,
        )
        async with bench.running():
            if announced:
                bench.modem.answers["AT+CMGL=4"] = [["OK"]]
                for name in ("ME", "SM"):
                    line = f'AT+CPMS="{name}","ME","ME"'
                    bench.modem.answers[line] = [["+CPMS: 0,99,0,99,0,99", "OK"]]
            await bench.until_ready()
            if announced:
                await asyncio.sleep(1)
                bench.modem.say('+CMTI: "ME",3')
                await asyncio.sleep(1)
                bench.modem.answers["AT+CMGL=4"] = [[row, DELIVER, "OK"]]
            await asyncio.sleep(1200)
            assert len(bench.sink.taken) == 1
            assert bench.sink.taken[0].memory == "ME"

    run_virtual(scenario())


def test_the_store_is_told_when_a_sweep_began_and_what_was_announced_is_no_sweep() -> (
    None
):
    async def scenario() -> None:
        bench = SimBench()
        assert bench.sim.card is not None
        bench.sim.card.sm.put(Record(Stat.REC_READ, bytes.fromhex(DELIVER)))
        async with bench.running():
            await bench.until(lambda: len(bench.sink.taken) == 1, 10)
            [swept] = bench.sink.taken
            assert swept.sweep_began_at is not None
            assert START_MS <= swept.sweep_began_at <= START_MS + 10_000
            bench.network.inbound(bench.sim, "+491701", "Hello")
            await bench.until(lambda: len(bench.sink.taken) == 2, 5)
            assert bench.sink.taken[1].sweep_began_at is None

    run_virtual(scenario())


def test_full_and_free_alternate() -> None:
    told: list[str] = []
    fullness = Fullness(lambda kind, detail: told.append(kind))
    fullness.swept()
    fullness.counted("SM", 9, 10)
    assert told == []
    fullness.said('^SMMEMFULL: "SM"')
    fullness.counted("SM", 10, 10)
    fullness.counted("ME", 0, 0)  # a modem that does not say how much it has
    fullness.swept()
    assert told == ["storage_full"]  # it could not be emptied
    fullness.counted("SM", 2, 10)
    fullness.swept()
    fullness.swept()
    assert told == ["storage_full", "storage_freed"]
