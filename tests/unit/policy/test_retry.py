"""What follows from a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at.codes import Code, Disposition, cms
from modemgw.policy.retry import (
    COOL_DOWN_S,
    MAX_ATTEMPTS,
    Again,
    CountAsSent,
    Decision,
    Doubtful,
    GiveUp,
    backoff_ms,
    decide,
)


def decision(
    code: Code,
    *,
    attempt: int = 1,
    other_sims: int = 0,
    sim_refusals: int = 1,
    sim_messages: int = 1,
    pinned: bool = False,
) -> Decision:
    return decide(
        code,
        attempt=attempt,
        other_sims=other_sims,
        sim_refusals=sim_refusals,
        sim_messages=sim_messages,
        pinned=pinned,
        jitter=0.5,
    )


def code(disposition: Disposition) -> Code:
    return Code(999, "some sentence", disposition, "network_rejected")


def test_a_bad_recipient_ends_the_message_and_leaves_the_sim_alone() -> None:
    assert decision(cms(1), other_sims=3) == GiveUp("recipient_unknown", False)


def test_a_passing_network_fault_is_tried_again_after_a_pause() -> None:
    assert decision(cms(41), other_sims=3) == Again(5_000)


def test_a_sim_at_fault_rests_and_another_takes_over_at_once() -> None:
    assert decision(cms(8), other_sims=1) == Again(
        0, exclude_sim=True, cool_sim_ms=COOL_DOWN_S[0] * 1000
    )
    assert decision(cms(8), sim_refusals=9) == Again(
        5_000, cool_sim_ms=COOL_DOWN_S[-1] * 1000
    )


@pytest.mark.parametrize(
    ("refusals", "messages", "rest_s"),
    [(2, 2, 0), (3, 3, 900), (3, 2, 900), (4, 3, 3600), (9, 9, 21_600), (9, 1, 0)],
)
def test_a_sim_rests_when_the_network_refuses_several_messages_in_a_row(
    refusals: int, messages: int, rest_s: int
) -> None:
    found = decision(
        cms(21), other_sims=1, sim_refusals=refusals, sim_messages=messages
    )
    assert found == Again(0, exclude_sim=True, cool_sim_ms=rest_s * 1000)


def test_no_service_is_no_fault_of_the_sim() -> None:
    found = decision(cms(331), other_sims=1, sim_refusals=5, sim_messages=5)
    assert found == Again(0, exclude_sim=True)


def test_parts_that_are_pinned_wait_for_their_sim() -> None:
    assert decision(code(Disposition.TRY_OTHER_SIM), other_sims=2, pinned=True) == (
        Again(5_000)
    )


def test_a_modem_that_must_be_set_up_again() -> None:
    assert decision(code(Disposition.FIX_MODEM), other_sims=1) == Again(
        0, exclude_sim=True, fix_modem=True
    )


def test_doubt_and_duplicates() -> None:
    assert decision(code(Disposition.IN_DOUBT)) == Doubtful()
    assert decision(code(Disposition.SENT)) == CountAsSent()


def test_attempts_come_to_an_end() -> None:
    assert decision(cms(41), attempt=MAX_ATTEMPTS) == GiveUp("no_service", True)


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True))
def test_the_pause_stays_within_a_fifth_of_its_step(
    attempt: int, jitter: float
) -> None:
    middle = backoff_ms(attempt, 0.5)
    assert 0.79 * middle <= backoff_ms(attempt, jitter) <= 1.21 * middle


@given(
    st.sampled_from(list(Disposition)),
    st.integers(1, 20),
    st.integers(0, 5),
    st.integers(1, 9),
    st.booleans(),
)
def test_a_resend_never_follows_from_doubt(
    disposition: Disposition, attempt: int, others: int, refusals: int, pinned: bool
) -> None:
    found = decision(
        code(disposition),
        attempt=attempt,
        other_sims=others,
        sim_refusals=refusals,
        pinned=pinned,
    )
    if disposition in (Disposition.IN_DOUBT, Disposition.SENT):
        assert not isinstance(found, Again)
    if isinstance(found, Again):
        assert attempt < MAX_ATTEMPTS
        assert not (found.exclude_sim and pinned)


@pytest.mark.parametrize("disposition", list(Disposition))
def test_every_disposition_has_an_answer(disposition: Disposition) -> None:
    assert decision(code(disposition)) is not None
