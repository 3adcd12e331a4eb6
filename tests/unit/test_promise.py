"""A promise: who listens hears at once, and everybody else as of any future."""

import asyncio
from typing import Any

import pytest

from modemgw.promise import Promise, Reply
from tests.loop import run_virtual


def promise() -> Promise[int]:
    return Promise(loop=asyncio.get_running_loop())


def test_a_listener_hears_before_the_turn_ends_and_who_awaits_after_it() -> None:
    async def story() -> list[str]:
        one, heard = promise(), list[str]()
        one.add_done_callback(lambda done: heard.append(f"called {done.result()}"))
        one.listen(lambda done: heard.append(f"listened {done.result()}"))
        one.settle(7, None)
        heard.append("settled")
        assert await one == 7
        return heard

    assert run_virtual(story()) == ["listened 7", "settled", "called 7"]


def test_a_failure_is_told_and_raised() -> None:
    async def story() -> None:
        one, told = promise(), list[BaseException | None]()
        one.listen(lambda done: told.append(done.exception()))
        one.settle(None, OSError("no"))
        assert [str(failure) for failure in told] == ["no"]
        with pytest.raises(OSError, match="no"):
            await one

    run_virtual(story())


def test_who_listens_too_late_hears_it_all_the_same() -> None:
    async def story() -> list[int]:
        one, heard = promise(), list[int]()
        one.settle(7, None)
        one.listen(lambda done: heard.append(done.result()))
        await asyncio.sleep(0)
        return heard

    assert run_virtual(story()) == [7]


def test_a_mistake_of_who_listens_is_reported_and_stops_nobody() -> None:
    def stumble(done: "asyncio.Future[int]") -> None:
        raise ZeroDivisionError

    async def story() -> list[dict[str, Any]]:
        reported: list[dict[str, Any]] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, told: reported.append(told))
        one = promise()
        one.listen(stumble)
        one.settle(7, None)
        assert await one == 7
        return reported

    (told,) = run_virtual(story())
    assert isinstance(told["exception"], ZeroDivisionError)


def test_who_awaits_a_reply_goes_on_before_the_turn_ends() -> None:
    async def story() -> list[str]:
        loop, heard = asyncio.get_running_loop(), list[str]()
        one, two = Reply[int](loop=loop), Reply[int](loop=loop)

        async def wait() -> None:
            heard.append(f"first {await one}")
            heard.append(f"second {await two}")

        def answer() -> None:
            one.answer(1)
            heard.append("answered one")
            two.answer(2)
            heard.append("answered two")

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        loop.call_soon(answer)
        await task
        return heard

    told = ["first 1", "answered one", "second 2", "answered two"]
    assert run_virtual(story()) == told


def test_a_reply_given_inside_of_a_task_interrupts_nobody() -> None:
    async def story() -> list[str]:
        heard = list[str]()
        one = Reply[int](loop=asyncio.get_running_loop())

        async def wait() -> None:
            heard.append(f"heard {await one}")

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        one.answer(1)
        heard.append("answered")
        await task
        return heard

    assert run_virtual(story()) == ["answered", "heard 1"]


def test_a_reply_that_nobody_awaits_yet_is_there_for_who_comes() -> None:
    async def story() -> int:
        one = Reply[int](loop=asyncio.get_running_loop())
        one.answer(7)
        return await one

    assert run_virtual(story()) == 7


def test_who_is_cancelled_hears_no_reply() -> None:
    async def story() -> None:
        one = Reply[int](loop=asyncio.get_running_loop())

        async def wait() -> int:
            return await one

        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert one.cancelled()

    run_virtual(story())
