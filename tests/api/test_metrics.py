"""/metrics at the door: who may read it, and what it says of the door itself."""

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from modemgw.api.app import build_app
from modemgw.config.load import parse
from modemgw.errors import ConfigError
from tests.api.desk import TO, Answer, Desk, at_desk


def requests(answer: Answer) -> dict[tuple[str, str, str], float]:
    """Requests by method, route and status."""
    return {
        (s.labels["method"], s.labels["route"], s.labels["status"]): s.value
        for family in text_string_to_metric_families(answer.octets.decode())
        for s in family.samples
        if s.name == "modemgw_http_requests_total"
    }


def test_it_takes_a_key_with_its_scope(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get("/metrics", key="")).status == 401
        assert (await desk.get("/metrics")).status == 403
        key = await desk.new_key("metrics:read")
        answer = await desk.get("/metrics", key=key)
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert (await desk.get("/metrics?x=1", key=key)).problem == "invalid-field"

    at_desk(tmp_path, story)


def test_open_lets_everybody_read_it_and_nothing_else(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        config = desk.gateway.config
        http = msgspec.structs.replace(config.http, metrics="open")
        desk.gateway.config = msgspec.structs.replace(config, http=http)
        async with TestClient(TestServer(build_app(desk.gateway))) as client:
            opened = replace(desk, client=client, key="")
            assert (await opened.get("/metrics")).status == 200
            assert (await opened.get("/v1/messages")).status == 401

    at_desk(tmp_path, story)


def test_requests_are_counted_by_route_and_never_by_path(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        sent = await desk.post("/v1/messages", {"to": TO, "text": "hi"})
        message = f"/v1/messages/{sent.json['id']}"
        for path in (message, f"{message}x", "/v1/nothing", "/%00\u00e4'\"{}\\"):
            await desk.get(path)
        await desk.ask("HEAD", message)
        await desk.ask("PURGE", message)
        key = await desk.new_key("metrics:read")
        found = requests(await desk.get("/metrics", key=key))
        shown = "/v1/messages/{id}"
        assert found == {
            ("POST", "/v1/messages", "202"): 1,
            ("GET", shown, "200"): 2,  # HEAD is a GET
            ("GET", shown, "404"): 1,
            ("", "unmatched", "404"): 2,
            ("", "unmatched", "405"): 1,
        }
        # The one before is in it, with its latency.
        again = await desk.get("/metrics", key=key)
        assert requests(again)["GET", "/metrics", "200"] == 1
        assert b'duration_seconds_count{method="POST",route="/v1/messages"}' in (
            again.octets
        )

    at_desk(tmp_path, story)


def test_a_limit_that_is_reached_is_counted_by_key(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        limited = {"name": "a", "scopes": ["messages:send"], "limits": ["1/day"]}
        made = (await desk.post("/v1/keys", limited, admin=True)).json
        draft = {"to": TO, "text": "hi"}
        for status in (202, 429, 429):
            answer = await desk.post("/v1/messages", draft, key=made["key"])
            assert answer.status == status
        await desk.ask(
            "PATCH", f"/v1/keys/{made['id']}", {"limits": ["2/day"]}, admin=True
        )
        answer = await desk.get("/metrics", admin=True)
        line = f'modemgw_key_limit_hits_total{{key="{made["id"]}"}} 2.0'
        assert line in answer.octets.decode()
        assert made["key"] not in answer.octets.decode()

    at_desk(tmp_path, story)


def test_the_setting_is_read() -> None:
    assert parse("data_dir: x\n", "a.yaml").http.metrics == "key"
    text = "data_dir: x\nhttp: {metrics: open}\n"
    assert parse(text, "a.yaml").http.metrics == "open"
    with pytest.raises(ConfigError, match="none of the choices"):
        parse(text.replace("open", "all"), "a.yaml")
