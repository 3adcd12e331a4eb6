"""Twilio's Messages resource as its SDKs use it, and what they must be told."""

import asyncio
import base64
import hashlib
import hmac
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from tests.api.desk import SCOPES, TO, Answer, Desk, at_desk

WITH_REDACT = (*SCOPES, "messages:redact")
FORM = "application/x-www-form-urlencoded"
FIELDS = {
    *("account_sid", "api_version", "body", "date_created", "date_sent"),
    *("date_updated", "direction", "error_code", "error_message", "from"),
    *("messaging_service_sid", "num_media", "num_segments", "price", "price_unit"),
    *("sid", "status", "subresource_uris", "tags", "to", "uri"),
}
PAGING = {
    *("messages", "page", "page_size", "start", "end", "uri", "first_page_uri"),
    *("next_page_uri", "previous_page_uri"),
}


class Client:
    """A client with the credentials of one key."""

    def __init__(self, desk: Desk, sid: str, token: str) -> None:
        self.desk, self.sid, self.token = desk, sid, token
        self.root = f"/2010-04-01/Accounts/{sid}"

    @classmethod
    async def of(cls, desk: Desk, key: str | None = None) -> "Client":
        key_id = (key or desk.key).split("_")[1]
        shown = await desk.get(f"/v1/keys/{key_id}/twilio", admin=True)
        assert shown.status == 200
        return cls(desk, shown.json["account_sid"], shown.json["auth_token"])

    async def ask(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | bytes | None = None,
        **headers: str,
    ) -> Answer:
        text = f"{self.sid}:{self.token}".encode()
        headers.setdefault("Authorization", f"Basic {base64.b64encode(text).decode()}")
        headers.setdefault("Content-Type", FORM)
        body = form if isinstance(form, bytes | None) else urlencode(form).encode()
        return await self.desk.ask(method, self.root + path, body, headers=headers)

    async def send(self, **form: str) -> Answer:
        return await self.ask("POST", "/Messages.json", {"To": TO, "Body": "hi"} | form)


def test_a_message_as_the_sdks_read_it(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        made = await client.send(Body="Grüße & mehr", MaxPrice="1", SmartEncoded="x")
        assert made.status == 201
        assert set(made.json) == FIELDS
        assert made.json["body"] == "Grüße & mehr"
        assert made.json["status"] == "queued"
        assert made.json["num_segments"] == "1"
        assert made.json["direction"] == "outbound-api"
        sid = made.json["sid"]
        again = await client.ask("GET", f"/Messages/{sid}.json")
        assert again.json == made.json
        assert again.json["uri"] == f"{client.root}/Messages/{sid}.json"
        ours = (await desk.get("/v1/messages")).json["data"][0]
        assert ours["metadata"] == {"surface": "twilio"}
        assert (await desk.get(f"/v1/messages/{ours['id']}/timeline")).status == 200

    at_desk(tmp_path, story)


def test_schedule_cancel_redact_delete(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        year = int((await desk.get("/healthz")).json["time"][:4])
        made = await client.send(
            ScheduleType="fixed",
            SendAt=f"{year + 1}-01-01T00:00:00Z",
            MessagingServiceSid="MG" + "0" * 32,
            ValidityPeriod="600",
        )
        assert made.json["status"] == "scheduled"
        path = f"/Messages/{made.json['sid']}.json"
        early = await client.ask("POST", path, {"Body": ""})
        assert (early.status, early.json["code"]) == (409, 20009)
        gone = await client.ask("POST", path, {"Status": "canceled"})
        assert (gone.status, gone.json["status"]) == (200, "canceled")
        twice = await client.ask("POST", path, {"Status": "canceled"})
        assert (twice.status, twice.json["code"]) == (400, 30409)
        bare = await client.ask("POST", path, {"Body": ""})
        assert (bare.status, bare.json["body"]) == (200, "")
        deleted = await client.ask("DELETE", path)
        assert (deleted.status, deleted.octets) == (204, b"")

    at_desk(tmp_path, story, scopes=WITH_REDACT)


def test_pages_of_a_list(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        for n in range(5):
            await client.send(Body=str(n), To="+4915187654321" if n == 4 else TO)
        first = await client.ask("GET", f"/Messages.json?PageSize=2&To=%2B{TO[1:]}")
        assert set(first.json) == PAGING
        assert [one["body"] for one in first.json["messages"]] == ["3", "2"]
        following = first.json["next_page_uri"].removeprefix(client.root)
        second = await client.ask("GET", following)
        assert [one["body"] for one in second.json["messages"]] == ["1", "0"]
        assert second.json["next_page_uri"] is None
        assert (second.json["page"], second.json["start"]) == (1, 2)
        day = (await desk.get("/healthz")).json["time"][:10]
        for query, count in (
            (f"DateSent={day}", 5),
            (f"DateSent%3E={day}", 5),
            (f"DateSent%3E={day}T00%3A00%3A00%2B00%3A00", 5),
            (f"DateSent%3C=2020-01-01&DateSent={day}", 0),
            ("DateSent%3E=2099-01-01", 0),
            ("From=nobody", 0),
        ):
            found = await client.ask("GET", f"/Messages.json?{query}")
            assert len(found.json["messages"]) == count, query

    at_desk(tmp_path, story)


def test_account_and_balance(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        account = await client.ask("GET", ".json")
        assert account.json["sid"] == client.sid
        assert account.json["status"] == "active"
        balance = await client.ask("GET", "/Balance.json")
        assert balance.json["balance"] == "0.00"

    at_desk(tmp_path, story)


CREATE: dict[str, tuple[dict[str, str], int]] = {
    "no To": ({"To": ""}, 21604),
    "bad To": ({"To": "nobody"}, 21211),
    "To in AT": ({"To": '+49151";+CMGD=1\r'}, 21211),
    "WhatsApp": ({"To": f"whatsapp:{TO}"}, 63007),
    "from WhatsApp": ({"From": f"whatsapp:{TO}"}, 63007),
    "no Body": ({"Body": ""}, 21602),
    "NUL": ({"Body": "a\x00b"}, 21602),
    "long": ({"Body": "x" * 1601}, 21617),
    "media": ({"MediaUrl": "http://10.0.0.1/a.png"}, 21620),
    "From of others": ({"From": "+15550001000"}, 21606),
    "no such pool": ({"MessagingServiceSid": "nobody"}, 21701),
    "callback to us": ({"StatusCallback": "http://127.0.0.1:1/x"}, 21609),
    "callback with password": ({"StatusCallback": "http://a:b@10.0.0.1/"}, 21609),
    "validity 0": ({"ValidityPeriod": "0"}, 21625),
    "validity in words": ({"ValidityPeriod": "long"}, 21625),
    "SendAt alone": ({"SendAt": "2026-12-01T00:00:00Z"}, 35111),
    "SendAt in words": ({"SendAt": "soon", "ScheduleType": "fixed"}, 35114),
    "SendAt in year 1": ({"SendAt": "0001-01-01", "ScheduleType": "fixed"}, 35114),
    "SendAt in 900 years": ({"SendAt": "2926-01-01", "ScheduleType": "fixed"}, 35114),
}


def test_what_is_refused_has_twilios_number(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        for name, (form, code) in sorted(CREATE.items()):
            answer = await client.send(**form)
            assert set(answer.json) == {"code", "message", "more_info", "status"}
            assert (answer.json["code"], answer.status) == (code, 400), name
            assert answer.json["status"] == 400
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


RAW: dict[str, tuple[bytes, dict[str, str], int]] = {
    "JSON": (b'{"To":"1"}', {"Content-Type": "application/json"}, 415),
    "multipart": (b"--x", {"Content-Type": "multipart/form-data; boundary=x"}, 415),
    "packed": (b"\x1f\x8b", {"Content-Encoding": "gzip"}, 415),
    "not UTF-8": (b"To=%ff&Body=x", {}, 400),
    "raw octets": (b"To=\xff\xfe", {}, 400),
    "a bomb of fields": (b"&".join(b"a%d=1" % n for n in range(5000)), {}, 400),
    "empty": (b"", {}, 400),
    "too large": (b"Body=" + b"x" * 70_000, {}, 413),
    "an array": (b"To[]=1&Body[]=2", {}, 400),
}


def test_hostile_bodies(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        for name, (body, headers, status) in sorted(RAW.items()):
            answer = await client.ask("POST", "/Messages.json", body, **headers)
            assert answer.status == status, (name, answer.octets)
            assert set(answer.json) == {"code", "message", "more_info", "status"}
        for path in (
            "/Messages/SMx.json",
            f"/Messages/SM{'f' * 32}.json",
            f"/Messages/SM{'F' * 32}.json",
            "/Nothing.json",
        ):
            answer = await client.ask("GET", path)
            assert (answer.status, answer.json["code"]) == (404, 20404), path
        for query in (
            "PageSize=x",
            "Page=-1",
            "PageToken=x",
            "DateSent=x",
            "DateSent=9999-12-31",
            "DateSent=0001-01-01",
            "To=%00",
        ):
            answer = await client.ask("GET", f"/Messages.json?{query}")
            assert answer.status == 400, query
        wrong = await client.ask("PUT", "/Messages.json")
        assert (wrong.status, wrong.json["code"]) == (404, 20404)
        assert await desk.queued() == 0

    at_desk(tmp_path, story)


def test_credentials(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        twin = Client(desk, client.sid.replace("AC", "SK"), client.token)
        twin.root = client.root
        assert (await twin.ask("GET", ".json")).status == 200
        other = await Client.of(desk, await desk.new_key("messages:send"))
        assert other.sid != client.sid
        foreign = Client(desk, client.sid, client.token)
        foreign.root = other.root
        assert (await foreign.ask("GET", ".json")).status == 404
        assert (await other.ask("GET", "/Messages.json")).status == 403
        for sid, token in (
            (client.sid, "0" * 32),
            (client.sid, other.token),
            (client.sid, ""),
            (client.sid, desk.key),
            (client.sid, "é" * 8),
            ("AC" + "0" * 32, client.token),
            ("", ""),
        ):
            bad = Client(desk, sid, token)
            bad.root = client.root
            answer = await bad.ask("GET", ".json")
            assert (answer.status, answer.json["code"]) == (401, 20003), (sid, token)
            assert answer.headers["WWW-Authenticate"].startswith("Basic")
        for header in ("", "Basic", "Basic %%%", "Basic QQ==", f"Bearer {desk.key}"):
            answer = await client.ask("GET", ".json", Authorization=header)
            assert answer.status == 401, header

    at_desk(tmp_path, story)


def test_a_rotation_changes_the_token_with_the_same_overlap(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        key_id = desk.key.split("_")[1]
        before = await Client.of(desk)
        await desk.post(f"/v1/keys/{key_id}/rotate", {"overlap": 3600}, admin=True)
        after = await Client.of(desk)
        assert after.sid == before.sid
        assert after.token != before.token
        for client in (before, after):
            assert (await client.ask("GET", ".json")).status == 200
        await desk.post(f"/v1/keys/{key_id}/rotate", {"overlap": 0}, admin=True)
        for client in (before, after):
            assert (await client.ask("GET", ".json")).status == 401
        assert (await (await Client.of(desk)).ask("GET", ".json")).status == 200
        await desk.ask("DELETE", f"/v1/keys/{key_id}", admin=True)
        gone = await desk.get(f"/v1/keys/{key_id}/twilio", admin=True)
        assert gone.status == 404
        assert (await after.ask("GET", ".json")).status == 401

    at_desk(tmp_path, story)


def test_the_token_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        await client.send()
        tokens.append(client.token)

    tokens: list[str] = []
    at_desk(tmp_path, story)
    files = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert files
    for one in files:
        octets = one.read_bytes()
        assert tokens[0].encode() not in octets, one
        assert bytes.fromhex(tokens[0]) not in octets, one


def test_a_surface_of_a_key_holds(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        made = await desk.post(
            "/v1/keys",
            {"name": "n", "scopes": ["admin"], "surfaces": ["native"]},
            admin=True,
        )
        client = await Client.of(desk, made.json["key"])
        answer = await client.send()
        assert (answer.status, answer.json["code"]) == (403, 20003)

    at_desk(tmp_path, story)


def test_surfaces_are_switched_off_in_the_configuration(tmp_path: Path) -> None:
    def without(config: Any) -> Any:
        http = msgspec.structs.replace(config.http, surfaces=("twilio",))
        return msgspec.structs.replace(config, http=http)

    async def story(desk: Desk) -> None:
        client = await Client.of(desk)
        assert (await client.send()).status == 201
        assert (await desk.get("/v1/messages")).status == 404
        assert (await desk.get("/v1/messages", admin=True)).status == 200
        assert (await desk.get("/healthz")).status == 200
        assert (await desk.post("/jsonrpc/sms", {})).status == 404
        assert (await desk.post("/hooks/alertmanager", {})).status == 404

    at_desk(tmp_path, story, configure=without)


@dataclass(frozen=True)
class Heard:
    """One callback as it arrived."""

    path: str
    signature: str
    form: dict[str, str]


@asynccontextmanager
async def listening(sock: socket.socket) -> AsyncIterator[list[Heard]]:
    """Listen for callbacks; each request has its form read."""
    heard: list[Heard] = []

    async def hear(request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        signature = request.headers["X-Twilio-Signature"]
        heard.append(Heard(request.raw_path, signature, form))
        return web.Response(text="<Response/>", content_type="text/xml")

    app = web.Application()
    app.router.add_post("/{rest:.*}", hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.SockSite(runner, sock).start()
    try:
        yield heard
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("query", ["", "?a=b%20c&d=%C3%A9"])
def test_status_callbacks_are_signed_forms(tmp_path: Path, query: str) -> None:
    sock = socket.create_server(("127.0.0.1", 0))
    where = f"127.0.0.1:{sock.getsockname()[1]}"

    async def story(desk: Desk) -> None:
        async with listening(sock) as heard:
            url = f"http://{where}/sms/status{query}"
            client = await Client.of(desk)
            made = (await client.send(StatusCallback=url)).json
            await client.ask(
                "POST", f"/Messages/{made['sid']}.json", {"Status": "canceled"}
            )
            delivering = asyncio.create_task(desk.gateway.webhooks.run())
            await asyncio.sleep(0)
            await desk.gateway.webhooks.quiet()
            delivering.cancel()
            with suppress(asyncio.CancelledError):
                await delivering
        assert [one.form["MessageStatus"] for one in heard] == ["queued", "canceled"]
        for one in heard:
            form = one.form
            assert form["MessageSid"] == form["SmsSid"] == made["sid"]
            assert form["AccountSid"] == client.sid
            assert (form["To"], form["ApiVersion"]) == (TO, "2010-04-01")
            assert form["From"] == "modemgw"
            assert all(form.values())
            given = one.signature
            validator = RequestValidator(client.token)
            seen = f"http://{where}{one.path}"
            assert validator.validate(seen, form, given)
            assert not validator.validate(seen, form | {"To": "+1"}, given)
            signed = seen + "".join(name + form[name] for name in sorted(form))
            digest = hmac.new(client.token.encode(), signed.encode(), hashlib.sha1)
            assert given == base64.b64encode(digest.digest()).decode()

    at_desk(tmp_path, story, allow=(where,))
