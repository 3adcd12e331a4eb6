"""Simulated modems on real ptys, in real time: clients come, go and stay away."""

import asyncio
import errno
import os
import select
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from pytest_mock import MockerFixture

from modemgw.sim.fleet import make_modems
from modemgw.sim.network import Network
from modemgw.sim.pty import PtyModems
from modemgw.sim.pty_port import MAX_PENDING

DEADLINE_S = 5.0
BUSY = OSError(errno.EBUSY, "Device or resource busy")  # TIOCEXCL; root is spared


class Client:
    """A program that holds the other end of a pty."""

    def __init__(self, path: Path) -> None:
        self.file = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)

    def close(self) -> None:
        os.close(self.file)

    def type(self, text: str) -> None:
        os.write(self.file, text.encode())

    def read_now(self) -> bytes:
        try:
            return os.read(self.file, 4096)
        except BlockingIOError:
            return b""

    async def hear(self, end: bytes) -> bytes:
        """Read until something ends like this."""
        heard = b""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(DEADLINE_S):
            while not heard.endswith(end):
                ready = loop.create_future()
                loop.add_reader(self.file, ready.set_result, None)
                try:
                    await ready
                finally:
                    loop.remove_reader(self.file)
                heard += os.read(self.file, 4096)
        return heard


Story = Callable[[PtyModems], Coroutine[Any, Any, None]]


def served(directory: Path, count: int, scenario: Story) -> None:
    async def run() -> None:
        modems = make_modems(Network(latency=0.01), count)
        async with PtyModems(modems, directory) as ptys:
            await scenario(ptys)

    asyncio.run(run())


def test_clients_find_the_modem_as_the_one_before_left_it(tmp_path: Path) -> None:
    async def scenario(ptys: PtyModems) -> None:
        (link,) = ptys.links
        client = Client(link)
        client.type("AT+CMEE=2\r")
        await client.hear(b"OK\r\n")
        client.type("ATI\r")  # an answer that nobody reads
        client.close()
        network = ptys.modems[0].network
        network.inbound(ptys.modems[0], "+4917", "while nobody listens")
        await asyncio.sleep(0.01)
        client = Client(link)
        assert client.read_now() == b""
        client.type("AT+CMEE?;+CMGR=1\r")
        heard = await client.hear(b"OK\r\n")
        assert b"+CMEE: 2" in heard and b"+CMGR: 0,," in heard
        client.close()

    served(tmp_path, 1, scenario)
    assert list(tmp_path.iterdir()) == []


def test_a_client_that_only_listens_hears_indications(tmp_path: Path) -> None:
    async def scenario(ptys: PtyModems) -> None:
        modem = ptys.modems[0]
        modem.settings.cnmi = (2, 1, 0, 0, 0)
        client = Client(ptys.links[0])
        modem.network.inbound(modem, "+4917", "hi")
        assert await client.hear(b"\r\n") == b'\r\n+CMTI: "SM",1\r\n'
        client.close()

    served(tmp_path, 1, scenario)


def test_an_unplugged_stick_is_gone_and_comes_back_under_another_name(
    tmp_path: Path,
) -> None:
    async def scenario(ptys: PtyModems) -> None:
        client = Client(ptys.links[0])
        client.type("AT\r")
        await client.hear(b"OK\r\n")
        ptys.unplug(0)
        poll = select.poll()
        poll.register(client.file, select.POLLIN)
        assert poll.poll(DEADLINE_S * 1000)[0][1] & select.POLLHUP
        try:
            assert os.read(client.file, 10) == b""
        except OSError as error:
            assert error.errno == errno.EIO
        client.close()
        assert os.listdir(tmp_path) == ["modem1"]  # noqa: PTH208 - in a coroutine
        ptys.replug(0, "modem7")
        assert ptys.links == [tmp_path / "modem7", tmp_path / "modem1"]
        client = Client(tmp_path / "modem7")
        client.type("AT+CGSN\r")
        assert ptys.modems[0].imei.encode() in await client.hear(b"OK\r\n")
        client.close()
        ptys.replug(0)  # without being pulled first
        assert (tmp_path / "modem7").exists()

    served(tmp_path, 2, scenario)


def test_a_client_that_does_not_read_loses_and_blocks_nobody(tmp_path: Path) -> None:
    async def scenario(ptys: PtyModems) -> None:
        deaf, other = (Client(link) for link in ptys.links)
        deaf.type("AT\r")
        await deaf.hear(b"OK\r\n")
        line = "x" * 1000
        for _ in range(3 * MAX_PENDING // len(line)):
            ptys.modems[0].urc(line)
        other.type("AT\r")
        await other.hear(b"OK\r\n")
        heard = 0
        async with asyncio.timeout(DEADLINE_S):
            while heard < MAX_PENDING:
                heard += len(deaf.read_now())
                await asyncio.sleep(0)
        while deaf.read_now():
            pass
        deaf.type("AT+CGSN\r")
        assert ptys.modems[0].imei.encode() in await deaf.hear(b"OK\r\n")
        deaf.close()
        other.close()

    served(tmp_path, 2, scenario)


@pytest.mark.parametrize("visited", [False, True], ids=["never used", "after a client"])
def test_without_a_client_nothing_runs(tmp_path: Path, visited: bool) -> None:
    async def scenario(ptys: PtyModems) -> None:
        if visited:
            for link in ptys.links:
                client = Client(link)
                client.type("AT\r")
                await client.hear(b"OK\r\n")
                client.close()
        await asyncio.sleep(0.05)
        before = time.process_time()
        await asyncio.sleep(0.3)  # a measurement, nothing is waited for
        assert time.process_time() - before < 0.05

    served(tmp_path, 16, scenario)


def test_a_terminal_that_a_client_locked_is_replaced(
    tmp_path: Path, mocker: MockerFixture
) -> None:
    async def scenario(ptys: PtyModems) -> None:
        (link,) = ptys.links
        client = Client(link)
        client.type("AT+CMEE=2\r")
        await client.hear(b"OK\r\n")
        opened = mocker.patch.object(os, "open", side_effect=[BUSY])
        client.close()
        async with asyncio.timeout(DEADLINE_S):
            while not opened.called:  # noqa: ASYNC110 - it is the loop's turn
                await asyncio.sleep(0)
        mocker.stop(opened)
        client = Client(link)
        client.type("AT+CMEE?\r")
        assert b"+CMEE: 2" in await client.hear(b"OK\r\n")
        client.close()

    served(tmp_path, 1, scenario)


def test_links_left_by_a_killed_run_are_replaced_and_files_are_not(
    tmp_path: Path,
) -> None:
    (tmp_path / "modem0").symlink_to("/nowhere")

    async def scenario(ptys: PtyModems) -> None:
        assert ptys.links[0].exists()

    served(tmp_path, 1, scenario)
    (tmp_path / "modem1").write_text("somebody's file")
    with pytest.raises(FileExistsError):
        served(tmp_path, 2, scenario)
    assert [path.name for path in tmp_path.iterdir()] == ["modem1"]
