"""`?wait=N`: woken by every change, and let go at a stop."""

import asyncio
from pathlib import Path

import pytest

from modemgw.gateway.gateway import Gateway
from tests.gateway.rig import gateway_rig
from tests.loop import run_virtual


def test_a_change_in_the_middle_of_a_look_is_not_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = 0

    async def story() -> None:
        nonlocal looks
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "sent")

            async def look(gateway: Gateway, public_id: str) -> bool:
                nonlocal looks
                looks += 1
                if looks == 1:  # what it reads is older than what is told meanwhile
                    gateway.waiters.tell(public_id)
                    return False
                return True

            monkeypatch.setattr(Gateway, "_has_left", look)
            loop = asyncio.get_running_loop()
            began = loop.time()
            await rig.gateway.wait_state(sent, 60)
            assert loop.time() - began < 1

    run_virtual(story())
    assert looks == 2


def test_who_waits_is_answered_when_the_gateway_stops(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, latency=3.0) as rig:
            await rig.ready()
            on_air, queued = await rig.send(), await rig.send()
            await rig.state(on_air, "sending")
            loop = asyncio.get_running_loop()
            began = loop.time()
            async with asyncio.TaskGroup() as group:
                group.create_task(rig.gateway.wait_state(on_air, 60))
                group.create_task(rig.gateway.wait_state(queued, 60))
                await asyncio.sleep(0.1)
                assert await rig.gateway.drain(100)
            assert loop.time() - began < 4
            assert (await rig.message(on_air)).state == "sent"
            assert (await rig.message(queued)).state == "queued"

    run_virtual(story())
