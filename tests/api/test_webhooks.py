"""Webhook endpoints over HTTP: made, changed, tested, looked at, replayed."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modemgw.config.model import WebhookConfig
from modemgw.config.secret import Secret
from modemgw.store import deliveries
from modemgw.store import webhooks as rows
from tests.api.desk import TO, Desk, at_desk

HOOKS = "/v1/webhooks"
URL = "http://10.0.0.5/hook"


async def make(desk: Desk, **fields: Any) -> dict[str, Any]:
    answer = await desk.post(HOOKS, {"url": URL, "events": ["message.*"], **fields})
    assert answer.status == 201, answer.octets
    assert answer.headers["Location"] == f"{HOOKS}/{answer.json['id']}"
    made: dict[str, Any] = answer.json
    return made


def test_an_endpoint_lives_and_its_secret_is_shown_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await make(desk, events=["message.*", "message.*", "sim.up"])
        assert made["secret"].startswith("whsec_")
        assert made["events"] == ["message.*", "sim.up"]
        assert (made["state"], made["declared"]) == ("active", False)
        path = f"{HOOKS}/{made['id']}"
        shown = await desk.get(path)
        assert shown.json == {k: v for k, v in made.items() if k != "secret"}
        assert (await desk.get(HOOKS)).json == {"data": [shown.json]}
        changed = await desk.ask(
            "PATCH", path, {"url": "https://10.0.0.6/", "state": "paused"}
        )
        assert changed.json["url"] == "https://10.0.0.6/"
        assert changed.json["state"] == "paused"
        assert changed.json["events"] == ["message.*", "sim.up"]
        changed = await desk.ask("PATCH", path, {"events": ["*"], "state": "active"})
        assert (changed.json["events"], changed.json["state"]) == (["*"], "active")
        assert (await desk.ask("DELETE", path)).status == 204
        assert (await desk.get(path)).problem == "not-found"
        assert (await desk.ask("DELETE", path)).problem == "not-found"

    at_desk(tmp_path, story)


def test_an_own_secret_is_taken(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        secret = "whsec_" + "A" * 40
        assert (await make(desk, secret=secret))["secret"] == secret

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        pytest.param("http://127.0.0.1:9000/", "target_forbidden", id="loopback"),
        pytest.param("http://[::1]/", "target_forbidden", id="IPv6 loopback"),
        pytest.param("http://169.254.169.254/", "target_forbidden", id="metadata"),
        pytest.param("http://[::ffff:127.0.0.1]/", "target_forbidden", id="mapped"),
        pytest.param("ftp://10.0.0.1/", "invalid_url", id="scheme"),
        pytest.param("http://me:secret@10.0.0.1/", "invalid_url", id="password"),
        pytest.param("hello", "invalid_url", id="no URL"),
    ],
)
def test_a_forbidden_target_is_named(tmp_path: Path, url: str, code: str) -> None:
    async def story(desk: Desk) -> None:
        kept = (await make(desk))["id"]
        for method, path in (("POST", HOOKS), ("PATCH", f"{HOOKS}/{kept}")):
            body = {"url": url, "events": ["*"]}
            answer = await desk.ask(method, path, body)
            assert answer.status == 422
            (issue,) = answer.json["errors"]
            assert (issue["pointer"], issue["code"]) == ("/url", code)
        assert len((await desk.get(HOOKS)).json["data"]) == 1

    at_desk(tmp_path, story)


def test_the_operator_opens_a_loopback_target(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await make(desk, url="http://127.0.0.1:9000/hook")

    at_desk(tmp_path, story, allow=("127.0.0.1:9000",))


def test_a_declared_endpoint_belongs_to_the_file(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        store = desk.gateway.store
        declared = [rows.Declared("http://127.0.0.1:1/", ("*",))]
        await store.write(lambda db: rows.sync_declared(db, store.ids, declared, now=1))
        (shown,) = (await desk.get(HOOKS)).json["data"]
        assert shown["declared"] is True
        path = f"{HOOKS}/{shown['id']}"
        for method, body in (
            ("DELETE", None),
            ("PATCH", {"url": URL}),
            ("PATCH", {"events": ["*"]}),
        ):
            answer = await desk.ask(method, path, body)
            assert (answer.status, answer.problem) == (409, "conflict")
        paused = await desk.ask("PATCH", path, {"state": "paused"})
        assert paused.json["state"] == "paused"

    at_desk(tmp_path, story)


def test_a_test_event_goes_to_one_endpoint_alone(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        first = await make(desk, events=["sim.*"])
        second = await make(desk, events=["*"])
        sent = await desk.post(f"{HOOKS}/{first['id']}/test")
        assert sent.status == 202, sent.octets
        assert sent.json["event_type"] == "test.ping"
        assert sent.json["state"] == "pending"
        listed = (await desk.get(f"{HOOKS}/{first['id']}/deliveries")).json
        assert listed["data"] == [sent.json]
        other = (await desk.get(f"{HOOKS}/{second['id']}/deliveries")).json
        assert other["data"] == []
        await desk.ask("PATCH", f"{HOOKS}/{first['id']}", {"state": "paused"})
        refused = await desk.post(f"{HOOKS}/{first['id']}/test")
        assert refused.problem == "conflict"

    at_desk(tmp_path, story)


def test_a_secret_is_rotated_with_an_overlap_that_ends(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await make(desk)
        path = f"{HOOKS}/{made['id']}"
        first = await desk.post(f"{path}/rotate")
        assert first.status == 200, first.octets
        assert first.json["secret"].startswith("whsec_")
        assert first.json["secret"] != made["secret"]
        shown = (await desk.get(path)).json
        assert "secret" not in shown
        ends = datetime.fromisoformat(shown["rotation_ends_at"])
        left = ends - datetime.now(UTC)
        assert timedelta(hours=23, minutes=59) < left <= timedelta(hours=24)
        own = "whsec_" + "A" * 40
        second = await desk.post(f"{path}/rotate", {"secret": own, "overlap": 0})
        assert second.json["secret"] == own
        store, now = desk.gateway.store, desk.gateway.clock.now_ms()
        await store.write(lambda db: rows.end_rotations(db, now))
        assert (await desk.get(path)).json["rotation_ends_at"] is None
        for wrong, at in (
            ({"overlap": 8 * 86_400}, "/overlap"),
            ({"overlap": -1}, "/overlap"),
            ({"secret": "whsec_short"}, "/secret"),
            ({"secrets": own}, "/secrets"),
        ):
            answer = await desk.post(f"{path}/rotate", wrong)
            assert (answer.status, answer.pointers) == (422, [at])
        assert (await desk.post(f"{HOOKS}/wh_0/rotate")).problem == "not-found"

    at_desk(tmp_path, story)


def test_a_secret_of_the_file_is_rotated_there(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        store, url, now = desk.gateway.store, "http://127.0.0.1:1/", 1_000_000
        old, new = ("whsec_" + letter * 40 for letter in "AB")

        async def sync(secret: str | None) -> dict[str, Any]:
            declared = [rows.Declared(url, ("*",), secret)]
            await store.write(
                lambda db: rows.sync_declared(db, store.ids, declared, now)
            )
            config = WebhookConfig(
                url, ("*",), None if secret is None else Secret("whsec", plain=secret)
            )
            desk.gateway.config = msgspec.structs.replace(
                desk.gateway.config, webhooks=(config,)
            )
            (shown,) = (await desk.get(HOOKS)).json["data"]
            assert isinstance(shown, dict)
            return shown

        shown = await sync(old)
        path = f"{HOOKS}/{shown['id']}/rotate"
        assert (await desk.post(path)).problem == "conflict"
        # Another one in the file begins a rotation of a day.
        assert (await sync(new))["rotation_ends_at"] == "1970-01-02T00:16:40Z"
        await sync(None)
        assert (await desk.post(path)).status == 200  # what was made can be made anew

    at_desk(tmp_path, story)


def test_deliveries_are_paged_and_replayed(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        hook = await make(desk)
        other = await make(desk, events=["sim.*"])
        for n in range(3):
            await desk.post("/v1/messages", {"to": TO, "text": f"{n}"})
        path = f"{HOOKS}/{hook['id']}/deliveries"
        first = (await desk.get(f"{path}?limit=2")).json
        assert first["has_more"] is True
        last = (await desk.get(f"{path}?limit=2&cursor={first['next_cursor']}")).json
        assert (len(last["data"]), last["has_more"]) == (1, False)
        newest = first["data"][0]
        assert newest["event_type"] == "message.queued"
        assert newest["message_id"].startswith("msg_")
        again = f"{path}/{newest['id']}/replay"
        assert (await desk.post(again)).problem == "conflict"  # still pending

        def end(db: Any) -> None:
            (row,) = [
                row
                for row in deliveries.due(db, desk.gateway.clock.now_ms(), 9)
                if row.public_id == newest["id"]
            ]
            db.execute(
                "UPDATE delivery SET state = 'dead', last_status = 500,"
                " last_error = 'HTTP 500', attempts = 11, last_ms = 12,"
                """ failures = '[[1000,null,15000,"no answer within 15 s"]]'"""
                " WHERE id = ?",
                (row.id,),
            )

        await desk.gateway.store.write(end)
        (dead,) = (await desk.get(f"{path}?state=dead")).json["data"]
        assert (dead["last_status"], dead["next_attempt_at"]) == (500, None)
        assert (dead["last_ms"], dead["failures"]) == (
            12,
            [
                {
                    "at": "1970-01-01T00:00:01Z",
                    "status": None,
                    "ms": 15000,
                    "error": "no answer within 15 s",
                }
            ],
        )
        replayed = await desk.post(again, {})
        assert (replayed.status, replayed.json["state"]) == (202, "pending")
        assert replayed.json["attempts"] == 0
        stranger = f"{HOOKS}/{other['id']}/deliveries/{newest['id']}/replay"
        assert (await desk.post(stranger)).problem == "not-found"
        assert (await desk.post(f"{path}/dlv_0/replay")).problem == "not-found"

    at_desk(tmp_path, story)
