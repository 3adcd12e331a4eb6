"""The queue in memory: best first, nobody in anybody's way, nothing lost."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from modemgw.gateway.queue import Entry, QueueIndex, Slot
from modemgw.policy.routing import SimView, Wish

NOW = 1_795_341_600_000
HOUR = 3_600_000
ANY = SimView(sim_id=1, name="red", modem="front", ready=True)
OTHER = SimView(sim_id=2, name="blue", modem="back", ready=True)


def entry(
    number: int,
    *,
    priority: int = 1,
    wish: Wish | None = None,
    key: int | None = None,
    segments: int = 1,
    not_before: int = NOW,
    expires_at: int = NOW + HOUR,
) -> Entry:
    return Entry(
        message_id=number,
        public_id=f"msg_{number}",
        to="+4915112345678",
        klass="transactional",
        priority=priority,
        segments=segments,
        encoding="gsm7",
        expires_at=expires_at,
        created_at=NOW,
        not_before=not_before,
        parts=[Slot(number, 1, 0)],
        text="hello",
        data=None,
        options={},
        wish=wish or Wish(),
        key_id=key,
    )


def drain(index: QueueIndex, sim: SimView) -> list[int]:
    taken: list[int] = []
    while (found := index.take(sim, NOW)) is not None:
        taken.append(found.message_id)
        index.forget(found.message_id)
    return taken


def test_what_all_that_are_left_have_refused_may_be_tried_by_them_again() -> None:
    index = QueueIndex()
    refused = Wish(excluded=frozenset({1}))
    for one in (entry(1, wish=refused), entry(2), entry(3, wish=refused)):
        index.add(one, NOW)
    assert index.take(ANY, NOW) is index.find(2)
    index.readmit(lambda wish: True, NOW)  # somebody else is left
    assert index.take(ANY, NOW) is None
    index.readmit(lambda wish: False, NOW)
    assert len(index) == 2
    assert drain(index, ANY) == [1, 3]


def test_what_is_on_the_wire_is_not_readmitted() -> None:
    index = QueueIndex()
    sent = entry(1, wish=Wish(excluded=frozenset({2})))
    index.add(sent, NOW)
    assert index.take(ANY, NOW) is sent
    index.readmit(lambda wish: False, NOW)
    assert index.take(OTHER, NOW) is None
    assert sent.wish.excluded == {2}


def test_urgent_first_then_the_order_of_acceptance() -> None:
    index = QueueIndex()
    for one in (entry(1), entry(2, priority=3), entry(3), entry(4, priority=3)):
        index.add(one, NOW)
    assert drain(index, ANY) == [2, 4, 1, 3]


def test_a_message_for_another_sim_blocks_nobody() -> None:
    index = QueueIndex()
    index.add(entry(1, wish=Wish(sim="blue")), NOW)
    index.add(entry(2, wish=Wish(modem="back")), NOW)
    index.add(entry(3, wish=Wish(pinned_sim_id=2)), NOW)
    index.add(entry(4), NOW)
    assert drain(index, ANY) == [4]
    assert drain(index, OTHER) == [1, 2, 3]


def test_what_this_sim_refused_is_looked_past() -> None:
    index = QueueIndex()
    for number in range(1, 11):
        index.add(entry(number, wish=Wish(excluded=frozenset({1}))), NOW)
    index.add(entry(11), NOW)
    assert drain(index, ANY) == [11]
    assert drain(index, OTHER) == list(range(1, 11))


def test_back_off_is_over_when_its_time_has_come() -> None:
    index = QueueIndex()
    late = entry(1, not_before=NOW + 5_000)
    index.add(late, NOW)
    assert index.take(ANY, NOW) is None
    assert index.next_ripe_at() == NOW + 5_000
    assert index.ripen(NOW + 4_999) == []
    assert index.ripen(NOW + 5_000) == [late]
    assert drain(index, ANY) == [1]
    assert index.next_ripe_at() is None


def test_an_entry_that_came_back_is_there_once() -> None:
    index = QueueIndex()
    index.add(entry(1), NOW)
    taken = index.take(ANY, NOW)
    assert taken is not None
    taken.not_before = NOW + 1_000
    index.put_back(taken, NOW)
    taken.not_before = NOW
    index.put_back(taken, NOW)
    index.ripen(NOW + 2_000)
    assert drain(index, ANY) == [1]
    assert len(index) == 0


def test_what_was_forgotten_does_not_come_back() -> None:
    index = QueueIndex()
    index.add(entry(1), NOW)
    index.add(entry(2), NOW)
    taken = index.take(ANY, NOW)
    assert taken is not None
    index.forget(1)
    index.forget(2)
    index.put_back(taken, NOW)
    assert index.take(ANY, NOW) is None
    assert len(index) == 0 and 1 not in index and 2 not in index


def test_the_end_of_the_validity_takes_out_what_waits_and_spares_the_wire() -> None:
    index = QueueIndex()
    index.add(entry(1, expires_at=NOW + 10), NOW)
    index.add(entry(2, expires_at=NOW + 10, wish=Wish(sim="blue")), NOW)
    index.add(entry(3), NOW)
    on_the_wire = index.take(ANY, NOW)
    assert on_the_wire is not None and on_the_wire.message_id == 1
    assert [one.message_id for one in index.expired(NOW + 10)] == [2]
    assert 1 in index
    assert index.next_expiry_at() == NOW + HOUR  # the wire's own affair until then
    index.put_back(on_the_wire, NOW + 10)
    assert [one.message_id for one in index.expired(NOW + 11)] == [1]
    assert index.next_expiry_at() == NOW + HOUR


def test_a_message_read_again_replaces_itself() -> None:
    index = QueueIndex()
    index.add(entry(1), NOW)
    index.add(replace(entry(1), priority=3), NOW)
    assert len(index) == 1
    assert drain(index, ANY) == [1]


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from(
                [
                    Wish(),
                    Wish(sim="red"),
                    Wish(sim="blue"),
                    Wish(modem="front"),
                    Wish(pinned_sim_id=2),
                    Wish(excluded=frozenset({1})),
                    Wish(excluded=frozenset({1, 2})),
                ]
            ),
        ),
        max_size=40,
    ),
    st.lists(st.booleans(), max_size=80),
)
def test_nothing_is_lost_doubled_or_given_to_the_wrong_sim(
    messages: list[tuple[int, Wish]], turns: list[bool]
) -> None:
    index = QueueIndex()
    wishes = {}
    for number, (priority, wish) in enumerate(messages):
        index.add(entry(number, priority=priority, wish=wish), NOW)
        wishes[number] = wish
    taken: list[int] = []
    for is_red in turns:
        sim = ANY if is_red else OTHER
        found = index.take(sim, NOW)
        if found is None:
            continue
        taken.append(found.message_id)
        assert sim.sim_id not in found.wish.excluded
        assert found.wish.sim in (None, sim.name)
        assert found.wish.modem in (None, sim.modem)
        assert found.wish.pinned_sim_id in (None, sim.sim_id)
    assert len(taken) == len(set(taken))
    left = drain(index, ANY) + drain(index, OTHER)
    nobodys = {n for n, wish in wishes.items() if wish.excluded == frozenset({1, 2})}
    assert sorted(taken + left + sorted(nobodys)) == sorted(wishes)
    assert len(index) == len(nobodys)
