"""Real pseudo terminals, real time: what opening, writing and losing a tty does."""

import asyncio
import errno
import fcntl
import os
import threading
import time
import tty
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
import serial

from modemgw.errors import PortLost
from modemgw.modem import port as port_module
from modemgw.modem.port import MAX_WAITING, Port, open_serial


def run(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(debug=True) as runner:
        runner.run(asyncio.wait_for(scenario, 10))


class Pty:
    """A pseudo terminal behind a link, as the simulator offers them."""

    def __init__(self, link: Path) -> None:
        self.link = link
        self.master = -1
        self.plug()

    def plug(self) -> None:
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.link.unlink(missing_ok=True)
        self.link.symlink_to(os.ttyname(slave))
        os.close(slave)

    def unplug(self) -> None:
        if self.master >= 0:
            os.close(self.master)
            self.master = -1
            self.link.unlink(missing_ok=True)


@pytest.fixture
def pty(tmp_path: Path) -> Iterator[Pty]:
    made = Pty(tmp_path / "modem0")
    yield made
    made.unplug()


class Heard:
    def __init__(self) -> None:
        self.data = bytearray()
        self.lost: list[Exception] = []
        self.event = asyncio.Event()

    def on_data(self, data: bytes) -> None:
        self.data += data
        self.event.set()

    def on_lost(self, exc: Exception) -> None:
        self.lost.append(exc)
        self.event.set()

    async def open(self, path: Path) -> Port:
        return await open_serial(str(path), self.on_data, self.on_lost)


def test_octets_pass_both_ways_untouched(pty: Pty) -> None:
    async def scenario() -> None:
        heard = Heard()
        port = await heard.open(pty.link)
        port.write(b"AT\r\x1a\x1b")
        assert os.read(pty.master, 100) == b"AT\r\x1a\x1b"
        os.write(pty.master, b"\r\nOK\r\n\x11\x13\x03")
        await heard.event.wait()
        assert heard.data == b"\r\nOK\r\n\x11\x13\x03"
        port.close()
        port.close()
        with pytest.raises(PortLost, match="closed"):
            port.write(b"AT\r")
        await asyncio.sleep(0.01)
        assert heard.lost == []

    run(scenario())


def test_a_vanished_modem_is_port_lost_and_found_again_behind_its_link(
    pty: Pty,
) -> None:
    async def scenario() -> None:
        heard = Heard()
        port = await heard.open(pty.link)
        pty.unplug()
        await heard.event.wait()
        assert [type(exc) for exc in heard.lost] == [PortLost]
        with pytest.raises(PortLost):
            port.write(b"AT\r")
        with pytest.raises(PortLost, match="waiting for the port"):
            await heard.open(pty.link)
        pty.plug()
        again = await heard.open(pty.link)
        again.write(b"AT\r")
        assert os.read(pty.master, 100) == b"AT\r"
        again.close()
        await asyncio.sleep(0.01)

    run(scenario())


def test_a_write_to_a_vanished_modem_is_port_lost_at_once(pty: Pty) -> None:
    async def scenario() -> None:
        heard = Heard()
        port = await heard.open(pty.link)
        await asyncio.sleep(0)
        pty.unplug()
        with pytest.raises(PortLost):
            port.write(b"AT\r")
        await asyncio.sleep(0.01)
        assert len(heard.lost) == 1

    run(scenario())


def test_a_modem_that_stops_reading_is_port_lost_and_closes_at_once(pty: Pty) -> None:
    async def scenario() -> None:
        heard = Heard()
        port = await heard.open(pty.link)
        loop = asyncio.get_running_loop()
        began = loop.time()
        with pytest.raises(PortLost, match="stopped reading"):
            for _ in range(1000):
                port.write(b"x" * 512)
        await heard.event.wait()
        await asyncio.sleep(0.01)
        assert loop.time() - began < 1
        assert len(heard.lost) == 1

    run(scenario())


def test_what_the_driver_does_not_take_at_once_arrives_later(pty: Pty) -> None:
    async def scenario() -> None:
        port = await Heard().open(pty.link)
        os.set_blocking(pty.master, False)
        sent = 0
        while not getattr(port, "_unwritten"):  # noqa: B009
            port.write(b"x" * (MAX_WAITING // 4))
            sent += MAX_WAITING // 4
        got = 0
        while got < sent:
            await asyncio.sleep(0.001)
            try:
                got += len(os.read(pty.master, 65_536))
            except BlockingIOError:
                continue
        assert got == sent
        port.close()
        await asyncio.sleep(0.01)

    run(scenario())


def test_a_port_has_one_owner(pty: Pty) -> None:
    async def scenario() -> None:
        port = await Heard().open(pty.link)
        with pytest.raises(PortLost, match="held by another program"):
            await Heard().open(pty.link)
        port.close()
        await asyncio.sleep(0.01)
        (await Heard().open(pty.link)).close()
        await asyncio.sleep(0.01)

    run(scenario())


def test_a_plain_file_is_no_port(tmp_path: Path) -> None:
    file = tmp_path / "not-a-tty"
    file.write_text("")

    async def scenario() -> None:
        with pytest.raises(PortLost, match="not a serial port"):
            await Heard().open(file)

    run(scenario())


def test_a_driver_that_hangs_is_given_up(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()
    really = port_module._open

    def hanging(path: str) -> object:
        release.wait(5)
        return really(path)

    monkeypatch.setattr(port_module, "_open", hanging)
    monkeypatch.setattr(port_module, "OPEN_S", 0.05)

    async def scenario() -> None:
        with pytest.raises(PortLost, match="did not open within"):
            await Heard().open(pty.link)
        release.set()
        monkeypatch.setattr(port_module, "_open", really)
        await asyncio.sleep(0.1)  # what it opened late was closed again
        (await Heard().open(pty.link)).close()
        await asyncio.sleep(0.01)

    run(scenario())


def test_a_late_opening_that_fails_is_nobodys_business(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(path: str) -> object:
        time.sleep(0.1)
        raise PortLost("too late to matter")

    monkeypatch.setattr(port_module, "_open", failing)
    monkeypatch.setattr(port_module, "OPEN_S", 0.01)

    async def scenario() -> None:
        with pytest.raises(PortLost, match="did not open within"):
            await Heard().open(tmp_path)
        await asyncio.sleep(0.2)

    run(scenario())


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (errno.ENOENT, "waiting for the port"),
        (errno.ENODEV, "waiting for the port"),
        (errno.EACCES, "no permission"),
        (errno.EBUSY, "held by another program"),
        (errno.EIO, "cannot be opened"),
    ],
)
def test_a_failed_opening_is_said_in_words(
    number: int, why: str, pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*args: object, **options: object) -> object:
        raise serial.SerialException(number, os.strerror(number))

    monkeypatch.setattr(serial, "Serial", failing)

    async def scenario() -> None:
        with pytest.raises(PortLost, match=why):
            await Heard().open(pty.link)

    run(scenario())


def test_a_descriptor_beyond_what_select_takes_serves_as_any_other(
    pty: Pty, monkeypatch: pytest.MonkeyPatch
) -> None:
    beyond = 1100  # select() ends at 1023
    really = port_module._open

    def opened_late(path: str) -> serial.Serial:
        device = really(path)
        low = device.fileno()
        high = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, beyond)
        os.close(low)
        device.fd = high
        return device

    monkeypatch.setattr(port_module, "_open", opened_late)

    async def scenario() -> None:
        heard = Heard()
        port = await heard.open(pty.link)
        os.write(pty.master, b"OK\r\n")
        await heard.event.wait()
        assert heard.data == b"OK\r\n"
        port.write(b"AT\r")
        assert os.read(pty.master, 100) == b"AT\r"
        heard.event.clear()
        pty.unplug()
        await heard.event.wait()
        assert len(heard.lost) == 1

    run(scenario())


def test_a_cancelled_opening_leaves_no_port_open(pty: Pty) -> None:
    async def scenario() -> None:
        task = asyncio.ensure_future(Heard().open(pty.link))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.1)
        (await Heard().open(pty.link)).close()
        await asyncio.sleep(0.01)

    run(scenario())
