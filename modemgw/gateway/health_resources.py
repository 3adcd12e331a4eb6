"""The JSON resources of a SIM's health, and of the pause of the gateway."""

import msgspec

from modemgw.gateway.health_gate import Pause, SimHealth
from modemgw.gateway.views import instant, maybe_instant
from modemgw.policy.health import ADVICE, Condition, score


class Parole(msgspec.Struct, frozen=True):
    """How far a SIM on parole is: it is trusted again after `wanted` in a row.

    `counted` says what counts: messages that were `accepted`, or `delivered`.
    """

    passed: int
    wanted: int
    counted: str


class Outage(msgspec.Struct, frozen=True):
    """The SIM's network refuses all its SIMs; they wait until `next_try_at`."""

    since: str
    next_try_at: str
    why: str


class HealthOfSim(msgspec.Struct, frozen=True, kw_only=True):
    """How far a SIM is trusted; `state` is active, benched or parole.

    `score` goes from 0 (sends nothing) to 100. `refusals` stand against it since its
    last success; `undelivered` is the share of its last reports that were bad.
    `until` is null where a bench lasts until a person ends it.
    """

    state: str
    score: int
    paused: bool
    cause: str | None
    reason: str | None
    advice: str | None
    since: str | None
    until: str | None
    benches: int
    refusals: int
    undelivered: float
    parole: Parole | None
    outage: Outage | None


class BreakerOfGateway(msgspec.Struct, frozen=True):
    """The fuse over all SIMs: parts within the last hour, and whether it has blown."""

    max_parts_per_hour: int
    used: int
    tripped_at: str | None
    until: str | None


class Sending(msgspec.Struct, frozen=True):
    """Whether the gateway sends; messages are accepted and kept all the same."""

    paused: bool
    since: str | None
    by: str | None
    breaker: BreakerOfGateway | None = None


def health(sim: SimHealth, refusals: int, now: int) -> HealthOfSim:
    """Render where a SIM stands."""
    state, hold = sim.state, sim.hold
    is_well = state.condition is Condition.ACTIVE
    on_parole = state.condition is Condition.PAROLE
    cause = None if is_well else state.cause
    undelivered = sim.reports.share_bad(now)
    counted = "delivered" if state.by_reports else "accepted"
    return HealthOfSim(
        state=state.condition.value,
        score=score(state, refusals, undelivered),
        paused=state.paused,
        cause=cause.value if cause else None,
        reason=None if is_well else state.reason,
        advice=ADVICE[cause] if cause else None,
        since=instant(state.since_at) if state.since_at else None,
        until=maybe_instant(state.until_at),
        benches=state.benches,
        refusals=refusals,
        undelivered=round(undelivered, 2),
        parole=Parole(state.successes, state.wanted, counted) if on_parole else None,
        outage=None
        if hold is None
        else Outage(instant(hold.since_at), instant(hold.until_at), hold.because),
    )


def sending(pause: Pause) -> Sending:
    """Render whether the gateway is paused."""
    if not pause.at:
        return Sending(paused=False, since=None, by=None)
    return Sending(paused=True, since=instant(pause.at), by=pause.by)
