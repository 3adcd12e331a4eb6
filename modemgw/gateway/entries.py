"""What the section `modems` says, as the supervisor asks for it."""

import os
from fnmatch import fnmatch
from glob import glob

from modemgw.config.model import Config, ModemConfig
from modemgw.modem.discovery import Seat, is_pattern
from modemgw.modem.lease import Lease
from modemgw.modem.model import SimIdentity
from modemgw.modem.port import OpenPort
from modemgw.modem.probe import same_iccid, same_imei


class Entries:
    """The entries of one configuration: one modem each, or a pattern for many."""

    def __init__(self, config: Config) -> None:
        self.discovers = config.discovery
        self.listed: dict[str, ModemConfig] = {}  # one modem each, by name
        self.patterns: dict[str, ModemConfig] = {}
        for modem in config.modems:
            if modem.port is not None and is_pattern(modem.port) and not _is_one(modem):
                self.patterns[modem.port] = modem
            else:
                self.listed[modem.name] = modem

    def lease(self, name: str, open_port: OpenPort) -> Lease:
        """Make the lease of a listed modem."""
        modem = self.listed[name]
        is_one = _is_one(modem)
        return Lease(
            name,
            open_port,
            home=None if is_one else modem.port,
            pattern=modem.port if is_one else None,
            imei=modem.imei,
            iccid=modem.iccid,
        )

    def of(self, seat: Seat) -> ModemConfig | None:
        """Return the entry whose pattern names a seat."""
        for pattern, entry in self.patterns.items():
            if pattern in seat.patterns:
                return entry
        return None

    def keeps(
        self, lease: Lease, entry: str | None, sim: SimIdentity | None, own: bool
    ) -> bool:
        """Say whether a modem in service may stay what it is.

        `entry` is the name of the entry it came in by, `own`: by one for it alone;
        `sim` is the card in it.
        """
        if own:
            return lease.name in self.listed
        if lease.name in self.listed or self._names(lease, sim.iccid if sim else None):
            return False  # it is listed now
        if entry is None:
            return self.discovers and not self._is_named(lease.port)
        return any(one.name == entry for one in self.patterns.values())

    def _is_named(self, port: str) -> bool:
        """Say whether a pattern names this port, perhaps by another path."""
        return any(
            fnmatch(port, pattern)
            or os.path.realpath(port)
            in (os.path.realpath(path) for path in glob(pattern))  # noqa: PTH207
            for pattern in self.patterns
        )

    def _names(self, lease: Lease, iccid: str | None) -> bool:
        return any(
            (one.imei is not None and same_imei(one.imei, lease.imei))
            or (one.iccid is not None and same_iccid(one.iccid, iccid))
            for one in self.listed.values()
        )


def _is_one(modem: ModemConfig) -> bool:
    """Tell a modem that is looked for by itself from a pattern for many."""
    return modem.imei is not None or modem.iccid is not None
