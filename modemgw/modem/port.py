"""Serial ports: the only file that knows a serial library.

A port is opened in a thread (drivers may block), exclusively, raw, with 115200
8N1 and without flow control: USB modems ignore the speed, and wires that are
not there must not stop a write. DTR is raised by the opening and never toggled.

The library opens and closes; reading and writing go straight to the descriptor,
one system call each, since a message is a dozen of them.

Closing never blocks the loop: what was not written is thrown away first, since
the driver would wait until a hung modem has read it.
"""

import asyncio
import contextlib
import errno
import os
import select
import termios
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Protocol

import serial

from modemgw.errors import PortLost
from modemgw.modem import holders

BAUD = 115_200
MAX_WAITING = 4096  # octets not yet taken by the driver; more is a hung modem
OPEN_S = 10.0  # a driver that takes longer has lost its device
READ = 4096  # octets at a time; a tty holds no more

OnData = Callable[[bytes], None]
OnLost = Callable[[Exception], None]


class Port(Protocol):
    """An open port. Octets come through the `on_data` given at its opening."""

    def write(self, data: bytes) -> None:
        """Hand `data` to the driver, all or nothing; PortLost if it cannot be."""

    def close(self) -> None:
        """Close at once. `on_lost` is not called for it."""


OpenPort = Callable[[str, OnData, OnLost], Awaitable[Port]]


async def open_serial(path: str, on_data: OnData, on_lost: OnLost) -> Port:
    """Open the tty at `path`; `on_lost` is called once if it goes away.

    Raises PortLost with a sentence for people: no such port, not allowed, held
    by another program, not a serial port.
    """
    if not _exists(path):  # a stat in /dev: cheaper than a thread
        raise PortLost("waiting for the port")
    loop = asyncio.get_running_loop()
    opening = loop.run_in_executor(None, _open, path)
    try:
        async with asyncio.timeout(OPEN_S):
            device = await asyncio.shield(opening)
    except TimeoutError:
        opening.add_done_callback(_close_late)
        raise PortLost(f"the port did not open within {OPEN_S:g} s") from None
    except asyncio.CancelledError:
        opening.add_done_callback(_close_late)
        raise
    return SerialPort(device, on_data, on_lost)


def _exists(path: str) -> bool:
    return Path(path).exists()


def _open(path: str) -> serial.Serial:
    try:
        device = serial.Serial(path, BAUD, timeout=0, write_timeout=0, exclusive=True)
        os.set_blocking(device.fileno(), False)
    except (serial.SerialException, OSError, termios.error, ValueError) as exc:
        raise PortLost(_why(exc, path)) from exc
    return device


def _close_late(opening: "asyncio.Future[serial.Serial]") -> None:
    """Close a port whose opening nobody waits for any more."""
    if not opening.cancelled() and opening.exception() is None:
        opening.result().close()


def _why(exc: BaseException, path: str) -> str:
    """Say what a failed opening means. SerialException hides its errno at times."""
    number = getattr(exc, "errno", None)
    if number is None and exc.__context__ is not None:  # an OSError or termios.error
        number = next(iter(exc.__context__.args), None)
    if number in (errno.ENOENT, errno.ENODEV, errno.ENXIO):
        return "waiting for the port"
    if number in (errno.EACCES, errno.EPERM):
        return "no permission to open the port: add the user to the group of the tty"
    if number in (errno.EBUSY, errno.EAGAIN, errno.EWOULDBLOCK):
        return holders.why_held(path)
    if number in (errno.ENOTTY, errno.EINVAL):
        return "the path is not a serial port"
    return f"the port cannot be opened: {exc}"


class SerialPort:
    """One open tty."""

    def __init__(self, device: serial.Serial, on_data: OnData, on_lost: OnLost) -> None:
        self._device = device
        self._descriptor = device.fileno()
        self._on_data = on_data
        self._on_lost = on_lost
        self._loop = asyncio.get_running_loop()
        self._unwritten = b""  # what the driver has not taken yet
        self._lost: PortLost | None = None
        self._loop.add_reader(self._descriptor, self._readable)

    def write(self, data: bytes) -> None:
        """Write at once where the driver takes it; what it leaves is buffered."""
        if self._lost is not None:
            raise self._lost
        if self._unwritten or len(data) > MAX_WAITING:
            if len(self._unwritten) + len(data) > MAX_WAITING:
                raise self._fail("the modem has stopped reading")
            self._unwritten += data
            return
        taken = self._give(data)
        if taken < len(data):
            self._unwritten = data[taken:]
            self._loop.add_writer(self._descriptor, self._writable)

    def close(self) -> None:
        """Close at once, throwing away what was not written."""
        if self._lost is None:
            self._lost = PortLost("the port is closed")
            self._abort()

    def _readable(self) -> None:
        try:
            data = os.read(self._descriptor, READ)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as exc:
            self._fail(f"the port is gone: {exc}")
            return
        if data:
            self._on_data(data)
        elif self._is_hung_up():
            self._fail("the port is gone")

    def _is_hung_up(self) -> bool:
        """Tell a hang-up, where a read gives nothing, from a wake-up for nothing."""
        look = select.poll()
        look.register(self._descriptor, select.POLLIN)
        return bool(look.poll(0))

    def _writable(self) -> None:
        try:
            taken = self._give(self._unwritten)
        except PortLost:
            return  # told already
        self._unwritten = self._unwritten[taken:]
        if not self._unwritten:
            self._loop.remove_writer(self._descriptor)

    def _give(self, data: bytes) -> int:
        """Return how many octets the driver took; raises PortLost."""
        try:
            return os.write(self._descriptor, data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as exc:
            raise self._fail(f"the port is gone: {exc}") from exc

    def _fail(self, why: str) -> PortLost:
        if self._lost is None:
            self._lost = PortLost(why)
            self._abort()
            # Not from inside a write: the caller finishes its own step first.
            self._loop.call_soon(self._on_lost, self._lost)
        return self._lost

    def _abort(self) -> None:
        self._loop.remove_reader(self._descriptor)
        self._loop.remove_writer(self._descriptor)
        # The device may be gone, which is why we close: nothing can be thrown away.
        with contextlib.suppress(OSError, termios.error, TypeError):
            self._device.reset_output_buffer()
        with contextlib.suppress(OSError):
            self._device.close()
