"""Where modems may sit: the ports of USB modems, and those that a pattern names.

A seat is one place with one modem: a USB device, however many ttys it has, or a
tty by itself. Which modem sits there, only asking tells (modem/probe.py).
A look is a few directories read, made every second in a thread; it opens nothing.
Nearly every look finds what the last one found, and then works nothing out again.
"""

import asyncio
import fnmatch
import glob
import os
import re
import stat
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from modemgw.modem import usb, usb_ids
from modemgw.modem.usb import Bus, UsbDevice, listed

_NUMBER = re.compile(r"\d+(?=\D*$)")  # the last number of a name
_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Seat:
    """One place where a modem may sit.

    `stamp` changes when it is plugged in anew. `patterns` are those wanted ones
    that name it; a seat that is neither on USB nor named is only a neighbour of a
    port that was lost.
    """

    key: str
    stamp: object
    ports: tuple[str, ...]  # to be asked in this order
    label: str  # names a modem that cannot be named by its IMEI
    patterns: frozenset[str] = frozenset()
    is_usb: bool = False
    is_whole: bool = True
    patience_s: float = 0.0
    first_words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a look is for: patterns of ports, and ports whose seat is asked for."""

    patterns: frozenset[str] = frozenset()
    neighbours: frozenset[str] = frozenset()  # patterns, too, see `neighbours_of`
    ports: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Sight:
    """What a look saw. `keys`: the seat of each wanted port that exists.

    `others` are those wanted ports that belong to a USB modem and take no AT.
    `unusable` are USB modems that cannot be used as they are: label -> sentence.
    """

    seats: tuple[Seat, ...] = ()
    keys: dict[str, str] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    unusable: dict[str, str] = field(default_factory=dict)


Look = Callable[[Wanted], Awaitable[Sight]]


def is_pattern(port: str) -> bool:
    """Tell whether a port of the configuration names more than one path."""
    return glob.has_magic(port)


@lru_cache(maxsize=1024)  # asked for each modem, every second
def neighbours_of(port: str) -> str | None:
    """Return the pattern of the ports that differ from this one in their number.

    >>> neighbours_of("/dev/ttyUSB2")
    '/dev/ttyUSB[0-9]*'
    """
    folder, name = os.path.split(port)
    found = _NUMBER.search(name)
    if found is None:
        return None
    before, after = name[: found.start()], name[found.end() :]
    pattern = glob.escape(before) + "[0-9]*" + glob.escape(after)
    return os.path.join(glob.escape(folder), pattern)  # noqa: PTH118 - text, no path


class Scanner:
    """Looks at one machine; the roots of sysfs and of the devices may be others."""

    def __init__(self, sys: Path = Path("/sys"), dev: Path = Path("/dev")) -> None:
        self._bus = Bus(sys)
        self._dev = dev
        self._matches: dict[str, tuple[list[str], list[str]]] = {}  # by pattern
        self._devices: tuple[UsbDevice, ...] = ()
        self._nodes: list[str] = []  # of the devices
        self._seen: tuple[object, ...] = ()
        self._sight = Sight()

    async def look(self, wanted: Wanted) -> Sight:
        """Look in a thread."""
        return await asyncio.to_thread(self.scan, wanted)

    def scan(self, wanted: Wanted) -> Sight:
        """Look now. Where nothing has changed, the sight is the same as before."""
        devices = self._bus.devices()
        if devices is not self._devices:
            self._devices = devices
            self._nodes = [str(self._dev / tty) for _, tty in _ttys_of(devices)]
        patterns = sorted(wanted.patterns | wanted.neighbours)
        found = {pattern: self._matching(pattern) for pattern in patterns}
        paths = {*self._nodes, *wanted.ports}.union(*found.values())
        seen = (devices, wanted, found, {path: _node(path) for path in paths})
        if seen != self._seen:  # noticed first: what changes meanwhile is seen next
            self._seen = seen
            self._sight = self._work_out(wanted, found)
        return self._sight

    def _work_out(self, wanted: Wanted, found: dict[str, list[str]]) -> Sight:
        devices = [one for one in self._devices if not usb.is_bridge(one)]
        owner = {str(self._dev / tty): device for device, tty in _ttys_of(devices)}
        seats: dict[str, Seat] = {}
        unusable: dict[str, str] = {}
        for device in devices:
            if not usb.is_modem(device):
                continue
            seat = self._usb_seat(device)
            if seat is not None:
                seats[seat.key] = seat
            elif why := usb.choose(device).why:
                unusable[_label(device)] = f"{device.ids} at {device.path}: {why}"
        for pattern, paths in found.items():
            named = frozenset({pattern}) & wanted.patterns
            for path in paths:
                self._add(path, named, owner, seats)
        real = {
            port: os.path.realpath(port)
            for port in wanted.ports
            if os.path.exists(port)  # noqa: PTH110
        }
        keys = {port: self._key(path, owner) for port, path in real.items()}
        others = frozenset(
            port
            for port, key in keys.items()
            if (seat := seats.get(key)) is not None
            and seat.is_usb
            and seat.is_whole
            and real[port] not in seat.ports
        )
        return Sight(tuple(seats.values()), keys, others, unusable)

    def _matching(self, pattern: str) -> list[str]:
        """Return what a pattern names; matched anew where its folder has changed."""
        parts = _parts(pattern)
        if parts is None:
            return sorted(glob.glob(pattern))  # noqa: PTH207 - absolute
        folder, rule = parts
        names = listed(folder)
        known = self._matches.get(pattern)
        if known is None or known[0] != names:
            fitting = sorted(name for name in names if rule.match(name))
            known = (names, [f"{folder}/{name}" for name in fitting])
            self._matches[pattern] = known
        return known[1]

    def _usb_seat(self, device: UsbDevice) -> Seat | None:
        choice = usb.choose(device)
        ports = [str(self._dev / tty) for tty in choice.ttys]
        ports = [port for port in ports if os.path.exists(port)]  # noqa: PTH110
        if not ports:
            return None
        return Seat(
            key=_usb_key(device),
            stamp=device.enumeration,
            ports=tuple(ports),
            label=_label(device),
            is_usb=True,
            is_whole=choice.is_whole,
            patience_s=choice.patience_s,
            first_words=usb_ids.FIRST_WORDS.get(device.vendor, ()),
        )

    def _add(
        self,
        path: str,
        named: frozenset[str],
        owner: dict[str, UsbDevice],
        seats: dict[str, Seat],
    ) -> None:
        """Add the port at `path`, unless it is one of a modem not to be spoken to."""
        real = os.path.realpath(path)
        key = self._key(real, owner)
        device = owner.get(real)
        if device is not None and usb.is_modem(device):
            seat = seats.get(key)
            if seat is not None:
                seats[key] = replace(seat, patterns=seat.patterns | named)
            return
        try:
            about, link = os.stat(path), os.lstat(path)  # noqa: PTH116
        except OSError:
            return
        if not stat.S_ISCHR(about.st_mode):
            return
        known = seats.get(key)
        if known is not None:
            seats[key] = replace(known, patterns=known.patterns | named)
            return
        seats[key] = Seat(
            key=key,
            stamp=(link.st_ino, link.st_ctime_ns, about.st_rdev),
            ports=(path,),
            label=_UNFIT.sub("-", Path(path).name),
            patterns=named,
        )

    def _key(self, real: str, owner: dict[str, UsbDevice]) -> str:
        device = owner.get(real)
        if device is not None and usb.is_modem(device):
            return _usb_key(device)
        return real


def _ttys_of(devices: Sequence[UsbDevice]) -> Iterator[tuple[UsbDevice, str]]:
    for device in devices:
        for one in device.interfaces:
            if one.tty is not None:
                yield device, one.tty


@lru_cache(maxsize=1024)
def _parts(pattern: str) -> tuple[str, re.Pattern[str]] | None:
    """Take apart a pattern of one folder's names; None: one that glob must read."""
    folder, name = os.path.split(pattern)
    if glob.has_magic(folder) or not folder.strip("/") or not glob.has_magic(name):
        return None
    rule = fnmatch.translate(name)
    return folder, re.compile(rule if name.startswith(".") else rf"(?!\.){rule}")


def _node(path: str) -> tuple[int, ...] | None:
    """Return what changes where something else is at a path, or leads there."""
    try:
        link = about = os.lstat(path)
        if stat.S_ISLNK(link.st_mode):
            about = os.stat(path)  # noqa: PTH116
    except OSError:
        return None
    return (
        *(link.st_ino, link.st_ctime_ns, about.st_dev, about.st_ino, about.st_rdev),
        about.st_mode,
    )


def _usb_key(device: UsbDevice) -> str:
    return f"usb {device.path}"


def _label(device: UsbDevice) -> str:
    return f"usb-{_UNFIT.sub('-', device.path)}"
