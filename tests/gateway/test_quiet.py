"""Nobody is woken: quiet hours at the door, in the queue, and over a restart."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from modemgw.gateway.quiet import zones_of
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

NEW_YORK = ZoneInfo("America/New_York")
QUIET = (
    "quiet_hours: {marketing: 20:00-21:00}\n"
    "sims:\n  defaults: {pace: off, reports: on}\n"
)
SLOW = QUIET.replace("pace: off", "pace: 1/h")
GERMAN, AMERICAN = "+4915112345678", "+12125551234"


def at(text: str) -> VirtualClock:
    """A clock that shows this time of Berlin at the start."""
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))
    return VirtualClock(int(moment.timestamp() * 1000))


async def sent_at(rig: Rig, public_id: str, zone: str = "Europe/Berlin") -> str:
    row = await rig.message(public_id)
    assert row.sent_at is not None, (row.state, row.reason)
    local = datetime.fromtimestamp(row.sent_at / 1000, UTC).astimezone(ZoneInfo(zone))
    return f"{local:%a %H:%M}"


def test_what_comes_at_night_is_scheduled_for_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(
            tmp_path, extra=QUIET, clock=at("2026-11-23 20:30")
        ) as rig:
            await rig.ready()
            held = await rig.send(GERMAN, klass="marketing")
            awake = await rig.send(AMERICAN, klass="marketing")
            at_once = await rig.send(GERMAN)
            assert (await rig.message(held)).state == "scheduled"
            await asyncio.sleep(3600)
            assert await sent_at(rig, held) == "Mon 21:00"
            assert await sent_at(rig, awake) == "Mon 20:30"
            assert await sent_at(rig, at_once) == "Mon 20:30"

    run_virtual(story())


def test_what_waits_when_the_night_begins_goes_on_after_it(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(
            tmp_path, extra=SLOW, clock=at("2026-11-23 18:30")
        ) as rig:
            await rig.ready()
            ids = [
                await rig.send(GERMAN, f"n{n}", klass="marketing", expires_in=86_400)
                for n in range(4)
            ]
            short = await rig.send(GERMAN, klass="marketing", expires_in=7200)
            await asyncio.sleep(7800)
            assert [(await rig.message(one)).state for one in ids] == [
                "delivered",
                "delivered",
                "scheduled",
                "scheduled",
            ]
            ended = await rig.message(short)
            assert (ended.state, (ended.reason or {})["code"]) == (
                "expired",
                "quiet_hours",
            )
            held = [e for e in await rig.timeline(ids[2]) if e.type == "message.held"]
            assert [event.data["because"] for event in held] == ["quiet hours"]
            urgent = await rig.send(GERMAN, klass="alert")
            await asyncio.sleep(2 * 3600)
            assert await sent_at(rig, urgent) == "Mon 20:40"
            assert await sent_at(rig, ids[2]) == "Mon 21:40"
            await asyncio.sleep(3600)
            assert await sent_at(rig, ids[3]) == "Mon 22:40"

    run_virtual(story())


def test_a_message_that_has_begun_is_finished(tmp_path: Path) -> None:
    async def story() -> None:
        extra = QUIET.replace("pace: off", "pace: 1/min")
        async with gateway_rig(
            tmp_path, extra=extra, clock=at("2026-11-23 19:58")
        ) as rig:
            await rig.ready()
            long = await rig.send(GERMAN, "long " * 100, klass="marketing")
            await asyncio.sleep(600)
            assert (await rig.message(long)).state == "delivered"
            assert await sent_at(rig, long) > "Mon 20:00"

    run_virtual(story())


def test_a_restart_in_the_night_wakes_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        clock = at("2026-11-23 19:30")
        async with gateway_rig(tmp_path, extra=SLOW, clock=clock, abandon=True) as rig:
            await rig.ready()
            ids = [await rig.send(GERMAN, f"n{n}", klass="marketing") for n in range(3)]
            await asyncio.sleep(1200)  # a quarter of an hour before the night
            world = (rig.network, rig.sims)
        await asyncio.sleep(1200)  # ten past
        async with gateway_rig(tmp_path, extra=QUIET, clock=clock, world=world) as rig:
            await rig.ready()
            await asyncio.sleep(1800)
            assert (await rig.message(ids[1])).state == "scheduled"
            await asyncio.sleep(3600)
            assert await sent_at(rig, ids[1]) == "Mon 21:00"
            assert rig.on_air == 3

    run_virtual(story())


@pytest.mark.parametrize(
    ("to", "zones"),
    [
        (GERMAN, {"Europe/Berlin"}),
        (AMERICAN, {"America/New_York"}),
        ("+16135550100", {"America/Toronto"}),
        ("80888", set()),
        ("+999000001", set()),
        ("+", set()),
    ],
)
def test_the_zones_of_a_number(to: str, zones: set[str]) -> None:
    assert {str(zone) for zone in zones_of(to)} == zones
