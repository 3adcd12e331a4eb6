"""What is routed is nowhere but with us: none of it is lost at the begin or the end."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from modemgw.modem.model import Phase
from modemgw.modem.routed import FINISH_S, STORE_PAUSE_S
from tests.loop import run_virtual
from tests.modem.bench import PORT, Bench, SimBench, now
from tests.modem.stored import REPORT

Story = Callable[[SimBench], Awaitable[None]]
REPORTED = bytes.fromhex(REPORT)


def report(bench: SimBench) -> None:
    bench.network.inbound_octets(bench.sim, REPORTED, is_report=True)


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def starting(bench: Bench) -> None:
    for _ in range(9):
        if bench.phase is not Phase.STARTING:
            await turns()


def ended_after(story: Story) -> SimBench:
    async def scenario() -> SimBench:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            await story(bench)
        assert not bench.wires.open[PORT].is_open
        await asyncio.sleep(60)
        return bench

    return run_virtual(scenario())


@pytest.mark.parametrize("rides", [False, True])
def test_what_the_store_is_at_work_on_is_kept_at_the_end(rides: bool) -> None:
    async def story(bench: SimBench) -> None:
        bench.sink.takes_s, bench.sink.rides = 0.5, rides
        for _ in range(3):
            report(bench)
            await asyncio.sleep(0.1)

    assert ended_after(story).sink.octets == [REPORTED] * 3


def test_what_lies_in_the_driver_is_read_at_the_end() -> None:
    async def story(bench: SimBench) -> None:
        report(bench)

    assert ended_after(story).sink.octets == [REPORTED]


@pytest.mark.parametrize("rides", [False, True])
@pytest.mark.parametrize("takes_s", [0.0, 1e6])
def test_a_store_that_takes_nothing_does_not_hold_the_end_up(
    takes_s: float, rides: bool
) -> None:
    begun: list[float] = []

    async def story(bench: SimBench) -> None:
        bench.sink.is_down, bench.sink.takes_s = True, takes_s
        bench.sink.rides = rides
        report(bench)
        await asyncio.sleep(0.1)
        begun.append(now())

    async def timed(bench: SimBench) -> None:
        async with bench.running():
            await bench.until_ready()
            await story(bench)
        assert now() - begun[0] <= FINISH_S + 0.1

    async def scenario() -> None:
        bench = SimBench()
        await timed(bench)
        assert not bench.wires.open[PORT].is_open

    run_virtual(scenario())


def test_what_the_store_refused_is_offered_again() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            bench.sink.rides, bench.sink.is_down = True, True
            report(bench)
            await asyncio.sleep(1)
            report(bench)
            await asyncio.sleep(1)
            assert not bench.sink.taken
            bench.sink.is_down = False
            await bench.until(lambda: len(bench.sink.taken) == 2, STORE_PAUSE_S)
            report(bench)
            await bench.until(lambda: len(bench.sink.taken) == 3, 1)

    run_virtual(scenario())


def test_a_report_waits_until_its_sim_is_known() -> None:
    """A modem routes on after a restart of ours, before it is asked who it is."""

    async def scenario() -> None:
        before = SimBench()
        async with before.running():
            await before.until_ready()
        bench = Bench(before.wires)
        async with bench.running():
            await starting(bench)
            report(before)
            await turns()
            assert bench.phase is Phase.STARTING and not bench.sink.taken
            await bench.until_ready()
            await bench.until(lambda: bool(bench.sink.taken), 1)
        [tpdu] = bench.sink.taken
        assert tpdu.octets == REPORTED
        assert tpdu.sim is not None and tpdu.sim.iccid is not None

    run_virtual(scenario())


def test_a_report_of_no_known_sim_is_kept_at_the_end_all_the_same() -> None:
    async def scenario() -> None:
        before = SimBench()
        async with before.running():
            await before.until_ready()
        bench = Bench(before.wires)
        async with bench.running():
            await starting(bench)
            report(before)
            await turns()
            assert bench.phase is Phase.STARTING
        assert [(one.octets, one.sim) for one in bench.sink.taken] == [(REPORTED, None)]

    run_virtual(scenario())
