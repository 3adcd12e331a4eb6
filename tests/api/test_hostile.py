"""Hostile requests: each gets its clear error, and nothing is queued."""

import base64
import gzip
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from tests.api.desk import TO, Answer, Desk, at_desk

KIB = 1024


@dataclass(frozen=True)
class Bad:
    """One request and what it must be told."""

    status: int
    problem: str
    body: object = None
    method: str = "POST"
    path: str = "/v1/messages"
    headers: dict[str, str] = field(default_factory=dict)
    at: str | None = None  # where the first error points
    says: str = ""


def message(**fields: object) -> dict[str, object]:
    return {"to": TO, "text": "hello", **fields}


def field_of(at: str, **fields: object) -> Bad:
    return Bad(422, "invalid-field", message(**fields), at=at)


def raw(octets: bytes, says: str = "", problem: str = "malformed-json") -> Bad:
    return Bad(400, problem, octets, says=says)


BAD: dict[str, Bad] = {
    # -- what is not JSON
    "no body": raw(b"", "empty"),
    "only a brace": raw(b"{", "line 1, column 2"),
    "cut off": raw(b'{"to":"+49151', "unterminated string"),
    "single quotes": raw(b"{'to':'x'}", "line 1, column 2"),
    "two documents": raw(b'{"to":"1"}{"to":"2"}', "extra data"),
    "trailing comma": raw(b'{"to":"1",}', "line 1"),
    "not UTF-8": raw(b'{"to":"\xff\xfe"}', "octet 0xff at 7"),
    "UTF-16": raw('{"to":"1"}'.encode("utf-16")),
    "byte order mark": raw(b'\xef\xbb\xbf{"to":"1"}', "BOM"),
    "raw NUL": raw(b'{"to":"\x00"}'),
    "NaN": raw(b'{"to":"1","text":"x","metadata":{"a":NaN}}', "NaN"),
    "very deep": raw(
        b'{"to":"1","text":"x","metadata":{"a":' + b"[" * 60_000, "too deeply"
    ),
    "binary": raw(bytes(range(256))),
    # -- what is JSON and no message
    "a list": Bad(422, "invalid-field", b"[]", at=""),
    "null": Bad(422, "invalid-field", b"null", at=""),
    "a string": Bad(422, "invalid-field", b'"hello"', at=""),
    "empty object": Bad(422, "invalid-field", b"{}", at="/to"),
    "no text": Bad(422, "invalid-field", {"to": TO}, at="/text"),
    "empty text": field_of("/text", text=""),
    "text null": field_of("/text", text=None),
    "text and data": field_of("/text", data="AAAA"),
    "unknown field": field_of("/foo", foo=1),
    "unknown field with slash": field_of("/a~1b~0c", **{"a/b~c": 1}),
    "unknown field of route": field_of("/route/speed", route={"speed": 9}),
    "prototype pollution": field_of("/__proto__", __proto__={"admin": True}),
    "to is a number": field_of("/to", to=4915112345678),
    "to is a list": field_of("/to", to=[TO]),
    "to is empty": field_of("/to", to=""),
    "to too short": field_of("/to", to="+49"),
    "to too long": field_of("/to", to="+49" + "1" * 40),
    "to with letters": field_of("/to", to="+49CALLME"),
    "to with an AT command": field_of("/to", to='+49151";+CMGD=1,4\r'),
    "to with SQL": field_of("/to", to="'; DROP TABLE message;--"),
    "two recipients": field_of("/to", to=f"{TO},+4915187654321"),
    "lone surrogate": Bad(
        422,
        "invalid-field",
        b'{"to":"' + TO.encode() + b'","text":"a\\ud83dz"}',
        at="/text",
    ),
    "text with NUL": field_of("/text", text="a\x00b"),
    "text too long": field_of("/text", text="x" * (11 * KIB)),
    "too many segments": field_of("/text", text="x" * 400, max_segments=2),
    "unencodable": field_of("/text", text="Привет", encoding="gsm7"),
    "data is no base64": Bad(
        422, "invalid-field", {"to": TO, "data": "%%%", "port": 1}, at="/data"
    ),
    "data too long": Bad(
        422,
        "invalid-field",
        {"to": TO, "data": base64.b64encode(bytes(20_000)).decode(), "port": 1},
        at="/data",
    ),
    "port negative": Bad(
        422, "invalid-field", {"to": TO, "data": "AA==", "port": -1}, at="/port"
    ),
    "port huge": Bad(
        422, "invalid-field", {"to": TO, "data": "AA==", "port": 70_000}, at="/port"
    ),
    "class unknown": field_of("/class", **{"class": "spam"}),
    "priority unknown": field_of("/priority", priority="now"),
    "encoding unknown": field_of("/encoding", encoding="ebcdic"),
    "on_in_doubt unknown": field_of("/on_in_doubt", on_in_doubt="pray"),
    "flash is a string": field_of("/flash", flash="yes"),
    "expires_in zero": field_of("/expires_in", expires_in=0),
    "expires_in huge": Bad(
        422,
        "invalid-field",
        b'{"to":"' + TO.encode() + b'","text":"x","expires_in":' + b"9" * 4000 + b"}",
        at="/expires_in",
    ),
    "expires_in infinite": Bad(
        422,
        "invalid-field",
        b'{"to":"' + TO.encode() + b'","text":"x","expires_in":1e999}',
        at="/expires_in",
    ),
    "expires_in a fraction": field_of("/expires_in", expires_in=1.5),
    "max_segments zero": field_of("/max_segments", max_segments=0),
    "send_at without zone": field_of("/send_at", send_at="2026-11-22T10:00:00"),
    "send_at is no time": field_of("/send_at", send_at="tomorrow"),
    "send_at in year 1": field_of("/send_at", send_at="0001-01-01T00:00:00Z"),
    "send_at in year 9999": field_of("/send_at", send_at="9999-12-31T23:59:59-12:00"),
    "send_at is a number": field_of("/send_at", send_at=1795341600),
    "unknown SIM": field_of("/route/sim", route={"sim": "nobody"}),
    "unknown modem": field_of("/route/modem", route={"modem": "nobody"}),
    "unknown pool": field_of("/route/pool", route={"pool": "other"}),
    "fallback to nobody": field_of(
        "/fallback/0/sim", fallback=[{"after": 1, "sim": "a"}]
    ),
    "fallback at once": field_of(
        "/fallback/0/after", fallback=[{"after": 0, "pool": "default"}]
    ),
    "fallback to nothing": field_of("/fallback/0", fallback=[{"after": 1}]),
    "fallback is no list": field_of("/fallback", fallback={"after": 1}),
    "reference too long": field_of("/reference", reference="r" * 201),
    "reference with NUL": field_of("/reference", reference="a\x00b"),
    "too many tags": field_of("/tags", tags=[str(n) for n in range(21)]),
    "empty tag": field_of("/tags/0", tags=[""]),
    "tag with NUL": field_of("/tags/1", tags=["a", "b\x00"]),
    "tag is null": field_of("/tags/1", tags=["a", None]),
    "metadata is a list": field_of("/metadata", metadata=[1]),
    "metadata too large": field_of("/metadata", metadata={"a": "x" * 5000}),
    "metadata too deep": Bad(
        422,
        "invalid-field",
        b'{"to":"'
        + TO.encode()
        + b'","text":"x","metadata":{"a":'
        + b"[" * 300
        + b"]" * 300
        + b"}}",
        at="/metadata",
    ),
    "callback to loopback": field_of(
        "/callback_url", callback_url="http://127.0.0.1/x"
    ),
    "callback to the metadata service": field_of(
        "/callback_url", callback_url="http://169.254.169.254/latest/"
    ),
    "callback to a file": field_of("/callback_url", callback_url="file:///etc/passwd"),
    "callback with a password": field_of(
        "/callback_url", callback_url="http://a:b@10.0.0.1/"
    ),
    # -- what is wrong around the body
    "wait too long": Bad(
        422, "invalid-field", message(), path="/v1/messages?wait=61", at="wait"
    ),
    "wait is a word": Bad(
        422, "invalid-field", message(), path="/v1/messages?wait=now", at="wait"
    ),
    "unknown parameter": Bad(
        422, "invalid-field", message(), path="/v1/messages?dryrun=true", at="dryrun"
    ),
    "repeated parameter": Bad(
        422, "invalid-field", message(), path="/v1/messages?wait=1&wait=2", at="wait"
    ),
    "too large": Bad(413, "payload-too-large", message(text="x" * 70_000)),
    "form": Bad(
        415,
        "unsupported-media-type",
        b"to=1&text=x",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        says="application/json",
    ),
    "XML": Bad(
        415,
        "unsupported-media-type",
        b"<a/>",
        headers={"Content-Type": "application/xml"},
    ),
    "charset": Bad(
        415,
        "unsupported-media-type",
        message(),
        headers={"Content-Type": "application/json; charset=latin-1"},
        says="UTF-8",
    ),
    "compressed": Bad(
        415,
        "unsupported-media-type",
        b"\x1f\x8b",
        headers={"Content-Encoding": "br"},
        says="compressed",
    ),
    "Idempotency-Key empty": Bad(
        422,
        "invalid-field",
        message(),
        headers={"Idempotency-Key": ""},
        at="Idempotency-Key",
    ),
    "Idempotency-Key too long": Bad(
        422,
        "invalid-field",
        message(),
        headers={"Idempotency-Key": "k" * 256},
        at="Idempotency-Key",
    ),
    "Idempotency-Key too long, and nothing to be sent": Bad(
        422,
        "invalid-field",
        message(),
        path="/v1/messages?dry_run=true",
        headers={"Idempotency-Key": "k" * 256},
        at="Idempotency-Key",
    ),
    "Idempotency-Key not ASCII": Bad(
        422,
        "invalid-field",
        message(),
        headers={"Idempotency-Key": "schlüssel"},
        at="Idempotency-Key",
    ),
    # -- other paths and methods
    "gzip bomb": Bad(
        415,
        "unsupported-media-type",
        gzip.compress(bytes(30 * KIB * KIB)),
        headers={"Content-Encoding": "gzip"},
        says="compressed",
    ),
    "no such path": Bad(404, "not-found", path="/v1/nothing"),
    "the root": Bad(404, "not-found", method="GET", path="/"),
    "up and out": Bad(404, "not-found", method="GET", path="/v1/../../etc/passwd"),
    "wrong method": Bad(405, "method-not-allowed", method="DELETE"),
    "what is there beside ids": Bad(
        405, "method-not-allowed", method="GET", path="/v1/messages/batch"
    ),
    "rare method": Bad(405, "method-not-allowed", method="PURGE"),
    "batch without messages": Bad(
        422, "invalid-field", {}, path="/v1/messages/batch", at="/messages"
    ),
    "batch of nothing": Bad(
        422,
        "invalid-field",
        {"messages": []},
        path="/v1/messages/batch",
        at="/messages",
    ),
    "batch too long": Bad(
        422,
        "invalid-field",
        {"messages": [{}] * 10_001},
        path="/v1/messages/batch",
        at="/messages",
    ),
    "batch with a wrong default": Bad(
        422,
        "invalid-field",
        {"messages": [{"to": TO}], "defaults": {"text": 1}},
        path="/v1/messages/batch",
        at="/defaults/text",
    ),
    "batch with one recipient for all": Bad(
        422,
        "invalid-field",
        {"messages": [{"text": "a"}], "defaults": {"to": TO}},
        path="/v1/messages/batch",
        at="/defaults/to",
    ),
    "batch with an unknown default": Bad(
        422,
        "invalid-field",
        {"messages": [{"to": TO}], "defaults": {"x": 1}},
        path="/v1/messages/batch",
        at="/defaults/x",
    ),
    "limit zero": Bad(
        422, "invalid-field", method="GET", path="/v1/messages?limit=0", at="limit"
    ),
    "limit huge": Bad(
        422, "invalid-field", method="GET", path="/v1/messages?limit=201", at="limit"
    ),
    "cursor invented": Bad(
        422, "invalid-field", method="GET", path="/v1/messages?cursor=x", at="cursor"
    ),
    "cursor beyond SQLite": Bad(
        422,
        "invalid-field",
        method="GET",
        path="/v1/messages?cursor=c" + "f" * 16,
        at="cursor",
    ),
    "state unknown": Bad(
        422, "invalid-field", method="GET", path="/v1/messages?state=lost", at="state"
    ),
    "since is no time": Bad(
        422, "invalid-field", method="GET", path="/v1/messages?since=now", at="since"
    ),
    "null in a filter": Bad(
        422,
        "invalid-field",
        method="GET",
        path="/v1/messages?direction=null",
        at="direction",
        says="leave it out",
    ),
    "an id that is empty": Bad(
        422, "invalid-field", method="GET", path="/v1/messages?batch_id=", at="batch_id"
    ),
    "NUL in a filter": Bad(
        422, "invalid-field", method="GET", path="/v1/messages?q=%00", at="q"
    ),
    "no such message": Bad(
        404, "not-found", method="GET", path="/v1/messages/msg_%00%27"
    ),
    "event pattern": Bad(
        422,
        "invalid-field",
        method="GET",
        path="/v1/events?types=message.*,%5Ba",
        at="types",
    ),
    "event unknown": Bad(
        422, "invalid-field", method="GET", path="/v1/events?since=evt_x", at="since"
    ),
    "webhook to ourselves": Bad(
        422,
        "invalid-field",
        {"url": "http://localhost:8080/v1/messages", "events": ["*"]},
        path="/v1/webhooks",
        at="/url",
    ),
    "webhook pattern": Bad(
        422,
        "invalid-field",
        {"url": "http://10.0.0.1/", "events": ["*", "message*"]},
        path="/v1/webhooks",
        at="/events/1",
    ),
    "webhook secret": Bad(
        422,
        "invalid-field",
        {"url": "http://10.0.0.1/", "events": ["*"], "secret": "password"},
        path="/v1/webhooks",
        at="/secret",
    ),
    "settle how": Bad(
        422,
        "invalid-field",
        {"as": "maybe"},
        path="/v1/messages/msg_1/settle",
        at="/as",
    ),
}


def test_there_are_enough() -> None:
    assert len(BAD) >= 40


def test_hostile_requests_get_their_error_and_queue_nothing(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        wrong: dict[str, str] = {}
        for name, bad in BAD.items():
            answer = await desk.ask(bad.method, bad.path, bad.body, headers=bad.headers)
            if difference := _difference(bad, answer):
                wrong[name] = f"{difference}: {answer.octets!r:.300}"
        assert not wrong
        assert await desk.queued() == 0
        # And after all of that it still works.
        assert (await desk.post("/v1/messages", message())).status == 202

    at_desk(tmp_path, story)


def _difference(bad: Bad, answer: Answer) -> str:
    if (answer.status, answer.problem) != (bad.status, bad.problem):
        return f"{answer.status} {answer.problem}"
    shown = answer.json
    checks = {
        "the request id differs": shown["request_id"] == answer.headers["X-Request-Id"],
        "the status differs": shown["status"] == bad.status,
        "the problem is incomplete": bool(shown["detail"] and shown["title"]),
        "it points elsewhere": bad.at is None or answer.pointers[:1] == [bad.at],
        "it says something else": bad.says in shown["detail"],
        "Allow is missing": bad.status != 405
        or "POST" in answer.headers["Allow"].split(", "),
    }
    return ", ".join(name for name, holds in checks.items() if not holds)


@pytest.mark.parametrize("size", [64 * KIB, 64 * KIB + 1])
def test_the_limit_of_a_body_is_exact(tmp_path: Path, size: int) -> None:
    async def story(desk: Desk) -> None:
        body = msgspec.json.encode(message())
        body += b" " * (size - len(body))
        answer = await desk.post("/v1/messages", body)
        assert answer.status == (202 if size <= 64 * KIB else 413)

    at_desk(tmp_path, story)
