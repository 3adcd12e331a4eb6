"""A SIM that gets another pace while it sends: what was sent still counts."""

from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.pacing import Pace, WarmUp, Window

WINDOWS = st.lists(
    st.builds(Window, st.integers(1, 6), st.sampled_from([1, 5, 60, 3600])),
    max_size=3,
    unique_by=lambda window: window.seconds,
)
STEPS = st.lists(st.integers(0, 5_000), max_size=20)  # between parts, in ms


@given(WINDOWS, WINDOWS, STEPS, st.integers(0, 4_000_000))
def test_it_goes_on_as_if_it_had_always_been_so(
    before: list[Window], after: list[Window], steps: list[int], later: int
) -> None:
    old, new = Pace(before), Pace(after)
    sent, now = [], 1_000_000_000_000
    for step in steps:
        now += step
        old.record(now)
        sent.append(now)
    if old.remembers_for(new):
        new.take_over(old)
        always = Pace(after, sent)
        assert new.free_at(now) == always.free_at(now)
        assert new.free_at(now + later) == always.free_at(now + later)
    else:
        # Then the store is asked: it has more than the old pace had to know.
        assert old._most < new._most or old.longest_ms < new.longest_ms


def test_the_pause_of_a_jitter_is_kept_and_ends_with_it() -> None:
    window = Window(60, 60)
    old, same, even = (
        Pace([window], jitter=50),
        Pace([window], jitter=20),
        Pace([window]),
    )
    old.record(1_000_000, 1.0)
    same.take_over(old)
    even.take_over(old)
    assert same.free_at(1_000_000) == 1_001_200
    assert even.free_at(1_000_000) == 1_000_000


def test_settings_tell_paces_apart() -> None:
    warm = WarmUp(Window(20, 86_400), 14)
    paces = [
        Pace([Window(1, 60)]),
        Pace([Window(2, 60)]),
        Pace([Window(1, 60)], jitter=5),
        Pace([Window(1, 60)], warm_up=warm),
        Pace([Window(1, 60)], warm_up=warm, since_ms=5),
    ]
    assert len({pace.settings() for pace in paces}) == len(paces)
    assert Pace([Window(1, 60)], [5]).settings() == paces[0].settings()
