"""A backup made mid-flight, put back later: nothing doubled, nothing lost unnamed."""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import StoreError
from modemgw.gateway.restored import Done, bring_back
from modemgw.gateway.restoring import Choice
from modemgw.store.backup import Luggage, make
from modemgw.store.shelf import Place
from tests.gateway.rig import TESTER, Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

TO = "+49151123456{:02}"
SLOW = "sims:\n  defaults: {pace: 1/min, reports: on}\n"


def back_up(rig: Rig, shelf: Path) -> Path:
    shelf.mkdir(exist_ok=True)
    about = Luggage("test")
    now = rig.clock.now_ms()
    return make(rig.store.data_dir, Place(shelf), about, now_ms=now, rest=0).path


def put_back(
    tmp_path: Path, file: Path, clock: VirtualClock, choice: Choice = Choice.HOLD
) -> Done:
    return bring_back(tmp_path / "data", file, choice=choice, now_ms=clock.now_ms())


def test_nothing_is_sent_twice_after_a_restore(tmp_path: Path) -> None:
    """Queued at the backup, sent since, restored: held, and settled by a person."""

    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock, extra=SLOW, abandon=True) as rig:
            await rig.ready()
            first = await rig.send(TO.format(0), "first")
            await rig.state(first, "delivered")
            waiting = [await rig.send(TO.format(n), f"no {n}") for n in range(1, 5)]
            file = back_up(rig, tmp_path / "shelf")
            for public_id in waiting[:3]:  # the box goes on after its backup
                await rig.state(public_id, "delivered", within=600)
            late = await rig.send(TO.format(9), "after the backup", priority="urgent")
            await rig.state(late, "delivered", within=600)
            with pytest.raises(StoreError, match="in use"):
                put_back(tmp_path, file, clock)
            world, on_air = (rig.network, rig.sims), rig.on_air
        done = put_back(tmp_path, file, clock)
        assert done.settled.held == 4
        assert done.missing is not None and done.missing.whole
        assert (done.missing.outbound, done.missing.inbound) == (1, 0)
        assert done.missing.listed is not None
        assert late in done.missing.listed.read_text()
        async with gateway_rig(tmp_path, clock=clock, world=world) as rig:
            await rig.ready()
            await asyncio.sleep(600)
            assert rig.on_air == on_air, "a restored message was sent by itself"
            assert (await rig.message(first)).state == "delivered"
            for public_id in waiting:
                row = await rig.message(public_id)
                assert (row.state, row.reason and row.reason["detail"]) == (
                    "in_doubt",
                    f"restored from a backup of {instant_of(done)}: it may have left"
                    " since then",
                )
                assert row.sequence > 1000
            # A person asks around, and decides.
            await rig.gateway.settle(waiting[0], "sent", TESTER)
            await rig.gateway.settle(waiting[1], "failed", TESTER)
            await rig.gateway.settle(waiting[3], "resend", TESTER)
            await rig.state(waiting[3], "delivered")
            assert rig.on_air == on_air + 1
            assert (await rig.message(waiting[0])).state == "sent"
            assert (await rig.message(waiting[1])).state == "failed"
            assert (await rig.message(waiting[2])).state == "in_doubt"

    run_virtual(story())


def instant_of(done: Done) -> str:
    return str(done.as_dict()["made_at"])
