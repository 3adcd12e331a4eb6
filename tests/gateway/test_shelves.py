"""What is in memory and what on disk: bounded, and nothing hides anything."""

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from modemgw.gateway.queue import Entry, QueueIndex
from modemgw.gateway.shelves import LEAST, PARTS_PER_MS, ROWS
from modemgw.policy.routing import SimView, Wish
from tests.gateway.test_queue import ANY, HOUR, NOW, OTHER, entry

ROUTES = ("", "red", "blue", "gone")


@dataclass
class Disk:
    """The rows of the queue, and what becomes of them."""

    rows: dict[int, Entry] = field(default_factory=dict)
    sent: dict[int, str] = field(default_factory=dict)
    at: dict[int, int] = field(default_factory=dict)

    def accept(
        self,
        number: int,
        *,
        priority: int = 1,
        key: int | None = None,
        route: str = "",
        wish: Wish | None = None,
        expires_at: int = NOW + 24 * HOUR,
    ) -> Entry:
        made = entry(
            number,
            priority=priority,
            key=key,
            wish=wish or Wish(sim=route or None),
            expires_at=expires_at,
        )
        made.options = {"sim": route} if route else {}
        self.rows[number] = made
        return made

    def read(self, index: QueueIndex, now: int) -> int:
        """Read what the index wants until it wants no more; return how many reads."""
        reads = 0
        while index.shelves.wants(now):
            for piece in index.plan(now):
                reads += 1
                rows = [
                    number
                    for number, one in sorted(self.rows.items())
                    if one.shelf_key == piece.shelf.key and number > piece.after
                ][: piece.limit]
                fresh = [self.copy(number) for number in rows if number not in index]
                last = rows[-1] if rows else 0
                index.read(piece, fresh, parts=len(rows), last=last, now=now)
            if not reads % 50:
                return reads
        return reads

    def copy(self, number: int) -> Entry:
        one = self.rows[number]
        made = entry(
            number,
            priority=one.priority,
            key=one.key_id,
            wish=one.wish,
            expires_at=one.expires_at,
        )
        made.options = one.options
        return made

    def send(self, index: QueueIndex, sim: SimView, now: int) -> int | None:
        found = index.take(sim, now)
        if found is None:
            return None
        assert found.message_id in self.rows, "sent twice"
        del self.rows[found.message_id]
        self.sent[found.message_id], self.at[found.message_id] = sim.name, now
        index.forget(found.message_id)
        return found.message_id


def test_a_campaign_on_disk_hides_no_other_key_and_no_other_priority() -> None:
    index, disk = QueueIndex(200), Disk()
    for number in range(1, 3_001):
        index.offer(disk.accept(number, key=1), NOW)
    assert len(index) == 200
    others = [
        disk.accept(4_000, key=2),
        disk.accept(4_001, key=1, priority=0),
        disk.accept(4_002, key=1, priority=3),
    ]
    assert all(index.offer(one, NOW) for one in others)
    order = [disk.send(index, ANY, NOW) for _ in range(12)]
    assert order[0] == 4_002 and 4_000 in order[:3] and 4_001 in order


def test_after_a_restart_every_shelf_has_its_share_at_once() -> None:
    index, disk = QueueIndex(400), Disk()
    for number in range(1, 2_001):
        disk.accept(number, key=1)
    for number in range(3_000, 3_020):
        disk.accept(number, key=2, priority=number % 3)
    for key in {one.shelf_key for one in disk.rows.values()}:
        index.shelves.has_more(key)
    disk.read(index, NOW)
    assert all(number in index for number in range(3_000, 3_020))
    assert len(index) <= 400 + 20


def test_a_shelf_is_read_on_as_it_empties_and_in_order() -> None:
    index, disk = QueueIndex(50), Disk()
    for number in range(1, 1_001):
        index.offer(disk.accept(number), NOW)
    order = []
    while (sent := disk.send(index, ANY, NOW)) is not None:
        order.append(sent)
        disk.read(index, NOW)
        assert len(index) <= 50
    assert order == list(range(1, 1_001))
    assert len(index.shelves) == 0


def test_what_stays_on_disk_while_its_shelf_is_read_is_not_lost() -> None:
    index, disk = QueueIndex(LEAST), Disk()
    for number in range(1, LEAST + 3):
        index.offer(disk.accept(number), NOW)
    for _ in range(LEAST):
        disk.send(index, ANY, NOW)
    (piece,) = index.plan(NOW)
    late = disk.accept(100)
    assert not index.offer(late, NOW)  # committed behind the snapshot of the read
    index.read(piece, [disk.copy(17), disk.copy(18)], parts=2, last=18, now=NOW)
    disk.read(index, NOW)
    assert 100 in index


def test_a_read_that_fails_is_made_again() -> None:
    index, disk = QueueIndex(LEAST), Disk()
    for number in range(1, LEAST + 3):
        index.offer(disk.accept(number), NOW)
    for _ in range(LEAST):
        disk.send(index, ANY, NOW)
    for piece in index.plan(NOW):
        index.shelves.not_read(piece)
    disk.read(index, NOW)
    assert [disk.send(index, ANY, NOW) for _ in range(3)] == [17, 18, None]


def test_thousands_for_a_destination_that_nobody_serves_hide_nothing() -> None:
    index, disk = QueueIndex(100), Disk()
    barred = Wish(zone="barred", pool="gone")
    for number in range(1, 3_001):
        index.offer(disk.accept(number, wish=barred), NOW)
    index.offer(disk.accept(3_001), NOW)
    now = NOW
    while 3_001 in disk.rows:
        assert now < NOW + 60_000
        disk.send(index, ANY, now)
        disk.read(index, now)
        assert len(index) <= 400
        now += 100
    fresh = disk.accept(3_002)
    assert disk.send(index, ANY, now) is None  # hungry again: what comes is let in
    assert index.offer(fresh, now)
    assert disk.send(index, ANY, now) == 3_002


def test_a_share_just_full_of_what_cannot_leave_lets_in_what_can() -> None:
    index, disk = QueueIndex(100), Disk()
    for number in range(1, 101):
        index.offer(disk.accept(number, wish=Wish(pool="gone")), NOW)
    assert disk.send(index, ANY, NOW) is None
    for number in range(101, 501):  # one after the other, as they come
        assert index.offer(disk.accept(number), NOW)
        assert disk.send(index, ANY, NOW) == number
        assert disk.send(index, ANY, NOW) is None
        assert len(index) <= 100


def test_a_walk_goes_slowly_although_something_is_taken_meanwhile() -> None:
    index, disk = QueueIndex(100), Disk()
    for number in range(1, 1_501):
        index.offer(disk.accept(number, wish=Wish(pool="gone")), NOW)
    reads, now = 0, NOW
    for number in range(10_000, 10_500):
        index.offer(disk.accept(number), now)
        while disk.send(index, ANY, now) is not None:
            pass
        reads += disk.read(index, now)
        now += 60
    assert now == NOW + 30_000
    assert reads * 50 < 30_000 * PARTS_PER_MS + 1_500
    assert sum(sent >= 10_000 for sent in disk.sent) == 500


def test_a_walk_that_brings_nothing_rests_longer_and_longer() -> None:
    index, disk = QueueIndex(100), Disk()
    for number in range(1, 2_001):
        index.offer(disk.accept(number, wish=Wish(pool="gone")), NOW)
    reads, now = 0, NOW
    for _ in range(600):
        disk.send(index, ANY, now)
        reads += disk.read(index, now)
        now += 1_000
    rounds = reads / (2_000 / min(ROWS, 50))
    assert 5 < rounds < 20  # in ten minutes
    index.reconsider()  # a SIM came
    disk.send(index, ANY, now)
    assert index.shelves.wants(now)


def test_what_is_pinned_to_an_absent_sim_is_not_walked() -> None:
    index, disk = QueueIndex(100), Disk()
    for number in range(1, 2_001):
        index.offer(disk.accept(number, route="gone"), NOW)
    assert disk.send(index, ANY, NOW) is None
    assert not index.shelves.wants(NOW) and index.next_look_at() != 0


def test_memory_is_bounded_with_ten_thousand_kinds_of_messages() -> None:
    index, disk = QueueIndex(100), Disk()
    for number in range(1, 10_001):
        one = disk.accept(number, key=number % 7, wish=Wish(zone=f"z{number}"))
        index.offer(one, NOW)
    assert len(index) <= 100 + 7 * LEAST
    assert index.lines <= len(index)


@settings(max_examples=40, deadline=None)
@given(
    window=st.sampled_from([4, 20, 60]),
    batches=st.lists(
        st.tuples(
            st.integers(0, 3),
            st.sampled_from([None, 1, 2]),
            st.sampled_from(ROUTES),
            st.sampled_from(["", "barred", "FR"]),
            st.integers(1, 120),
        ),
        min_size=1,
        max_size=6,
    ),
    stops=st.integers(0, 30),
    asked_before=st.booleans(),
)
def test_whoever_may_be_sent_is_sent_once_and_memory_is_bounded(
    window: int,
    batches: list[tuple[int, int | None, str, str, int]],
    stops: int,
    asked_before: bool,
) -> None:
    index, disk = QueueIndex(window), Disk()
    number, now = 0, NOW
    for priority, key, route, zone, count in batches:
        for _ in range(count):
            number += 1
            wish = Wish(
                sim=route or None,
                zone=zone,
                pool="gone" if zone == "barred" else None,
            )
            one = disk.accept(
                number, priority=priority, key=key, route=route, wish=wish
            )
            part_id = one.parts[0].part_id
            if not (asked_before and index.stays(one.shelf_key, part_id)):
                index.offer(one, now)
        for sim in (ANY, OTHER):
            for _ in range(stops):
                disk.send(index, sim, now)
                disk.read(index, now)
        shelves = len(index.shelves)
        assert len(index) <= 4 * window + 2 * LEAST * shelves
    able = {
        number
        for number, one in disk.rows.items()
        if one.wish.zone != "barred" and one.wish.sim != "gone"
    }
    for _ in range(400):
        for sim in (ANY, OTHER):
            while disk.send(index, sim, now) is not None:
                disk.read(index, now)
        disk.read(index, now)
        now += 1_000
        if not able & set(disk.rows):
            break
    assert not able & set(disk.rows)
    for sent, sim_name in disk.sent.items():
        assert sent not in disk.rows and sim_name in ("red", "blue")
