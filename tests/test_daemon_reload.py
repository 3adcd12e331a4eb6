"""The daemon reads its configuration again: signals, the service manager, the doors."""

import asyncio
import logging
import os
import re
import signal
import socket
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from pathlib import Path

import pytest
from aiohttp import ClientSession, UnixConnector

from modemgw.config.load import load
from modemgw.config.paths import admin_socket
from modemgw.daemon import Daemon
from modemgw.gateway.backups import Backups
from tests.test_daemon import no_port

FILE = (
    "data_dir: ./data\ncountry: DE\ndiscovery: off\n"
    "modems:\n  - {name: m0, port: /dev/nowhere}\n"
    "http:\n  listen: 127.0.0.1:0\n"
)


class Manager:
    """A service manager that listens."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    async def until(self, words: str) -> list[str]:
        """Return what is said until these words are, but for the watchdog."""
        loop = asyncio.get_running_loop()
        said: list[str] = []
        while not said or words not in said[-1]:
            one = (await loop.sock_recv(self._socket, 4096)).decode()
            said += [one] * (one != "WATCHDOG=1")
        return said

    def close(self) -> None:
        self._socket.close()


def write(path: Path, text: str) -> None:
    path.write_text(text)


Story = Callable[[Daemon, Manager, Path], Awaitable[None]]


def run(home: Path, monkeypatch: pytest.MonkeyPatch, story: Story) -> None:
    path = home / "m.yaml"
    path.write_text(FILE)
    manager = Manager(home / "notify")
    monkeypatch.setenv("NOTIFY_SOCKET", str(home / "notify"))

    async def main() -> None:
        daemon = Daemon(load(path), open_port=no_port)
        up = asyncio.Event()

        async def tell() -> None:
            await up.wait()
            try:
                await story(daemon, manager, path)
            finally:
                daemon.stop()

        async with asyncio.timeout(20), asyncio.TaskGroup() as group:
            group.create_task(daemon.run(lambda _: up.set()))
            group.create_task(tell())

    try:
        asyncio.run(main())
    finally:
        manager.close()
        logging.getLogger("modemgw").setLevel(logging.NOTSET)


async def ask(
    daemon: Daemon,
    method: str,
    path: str,
    *,
    host: str = "localhost",
    admin: bool = False,
) -> tuple[int, str]:
    """Ask over the network, or over the admin socket."""
    connector = UnixConnector(str(admin_socket(daemon.config))) if admin else None
    address = "x" if admin else f"127.0.0.1:{daemon.addresses[0][1]}"
    async with (
        ClientSession(connector=connector) as session,
        session.request(
            method, f"http://{address}{path}", headers={"Host": host}
        ) as answer,
    ):
        return answer.status, await answer.text()


def test_a_signal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def story(daemon: Daemon, manager: Manager, path: Path) -> None:
        await manager.until("READY=1")
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGHUP, daemon.reload)
        write(path, FILE + "log: {level: debug}\nqueue: {max: 7}\n")
        for _ in range(50):
            os.kill(os.getpid(), signal.SIGHUP)
        said = await manager.until("READY=1")
        assert re.fullmatch(r"RELOADING=1\nMONOTONIC_USEC=[1-9]\d+", said[0])
        assert said[1:] == [
            "READY=1\nSTATUS=1 modem; reloaded: 2 changes applied",
        ]
        assert daemon.gateway.config.queue.max == 7
        assert logging.getLogger("modemgw").level == logging.DEBUG
        write(path, "contry: DE\n")
        os.kill(os.getpid(), signal.SIGHUP)
        said = await manager.until("not reloaded, see the log; what was in force")
        assert len(said) <= 4, "a storm is answered by one more"
        assert [one[:5] for one in said] == ["RELOA", "READY"] * (len(said) // 2)
        assert daemon.gateway.config.queue.max == 7
        loop.remove_signal_handler(signal.SIGHUP)

    run(tmp_path, monkeypatch, story)
    assert "contry: unknown key" in caplog.text


def test_the_doors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(daemon: Daemon, manager: Manager, path: Path) -> None:
        assert (await ask(daemon, "GET", "/healthz", host="sms.example.org"))[0] == 421
        assert (await ask(daemon, "GET", "/metrics"))[0] == HTTPStatus.UNAUTHORIZED
        write(path, FILE + "  hosts: [sms.example.org]\n  metrics: open\n")
        status, text = await ask(daemon, "POST", "/v1/reload", admin=True)
        assert (status, '"http.metrics"' in text) == (200, True)
        assert (await ask(daemon, "GET", "/healthz", host="sms.example.org"))[0] == 200
        assert (await ask(daemon, "GET", "/metrics"))[0] == 200
        write(path, FILE)
        await ask(daemon, "POST", "/v1/reload", admin=True)
        assert (await ask(daemon, "GET", "/healthz", host="sms.example.org"))[0] == 421
        write(path, FILE + "  listen: 127.0.0.1:1\nbad\n")
        status, text = await ask(daemon, "POST", "/v1/reload", admin=True)
        assert (status, "config-invalid" in text) == (422, True)
        assert (await ask(daemon, "POST", "/v1/reload"))[0] == HTTPStatus.UNAUTHORIZED

    run(tmp_path, monkeypatch, story)


def test_backups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: asyncio.Queue[str] = asyncio.Queue()

    async def tell(_: Backups, kind: str, *about: object) -> None:
        told.put_nowait(kind)

    monkeypatch.setattr(Backups, "_tell", tell)
    monkeypatch.setattr("modemgw.gateway.backups.FIRST_AFTER_S", 0)
    stick = tmp_path / "stick"
    stick.mkdir()

    async def story(daemon: Daemon, manager: Manager, path: Path) -> None:
        write(path, FILE + "backup: {path: ./stick}\n")
        status, text = await ask(daemon, "POST", "/v1/reload", admin=True)
        assert (status, '"needs_restart":[]' in text) == (200, True), text
        async with asyncio.timeout(10):
            assert await told.get() == "gateway.backup_done"
        assert list(stick.glob("modemgw-*.db"))

    run(tmp_path, monkeypatch, story)


def test_another_kind_of_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    async def story(daemon: Daemon, manager: Manager, path: Path) -> None:
        write(path, FILE + "  tls: {cert: a, key: b}\nqueue: {max: 5}\n")
        status, text = await ask(daemon, "POST", "/v1/reload", admin=True)
        assert (status, '"http.tls"' in text) == (200, True)
        assert '"needs_restart":[{"key":"http.tls"' in text
        assert daemon.gateway.config.http.tls.mode == "off"
        assert daemon.gateway.config.queue.max == 5

    run(tmp_path, monkeypatch, story)
