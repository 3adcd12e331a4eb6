"""What is known of a modem: found at its start, kept true while it serves."""

from dataclasses import dataclass, field

from modemgw.at.profile import GENERIC, Profile
from modemgw.modem.model import (
    ModemSettings,
    ModemSnapshot,
    Phase,
    Proof,
    SimIdentity,
)

# <stat> of +CREG, +CEREG. Spec: 3GPP TS 27.007, 7.2
REGISTRATION = {
    0: "none",
    1: "home",
    2: "searching",
    3: "denied",
    4: "unknown",
    5: "roaming",
    6: "home",  # SMS only
    7: "roaming",  # SMS only
    8: "emergency only",
    9: "home",  # CSFB not preferred
    10: "roaming",  # CSFB not preferred
    11: "emergency only",
}
SENDABLE = frozenset({1, 5, 6, 7, 9, 10})


@dataclass(slots=True)
class Memories:
    """The message memories of one modem, as they are set now.

    `arity` is the number of arguments that its AT+CPMS= takes; 0 where it takes
    none at all, then there is one memory without a name.
    """

    reading: str | None = None
    writing: str | None = None
    arriving: str | None = None
    arity: int = 0
    all: tuple[str, ...] = ()  # everything worth sweeping, the arriving one first

    @property
    def named(self) -> str:
        """The memories as the snapshot shows them: the arriving one first."""
        return ",".join(name or "?" for name in (self.arriving, *self.all[1:]))


@dataclass(slots=True)
class Facts:
    """Everything that the start found out. Registration and signal change later."""

    profile: Profile = GENERIC
    imei: str | None = None
    manufacturer: str | None = None
    model: str | None = None
    revision: str | None = None
    sim: SimIdentity | None = None
    service: int | None = None  # AT+CSMS as it was found
    must_acknowledge: bool = False  # AT+CSMS=1 could not be left: +CMT wants AT+CNMA
    memories: Memories = field(default_factory=Memories)
    cnmi: str | None = None  # as read back; None: the modem does not tell
    cnmi_set: str | None = None  # as we set it; None: it took nothing, we must poll
    are_doubted: bool = False  # the settings: it may have restarted
    ack_was_late: bool = False  # AT+CNMA: the modem may have zeroed its AT+CNMI
    proof: tuple[Proof, ...] = ()  # of the settings, read back at the start
    levels: dict[str, int] = field(default_factory=dict)  # <n> of CREG and CEREG
    creg: int | None = None
    cereg: int | None = None
    answers_creg: bool = True
    answers_cereg: bool = True
    operator: str | None = None
    signal_dbm: int | None = None

    @property
    def is_registered(self) -> bool:
        """A modem that will not say is tried; the network's refusal tells."""
        if self.creg is None and self.cereg is None:
            return not (self.answers_creg or self.answers_cereg)
        return self.creg in SENDABLE or self.cereg in SENDABLE

    @property
    def is_data_only(self) -> bool:
        """Tell whether it is registered for packets but not for circuits.

        SMS over SGs needs both; over IMS it works all the same, so this is a hint.
        """
        asked = self.answers_creg and self.creg is not None
        return asked and self.creg not in SENDABLE and self.cereg in SENDABLE

    @property
    def registration(self) -> str | None:
        """The word for people: the better one of both registrations."""
        stat = self.creg
        if stat is None or (stat not in SENDABLE and self.cereg in SENDABLE):
            stat = self.cereg
        return None if stat is None else REGISTRATION.get(stat, "unknown")


def picture(
    settings: ModemSettings,
    facts: Facts,
    *,
    phase: Phase,
    why: str,
    busy: bool,
    since_ms: int,
    faults: int,
    rung: str | None = None,
) -> ModemSnapshot:
    """Return the modem as others see it."""
    ready = phase is Phase.READY
    if ready and not facts.is_registered:
        why = f"no network: {facts.registration or 'not registered'}"
    return ModemSnapshot(
        name=settings.name,
        port=settings.port,
        phase=phase,
        why=why,
        imei=facts.imei,
        manufacturer=facts.manufacturer,
        model=facts.model,
        revision=facts.revision,
        profile=facts.profile.name,
        sim=facts.sim,
        registration=facts.registration if ready else None,
        operator=facts.operator,
        signal_dbm=facts.signal_dbm,
        busy=busy,
        since_ms=since_ms,
        faults=faults,
        cnmi=facts.cnmi or facts.cnmi_set,
        storages=facts.memories.named if facts.memories.all else None,
        sendable=ready and facts.is_registered,
        proof=facts.proof,
        rung=rung,
    )
