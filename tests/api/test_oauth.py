"""Client credentials: a key becomes a token, and nothing else does."""

import base64
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from modemgw.gateway.tokens import LIFE_S, MOST, MOST_EACH, Lease, Tokens
from tests.api.desk import TO, Answer, Desk, at_desk, octets_of

FORM = "application/x-www-form-urlencoded"
SEND = {"to": TO, "text": "hi"}


def basic(key: str) -> str:
    _, key_id, secret = key.split("_")
    return "Basic " + base64.b64encode(f"{key_id}:{secret}".encode()).decode()


async def ask(
    desk: Desk,
    fields: dict[str, str] | None = None,
    *,
    authorization: str | None = None,
    path: str = "/oauth/token",
    octets: bytes | None = None,
) -> Answer:
    fields = {"grant_type": "client_credentials"} if fields is None else fields
    given = basic(desk.key) if authorization is None else authorization
    headers = {"Content-Type": FORM, "Authorization": given}
    body = urlencode(fields).encode() if octets is None else octets
    return await desk.ask("POST", path, body, headers=headers)


async def token(desk: Desk, scope: str = "", key: str | None = None) -> str:
    fields = {"grant_type": "client_credentials", "scope": scope}
    answer = await ask(desk, fields, authorization=basic(key or desk.key))
    assert answer.status == 200, answer.octets
    return str(answer.json["access_token"])


def test_a_token_stands_for_its_key(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await ask(desk)
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.json["token_type"] == "Bearer"  # noqa: S105
        assert answer.json["expires_in"] == LIFE_S == 3600
        assert "messages:send" in answer.json["scope"].split()
        plain = answer.json["access_token"]
        sent = await desk.post("/v1/messages", SEND, key=plain)
        assert sent.status == 202
        again = await desk.get(f"/v1/messages/{sent.json['id']}", key=plain)
        assert again.status == 200

    at_desk(tmp_path, story)


def test_a_scope_narrows_it(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        plain = await token(desk, "messages:read")
        assert (await desk.get("/v1/messages", key=plain)).status == 200
        answer = await desk.post("/v1/messages", SEND, key=plain)
        assert answer.problem == "forbidden"
        wide = {"grant_type": "client_credentials", "scope": "messages:read admin"}
        refused = await ask(desk, wide)
        assert (refused.status, refused.json["error"]) == (400, "invalid_scope")

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    ("fields", "status", "error"),
    [
        ({}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, 400, "unsupported_grant_type"),
        (
            {"grant_type": "client_credentials", "client_secret": "x"},
            400,
            "invalid_request",
        ),
        (
            {"grant_type": "client_credentials", "client_id": "another1"},
            400,
            "invalid_request",
        ),
    ],
)
def test_what_is_wrong_with_the_form(
    tmp_path: Path, fields: dict[str, str], status: int, error: str
) -> None:
    async def story(desk: Desk) -> None:
        answer = await ask(desk, fields)
        assert (answer.status, answer.json["error"]) == (status, error)
        assert answer.json["error_description"]
        assert answer.headers["Content-Type"] == "application/json"

    at_desk(tmp_path, story)


def test_odd_forms(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for octets in (
            b"\xff=1",
            b"grant_type=client_credentials&grant_type=client_credentials",
            b"&".join(b"a%d=1" % n for n in range(50)),
        ):
            answer = await ask(desk, octets=octets)
            assert (answer.status, answer.json["error"]) == (400, "invalid_request")
        answer = await ask(desk, octets=b"a=" + b"x" * 5000)
        assert (answer.status, answer.json["error"]) == (413, "invalid_request")
        answer = await desk.post("/oauth/token", {"grant_type": "client_credentials"})
        assert (answer.status, answer.json["error"]) == (400, "invalid_request")

    at_desk(tmp_path, story)


@pytest.mark.parametrize(
    "given",
    [
        "",
        "Basic",
        "Basic !!!",
        "Basic " + base64.b64encode(b"no colon").decode(),
        "Basic " + base64.b64encode(b"abcdefgh:wrong").decode(),
        "Basic " + base64.b64encode("äbcdefgh:wrong".encode()).decode(),
        "Bearer x",
    ],
)
def test_a_wrong_client_is_401(tmp_path: Path, given: str) -> None:
    async def story(desk: Desk) -> None:
        answer = await ask(desk, authorization=given)
        assert (answer.status, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")

    at_desk(tmp_path, story)


def test_the_secret_may_stand_in_the_form(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        _, key_id, secret = desk.key.split("_")
        for client, word in (
            (key_id, secret),
            (f"mgw_{key_id}", secret),
            (key_id, desk.key),
        ):
            fields = {
                "grant_type": "client_credentials",
                "client_id": client,
                "client_secret": word,
            }
            body = urlencode(fields).encode()
            async with desk.client.post(
                "/oauth/token", data=body, headers={"Content-Type": FORM}
            ) as response:
                assert response.status == 200, await response.text()

    at_desk(tmp_path, story)


def test_guessing_is_slowed_here_too(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        statuses = []
        for n in range(15):
            answer = await ask(desk, authorization=basic(f"mgw_{n:08}_x"))
            statuses.append(answer.status)
        assert statuses[-1] == 429
        assert int(answer.headers["Retry-After"]) >= 1

    at_desk(tmp_path, story)


def test_a_token_ends_with_its_key(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for act in ("revoke", "change", "rotate"):
            key = await desk.new_key("messages:read")
            plain = await token(desk, key=key)
            assert (await desk.get("/v1/messages", key=plain)).status == 200
            path = f"/v1/keys/{key.split('_')[1]}"
            if act == "revoke":
                await desk.ask("DELETE", path, admin=True)
            elif act == "change":
                await desk.ask("PATCH", path, {"limits": ["1/day"]}, admin=True)
            else:
                await desk.post(f"{path}/rotate", {"overlap": 0}, admin=True)
            assert (await desk.get("/v1/messages", key=plain)).status == 401, act

    at_desk(tmp_path, story)


def test_an_overlap_is_for_tokens_too(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        plain = await token(desk)
        path = f"/v1/keys/{desk.key.split('_')[1]}/rotate"
        await desk.post(path, admin=True)
        assert (await desk.get("/v1/messages", key=plain)).status == 200

    at_desk(tmp_path, story)


def test_a_token_is_revoked_by_its_own_key_alone(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        plain = await token(desk)
        other = basic(await desk.new_key("messages:read"))
        fields, path = {"token": plain}, "/oauth/revoke"
        answer = await ask(desk, fields, authorization=other, path=path)
        assert answer.status == 200  # RFC 7009: nothing is told
        assert (await desk.get("/v1/messages", key=plain)).status == 200
        assert (await ask(desk, fields, path=path)).status == 200
        assert (await desk.get("/v1/messages", key=plain)).status == 401
        assert (await ask(desk, fields, path=path)).status == 200
        missing = await ask(desk, {}, path=path)
        assert missing.json["error"] == "invalid_request"

    at_desk(tmp_path, story)


def test_the_rules_of_the_key_hold_for_the_token(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        async def new(**rules: Any) -> str:
            body = {"name": "k", "scopes": ["sender"], **rules}
            made = await desk.post("/v1/keys", body, admin=True)
            return str(made.json["key"])

        plain = await token(desk, key=await new(destinations=["AT"]))
        answer = await desk.post("/v1/messages", SEND, key=plain)
        assert answer.problem == "key-restricted"
        elsewhere = basic(await new(cidrs=["10.0.0.0/8"]))
        answer = await ask(desk, authorization=elsewhere)
        assert (answer.status, answer.json["error"]) == (400, "unauthorized_client")
        limited = await token(desk, key=await new(limits=["1/day"]))
        assert (await desk.post("/v1/messages", SEND, key=limited)).status == 202
        assert (await desk.post("/v1/messages", SEND, key=limited)).status == 429

    at_desk(tmp_path, story)


def test_a_token_is_no_client_and_not_in_the_database(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        plain = await token(desk)
        answer = await ask(desk, authorization=f"Bearer {plain}")
        assert answer.status == 401
        assert plain.encode() not in octets_of(tmp_path)
        assert (await desk.get("/v1/messages", key="mgt_" + "x" * 43)).status == 401

    at_desk(tmp_path, story)


class _Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now

    def now_ms(self) -> int:
        return int(self.now * 1000)


def test_tokens_end_and_are_bounded() -> None:
    clock = _Clock()
    tokens: Tokens[str] = Tokens(clock)

    def anna(_: Lease) -> str:
        return "anna"

    first = tokens.issue("k", anna)
    assert tokens.bearer(first) == "anna"
    clock.now = LIFE_S - 1
    assert tokens.bearer(first) == "anna"
    clock.now = LIFE_S
    assert tokens.bearer(first) is None
    newest = [tokens.issue("k", anna) for _ in range(MOST_EACH + 5)]
    assert len(tokens) == MOST_EACH
    assert [tokens.bearer(one) for one in newest[:6]] == [None] * 5 + ["anna"]
    for n in range(MOST + 10):
        tokens.issue(f"key {n}", anna)
    assert len(tokens) == MOST
    tokens.forget("key 100")
    assert len(tokens) == MOST - 1
