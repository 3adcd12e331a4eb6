"""The values that pass between a modem's actor and the gateway. No I/O.

The gateway gives a `TpduSink` and an `Observer`; the actor gives snapshots and
the outcome of every submit. Neither side sees more of the other than this.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from modemgw.at.codes import Code
from modemgw.at.families import FAMILIES
from modemgw.at.profile import Profile
from modemgw.modem.pins import MemoryLatch, PinLatch
from modemgw.modem.rescue import Rescue
from modemgw.modem.witness import NoWitness, Witness
from modemgw.policy.lifecycle import Phase
from modemgw.values import value

__all__ = [
    "Accepted",
    "InDoubt",
    "ModemSettings",
    "ModemSnapshot",
    "NotSent",
    "Observer",
    "Phase",
    "Proof",
    "ReceivedTpdu",
    "Refused",
    "SimIdentity",
    "SubmitOutcome",
    "TpduSink",
    "WireLine",
]


@dataclass(frozen=True, slots=True)
class SimIdentity:
    """What the card says about itself; None where it would not say."""

    iccid: str | None = None
    imsi: str | None = None
    number: str | None = None
    smsc: str | None = None


@dataclass(frozen=True, slots=True)
class Proof:
    """One setting as it was made and as the modem reads it back.

    `said` is None where the modem will not tell; then nothing is proved.
    """

    setting: str  # "AT+CNMI"
    wanted: str
    said: str | None
    holds: bool | None


@dataclass(frozen=True, slots=True)
class ModemSnapshot:
    """One modem at one moment, for routing and for people.

    `why` is a sentence about the phase ("waiting for the port", "the SIM wants
    a PIN and none is configured"). `faults` counts since the actor started.
    """

    name: str
    port: str
    phase: Phase
    why: str
    imei: str | None
    manufacturer: str | None
    model: str | None
    revision: str | None
    profile: str
    sim: SimIdentity | None
    registration: str | None
    operator: str | None
    signal_dbm: int | None
    busy: bool
    since_ms: int
    faults: int
    cnmi: str | None
    storages: str | None
    sendable: bool  # READY and registered
    proof: tuple[Proof, ...] = ()  # of the settings, read back at the last start
    rung: str | None = None  # of the ladder that brought it back last


# One line of a transcript: milliseconds since the command began, '>' or '<', and what
# was said; PDUs and PINs are masked already.
WireLine = tuple[int, str, str]


@value
class Accepted:
    """The network took it and the modem gave it a reference."""

    tp_mr: int
    seconds: float  # from Ctrl-Z to the final result
    wire: tuple[WireLine, ...]


@dataclass(frozen=True, slots=True)
class Refused:
    """A final result said no: after Ctrl-Z, or before the prompt (seconds=0)."""

    code: int | None
    text: str  # the final line as it came, "+CMS ERROR: 38"
    seconds: float
    wire: tuple[WireLine, ...]
    vendor: tuple[Code, ...] = ()  # what its family means by codes from 512


@dataclass(frozen=True, slots=True)
class NotSent:
    """Certain: no octet of the TPDU went out.

    `modem_fault` is False where the gate failed or the caller could not be
    served; the modem is then not to blame.
    """

    why: str
    wire: tuple[WireLine, ...]
    modem_fault: bool


@dataclass(frozen=True, slots=True)
class InDoubt:
    """Ctrl-Z, or a part of the TPDU, went out and no final result came.

    `is_over`: the modem had all the time a submit can take, so nothing of it can
    still be on its way.
    """

    why: str
    wire: tuple[WireLine, ...]
    is_over: bool = False


SubmitOutcome = Accepted | Refused | NotSent | InDoubt


class ReceivedTpdu(NamedTuple):
    """A TPDU as the modem gave it, with the place it was read from.

    `routed` ones (+CMT, +CDS) have neither memory nor slot. `length` is the
    number of octets without the SCA that the modem announced.
    """

    modem: str
    sim: SimIdentity | None
    memory: str | None
    slot: int | None
    octets: bytes
    routed: bool
    length: int | None
    sweep_began_at: int | None = None  # Unix ms, where a sweep found it
    wants_ack: bool = False  # the network repeats it where our AT+CNMA is lost


class TpduSink(Protocol):
    """Where received TPDUs go. Given by the gateway."""

    async def take(self, tpdu: ReceivedTpdu) -> int | None:
        """Store `tpdu`; return a receipt once it is committed.

        None means: not stored, leave it in the modem.
        """

    def take_soon(self, tpdu: ReceivedTpdu, told: Callable[[bool], None]) -> bool:
        """Store what was routed and wants no answer, without a task that waits.

        `told` hears later whether it is stored; where not, it is for `take`. False,
        and nothing happens, where this is not for what it is: for `take` as well.
        """

    def deleted(self, receipt: int) -> None:
        """Hear that the modem confirmed the deletion of what `receipt` names."""


class Observer(Protocol):
    """Who wants to know. Given by the gateway; called in the loop, must be quick."""

    def changed(self, snapshot: ModemSnapshot) -> None:
        """Hear that something in the snapshot changed."""

    def late_accept(self, modem: str, token: object, tp_mr: int) -> None:
        """Hear that a submit reported as InDoubt was accepted after all."""

    def notice(self, modem: str, kind: str, detail: dict[str, object]) -> None:
        """Hear of anything else worth an event: call.incoming, storage_full …"""


@dataclass(frozen=True, slots=True)
class ModemSettings:
    """What the configuration says about one modem.

    `pin` and `smsc` are asked with the ICCID, or None where it is not known.
    `recognise` is told the IMEI, then the SIM too, before anything is done to it,
    and says why this is not the modem that was meant (None: it is).
    `profile` names one of `profiles`, asked at each start, that is taken whatever
    the modem says.
    """

    name: str
    port: str
    pin: Callable[[str | None], str | None]
    smsc: Callable[[str | None], str | None]
    reports: bool
    sweep_interval_s: float = 300
    hang_up: bool = False  # incoming calls
    recognise: Callable[[str | None, SimIdentity | None], str | None] = (
        lambda imei, sim: None
    )
    profiles: Callable[[], tuple[Profile, ...]] = lambda: FAMILIES
    profile: str | None = None
    pins: PinLatch = field(default_factory=MemoryLatch)
    rescue: Rescue | None = None  # what may be done for it from outside
    witness: Witness = field(default_factory=NoWitness)
