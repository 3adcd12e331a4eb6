"""What only the admin socket answers: status and alarms for the commands on the box."""

from pathlib import Path

import pytest

from modemgw.api import local, openapi
from modemgw.api.app import ROUTES
from tests.api.desk import Desk, at_desk


def test_nobody_else_can_ask_not_even_with_an_admins_key(tmp_path: Path) -> None:
    described = openapi.document(ROUTES)

    async def story(desk: Desk) -> None:
        key = await desk.new_key("admin")
        for route in local.ROUTES:
            answer = await desk.ask(route.method, route.path, key=key)
            assert (answer.status, answer.problem) == (404, "not-found"), route.path
            assert route.path.encode() not in described

    at_desk(tmp_path, story)


def test_a_gateway_without_modems_says_what_is_missing(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        found = (await desk.get("/local/status?recent=5", admin=True)).json
        assert (found["level"], found["ready"]) == ("down", False)
        assert found["reasons"] == ["no modem is configured"]
        assert [one["kind"] for one in found["troubles"]] == ["not_ready"]
        await desk.post("/v1/messages", {"to": "+4915112345678", "text": "secret"})
        found = (await desk.get("/local/status?recent=5", admin=True)).json
        (event,) = found["recent"]
        assert event["type"] == "message.queued"
        assert "secret" not in str(found)

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    "path",
    [
        "/local/status?recent=101",
        "/local/status?recent=x",
        "/local/status?other=1",
        "/local/alarms?limit=0",
    ],
)
def test_wrong_wishes_are_422(tmp_path: Path, path: str) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get(path, admin=True)).status == 422

    at_desk(tmp_path, story)


def test_a_test_of_alarms_goes_to_webhooks_that_want_them(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post("/local/alarms/test", {}, admin=True)
        assert answer.json == {"data": []}
        for number, events in enumerate((["alarm.*"], ["*"], ["message.*"])):
            url = f"https://192.0.2.{number + 1}/hook"
            body = {"url": url, "events": events}
            assert (await desk.post("/v1/webhooks", body, admin=True)).status == 201
        told = (await desk.post("/local/alarms/test", {}, admin=True)).json["data"]
        assert [(one["way"], one["to"], one["ok"]) for one in told] == [
            ("webhook", "192.0.2.1", True),
            ("webhook", "192.0.2.2", True),
        ]
        acts = (await desk.get("/v1/audit?action=alarms.test", admin=True)).json
        assert len(acts["data"]) == 2
        assert (await desk.get("/local/alarms", admin=True)).json == {"data": []}

    at_desk(tmp_path, story)
