"""Messages and parts: every step is legal, and every step tells its event."""

import json
import random
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modemgw.errors import Conflict, NotFound
from modemgw.ids import IdSource
from modemgw.policy.message import MessageState, PartState, may_follow
from modemgw.store import arrivals, keys, outbound, outcomes, sims, waiting
from modemgw.store.outbound import NewMessage, Stale
from modemgw.store.outcomes import PartRef
from modemgw.store.writer import Connection
from tests.store.factory import NOW, database

IDS = IdSource()
SHELF = (1, 0, "")  # normal, of the admin socket, for any SIM
REASON: dict[str, object] = {
    "code": "network_rejected",
    "detail": "x",
    "raw": None,
    "retryable": True,
}


def new_message(segments: int = 1, **changes: Any) -> NewMessage:
    values: dict[str, Any] = {
        "public_id": IDS.new("msg", NOW),
        "to": "+4915112345678",
        "text": "hello",
        "data": None,
        "klass": "transactional",
        "priority": 1,
        "encoding": "gsm7",
        "segments": segments,
        "not_before": NOW,
        "expires_at": NOW + 86_400_000,
        "created_at": NOW,
    }
    return NewMessage(**{**values, **changes})


class World:
    """One message in a fresh database, and what may happen to it."""

    def __init__(self, db: Connection, segments: int = 1, **changes: Any) -> None:
        self.db = db
        self.sim = sims.upsert_sim(
            db, iccid="8949020000012345678", imsi="262019", modem="m0", now=NOW
        )
        self.new = new_message(segments, **changes)
        self.id, self.parts = arrivals.insert(db, IDS, self.new)
        self.segments = segments
        self.now = NOW

    def ref(self, seq: int = 1) -> PartRef:
        return PartRef(
            self.parts[seq - 1], self.id, seq, self.segments, self.sim.id, "s", "m0"
        )

    def begin(self, seq: int = 1) -> None:
        outbound.begin(
            self.db,
            IDS,
            part_id=self.parts[seq - 1],
            message_id=self.id,
            seq=seq,
            segments=self.segments,
            sim_id=self.sim.id,
            sim="s",
            modem="m0",
            attempt=1,
            because="test",
            now=self.now,
        )

    def accept(self, seq: int = 1, tp_mr: int | None = 7) -> bool:
        return outcomes.accept(
            self.db,
            IDS,
            self.ref(seq),
            tp_mr=tp_mr,
            report_due_at=NOW + 1,
            now=self.now,
            detail={},
        )

    def requeue(self, seq: int = 1, *, keep_pinned: bool = False) -> None:
        outcomes.requeue(
            self.db,
            IDS,
            self.ref(seq),
            not_before=self.now,
            reason=REASON,
            now=self.now,
            kind="part.refused",
            detail={},
            keep_pinned=keep_pinned,
        )

    def fail(self, seq: int = 1) -> None:
        outcomes.fail(
            self.db, IDS, self.ref(seq), reason=REASON, now=self.now, detail={}
        )

    def doubt(self, seq: int = 1) -> None:
        outcomes.doubt(
            self.db,
            IDS,
            self.ref(seq),
            why="silence",
            decide_at=NOW + 5,
            now=self.now,
            detail={},
        )

    def report(self, state: PartState | None, seq: int = 1, tp_status: int = 0) -> None:
        outcomes.report(
            self.db,
            IDS,
            outcomes.reported(self.db, self.parts[seq - 1]),
            tp_mr=7,
            tp_status=tp_status,
            part_state=state,
            reason_of=lambda tp_status: {**REASON, "raw": tp_status},
            report_due_at=NOW + 9,
            now=self.now,
            detail={},
        )

    def row(self) -> tuple[MessageState, int]:
        state, sequence = self.db.execute(
            "SELECT state, sequence FROM message WHERE id = ?", (self.id,)
        ).fetchone()
        return MessageState(state), sequence

    @property
    def state(self) -> str:
        return self.row()[0].value

    def part_states(self) -> list[str]:
        rows = self.db.execute(
            "SELECT state FROM part WHERE message_id = ? ORDER BY seq", (self.id,)
        )
        return [row[0] for row in rows]

    def events(self) -> list[str]:
        rows = self.db.execute(
            "SELECT type FROM event WHERE message_id = ? ORDER BY id", (self.id,)
        )
        return [row[0] for row in rows]


def test_sent_and_delivered(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        assert world.state == "queued"
        world.begin()
        assert (world.state, world.part_states()) == ("sending", ["submitting"])
        assert world.accept() is True
        assert world.state == "sent"
        world.report(PartState.DELIVERED)
        assert (world.state, world.part_states()) == ("delivered", ["delivered"])
        assert world.events()[-2:] == ["part.report", "message.delivered"]


def test_the_reason_is_that_of_the_part_that_did_not_arrive(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db, segments=2)
        for seq in (1, 2):
            world.begin(seq)
            world.accept(seq)
        world.report(PartState.UNDELIVERED, 1, tp_status=0x43)
        world.report(PartState.DELIVERED, 2)
        assert world.state == "undelivered"
        (reason,) = db.execute("SELECT reason FROM message").fetchone()
        assert json.loads(reason)["raw"] == 0x43


def test_a_part_is_begun_once(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        world.begin()
        with pytest.raises(Stale):
            world.begin()


def test_what_was_canceled_is_not_begun(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        outbound.cancel(db, IDS, world.new.public_id, NOW)
        assert (world.state, world.part_states()) == ("canceled", ["canceled"])
        with pytest.raises(Stale):
            world.begin()
        with pytest.raises(Conflict):
            outbound.cancel(db, IDS, world.new.public_id, NOW)
        with pytest.raises(NotFound):
            outbound.cancel(db, IDS, "msg_nothing", NOW)


def test_what_is_on_its_way_is_not_canceled(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        world.begin()
        with pytest.raises(Conflict):
            outbound.cancel(db, IDS, world.new.public_id, NOW)


def test_a_message_is_sent_with_its_last_part(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db, 3)
        world.begin(1)
        assert world.part_states() == ["submitting", "claimed", "claimed"]
        assert world.accept(1) is False
        world.begin(2)
        assert world.accept(2) is False
        assert world.state == "sending"
        world.begin(3)
        assert world.accept(3) is True
        assert world.state == "sent"
        world.report(PartState.DELIVERED, 1)
        world.report(PartState.DELIVERED, 3)
        assert world.state == "sent"
        world.report(PartState.DELIVERED, 2)
        assert world.state == "delivered"


def test_a_refused_message_may_move_until_a_part_has_left(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db, 2)
        world.begin(1)
        world.requeue(1)
        assert (world.state, world.part_states()) == ("queued", ["queued", "queued"])
        assert waiting.accepted_sim(db, world.id) is None
        world.begin(1)
        world.accept(1)
        world.begin(2)
        world.requeue(2, keep_pinned=True)
        assert waiting.accepted_sim(db, world.id) == world.sim.id
        assert [part.seq for part in waiting.waiting_of(db, world.id)] == [2]


def test_half_a_message_is_undelivered_and_a_late_report_lifts_it(
    tmp_path: Path,
) -> None:
    with database(tmp_path) as db:
        world = World(db, 2)
        for seq in (1, 2):
            world.begin(seq)
            world.accept(seq)
        world.report(PartState.DELIVERED, 1)
        world.report(PartState.UNDELIVERED, 2)
        assert world.state == "undelivered"
        world.report(PartState.DELIVERED, 2)
        assert world.state == "delivered"
        world.report(PartState.UNDELIVERED, 2)
        assert world.state == "delivered"


def test_a_temporary_report_changes_nothing_but_the_story(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        world.begin()
        world.accept()
        world.report(None)
        assert (world.state, world.part_states()) == ("sent", ["accepted"])
        assert world.events()[-1] == "part.report"


def test_a_report_settles_a_doubt(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        world.begin()
        world.doubt()
        assert (world.state, world.part_states()) == ("in_doubt", ["in_doubt"])
        world.report(PartState.DELIVERED)
        assert world.state == "delivered"
        assert "message.sent" in world.events()


def test_a_person_settles_a_doubt_and_the_rest_goes_on(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db, 2)
        world.begin(1)
        world.doubt(1)
        assert waiting.waiting(db, SHELF, 0, 10).rows == []
        outcomes.settle_as_sent(db, IDS, world.id, NOW)
        assert world.state == "sending"
        assert [part.seq for part in waiting.waiting(db, SHELF, 0, 10).rows] == [2]


def test_no_report_closes_what_was_never_sent_and_keeps_the_doubt(
    tmp_path: Path,
) -> None:
    with database(tmp_path) as db:
        world = World(db, 2)
        world.begin(1)
        world.doubt(1)
        outbound.close(db, IDS, world.id, MessageState.NO_REPORT, REASON, NOW)
        assert (world.state, world.part_states()) == (
            "no_report",
            ["in_doubt", "failed"],
        )


def test_references_for_one_recipient_do_not_repeat(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        refs = [outbound.next_concat_ref(db, "+491", 250) for _ in range(255)]
        assert sorted(refs) == list(range(1, 256))
        assert refs[:7] == [250, 251, 252, 253, 254, 255, 1]
        assert outbound.next_concat_ref(db, "+492", 9) == 9


def test_a_shelf_for_each_priority_key_and_route_in_the_order_of_acceptance(
    tmp_path: Path,
) -> None:
    with database(tmp_path) as db:
        first, second = (
            keys.create(db, f"key {n}", ["admin"], NOW)[0].id for n in range(2)
        )
        for key_id, priority, options in (
            (None, 1, {}),
            (second, 3, {}),
            (second, 1, {"sim": "red"}),
            (first, 1, {}),
            (None, 1, {"pool": "all"}),
            (None, 1, {"sim": "red", "fallback": [[1, "sim", "blue"]]}),
            (None, 1, {}),
        ):
            arrivals.insert(
                *(db, IDS),
                new_message(key_id=key_id, priority=priority, options=options),
            )
        assert waiting.shelves(db) == [
            (1, 0, ""),
            (1, 0, "pool:all"),
            (1, first, ""),
            (1, second, "sim:red"),
            (3, second, ""),
        ]
        found = waiting.waiting(db, (1, 0, ""), 0, 2)
        assert [row.message_id for row in found.rows] == [1, 6]
        assert (found.parts, found.last) == (2, 6)
        rest = waiting.waiting(db, (1, 0, ""), found.last, 2)
        assert [row.message_id for row in rest.rows] == [7] and rest.parts == 1
        assert waiting.count_open(db) == 7


def test_what_is_not_to_be_sent_is_read_past(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        for _ in range(3):
            arrivals.insert(db, IDS, new_message())
        db.execute("UPDATE message SET state = 'in_doubt' WHERE id < 3")
        found = waiting.waiting(db, SHELF, 0, 2)
        assert found.rows == [] and (found.parts, found.last) == (2, 2)
        assert [row.message_id for row in waiting.waiting(db, SHELF, 2, 2).rows] == [3]


def test_what_is_scheduled_is_not_read_until_its_time_has_come(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        later = new_message(scheduled=True, not_before=NOW + 10, options={"sim": "red"})
        arrivals.insert(db, IDS, later)
        arrivals.insert(db, IDS, new_message(segments=2))
        assert waiting.shelves(db) == [SHELF]
        assert outbound.postpone(db, IDS, 2, NOW + 20, NOW)
        assert waiting.shelves(db) == []
        assert outbound.release_due(db, IDS, NOW + 10, 10) == [1]
        assert waiting.shelves(db) == [(1, 0, "sim:red")]
        assert outbound.release_due(db, IDS, NOW + 20, 10) == [2]
        assert waiting.shelves(db) == [SHELF, (1, 0, "sim:red")]
        assert waiting.waiting(db, SHELF, 0, 9).parts == 2


STEPS = ("begin", "accept", "requeue", "fail", "doubt", "delivered", "undelivered")
MORE = ("temporary", "cancel", "expire", "no_report", "settle_sent")


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sampled_from(STEPS + MORE), st.integers(1, 3)), max_size=25),
    st.integers(0, 99),
)
def test_whatever_happens_every_step_is_in_the_table(
    tmp_path: Path, segments: int, steps: list[tuple[str, int]], seed: int
) -> None:
    home = tmp_path / str(random.Random(seed).random())  # noqa: S311 - a name
    home.mkdir(exist_ok=True)
    with database(home) as db:
        world = World(db, segments)
        for name, number in steps:
            before, sequence = world.row()
            _take(world, name, min(number, segments))
            after, new_sequence = world.row()
            if after is not before:
                # Several steps may follow from one: a report settles a doubt
                # (sent) and says what became of it (delivered).
                assert may_follow(before, after) or any(
                    may_follow(before, between) and may_follow(between, after)
                    for between in (MessageState.SENT, MessageState.SENDING)
                ), f"{before} -> {after} by {name}"
                assert new_sequence > sequence
                told = (
                    "part.submitting" if name == "begin" else f"message.{after.value}"
                )
                assert world.events()[-1] == told
            if after is MessageState.DELIVERED:
                assert set(world.part_states()) == {"delivered"}
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []


def _take(world: World, name: str, seq: int) -> None:
    state = PartState(world.part_states()[seq - 1])
    world.db.execute("SAVEPOINT job")  # as the writer does around each job
    try:
        match name:
            case "begin":
                world.begin(seq)
            case "accept":
                world.accept(seq)
            case "requeue" if state in (PartState.SUBMITTING, PartState.IN_DOUBT):
                world.requeue(seq, keep_pinned=True)
            case "fail" if state is PartState.SUBMITTING:
                world.fail(seq)
            case "doubt":
                world.doubt(seq)
            case "delivered" | "undelivered" | "temporary" if state in (
                PartState.ACCEPTED,
                PartState.IN_DOUBT,
                PartState.DELIVERED,
                PartState.UNDELIVERED,
            ):
                reported = None if name == "temporary" else PartState(name)
                world.report(reported, seq)
            case "cancel":
                outbound.cancel(world.db, IDS, world.new.public_id, NOW)
            case "expire" if world.state == "queued":
                outbound.close(
                    world.db, IDS, world.id, MessageState.EXPIRED, REASON, NOW
                )
            case "no_report" if world.state in ("sent", "in_doubt"):
                outbound.close(
                    world.db, IDS, world.id, MessageState.NO_REPORT, REASON, NOW
                )
            case "settle_sent" if world.state == "in_doubt":
                outcomes.settle_as_sent(world.db, IDS, world.id, NOW)
            case _:
                return
    except (Stale, Conflict):
        world.db.execute("ROLLBACK TO job")
    finally:
        world.db.execute("RELEASE job")


def test_a_stale_job_leaves_nothing(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        world.begin()
        db.execute("SAVEPOINT job")
        with pytest.raises(Stale):
            world.begin()
        db.execute("ROLLBACK TO job")
        assert [parts for _, parts in sims.load_usage(db, world.sim.id, 0)] == [1]
        assert isinstance(db, sqlite3.Connection)
