"""Messages that are in a memory before anything happens: Faults.filled."""

from typing import TYPE_CHECKING

from modemgw.pdu.address import Address
from modemgw.pdu.dcs import Dcs
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.segment import segment
from modemgw.pdu.times import Timestamp
from modemgw.pdu.userdata import UserData
from modemgw.sim.storage import Record, Stat, Storage

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

OLD_MS = 1_767_225_600_000  # 2026-01-01T00:00:00Z
SENDER = "+491701234567"


def fill(modem: "SimModem") -> None:
    """Put as many messages as Faults.filled wants into the memories."""
    for name, count in modem.faults.filled.items():
        if name == "SM" and modem.card is not None:
            _fill(modem.card.sm, count)
        elif name in ("ME", "SR"):
            _fill(modem.me if name == "ME" else modem.sr, count)


def _fill(storage: Storage, count: int) -> None:
    for number in range(1, count + 1):
        octets = old_message(f"Stored {storage.name} {number}", number)
        storage.put(Record(Stat.REC_READ, octets))


def old_message(text: str, minutes: int) -> bytes:
    """Return SCA and TPDU of a message that came so many minutes into 2026."""
    segments = segment(text)
    return Deliver(
        Address.dialled(SENDER),
        Timestamp.from_unix(OLD_MS + minutes * 60_000),
        UserData(Dcs.of(segments.alphabet), segments.parts[0].payload),
        sca=Address.dialled("+999010099"),
    ).encode()
