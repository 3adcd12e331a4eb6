"""The alarm of the dispatcher: what wakes it, and what lets it sleep on."""

import asyncio

import pytest

from modemgw.gateway.alarm import Alarm
from tests.loop import VirtualClock, run_virtual


@pytest.mark.parametrize(
    ("ahead_ms", "slept_s"),
    [
        pytest.param(59_000, 10, id="sooner-than-it-would-wake"),
        pytest.param(60_000, 60, id="just-then"),
        pytest.param(90_000, 60, id="later"),
        pytest.param(-5, 10, id="already"),
    ],
)
def test_only_what_comes_sooner_wakes(ahead_ms: int, slept_s: int) -> None:
    async def story() -> None:
        clock = VirtualClock()
        alarm, began, now = Alarm(clock), clock.monotonic(), clock.now_ms()
        asyncio.get_running_loop().call_later(10, alarm.set_for, now + ahead_ms)
        await alarm.sleep(60)
        assert clock.monotonic() - began == pytest.approx(slept_s)

    run_virtual(story())


def test_news_wakes_at_once_and_is_kept_for_who_is_awake() -> None:
    async def story() -> None:
        clock = VirtualClock()
        alarm, began = Alarm(clock), clock.monotonic()
        asyncio.get_running_loop().call_later(1, alarm.set)
        await alarm.sleep(60)
        alarm.clear()
        alarm.set_for(clock.now_ms() + 3_600_000)  # nobody sleeps: it may matter
        await alarm.sleep(60)
        assert clock.monotonic() - began == pytest.approx(1)
        alarm.clear()
        await alarm.sleep(60)
        assert clock.monotonic() - began == pytest.approx(61)

    run_virtual(story())
