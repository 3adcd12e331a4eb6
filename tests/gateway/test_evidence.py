"""Doubts settled by what the SIM's message references say, and by nothing less."""

import asyncio
from pathlib import Path

import pytest

from modemgw.sim.faults import Faults
from modemgw.store import meta
from modemgw.store.writer import Connection
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

WARM_UP = 5  # texts until the counter is believed


async def warm_up(rig: Rig) -> None:
    for n in range(WARM_UP):
        await rig.state(await rig.send(text=f"warm up {n}"), "delivered")


async def evidence_of(rig: Rig, public_id: str) -> list[str]:
    return [
        str(step.data["evidence"])
        for step in await rig.timeline(public_id)
        if step.type == "part.evidence"
    ]


@pytest.mark.parametrize("klass", ["transactional", "marketing"])
def test_what_never_left_is_found_by_the_next_reference_and_sent_once(
    tmp_path: Path, klass: str
) -> None:
    async def story() -> None:
        faults = {0: Faults(lost_after_submit=frozenset({WARM_UP + 1}))}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            await warm_up(rig)
            doubtful = await rig.send(text="doubtful", klass=klass)
            await rig.state(doubtful, "in_doubt", within=400)
            await rig.ready()
            await rig.state(await rig.send(text="next"), "delivered")
            await rig.state(doubtful, "delivered", within=60)
            assert rig.on_air == WARM_UP + 2
            (what,) = await evidence_of(rig, doubtful)
            assert "never left" in what

    run_virtual(story())


def test_what_left_is_not_sent_again_and_waits_for_its_report(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(silent_after_submit=frozenset({WARM_UP + 1}))}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.network.lost_reports = 1.0
            doubtful = await rig.send(text="doubtful")
            await rig.state(doubtful, "in_doubt", within=400)
            await rig.ready()
            rig.network.lost_reports = 0.0
            await rig.state(await rig.send(text="next"), "delivered")
            await asyncio.sleep(600)
            assert (await rig.message(doubtful)).state == "in_doubt"
            assert rig.on_air == WARM_UP + 2
            (what,) = await evidence_of(rig, doubtful)
            assert "had left" in what

    run_virtual(story())


def test_a_counter_that_was_not_seen_to_count_is_not_believed(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(lost_after_submit=frozenset({2}))}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            await rig.state(await rig.send(text="first"), "delivered")
            doubtful = await rig.send(text="doubtful")
            await rig.state(doubtful, "in_doubt", within=400)
            await rig.ready()
            await rig.state(await rig.send(text="next"), "delivered")
            await asyncio.sleep(60)
            assert (await rig.message(doubtful)).state == "in_doubt"
            assert await evidence_of(rig, doubtful) == []

    run_virtual(story())


def test_after_a_loss_of_power_the_counter_says_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(lost_after_submit=frozenset({WARM_UP + 1}))}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            await warm_up(rig)
            doubtful = await rig.send(text="doubtful")
            await rig.state(doubtful, "in_doubt", within=400)
            modem = rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(5)
            rig.wires.plug("/sim/modem0", modem)
            await rig.ready()
            await rig.state(await rig.send(text="next"), "delivered")
            await asyncio.sleep(60)
            assert (await rig.message(doubtful)).state == "in_doubt"
            assert await evidence_of(rig, doubtful) == []

    run_virtual(story())


@pytest.mark.parametrize(
    ("same_boot", "end"), [(True, "delivered"), (False, "in_doubt")]
)
def test_a_kill_is_settled_by_the_next_text_but_a_power_cut_is_not(
    tmp_path: Path, same_boot: bool, end: str
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        faults = {0: Faults(lost_after_submit=frozenset({WARM_UP + 1}))}
        async with gateway_rig(
            tmp_path, clock=clock, abandon=True, faults=faults
        ) as rig:
            await rig.ready()
            await warm_up(rig)
            doubtful = await rig.send(text="doubtful")
            await rig.state(doubtful, "sending")
            await asyncio.sleep(5)
            if not same_boot:

                def other(db: Connection) -> None:
                    meta.put(db, "boot", "the machine as it was started before")

                await rig.store.write(other)
        world = (rig.network, rig.sims)
        async with gateway_rig(tmp_path, clock=clock, world=world) as again:
            assert (await again.message(doubtful)).state == "in_doubt"
            await again.ready()
            await again.state(await again.send(text="next"), "delivered")
            await asyncio.sleep(60)
            assert (await again.message(doubtful)).state == end
            assert again.on_air == WARM_UP + (2 if same_boot else 1)

    run_virtual(story())
