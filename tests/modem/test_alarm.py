"""One timer for many waits: it rings for the last one, on time, and for no other."""

import asyncio

import pytest

from modemgw.modem.alarm import Alarm
from tests.loop import run_virtual


@pytest.mark.parametrize(
    ("waits", "rings"),
    [
        # (begins, seconds, ends or None); when it rings
        ([(0, 10, None)], [10]),
        ([(0, 10, 1)], []),
        ([(0, 10, 1), (2, 150, None)], [152]),  # a later deadline, the timer too soon
        ([(0, 150, 1), (2, 10, None)], [12]),  # a sooner one
        ([(0, 10, 1), (2, 10, 3), (4, 10, 5), (6, 10, None)], [16]),
        ([(0, 150, None), (20, 5, None)], [25]),  # cut short
        ([(0, 10, None), (30, 10, None)], [10, 40]),  # and again after it rang
    ],
)
def test_it_rings_for_the_newest_wait_alone(
    waits: list[tuple[float, float, float | None]], rings: list[float]
) -> None:
    rang: list[float] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        alarm = Alarm(lambda: rang.append(loop.time() - began))
        for at, seconds, ends in waits:
            loop.call_at(began + at, alarm.set, began + at + seconds)
            if ends is not None:
                loop.call_at(began + ends, alarm.clear)
        await asyncio.sleep(1000)
        alarm.close()

    run_virtual(story())
    assert rang == pytest.approx(rings)


def test_what_is_put_off_rings_later() -> None:
    rang: list[float] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        alarm = Alarm(lambda: rang.append(loop.time()))
        now = loop.time()
        alarm.set(now + 10)
        loop.call_later(4, alarm.put_off, now + 4 + 150)
        await asyncio.sleep(1000)
        alarm.close()

    run_virtual(story())
    assert rang == pytest.approx([154])


def test_a_closed_one_never_rings() -> None:
    async def story() -> None:
        alarm = Alarm(lambda: pytest.fail("it rang"))
        alarm.set(asyncio.get_running_loop().time() + 5)
        alarm.close()
        await asyncio.sleep(100)

    run_virtual(story())


def test_waits_that_follow_one_another_share_one_timer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[float] = []

    async def story() -> None:
        loop = asyncio.get_running_loop()
        really = loop.call_at

        def counted(when: float, *rest: object, **also: object) -> asyncio.TimerHandle:
            made.append(when)
            return really(when, *rest, **also)  # type: ignore[arg-type]  # passed on

        alarm = Alarm(lambda: pytest.fail("it rang"))
        for _ in range(1000):  # a prompt and an answer, over and over
            monkeypatch.setattr(loop, "call_at", counted)
            alarm.set(loop.time() + 10)
            alarm.clear()
            alarm.set(loop.time() + 150)
            alarm.clear()
            monkeypatch.undo()
            await asyncio.sleep(0.2)
        alarm.close()

    run_virtual(story())
    assert len(made) <= 1000 * 0.2 / 10 * 3  # three in ten seconds, not ten in one
