"""Rows of accepted messages: the same whether they come alone or in a crowd."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modemgw.ids import IdSource
from modemgw.store import arrivals, webhooks
from modemgw.store.outbound import OWN, NewMessage
from modemgw.store.sql import in_rows, sql, sql_rows
from modemgw.store.writer import Connection
from tests.store.factory import NOW, database

IDS = IdSource()
CALLBACK = "https://example.net/hook"
TABLES = ("message", "message_text", "part", "event", "delivery")
RANDOM = {"public_id"}  # of events and deliveries: another one each time

_texts = st.text(max_size=20)
_news = st.builds(
    lambda segments, ahead, text, data, reference, tags, metadata, callback, modem: {
        "text": None if data is not None else text,
        "data": data,
        "segments": segments,
        "not_before": NOW + ahead,
        "scheduled": ahead > 0,
        "reference": reference,
        "tags": tuple(tags),
        "metadata": metadata,
        "options": ({"callback_url": CALLBACK} if callback else {})
        | ({"modem": modem} if modem else {}),
    },
    segments=st.integers(1, 3),
    ahead=st.sampled_from([0, 60_000]),
    text=_texts,
    data=st.none() | st.binary(min_size=1, max_size=5),
    reference=st.none() | _texts,
    tags=st.lists(st.text(min_size=1, max_size=5), max_size=3),
    metadata=st.dictionaries(_texts, st.integers() | _texts, max_size=2),
    callback=st.booleans(),
    modem=st.none() | _texts,
)


def message(number: int, **changes: Any) -> NewMessage:
    values: dict[str, Any] = {
        "public_id": f"msg_{number:026d}",
        "to": f"+49151{number:08d}",
        "text": "hello",
        "data": None,
        "klass": "transactional",
        "priority": 1,
        "encoding": "gsm7",
        "segments": 1,
        "not_before": NOW,
        "expires_at": NOW + 86_400_000,
        "created_at": NOW,
    }
    return NewMessage(**{**values, **changes})


def endpoint(db: Connection, *patterns: str) -> None:
    webhooks.create(db, IDS, url="https://example.org", events=patterns, now=NOW)


def rows(db: sqlite3.Connection) -> dict[str, list[dict[str, object]]]:
    found: dict[str, list[dict[str, object]]] = {}
    for table in TABLES:
        cursor = db.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608
        names = [column[0] for column in cursor.description]
        left = RANDOM if table in {"event", "delivery"} else set()
        found[table] = [
            {
                name: value
                for name, value in zip(names, row, strict=True)
                if name not in left
            }
            for row in cursor
        ]
    return found


def in_transaction(db: Connection, groups: list[list[NewMessage]]) -> list[Any]:
    db.execute("BEGIN")
    made = [one for group in groups for one in arrivals.insert_all(db, IDS, group)]
    db.execute("COMMIT")
    return made


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(_news, min_size=1, max_size=25), st.booleans())
def test_a_crowd_leaves_the_rows_of_its_members(
    tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, Any]], hook: bool
) -> None:
    news = [message(number, **changes) for number, changes in enumerate(drawn)]
    together, alone = (tmp_path_factory.mktemp(name) for name in ("many", "one"))
    with database(together) as one, database(alone) as other:
        if hook:
            for db in (one, other):
                endpoint(db, "message.*")
        made = in_transaction(one, [news])
        assert made == in_transaction(other, [[new] for new in news])
        crowd, single = rows(one), rows(other)
        # Alone, the delivery to the endpoint and the callback of one event alternate.
        for found in (crowd, single):
            for delivery in found["delivery"]:
                del delivery["id"]
            found["delivery"].sort(key=str)
        assert crowd == single
        assert one.pushed == other.pushed == len(crowd["delivery"])
        parts = {row["id"]: row for row in crowd["part"]}
        for (message_id, part_ids), new in zip(made, news, strict=True):
            assert [parts[id]["seq"] for id in part_ids] == [
                *range(1, new.segments + 1)
            ]
            assert {parts[id]["message_id"] for id in part_ids} == {message_id}


@pytest.mark.parametrize("count", [1, 3, 4, 5, 16, 21, 64, 85, 130])
def test_ids_are_those_of_the_rows_in_order(tmp_path: Path, count: int) -> None:
    news = [message(number) for number in range(count)]
    with database(tmp_path) as db:
        in_transaction(db, [[message(count)], [message(count + 1)]])
        made = in_transaction(db, [news])
        found = dict(db.execute("SELECT public_id, id FROM message"))
    assert [id for id, _ in made] == [found[new.public_id] for new in news]
    assert [parts for _, parts in made] == [[id] for id, _ in made]


def test_only_endpoints_that_want_it_are_told(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        endpoint(db, "message.queued", "sim.*")
        endpoint(db, "message.sent")
        in_transaction(db, [[message(n) for n in range(5)]])
        told = db.execute("SELECT webhook_id, count(*) FROM delivery").fetchall()
    assert told == [(1, 5)]


def test_nobody_is_told_of_our_own_messages(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        endpoint(db, "*")
        own = message(1, options={OWN: True})
        in_transaction(db, [[message(0), own, message(2)]])
        told = db.execute("SELECT event_id FROM delivery").fetchall()
        public = db.execute("SELECT id FROM event WHERE public_id IS NOT NULL")
        assert told == public.fetchall() == [(1,), (3,)]


def test_one_wrong_row_leaves_none_of_its_statement(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        twice = message(1)
        db.execute("BEGIN")
        with pytest.raises(sqlite3.IntegrityError):
            arrivals.insert_all(db, IDS, [message(0), twice, message(2), twice])
        db.execute("ROLLBACK")
        assert not any(rows(db).values())


def test_a_statement_for_many_rows_binds_by_place() -> None:
    name = "outbound.insert_text"
    assert sql_rows(name, 1).count("?") == 3
    assert sql_rows(name, 4).count("?") == 12
    assert sql_rows(name, 4).startswith(sql(name).split("VALUES")[0])


@pytest.mark.parametrize("count", [1, 2, 7, 15, 64, 201])
def test_rows_go_in_few_statements_and_in_order(count: int) -> None:
    rows = [(n, f"{n}", None) for n in range(count)]
    found = list(in_rows("outbound.insert_text", rows))
    assert [one for _, values, _ in found for one in values[::3]] == list(range(count))
    assert sum(rows for _, _, rows in found) == count
    assert len(found) == count // 64 + (count % 64).bit_count()
