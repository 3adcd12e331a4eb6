"""When a balance is asked for again, and what an answer changes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.asking import (
    LEAST_MS,
    Known,
    crosses,
    due_at,
    outcome_of,
)
from modemgw.policy.balance import Reading

HOUR = 3_600_000
DAY = 24 * HOUR
NOW = 1_800_000_000_000


@pytest.mark.parametrize(
    ("outcome", "failures", "early", "hours"),
    [
        ("read", 0, False, 24),
        ("read", 0, True, 1 / 6),
        ("doubted", 0, False, 1 / 4),
        ("unreadable", 1, False, 1 / 4),
        ("failed", 2, False, 1),
        ("failed", 3, False, 4),
        ("failed", 4, False, 24),
        ("failed", 9, False, 24),
        ("failed", 9, True, 1 / 6),
        ("unsupported", 1, False, 7 * 24),
        ("unsupported", 1, True, 7 * 24),
    ],
)
def test_it_is_asked_again_after(
    outcome: str, failures: int, early: bool, hours: float
) -> None:
    known = Known(asked_at=NOW, outcome=outcome, failures=failures)
    due = due_at(known, every_ms=DAY, early=early, now=NOW)
    assert due == NOW + round(hours * HOUR)


def test_what_was_never_asked_is_due() -> None:
    assert due_at(Known(), every_ms=DAY, early=False, now=NOW) == NOW


OUTCOMES = st.sampled_from(["read", "doubted", "unreadable", "unsupported", "failed"])


@given(
    OUTCOMES,
    st.integers(1, 50),
    st.booleans(),
    st.integers(HOUR, 31 * DAY),
    st.integers(-DAY * 900, DAY * 900),
)
def test_it_is_never_asked_too_often_nor_never(
    outcome: str, failures: int, early: bool, every: int, skew: int
) -> None:
    """Also where the clock was set: back or forth, by years."""
    known = Known(asked_at=NOW + skew, outcome=outcome, failures=failures)
    due = due_at(known, every_ms=every, early=early, now=NOW)
    assert due >= min(NOW + skew, NOW) + LEAST_MS
    assert due <= NOW + max(every, 7 * DAY)


@pytest.mark.parametrize(
    ("known", "amount", "outcome"),
    [
        (Known(), 5_000_000, "read"),
        (Known(amount=5_000_000), 4_000_000, "read"),
        (Known(amount=5_000_000), 500_000_000, "doubted"),
        (Known(5_000_000, outcome="doubted", doubted=500_000_000), 500_000_000, "read"),
        (Known(5_000_000, outcome="doubted", doubted=1), 500_000_000, "doubted"),
        (Known(5_000_000, outcome="read", doubted=500_000_000), 500_000_000, "doubted"),
        (Known(), None, "unreadable"),
    ],
)
def test_what_an_answer_is(known: Known, amount: int | None, outcome: str) -> None:
    assert outcome_of(known, Reading(amount, "EUR", "")) == outcome


@pytest.mark.parametrize(
    ("was_low", "amount", "low", "found"),
    [
        (False, 3, 2, (False, False)),
        (False, 1, 2, (True, True)),
        (True, 1, 2, (True, False)),
        (True, 2, 2, (False, False)),
        (False, -1, None, (False, False)),
    ],
)
def test_low_is_told_where_it_begins(
    was_low: bool, amount: int, low: int | None, found: tuple[bool, bool]
) -> None:
    assert crosses(Known(is_low=was_low), amount, low) == found
