"""Whose turn it is: the queue against the same rules written as plain loops."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from modemgw.gateway import queue
from modemgw.gateway.queue import Entry, QueueIndex
from modemgw.gateway.turns import LEVELS, SHARE
from modemgw.policy.routing import SimView, Take, Wish, judge
from tests.gateway.test_queue import ANY, HOUR, NOW, OTHER, drain, entry

SIMS = (ANY, OTHER)
RED_ONCE = Wish(last_sim_id=1, patience_ms=5_000)  # blue leaves it for a while
WISHES = (
    Wish(),
    Wish(zone="FR"),
    Wish(sim="red"),
    Wish(modem="back"),
    Wish(pool="gone"),
    Wish(excluded=frozenset({1})),
    RED_ONCE,
)


class Naive:
    """The rules, looking at every message every time."""

    def __init__(self) -> None:
        self.ready: dict[int, Entry] = {}
        self.later: dict[int, Entry] = {}
        self.tags: dict[tuple[int, int | None], int] = {}
        self.clock = [0] * LEVELS
        self.turns = {sim.modem: 0 for sim in SIMS}
        self.last = {sim.modem: 0 for sim in SIMS}
        self.served = {sim.modem: [0] * LEVELS for sim in SIMS}

    def add(self, one: Entry, now: int) -> None:
        if one.not_before > now:
            self.later[one.message_id] = one
        else:
            self.tags.setdefault(_flow(one), self.clock[one.priority])
            self.ready[one.message_id] = one

    def advance(self, now: int) -> None:
        for one in sorted(
            self.later.values(), key=lambda one: (one.not_before, one.message_id)
        ):
            if one.not_before <= now:
                del self.later[one.message_id]
                self.add(one, now)

    def drop(self, message_id: int) -> None:
        self.ready.pop(message_id, None)
        self.later.pop(message_id, None)

    def _best(self, sim: SimView, level: int, now: int) -> Entry | None:
        heads: dict[tuple[int, int | None, Wish], Entry] = {}
        for one in sorted(self.ready.values(), key=lambda one: one.message_id):
            if one.priority == level and one.expires_at > now:
                heads.setdefault((*_flow(one), one.wish), one)
        fit = [
            one
            for one in heads.values()
            if isinstance(
                judge(
                    *(one.wish, sim, SIMS), now_ms=now, waited_ms=now - one.not_before
                ),
                Take,
            )
        ]
        places = {flow: place for place, flow in enumerate(self.tags)}
        return min(
            fit,
            key=lambda one: (
                self.tags[_flow(one)],
                places[_flow(one)],
                one.message_id,
            ),
            default=None,
        )

    def take(self, sim: SimView, now: int) -> int | None:
        best = {level: self._best(sim, level, now) for level in range(LEVELS)}
        top = max((level for level in best if best[level]), default=None)
        if top is None:
            return None
        who, turn = sim.modem, self.turns[sim.modem] + 1
        level = top
        if self.last[who] >= top:
            due = [
                lower
                for lower in range(top)
                if best[lower] and turn - self.served[who][lower] >= SHARE
            ]
            if due:
                level = min(due, key=lambda lower: (self.served[who][lower], -lower))
        found = best[level]
        assert found is not None
        self.turns[who], self.last[who] = turn, level
        self.served[who][level] = turn
        self.clock[level] = max(self.clock[level], self.tags[_flow(found)])
        self.tags[_flow(found)] = self.clock[level] + found.segments
        self.drop(found.message_id)
        return found.message_id


def _flow(one: Entry) -> tuple[int, int | None]:
    return one.priority, one.key_id


class Queue(RuleBasedStateMachine):
    """Everything that may happen to a queue, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.index = QueueIndex(1_000)
        self.naive = Naive()
        self.now = NOW
        self.number = 0
        self.wire: list[Entry] = []

    @rule(
        priority=st.sampled_from([1, 1, 1, 3, 0, 2]),
        key=st.sampled_from([None, 1]),
        wish=st.sampled_from(WISHES),
        segments=st.integers(1, 3),
        delay=st.sampled_from([0, 0, 0, 3_000]),
        validity=st.sampled_from([4_000, HOUR, HOUR]),
        count=st.integers(1, 4),
    )
    def add(
        self,
        priority: int,
        key: int | None,
        wish: Wish,
        segments: int,
        delay: int,
        validity: int,
        count: int,
    ) -> None:
        for _ in range(count):
            self.number += 1
            one = entry(
                self.number,
                priority=priority,
                key=key,
                wish=wish,
                segments=segments,
                not_before=self.now + (0 if wish is RED_ONCE else delay),
                expires_at=self.now + validity,
            )
            self.index.add(one, self.now)
            self.naive.add(one, self.now)

    @rule(sim=st.sampled_from(SIMS), count=st.integers(1, 12))
    def take(self, sim: SimView, count: int) -> None:
        for _ in range(count):
            found = self.index.take(sim, self.now, SIMS)
            wanted = self.naive.take(sim, self.now)
            assert (found.message_id if found else None) == wanted
            if found is None:
                return
            self.wire.append(found)

    @precondition(lambda self: self.wire)
    @rule()
    def finish(self) -> None:
        self.index.forget(self.wire.pop(0).message_id)

    @precondition(lambda self: self.wire)
    @rule(delay=st.sampled_from([0, 2_000]), refused=st.booleans())
    def put_back(self, delay: int, refused: bool) -> None:
        one = self.wire.pop()
        one.not_before = self.now + delay
        if one.wish == RED_ONCE or refused:
            one.wish = replace(one.wish, excluded=frozenset({2}), last_sim_id=None)
        self.index.put_back(one, self.now)
        self.naive.add(one, self.now)

    @precondition(lambda self: self.number)
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, self.number))
        if all(one.message_id != number for one in self.wire):
            self.index.forget(number)
            self.naive.drop(number)

    @rule(by=st.sampled_from([500, 2_500, 6_000]))
    def time_passes(self, by: int) -> None:
        self.now += by
        self.index.ripen(self.now)
        self.naive.advance(self.now)
        waiting = {**self.naive.ready, **self.naive.later}
        over = {n for n, one in waiting.items() if one.expires_at <= self.now}
        assert {one.message_id for one in self.index.expired(self.now)} == over
        for number in over:
            self.naive.drop(number)

    @rule()
    def a_sim_changes(self) -> None:
        self.index.reconsider()

    @invariant()
    def as_many_wait(self) -> None:
        assert len(self.index) == len(self.naive.ready) + len(self.naive.later)
        assert self.index.lines <= len(self.naive.ready)


TestQueue = Queue.TestCase
TestQueue.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, derandomize=True
)


def test_a_key_that_was_silent_is_next_and_then_they_share() -> None:
    index = QueueIndex()
    index.add(entry(0, key=2), NOW)
    assert _taken(index) == 0
    for number in range(1, 100):
        index.add(entry(number, key=1), NOW)
    assert [_taken(index) for _ in range(40)] == list(range(1, 41))
    for number in range(100, 110):
        index.add(entry(number, key=2), NOW)
    order = [_taken(index) for _ in range(20)]
    assert 100 in order[:2]
    assert sum(number >= 100 for number in order) == 10


def test_what_comes_back_is_the_oldest_again_beside_other_wishes() -> None:
    index = QueueIndex()
    for number, zone in ((1, "AT"), (2, "FR"), (3, "FR"), (4, "AT")):
        index.add(entry(number, wish=Wish(zone=zone)), NOW)
    first = index.take(ANY, NOW)
    assert first is not None and _taken(index) == 2
    index.put_back(first, NOW)
    assert drain(index, ANY) == [1, 3, 4]


def test_a_place_that_is_void_lets_no_later_message_of_its_line_go_first() -> None:
    index = QueueIndex()
    for number, zone in ((1, "AT"), (2, "AT"), (3, "FR"), (5, "AT")):
        index.add(entry(number, wish=Wish(zone=zone)), NOW)
    first = index.take(ANY, NOW)
    assert first is not None and _taken(index) == 2
    index.put_back(first, NOW)
    assert drain(index, ANY) == [1, 3, 5]


def test_long_texts_count_by_their_parts() -> None:
    index = QueueIndex()
    for number in range(40):
        index.add(entry(number, key=1, segments=3), NOW)
        index.add(entry(100 + number, key=2), NOW)
    order = [_taken(index) for _ in range(40)]
    assert sum(number < 100 for number in order) == 10


def test_one_turn_in_ten_is_for_what_waits_below_and_an_alert_comes_first() -> None:
    index = QueueIndex()
    for number in range(100):
        index.add(entry(number, priority=0), NOW)
    assert [_taken(index) for _ in range(30)] == list(range(30))
    for number in range(100, 140):
        index.add(entry(number, priority=3), NOW)
    order = [_taken(index) for _ in range(40)]
    assert order[0] == 100
    assert [place for place, number in enumerate(order) if number < 100] == [
        9,
        19,
        29,
        39,
    ]


def test_every_priority_below_has_its_turns() -> None:
    index = QueueIndex()
    for number in range(400):
        index.add(entry(number, priority=number % 4), NOW)
    order = [_taken(index) for _ in range(100)]
    turns = [sum(number % 4 == level for number in order) for level in range(4)]
    assert min(turns[:3]) >= 8 and turns[3] >= 70
    pairs = pairwise(order)
    assert not any(a % 4 != 3 and b % 4 != 3 for a, b in pairs)


def test_a_patience_that_ends_is_told_and_an_expired_head_hides_nobody() -> None:
    index = QueueIndex()
    index.add(entry(1, wish=RED_ONCE), NOW)
    assert index.take(OTHER, NOW, SIMS) is None
    assert index.next_look_at() == NOW + 5_000
    assert not index.looks_due(NOW + 4_999)
    assert index.looks_due(NOW + 5_000) and not index.looks_due(NOW + 5_000)
    found = index.take(OTHER, NOW + 5_000, SIMS)
    assert found is not None and found.message_id == 1
    index.add(entry(2, expires_at=NOW + 6_000), NOW)
    index.add(entry(3), NOW)
    found = index.take(ANY, NOW + 6_000, SIMS)
    assert found is not None and found.message_id == 3
    assert index.is_waited_for(NOW + 6_000) and index.next_expiry_at() == 0
    assert [one.message_id for one in index.expired(NOW + 6_000)] == [2]
    assert not index.is_waited_for(NOW + 6_000) and len(index) == 0


def test_what_nobody_may_take_is_judged_once_not_at_every_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    judged: list[object] = []

    def counting(*about: Any, **more: Any) -> object:
        judged.append(about)
        return judge(*about, **more)

    monkeypatch.setattr(queue, "judge", counting)
    index = QueueIndex(100_000)
    for number in range(1_000):
        index.add(entry(number, wish=Wish(zone=f"z{number}", sim="gone")), NOW)
    for number in range(1_000, 1_200):
        index.add(entry(number), NOW)
    assert drain(index, ANY) == list(range(1_000, 1_200))
    assert len(judged) == 1_200
    index.take(ANY, NOW + queue.AGAIN_MS)  # and now and then again
    assert len(judged) == 2_200


def test_memory_follows_what_waits_not_what_has_left() -> None:
    index = QueueIndex()
    for number in range(20_000):
        index.add(entry(number, wish=Wish(zone=f"z{number % 50}")), NOW)
        if number % 2:
            index.forget(number - 1)
            index.forget(number)
    assert len(index) == index.lines == 0
    assert len(index._expiry) <= 1_001
    index.take(ANY, NOW)
    for number in range(20_000, 40_000):
        index.add(entry(number, wish=Wish(zone=f"z{number}")), NOW)
        index.forget(number)
    assert len(index._turns._askers["front"].news) <= 1_001


def test_a_clock_that_goes_back_hides_nothing() -> None:
    index = QueueIndex()
    index.add(entry(1, wish=RED_ONCE), NOW)
    assert index.take(OTHER, NOW, SIMS) is None
    earlier = NOW - 86_400_000
    assert index.looks_due(earlier)  # and so the SIM asks
    index.add(entry(2, not_before=earlier), earlier)
    found = index.take(OTHER, earlier, (OTHER,))
    assert found is not None and found.message_id == 1


def _taken(index: QueueIndex) -> int:
    found = index.take(ANY, NOW, SIMS)
    assert found is not None
    index.forget(found.message_id)
    return found.message_id
