"""The SIM in a lane's modem, and what may hold it back; it goes where the card goes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from modemgw.gateway.routing import Traits
from modemgw.policy.pacing import Pace
from modemgw.policy.routing import Rates
from modemgw.store.wallet import Counted

if TYPE_CHECKING:
    from modemgw.gateway.queue import Entry


class Gate(Protocol):
    """Something that may hold a whole SIM back: a quota, a bundle, a bench, parole.

    Gates live as long as the SIM is known; they are asked before every part and
    must answer from memory. Instants are Unix milliseconds.
    """

    def free_at(self, now_ms: int) -> tuple[int, str]:
        """Return from when the SIM may send, and what holds it until then.

        An instant not after `now_ms` means at once; FAR says nobody knows when.
        """

    def record(self, now_ms: int, to: str) -> None:
        """Hear that a part to `to` is about to be submitted."""


class Bill(Protocol):
    """What a part was counted as, where its SIM or its key has limits or prices."""

    @property
    def counted(self) -> Counted:
        """What goes into the store with the `submitting` mark."""

    def give_back(self) -> None:
        """Take it back from memory: the part certainly never left."""


def _nobody_counts(sim_id: int, entry: "Entry", now: int) -> Bill | None:
    return None


def _even() -> float:
    return 0.5


FAR = 1 << 53  # later than any instant: until somebody changes something


class LaneSim:
    """One SIM card in service."""

    def __init__(
        self, sim_id: int, name: str, pace: Pace, *, reports: bool, smsc: str | None
    ) -> None:
        self.sim_id = sim_id
        self.name = name
        self.pace = pace
        self.reports = reports
        self.smsc = smsc
        self.gates: tuple[Gate, ...] = ()
        self.traits = Traits()  # what the file says about its choice
        self.tariff: Rates | None = None  # set anew as quotas and bundles are used
        self.used_in_bundle = 0
        self.health, self.health_because = 0, ""  # 0 is fine, more is worse
        self.charge: Callable[[int, Entry, int], Bill | None] = _nobody_counts
        self.draw: Callable[[], float] = _even  # chance, for the jitter of the pace
        self.since: list[int] | None = None  # parts sent during a reload
        self.rests_until = 0.0  # monotonic: a clock that jumps ends no rest; 0: none
        self.rests_because = ""

    def free_at(self, now: int, monotonic: float) -> tuple[int, str]:
        """Return from when it may send and what holds it until then; (0, ""): now.

        `monotonic` matters where it rests, as `rests_until` says.
        """
        latest, because = now, ""
        if not self.pace.is_off:
            latest, because = self.pace.free_at(now), "its pace"
        if self.rests_until > monotonic:
            rested = now + int((self.rests_until - monotonic) * 1000) + 1
            if rested > latest:
                latest, because = rested, f"a rest after {self.rests_because!r}"
        for gate in self.gates:
            at, why = gate.free_at(now)
            if at > latest:
                latest, because = at, why
        return (latest, because) if latest > now else (0, "")

    def load(self, now: int) -> int:
        """Return how full its fullest pace window is, per mille."""
        pace = self.pace
        if not pace.windows:
            return 0
        return max(pace.used(w, now) * 1000 // w.count for w in pace.windows)

    def record(self, now: int, to: str) -> None:
        """Count one part that is about to be submitted."""
        if self.since is not None:
            self.since.append(now)
        if not self.pace.is_off:
            self.pace.record(now, self.draw() if self.pace.jitter else 0.5)
        for gate in self.gates:
            gate.record(now, to)
