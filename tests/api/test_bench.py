"""USSD and diagnosis over HTTP's handlers, at a simulated modem in virtual time."""

import asyncio
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from modemgw.api.app import ROUTES
from modemgw.api.routing import Call
from modemgw.errors import RequestError
from tests.api.desk import Desk, at_desk
from tests.gateway.rig import TESTER, Rig, gateway_rig
from tests.loop import run_virtual


async def ask(
    rig: Rig, method: str, route: str, body: object = None, query: str = "", **ids: str
) -> tuple[int, Any]:
    """Answer a request as the application would behind its door."""
    loop = asyncio.get_running_loop()
    [found] = [r for r in ROUTES if (r.method, r.path) == (method, route)]
    content = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
    if body is not None:
        content.feed_data(msgspec.json.encode(body))
    content.feed_eof()
    headers = {"Content-Type": "application/json"}
    path = urlsplit(route.format(**ids)).path + query
    request = make_mocked_request(
        method, path, headers, match_info=ids, payload=content
    )
    answer = await found.handler(Call(request, rig.gateway, TESTER))
    assert isinstance(answer, web.Response)
    octets = answer.body
    assert octets is None or isinstance(octets, bytes)
    shape = found.answers[answer.status]
    if shape is None:
        return answer.status, None
    assert octets is not None
    msgspec.json.decode(octets, type=shape)
    return answer.status, msgspec.json.decode(octets)


def test_ussd_from_the_menu_to_its_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            start = ("POST", "/v1/sims/{id}/ussd")
            step = "/v1/sims/{id}/ussd/{session}"
            name = rig.gateway.sims()[0].name
            status, said = await ask(rig, *start, {"code": "*100#"}, id=name)
            assert (status, said["state"]) == (200, "done")
            assert said["text"] == "Your balance is unlimited."
            _, menu = await ask(rig, *start, {"code": "*101#"}, id=f"sim_{name}")
            assert menu["state"] == "reply" and menu["sim"] == name
            ids = {"id": name, "session": menu["session"]}
            _, said = await ask(rig, "POST", step, {"text": "1"}, **ids)
            assert (said["state"], said["session"]) == ("done", menu["session"])
            _, menu = await ask(rig, *start, {"code": "*101#"}, id=name)
            ids["session"] = menu["session"]
            assert await ask(rig, "DELETE", step, **ids) == (204, None)
            with pytest.raises(RequestError, match="no USSD session"):
                await ask(rig, "POST", step, {"text": "1"}, **ids)

    run_virtual(story())


def test_a_modem_over_its_four_routes(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            path = "/v1/modems/{id}"
            status, modem = await ask(rig, "GET", path, id="m0")
            assert (status, modem["phase"]) == (200, "ready")
            body = {"command": "AT+CSQ"}
            _, reply = await ask(rig, "POST", f"{path}/at", body, id="m0")
            assert reply["lines"] == ["+CSQ: 23,99"] and reply["final"] == "OK"
            _, tape = await ask(
                rig, "GET", f"{path}/transcript", query="?limit=3", id="m0"
            )
            assert len(tape["data"]) == 3
            assert tape["data"][0]["at"].startswith("2026-11-22T10:00:")
            _, journal = await ask(rig, "GET", f"{path}/journal", id="m0")
            kinds = {entry["kind"] for entry in journal["data"]}
            assert {"phase", "act"} <= kinds
            status, modem = await ask(rig, "POST", f"{path}/restart", id="m0")
            assert (status, modem["id"]) == (202, "m0")
            await asyncio.sleep(5)
            await rig.ready()

    run_virtual(story())


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("/v1/modems/x/at", {"command": "AT", "unsave": True}, "/unsave"),
        ("/v1/modems/x/at", {"command": "AT", "timeout": 0}, "/timeout"),
        ("/v1/modems/x/at", {"command": "AT", "timeout": 181}, "/timeout"),
        ("/v1/modems/x/at", {"command": "A" * 401}, "/command"),
        ("/v1/modems/x/at", {}, "/command"),
        ("/v1/sims/x/ussd", {"code": 100}, "/code"),
        ("/v1/sims/x/ussd", {"code": "*" * 183}, "/code"),
        ("/v1/sims/x/ussd/y", {"code": "1"}, "/code"),
    ],
)
def test_what_is_wrong_is_pointed_at(
    tmp_path: Path, path: str, body: object, pointer: str
) -> None:
    async def story(desk: Desk) -> None:
        answer = await desk.post(path, body, admin=True)
        assert answer.status == 422 and pointer in answer.pointers

    at_desk(tmp_path, story)


def test_nobody_is_not_found(tmp_path: Path) -> None:
    async def story(desk: Desk) -> None:
        for method, path, body in (
            ("GET", "/v1/modems/x/transcript", None),
            ("GET", "/v1/modems/x/journal", None),
            ("POST", "/v1/modems/x/restart", None),
            ("POST", "/v1/modems/x/at", {"command": "AT"}),
            ("POST", "/v1/sims/x/ussd", {"code": "*100#"}),
            ("POST", "/v1/sims/x/ussd/y", {"text": "1"}),
            ("DELETE", "/v1/sims/x/ussd/y", None),
        ):
            answer = await desk.ask(method, path, body, admin=True)
            assert answer.problem == "not-found", path

    at_desk(tmp_path, story)
