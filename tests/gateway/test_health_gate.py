"""What holds a SIM back for its health, moment by moment."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.health_gate import HOLD_S, LEASE_MS, Hold, Pause, SimHealth
from modemgw.gateway.lane_sim import FAR
from modemgw.policy.blame import Cause
from modemgw.policy.health import Health, Terms, bench, bench_by_hand, parole, succeeded

NOW = 1_700_000_000_000
TERMS = Terms()
BENCHED = bench(Health(), Cause.REFUSED, "rejected", NOW, TERMS)
PAROLE = parole(BENCHED, NOW, TERMS)
LONGEST_HOLD_MS = HOLD_S[-1] * 1200


def gate(state: Health = Health(), pause: Pause | None = None) -> SimHealth:  # noqa: B008
    made = SimHealth(1, "red", "8949", TERMS, pause or Pause())
    made.state = state
    return made


@pytest.mark.parametrize(
    ("state", "at", "why"),
    [
        (Health(), 0, ""),
        (BENCHED, NOW + 900_000, "benched: rejected"),
        (replace(BENCHED, until_at=NOW), FAR, "benched: rejected"),
        (bench_by_hand(Health(), "tired", NOW, None), FAR, "benched: tired"),
        (PAROLE, 0, ""),
        (replace(Health(), paused=True), FAR, "paused by the admin"),
        (replace(BENCHED, paused=True), FAR, "paused by the admin"),
    ],
    ids=["active", "benched", "over", "by hand", "parole", "paused", "both"],
)
def test_what_holds(state: Health, at: int, why: str) -> None:
    assert gate(state).free_at(NOW) == (at, why)


def test_the_pause_of_the_gateway_holds_everybody_and_lets_go() -> None:
    pause = Pause()
    sim = gate(pause=pause)
    pause.at = NOW
    sim.refresh()
    assert sim.free_at(NOW) == (FAR, "the gateway is paused")
    pause.at = 0
    sim.refresh()
    assert sim.free_at(NOW) == (0, "")


def test_on_parole_the_pauses_get_shorter() -> None:
    sim = gate(PAROLE)
    pauses = []
    for n in range(4):
        sim.record(NOW + n, "+49")
        sim.state = succeeded(sim.state, NOW)
        pauses.append(sim.free_at(NOW + n)[0] - NOW - n)
    assert pauses == [30_000, 20_000, 15_000, 12_000]


def test_a_new_parole_begins_at_once() -> None:
    sim = gate(PAROLE)
    sim.record(NOW, "+49")
    sim.state = bench(sim.state, Cause.REFUSED, "rejected", NOW, TERMS)
    sim.state = parole(sim.state, NOW + 1000, TERMS)
    assert sim.free_at(NOW + 1000) == (0, "")


@given(st.integers(-(10**12), 10**12))
def test_a_clock_that_jumps_holds_nobody_on_parole_longer_than_one_pause(
    jump: int,
) -> None:
    sim = gate(PAROLE)
    sim.record(NOW, "+49")
    at, _ = sim.free_at(NOW + jump)
    assert at <= NOW + jump + TERMS.spacing_ms


def held(*names: int) -> tuple[Hold, list[SimHealth]]:
    hold = Hold("net", "out of order", NOW)
    hold.extend(NOW, 0.0)
    sims = [SimHealth(n, f"s{n}", None, TERMS, Pause()) for n in names]
    for sim in sims:
        sim.hold = hold
    return hold, sims


def test_one_sim_probes_for_all_and_the_others_wait_for_its_answer() -> None:
    hold, (one, other) = held(1, 2)
    assert one.free_at(NOW)[0] == other.free_at(NOW)[0] == NOW + 30_000
    later = NOW + 30_000
    assert one.free_at(later)[0] <= later
    one.record(later, "+49")
    assert one.free_at(later)[0] <= later  # the rest of a long text
    assert other.free_at(later)[0] == later + LEASE_MS
    assert other.free_at(later + LEASE_MS)[0] <= later + LEASE_MS  # it was lost
    hold.extend(later, 0.0)
    assert other.free_at(later)[0] == one.free_at(later)[0] == later + 60_000


def test_a_network_that_stays_out_is_tried_every_quarter_of_an_hour() -> None:
    hold, _ = held(1)
    waits = []
    for _ in range(8):
        waits.append(hold.until_at - NOW)
        hold.extend(NOW, 0.0)
    assert waits == [1000 * s for s in (30, 60, 120, 300, 600, 900, 900, 900)]


@given(st.integers(-(10**12), 10**12), st.floats(0, 1, exclude_max=True))
def test_a_clock_that_jumps_ends_every_outage(jump: int, jitter: float) -> None:
    hold, (one, other) = held(1, 2)
    for _ in range(9):
        hold.extend(NOW, jitter)
    assert one.free_at(NOW + jump)[0] <= NOW + jump + LONGEST_HOLD_MS
    one.record(NOW, "+49")
    assert other.free_at(NOW + jump)[0] <= NOW + jump + max(LONGEST_HOLD_MS, LEASE_MS)
