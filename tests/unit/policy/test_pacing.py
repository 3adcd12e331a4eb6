"""A SIM never sends more in a window than its operator was promised."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.pacing import Pace, WarmUp, Window, history_from_minutes

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


def test_with_jitter_parts_are_spaced_unevenly() -> None:
    pace = Pace([Window(10, 60), Window(100, 86_400)], jitter=50)
    for draw, pause in ((0.5, 6_000), (0.0, 3_000), (1.0, 9_000)):
        pace.record(NOW, draw)
        assert pace.free_at(NOW) == NOW + pause
    assert pace.free_at(NOW + 9_000) == NOW + 9_000


def test_a_clock_that_steps_back_prolongs_no_pause() -> None:
    pace = Pace([Window(10, 60)], jitter=50)
    pace.record(NOW + 86_400_000, 0.5)
    assert pace.free_at(NOW) <= NOW + 9_000


@given(draws=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_jitter_never_lets_more_through_than_the_windows(draws: list[float]) -> None:
    pace, windows, now = Pace([Window(3, 60)], jitter=90), Window(3, 60), NOW
    sent: list[int] = []
    for draw in draws:
        now = pace.free_at(now)
        pace.record(now, draw)
        sent.append(now)
        inside = [at for at in sent if at > now - windows.seconds * 1000]
        assert len(inside) <= windows.count


def test_without_a_window_there_is_nothing_to_spread() -> None:
    pace = Pace([], jitter=50)
    assert pace.windows_at(NOW) == ()
    pace.record(NOW, 1.0)
    assert pace.free_at(NOW) == NOW


@pytest.mark.parametrize(
    ("day", "count"), [(0, 20), (1, 25), (7, 98), (13, 383), (14, None), (-1, 20)]
)
def test_a_new_card_warms_up(day: int, count: int | None) -> None:
    warm_up = WarmUp(Window(20, 86_400), 14)
    found = warm_up.window(day * 86_400_000 + 5, [Window(20, 3600), Window(9, 60)])
    assert (found.count if found else None) == count


def test_a_pace_that_is_slower_is_not_slowed_and_none_knows_no_end() -> None:
    warm_up = WarmUp(Window(20, 86_400), 14)
    assert warm_up.window(0, [Window(20, 86_400)]) is None
    assert warm_up.window(0, []) is None


def test_a_warm_up_holds_with_the_windows_and_remembers_enough() -> None:
    warm_up = WarmUp(Window(3, 86_400), 7)
    pace = Pace([Window(2, 60)], warm_up=warm_up, since_ms=NOW)
    assert pace.longest_ms == 86_400_000
    for offset in (0, 1, 60_001):
        assert pace.free_at(NOW + offset) == NOW + offset
        pace.record(NOW + offset)
    assert pace.free_at(NOW + 70_000) == NOW + 86_400_000
    assert [w.count for w in pace.windows_at(NOW)] == [2, 3]
    later = NOW + 7 * 86_400_000
    assert pace.windows_at(later) == pace.windows
    assert pace.free_at(later) == later
