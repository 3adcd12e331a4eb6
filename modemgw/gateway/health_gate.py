"""What holds a SIM back for its health: bench, parole, pauses, a network that is out.

Answered from memory before every part; a SIM with which all is well costs one look
at a flag. gateway/health.py decides and keeps; this only holds back.
"""

from dataclasses import dataclass

from modemgw.gateway.lane_sim import FAR
from modemgw.policy.deliverability import Reports
from modemgw.policy.health import Condition, Health, Terms, spacing_ms

LEASE_MS = 240_000  # a probing message has its outcome sooner; else another probes
HOLD_S = (30, 60, 120, 300, 600, 900)  # a network that is out is left alone so long


@dataclass(slots=True)
class Pause:
    """The pause of the whole gateway."""

    at: int = 0  # 0: it is not paused
    by: str = ""


class Hold:
    """A network that refuses all its SIMs: they wait together, and one probes."""

    def __init__(self, operator: str, because: str, now_ms: int) -> None:
        self.operator = operator
        self.because = because
        self.since_at = now_ms
        self.until_at = now_ms
        self.prober: int | None = None  # the SIM whose message is the probe
        self.probing_since = 0
        self.times = 0

    def extend(self, now_ms: int, jitter: float) -> None:
        """Wait longer: the network refused again. `jitter` is in [0, 1)."""
        seconds = HOLD_S[min(self.times, len(HOLD_S) - 1)]
        self.until_at = now_ms + int(seconds * 1000 * (1 + jitter / 5))
        self.times += 1
        self.prober = None

    def free_at(self, sim_id: int, now_ms: int) -> int:
        """Return from when a SIM may send; only one does until it has its answer."""
        prober = self.prober
        if prober is not None and prober != sim_id:
            # A clock that was set back makes nobody wait longer.
            lease = min(self.probing_since, now_ms) + LEASE_MS
            if now_ms < lease:
                return lease
        return min(self.until_at, now_ms + HOLD_S[-1] * 1200)

    def record(self, sim_id: int, now_ms: int) -> None:
        """Hear that a SIM sends: its message is the probe."""
        self.prober, self.probing_since = sim_id, now_ms


class SimHealth:
    """One SIM's health, as a gate of its lane."""

    def __init__(
        self, sim_id: int, name: str, iccid: str | None, terms: Terms, everyone: Pause
    ) -> None:
        self.sim_id = sim_id
        self.name = name
        self.iccid = iccid
        self.reports = Reports()
        self.told: str | None = None  # `up` or `down`, whichever was announced last
        self.lost_at: float | None = None  # monotonic: out of service since then
        self._terms = terms
        self._everyone = everyone
        self._state = Health()
        self._hold: Hold | None = None
        self._sent_at = 0
        self._is_free = True
        self.refresh()

    @property
    def state(self) -> Health:
        """Where the SIM stands."""
        return self._state

    @state.setter
    def state(self, state: Health) -> None:
        if state.condition is not self._state.condition:
            self._sent_at = 0
        self._state = state
        self.refresh()

    @property
    def hold(self) -> Hold | None:
        """The outage of its network that it waits for."""
        return self._hold

    @hold.setter
    def hold(self, hold: Hold | None) -> None:
        self._hold = hold
        self.refresh()

    def configure(self, terms: Terms) -> None:
        """Let other terms hold from now on."""
        self._terms = terms

    @property
    def is_watched(self) -> bool:
        """Say whether the outcome of what it sends changes where it stands."""
        return self._hold is not None or self._state.condition is Condition.PAROLE

    def refresh(self) -> None:
        """Work out anew whether anything holds it."""
        self._is_free = (
            self._state.condition is Condition.ACTIVE
            and not self._state.paused
            and not self._everyone.at
            and self._hold is None
        )

    # -- lane_sim.Gate -------------------------------------------------------

    def free_at(self, now_ms: int) -> tuple[int, str]:
        """Return from when the SIM may send, and what holds it until then."""
        if self._is_free:
            return 0, ""
        state = self._state
        if self._everyone.at:
            return FAR, "the gateway is paused"
        if state.paused:
            return FAR, "paused by the admin"
        if state.condition is Condition.BENCHED:
            until = state.until_at
            at = until if until is not None and until > now_ms else FAR
            return at, f"benched: {state.reason}"
        at, because = 0, ""
        if state.condition is Condition.PAROLE and self._sent_at:
            # A clock that was set back makes it wait no longer than one spacing.
            spacing = spacing_ms(state, self._terms)
            at, because = min(self._sent_at, now_ms) + spacing, "on parole"
        if self._hold is not None:
            held = self._hold.free_at(self.sim_id, now_ms)
            if held > at:
                at = held
                because = f"the network is out: {self._hold.because}"
        return at, because

    def record(self, now_ms: int, to: str) -> None:
        """Hear that a part is about to be submitted."""
        if self._is_free:
            return
        self._sent_at = now_ms
        if self._hold is not None:
            self._hold.record(self.sim_id, now_ms)
