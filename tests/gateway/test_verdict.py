"""The verdict on a whole message: reports that are late, repeated, or from before."""

import asyncio
from pathlib import Path

import pytest

from modemgw.sim.faults import Faults
from modemgw.sim.network import Network
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

HOUR = 3600.0
BUFFERED, DELIVERED, EXPIRED_THERE, TRYING = 0x20, 0x00, 0x46, 0x22


async def states(rig: Rig, public_id: str) -> list[str]:
    """The states that a message was told to be in, in order."""
    told = [event for event in await rig.timeline(public_id) if event.public_id]
    return [event.type.removeprefix("message.") for event in told]


@pytest.mark.parametrize(
    ("statuses", "told", "sequence"),
    [
        pytest.param((DELIVERED,), ["sent", "delivered"], 4, id="plain"),
        pytest.param(
            (BUFFERED, TRYING, DELIVERED), ["sent", "delivered"], 4, id="buffered first"
        ),
        pytest.param((DELIVERED, DELIVERED), ["sent", "delivered"], 4, id="repeated"),
        pytest.param(
            (EXPIRED_THERE, DELIVERED),
            ["sent", "undelivered", "delivered"],
            5,
            id="given up, then delivered after all",
        ),
        pytest.param(
            (DELIVERED, EXPIRED_THERE), ["sent", "delivered"], 4, id="nothing undoes it"
        ),
    ],
)
def test_reports_make_the_state(
    tmp_path: Path, statuses: tuple[int, ...], told: list[str], sequence: int
) -> None:
    async def story() -> None:
        faults = {0: Faults(report_statuses=statuses)}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            sent = await rig.send()
            await asyncio.sleep(300)
            assert await states(rig, sent) == ["queued", *told]
            assert (await rig.message(sent)).sequence == sequence

    run_virtual(story())


def test_a_late_report_lifts_no_report(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, report_latency=2 * HOUR) as rig:
            await rig.ready()
            sent = await rig.send(expires_in=600)
            await rig.state(sent, "no_report", within=600 + 3700)
            await rig.state(sent, "delivered", within=2 * HOUR)
            assert await states(rig, sent) == [
                *("queued", "sent", "no_report", "delivered")
            ]

    run_virtual(story())


def test_without_a_wish_for_reports_sent_is_the_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            sent = await rig.send(expires_in=600, delivery_report=False)
            await asyncio.sleep(3 * HOUR)
            assert await states(rig, sent) == ["queued", "sent"]

    run_virtual(story())


@pytest.mark.parametrize("moved", [False, True], ids=["same modem", "another modem"])
def test_a_report_for_what_was_sent_before_a_restart(
    tmp_path: Path, moved: bool
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, modems=2, clock=clock, abandon=True, report_latency=600.0
        ) as rig:
            await rig.ready()
            sent = [await rig.send(f"+4915112345{n:03}") for n in range(6)]
            await asyncio.sleep(30)
            assert {(await rig.message(one)).state for one in sent} == {"sent"}
            network, sims = rig.network, rig.sims
        if moved:
            cards = [sim.card for sim in sims]
            for sim, card in zip(sims, reversed(cards), strict=True):
                sim.insert(card)
        world: tuple[Network, list] = (network, sims)  # type: ignore[type-arg]
        async with gateway_rig(tmp_path, world=world, clock=clock) as rig:
            await rig.ready()
            for one in sent:
                await rig.state(one, "delivered", within=1200)
            assert rig.on_air == 6

    run_virtual(story())


def test_the_worst_part_decides_and_the_last_one_completes(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            long = await rig.send("+999000003", "long " * 80)
            await rig.state(long, "sent")
            await rig.state(long, "delivered", within=120)
            told = await states(rig, long)
            assert told == ["queued", "sent", "delivered"]
            parts = [e for e in await rig.timeline(long) if e.type == "part.report"]
            assert len(parts) == 6  # first "buffered", then "received", of each

    run_virtual(story())
