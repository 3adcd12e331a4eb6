"""Faults 30 to 33: sticks that come back elsewhere, and cards that change."""

import asyncio

from modemgw.modem.model import Phase
from tests.gateway.rig import Rig
from tests.scenario.faulty import HOUR, ONE, PORT, TWO, delivers, fault


@fault(30, "renumbered", listed=ONE)
async def test_a_stick_under_another_name_is_the_same_modem(rig: Rig) -> None:
    await rig.ready()
    await delivers(rig)
    (before,) = rig.gateway.modems()
    await asyncio.sleep(20)
    assert PORT not in rig.wires.modems
    await rig.ready(within=15)
    (after,) = rig.gateway.modems()
    assert (after.name, after.imei) == (before.name, before.imei)
    assert after.port != before.port == PORT
    await delivers(rig)
    assert len(rig.gateway.sims()) == 1
    assert len(rig.sims[0].sent) == 2


@fault(31, "zero-cd")
@fault(31, "zero-cd", listed=ONE)
async def test_a_reset_that_makes_it_a_cd_rom_first_is_waited_for(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(25)
    (found,) = rig.gateway.modems()
    assert found.phase is Phase.ABSENT
    sent = await rig.send()
    await rig.state(sent, "delivered", within=30)
    assert len(await rig.pushed("modem.lost")) == 1
    assert len(await rig.pushed("modem.recovered")) == 1


@fault(32, "swapped-ports", listed=TWO)
async def test_modems_that_change_places_keep_their_names(rig: Rig) -> None:
    await rig.ready()
    before = {one.name: (one.imei, one.port) for one in rig.gateway.modems()}
    sims = {one.iccid: one.modem for one in rig.gateway.sims()}
    await asyncio.sleep(22)
    await rig.ready(within=15)
    after = {one.name: (one.imei, one.port) for one in rig.gateway.modems()}
    assert {name: imei for name, (imei, _) in after.items()} == {
        name: imei for name, (imei, _) in before.items()
    }
    assert after["m0"][1] == before["m1"][1] != before["m0"][1] == after["m1"][1]
    assert {one.iccid: one.modem for one in rig.gateway.sims()} == sims
    for n in range(6):
        await delivers(rig, f"n{n}")
    assert all(sim.sent for sim in rig.sims)


@fault(32, "swapped-ports", extra="sims:\n  defaults: {pace: 3/h, reports: on}\n")
async def test_with_fixed_ports_the_pace_follows_the_card(rig: Rig) -> None:
    await rig.ready()
    for n in range(6):
        await delivers(rig, f"n{n}")
    where = {one.iccid: one.modem for one in rig.gateway.sims()}
    await asyncio.sleep(22)
    await rig.ready(within=15)
    moved = {one.iccid: one.modem for one in rig.gateway.sims()}
    assert set(moved.values()) == set(where.values()) and moved != where
    more = await rig.send(text="too many")
    await asyncio.sleep(600)
    assert (await rig.message(more)).state == "queued"
    assert [one.state for one in rig.gateway.sims()] == ["paced", "paced"]
    await rig.state(more, "delivered", within=HOUR)


@fault(33, "sim-swapped", report_latency=60.0)
async def test_another_card_is_another_sim_with_references_of_its_own(
    rig: Rig,
) -> None:
    await rig.ready()
    old = await rig.send(text="from the old card")
    await rig.state(old, "sent")
    await asyncio.sleep(30)
    await rig.ready(within=30)
    assert len(rig.gateway.sims()) == 2
    new = await rig.send("+4915112345678", text="from the new card")
    await rig.state(new, "delivered", within=100)
    rows = [await rig.message(one) for one in (old, new)]
    assert rows[0].sim != rows[1].sim
    assert rows[0].state == "sent"  # its report waits for the old card
    assert [sim.state for sim in rig.gateway.sims() if sim.modem is None] == ["absent"]
