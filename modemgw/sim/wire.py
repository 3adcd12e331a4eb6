"""A simulated modem joined to a program without a tty, for tests in virtual time.

`Wires` stands where a program opens its serial ports: a path, a function that
takes octets, one that hears of the loss, and back comes a port to write to.
"""

import asyncio
from collections.abc import Callable, Mapping

from modemgw.errors import PortLost
from modemgw.sim.modem import SimModem

OnData = Callable[[bytes], None]
OnLost = Callable[[Exception], None]


class Wire:
    """One open port on one modem. Octets pass one turn of the loop later.

    `drip` passes single octets, each in a turn of its own, both ways.
    """

    def __init__(
        self, modem: SimModem, on_data: OnData, on_lost: OnLost, *, drip: bool = False
    ) -> None:
        self._modem = modem
        self._on_data = on_data
        self._on_lost = on_lost
        self._drip = drip
        self._loop = asyncio.get_running_loop()
        self.is_open = True
        self.written = bytearray()  # everything the program wrote
        modem.write = self._to_program

    def write(self, data: bytes) -> None:
        """Give octets to the modem; PortLost once the port is closed or cut."""
        if not self.is_open:
            raise PortLost("the simulated port is closed")
        self.written += data
        for piece in self._pieces(data):
            self._loop.call_soon(self._feed, piece)

    def close(self) -> None:
        """Close the port from the program's side; the modem lives on."""
        self.is_open = False

    def cut(self, why: str = "the simulated modem was unplugged") -> None:
        """Take the port away, as an unplugged stick does."""
        if self.is_open:
            self.is_open = False
            self._loop.call_soon(self._on_lost, PortLost(why))

    def _pieces(self, data: bytes) -> list[bytes]:
        if not self._drip:
            return [data]
        return [data[at : at + 1] for at in range(len(data))]

    def _feed(self, data: bytes) -> None:
        if self.is_open:
            self._modem.data_received(data)

    def _to_program(self, data: bytes) -> None:
        if self.is_open:
            for piece in self._pieces(data):
                self._loop.call_soon(self._say, piece)

    def _say(self, data: bytes) -> None:
        if self.is_open:
            self._on_data(data)


class Wires:
    """The ports of a simulated machine: path -> modem, and what is plugged in.

    The object itself can be called as a program opens a port; a path where no
    modem is plugged in raises PortLost. Opening a path again ends the wire before.
    """

    def __init__(self, modems: Mapping[str, SimModem], *, drip: bool = False) -> None:
        self.modems = dict(modems)
        self.drip = drip
        self.open: dict[str, Wire] = {}
        self.opened: list[str] = []  # every path that was opened, in order

    async def __call__(self, path: str, on_data: OnData, on_lost: OnLost) -> Wire:
        """Open the port at `path`."""
        modem = self.modems.get(path)
        if modem is None:
            raise PortLost(f"no simulated modem at {path}")
        if (before := self.open.get(path)) is not None:
            before.close()
        wire = Wire(modem, on_data, on_lost, drip=self.drip)
        self.open[path] = wire
        self.opened.append(path)
        return wire

    def unplug(self, path: str) -> SimModem:
        """Pull the stick: no power, no port. Returns it, for `plug`."""
        modem = self.modems.pop(path)
        modem.power_off()
        if (wire := self.open.pop(path, None)) is not None:
            wire.cut()
        return modem

    def plug(self, path: str, modem: SimModem) -> None:
        """Plug a stick in under this path; it starts anew."""
        self.modems[path] = modem
        modem.power_on()

    def cut(self, path: str) -> None:
        """Take the port away and leave the modem running, as a USB reset does."""
        if (wire := self.open.pop(path, None)) is not None:
            wire.cut()
