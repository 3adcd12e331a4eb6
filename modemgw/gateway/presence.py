"""Which SIMs are in service, and the events that tell of it: `sim.up`, `sim.down`.

Told in pairs, over restarts too, and not at every hiccup: a SIM is lost when it has
been out of service for a while, and found at once.
"""

import logging
from collections.abc import Callable, Iterable, Mapping

from modemgw.clock import Clock
from modemgw.gateway.health_gate import SimHealth
from modemgw.gateway.health_steps import Step, Steps
from modemgw.gateway.lane import Lane

log = logging.getLogger("modemgw.health")


class Presence:
    """Knows the lanes that the SIMs are in."""

    def __init__(self, clock: Clock, steps: Steps, *, down_after_s: float) -> None:
        self.lanes: Mapping[str, Lane] = {}
        self.operator_of: Callable[[str], str] = lambda modem: ""
        self._clock = clock
        self._steps = steps
        self.down_after_s = down_after_s

    def look(self, sims: Iterable[SimHealth]) -> None:
        """Tell who is lost by now, and who is found."""
        now = self._clock.monotonic()
        for sim in sims:
            if self.is_in_service(sim.sim_id):
                sim.lost_at = None
                if sim.told != "up":
                    why = "in service" if sim.told is None else "in service again"
                    self._tell(sim, "up", why)
                continue
            if sim.lost_at is None:
                sim.lost_at = now
            if sim.told == "up" and now - sim.lost_at >= self.down_after_s:
                self._tell(sim, "down", self._why_lost(sim.sim_id))

    def _tell(self, sim: SimHealth, told: str, why: str) -> None:
        sim.told = told
        modem = self.modem_of(sim.sim_id)
        data: dict[str, object] = {
            "sim": sim.name,
            "iccid": sim.iccid,
            "modem": modem,
            "operator": self.operator_of(modem) or None if modem else None,
            "why": why,
            "health": sim.state.condition.value,
        }
        self._steps.add(Step(sim, f"sim.{told}", data))
        log.info(f"sim.{told}", extra={"sim": sim.name, "modem": modem, "why": why})

    def seconds_to_next(self, sims: Iterable[SimHealth]) -> float | None:
        """Return when somebody may be lost next, None where nobody is missing."""
        lost = [s.lost_at for s in sims if s.told == "up" and s.lost_at is not None]
        if not lost:
            return None
        return min(lost) + self.down_after_s - self._clock.monotonic()

    def is_in_service(self, sim_id: int) -> bool:
        """Say whether a SIM could send, were it not for its health."""
        return any(
            lane.ready and lane.sim is not None and lane.sim.sim_id == sim_id
            for lane in self.lanes.values()
        )

    def modem_of(self, sim_id: int) -> str | None:
        """Return the modem that holds a SIM."""
        for lane in self.lanes.values():
            if lane.sim is not None and lane.sim.sim_id == sim_id:
                return lane.modem
        return None

    def _why_lost(self, sim_id: int) -> str:
        modem = self.modem_of(sim_id)
        return self.lanes[modem].why_not_ready if modem else "in no modem"
