"""What goes wrong on the shortcut leaves nobody waiting and nothing behind."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from aiohttp.web_protocol import RequestHandler

from modemgw.api import app
from modemgw.api.shortcut import Line
from modemgw.gateway import views
from modemgw.gateway.repeats import Repeats
from tests.api.desk import TO, Desk
from tests.api.test_shortcut import (
    USUAL,
    Wire,
    held,
    play,
    status,
    taken,
    until,
)

__all__ = ["taken"]


def test_who_is_accepted_hears_of_it_whatever_fails_behind(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        def fail(_: object) -> None:
            raise RuntimeError("a mistake of ours")

        told: list[dict[str, Any]] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, it: told.append(it))
        with monkeypatch.context() as patch:
            patch.setattr(desk.gateway.dispatcher, "offer", fail)
            octets = wire.request(USUAL, "Idempotency-Key: 1")
            assert status(await wire.ask(octets)) == 202
        assert taken[-1] is True and len(told) == 1  # it is no secret
        assert status(await wire.ask(octets)) == 202
        assert status(await wire.ask(wire.request())) == 202
        assert await desk.queued() == 3

    play(tmp_path, story)


@pytest.mark.parametrize("ordinary", [False, True])
def test_what_fails_before_it_is_handed_over_is_no_repetition(
    tmp_path: Path,
    taken: list[bool],
    monkeypatch: pytest.MonkeyPatch,
    ordinary: bool,
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        desk.gateway.intake.repeats = Repeats(60)

        def fail(*_: object, **__: object) -> None:
            raise RuntimeError("a mistake of ours")

        line = f"POST /v1/messages{'?wait=0' if ordinary else ''} HTTP/1.1"
        body = {"to": TO, "text": "once"}
        octets = wire.request(body, "Idempotency-Key: 2", line=line)
        with monkeypatch.context() as patch:
            patch.setattr(views, "created", fail)
            assert status(await wire.ask(octets)) == 500
            assert True not in taken
        answer = await wire.ask(octets)
        assert status(answer) == 202 and b"msg_" not in answer.partition(b"warn")[2]
        assert await desk.queued() == 2

    play(tmp_path, story)


def test_what_cannot_be_handed_over_holds_no_promise(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        store = desk.gateway.store
        gather, failures = store.gather, 1

        def fail(*arguments: Any) -> Any:
            nonlocal failures
            failures -= 1
            if failures >= 0:
                raise RuntimeError("a mistake of ours")
            return gather(*arguments)

        asyncio.get_running_loop().set_exception_handler(lambda _, it: None)
        monkeypatch.setattr(store, "gather", fail)
        octets = wire.request(USUAL, "Idempotency-Key: 3")
        wire.write(octets)
        assert await wire.end() == b""  # it may be kept: nobody tries again for it
        other = await Wire(desk).open()
        assert status(await other.ask(octets)) == 202
        other.close()
        assert await desk.queued() == 2

    play(tmp_path, story)


def test_a_connection_is_quiet_from_its_last_answer_on(
    tmp_path: Path, taken: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow disk: the time that a connection may be quiet runs out in between."""
    monkeypatch.setattr(app, "KEEP_ALIVE_S", 0.2)

    async def story(desk: Desk, wire: Wire) -> None:
        gate = held(desk)
        wire.write(wire.request())
        await until(lambda: taken[-1])
        await asyncio.sleep(0.5)
        gate.set()
        assert status(await wire.read()) == 202
        assert status(await wire.ask(wire.request())) == 202
        assert taken[-1] is True
        assert await wire.end() == b""  # then it is hung up on
        assert await desk.queued() == 3

    play(tmp_path, story, inline=False)


def test_a_parser_that_fails_leaves_no_task(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story(desk: Desk, wire: Wire) -> None:
        before = asyncio.all_tasks()
        asyncio.get_running_loop().set_exception_handler(lambda _, it: None)

        def fail(line: Line, data: bytes) -> None:
            raise RuntimeError("a mistake of a library")

        other = await Wire(desk).open()
        assert status(await other.ask(other.request())) == 202
        with monkeypatch.context() as patch:
            patch.setattr(RequestHandler, "data_received", fail)
            other.write(other.request())
            assert await other.end() == b""
        other.close()
        await asyncio.sleep(0)
        assert asyncio.all_tasks() <= before

    play(tmp_path, story)
