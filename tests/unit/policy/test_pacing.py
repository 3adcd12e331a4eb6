"""A SIM never sends more in a window than its operator was promised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.pacing import Pace, Window, history_from_minutes

NOW = 1_795_341_600_000


def test_a_few_messages_leave_at_once_and_then_the_window_holds() -> None:
    pace = Pace([Window(3, 60)])
    for offset in (0, 10, 20):
        assert pace.free_at(NOW + offset) == NOW + offset
        pace.record(NOW + offset)
    assert pace.free_at(NOW + 30) == NOW + 60_000


def test_the_longest_window_decides() -> None:
    pace = Pace([Window(10, 60), Window(2, 86_400)])
    pace.record(NOW)
    pace.record(NOW + 1)
    assert pace.free_at(NOW + 100_000) == NOW + 86_400_000


def test_without_windows_nothing_holds_and_nothing_is_kept() -> None:
    pace = Pace([])
    for _ in range(1000):
        pace.record(NOW)
    assert pace.free_at(NOW) == NOW
    assert pace.longest_ms == 0


def test_a_restart_counts_what_the_minutes_say() -> None:
    pace = Pace([Window(3, 60)], history_from_minutes([(NOW - 60_000, 3)], NOW))
    assert pace.free_at(NOW) == NOW - 1 + 60_000
    assert pace.used(Window(3, 60), NOW) == 3


def test_a_clock_that_steps_back_blocks_no_longer_than_the_window() -> None:
    pace = Pace([Window(1, 60)])
    pace.record(NOW + 50 * 365 * 86_400_000)
    assert pace.free_at(NOW) <= NOW + 60_000
    pace.record(NOW)
    assert pace.free_at(NOW) == NOW + 60_000


@pytest.mark.parametrize("jump", [0, -3_600_000, 3_600_000])
@given(
    gaps=st.lists(st.integers(0, 90_000), min_size=1, max_size=60),
    windows=st.lists(
        st.builds(Window, st.integers(1, 5), st.integers(1, 120)),
        min_size=1,
        max_size=3,
    ),
)
def test_no_window_is_ever_exceeded(
    jump: int, gaps: list[int], windows: list[Window]
) -> None:
    pace, now, sent = Pace(windows), NOW, []
    for gap in gaps:
        now = max(now + gap, pace.free_at(now + gap))
        pace.record(now)
        sent.append(now)
    for window in windows:
        for start in sent:
            inside = [at for at in sent if start <= at < start + window.seconds * 1000]
            assert len(inside) <= window.count
    assert pace.free_at(now + jump) >= now + jump
