"""A key is never over its limits, however its messages begin, fail and end."""

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.key_purses import Claim, KeyPurse
from modemgw.policy.periods import Period
from modemgw.policy.quota import Limit, Meter

NOW = 1_795_341_600_000
LIMITS = (
    Limit("12/day", 12, Period("day")),
    Limit("0.70/day", 700_000, Period("day"), money=True),
)
PRICE = 70_000


def purse() -> KeyPurse:
    return KeyPurse(LIMITS, sent=[(one, Meter(one.period, UTC)) for one in LIMITS])


@given(
    st.lists(
        st.tuples(
            st.integers(0, 5),  # which message
            st.integers(1, 5),  # of how many parts, where it begins
            st.sampled_from(["send", "send", "send", "refused", "over"]),
        ),
        max_size=60,
    )
)
def test_whatever_is_in_flight_the_limits_hold(
    steps: list[tuple[int, int, str]],
) -> None:
    mine = purse()
    left: dict[int, int] = {}  # parts to send of messages that have begun
    sent = 0
    last: Claim | None = None
    for message_id, whole, what in steps:
        if what == "send":
            parts = left.get(message_id, whole)
            begun = mine.has_begun(message_id)
            if not begun and mine.holds(parts, parts * PRICE, NOW):
                continue
            last = mine.claim(message_id, parts, PRICE, parts * PRICE, NOW)
            sent += 1
            left[message_id] = parts - 1
            if parts == 1:
                mine.over(message_id)
                del left[message_id]
        elif what == "refused" and last is not None:
            last.give_back()
            left.pop(last.message_id, None)
            sent, last = sent - 1, None
        elif what == "over":
            mine.over(message_id)
            left.pop(message_id, None)
        assert sent <= 10  # the money ends before the parts do
    for message_id in range(6):
        mine.over(message_id)
    assert [meter.used(NOW) for _, meter in mine.sent] == [sent, sent * PRICE]


def test_room_is_made_for_a_message_that_leaves_its_bundle() -> None:
    mine = purse()
    mine.claim(1, 3, 0, 2 * PRICE, NOW)  # the first part is free, the others not
    assert [meter.used(NOW) for _, meter in mine.sent] == [3, 2 * PRICE]
    mine.claim(1, 2, PRICE, 2 * PRICE, NOW)
    mine.claim(1, 1, PRICE, PRICE, NOW)
    mine.over(1)
    assert [meter.used(NOW) for _, meter in mine.sent] == [3, 2 * PRICE]


def test_what_a_key_waits_for_is_named_while_it_lasts() -> None:
    mine = purse()
    assert mine.why_held(NOW) is None
    until = mine.holds(13, 0, NOW)
    assert mine.why_held(NOW) == "12/day"
    assert mine.why_held(until) is None
