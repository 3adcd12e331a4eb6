"""Networks that refuse all their SIMs: those wait together, and one message probes.

Nobody is benched for it. What was refused meanwhile waits in the queue, and takes
another network where there is one.
"""

import logging
import random
from collections.abc import Iterable

from modemgw.gateway.health_gate import Hold, SimHealth

log = logging.getLogger("modemgw.health")


class Outages:
    """The networks that are out at the moment."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._holds: dict[str, Hold] = {}  # by operator

    def begin(
        self, operator: str, sims: Iterable[SimHealth], because: str, now: int
    ) -> None:
        """Hold these SIMs back; longer where it was their probe that failed."""
        hold = self._holds.get(operator)
        if hold is None:
            hold = self._holds[operator] = Hold(operator, because, now)
            extra = {"operator": operator, "why": because}
            log.warning("the network refuses all its SIMs: they wait", extra=extra)
        for sim in sims:
            if hold.prober == sim.sim_id or hold.until_at <= now:
                hold.extend(now, self._rng.random())
            sim.hold = hold

    def no_answer(self, sim: SimHealth, now: int) -> None:
        """Hear that nothing came of a message: a probe that tells nothing."""
        hold = sim.hold
        if hold is not None and hold.prober == sim.sim_id:
            hold.extend(now, self._rng.random())

    def end(self, hold: Hold, sims: Iterable[SimHealth]) -> None:
        """Let everybody go: the network has answered one of them."""
        self._holds.pop(hold.operator, None)
        for sim in sims:
            if sim.hold is hold:
                sim.hold = None
        log.info("the network is back", extra={"operator": hold.operator})
