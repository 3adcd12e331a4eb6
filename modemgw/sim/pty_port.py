"""One port of a simulated modem behind a pseudo terminal."""

import asyncio
import contextlib
import errno
import logging
import os
import select
import termios
import tty
from pathlib import Path

from modemgw.sim.modem import SimModem

READ_SIZE = 4096
MAX_PENDING = 65_536  # octets kept for a client that does not read; the rest is lost
RETRY_S = 0.05  # until its tty takes more

_log = logging.getLogger(__name__)


class PtyPort:
    """One pseudo terminal with a modem at its master end and a link to the other.

    `end` is the port of the modem that is served here.
    """

    def __init__(self, modem: SimModem, link: Path, number: int = 0) -> None:
        self.modem = modem
        self.end = modem.ports[number]
        self.link = link
        self.master, slave = os.openpty()
        self._slave_name = os.ttyname(slave)
        tty.setraw(slave)
        os.close(slave)
        os.set_blocking(self.master, False)
        self._poll = select.poll()
        self._poll.register(self.master, 0)  # hang-ups are reported always
        self._has_client = False
        self._pending = bytearray()
        self._is_open = True
        try:
            if link.is_symlink():
                link.unlink()  # left by a run that was killed
            link.symlink_to(self._slave_name)
        except OSError:
            os.close(self.master)
            raise
        self.end.write = self.say

    def close(self) -> None:
        """Take link and pty away; a client finds its device gone."""
        if self._is_open:
            self._is_open = False
            with contextlib.suppress(OSError):
                if self.link.readlink() == Path(self._slave_name):
                    self.link.unlink()
            self._pending.clear()
            os.close(self.master)

    def _is_hung_up(self) -> bool:
        return any(event & select.POLLHUP for _, event in self._poll.poll(0))

    def ready(self) -> bool:
        """Read what came, and notice that a client left.

        False where that client locked the terminal for good (TIOCEXCL, which a
        real tty forgets at the last close) and a new one is needed.
        """
        while self._is_open:
            try:
                data = os.read(self.master, READ_SIZE)
            except BlockingIOError:
                break
            except OSError:  # EIO: nobody holds the other end
                break
            if not data:
                break
            self._has_client = True
            self.end.data_received(data)
            if len(data) < READ_SIZE:
                break
        if self._is_open and self._has_client and self._is_hung_up():
            self._has_client = False
            return self._clean_up()
        return True

    def _clean_up(self) -> bool:
        """Discard what the last client did not read, and its line settings."""
        self._pending.clear()
        try:
            slave = os.open(self._slave_name, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        except OSError as error:
            return error.errno != errno.EBUSY
        with contextlib.suppress(termios.error):
            termios.tcflush(slave, termios.TCIFLUSH)
            tty.setraw(slave, termios.TCSANOW)
        os.close(slave)
        return True

    def say(self, data: bytes) -> None:
        """Give octets to the client; without one they are lost, as on a real port."""
        if not self._is_open:
            return
        if not self._has_client:
            if self._is_hung_up():
                return
            self._has_client = True
        if self._pending:
            self._keep(data)
            return
        try:
            taken = os.write(self.master, data)
        except BlockingIOError:
            taken = 0
        except OSError:
            return
        if taken < len(data):
            self._keep(data[taken:])
            asyncio.get_running_loop().call_later(RETRY_S, self._say_on)

    def _keep(self, data: bytes) -> None:
        room = MAX_PENDING - len(self._pending)
        if len(data) > room:
            _log.debug("client does not read", extra={"modem": self.modem.name})
        self._pending += data[:room]

    def _say_on(self) -> None:
        if not self._is_open or not self._pending:
            return
        with contextlib.suppress(BlockingIOError):
            try:
                del self._pending[: os.write(self.master, self._pending)]
            except BlockingIOError:
                raise
            except OSError:
                self._pending.clear()
        if self._pending:
            asyncio.get_running_loop().call_later(RETRY_S, self._say_on)
