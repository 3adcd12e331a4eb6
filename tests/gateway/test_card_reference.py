"""Doubts settled by the last reference that the card remembers (EF_SMSS)."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from modemgw.sim.faults import Faults, Rule
from modemgw.sim.fleet import make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.personas.model import Persona
from modemgw.store import card_reference
from tests.gateway.restarts import by, killed_and_back, of_an_earlier_boot
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

SMSS = "AT+CRSM=176,28483,0,0,2"
WARM_UP = 4  # texts until the card is believed; each is looked up
GAP_S = 40.0  # more than passes between two readings


async def warm_up(rig: Rig, pause_s: float = GAP_S) -> None:
    for n in range(WARM_UP):
        await rig.state(await rig.send(text=f"warm up {n}"), "delivered")
        await asyncio.sleep(pause_s)


def readings(rig: Rig) -> int:
    """How often the card was read through the port that is open now."""
    return bytes(rig.wires.open["/sim/modem0"].written).count(SMSS.encode())


def world_of(
    clock: VirtualClock | None = None,
    *,
    persona: Persona | None = None,
    **options: Any,
) -> tuple[Network, list[SimModem]]:
    network = Network(clock=clock or VirtualClock(), **options)
    return network, [make_modem(network, 0, persona=persona or Persona())]


@pytest.mark.parametrize(
    ("references", "left", "settled"),
    [
        pytest.param("card", False, ["card_reference"], id="card-unused"),
        pytest.param("card", True, ["card_reference"], id="card-used"),
        pytest.param("late", False, ["card_reference"], id="late-unused"),
        pytest.param("own", False, [], id="not-kept"),
    ],
)
def test_the_last_reference_on_the_card_settles_a_doubt_where_it_is_kept(
    tmp_path: Path, references: str, left: bool, settled: list[str]
) -> None:
    async def story() -> None:
        async with gateway_rig(
            tmp_path, world=world_of(persona=Persona(references=references))
        ) as rig:
            await rig.ready()
            await warm_up(rig)
            learned = readings(rig)
            assert learned == 3, "a few readings, and no more"
            nth = frozenset({WARM_UP + 1})
            fault = "silent_after_submit" if left else "lost_after_submit"
            rig.sims[0].set_faults(**{fault: nth})
            rig.network.lost_reports = 1.0
            sent = await rig.send()
            await rig.state(sent, "in_doubt", within=200)
            end = "in_doubt" if left or not settled else "sent"
            await asyncio.sleep(60)
            assert (await rig.message(sent)).state == end
            assert await by(rig, sent) == settled
            assert rig.on_air == WARM_UP + (1 if left or settled else 0)

    run_virtual(story())


def test_a_modem_that_does_not_show_the_card_is_soon_not_asked(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(rules=(Rule("+CRSM", say=("+CME ERROR: 4",)),))}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            await warm_up(rig)
            await warm_up(rig)
            assert readings(rig) == card_reference.MISSES

    run_virtual(story())


def test_what_a_power_cut_left_on_its_way_is_not_called_unsent(tmp_path: Path) -> None:
    """A modem may write the card behind the network's answer: too late here."""

    async def story() -> None:
        clock = VirtualClock()
        world = world_of(clock, persona=Persona(references="late"))
        async with gateway_rig(tmp_path, clock=clock, world=world, abandon=True) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.network.latency = rig.sims[0].latency = type(rig.sims[0].latency)(5.0)
            rig.network.lost_reports = 1.0
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(3)  # it is at the network by now
            await of_an_earlier_boot(rig)
        rig.sims[0].reboot()
        async with killed_and_back(tmp_path, rig, power_cut=True) as again:
            await again.ready()
            await asyncio.sleep(400)
            assert readings(again) > 0
            assert (await again.message(sent)).state == "in_doubt"
            assert again.on_air == WARM_UP + 1

    run_virtual(story())


def test_a_hung_modem_that_was_restarted_may_never_write_the_card(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        world = world_of(persona=Persona(references="late"))
        async with gateway_rig(tmp_path, world=world) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.sims[0].set_faults(silent_after_submit=frozenset({WARM_UP + 1}))
            rig.network.lost_reports = 1.0
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(149)
            modem = rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(5)
            rig.wires.plug("/sim/modem0", modem)
            await rig.ready()
            await asyncio.sleep(400)
            assert (await rig.message(sent)).state == "in_doubt"
            assert rig.on_air == WARM_UP + 1

    run_virtual(story())


def test_a_clock_that_jumps_does_not_make_a_text_have_had_its_time(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, clock=clock, world=world_of(clock), abandon=True
        ) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.sims[0].set_faults(lost_after_submit=frozenset({WARM_UP + 1}))
            sent = await rig.send(expires_in=86_400)
            await rig.state(sent, "sending")
            await asyncio.sleep(3)
        clock.offset_ms += 6 * 3_600_000  # the network has told the time
        async with killed_and_back(tmp_path, rig) as again:
            await again.ready()
            await asyncio.sleep(100)
            assert (await again.message(sent)).state == "in_doubt"
            await again.state(sent, "delivered", within=100)
            assert await by(again, sent) == ["card_reference"]
            assert again.on_air == WARM_UP + 1

    run_virtual(story())


def test_a_used_reference_on_the_card_is_believed_across_a_power_cut(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        world = world_of(clock, latency=5.0)
        async with gateway_rig(tmp_path, clock=clock, world=world, abandon=True) as rig:
            await rig.ready()
            await warm_up(rig)
            rig.network.lost_reports = 1.0
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(3)
            await of_an_earlier_boot(rig)
        rig.sims[0].reboot()
        async with killed_and_back(tmp_path, rig, power_cut=True) as again:
            await again.ready()
            await asyncio.sleep(60)
            assert await by(again, sent) == ["card_reference"]
            assert (await again.message(sent)).state == "in_doubt"
            assert again.on_air == WARM_UP + 1

    run_virtual(story())
