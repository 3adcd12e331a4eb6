"""One-time codes over the API: shapes, limits, and what nobody gets to read."""

from pathlib import Path

import pytest

from modemgw.store import messages
from tests.api.desk import SCOPES, TO, Desk, at_desk

PATH = "/v1/verifications"
MAY = (*SCOPES, "verify:send")


async def code_of(desk: Desk, message: str) -> str:
    text = await desk.gateway.store.read(lambda db: messages.secret_text(db, message))
    assert text is not None
    return text.split()[0]


def test_a_code_is_sent_checked_and_read_by_nobody(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        wish = {
            "to": "0151 12345678",
            "app": "Shop",
            "length": 6,
            "ttl": 300,
            "autofill_domain": "shop.local",
            "locale": "de",
        }
        made = await desk.post(PATH, wish)
        assert made.status == 201
        shown = made.json
        assert made.headers["Location"] == f"{PATH}/{shown['id']}"
        assert (shown["state"], shown["to"], shown["locale"]) == ("pending", TO, "de")
        assert shown["attempts_left"] == 5
        message = shown["message_id"]
        code = await code_of(desk, message)
        assert code not in made.octets.decode()
        # A key that reads messages does not read codes, in no way there is.
        for path in (
            f"/v1/messages/{message}",
            f"/v1/messages/{message}/timeline",
            "/v1/messages",
            f"/v1/messages?to={TO[1:]}",
            "/v1/events",
        ):
            answer = await desk.get(path)
            assert code.encode() not in answer.octets, path
        assert (await desk.get(f"/v1/messages/{message}")).json["text"] is None
        for query in (code, code[:3], "Code", "shop.local"):
            found = (await desk.get(f"/v1/messages?q={query}&count=true")).json
            assert (found["data"], found["count"]) == ([], 0), query
        export = await desk.post("/v1/privacy/export", {"number": TO}, admin=True)
        assert code.encode() not in export.octets
        check = f"{PATH}/{shown['id']}/check"
        wrong = await desk.post(check, {"code": "x"})
        assert wrong.json == {
            "id": shown["id"],
            "state": "pending",
            "attempts_left": 4,
        }
        right = await desk.post(check, {"code": f" {code} "})
        assert right.json == {"id": shown["id"], "state": "approved"}
        again = await desk.post(check, {"code": code})
        assert (again.status, again.problem) == (409, "conflict")
        late = (await desk.get(f"{PATH}/{shown['id']}")).json
        assert (late["state"], late["attempts_left"]) == ("approved", 0)
        resent = await desk.post(f"/v1/messages/{message}/cancel")
        assert resent.status == 200
        assert (await desk.post(f"/v1/messages/{message}/resend")).status == 409

    at_desk(tmp_path, story, scopes=MAY)


def test_the_fourth_code_has_to_wait(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for _ in range(3):
            assert (await desk.post(PATH, {"to": TO, "app": "Shop"})).status == 201
        refused = await desk.post(PATH, {"to": TO, "app": "Shop"})
        assert (refused.status, refused.problem) == (429, "too-many-codes")
        assert 590 <= int(refused.headers["Retry-After"]) <= 601
        assert await desk.queued() == 3

    at_desk(tmp_path, story, scopes=MAY)


def test_another_key_does_not_find_it(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = (await desk.post(PATH, {"to": TO, "app": "Shop"})).json
        other = await desk.new_key("verify:send")
        for method, path in (("GET", ""), ("POST", "/check")):
            body = {"code": "1"} if method == "POST" else None
            answer = await desk.ask(
                method, f"{PATH}/{made['id']}{path}", body, key=other
            )
            assert (answer.status, answer.problem) == (404, "not-found")
        assert (await desk.get(f"{PATH}/{made['id']}", admin=True)).status == 200

    at_desk(tmp_path, story, scopes=MAY)


def test_a_key_for_codes_sends_nothing_else(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        assert (await desk.post(PATH, {"to": TO, "app": "Shop"})).status == 201
        for path in ("/v1/messages", "/v1/messages/batch"):
            assert (await desk.post(path, {"to": TO, "text": "x"})).status == 403

    at_desk(tmp_path, story, scopes=("verify:send",))


@pytest.mark.parametrize(
    ("body", "pointers"),
    [
        ({}, ["/to"]),
        ({"to": TO}, ["/app"]),
        ({"to": "x", "app": "Shop"}, ["/to"]),
        ({"to": "80888", "app": "Shop"}, ["/to"]),
        ({"to": TO, "app": ""}, ["/app"]),
        ({"to": TO, "app": "www.evil"}, ["/app"]),
        ({"to": TO, "app": "a\nb"}, ["/app"]),
        ({"to": TO, "app": "{code}"}, ["/app"]),
        ({"to": TO, "app": "x" * 101}, ["/app"]),
        ({"to": TO, "app": "Shop", "text": "hello"}, ["/text"]),
        ({"to": TO, "app": "Shop", "code": "123456"}, ["/code"]),
        ({"to": TO, "app": "Shop", "length": 3}, ["/length"]),
        ({"to": TO, "app": "Shop", "length": 11}, ["/length"]),
        ({"to": TO, "app": "Shop", "ttl": 29}, ["/ttl"]),
        ({"to": TO, "app": "Shop", "ttl": 10**30}, ["/ttl"]),
        ({"to": TO, "app": "Shop", "locale": "../../etc"}, ["/locale"]),
        ({"to": TO, "app": "Shop", "autofill_domain": "a b"}, ["/autofill_domain"]),
        ({"to": TO, "app": "Shop", "autofill_domain": "a #1"}, ["/autofill_domain"]),
        ({"to": TO, "app": "Shop", "fallback_after": -1}, ["/fallback_after"]),
        ({"to": "x", "app": "//", "locale": "?"}, ["/to", "/locale", "/app"]),
    ],
)
def test_wrong_wishes_are_pointed_at(
    tmp_path: Path, body: dict[str, object], pointers: list[str]
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(PATH, body)
        assert (answer.status, answer.pointers) == (422, pointers), answer.octets
        assert await desk.queued() == 0

    at_desk(tmp_path, story, scopes=MAY)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"null", 422),
        ({"code": 123456}, 422),
        ({"code": "1" * 33}, 422),
        ({"code": ["1"]}, 422),
        ({}, 422),
        ({"code": ""}, 200),
        ({"code": "\u0661\u0662\u0663\u0664\u0665\u0666"}, 200),
        ({"code": "1\u00002"}, 200),
    ],
)
def test_hostile_checks(tmp_path: Path, body: object, status: int) -> None:
    async def story(desk: Desk) -> None:
        made = (await desk.post(PATH, {"to": TO, "app": "Shop"})).json
        answer = await desk.post(f"{PATH}/{made['id']}/check", body)
        assert answer.status == status, answer.octets
        if status == 200:
            assert answer.json["state"] == "pending"

    at_desk(tmp_path, story, scopes=MAY)
