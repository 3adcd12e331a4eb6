"""Forgetting by age: what goes, what stays, and that nothing is left hanging."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from modemgw.ids import IdSource
from modemgw.store import (
    deliveries,
    events,
    fragments,
    inbound,
    retention,
    sims,
    webhooks,
)
from modemgw.store.fragments import NewInbound, SetKey
from modemgw.store.retention import Step
from modemgw.store.writer import Connection
from tests.store.factory import NOW, add_message, database

IDS = IdSource()
OLD, YOUNG = NOW - 1000, NOW + 1000


@pytest.fixture
def db(tmp_path: Path) -> Iterator[Connection]:
    with database(tmp_path, IDS) as connection:
        yield connection


def count(db: sqlite3.Connection, table: str) -> int:
    return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608 - our own names


def whole_walk(db: Connection, walk: str, limit: int = 2) -> int:
    """Walk to the end as the daemon does; return how many rows went."""
    deleted, after = 0, 0
    while True:
        step = retention.step(db, walk, before=NOW, after=after, limit=limit)
        deleted += step.deleted
        if step.after is None:
            return deleted
        assert step.after > after
        after = step.after


def test_old_finals_go_and_all_that_hangs_on_them(db: Connection) -> None:
    webhooks.create(db, IDS, url="http://h/", events=["*"], now=NOW)
    for number in range(5):
        message_id = add_message(db, number, state="delivered", at=OLD)
        db.execute(
            "INSERT INTO part (message_id, seq, state, not_before, priority)"
            " VALUES (?, 1, 'delivered', 0, 1)",
            (message_id,),
        )
        events.append(
            db, "m", at=OLD, data={}, ids=IDS, message_id=message_id, push=True
        )
    assert whole_walk(db, "messages") == 5
    tables = ["message", "message_text", "part", "event", "delivery"]
    assert {table: count(db, table) for table in tables} == dict.fromkeys(tables, 0)


def test_what_is_young_or_open_stays(db: Connection) -> None:
    old = ["delivered", "queued", "in_doubt", "received"]
    rows = [(state, OLD) for state in old]
    rows += [("delivered", YOUNG), ("queued", YOUNG), ("delivered", OLD)]
    for number, (state, at) in enumerate(rows):
        add_message(db, number, state=state, at=at)
    assert whole_walk(db, "messages", limit=3) == 2
    left = [row[0] for row in db.execute("SELECT id FROM message ORDER BY id")]
    # The walk ended at the window with the young one: 7 waits for its turn.
    assert left == [2, 3, 5, 6, 7]


def test_the_walk_ends_where_everything_is_young(db: Connection) -> None:
    assert retention.step(db, "messages", before=NOW) == Step(0, None)
    for number in range(10):
        add_message(db, number, state="delivered", at=YOUNG)
    assert retention.step(db, "messages", before=NOW, limit=3) == Step(0, None)


def test_bodies_go_first_and_the_accounting_stays(db: Connection) -> None:
    for number in range(3):
        add_message(db, number, state="delivered", at=OLD)
    add_message(db, 9, state="queued", at=OLD)
    assert whole_walk(db, "bodies") == 3
    assert (count(db, "message"), count(db, "message_text")) == (4, 1)


def test_events_of_nobody_go_when_everybody_was_told(db: Connection) -> None:
    webhooks.create(db, IDS, url="http://h/", events=["*"], now=NOW)
    for at in (OLD, OLD, YOUNG):
        events.append(db, "sim.up", at=at, data={}, ids=IDS, push=True)
    events.append(db, "step", at=OLD, data={}, ids=IDS, message_id=add_message(db, 1))
    deliveries.record_attempt(db, 1, at=OLD, status=200, state="done")
    assert whole_walk(db, "events", limit=10) == 1
    assert [row[0] for row in db.execute("SELECT event_id FROM delivery")] == [2, 3]
    assert count(db, "event") == 3


def test_deliveries_that_ended_go_and_their_events_stay(db: Connection) -> None:
    webhooks.create(db, IDS, url="http://h/", events=["*"], now=NOW)
    for number, state in enumerate(("done", "dead", "pending", "done"), start=1):
        events.append(db, "x", at=OLD, data={}, ids=IDS, push=True)
        at = YOUNG if number == 4 else OLD
        deliveries.record_attempt(db, number, at=at, status=None, state=state)
    assert whole_walk(db, "deliveries") == 2
    assert [row[0] for row in db.execute("SELECT id FROM delivery")] == [3, 4]
    assert count(db, "event") == 4


def test_tpdus_stay_while_the_modem_or_a_message_needs_them(db: Connection) -> None:
    def raw(slot: int | None, at: int = OLD) -> int:
        memory = None if slot is None else "SM"
        return inbound.insert_raw(
            db,
            sim_id=None,
            modem="a",
            memory=memory,
            slot=slot,
            octets=b"x",
            read_at=at,
        )[0]

    def part(raw_id: int, deadline: int | None) -> None:
        fragments.insert_fragment(
            db,
            SetKey("+49", None, 1, False, 2),
            raw_id=raw_id,
            seq=1,
            read_at=OLD,
            message_id=message_id,
            deadline_at=deadline,
        )

    new = NewInbound("+49", None, "gsm7", 2, False, None, None)
    message_id = fragments.insert_message(db, "msg_a", new, OLD)
    done, open_item, in_modem = raw(None), raw(None), raw(3)
    waiting, joined, young = raw(None), raw(None), raw(None, at=YOUNG)
    for raw_id in (done, in_modem, waiting, joined, young):
        inbound.mark_done(db, raw_id)
    part(waiting, NOW)
    part(joined, None)
    assert whole_walk(db, "raw", limit=20) == 2
    left = [row[0] for row in db.execute("SELECT id FROM raw_tpdu ORDER BY id")]
    assert left == [open_item, in_modem, waiting, young]
    assert count(db, "fragment") == 1


def test_a_deleted_message_leaves_its_tpdus(db: Connection) -> None:
    new = NewInbound("+49", None, "gsm7", 1, True, "x", None)
    message_id = fragments.insert_message(db, "msg_a", new, OLD)
    raw_id, _ = inbound.insert_raw(
        db, sim_id=None, modem="a", memory=None, slot=None, octets=b"x", read_at=OLD
    )
    inbound.mark_done(db, raw_id, message_id=message_id)
    assert whole_walk(db, "messages") == 1
    raw = inbound.get_raw(db, raw_id)
    assert raw is not None
    assert raw.message_id is None


def test_minutes_that_nobody_counts_go(db: Connection) -> None:
    sim = sims.upsert_sim(db, iccid="1", imsi=None, modem="a", now=NOW)
    for minute in range(4):
        sims.add_usage(db, sim.id, NOW + minute * 60_000)
    assert retention.purge_small(db, now=NOW, usage_before=NOW + 120_000) == 2
    assert len(sims.load_usage(db, sim.id, 0)) == 2


def test_the_file_gets_smaller_step_by_step(db: Connection) -> None:
    for number in range(1200):
        add_message(db, number, state="delivered", at=OLD, text="x" * 1000)
    whole_walk(db, "messages", limit=300)
    pages = db.execute("PRAGMA page_count").fetchone()[0]
    db.execute("BEGIN IMMEDIATE")
    db.execute("SAVEPOINT job")
    left = retention.vacuum(db)
    db.execute("RELEASE job")
    db.execute("COMMIT")
    # A page of the map of pages may go along.
    gone = pages - db.execute("PRAGMA page_count").fetchone()[0]
    assert gone in (256, 257)
    while left:
        left = retention.vacuum(db)
    assert db.execute("PRAGMA page_count").fetchone()[0] < pages // 4


@pytest.mark.parametrize(
    ("parent", "children"),
    [
        (
            "message",
            [
                *("message_text", "part", "event", "raw_tpdu", "fragment", "selftest"),
                *("reaction", "verification"),
            ],
        ),
        ("event", ["delivery"]),
        ("raw_tpdu", ["fragment"]),
    ],
)
def test_deleting_a_row_finds_its_children_by_an_index(
    db: Connection, parent: str, children: list[str]
) -> None:
    """SQLite looks children up as this query does; without an index, by walking."""
    names = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    keys = [
        (name, key[3], key[2])
        for (name,) in names.fetchall()
        for key in db.execute(f"PRAGMA foreign_key_list({name})")
    ]
    for table, column, target in keys:
        if target != parent:
            continue
        assert table in children, "a new child: retention must know it"
        plan = db.execute(
            f"EXPLAIN QUERY PLAN SELECT rowid FROM {table} WHERE {column} = ?",  # noqa: S608 - our own names
            (1,),
        ).fetchone()[3]
        assert plan.startswith("SEARCH"), f"{table}.{column}: {plan}"


def test_each_class_has_its_own_time(db: Connection) -> None:
    classes = ["alert", "otp", "transactional", "marketing", "otp"]
    for number, klass in enumerate(classes):
        at = OLD if number < 4 else YOUNG
        message_id = add_message(db, number, state="delivered", at=at)
        db.execute("UPDATE message SET class = ? WHERE id = ?", (klass, message_id))
    limits = dict.fromkeys(retention.KINDS, 0)
    limits["otp"] = NOW
    step = retention.step(db, "bodies", before=limits, limit=10)
    assert step.deleted == 1
    left = [row[0] for row in db.execute("SELECT message_id FROM message_text")]
    assert left == [1, 3, 4, 5]
    step = retention.step(db, "messages", before={**limits, "marketing": NOW}, limit=10)
    assert step.deleted == 2
    assert [row[0] for row in db.execute("SELECT id FROM message")] == [1, 3, 5]


def test_what_was_received_is_forgotten_in_its_event_too(db: Connection) -> None:
    for number, at in enumerate((OLD, YOUNG)):
        message_id = add_message(db, number, state="received", at=at)
        db.execute(
            "UPDATE message SET direction = 'inbound', class = NULL WHERE id = ?",
            (message_id,),
        )
        events.append(
            db,
            "message.received",
            at=at,
            data={"from": "+49", "text": "my secret", "data": None},
            ids=IDS,
            message_id=message_id,
            push=True,
        )
    retention.step(db, "bodies", before=NOW, limit=1)
    told = [row[0] for row in db.execute("SELECT data FROM event ORDER BY id")]
    assert "secret" not in told[0]
    assert "+49" in told[0]
    assert "secret" in told[1]


def test_the_walk_over_texts_begins_where_there_still_are_some(db: Connection) -> None:
    for number in range(6):
        add_message(db, number, state="delivered", at=OLD)
    assert whole_walk(db, "bodies", limit=3) == 6
    assert retention.step(db, "bodies", before=NOW, limit=3) == Step(0, None)
