"""SMSEagle's API as its clients call it, and what they must be told."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import pytest

from modemgw.config.model import Config
from tests.api.desk import TO, Answer, Desk, at_desk

OTHER = "+4915187654321"
RPC = "/jsonrpc/sms"
V2 = "/api/v2/messages/sms"


def change(config: Config) -> Config:
    return msgspec.structs.replace(config, timezone="Europe/Berlin")


def params(**more: object) -> dict[str, object]:
    return {"to": TO, "message": "hello", **more}


async def rpc(desk: Desk, method: Any = "sms.send_sms", **fields: object) -> Any:
    fields.setdefault("access_token", desk.key)
    answer = await desk.post(
        RPC,
        {"method": method, "params": fields},
        headers={"Authorization": ""},
    )
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "application/json"
    return answer.json["result"]


async def get(desk: Desk, name: str = "send_sms", **fields: str) -> Answer:
    fields.setdefault("access_token", desk.key)
    path = f"/http_api/{name}?{urlencode(fields)}"
    answer = await desk.get(path, headers={"Authorization": ""})
    assert answer.status == 200
    return answer


async def v2(desk: Desk, body: object, key: str | None = None) -> Answer:
    token = desk.key if key is None else key
    return await desk.post(
        V2, body, headers={"access-token": token, "Authorization": ""}
    )


async def stored(desk: Desk) -> list[dict[str, Any]]:
    answer = await desk.get("/v1/messages")
    return list(answer.json["data"])


def test_one_text_over_json_rpc(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        short = await rpc(desk, **params())
        assert short == "OK; ID=1"
        long = await rpc(desk, **params(responsetype="extended", unicode=1))
        assert long == {"message_id": "2", "status": "ok"}
        newest = (await stored(desk))[0]
        assert (newest["to"], newest["text"]) == (TO, "hello")
        assert newest["encoding"] == "gsm7"
        assert newest["metadata"] == {"surface": "smseagle"}
        timeline = await desk.get(f"/v1/messages/{newest['id']}/timeline")
        assert timeline.json["data"][0]["type"] == "message.queued"

    at_desk(tmp_path, story)


def test_several_recipients_have_an_answer_each(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        found = await rpc(
            desk,
            to=f"{TO}, {OTHER},{TO},nobody",
            message="x",
            responsetype="extended",
        )
        assert [one["status"] for one in found] == ["ok", "ok", "error"]
        assert found[2]["error_text"].startswith("Wrong parameters: to: ")
        assert {one["message_id"] for one in found[:2]} == {"1", "2"}
        assert await desk.queued() == 2
        short = await rpc(desk, to=f"{TO},{OTHER}", message="y")
        assert short == ["OK; ID=3", "OK; ID=4"]

    at_desk(tmp_path, story)


FIELDS: list[tuple[dict[str, object], dict[str, object]]] = [
    ({"highpriority": 1}, {"priority": "high"}),
    ({"highpriority": "0"}, {"priority": "normal"}),
    ({"oid": "order-7"}, {"reference": "order-7"}),
    ({"message": "日本", "unicode": 0}, {"encoding": "ucs2"}),
    ({"date": "200001011200"}, {"scheduled_for": None, "state": "queued"}),
    ({"date": ""}, {"state": "queued"}),
    ({"send_after": "00:00"}, {"state": "queued"}),
]


def test_fields(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for given, expected in FIELDS:
            assert (await rpc(desk, **params(**given))).startswith("OK; ID=")
            newest = (await stored(desk))[0]
            assert {name: newest[name] for name in expected} == expected, given

    at_desk(tmp_path, story, configure=change)


def test_times_are_those_of_the_gateway(tmp_path: Path) -> None:
    """`date` is local time: noon in Berlin in July is ten o'clock UTC."""

    async def story(desk: Desk) -> None:
        year = int((await desk.get("/healthz")).json["time"][:4])
        month = int((await desk.get("/healthz")).json["time"][5:7])
        year += month >= 7
        await rpc(desk, **params(date=f"{year}07011200", validity="2h"))
        (found,) = await stored(desk)
        assert found["scheduled_for"] == f"{year}-07-01T10:00:00Z"
        assert found["expires_at"] == f"{year}-07-01T12:00:00Z"

    at_desk(tmp_path, story, configure=change)


def test_a_test_keeps_nothing(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        found = await rpc(desk, **params(test=1, responsetype="extended"))
        assert found == {"message_id": "0", "status": "ok"}
        assert "Wrong" in await rpc(desk, **params(test=1, to="nobody"))
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


def test_get_answers_as_text_or_xml(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        answer = await get(desk, to=TO, message="a b")
        assert answer.octets == b"OK; ID=1"
        # Plugins write the plus as it is, and that is a space.
        bare = await desk.get(
            f"/index.php/http_api/send_sms?pass={desk.key}&login=x"
            f"&to={TO},{OTHER}&message=hi&responsetype=xml",
        )
        assert bare.octets == (
            b"<xml><item><message_id>2</message_id><status>ok</status></item>"
            b"<item><message_id>3</message_id><status>ok</status></item></xml>"
        )
        wrong = await get(desk, to=TO, message="", responsetype="xml")
        assert wrong.octets == (
            b"<xml><error_text>Wrong parameters: message: is required</error_text>"
            b"<status>error</status></xml>"
        )
        odd = await get(desk, to="<b>&", message="x", responsetype="xml")
        assert b"<b>" not in odd.octets

    at_desk(tmp_path, story)


@pytest.mark.parametrize("kind", ["simple", "extended"])
def test_wrong_keys_are_told_so(tmp_path: Path, kind: str) -> None:
    async def story(desk: Desk) -> None:
        def said(found: Any) -> str:
            if kind == "extended":
                assert found["status"] == "error"
                return str(found["error_text"])
            return str(found)

        async def ask(**fields: object) -> str:
            return said(await rpc(desk, **params(**fields), responsetype=kind))

        wrong = desk.key[:-1] + ("A" if desk.key[-1] != "A" else "B")
        assert await ask(access_token=wrong) == "Invalid access token"
        assert await ask(access_token="") == "Invalid access token"
        assert await ask(access_token=["x"]) == "Invalid access token"
        login = {"login": "me", "pass": wrong, "access_token": None}
        assert await ask(**login) == "Invalid login or password"
        login["pass"] = desk.key
        found = await rpc(desk, **params(**login))
        assert found == "OK; ID=1"

    at_desk(tmp_path, story)


def test_scopes_and_surfaces_of_a_key_hold(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        reader = await desk.new_key("messages:read")
        assert "lacks the scope" in await rpc(desk, access_token=reader, **params())
        made = await desk.post(
            "/v1/keys",
            {"name": "t", "scopes": ["messages:send"], "surfaces": ["twilio"]},
            admin=True,
        )
        other = made.json["key"]
        assert "surface" in await rpc(desk, access_token=other, **params())
        assert (await v2(desk, {"to": [TO], "text": "x"}, other)).status == 403
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


def test_quotas_hold(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post(
            "/v1/keys",
            {"name": "q", "scopes": ["messages:send"], "limits": ["1/day"]},
            admin=True,
        )
        key = made.json["key"]
        assert await rpc(desk, access_token=key, **params()) == "OK; ID=1"
        refused = await rpc(desk, access_token=key, **params())
        assert "1/day" in refused
        answer = await v2(desk, {"to": [TO], "text": "x"}, key)
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) > 0

    at_desk(tmp_path, story)


def test_monitoring(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        await rpc(desk, **params())
        assert await rpc(desk, "sms.get_queue_length") == 1
        long = await rpc(desk, "sms.get_queue_length", responsetype="extended")
        assert long == {"queue_length": 1, "status": "ok"}
        assert (await get(desk, "get_queue_length")).octets == b"1"
        xml = await get(desk, "get_queue_length", responsetype="xml")
        assert xml.octets == (
            b"<xml><queue_length>1</queue_length><status>ok</status></xml>"
        )
        assert "no modem" in await rpc(desk, "sms.get_gsmsignal")
        outbox = await rpc(desk, "sms.read_sms", folder="outbox")
        assert [(one["ID"], one["TextDecoded"]) for one in outbox] == [("1", "hello")]
        assert outbox[0]["Text"] == "00680065006C006C006F"
        assert outbox[0]["DestinationNumber"] == TO
        assert await rpc(desk, "sms.read_sms", folder="inbox") == "No data to display"
        lines = await get(desk, "read_sms", folder="outbox")
        assert b"hello" in lines.octets

    at_desk(tmp_path, story)


@dataclass(frozen=True)
class Bad:
    """One hostile call, which must be told that its parameters are wrong."""

    body: object
    headers: dict[str, str] = field(default_factory=dict)


def call(**fields: object) -> dict[str, object]:
    return {"method": "sms.send_sms", "params": {"access_token": "KEY", **fields}}


BAD: dict[str, Bad] = {
    "no JSON": Bad(b"{"),
    "nothing": Bad(b""),
    "a list": Bad([]),
    "no params": Bad({"method": "sms.send_sms"}),
    "params a list": Bad({"method": "sms.send_sms", "params": []}),
    "method a list": Bad({"method": [], "params": {}}),
    "unknown method": Bad({"method": "sms.rm_rf", "params": {"access_token": "KEY"}}),
    "to a list": Bad(call(to=[TO], message="x")),
    "to an object": Bad(call(to={"a": 1}, message="x")),
    "to true": Bad(call(to=True, message="x")),
    "no to": Bad(call(message="x")),
    "to of commas": Bad(call(to=",,,", message="x")),
    "message a list": Bad(call(to=TO, message=["x"])),
    "no message": Bad(call(to=TO)),
    "message with NUL": Bad(call(to=TO, message="a\x00b")),
    "flash twice": Bad(call(to=TO, message="x", flash=2)),
    "flash an object": Bad(call(to=TO, message="x", flash={})),
    "unknown validity": Bad(call(to=TO, message="x", validity="7h")),
    "validity a list": Bad(call(to=TO, message="x", validity=[])),
    "date in words": Bad(call(to=TO, message="x", date="tomorrow")),
    "date of month 13": Bad(call(to=TO, message="x", date="202613011200")),
    "date in year 1": Bad(call(to=TO, message="x", date="000101011200")),
    "date in year 9999": Bad(call(to=TO, message="x", date="999912312359")),
    "send_after at 25 h": Bad(call(to=TO, message="x", send_after="25:00")),
    "no such modem": Bad(call(to=TO, message="x", modem_no=9)),
    "modem in words": Bad(call(to=TO, message="x", modem_no="front")),
    "modem negative": Bad(call(to=TO, message="x", modem_no=-1)),
    "oid too long": Bad(call(to=TO, message="x", oid="x" * 201)),
    "MMS": Bad(call(to=TO, message="x", message_type="mms")),
    "too many recipients": Bad(
        call(to=",".join(f"+49151{n:08}" for n in range(1001)), message="x")
    ),
    "group": Bad(
        {
            "method": "sms.send_togroup",
            "params": {"access_token": "KEY", "groupname": "a"},
        }
    ),
    "very deep": Bad(b'{"method":"x","params":{"a":' + b"[" * 20_000),
    "deep": Bad(b'{"params":' + b"[" * 100 + b"]" * 100 + b"}"),
    "too large": Bad(b'{"a":"' + b"x" * 70_000),
    "packed": Bad(b"\x1f\x8b", {"Content-Encoding": "gzip"}),
    "not UTF-8": Bad(b'{"a":"\xff"}'),
    "half a surrogate": Bad(b'{"a":"\\ud800"}'),
}


def test_hostile_calls_get_an_error_of_this_dialect(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for name, bad in sorted(BAD.items()):
            body = bad.body
            given = body.get("params") if isinstance(body, dict) else None
            if isinstance(given, dict) and "access_token" in given:
                given["access_token"] = desk.key
            headers = {"Authorization": "", **bad.headers}
            answer = await desk.post(RPC, body, headers=headers)
            assert answer.status == 200, name
            result = answer.json["result"]
            text = result if isinstance(result, str) else result["error_text"]
            assert text.startswith("Wrong parameters"), (name, text)
        for text in ("to=1&to=2", "%00=1", "to=%ff", "&" * 3000, "message=%F0%9F"):
            answer = await desk.get(
                f"/http_api/send_sms?access_token={desk.key}&{text}"
            )
            assert answer.status == 200, text
            assert not answer.octets.startswith(b"OK"), text
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


# -- version 2 ----------------------------------------------------------------


def test_v2_answers_an_object_for_each_recipient(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        wish = {
            "text": "down",
            "encoding": "unicode",
            "priority": 0,
            "to": [TO, OTHER],
        }
        answer = await v2(desk, wish)
        assert answer.status == 200
        assert answer.json == [
            {"status": "queued", "message": "OK", "number": TO, "id": 1},
            {"status": "queued", "message": "OK", "number": OTHER, "id": 2},
        ]
        some = await v2(desk, {**wish, "to": [TO, "nobody"], "priority": "9"})
        assert [one["status"] for one in some.json] == ["queued", "error"]
        assert (await stored(desk))[0]["priority"] == "high"
        dry = await v2(desk, {**wish, "test": True})
        assert [one["status"] for one in dry.json] == ["queued", "queued"]
        assert await desk.queued() == 3

    at_desk(tmp_path, story)


V2_BAD: dict[str, tuple[object, int]] = {
    "no JSON": (b"{", 400),
    "a list": ([], 400),
    "no text": ({"to": [TO]}, 400),
    "text a number": ({"to": [TO], "text": 1}, 400),
    "no to": ({"text": "x"}, 400),
    "to empty": ({"text": "x", "to": []}, 400),
    "to of numbers": ({"text": "x", "to": [49]}, 400),
    "to an object": ({"text": "x", "to": {}}, 400),
    "nobody": ({"text": "x", "to": ["nobody"]}, 400),
    "group": ({"text": "x", "to": [TO], "groups": [1]}, 400),
    "contact": ({"text": "x", "contacts": [1]}, 400),
    "priority a list": ({"text": "x", "to": [TO], "priority": []}, 400),
    "priority 10": ({"text": "x", "to": [TO], "priority": 10}, 400),
    "priority true": ({"text": "x", "to": [TO], "priority": True}, 400),
    "encoding": ({"text": "x", "to": [TO], "encoding": "ebcdic"}, 400),
    "too large": (b'"' + b"x" * 70_000, 413),
}


def test_v2_refuses(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for name, (body, status) in sorted(V2_BAD.items()):
            answer = await v2(desk, body)
            assert answer.status == status, (name, answer.octets)
            assert answer.json["status"] == "error"
            assert answer.json["message"]
        assert (await v2(desk, {}, "")).status == 401
        assert (await v2(desk, {}, "mgw_nobody00_x")).status == 401
        headers = {"access-token": desk.key, "Authorization": ""}
        ring = await desk.post("/api/v2/calls/ring", {}, headers=headers)
        assert (ring.status, ring.json["status"]) == (400, "error")
        lost = await desk.get("/api/v2/nothing", headers=headers)
        assert (lost.status, lost.json["status"]) == (404, "error")
        none = await desk.get(
            f"/api/v2/modem/signal/{quote('9' * 30)}", headers=headers
        )
        assert none.status == 400
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


def test_many_at_once_share_commits(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        numbers = [f"+49151{n:08}" for n in range(60)]
        answers = await asyncio.gather(
            *(v2(desk, {"to": numbers[n::3], "text": "x"}) for n in range(3))
        )
        assert [len(answer.json) for answer in answers] == [20, 20, 20]
        ids = {one["id"] for answer in answers for one in answer.json}
        assert len(ids) == 60

    at_desk(tmp_path, story)
