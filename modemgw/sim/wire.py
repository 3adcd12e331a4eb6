"""A simulated modem joined to a program without a tty, for tests in virtual time.

`Wires` stands where a program opens its serial ports: a path, a function that
takes octets, one that hears of the loss, and back comes a port to write to.
"""

import asyncio
from collections.abc import Callable, Mapping

from modemgw.errors import PortLost
from modemgw.sim import plugging
from modemgw.sim.interpreter import Interpreter
from modemgw.sim.modem import SimModem

OnData = Callable[[bytes], None]
OnLost = Callable[[Exception], None]


class Wire:
    """One open port on one modem. Octets pass one turn of the loop later.

    `drip` passes single octets, each in a turn of its own, both ways.
    """

    def __init__(
        self, end: Interpreter, on_data: OnData, on_lost: OnLost, *, drip: bool = False
    ) -> None:
        self._end = end
        self._on_data = on_data
        self._on_lost = on_lost
        self._drip = drip
        self._loop = asyncio.get_running_loop()
        self.is_open = True
        self.written = bytearray()  # everything the program wrote
        end.write = self._to_program

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
            self._end.data_received(data)

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
    The second port of the modem at PATH is PATH.1.
    """

    def __init__(self, modems: Mapping[str, SimModem], *, drip: bool = False) -> None:
        self.modems = dict(modems)
        self.drip = drip
        self.open: dict[str, Wire] = {}
        self.opened: list[str] = []  # every path that was opened, in order
        self._places = {modem: path for path, modem in self.modems.items()}
        for modem in self._places:
            modem.socket = self

    async def __call__(self, path: str, on_data: OnData, on_lost: OnLost) -> Wire:
        """Open the port at `path`."""
        end = self._end(path)
        if end is None:
            raise PortLost(f"no simulated modem at {path}")
        if (before := self.open.get(path)) is not None:
            before.close()
        wire = Wire(end, on_data, on_lost, drip=self.drip)
        self.open[path] = wire
        self.opened.append(path)
        return wire

    def _end(self, path: str) -> Interpreter | None:
        if (modem := self.modems.get(path)) is not None:
            return modem.ports[0]
        base, _, number = path.rpartition(".")
        modem = self.modems.get(base)
        if modem is None or not number.isdecimal() or int(number) >= len(modem.ports):
            return None
        return modem.ports[int(number)]

    @property
    def paths(self) -> list[str]:
        """Every port that is there now."""
        return [
            path + (f".{number}" if number else "")
            for path, modem in self.modems.items()
            for number in range(len(modem.ports))
        ]

    def unplug(self, path: str) -> SimModem:
        """Pull the stick: no power, no port. Returns it, for `plug`."""
        modem = self.modems[path]
        plugging.unplug(modem)
        return modem

    def plug(self, path: str, modem: SimModem) -> None:
        """Plug a stick in under this path; it starts anew."""
        modem.socket = self
        plugging.replug(modem, path)

    def take_away(self, modem: SimModem) -> None:
        """Let the ports of this modem be gone, for whoever has them open too."""
        path = self._places.get(modem, "")
        if self.modems.get(path) is modem:
            for number in range(len(modem.ports)):
                self.cut(path + (f".{number}" if number else ""))
            del self.modems[path]

    def bring_back(self, modem: SimModem, name: str | None = None) -> None:
        """Let them be there again, perhaps under another path."""
        self._places[modem] = path = name or self._places[modem]
        self.modems[path] = modem

    def spare_name(self, modem: SimModem) -> str:
        """Return a path that no modem has."""
        return plugging.next_name(self._places[modem], list(self._places.values()))

    def neighbour(self, modem: SimModem) -> tuple[SimModem, str, str]:
        """Return the next modem, its path, and the path of this one."""
        modems = list(self._places)
        other = modems[(modems.index(modem) + 1) % len(modems)]
        return other, self._places[other], self._places[modem]

    def cut(self, path: str) -> None:
        """Take the port away and leave the modem running, as a USB reset does."""
        if (wire := self.open.pop(path, None)) is not None:
            wire.cut()
