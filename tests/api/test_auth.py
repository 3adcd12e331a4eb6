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
    "/docs": {200},  # the viewer alone: what it shows needs a key
    "/docs/{file}": {404},
    OPENAPI: {200},  # the same for every gateway of this version
    "/problems": {200},
    "/problems/{type}": {404},
    "/setup/{token}": {404, 429},  # the one-time link is its own key
    "/oauth/token": {400, 405},
    "/oauth/revoke": {400, 405},
}
REFUSED = {401, 403, 404, 405}  # 404, 405: dialects that do not tell strangers more


def _path(route: Route) -> str:
    return re.sub(r"\{\w+\}", "x", route.path)


def test_every_route_is_closed_without_a_key(tmp_path: Path) -> None:
    """Walks what the router has, not what a table says: nothing is open by mistake."""

    async def story(desk: Desk) -> None:
        seen = {
            (resource.method, resource.resource.canonical)
            for resource in desk.client.app.router.routes()
            if resource.resource is not None
        }
        declared = {(route.method, route.path) for route in ROUTES}
        assert declared <= seen
        assert ("GET", OPENAPI) in seen
        queued = await desk.queued()
        for method, path in sorted(seen):
            ready = re.sub(r"\{\w+\}", "x", path)
            for one in ("GET", "POST") if method == "*" else (method,):
                answer = await desk.ask(one, ready, headers={"Authorization": ""})
                told = f"{one} {path}: {answer.status} {answer.octets[:200]!r}"
                if path in OPEN:
                    assert answer.status in OPEN[path], told
                    continue
                # SMSEagle says no with 200 and a word.
                words = (b"invalid access token", b"wrong parameters")
                said_no = any(word in answer.octets.lower() for word in words)
                assert answer.status in REFUSED or said_no, told
                if path.startswith("/v1/"):
                    assert answer.status == 401, told
                    assert answer.headers["WWW-Authenticate"].startswith("Bearer"), told
        assert await desk.queued() == queued

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
