"""When a full queue has room again, as far as one can know."""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import RequestError
from modemgw.gateway.drain import GUESS_S, LATEST_S, Drain
from modemgw.policy.routing import SimView
from tests.gateway.rig import gateway_rig
from tests.loop import run_virtual


class _Clock:
    now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def now_ms(self) -> int:
        return int(self.now * 1000)


def sim(free_in_s: float = 0, *, ready: bool = True) -> SimView:
    at = int((_Clock.now + free_in_s) * 1000)
    return SimView(1, "red", "m", ready=ready, free_at=at)


def test_it_is_what_is_over_by_what_leaves() -> None:
    clock = _Clock()
    drain = Drain(clock)
    assert drain.seconds_until(1, [sim()]) == GUESS_S
    clock.now += 10
    drain.counted(20)  # two a second
    assert drain.seconds_until(10, []) == 5
    assert drain.seconds_until(1, []) == 1
    assert drain.seconds_until(10**9, []) == LATEST_S
    clock.now += 60
    drain.counted(0)  # then nothing for a minute: slower, and not at once for ever
    assert drain.seconds_until(10, []) == pytest.approx(10)
    drain.counted(5)  # no time has passed: says nothing


def test_it_is_not_before_a_sim_may_send() -> None:
    clock = _Clock()
    drain = Drain(clock)
    clock.now += 1
    drain.counted(100)
    now = clock.now_ms()
    held = SimView(1, "red", "m", ready=True, free_at=now + 90_000)
    gone = SimView(2, "blue", "n", ready=False, free_at=0)
    free = SimView(3, "gray", "o", ready=True, free_at=now)
    assert drain.seconds_until(1, [held, gone]) == 90
    assert drain.seconds_until(1, [held, free]) == 1


def test_who_comes_back_then_finds_room(tmp_path: Path) -> None:
    extra = "queue: {max: 20}\nsims:\n  defaults: {pace: 30/min, reports: off}\n"

    async def story() -> None:
        async with gateway_rig(tmp_path, extra=extra) as rig:
            await rig.ready()
            refusals = 0
            for n in range(60):
                try:
                    await rig.send(f"+4915112345{n:03}")
                except RequestError as exc:
                    assert exc.status == 503
                    assert exc.retry_after is not None
                    refusals += 1
                    await asyncio.sleep(exc.retry_after)
            assert 2 <= refusals <= 40

    run_virtual(story())
