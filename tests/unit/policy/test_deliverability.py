"""When delivery reports speak against a SIM."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.policy.deliverability import MEMORY_MS, Reports

NOW = 1_700_000_000_000


def reports(good: int, bad: int, *, recipients: int = 99, at: int = NOW) -> Reports:
    """The good ones first, then the bad ones."""
    made = Reports()
    for n in range(good):
        made.note(at, f"g{n}", delivered=True)
    for n in range(bad):
        made.note(at, f"b{n % recipients}", delivered=False)
    return made


WELL = reports(10, 1)


@pytest.mark.parametrize(
    ("mine", "others", "filtered"),
    [
        (reports(5, 10), [WELL], True),
        (reports(5, 9), [WELL], False),
        (reports(0, 11), [WELL], False),
        (reports(5, 12, recipients=7), [WELL], False),
        (reports(5, 12, recipients=8), [WELL], True),
        (reports(5, 12), [reports(2, 10)], False),
        (reports(5, 12), [reports(2, 10), WELL], True),
        (reports(5, 12), [reports(1, 1)], False),
        (reports(5, 12), [], False),
        (reports(5, 21), [], False),
        (reports(5, 22), [], True),
        (reports(5, 12, at=NOW - MEMORY_MS - 1), [WELL], False),
    ],
    ids=[
        *("ten of twelve", "nine of twelve", "too few", "few recipients"),
        *("just enough recipients", "nobody arrives", "some arrive"),
        *(
            "too few to compare",
            "alone",
            "alone, nearly",
            "alone, for long",
            "long ago",
        ),
    ],
)
def test_filtered(mine: Reports, others: list[Reports], filtered: bool) -> None:
    assert mine.is_filtered(others, NOW) is filtered


def test_the_share_of_bad_ones_wants_a_few() -> None:
    assert reports(1, 4).share_bad(NOW) == 0
    assert reports(3, 3).share_bad(NOW) == 0.5
    assert reports(99, 6).share_bad(NOW) == 0.5


def test_a_new_beginning() -> None:
    made = reports(0, 24)
    made.clear()
    assert not made.is_filtered([WELL], NOW)


@given(st.lists(st.booleans(), max_size=60), st.integers(1, 7))
def test_one_phone_switched_off_never_speaks_against_a_sim(
    delivered: list[bool], phones: int
) -> None:
    made = Reports()
    for n, each in enumerate(delivered):
        made.note(NOW, f"p{n % phones}", delivered=each)
        assert not made.is_filtered([WELL], NOW)
