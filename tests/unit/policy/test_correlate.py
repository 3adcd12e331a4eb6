"""Which part a status report belongs to; better none than the wrong one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.correlate import Candidate, match, same_recipient

NOW = 1_795_341_600_000
MINUTE = 60_000


def part(
    part_id: int, recipient: str = "+4917012345678", at: int = NOW, final: bool = False
) -> Candidate:
    return Candidate(part_id, recipient, at, final)


@pytest.mark.parametrize(
    ("candidates", "recipient", "scts", "found"),
    [
        pytest.param([part(1)], "+4917012345678", NOW, 1, id="plain"),
        pytest.param([part(1)], "017012345678", NOW, 1, id="national-spelling"),
        pytest.param([part(1)], "+4917099999999", NOW, None, id="someone-else"),
        pytest.param([], "+4917012345678", NOW, None, id="nothing-known"),
        pytest.param([part(1)], "+4917012345678", None, 1, id="no-time-stamp"),
        pytest.param(
            [part(2, at=NOW), part(1, at=NOW - 60 * MINUTE)],
            "+4917012345678",
            NOW + 2_000,
            2,
            id="reference-wrapped-newest-near-wins",
        ),
        pytest.param(
            [part(2, at=NOW), part(1, at=NOW - 60 * MINUTE)],
            "+4917012345678",
            NOW - 60 * MINUTE + 3_000,
            1,
            id="late-report-for-the-older-one",
        ),
        pytest.param(
            [part(1, at=NOW - 60 * MINUTE, final=True)],
            "+4917012345678",
            NOW,
            None,
            id="report-before-cmgs-is-not-for-the-last-round",
        ),
        pytest.param(
            [part(2), part(1)], "+4917012345678", NOW, None, id="two-fit-never-guess"
        ),
        pytest.param(
            [part(2), part(1, final=True)],
            "+4917012345678",
            NOW,
            2,
            id="the-open-one-of-two",
        ),
        pytest.param(
            [part(1, at=NOW + 48 * 60 * MINUTE)],
            "+4917012345678",
            NOW,
            None,
            id="accepted-long-after-the-report",
        ),
        pytest.param([part(1, "80888")], "80888", NOW, 1, id="short-code"),
        pytest.param([part(1, "80888")], "0888", NOW, None, id="other-short-code"),
    ],
)
def test_match(
    candidates: list[Candidate], recipient: str, scts: int | None, found: int | None
) -> None:
    assert match(candidates, recipient=recipient, scts_ms=scts) == found


@given(
    st.lists(
        st.builds(
            Candidate,
            st.integers(1, 99),
            st.sampled_from(["+4917012345678", "+4917012345679"]),
            st.integers(NOW - 9 * MINUTE, NOW + 9 * MINUTE),
            st.booleans(),
        ),
        max_size=6,
        unique_by=lambda c: c.part_id,
    )
)
def test_a_match_is_always_the_recipients(candidates: list[Candidate]) -> None:
    found = match(candidates, recipient="017012345678", scts_ms=NOW)
    if found is not None:
        (winner,) = [c for c in candidates if c.part_id == found]
        assert same_recipient(winner.recipient, "+4917012345678")
