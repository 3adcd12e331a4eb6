"""The self-test between own SIMs: its schedule, its verdicts, its leave."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from modemgw.errors import Conflict
from modemgw.policy.selftest import text_of
from modemgw.sim.faults import Faults
from tests.gateway.rig import TESTER, gateway_rig
from tests.gateway.selftesting import RED, every, in_turn, named, rig, run, skip
from tests.loop import run_virtual


def test_the_schedule_tests_both_ways_and_nobody_sees_a_message(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with rig(tmp_path) as gateway:
            await asyncio.sleep(320)
            found = await every(gateway)
            ways = [
                (named(gateway, t.from_sim_id), named(gateway, t.to_sim_id))
                for t in found
            ]
            assert sorted(ways) == [("blue", "red"), ("red", "blue")]
            for test in found:
                assert (test.result, test.cause, test.attempt) == (
                    "passed",
                    "schedule",
                    1,
                )
                assert test.submit_ms in (199, 200)
                assert test.delivery_ms is not None
                assert 1199 <= test.delivery_ms < 1500
                assert test.report_ms is not None
                assert test.report_ms >= test.delivery_ms
            assert await gateway.listed() == []
            assert await gateway.pushed("*") == [
                e for e in await gateway.pushed("*") if not e.type.startswith("message")
            ]
            view = gateway.gateway.sims()[0].selftest
            assert view is not None
            assert (view.sent, view.sent_passed, view.received_passed) == (1, 1, 1)
            # Not again before its hour, and then again.
            await asyncio.sleep(600)
            assert len(await every(gateway)) == 2
            await skip(gateway, 1.2)
            await asyncio.sleep(3600)
            assert len(await every(gateway)) >= 4

    run_virtual(story())


@pytest.mark.parametrize(
    ("selftest", "why"),
    [
        ("every: 1h", "not known"),
        ("every: 1h, paid: on, quiet: 00:00-23:59", ""),
        ("every: off, paid: on", ""),
    ],
)
def test_nothing_goes_out_without_leave(
    tmp_path: Path, selftest: str, why: str
) -> None:
    async def story() -> None:
        async with rig(tmp_path, selftest) as gateway:
            await asyncio.sleep(700)
            assert await every(gateway) == []
            assert gateway.on_air == 0
            if why:
                view = gateway.gateway.sims()[0].selftest
                assert view is not None
                assert why in (view.why or "")
                with pytest.raises(Conflict, match=why):
                    await gateway.gateway.upkeep.selftest.ask(
                        "red", None, paid=False, caller=TESTER
                    )

    run_virtual(story())


def test_without_the_section_nothing_is_scheduled(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2) as gateway:
            await gateway.ready()
            await asyncio.sleep(700)
            assert gateway.on_air == 0

    run_virtual(story())


@pytest.mark.parametrize(
    ("faults", "leg", "why"),
    [
        ({0: Faults(refuse_all=21)}, "submit", "rejected"),
        ({}, "delivery", "did not arrive"),
        ({}, "report", "no report"),
    ],
    ids=["submit", "delivery", "report"],
)
def test_a_failure_is_told_after_a_second_try(
    tmp_path: Path, faults: dict[int, Faults], leg: str, why: str
) -> None:
    network: dict[str, Any] = {
        "delivery": {"lost_messages": 1.0},
        "report": {"lost_reports": 1.0},
    }.get(leg, {})

    async def story() -> None:
        pair = "every: 6h, paid: on, pairs: [[red, blue]], within: 1min"
        async with rig(tmp_path, pair, faults=faults, **network) as gateway:
            await asyncio.sleep(900)
            told = [
                event
                for event in await gateway.pushed("sim.selftest_failed")
                if event.data["sim"] == "red"
            ]
            assert len(told) == 1
            assert told[0].data["leg"] == leg
            assert why in told[0].data["why"]
            assert told[0].data["to_sim"] == "blue"
            mine = [
                t
                for t in await every(gateway)
                if named(gateway, t.from_sim_id) == "red"
            ]
            assert [(t.attempt, t.result, t.leg) for t in mine] == [
                (1, "failed", leg),
                (2, "failed", leg),
            ]

    run_virtual(story())


def test_a_failure_that_passes_is_told_to_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        pair = "every: 6h, paid: on, pairs: [[red, blue]], within: 1min"
        async with rig(tmp_path, pair, lost_messages=1.0) as gateway:
            await asyncio.sleep(375)  # five minutes, a minute, and not yet half of one
            assert [t.result for t in await every(gateway)] == ["failed"]
            gateway.network.lost_messages = 0.0
            await asyncio.sleep(300)
            assert await gateway.pushed("sim.selftest_failed") == []
            results = [t.result for t in await every(gateway)]
            assert results[:2] == ["failed", "passed"]

    run_virtual(story())


def test_a_text_that_comes_late_is_still_nobodys_message(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, "every: off, within: 1min") as gateway:
            gateway.network.lost_messages = 1.0
            failed = await run(gateway)
            assert (failed.result, failed.leg) == ("failed", "delivery")
            blue = gateway.sims[1]
            gateway.clock.offset_ms += 3 * 86_400_000
            for _ in range(2):  # and once more: the network repeats itself
                gateway.network.inbound(blue, RED, text_of(failed.token))
                await asyncio.sleep(5)
            (late,) = await every(gateway)
            assert late.arrived_at is not None
            assert late.result == "failed"
            assert "late" in late.why
            assert late.copies == 1
            assert await gateway.inbox() == []

    run_virtual(story())


def test_a_text_that_comes_late_after_a_restart_is_known(tmp_path: Path) -> None:
    async def story() -> None:
        gateway = in_turn(tmp_path, "every: off, within: 1min")
        async with gateway() as before:
            await before.ready()
            before.network.lost_messages = 1.0
            failed = await run(before)
        async with gateway() as after:
            await after.ready()
            after.network.inbound(after.sims[1], RED, text_of(failed.token))
            await asyncio.sleep(5)
            (late,) = await every(after)
            assert late.arrived_at is not None
            assert await after.inbox() == []

    run_virtual(story())
