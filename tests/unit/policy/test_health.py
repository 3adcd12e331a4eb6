"""Benches, paroles and restorations, as values."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.blame import Cause
from modemgw.policy.health import (
    ADVICE,
    RELAPSE_MS,
    Condition,
    Health,
    Probed,
    Terms,
    after_probes,
    bench,
    bench_by_hand,
    is_over,
    parole,
    restore,
    score,
    spacing_ms,
    succeeded,
)

NOW = 1_700_000_000_000
MINUTE, HOUR = 60_000, 3_600_000
TERMS = Terms()
CAUSES = st.sampled_from([Cause.REFUSED, Cause.BARRED, Cause.UNDELIVERED])


def benched(times: int = 1, cause: Cause = Cause.REFUSED) -> Health:
    health = Health()
    for _ in range(times):
        health = bench(health, cause, "why", NOW, TERMS)
    return health


def length(health: Health) -> int:
    assert health.until_at is not None
    return health.until_at - health.since_at


@pytest.mark.parametrize(
    ("cause", "times", "minutes"),
    [
        (Cause.REFUSED, 1, 15),
        (Cause.REFUSED, 2, 60),
        (Cause.REFUSED, 3, 360),
        (Cause.REFUSED, 4, 1440),
        (Cause.REFUSED, 40, 1440),
        (Cause.BARRED, 1, 60),
        (Cause.BARRED, 2, 360),
        (Cause.BARRED, 9, 1440),
    ],
)
def test_each_bench_in_a_row_is_longer(cause: Cause, times: int, minutes: int) -> None:
    assert length(benched(times, cause)) == minutes * MINUTE


def test_the_configuration_has_the_last_word_on_lengths() -> None:
    terms = Terms(first_ms=10 * MINUTE, longest_ms=30 * MINUTE)
    first = bench(Health(), Cause.REFUSED, "why", NOW, terms)
    second = bench(first, Cause.REFUSED, "why", NOW, terms)
    assert (length(first), length(second)) == (10 * MINUTE, 30 * MINUTE)


def test_a_relapse_within_a_day_goes_on_growing_and_later_begins_anew() -> None:
    well = restore(parole(benched(2), NOW, TERMS), NOW)
    soon = bench(well, Cause.REFUSED, "why", NOW + RELAPSE_MS - 1, TERMS)
    late = bench(well, Cause.REFUSED, "why", NOW + RELAPSE_MS, TERMS)
    assert (length(soon), length(late)) == (6 * HOUR, 15 * MINUTE)


@pytest.mark.parametrize(
    ("health", "later_ms", "over"),
    [
        (Health(), HOUR, False),
        (benched(), 15 * MINUTE - 1, False),
        (benched(), 15 * MINUTE, True),
        (parole(benched(), NOW, TERMS), 9 * HOUR, False),
        (bench_by_hand(Health(), "", NOW, None), 9000 * HOUR, False),
        (bench_by_hand(Health(), "", NOW, NOW + 90 * HOUR), 89 * HOUR, False),
        (bench_by_hand(Health(), "", NOW, NOW + 90 * HOUR), 90 * HOUR, True),
        (benched(), -20 * HOUR, False),
        (benched(), -48 * HOUR, True),
    ],
    ids=[
        *("active", "too soon", "over", "parole", "for good", "by hand"),
        *("by hand, over", "clock a little back", "clock far back"),
    ],
)
def test_when_a_bench_is_over(health: Health, later_ms: int, over: bool) -> None:
    assert is_over(health, NOW + later_ms, TERMS) is over


FAILED, PASSED = Probed(False, "credit 0.00"), Probed(True, "credit 5.00")
UNTRIED = Probed(None, "no sister SIM")


@pytest.mark.parametrize(
    ("found", "condition"),
    [
        ((), Condition.PAROLE),
        ((UNTRIED,), Condition.PAROLE),
        ((PASSED,), Condition.PAROLE),
        ((UNTRIED, PASSED), Condition.PAROLE),
        ((FAILED,), Condition.BENCHED),
        ((PASSED, FAILED), Condition.BENCHED),
    ],
)
def test_what_probes_come_to(found: tuple[Probed, ...], condition: Condition) -> None:
    after = after_probes(benched(), found, NOW + HOUR, TERMS)
    assert after.condition is condition
    if condition is Condition.BENCHED:
        assert (length(after), after.reason) == (HOUR, "credit 0.00")
        assert after.cause is Cause.REFUSED


def test_a_probe_that_fails_behind_a_bench_by_hand_is_the_cause() -> None:
    by_hand = bench_by_hand(Health(), "let it rest", NOW, NOW + HOUR)
    assert after_probes(by_hand, [FAILED], NOW + HOUR, TERMS).cause is Cause.PROBE


def test_enough_messages_in_a_row_restore_a_sim() -> None:
    health = parole(benched(), NOW, TERMS)
    spacings = []
    while health.condition is Condition.PAROLE:
        spacings.append(spacing_ms(health, TERMS) // 1000)
        health = succeeded(health, NOW)
    assert spacings == [60, 30, 20, 15, 12]
    assert health.condition is Condition.ACTIVE


def test_a_person_may_restore_at_once() -> None:
    health = parole(benched(), NOW, TERMS, successes=0)
    assert (health.condition, health.until_at) == (Condition.ACTIVE, None)


def test_a_sim_whose_messages_did_not_arrive_is_paroled_by_its_reports() -> None:
    health = parole(benched(1, Cause.UNDELIVERED), NOW, TERMS)
    assert health.by_reports
    assert not restore(health, NOW).by_reports
    assert not parole(benched(), NOW, TERMS).by_reports


def test_a_pause_outlasts_everything() -> None:
    health = replace(benched(), paused=True)
    for step in (
        parole(health, NOW, TERMS),
        succeeded(parole(health, NOW, TERMS, successes=1), NOW),
        bench(health, Cause.BARRED, "why", NOW, TERMS),
        bench_by_hand(health, "why", NOW, None),
    ):
        assert step.paused


@pytest.mark.parametrize("cause", list(Cause))
def test_there_is_advice_for_every_cause(cause: Cause) -> None:
    assert ADVICE[cause]


def test_the_score_falls_with_what_speaks_against_a_sim() -> None:
    scores = [
        score(Health(), 0, 0),
        score(Health(), 1, 0),
        score(Health(), 1, 0.5),
        score(Health(), 99, 1),
        score(benched(), 0, 0),
    ]
    assert scores == sorted(scores, reverse=True)
    assert (scores[0], scores[-1]) == (100, 0)
    assert 0 < score(parole(benched(), NOW, TERMS), 0, 0) < 100
    assert score(replace(Health(), paused=True), 0, 0) == 0


@given(st.lists(st.sampled_from(["fault", "over", "ok", "hand"]), max_size=40), CAUSES)
def test_whatever_happens_a_bench_ends_and_a_sim_can_come_back(
    steps: list[str], cause: Cause
) -> None:
    health, now = Health(), NOW
    for step in steps:
        now += HOUR
        match step:
            case "fault":
                health = bench(health, cause, "why", now, TERMS)
            case "over" if is_over(health, now, TERMS):
                health = after_probes(health, (), now, TERMS)
            case "ok":
                health = succeeded(health, now)
            case "hand":
                health = bench_by_hand(health, "why", now, now + HOUR)
            case _:
                pass
        if health.condition is Condition.BENCHED:
            assert health.until_at is not None
            assert 0 < health.until_at - health.since_at <= TERMS.longest_ms
        else:
            assert health.until_at is None
        assert score(health, 0, 0) in (0, 40, 100)
    now += TERMS.longest_ms
    if health.condition is Condition.BENCHED:
        assert is_over(health, now, TERMS)
        health = after_probes(health, (), now, TERMS)
    for _ in range(TERMS.successes):
        health = succeeded(health, now)
    assert health.condition is Condition.ACTIVE
