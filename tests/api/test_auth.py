"""Keys and scopes: every route, every way to get it wrong."""

import re
from pathlib import Path

import pytest

from modemgw.api.app import ROUTES
from modemgw.api.auth import FREE_FAILURES, MAX_ADDRESSES, FailureGuard
from modemgw.api.openapi import PATH as OPENAPI
from modemgw.api.routing import ANY_KEY, PUBLIC, Route
from tests.api.desk import SCOPES, TO, Desk, at_desk

# Everything that answers without a key, and what. A route gets in here on purpose.
OPEN = {
    "/healthz": {200},
    "/readyz": {200, 503},
    "/ca.pem": {404},  # without tls: self
    "/oauth/token": {400, 405},
    "/oauth/revoke": {400, 405},
}


def _path(route: Route) -> str:
    return re.sub(r"\{\w+\}", "x", route.path)


def test_every_route_is_closed_without_a_key(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        seen = {
            (resource.method, resource.resource.canonical)
            for resource in desk.client.app.router.routes()
            if resource.resource is not None
        }
        declared = {(route.method, route.path) for route in ROUTES}
        heads = {("HEAD", path) for method, path in seen if method == "GET"}
        assert seen == declared | heads | {("GET", OPENAPI)}
        for method, path in sorted(seen):
            ready = re.sub(r"\{\w+\}", "x", path)
            answer = await desk.ask(method, ready, headers={"Authorization": ""})
            if path in OPEN:
                assert answer.status in OPEN[path], path
                continue
            assert answer.status == 401, (method, path)
            assert answer.headers["WWW-Authenticate"].startswith("Bearer"), path

    at_desk(tmp_path, story)


def test_a_route_takes_its_scope_and_no_other(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for route in ROUTES:
            if route.scope in (PUBLIC, ANY_KEY):
                continue
            others = [scope for scope in SCOPES if scope != route.scope]
            wrong = await desk.new_key(*others)
            answer = await desk.ask(route.method, _path(route), key=wrong)
            assert (answer.status, answer.problem) == (403, "forbidden"), route.path
            assert route.scope in answer.json["detail"]
            for scope in (route.scope, "admin"):
                right = await desk.new_key(scope)
                answer = await desk.ask(route.method, _path(route), key=right)
                assert answer.status not in (401, 403), answer.octets

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="empty"),
        pytest.param("Basic dXNlcjpwYXNz", id="another scheme"),
        pytest.param("Bearer", id="no token"),
        pytest.param("Bearer mgw", id="no parts"),
        pytest.param("Bearer mgw_abcdefgh_", id="no secret"),
        pytest.param("Bearer mgw_abcdefgh_secret", id="unknown key"),
        pytest.param("Bearer mgw_" + "a" * 5000, id="endless"),
        pytest.param("Bearer mgw_abcdefgh_sécret", id="not ASCII"),
        pytest.param("Bearer ' OR 1=1 --", id="SQL"),
    ],
)
def test_a_wrong_key_is_401(tmp_path: Path, header: str) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.get("/v1/messages", headers={"Authorization": header})
        assert (answer.status, answer.problem) == (401, "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="modemgw"')

    at_desk(tmp_path, story)


def test_the_secret_of_another_key_does_not_fit(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        other = await desk.new_key("messages:read")
        await desk.get("/v1/messages")  # now both are in memory
        mixed = desk.key.rpartition("_")[0] + "_" + other.rpartition("_")[2]
        assert (await desk.get("/v1/messages", key=mixed)).status == 401
        assert (await desk.get("/v1/messages")).status == 200

    at_desk(tmp_path, story)


def test_a_revoked_key_is_dead_at_every_door_at_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get("/v1/messages")).status == 200
        key_id = desk.key.split("_")[1]
        gone = await desk.ask("DELETE", f"/v1/keys/{key_id}", admin=True)
        assert gone.status == 204
        assert (await desk.get("/v1/messages")).status == 401
        again = await desk.ask("DELETE", f"/v1/keys/{key_id}", admin=True)
        assert again.problem == "not-found"
        (shown,) = (await desk.get("/v1/keys", admin=True)).json["data"]
        assert shown["id"] == key_id
        assert shown["revoked_at"] is not None
        assert "hash" not in shown

    at_desk(tmp_path, story)


def test_guessing_is_slowed_and_locks_nobody_out(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.get("/v1/messages")).status == 200
        statuses = [
            (await desk.get("/v1/messages", key=f"mgw_{n:08}_x")).status
            for n in range(FREE_FAILURES + 5)
        ]
        assert statuses[:FREE_FAILURES] == [401] * FREE_FAILURES
        assert 429 in statuses[FREE_FAILURES:]
        answer = await desk.get("/v1/messages", key="mgw_zzzzzzzz_x")
        assert answer.problem == "too-many-failures"
        assert int(answer.headers["Retry-After"]) >= 1
        assert (await desk.get("/v1/messages")).status == 200

    at_desk(tmp_path, story)


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def now_ms(self) -> int:
        return int(self.now * 1000)


def test_the_pause_doubles_and_is_forgotten() -> None:
    clock = _Clock()
    guard = FailureGuard(clock)
    for _ in range(FREE_FAILURES):
        assert guard.pause_left("10.0.0.1") == 0
        guard.failed("10.0.0.1")
    assert guard.pause_left("10.0.0.1") == 1
    guard.failed("10.0.0.1")
    assert guard.pause_left("10.0.0.1") == 2
    for _ in range(50):
        guard.failed("10.0.0.1")
    assert guard.pause_left("10.0.0.1") == 60
    assert guard.pause_left("10.0.0.2") == 0
    clock.now += 601
    assert guard.pause_left("10.0.0.1") == 0
    guard.failed("10.0.0.1")
    assert guard.pause_left("10.0.0.1") == 0


def test_an_ipv6_network_is_one_attacker() -> None:
    guard = FailureGuard(_Clock())
    for n in range(FREE_FAILURES):
        guard.failed(f"2001:db8:1:2::{n:x}")
    assert guard.pause_left("2001:db8:1:2:ffff::1") > 0
    assert guard.pause_left("2001:db8:1:3::1") == 0
    assert guard.pause_left("fe80::1%eth0") == 0


def test_failures_are_kept_in_bounded_memory() -> None:
    guard = FailureGuard(_Clock())
    for n in range(MAX_ADDRESSES * 2):
        guard.failed(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(guard._failures) == MAX_ADDRESSES


def test_the_admin_socket_needs_no_key(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post("/v1/messages", {"to": TO, "text": "x"}, admin=True)
        assert made.status == 202
        timeline = await desk.get(
            f"/v1/messages/{made.json['id']}/timeline", admin=True
        )
        assert timeline.json["data"][0]["type"] == "message.queued"

    at_desk(tmp_path, story)
