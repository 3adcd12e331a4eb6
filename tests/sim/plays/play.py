"""A client at the wire of a troubled modem, in virtual time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Self

from modemgw.sim.builder import troubled
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.scenario import Stage
from modemgw.sim.wire import Wire, Wires
from tests.loop import VirtualClock
from tests.sim.terminal import pdu, tidy

TO = "+491701234567"
SOON_S = 0.01
PLAYED: dict[str, Callable[["Play"], Awaitable[None]]] = {}


class Client:
    """A program that has one port open."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.pieces: list[bytes] = []
        self.lost: list[Exception] = []
        self.wire: Wire | None = None

    async def open(self, wires: Wires, path: str) -> Self:
        self.wire = await wires(path, self._hear, self.lost.append)
        return self

    def _hear(self, data: bytes) -> None:
        self.heard += data
        self.pieces.append(data)

    def look(self) -> str:
        """Return what was said since the last look, as it came."""
        said = self.heard.decode("latin-1")
        self.heard.clear()
        self.pieces.clear()
        return said

    async def type(self, text: str, seconds: float = SOON_S) -> str:
        """Type as it is and return what was said within the time."""
        assert self.wire is not None
        self.wire.write(text.encode("latin-1"))
        await asyncio.sleep(seconds)
        return self.look()

    async def command(self, text: str, seconds: float = SOON_S) -> str:
        """Type a command line; the answer comes without blank lines."""
        return tidy(await self.type(text + "\r", seconds))

    async def wait(self, seconds: float) -> str:
        """Return what is said within the time, without blank lines."""
        await asyncio.sleep(seconds)
        return tidy(self.look())

    async def prompt(self, to: str = TO, text: str = "hello") -> str:
        """Ask for the prompt; return what comes, and what is to be typed then."""
        part = pdu(to, text)
        said = await self.type(f"AT+CMGS={part.tpdu_length}\r")
        assert said.endswith("\r\n> "), said
        return part.octets.hex().upper() + "\x1a"

    async def send(
        self, to: str = TO, text: str = "hello", seconds: float = 0.25
    ) -> str:
        """Send a message; return what was said behind Ctrl-Z."""
        body = await self.prompt(to, text)
        return tidy(await self.type(body, seconds))


class Play(Client):
    """The troubled modem and its neighbours, plugged in as tty0, tty1 …"""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.network = Network(clock=VirtualClock())
        self.scenario = troubled(name)
        self.modems = self.scenario.build(self.network)
        self.modem: SimModem = self.modems[0]
        places = {f"tty{at}": modem for at, modem in enumerate(self.modems)}
        self.wires = Wires(places)

    async def begin(self) -> None:
        """Open the first port, and let happen what happens by itself."""
        await self.open(self.wires, "tty0")
        self.stage = Stage(self.network, self.modems)
        self.scenario.play(self.stage)

    async def at(self, path: str) -> Client:
        """Open another port."""
        return await Client().open(self.wires, path)


def plays(
    *names: str,
) -> Callable[[Callable[[Play], Awaitable[None]]], Callable[[Play], Awaitable[None]]]:
    """Enter a function as what shows these troubles."""

    def enter(
        shown: Callable[[Play], Awaitable[None]],
    ) -> Callable[..., Awaitable[None]]:
        for name in names:
            assert name not in PLAYED, name
            PLAYED[name] = shown
        return shown

    return enter
