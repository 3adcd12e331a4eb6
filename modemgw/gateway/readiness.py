"""Whether the gateway can do its job, and what keeps it from it."""

from typing import TYPE_CHECKING

from modemgw.gateway.model import Readiness

if TYPE_CHECKING:
    from modemgw.gateway.gateway import Gateway


def readiness(gateway: "Gateway") -> Readiness:
    """Say whether messages can be stored and sent, one sentence for each reason."""
    reasons: list[str] = []
    if not gateway.started:
        reasons.append("the gateway is starting")
    if gateway.dispatcher.stopping:
        reasons.append("the gateway is stopping")
    if not gateway.store.writer.healthy:
        reasons.append("the database does not take writes")
    ready = [lane for lane in gateway.dispatcher.lanes.values() if lane.ready]
    if not ready:
        modems = gateway.modems()
        reasons.extend(f"modem {m.name}: {m.why or m.phase.value}" for m in modems)
        if not modems:
            reasons.append("no modem is configured")
    able = {lane.sim.sim_id for lane in ready if lane.sim is not None}
    reasons.extend(gateway.care.why_nothing_is_sent(able))
    healthy = not reasons
    if not gateway.clock_is_sane():
        reasons.append("the clock is in the past: scheduled messages are held")
    if (warning := gateway.notices.clock_warning()) is not None:
        reasons.append(warning)
    return Readiness(healthy, tuple(reasons))
