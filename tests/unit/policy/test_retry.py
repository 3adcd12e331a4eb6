"""What follows from a refusal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.at.codes import Code, Disposition, cms
from modemgw.policy.blame import Cause, Culprit, Finding, Suspect
from modemgw.policy.retry import (
    MAX_ATTEMPTS,
    Again,
    CountAsSent,
    Decision,
    Doubtful,
    GiveUp,
    backoff_ms,
    decide,
)

NOBODY = Finding()
SIM = Finding(Culprit.SIM, Suspect.SIM, Cause.BARRED)
RECIPIENT = Finding(Culprit.RECIPIENT, Suspect.EITHER)
NETWORK = Finding(Culprit.NETWORK, Suspect.NETWORK)
DOUBTED = Finding(suspect=Suspect.UNKNOWN_NUMBER, second_opinion=True)


def decision(
    code: Code,
    *,
    attempt: int = 1,
    other_sims: int = 0,
    finding: Finding = NOBODY,
    asked_others: bool = False,
    pinned: bool = False,
) -> Decision:
    return decide(
        code,
        attempt=attempt,
        other_sims=other_sims,
        finding=finding,
        asked_others=asked_others,
        pinned=pinned,
        jitter=0.5,
    )


def code(disposition: Disposition) -> Code:
    return Code(999, "some sentence", disposition, "network_rejected")


def test_a_bad_recipient_ends_the_message_and_leaves_the_sim_alone() -> None:
    assert decision(cms(1), other_sims=3) == GiveUp("recipient_unknown", False)


def test_a_passing_network_fault_is_tried_again_after_a_pause() -> None:
    assert decision(cms(41), other_sims=3) == Again(5_000)


def test_a_sim_at_fault_is_left_out_and_another_takes_over_at_once() -> None:
    assert decision(cms(8), other_sims=1, finding=SIM) == Again(0, exclude_sim=True)
    assert decision(cms(8), finding=SIM) == Again(5_000)


@pytest.mark.parametrize("number", [30, 41])
def test_what_a_sim_at_fault_was_refused_goes_elsewhere_whatever_the_code(
    number: int,
) -> None:
    found = decision(cms(number), other_sims=1, finding=SIM)
    assert found == Again(0, exclude_sim=True)


def test_a_recipient_that_two_sims_were_refused_is_given_up_early() -> None:
    found = decision(cms(21), other_sims=3, finding=RECIPIENT, asked_others=True)
    assert found == GiveUp("network_rejected", retryable=False)


def test_a_second_opinion_is_asked_once() -> None:
    assert decision(cms(30), other_sims=1, finding=DOUBTED) == Again(
        0, exclude_sim=True
    )
    given_up = GiveUp("recipient_unknown", retryable=False)
    for hopeless in (
        decision(cms(30), other_sims=1, finding=DOUBTED, asked_others=True),
        decision(cms(30), other_sims=1, finding=DOUBTED, pinned=True),
        decision(cms(30), finding=DOUBTED),
    ):
        assert hopeless == given_up


@pytest.mark.parametrize("attempt", [1, MAX_ATTEMPTS, 40])
def test_what_a_whole_network_refuses_waits_until_that_is_over(attempt: int) -> None:
    found = decision(cms(38), attempt=attempt, other_sims=2, finding=NETWORK)
    assert found == Again(0)


def test_no_service_is_no_fault_of_the_sim() -> None:
    assert decision(cms(331), other_sims=1) == Again(0, exclude_sim=True)


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


FINDINGS = (NOBODY, SIM, RECIPIENT, NETWORK, DOUBTED)


@given(
    st.sampled_from(list(Disposition)),
    st.integers(1, 20),
    st.integers(0, 5),
    st.sampled_from(FINDINGS),
    st.booleans(),
    st.booleans(),
)
def test_a_resend_never_follows_from_doubt_and_never_leaves_a_pinned_sim(
    disposition: Disposition,
    attempt: int,
    others: int,
    finding: Finding,
    asked: bool,
    pinned: bool,
) -> None:
    found = decision(
        code(disposition),
        attempt=attempt,
        other_sims=others,
        finding=finding,
        asked_others=asked,
        pinned=pinned,
    )
    if disposition in (Disposition.IN_DOUBT, Disposition.SENT):
        assert not isinstance(found, Again)
    if isinstance(found, Again):
        assert attempt < MAX_ATTEMPTS or finding is NETWORK
        assert not (found.exclude_sim and pinned)
        assert not (found.exclude_sim and not others)


@pytest.mark.parametrize("disposition", list(Disposition))
def test_every_disposition_has_an_answer(disposition: Disposition) -> None:
    assert decision(code(disposition)) is not None
