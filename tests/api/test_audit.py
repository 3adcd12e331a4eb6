"""Every act of an administrator is in the audit log, and nothing that must not be."""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modemgw.api.app import ROUTES
from tests.api.desk import TO, Desk, at_desk

# Written down by the gateway, in the transaction of the act or before it.
BY_THE_GATEWAY = {
    "/v1/messages/{id}/resend",
    "/v1/messages/{id}/settle",
    "/v1/messages/{id}/body",
    "/v1/privacy/export",
    "/v1/privacy/erase",
    "/v1/pause",
    "/v1/resume",
    "/v1/sims/{id}/bench",
    "/v1/sims/{id}/parole",
    "/v1/sims/{id}/pause",
    "/v1/sims/{id}/resume",
    "/v1/sims/{id}/selftest",
    "/v1/sims/{id}/ussd",
    "/v1/sims/{id}/ussd/{session}",
    "/v1/modems/{id}/at",
    "/v1/modems/{id}/restart",
    "/v1/suppressions",
    "/v1/suppressions/import",
    "/v1/suppressions/{id}",
    "/setup/{token}",  # as the key that it makes
    "/v1/reload",
}
# What applications do all day is in the timelines of messages and codes.
NOT_AUDITED = {
    "/v1/messages",
    "/v1/messages/batch",
    "/v1/messages/{id}/cancel",
    "/v1/verifications",
    "/v1/verifications/{id}/check",
    "/v1/webhooks/{id}/test",
    "/v1/sims/{id}/balance",
    "/v1/suppressions/check",
    "/v1/events/ticket",
    "/oauth/token",
    "/oauth/revoke",
}
DIALECTS = ("/http_api", "/jsonrpc", "/api/", "/2010-04-01", "/hooks")


def test_no_act_is_forgotten() -> None:
    """Whoever adds a route that changes something says here whether it is written."""
    for route in ROUTES:
        if route.method == "GET" or route.path.startswith(DIALECTS):
            continue
        if route.surface != "native":
            continue
        ways = [
            bool(route.audit),
            route.path in BY_THE_GATEWAY,
            route.path in NOT_AUDITED and not route.audit,
        ]
        assert sum(ways) == 1, f"{route.method} {route.path}"


async def acts(desk: Desk, **wanted: str) -> list[dict[str, Any]]:
    query = "&".join(f"{name}={value}" for name, value in wanted.items())
    answer = await desk.get(f"/v1/audit?{query}", admin=True)
    assert answer.status == 200, answer.octets
    return list(answer.json["data"])


def test_keys_and_webhooks_are_written_down(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post(
            "/v1/keys", {"name": "anna", "scopes": ["admin"]}, admin=True
        )
        anna, id = made.json["key"], made.json["id"]
        path = f"/v1/keys/{id}"
        shown = (await desk.ask("PATCH", path, {"limits": ["9/day"]}, key=anna)).json
        hook = await desk.post(
            "/v1/webhooks", {"url": "http://10.0.0.1", "events": ["*"]}, key=anna
        )
        await desk.ask("DELETE", f"/v1/webhooks/{hook.json['id']}", key=anna)
        await desk.ask("PATCH", path, {"limits": ["x"]}, key=anna)  # refused: no act
        await desk.ask("DELETE", path, key=anna)
        found = await acts(desk)
        told = [(one["who"], one["action"], one["object"]) for one in found][:5]
        assert told == [
            ("anna", "key.revoke", id),
            ("anna", "webhook.delete", hook.json["id"]),
            ("anna", "webhook.create", hook.json["id"]),
            ("anna", "key.change", id),
            ("admin socket", "key.create", id),
        ]
        assert found[3]["key"] == id
        assert found[3]["address"] == "127.0.0.1"
        assert found[4]["address"] == "unix"
        change, create = found[3], found[4]
        assert change["before"] == create["after"], "the same resource, the same digest"
        lasting = {**shown, "last_used_at": None}
        again = hashlib.sha256(msgspec.json.encode(lasting)).hexdigest()
        assert change["after"] == again
        # The digest of a secret is not in it: nothing is told that could be guessed at.
        raw = b"".join(f.read_bytes() for f in _files(tmp_path))
        assert anna.rpartition("_")[2].encode() not in raw

    at_desk(tmp_path, story)


def _files(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*.db*") if path.is_file()]


def test_acts_are_filtered_and_paged(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for _ in range(5):
            await desk.post("/v1/pause", admin=True)
            await desk.post("/v1/resume", admin=True)
        assert len(await acts(desk, action="sending.pause")) == 5
        assert len(await acts(desk, action="sending.*")) == 10
        assert len(await acts(desk, since="2099-01-01T00:00:00Z")) == 0
        seen: list[int] = []
        cursor = ""
        while True:
            page = (await desk.get(f"/v1/audit?limit=3{cursor}", admin=True)).json
            seen += [one["id"] for one in page["data"]]
            if not page["has_more"]:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert seen == sorted(seen, reverse=True)
        assert len(seen) == len(set(seen)) == 11
        verdict = (await desk.get("/v1/audit/verify", admin=True)).json
        assert (verdict["sound"], verdict["rows"], verdict["fault"]) == (True, 11, None)

    at_desk(tmp_path, story)


def test_no_number_and_no_text_is_in_it(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post("/v1/messages", {"to": TO, "text": "sphinx"})
        await desk.post(f"/v1/messages/{made.json['id']}/cancel")
        await desk.post(f"/v1/messages/{made.json['id']}/resend")
        await desk.ask("DELETE", f"/v1/messages/{made.json['id']}/body", admin=True)
        await desk.post("/v1/privacy/export", {"number": TO}, admin=True)
        await desk.post(
            "/v1/privacy/erase", {"number": TO, "waiting": "cancel"}, admin=True
        )
        found = await acts(desk)
        assert [one["action"] for one in found[:4]] == [
            *("privacy.erase", "privacy.export", "message.redact", "message.resend"),
        ]
        octets = (await desk.get("/v1/audit", admin=True)).octets
        assert TO[1:].encode() not in octets
        assert b"sphinx" not in octets
        assert found[0]["object"] == found[1]["object"] != TO

    at_desk(tmp_path, story)


def test_many_wrong_keys_are_told_once(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for _ in range(25):
            await desk.get("/v1/messages", key="mgw_AAAAAAAA_wrong")
        (burst,) = await acts(desk, action="auth.failures")
        assert (burst["who"], burst["object"]) == ("nobody", "127.0.0.1")
        assert burst["detail"] == {"failures": 10}

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("method", "path", "body", "statuses"),
    [
        ("GET", "/v1/audit?limit=0", None, {422}),
        ("GET", "/v1/audit?limit=201", None, {422}),
        ("GET", "/v1/audit?cursor=1;DROP", None, {422}),
        ("GET", "/v1/audit?since=yesterday", None, {422}),
        ("GET", f"/v1/audit?action={'*' * 64}", None, {200}),
        ("GET", f"/v1/audit?action={'[' * 64}", None, {200}),
        ("GET", "/v1/audit?object=%27%20OR%201=1--", None, {200}),
        ("GET", "/v1/audit/verify?a=1", None, {422}),
        ("DELETE", "/v1/audit", None, {405}),
        ("POST", "/v1/privacy/export", {}, {422}),
        ("POST", "/v1/privacy/export", {"number": "%"}, {422}),
        ("POST", "/v1/privacy/export", {"number": ""}, {422}),
        ("POST", "/v1/privacy/export", {"number": "0151\u0000"}, {422}),
        ("POST", "/v1/privacy/export", {"number": TO, "limit": 1001}, {422}),
        ("POST", "/v1/privacy/export", {"number": TO, "cursor": "x"}, {422}),
        ("POST", "/v1/privacy/export", {"number": [TO]}, {422}),
        ("POST", "/v1/privacy/erase", {"number": "*"}, {422}),
        ("POST", "/v1/privacy/erase", {"number": TO, "waiting": "kill"}, {422}),
        ("POST", "/v1/privacy/erase", {"number": "+" + "9" * 60}, {422}),
        ("POST", "/v1/privacy/erase", b"[" * 5000, {400, 422}),
        ("GET", "/v1/privacy/erase", None, {405}),
    ],
)
def test_hostile_requests(
    tmp_path: Path, method: str, path: str, body: object, statuses: set[int]
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.ask(method, path, body, admin=True)
        assert answer.status in statuses, answer.octets

    at_desk(tmp_path, story)


def test_only_an_admin_sees_it(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for method, path in (
            ("GET", "/v1/audit"),
            ("GET", "/v1/audit/verify"),
            ("POST", "/v1/privacy/export"),
            ("POST", "/v1/privacy/erase"),
        ):
            answer = await desk.ask(method, path, {} if method == "POST" else None)
            assert (answer.status, answer.problem) == (403, "forbidden")

    at_desk(tmp_path, story)
