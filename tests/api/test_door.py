"""Connections: a share for everybody, and none for those who say nothing."""

import asyncio
import gc
import resource
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from modemgw.api import door
from modemgw.api.app import build_app
from tests.api.desk import Desk, at_desk

GET = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


def behind_a_door(
    tmp_path: Path,
    story: Callable[[int], Awaitable[None]],
    most: int,
    proxies: tuple[str, ...] = (),
) -> None:
    async def at(desk: Desk) -> None:
        watched = door.Door(proxies)
        server = TestServer(build_app(desk.gateway, door=watched))
        await server.start_server()
        try:
            assert isinstance(server.runner, web.AppRunner)
            assert server.runner.server is not None
            watched.watch(server.runner.server, most)
            assert server.port is not None
            await story(server.port)
        finally:
            await server.close()

    at_desk(tmp_path, at)


async def answered(port: int) -> bytes:
    """Connect, ask, and return the status line; nothing where it was cut off."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(GET)
        async with asyncio.timeout(10):
            return await reader.readline()
    except ConnectionError:
        return b""
    finally:
        writer.close()


def test_a_connection_that_says_nothing_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "HEAD_DEADLINE_S", 0.05)

    async def story(port: int) -> None:
        for said in (b"", b"GET /healthz HTTP/1.1\r\nHost"):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(said)
            async with asyncio.timeout(10):
                with suppress(ConnectionError):
                    assert await reader.read() == b""
            writer.close()

    behind_a_door(tmp_path, story, 100)


def test_a_connection_that_is_gone_is_not_kept_for_its_deadline(tmp_path: Path) -> None:
    async def at(desk: Desk) -> None:
        watched = door.Door()
        server = TestServer(build_app(desk.gateway, door=watched))
        await server.start_server()
        assert isinstance(server.runner, web.AppRunner)
        assert server.runner.server is not None
        watched.watch(server.runner.server, 100)
        loop = asyncio.get_running_loop()
        for said in (b"", b"GET /healthz HT", GET):
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(said)
            await writer.drain()
            writer.transport.abort()
        async with asyncio.timeout(10):
            while server.runner.server.connections:
                assert (await desk.get("/healthz")).status == 200  # its turn comes
        waiting = [timer for timer in vars(loop)["_scheduled"] if not timer.cancelled()]
        assert not [timer for timer in waiting if "_give_up" in repr(timer)]
        await server.close()

    at_desk(tmp_path, at)


def test_a_connection_that_has_asked_once_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "HEAD_DEADLINE_S", 0.05)

    async def story(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(GET)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            await reader.readuntil(b"}")
            await asyncio.sleep(0.1)  # longer than a silent one would last
        writer.close()

    behind_a_door(tmp_path, story, 100)


def test_beyond_the_limit_connections_are_cut_and_come_back_when_others_leave(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(port: int) -> None:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(5)]
        assert await answered(port) == b""
        for _, writer in idle:
            writer.close()
        async with asyncio.timeout(10):
            while not await answered(port):
                pass

    behind_a_door(tmp_path, story, 5)
    gc.collect()  # tasks that failed unseen say so now
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_one_address_cannot_take_every_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_EACH", 3)

    async def story(port: int) -> None:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        assert await answered(port) == b""
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, local_addr=("127.0.0.2", 0)
        )
        writer.write(GET)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        for _, open_one in [*idle, (reader, writer)]:
            open_one.close()

    behind_a_door(tmp_path, story, 100)


def test_a_proxy_may_take_as_many_as_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "MOST_EACH", 2)

    async def story(port: int) -> None:
        idle = [await asyncio.open_connection("127.0.0.1", port) for _ in range(4)]
        assert (await answered(port)).startswith(b"HTTP/1.1 200 ")
        for _, writer in idle:
            writer.close()

    behind_a_door(tmp_path, story, 100, ("127.0.0.0/8",))


@pytest.mark.parametrize(
    ("looks", "most"),
    [pytest.param(2, 2**40, id="for long"), pytest.param(10**6, 1000, id="too much")],
)
def test_who_does_not_take_the_answers_is_cut_off(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looks: int, most: int
) -> None:
    monkeypatch.setattr(door, "SWEEP_S", 0.02)
    monkeypatch.setattr(door, "STALLED_SWEEPS", looks)
    monkeypatch.setattr(door, "MOST_UNTAKEN", most)

    async def story(port: int) -> None:
        with socket.socket() as greedy:
            greedy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            greedy.connect(("127.0.0.1", port))
            ask = b"GET /v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n"
            greedy.setblocking(False)
            greedy.send(ask * 100)  # far more than the system keeps for us
            async with asyncio.timeout(20):
                while True:
                    assert (await answered(port)).startswith(b"HTTP/1.1 200 ")
                    if greedy.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                        break  # it was reset

    behind_a_door(tmp_path, story, 100)


@pytest.mark.parametrize(
    ("limits", "most", "raised"),
    [
        pytest.param((1024, 524_288), door.MOST, (door.FILES, 524_288), id="systemd"),
        pytest.param((1024, 1024), 1024 - door.KEPT_BACK, None, id="not allowed"),
        pytest.param((64, 64), door.FEWEST, None, id="hardly any"),
        pytest.param(
            (resource.RLIM_INFINITY,) * 2, door.MOST, None, id="without limit"
        ),
    ],
)
def test_files_are_kept_back_for_modems_and_the_database(
    monkeypatch: pytest.MonkeyPatch,
    limits: tuple[int, int],
    most: int,
    raised: tuple[int, int] | None,
) -> None:
    was_set: list[tuple[int, int]] = []
    monkeypatch.setattr(resource, "getrlimit", lambda _: limits)
    monkeypatch.setattr(resource, "setrlimit", lambda _, new: was_set.append(new))
    assert door.most_connections() == most
    assert was_set == ([raised] if raised else [])
