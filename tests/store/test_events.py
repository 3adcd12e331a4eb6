"""Events: the timeline, the stream, and the deliveries made in the same job."""

from pathlib import Path

import pytest

from modemgw.ids import IdSource
from modemgw.store import deliveries, events, webhooks
from modemgw.store.keys import create
from modemgw.store.writer import Connection
from tests.loop import run_virtual
from tests.store.factory import NOW, add_message, database, open_store


def test_the_timeline_is_one_message_oldest_first(tmp_path: Path) -> None:
    ids = IdSource()
    with database(tmp_path, ids) as db:
        one, two = add_message(db, 1), add_message(db, 2)
        for message_id, kind in [(one, "a"), (two, "b"), (one, "c")]:
            events.append(
                db, kind, at=NOW, data={"é": 1}, ids=ids, message_id=message_id
            )
        found = events.timeline(db, one)
        assert [event.type for event in found] == ["a", "c"]
        assert found[0].data == {"é": 1}
        assert found[0].message == f"msg_{1:026}"
        assert found[0].public_id is None
        assert db.pushed == 0


def test_the_stream_shows_what_is_pushed_by_type_and_cursor(tmp_path: Path) -> None:
    ids = IdSource()
    with database(tmp_path, ids) as db:
        for kind in ["message.sent", "sim.up", "message.delivered"]:
            events.append(db, kind, at=NOW, data={}, ids=ids, push=True)
            events.append(db, "part.step", at=NOW, data={}, ids=ids)
        assert db.pushed == 0  # nobody has asked to be told
        everything = events.since(db, 0)
        assert [event.type for event in everything] == [
            "message.sent",
            "sim.up",
            "message.delivered",
        ]
        messages = events.since(db, 0, types=["message.*", "call.incoming"])
        assert [event.type for event in messages] == [
            "message.sent",
            "message.delivered",
        ]
        first = everything[0]
        assert first.public_id is not None
        assert events.find(db, first.public_id) == first.id
        assert len(events.since(db, first.id)) == 2
        assert len(events.since(db, 0, limit=1)) == 1
        assert events.since(db, events.newest(db)) == []
        assert events.find(db, "evt_unknown") is None


def test_each_active_endpoint_that_wants_it_gets_one_delivery(tmp_path: Path) -> None:
    ids = IdSource()
    with database(tmp_path, ids) as db:

        def endpoint(*patterns: str) -> webhooks.WebhookRow:
            return webhooks.create(db, ids, url="http://h/", events=patterns, now=NOW)

        twice = endpoint("message.*", "message.sent")
        other = endpoint("sim.*")
        paused = endpoint("*")
        webhooks.set_state(db, paused.id, "paused")
        key, _ = create(db, "app", ["admin"], NOW)
        event_id = events.append(
            db,
            "message.sent",
            at=NOW,
            data={"id": "msg_1"},
            ids=ids,
            push=True,
            callback_url="http://c/",
            key_id=key.id,
        )
        due = deliveries.due(db, NOW, 10)
        assert sorted(row.url for row in due) == ["http://c/", "http://h/"]
        by_url = {row.url: row for row in due}
        assert by_url["http://h/"].webhook == twice.public_id
        assert by_url["http://h/"].secret == twice.secret
        assert by_url["http://c/"].secret == key.webhook_secret
        assert len({row.public_id for row in due}) == 2
        assert all(row.public_id.startswith("dlv_") for row in due)
        assert {row.event for row in due} == {events.since(db, 0)[0].public_id}
        assert {row.data for row in due} == {'{"id":"msg_1"}'}
        assert event_id == 1
        assert deliveries.list_deliveries(db, other.id, limit=9) == []


def test_what_is_not_pushed_is_delivered_to_nobody(tmp_path: Path) -> None:
    ids = IdSource()
    with database(tmp_path, ids) as db:
        webhooks.create(db, ids, url="http://h/", events=["*"], now=NOW)
        events.append(db, "x", at=NOW, data={}, ids=ids, callback_url="http://c/")
        assert deliveries.due(db, NOW, 10) == []


def test_a_given_public_id_is_kept(tmp_path: Path) -> None:
    ids = IdSource()
    with database(tmp_path, ids) as db:
        events.append(
            db, "x", at=NOW, data={}, ids=ids, push=True, public_id="evt_mine"
        )
        assert events.since(db, 0)[0].public_id == "evt_mine"


def test_who_wants_what_is_known_anew_after_each_change(tmp_path: Path) -> None:
    ids = IdSource()
    with database(tmp_path, ids) as db:

        def deliveries_of(kind: str) -> int:
            db.pushed = 0
            events.append(db, kind, at=NOW, data={}, ids=ids, push=True)
            return db.pushed

        assert deliveries_of("message.sent") == 0
        one = webhooks.create(db, ids, url="http://h/", events=["message.*"], now=NOW)
        assert deliveries_of("message.sent") == 1
        assert deliveries_of("sim.up") == 0
        webhooks.update(db, one, events=["sim.*"])
        assert (deliveries_of("message.sent"), deliveries_of("sim.up")) == (0, 1)
        webhooks.set_state(db, one.id, "paused")
        assert deliveries_of("sim.up") == 0
        webhooks.set_state(db, one.id, "active")
        assert deliveries_of("sim.up") == 1


def test_a_change_of_endpoints_that_is_undone_was_never_known(tmp_path: Path) -> None:
    async def story() -> None:
        async with open_store(tmp_path) as store:

            def tell(db: Connection) -> int:
                events.append(db, "sim.up", at=NOW, data={}, ids=store.ids, push=True)
                return db.pushed

            def begin_and_fail(db: Connection) -> None:
                webhooks.create(db, store.ids, url="http://h/", events=["*"], now=NOW)
                assert tell(db) == 1
                raise LookupError

            with pytest.raises(LookupError):
                await store.write(begin_and_fail)
            assert await store.write(tell) == 0

    run_virtual(story())
