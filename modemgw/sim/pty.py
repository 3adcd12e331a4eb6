"""Simulated modems behind pseudo terminals, for any AT client.

A client opens `DIR/modem0` as it would open /dev/ttyUSB0, and finds the modem as
the client before left it. With no client nothing runs here: one edge-triggered
epoll watches all masters, and a hung-up master wakes it only once.
"""

import asyncio
import select
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from modemgw.sim import plugging
from modemgw.sim.modem import SimModem
from modemgw.sim.pty_port import PtyPort


class PtyModems:
    """Serves modems in the running loop as DIR/modem0, DIR/modem1 …

    An async context manager; leaving it removes the links. The modems may be
    unplugged and plugged in again, also under another name. Further ports of a
    modem are beside it: DIR/modem0.1 is the second one of modem0.
    """

    def __init__(self, modems: Sequence[SimModem], directory: Path) -> None:
        self.modems = list(modems)
        self.directory = directory
        self.names = [f"modem{at}" for at in range(len(self.modems))]
        self._ports: dict[int, list[PtyPort]] = {}  # by the modem's place
        self._by_master: dict[int, tuple[int, PtyPort]] = {}
        self._epoll: select.epoll | None = None

    @property
    def links(self) -> list[Path]:
        """Where the modems are, in their order; unplugged ones too."""
        return [self.directory / name for name in self.names]

    async def __aenter__(self) -> Self:
        """Make the ptys and links."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self._epoll = select.epoll()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._epoll.fileno(), self._ready)
        try:
            for at, modem in enumerate(self.modems):
                modem.socket = self
                self._open(at)
        except BaseException:
            self.close()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove links and ptys."""
        self.close()

    def close(self) -> None:
        """Remove links and ptys."""
        for at in list(self._ports):
            self._close(at)
        if self._epoll is not None:
            asyncio.get_running_loop().remove_reader(self._epoll.fileno())
            self._epoll.close()
            self._epoll = None

    def _open(self, at: int) -> None:
        if self._epoll is None or at in self._ports:
            return
        modem = self.modems[at]
        ports = self._ports[at] = []
        for number in range(len(modem.ports)):
            name = self.names[at] + (f".{number}" if number else "")
            port = PtyPort(modem, self.directory / name, number)
            ports.append(port)
            self._by_master[port.master] = at, port
            self._epoll.register(port.master, select.EPOLLIN | select.EPOLLET)

    def _close(self, at: int) -> None:
        for port in self._ports.pop(at, ()):
            if self._epoll is not None:
                self._epoll.unregister(port.master)
            del self._by_master[port.master]
            port.close()

    def _ready(self) -> None:
        if self._epoll is None:
            return
        for master, _ in self._epoll.poll(0):
            at, port = self._by_master.get(master, (0, None))
            if port is not None and not port.ready():
                self._close(at)
                self._open(at)

    # --- sticks that come and go

    def unplug(self, at: int) -> None:
        """Pull a stick: its link and pty go, its power too."""
        plugging.unplug(self.modems[at])

    def replug(self, at: int, name: str | None = None) -> None:
        """Plug it in again, perhaps under another name."""
        plugging.replug(self.modems[at], name)

    def take_away(self, modem: SimModem) -> None:
        """Take link and pty of this modem away."""
        self._close(self.modems.index(modem))

    def bring_back(self, modem: SimModem, name: str | None = None) -> None:
        """Make them again, perhaps under another name."""
        at = self.modems.index(modem)
        self.names[at] = name or self.names[at]
        self._open(at)

    def spare_name(self, modem: SimModem) -> str:
        """Return a name that no modem has."""
        return plugging.next_name(self.names[self.modems.index(modem)], self.names)

    def neighbour(self, modem: SimModem) -> tuple[SimModem, str, str]:
        """Return the next modem, its name, and the name of this one."""
        at = self.modems.index(modem)
        other = (at + 1) % len(self.modems)
        return self.modems[other], self.names[other], self.names[at]
