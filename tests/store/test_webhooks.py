"""Endpoints and their deliveries: due, attempted, paused, replayed, deleted."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from modemgw.ids import IdSource
from modemgw.store import deliveries, events, webhooks
from modemgw.store.webhooks import Declared
from modemgw.store.writer import Connection
from tests.store.factory import NOW, add_message, database


@dataclass
class Room:
    db: Connection
    ids: IdSource

    def endpoint(self, url: str = "http://h/", *patterns: str) -> webhooks.WebhookRow:
        return webhooks.create(
            self.db, self.ids, url=url, events=patterns or ("*",), now=NOW
        )

    def push(self, at: int = NOW, callback_url: str | None = None) -> None:
        events.append(
            self.db,
            "test.ping",
            at=at,
            data={},
            ids=self.ids,
            push=True,
            callback_url=callback_url,
        )

    def due(self, now: int = NOW, limit: int = 100) -> list[deliveries.DueDelivery]:
        return deliveries.due(self.db, now, limit)

    def only(self, webhook_id: int = 1) -> deliveries.DeliveryRow:
        (row,) = deliveries.list_deliveries(self.db, webhook_id, limit=2)
        return row

    def reload(self, row: webhooks.WebhookRow) -> webhooks.WebhookRow:
        found = webhooks.get(self.db, row.public_id)
        assert found is not None
        return found


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    ids = IdSource()
    with database(tmp_path, ids) as db:
        yield Room(db, ids)


def test_making_changing_and_deleting_an_endpoint(room: Room) -> None:
    row = room.endpoint("http://a/", "sim.*", "message.*", "sim.*")
    assert row.events == ("message.*", "sim.*")
    assert row.secret.startswith("whsec_")
    assert (row.state, row.declared) == ("active", False)
    row = webhooks.update(room.db, row, url="http://b/", events=["call.incoming"])
    assert (row.url, row.events) == ("http://b/", ("call.incoming",))
    assert webhooks.update(room.db, row) == row
    assert webhooks.list_webhooks(room.db) == [row]
    assert webhooks.set_state(room.db, row.id, "deleted").state == "deleted"
    assert webhooks.get(room.db, row.public_id) is None
    assert webhooks.list_webhooks(room.db) == []


def test_both_secrets_are_known_during_a_rotation(room: Room) -> None:
    row = room.endpoint()
    rotated = webhooks.rotate(room.db, row, until=NOW + 1000)
    assert rotated.old_secret == row.secret != rotated.secret
    room.push()
    (due,) = room.due()
    assert (due.secret, due.old_secret) == (rotated.secret, row.secret)
    assert rotated.old_until == NOW + 1000
    assert webhooks.end_rotations(room.db, NOW + 999) == 0
    assert webhooks.end_rotations(room.db, NOW + 1000) == 1
    (ended,) = webhooks.list_webhooks(room.db)
    assert (ended.secret, ended.old_secret, ended.old_until) == (
        rotated.secret,
        None,
        None,
    )


def test_every_failure_is_remembered_and_no_more_than_thirty(room: Room) -> None:
    room.endpoint()
    room.push()
    (due,) = room.due()
    for number in range(40):
        deliveries.record_attempt(
            room.db,
            due.id,
            at=NOW + number,
            status=500,
            error="answered 500",
            ms=number,
            state="pending",
        )
    deliveries.record_attempt(
        room.db, due.id, at=NOW + 99, status=204, ms=7, state="done"
    )
    row = deliveries.get(room.db, due.public_id)
    assert row is not None
    assert (row.last_ms, row.last_error) == (7, None)
    assert [one.ms for one in row.failures] == list(range(10, 40))
    assert row.failures[0] == deliveries.Failure(NOW + 10, 500, 10, "answered 500")


def test_declared_endpoints_follow_the_configuration(room: Room) -> None:
    made = room.endpoint("http://api/")  # over the API: not the configuration's

    def sync(*declared: Declared) -> list[list[str]]:
        done = webhooks.sync_declared(room.db, room.ids, declared, NOW)
        return [
            [row.url for row in rows]
            for rows in (done.added, done.changed, done.removed)
        ]

    a, b = Declared("http://a/", ("x",)), Declared("http://b/", ("x",), "whsec_b")
    assert sync(a, b) == [["http://a/", "http://b/"], [], []]
    secret = {row.url: row.secret for row in webhooks.list_webhooks(room.db)}
    assert secret["http://b/"] == "whsec_b"
    assert sync(a, b) == [[], [], []]
    assert sync(Declared("http://a/", ("y",)), b) == [[], ["http://a/"], []]
    assert sync(b, Declared("http://b/", ("z",))) == [
        ["http://b/"],
        [],
        ["http://a/"],
    ]
    assert sync() == [[], [], ["http://b/", "http://b/"]]
    assert webhooks.list_webhooks(room.db) == [made]
    assert sync(a)[0] == ["http://a/"]
    again = {row.url: row for row in webhooks.list_webhooks(room.db)}
    assert again["http://a/"].declared
    assert again["http://a/"].secret != secret["http://a/"]


def test_a_made_secret_outlives_a_change_of_events(room: Room) -> None:
    for patterns in (("x",), ("y",)):
        webhooks.sync_declared(
            room.db, room.ids, [Declared("http://a/", patterns)], NOW
        )
    (row,) = webhooks.list_webhooks(room.db)
    assert row.events == ("y",)
    assert room.reload(row).secret == row.secret


def test_the_longest_waiting_comes_first_and_only_when_due(room: Room) -> None:
    room.endpoint()
    for at in (NOW + 2, NOW + 1, NOW + 50):
        room.push(at)
    assert [row.next_attempt_at - NOW for row in room.due(NOW + 2)] == [1, 2]
    assert deliveries.next_due(room.db, NOW + 2) == NOW + 50
    assert deliveries.next_due(room.db, NOW + 50) is None
    assert len(room.due(NOW + 50, limit=1)) == 1


def test_nobody_waits_behind_a_dead_endpoint(room: Room) -> None:
    dead = room.endpoint("http://dead/", "test.*")
    for _ in range(50):
        room.push(NOW - 1000)
    room.endpoint("http://alive/")
    room.push(callback_url="http://mine/")
    found = deliveries.due(room.db, NOW, 10, per_endpoint=3)
    assert [row.url for row in found].count("http://dead/") == 3
    assert {row.url for row in found} == {
        "http://dead/",
        "http://alive/",
        "http://mine/",
    }
    in_flight = {row.id for row in found}
    more = deliveries.due(room.db, NOW, 10, per_endpoint=3, in_flight=in_flight)
    assert [row.webhook_id for row in more] == [dead.id] * 3
    assert not in_flight & {row.id for row in more}


def test_attempts_until_it_works(room: Room) -> None:
    row = room.endpoint()
    room.push()
    (due,) = room.due()
    deliveries.record_attempt(
        room.db,
        due.id,
        at=NOW + 1,
        status=500,
        error="it says no",
        state="pending",
        next_attempt_at=NOW + 5000,
    )
    assert room.reload(row).failing_since == NOW + 1
    assert room.due(NOW + 4999) == []
    (due,) = room.due(NOW + 5000)
    assert (due.attempts, due.failing_since) == (1, NOW + 1)
    deliveries.record_attempt(
        room.db,
        due.id,
        at=NOW + 5001,
        status=None,
        error="no answer",
        state="pending",
        next_attempt_at=NOW + 9000,
    )
    assert room.reload(row).failing_since == NOW + 1
    deliveries.record_attempt(room.db, due.id, at=NOW + 9001, status=204, state="done")
    assert room.reload(row).failing_since is None
    shown = room.only()
    assert (shown.state, shown.attempts, shown.last_status) == ("done", 3, 204)
    assert (shown.last_at, shown.last_error) == (NOW + 9001, None)
    assert room.due(NOW * 2) == []


def test_a_dead_letter_can_be_replayed(room: Room) -> None:
    room.endpoint()
    room.push()
    shown = room.only()
    assert not deliveries.replay(room.db, shown.public_id, NOW), "still pending"
    deliveries.record_attempt(
        room.db, shown.id, at=NOW, status=None, error="refused", state="dead"
    )
    assert room.due() == []
    assert deliveries.replay(room.db, shown.public_id, NOW + 10)
    (due,) = room.due(NOW + 10)
    assert (due.id, due.attempts) == (shown.id, 0)
    assert not deliveries.replay(room.db, "dlv_unknown", NOW)


def test_a_paused_endpoint_keeps_what_waits_and_gets_nothing_new(room: Room) -> None:
    row = room.endpoint()
    room.push()
    (due,) = room.due()
    deliveries.record_attempt(
        room.db, due.id, at=NOW, status=500, state="pending", next_attempt_at=NOW
    )
    webhooks.set_state(room.db, row.id, "paused")
    room.push()
    assert room.due() == []
    assert deliveries.next_due(room.db, 0) is None
    active = webhooks.set_state(room.db, row.id, "active")
    assert active.failing_since is None
    assert [found.id for found in room.due()] == [due.id]


def test_deleting_an_endpoint_ends_what_waits(room: Room) -> None:
    row = room.endpoint()
    room.push()
    webhooks.set_state(room.db, row.id, "deleted")
    shown = room.only()
    assert (shown.state, shown.last_error) == ("dead", "the endpoint was deleted")
    # An attempt that was under way changes nothing any more.
    deliveries.record_attempt(
        room.db, shown.id, at=NOW, status=500, state="pending", next_attempt_at=NOW
    )
    assert room.only().state == "dead"


def test_deliveries_are_listed_newest_first_in_pages(room: Room) -> None:
    row = room.endpoint()
    message_id = add_message(room.db, 7)
    for _ in range(5):
        events.append(
            room.db,
            "message.sent",
            at=NOW,
            data={},
            ids=room.ids,
            message_id=message_id,
            push=True,
        )
    first = deliveries.list_deliveries(room.db, row.id, limit=3)
    rest = deliveries.list_deliveries(room.db, row.id, limit=3, cursor=first[-1].id)
    assert [found.id for found in first + rest] == [5, 4, 3, 2, 1]
    assert first[0].message == f"msg_{7:026}"
    assert (first[0].type, first[0].webhook) == ("message.sent", row.public_id)
    assert deliveries.get(room.db, first[0].public_id) == first[0]
    assert deliveries.get(room.db, "dlv_unknown") is None
    deliveries.record_attempt(room.db, 2, at=NOW, status=200, state="done")
    done = deliveries.list_deliveries(room.db, row.id, limit=9, state="done")
    assert [found.id for found in done] == [2]


def test_a_callback_of_the_admin_socket_has_no_secret(room: Room) -> None:
    room.push(callback_url="http://c/")
    (due,) = room.due()
    assert (due.secret, due.webhook_id, due.declared) == (None, None, 0)
    deliveries.record_attempt(room.db, due.id, at=NOW, status=200, state="done")
    assert room.due() == []
