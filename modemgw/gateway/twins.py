"""Two ports that say one IMEI: one modem twice, or two modems of a careless maker.

One modem on two ports is one modem, and keeps the port it has. Two modems with one
IMEI are two, and the second is known by its place. The USB device tells which it
is; where there is none, the cards do.
"""

from collections.abc import Callable, Mapping

from modemgw.modem.discovery import Seat
from modemgw.modem.lease import Lease
from modemgw.modem.model import ModemSnapshot, SimIdentity
from modemgw.modem.probe import Found, same_iccid, same_imei


class Twins:
    """Compares modems by what their actors know."""

    def __init__(
        self, leases: Mapping[str, Lease], snapshot_of: Callable[[str], ModemSnapshot]
    ) -> None:
        self._leases = leases
        self._snapshot_of = snapshot_of

    def of(self, found: Found) -> Lease | None:
        """Return who has a port and says this IMEI already."""
        for lease in self._leases.values():
            said = self._snapshot_of(lease.name).imei or lease.imei
            is_there = lease.is_given and lease.lost_at is None
            if is_there and same_imei(said, found.imei):
                return lease
        return None

    def is_same(self, lease: Lease, found: Found, seat: Seat) -> bool:
        """Tell a second port of one modem from a second modem."""
        if seat.is_usb and lease.seat is not None and lease.seat.startswith("usb "):
            return lease.seat == seat.key
        sim = self._snapshot_of(lease.name).sim
        return sim is None or _same_card(sim, found.iccid, found.imsi)

    def doubt(
        self, lease: Lease, imei: str | None, sim: SimIdentity | None
    ) -> str | None:
        """Say that a listed port leads to a modem that is in service by another."""
        if imei is None or sim is None:
            return None
        for other in self._leases.values():
            if other is lease or other.answered is None:
                continue
            said, card = other.answered
            if same_imei(said, imei) and _same_card(card, sim.iccid, sim.imsi):
                return f"this is {other.name} on one more port"
        return None


def _same_card(sim: SimIdentity, iccid: str | None, imsi: str | None) -> bool:
    if sim.imsi is not None and imsi is not None:
        return sim.imsi == imsi
    if sim.iccid is not None and iccid is not None:
        return same_iccid(sim.iccid, iccid)
    return True  # no proof that there are two
