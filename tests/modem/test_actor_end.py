"""The actor: calls, cancellation, bugs of others."""

import asyncio

import pytest

from modemgw.modem.model import (
    InDoubt,
    Phase,
)
from tests.loop import run_virtual
from tests.modem.bench import PORT, ScriptBench, SimBench


def test_a_call_is_told_once() -> None:
    async def scenario() -> None:
        bench = ScriptBench()
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 5)
            await asyncio.sleep(60)
            for _ in range(5):
                bench.modem.say("RING")
                await asyncio.sleep(5)
            bench.modem.say("+CBM: 88", "00", "^MODE: 5,4", "+CLIP: 1")
            await asyncio.sleep(30)
            bench.modem.say("+CRING: VOICE")
            await asyncio.sleep(1)
        assert bench.notices == ["call.incoming", "call.incoming"]

    run_virtual(scenario())


# --- the end


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.051, 0.3, 1.0])
def test_cancellation_closes_the_port_at_any_moment(after_s: float) -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await asyncio.sleep(after_s)
        wire = bench.wires.open.get(PORT)
        assert wire is None or not wire.is_open

    run_virtual(scenario())


def test_a_submit_that_runs_while_the_actor_ends_is_in_doubt() -> None:
    async def scenario() -> None:
        bench = SimBench(modem={"latency": 60.0})
        async with bench.running():
            await bench.until_ready()
            task = asyncio.ensure_future(bench.submit())
            await asyncio.sleep(1)
        assert isinstance(await task, InDoubt)

    run_virtual(scenario())


def test_a_bug_in_the_sink_is_not_a_modem_fault() -> None:
    async def scenario() -> None:
        bench = SimBench()

        async def broken(tpdu: object) -> int:
            raise ZeroDivisionError

        bench.sink.take = broken  # type: ignore[method-assign]
        task = asyncio.ensure_future(bench.actor.run())
        await bench.until_ready()
        bench.network.inbound(bench.sim, "+491701", "Hello")
        with pytest.raises(ExceptionGroup) as caught:
            await task
        assert caught.group_contains(ZeroDivisionError)

    run_virtual(scenario())
