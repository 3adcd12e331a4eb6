"""The rungs of recovery that reach beyond a modem's own port.

One `Rescue` serves all modems: it knows where each one sits on the bus, who its
sibling ports are, and that only one modem of a hub is reset or switched at a time,
since the current that a stick draws when it starts can bring its neighbours down.
Nobody waits for another modem here: whoever comes too early tries again later.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from modemgw.errors import ModemError
from modemgw.modem import usb
from modemgw.modem.ladder import Rung
from modemgw.modem.port import OpenPort
from modemgw.modem.power import Power

HUB_GAP_S = 30.0  # from one modem of a hub to the next
SETTLED_S = 10.0  # for the outcome of what was on the air to be on disk
SAY_S = 2.0
OPEN_S = 5.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a port sits: the device on the bus and its other ports."""

    usb: str | None = None  # "1-1.3"
    siblings: tuple[str, ...] = ()

    @property
    def hub(self) -> str | None:
        """What the device is plugged into: "1-1" of "1-1.3", "1" of "1-2"."""
        if self.usb is None:
            return None
        cut = "." if "." in self.usb else "-"
        return self.usb.rpartition(cut)[0]


FindPlace = Callable[[str], Awaitable[Place]]


async def nowhere(port: str) -> Place:
    """Know nothing of the bus: without a machine to look at."""
    return Place()


async def at_once(modem: str) -> None:
    """Wait for nothing: nobody keeps outcomes."""


async def usb_place(port: str) -> Place:
    """Look a port up in sysfs."""
    return await asyncio.to_thread(_find, port, Path("/sys"))


def _find(port: str, sys: Path) -> Place:
    folder, tty = os.path.split(os.path.realpath(port))
    for device in usb.Bus(sys).devices():
        ttys = [one.tty for one in device.interfaces if one.tty is not None]
        if tty in ttys:
            others = [] if usb.is_bridge(device) else [t for t in ttys if t != tty]
            return Place(device.path, tuple(f"{folder}/{name}" for name in others))
    return Place()


class Rescue:
    """What can be done for modems from outside.

    `settled` returns once everything that a modem was given has its outcome on disk:
    before that nothing heavy happens to it.
    """

    def __init__(
        self,
        open_port: OpenPort,
        *,
        power: Power | None = None,
        place: FindPlace = usb_place,
        settled: Callable[[str], Awaitable[None]] = at_once,
    ) -> None:
        self._open_port = open_port
        self.power = power
        self._place = place
        self._settled = settled
        self._hubs: dict[str, tuple[str, float]] = {}  # hub -> who, until when

    async def place(self, port: str) -> Place:
        """Return where `port` sits."""
        return await self._place(port)

    def tools(self, modem: str, place: Place) -> tuple[Rung, ...]:
        """Return which heavy rungs there are besides the reset command."""
        if self.power is None:
            return ()
        return self.power.tools(modem, place.usb)

    async def begin(self, modem: str, place: Place) -> str | None:
        """Take the hub for this modem; return why it cannot be had now."""
        try:
            async with asyncio.timeout(SETTLED_S):
                await self._settled(modem)
        except TimeoutError:
            return "the outcome of what it was given is not on disk yet"
        loop = asyncio.get_running_loop()
        if place.hub is not None:
            who, until = self._hubs.get(place.hub, ("", 0.0))
            if who not in ("", modem) and loop.time() < until:
                return f"{who} on the same hub is being recovered"
            self._hubs[place.hub] = (modem, loop.time() + HUB_GAP_S)
        return None

    async def reauthorise(self, place: Place) -> None:
        """Take the device off the bus and back; raises ModemError."""
        if self.power is None or place.usb is None:
            raise ModemError("nothing can do that here")
        await self.power.reauthorise(place.usb)

    async def cut_power(self, modem: str, place: Place) -> None:
        """Switch the device off and on; raises ModemError."""
        if self.power is None:
            raise ModemError("nothing can do that here")
        await self.power.cycle(modem, place.usb)

    async def say(self, port: str, line: str) -> bool:
        """Say one line to a port that nobody serves; tell whether it said OK."""
        heard = bytearray()
        answered = asyncio.Event()

        def on_data(data: bytes) -> None:
            heard.extend(data)
            if b"OK" in heard:
                answered.set()

        try:
            async with asyncio.timeout(OPEN_S):
                opened = await self._open_port(port, on_data, lambda exc: None)
        except (ModemError, TimeoutError):
            return False
        try:
            opened.write(line.encode("ascii") + b"\r")
            async with asyncio.timeout(SAY_S):
                await answered.wait()
        except (ModemError, TimeoutError):
            return False
        finally:
            opened.close()
            await asyncio.sleep(0)
        return True
