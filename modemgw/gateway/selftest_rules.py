"""May a self-test go out now: money first, then what holds the SIM, then customers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from modemgw.clock import Clock
from modemgw.config.selftest import SelftestConfig
from modemgw.errors import NotFound
from modemgw.gateway.health_gate import SimHealth
from modemgw.gateway.lane import Lane
from modemgw.gateway.lane_sim import LaneSim
from modemgw.gateway.views import sim_id
from modemgw.policy.health import Condition
from modemgw.store.sims import SimRow

SPARE = 2  # parts that a pace window must have left: one for us, one for a customer


@dataclass(frozen=True, slots=True)
class Terms:
    """On which terms one self-test may go out."""

    paid: bool  # somebody allowed it to cost money
    polite: bool = True  # only while nobody waits and the pace has room to spare
    benched: bool = False  # it is to find out whether the SIM may leave the bench


def objection(
    lane: Lane,
    to: str,
    terms: Terms,
    clock: Clock,
    is_quiet: Callable[[], bool],
) -> tuple[str, bool] | None:
    """Say why not, and whether that may pass by itself; None: it may go out."""
    sim = lane.sim
    if not lane.ready or sim is None:
        return f"it is not in service: {lane.why_not_ready}", True
    if (why := price_objection(sim, to, paid=terms.paid)) is not None:
        return why, False
    if (why := _held(sim, clock, benched=terms.benched)) is not None:
        return f"it is held back: {why}", True
    if terms.polite and not (is_quiet() and has_room(sim, clock.now_ms())):
        return "customers come first", True
    return None


def price_objection(sim: LaneSim, to: str, *, paid: bool) -> str | None:
    """Say why a part to `to` may not go out for what it costs; None: it may.

    Free is what the SIM's tariff gives for nothing. Where there is no tariff, or it
    has no price for the number, nobody knows, and that counts as money.
    """
    tariff = sim.tariff
    if tariff is None:
        if paid:
            return None
        return "what a part costs is not known: give the SIM a tariff, or allow paid"
    used = sim.used_in_bundle
    if (why := tariff.allows(to, 1, used_in_bundle=used)) is not None:
        return why
    price = tariff.price(to, used_in_bundle=used)
    if price == 0 or paid:
        return None
    if price is None:
        return "its tariff has no price for the other SIM's number: allow paid"
    return "it would cost money: allow paid"


def has_room(sim: LaneSim, now: int) -> bool:
    """Say whether every pace window keeps a part for a customer."""
    return all(
        window.count == 1 or sim.pace.used(window, now) + SPARE <= window.count
        for window in sim.pace.windows
    )


def _held(sim: LaneSim, clock: Clock, *, benched: bool) -> str | None:
    now = clock.now_ms()
    if not benched:
        at, why = sim.free_at(now, clock.monotonic())
        return why if at else None
    if sim.pace.free_at(now) > now:
        return "its pace"
    for gate in sim.gates:
        at, why = gate.free_at(now)
        if at > now and not (isinstance(gate, SimHealth) and _is_bench(gate, why)):
            return why
    return None


def _is_bench(health: SimHealth, why: str) -> bool:
    """Say whether it is the bench that holds the SIM, and no pause by a person."""
    return health.state.condition is Condition.BENCHED and why.startswith("benched")


def quiet_s(config: SelftestConfig, zone: tzinfo, now_ms: int) -> float:
    """Return how long no scheduled self-test may begin; 0.0: one may."""
    if config.quiet is None:
        return 0.0
    local = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(zone)
    return config.quiet.left(local.hour * 60 + local.minute) * 60.0


def named(known: list[SimRow], name: str) -> SimRow:
    """Return a card by its name, id or ICCID. Raises NotFound."""
    for row in known:
        if name in (row.name, sim_id(row.name), row.iccid):
            return row
    raise NotFound(f"there is no SIM {name!r}")
