"""Who is next: fairness and bounds, as laws."""

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.webhook_lanes import FAILING_KEYS, Lane, Lanes


def offer_all(lanes: Lanes, rows: list[tuple[int, int]]) -> None:
    for delivery, key in rows:
        lanes.offer(delivery, key)


ROWS = st.lists(st.integers(0, 6), max_size=80).map(lambda keys: list(enumerate(keys)))


@given(ROWS, st.integers(1, 3), st.integers(1, 6), st.randoms(use_true_random=False))
def test_every_row_is_started_once_and_limits_hold(
    rows: list[tuple[int, int]], per_lane: int, total: int, random: Random
) -> None:
    lanes = Lanes(per_lane=per_lane, total=total, lane_ids=5, all_ids=12)
    pending = dict(rows)  # what the database holds
    running: list[tuple[int, Lane]] = []
    started: list[int] = []
    offer_all(lanes, rows)
    for _ in range(10_000):
        if lanes.hungry(0) or lanes.starved():
            offer_all(lanes, list(pending.items()))
        for delivery, lane, _ in lanes.take(0):
            running.append((delivery, lane))
            started.append(delivery)
        at_once = Counter(lane.key for _, lane in running)
        assert len(running) == lanes.running <= total
        assert all(count <= per_lane for count in at_once.values())
        assert lanes.known <= 12 + total
        if not running:
            break
        delivery, lane = running.pop(random.randrange(len(running)))
        lanes.ended(lane, failed=random.random() < 0.5)
        del pending[delivery]
        lanes.forget(delivery)
    assert sorted(started) == [delivery for delivery, _ in rows]
    assert lanes.known == 0
    assert not lanes.working(0)


def test_lanes_take_turns() -> None:
    lanes = Lanes(per_lane=2, total=4)
    offer_all(lanes, [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3)])
    assert [delivery for delivery, _, _ in lanes.take(0)] == [1, 4, 5, 2]


def test_a_delivery_under_way_is_not_offered_twice() -> None:
    lanes = Lanes()
    lanes.offer(1, 1)
    [(_, lane, _)] = lanes.take(0)
    lanes.offer(1, 1)
    lanes.ended(lane, failed=False)
    lanes.offer(1, 1)  # answered, and not yet on disk
    assert lanes.take(0) == []
    lanes.forget(1)
    lanes.offer(1, 1)
    assert len(lanes.take(0)) == 1


def test_a_failing_lane_gets_one_attempt_at_a_time() -> None:
    lanes = Lanes(per_lane=4)
    lanes.offer(0, 1)
    [(_, lane, _)] = lanes.take(0)
    lanes.ended(lane, failed=True)
    offer_all(lanes, [(number, 1) for number in range(1, 9)])
    [(_, lane, _)] = lanes.take(0)
    assert lanes.take(0) == []
    lanes.ended(lane, failed=False)
    assert len(lanes.take(0)) == 4


def test_a_silenced_lane_waits_and_others_do_not() -> None:
    lanes = Lanes()
    lanes.offer(0, 1)
    [(_, lane, _)] = lanes.take(0)
    lanes.ended(lane, failed=True, hold_until=500)
    offer_all(lanes, [(1, 1), (2, 2)])
    [(delivery, other, _)] = lanes.take(0)
    assert delivery == 2
    lanes.ended(other, failed=False)
    assert lanes.next_hold(0) == 500
    assert not lanes.working(499)
    assert lanes.take(499) == []
    assert [delivery for delivery, _, _ in lanes.take(500)] == [1]
    assert lanes.next_hold(500) is None


def test_somebody_who_asks_ends_the_silence() -> None:
    lanes = Lanes()
    lanes.offer(0, 1)
    [(_, lane, _)] = lanes.take(0)
    lanes.ended(lane, failed=True, hold_until=500)
    lanes.offer(1, 1)
    lanes.release()
    assert len(lanes.take(0)) == 1


def test_what_is_remembered_of_failing_hosts_is_bounded() -> None:
    lanes = Lanes()
    for number in range(3 * FAILING_KEYS):
        lanes.remember(f"host{number}:80", failing=True)
    assert len(lanes._failing) == FAILING_KEYS
