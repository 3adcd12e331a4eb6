"""The states of messages and parts, as the table says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.message import (
    AFTER_WAITING,
    CANCELABLE,
    DEFAULT_ON_IN_DOUBT,
    FINAL,
    MESSAGE_STEPS,
    MessageState,
    OnInDoubt,
    PartState,
    aggregate,
    may_follow,
)

D, U, A = PartState.DELIVERED, PartState.UNDELIVERED, PartState.ACCEPTED


def test_every_state_is_in_the_table() -> None:
    assert set(MESSAGE_STEPS) == set(MessageState)


def test_only_a_late_report_leads_out_of_a_final_state() -> None:
    for state in FINAL:
        assert MESSAGE_STEPS[state] <= {
            MessageState.DELIVERED,
            MessageState.UNDELIVERED,
        }
    assert not MESSAGE_STEPS[MessageState.DELIVERED]


def test_what_can_be_canceled_has_not_left() -> None:
    assert all(may_follow(state, MessageState.CANCELED) for state in CANCELABLE)
    assert not may_follow(MessageState.SENDING, MessageState.CANCELED)
    assert not may_follow(MessageState.IN_DOUBT, MessageState.CANCELED)


@pytest.mark.parametrize(
    ("parts", "verdict"),
    [
        pytest.param([D], MessageState.DELIVERED, id="one-delivered"),
        pytest.param([D, A], None, id="one-still-on-its-way"),
        pytest.param([U, A], None, id="wait-for-all-before-saying-no"),
        pytest.param([D, U], MessageState.UNDELIVERED, id="half-a-text-is-no-text"),
        pytest.param([D, D, D], MessageState.DELIVERED, id="all-delivered"),
    ],
)
def test_the_parts_decide_together(
    parts: list[PartState], verdict: MessageState | None
) -> None:
    assert aggregate(parts) is verdict


@given(st.lists(st.sampled_from(list(PartState)), min_size=1, max_size=8))
def test_delivered_means_every_part(parts: list[PartState]) -> None:
    assert (aggregate(parts) is MessageState.DELIVERED) == (set(parts) == {D})


def test_every_class_says_what_it_wants_in_doubt() -> None:
    assert set(DEFAULT_ON_IN_DOUBT) == set(AFTER_WAITING)
    assert DEFAULT_ON_IN_DOUBT["alert"] is OnInDoubt.RESEND
    for klass in ("transactional", "otp", "marketing"):
        assert DEFAULT_ON_IN_DOUBT[klass] is not OnInDoubt.RESEND
        assert AFTER_WAITING[klass] is not OnInDoubt.RESEND
