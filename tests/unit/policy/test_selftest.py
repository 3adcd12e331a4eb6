"""Self-tests as rules: texts, pairs, quiet hours, verdicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modemgw.pdu.segment import segment
from modemgw.policy.selftest import (
    DAY_MINUTES,
    TOKEN_OCTETS,
    Leg,
    Quiet,
    Result,
    Seen,
    Station,
    auto_pairs,
    is_from,
    judge,
    text_of,
    token_in,
    token_of,
)

OCTETS = st.binary(min_size=TOKEN_OCTETS, max_size=TOKEN_OCTETS)


@given(OCTETS)
def test_a_token_comes_back_out_of_its_text(octets: bytes) -> None:
    token = token_of(octets)
    assert token_in(text_of(token)) == token
    assert token_in(f" {text_of(token)}\n") == token


@given(OCTETS, OCTETS)
def test_tokens_keep_all_their_randomness(one: bytes, other: bytes) -> None:
    assert (token_of(one) == token_of(other)) == (one == other)


@given(OCTETS)
def test_the_text_is_one_part_of_plain_letters(octets: bytes) -> None:
    parts = segment(text_of(token_of(octets)))
    assert (len(parts), parts.alphabet.value) == (1, "gsm7")


@given(st.one_of(st.none(), st.text(), st.text().map(lambda t: text_of(t) + "!")))
def test_other_texts_are_somebodys(text: str | None) -> None:
    assert token_in(text) is None


@pytest.mark.parametrize(
    ("sender", "number", "is_it"),
    [
        ("+4915112345678", "+4915112345678", True),
        ("015112345678", "+4915112345678", True),
        ("+4915112345679", "+4915112345678", False),
        ("Bank", "+4915112345678", False),
        ("", "+4915112345678", False),
        ("+4915199999999", None, True),
    ],
)
def test_who_may_have_sent_it(sender: str, number: str | None, is_it: bool) -> None:
    assert is_from(sender, number) is is_it


@pytest.mark.parametrize(
    ("start", "end", "minute", "left"),
    [
        (22 * 60, 7 * 60, 22 * 60, 540),
        (22 * 60, 7 * 60, 0, 420),
        (22 * 60, 7 * 60, 7 * 60, 0),
        (22 * 60, 7 * 60, 21 * 60 + 59, 0),
        (9 * 60, 17 * 60, 12 * 60, 300),
        (9 * 60, 17 * 60, 17 * 60, 0),
    ],
)
def test_quiet_hours_may_cross_midnight(
    start: int, end: int, minute: int, left: int
) -> None:
    assert Quiet(start, end).left(minute) == left


MINUTES = st.integers(0, DAY_MINUTES - 1)


@given(MINUTES, MINUTES, MINUTES)
def test_it_is_quiet_until_it_is_not(start: int, end: int, minute: int) -> None:
    quiet = Quiet(start, end)
    left = quiet.left(minute)
    assert 0 <= left < DAY_MINUTES
    if left:
        assert quiet.left((minute + left) % DAY_MINUTES) == 0
        assert (minute + left) % DAY_MINUTES == end


STATIONS = st.lists(
    st.builds(
        Station,
        sim_id=st.integers(1, 99),
        name=st.text("abcdef", min_size=1, max_size=3),
        number=st.one_of(st.none(), st.just("+4915112345678")),
        in_service=st.booleans(),
    ),
    unique_by=(lambda s: s.sim_id, lambda s: s.name),
    max_size=8,
)


@given(STATIONS)
def test_each_sends_once_to_another_that_can_be_reached(
    stations: list[Station],
) -> None:
    pairs = auto_pairs(stations)
    assert len({sender.sim_id for sender, _ in pairs}) == len(pairs)
    for sender, to in pairs:
        assert sender.sim_id != to.sim_id
        assert to.number
        assert sender.in_service
        assert to.in_service
    present = [s for s in stations if s.in_service]
    if len(present) > 1 and all(s.number for s in present):
        assert {to.sim_id for _, to in pairs} == {s.sim_id for s in present}


def seen(**what: object) -> Seen:
    facts: dict[str, object] = {
        "state": "sent",
        "refused": None,
        "is_sim_refusal": False,
        "arrived_at": None,
        "report_wanted": True,
        "report": None,
        "receiver_was_there": True,
    }
    return Seen(**{**facts, **what})  # type: ignore[arg-type]  # a table of facts


@pytest.mark.parametrize(
    ("what", "final", "result", "leg"),
    [
        ({}, False, Result.RUNNING, None),
        ({}, True, Result.FAILED, Leg.DELIVERY),
        ({"arrived_at": 1}, False, Result.RUNNING, None),
        ({"arrived_at": 1}, True, Result.FAILED, Leg.REPORT),
        ({"arrived_at": 1, "report": "delivered"}, False, Result.PASSED, None),
        ({"arrived_at": 1, "report_wanted": False}, False, Result.PASSED, None),
        ({"arrived_at": 1, "report": "undelivered"}, False, Result.FAILED, Leg.REPORT),
        ({"report": "delivered"}, False, Result.RUNNING, None),
        ({"report": "delivered"}, True, Result.FAILED, Leg.DELIVERY),
        ({"report": "undelivered"}, False, Result.FAILED, Leg.DELIVERY),
        (
            {"report": "undelivered", "receiver_was_there": False},
            False,
            Result.UNKNOWN,
            None,
        ),
        ({"receiver_was_there": False}, True, Result.UNKNOWN, None),
        ({"state": "queued"}, True, Result.UNKNOWN, None),
        ({"state": "in_doubt"}, True, Result.UNKNOWN, None),
        (
            {"state": "failed", "refused": "no", "is_sim_refusal": True},
            False,
            Result.FAILED,
            Leg.SUBMIT,
        ),
        ({"state": "failed", "refused": "no"}, False, Result.UNKNOWN, None),
        (
            {"state": "failed", "refused": "lost", "arrived_at": 1, "report": None},
            True,
            Result.FAILED,
            Leg.REPORT,
        ),
    ],
)
def test_the_verdict(
    what: dict[str, object], final: bool, result: Result, leg: Leg | None
) -> None:
    found, failed, why = judge(seen(**what), final=final)
    assert (found, failed) == (result, leg)
    assert why
