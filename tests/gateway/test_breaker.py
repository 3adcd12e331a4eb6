"""The fuse over all SIMs: it blows, it holds, it outlives a crash, it closes again."""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import DiskFull, StoreError
from modemgw.gateway.breaker import Breaker
from modemgw.gateway.model import Caller
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

ANNA = Caller(None, "anna", frozenset({"admin"}), "unix")
A_WHILE_S = 60
HOUR_S = 3600
FUSE = "sims:\n  max_parts_per_hour: 5\n  defaults: {pace: off, reports: on}\n"


def fuse(rig: Rig) -> Breaker:
    found = rig.gateway.care.breaker
    assert found is not None
    return found


async def send_many(rig: Rig, count: int) -> list[str]:
    return [await rig.send(f"+4915112345{n:03}") for n in range(count)]


def test_what_one_hour_may_send_ends_and_the_rest_waits(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=FUSE) as rig:
            await rig.ready()
            ids = await send_many(rig, 9)  # intake goes on
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 5
            readiness = rig.gateway.readiness()
            assert not readiness.ready
            assert "sims.max_parts_per_hour" in readiness.reasons[0]
            (event,) = await rig.pushed("gateway.breaker_tripped")
            assert event.data["max_parts_per_hour"] == 5
            assert {sim.state for sim in rig.gateway.sims()} == {"paced"}
            for sim in rig.gateway.sims():
                assert "fuse" in sim.why
            await asyncio.sleep(HOUR_S)
            assert rig.on_air == 9
            (reset,) = await rig.pushed("gateway.breaker_reset")
            assert reset.data["by"] == "time"
            for one in ids:
                await rig.state(one, "delivered")
            assert rig.gateway.readiness().ready

    run_virtual(story())


def test_a_person_resumes_and_the_count_begins_anew(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=FUSE) as rig:
            await rig.ready()
            await send_many(rig, 12)
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 5
            await rig.gateway.care.pause_all(ANNA, on=False)
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 10
            (reset,) = await rig.pushed("gateway.breaker_reset")
            assert reset.data["by"] == "anna"
            assert len(await rig.pushed("gateway.breaker_tripped")) == 2

    run_virtual(story())


def test_below_the_limit_nothing_happens_hour_after_hour(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=FUSE) as rig:
            await rig.ready()
            for _ in range(3):
                await send_many(rig, 4)
                await asyncio.sleep(HOUR_S + 60)
            assert rig.on_air == 12
            assert await rig.pushed("gateway.breaker_tripped") == []

    run_virtual(story())


@pytest.mark.parametrize("crash", [True, False], ids=["crash", "stop"])
def test_it_outlives_the_process(tmp_path: Path, crash: bool) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, extra=FUSE, clock=clock, abandon=crash) as rig:
            await rig.ready()
            await send_many(rig, 8)
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 5
            world = rig.network, rig.sims
            before = fuse(rig).state
        async with gateway_rig(tmp_path, extra=FUSE, clock=clock, world=world) as rig:
            await rig.ready()
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 5
            assert fuse(rig).state == before
            await asyncio.sleep(HOUR_S)
            assert rig.on_air == 8

    run_virtual(story())


def test_what_was_sent_before_a_restart_counts(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, extra=FUSE, clock=clock) as rig:
            await rig.ready()
            await send_many(rig, 3)
            await asyncio.sleep(A_WHILE_S)
            world = rig.network, rig.sims
        async with gateway_rig(tmp_path, extra=FUSE, clock=clock, world=world) as rig:
            await rig.ready()
            assert fuse(rig).used(clock.now_ms()) == 3
            await send_many(rig, 3)
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 5

    run_virtual(story())


def test_a_reset_that_is_not_on_disk_did_not_happen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=FUSE) as rig:
            await rig.ready()
            await send_many(rig, 8)
            await asyncio.sleep(A_WHILE_S)

            def refuse(*_: object, **__: object) -> int:
                raise DiskFull("no space left on device")

            with monkeypatch.context() as patched:  # the last that a reset writes
                patched.setattr("modemgw.gateway.audit.rows.append", refuse)
                with pytest.raises(StoreError):
                    await rig.gateway.care.pause_all(ANNA, on=False)
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 5
            await rig.gateway.care.pause_all(ANNA, on=False)
            await asyncio.sleep(A_WHILE_S)
            assert rig.on_air == 8

    run_virtual(story())


def test_without_the_setting_there_is_no_fuse(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            assert rig.gateway.care.breaker is None
            await rig.ready()
            (lane,) = rig.gateway.dispatcher.lanes.values()
            assert lane.sim is not None
            assert len(lane.sim.gates) == 1  # its health

    run_virtual(story())
