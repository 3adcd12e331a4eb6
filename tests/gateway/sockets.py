"""A look at a simulated machine: what modem/discovery.py sees of a real one."""

from collections.abc import Mapping
from fnmatch import fnmatch

from modemgw.modem.discovery import Seat, Sight, Wanted
from modemgw.modem.rescue import Place
from modemgw.sim.wire import Wires


class Sockets:
    """The ports of `wires`, of which those in `usb` belong to a USB device.

    A port that was gone at one look has another stamp at the next.
    """

    def __init__(self, wires: Wires, usb: Mapping[str, str]) -> None:
        self.wires = wires
        self.usb = dict(usb)
        self.looks = 0
        self.silent: set[str] = set()  # ports of USB modems that take no AT
        self._since: dict[str, int] = {}

    async def look(self, wanted: Wanted) -> Sight:
        self.looks += 1
        paths = sorted(self.wires.paths)
        self._since = {path: self._since.get(path, self.looks) for path in paths}
        seats: dict[str, Seat] = {}
        for path in paths:
            named = {one for one in wanted.patterns if fnmatch(path, one)}
            near = any(fnmatch(path, one) for one in wanted.neighbours)
            is_usb = path in self.usb
            if not (named or near or is_usb):
                continue
            key = self._key(path)
            before = seats.get(key)
            label = key.replace(" ", "-") if is_usb else path.rpartition("/")[2]
            seats[key] = Seat(
                key=key,
                stamp=(self._since[path], id(self.wires.modems.get(path))),
                ports=(*(before.ports if before is not None else ()), path),
                label=label,
                patterns=frozenset(named),
                is_usb=is_usb,
            )
        there = self.silent | set(paths)
        keys = {path: self._key(path) for path in wanted.ports if path in there}
        others = frozenset(keys.keys() & self.silent)
        return Sight(tuple(seats.values()), keys, others)

    async def place(self, path: str) -> Place:
        """Say which other ports the modem at this port has."""
        base = path.partition(".")[0]
        paths = (one for one in self.wires.paths if one.partition(".")[0] == base)
        return Place(self.usb.get(base), tuple(one for one in paths if one != path))

    def _key(self, path: str) -> str:
        return f"usb {self.usb[path]}" if path in self.usb else path
