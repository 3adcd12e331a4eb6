"""The clock is set while messages wait: an hour stays an hour."""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import DiskFull
from modemgw.gateway.wall import JUMP_MS, Wall
from tests.gateway.rig import TESTER, gateway_rig
from tests.loop import START_MS, VirtualClock, run_virtual

HOUR_MS = 3_600_000
YEAR_MS = 365 * 24 * HOUR_MS


@pytest.mark.parametrize("by", [YEAR_MS, -YEAR_MS, 2 * JUMP_MS])
def test_who_waits_when_the_clock_is_set_waits_as_long_as_was_asked(
    tmp_path: Path, by: int
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.gateway.care.pause_all(TESTER, on=True)
            sent = await rig.send(text="valid for an hour", expires_in=3600)
            scheduled = await rig.send(text="at that instant", send_at=START_MS + 1000)
            await asyncio.sleep(600)
            await rig.set_clock(by)
            assert rig.gateway.clock.now_ms() == rig.clock.now_ms()
            row = await rig.message(sent)
            assert row.state == "queued"
            assert row.expires_at == START_MS + HOUR_MS + by
            assert (await rig.message(scheduled)).not_before == START_MS + 1000
            await asyncio.sleep(2900)
            assert (await rig.message(sent)).state == "queued"
            await rig.state(sent, "expired", within=200)

    run_virtual(story())


def test_what_an_earlier_run_accepted_ends_when_it_was_meant_to(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock) as rig:
            await rig.gateway.care.pause_all(TESTER, on=True)
            sent = await rig.send(text="valid for an hour", expires_in=3600)
        clock.offset_ms -= YEAR_MS
        async with gateway_rig(tmp_path, clock=clock) as again:
            await again.gateway.care.pause_all(TESTER, on=True)
            await again.set_clock(YEAR_MS + 2 * HOUR_MS)
            await again.state(sent, "expired", within=100)

    run_virtual(story())


def test_a_jump_is_taken_though_the_disk_says_no(tmp_path: Path) -> None:
    def refuse(commit: int) -> None:
        raise DiskFull("no room")

    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.gateway.care.pause_all(TESTER, on=True)
            sent = await rig.send(text="valid for an hour", expires_in=3600)
            rig.store.writer.before_commit = refuse
            await rig.set_clock(YEAR_MS)
            assert rig.gateway.clock.now_ms() == rig.clock.now_ms()
            rig.store.writer.before_commit = None
            await asyncio.sleep(600)
            assert (await rig.message(sent)).state == "queued"

    run_virtual(story())


def test_a_jump_that_nobody_asks_about_is_found(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            rig.clock.offset_ms += HOUR_MS
            await asyncio.sleep(6)
            assert rig.gateway.clock.now_ms() == rig.clock.now_ms()

    run_virtual(story())


def test_who_comes_while_the_jump_is_taken_is_not_moved(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.gateway.care.pause_all(TESTER, on=True)
            before = await rig.send(text="before", expires_in=3600)
            rig.clock.offset_ms += YEAR_MS
            rig.gateway.clock.now_ms()
            ids = [await rig.send(text=str(n), expires_in=3600) for n in range(40)]
            await asyncio.sleep(600)
            for one in (before, *ids):
                row = await rig.message(one)
                assert row.state == "queued"
                assert row.expires_at == START_MS + YEAR_MS + HOUR_MS
            await rig.gateway.care.pause_all(TESTER, on=False)
            for one in ids:
                await rig.state(one, "delivered")

    run_virtual(story())


def test_a_small_step_and_a_step_back_are_followed_at_once() -> None:
    async def story() -> None:
        clock, seen = VirtualClock(), list[int]()
        wall = Wall(clock)
        clock.offset_ms += YEAR_MS
        assert wall.now_ms() == START_MS + YEAR_MS  # nobody takes jumps yet
        wall.on_jump = lambda: seen.append(1)
        clock.offset_ms += JUMP_MS
        assert wall.now_ms() == START_MS + YEAR_MS + JUMP_MS
        assert not seen
        clock.offset_ms += YEAR_MS
        await asyncio.sleep(5)
        assert wall.now_ms() == START_MS + YEAR_MS + JUMP_MS + 5000
        assert seen
        assert wall.jump_ms() == YEAR_MS
        wall.take(YEAR_MS)
        assert wall.now_ms() == clock.now_ms()
        assert wall.jump_ms() == 0
        clock.offset_ms -= YEAR_MS
        assert wall.now_ms() == clock.now_ms()
        assert wall.jump_ms() == -YEAR_MS
        wall.take(-YEAR_MS)
        assert wall.jump_ms() == 0

    run_virtual(story())
