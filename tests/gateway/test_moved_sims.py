"""A card that moves to another modem keeps its pace, its rests and its reports."""

import asyncio
from pathlib import Path

from modemgw.sim.faults import Faults
from modemgw.sim.identity import iccid_of
from modemgw.sim.modem import SimModem
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import run_virtual

PACED = "sims:\n  defaults: {pace: 3/h, reports: on}\n"


def exchange(one: SimModem, other: SimModem) -> None:
    """Put each card into the other modem; both restart."""
    first, second = one.card, other.card
    one.insert(second)
    other.insert(first)


async def holds(rig: Rig, modem: str, index: int) -> None:
    """Let time pass until this modem serves with this card."""
    for _ in range(600):
        views = {view.modem: view.iccid for view in rig.gateway.sims()}
        lane = rig.gateway.dispatcher.lanes[modem]
        if views.get(modem) == iccid_of(index) and lane.ready:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(views)


def used(rig: Rig, index: int) -> int:
    """How much of the hour this card has used up."""
    (view,) = [one for one in rig.gateway.sims() if one.iccid == iccid_of(index)]
    return view.pace[0].used


def test_the_quota_goes_with_the_card(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=PACED) as rig:
            await rig.ready()
            name = next(v.name for v in rig.gateway.sims() if v.iccid == iccid_of(0))
            for _ in range(2):
                sent = await rig.send(sim=name)
                await rig.state(sent, "delivered")
            assert (used(rig, 0), used(rig, 1)) == (2, 0)
            exchange(*rig.sims)
            await holds(rig, "m1", 0)
            await holds(rig, "m0", 1)
            assert (used(rig, 0), used(rig, 1)) == (2, 0)
            third = await rig.send(sim=name)
            await rig.state(third, "delivered")
            assert (await rig.timeline(third))[1].data["modem"] == "m1"
            fourth = await rig.send(sim=name)
            await asyncio.sleep(1800)
            assert (await rig.message(fourth)).state == "queued"  # 3 an hour
            await rig.state(fourth, "delivered", within=3600)

    run_virtual(story())


def test_a_card_out_of_reach_keeps_its_quota_until_it_is_seen_again(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=PACED) as rig:
            await rig.ready()
            name = next(v.name for v in rig.gateway.sims() if v.iccid == iccid_of(0))
            for _ in range(3):
                await rig.state(await rig.send(sim=name), "delivered")
            first, second = rig.sims
            card = first.card
            first.insert(None)
            await asyncio.sleep(60)
            second.insert(card)
            await holds(rig, "m1", 0)
            assert used(rig, 0) == 3
            late = await rig.send(sim=name)
            await asyncio.sleep(600)
            assert (await rig.message(late)).state == "queued"

    run_virtual(story())


def test_a_report_finds_its_message_after_the_card_has_moved(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, report_latency=120.0) as rig:
            await rig.ready()
            name = next(v.name for v in rig.gateway.sims() if v.iccid == iccid_of(0))
            mine = await rig.send(sim=name)
            await rig.state(mine, "sent")
            exchange(*rig.sims)
            await holds(rig, "m1", 0)
            await holds(rig, "m0", 1)
            # The other card sends from the first modem now, perhaps with one TP-MR.
            other = next(v.name for v in rig.gateway.sims() if v.iccid == iccid_of(1))
            yours = await rig.send(sim=other)
            await rig.state(mine, "delivered", within=300)
            await rig.state(yours, "delivered", within=300)

    run_virtual(story())


def test_a_new_card_in_the_modem_does_not_inherit_the_reports_of_the_old(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, report_latency=60.0) as rig:
            await rig.ready()
            name = next(v.name for v in rig.gateway.sims() if v.iccid == iccid_of(0))
            old = await rig.send(sim=name)
            await rig.state(old, "sent")
            first, second = rig.sims
            card = second.card
            second.insert(None)
            first.insert(card)  # its counter starts elsewhere or alike: same TP-MR
            await holds(rig, "m0", 1)
            other = next(v.name for v in rig.gateway.sims() if v.iccid == iccid_of(1))
            new = await rig.send(sim=other)
            await rig.state(new, "delivered", within=120)
            assert (await rig.message(old)).state == "sent"

    run_virtual(story())


def test_a_bench_goes_with_the_card(tmp_path: Path) -> None:
    async def story() -> None:
        no_credit = {0: Faults(refuse_all=50)}
        async with gateway_rig(tmp_path, modems=2, faults=no_credit) as rig:
            await rig.ready()
            name = next(v.name for v in rig.gateway.sims() if v.iccid == iccid_of(0))
            sent = await rig.send(sim=name)
            lane = rig.gateway.dispatcher.lanes["m0"]
            await asyncio.sleep(60)
            benched = lane.sim
            assert benched is not None
            exchange(*rig.sims)
            await holds(rig, "m1", 0)
            await holds(rig, "m0", 1)
            assert rig.gateway.dispatcher.lanes["m1"].sim is benched
            states = {view.iccid: view.state for view in rig.gateway.sims()}
            assert states == {iccid_of(0): "benched", iccid_of(1): "ready"}
            assert (await rig.message(sent)).state == "queued"
            # The other modem refuses nothing: the first message on parole goes out.
            await rig.state(sent, "delivered", within=4000)

    run_virtual(story())
