"""Sticks that are pulled and plugged in: the port goes, comes back, changes name."""

import asyncio
import re
from collections.abc import Collection
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

_NUMBER = re.compile(r"(\d+)(?!.*\d)")  # the last number of a name
BACK_S = 5.0
PULL_S = 0.5  # from the OK of a reset to the loss of the port


class Socket(Protocol):
    """Where modems are plugged in: ptys, or the wires of a test."""

    def take_away(self, modem: "SimModem") -> None:
        """Take the ports of this modem away."""

    def bring_back(self, modem: "SimModem", name: str | None = None) -> None:
        """Give it its ports again, perhaps under another name."""

    def spare_name(self, modem: "SimModem") -> str:
        """Return a name that no modem has."""

    def neighbour(self, modem: "SimModem") -> "tuple[SimModem, str, str]":
        """Return the next modem, its name, and the name of this one."""


def next_name(name: str, taken: Collection[str]) -> str:
    """Return the name with the next number that nobody has.

    >>> next_name("ttyUSB1", {"ttyUSB1", "ttyUSB2"})
    'ttyUSB3'
    """
    found = _NUMBER.search(name)
    number = int(found.group()) if found else 0
    while True:
        number += 1
        if found:
            other = name[: found.start()] + str(number) + name[found.end() :]
        else:
            other = f"{name}{number}"
        if other not in taken:
            return other


def unplug(modem: "SimModem") -> None:
    """Pull a stick: power and ports are gone."""
    modem.power_off()
    if modem.socket is not None:
        modem.socket.take_away(modem)


def replug(modem: "SimModem", name: str | None = None) -> None:
    """Plug it in again."""
    if modem.is_powered:
        unplug(modem)
    if modem.socket is not None:
        modem.socket.bring_back(modem, name)
    modem.power_on()


def vanish(modem: "SimModem", back_s: float, *, renumber: bool = False) -> None:
    """Pull a stick that comes back by itself, perhaps under a new number."""
    name = modem.socket.spare_name(modem) if renumber and modem.socket else None
    unplug(modem)
    asyncio.get_running_loop().call_later(back_s, replug, modem, name)


def swap(modem: "SimModem", back_s: float) -> None:
    """Pull a stick and its neighbour; each comes back where the other was."""
    if modem.socket is None:
        vanish(modem, back_s)
        return
    other, there, here = modem.socket.neighbour(modem)
    loop = asyncio.get_running_loop()
    for stick in (modem, other):
        unplug(stick)
    loop.call_later(back_s, replug, modem, there)
    if other is not modem:
        loop.call_later(back_s, replug, other, here)
