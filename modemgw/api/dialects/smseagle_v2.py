"""SMSEagle's API, version 2: REST, the key in the header `access-token`."""

from collections.abc import Mapping
from typing import Any

import msgspec
from aiohttp import web

from modemgw.api.answers import json_response
from modemgw.api.dialects import desk, eagle
from modemgw.api.dialects.desk import Ask, Dialect
from modemgw.api.problems import HttpError, NotFound, RequestError, field_error
from modemgw.gateway.model import Caller, Submitted

MAX_PRIORITY = 9
HIGH_FROM = 1  # 0 is what clients send who do not care


async def post_sms(ask: Ask) -> web.Response:
    """Queue a text for every number of a list; the answer has one object for each."""
    caller = await _caller(ask, desk.SEND)
    wish = await _object(ask)
    text = wish.get("text")
    if not isinstance(text, str):
        raise field_error("/text", "required", "is required, and a text")
    for name in ("contacts", "groups"):
        if wish.get(name) not in (None, [], ""):
            raise field_error(
                f"/{name}", "invalid_value", "there is no phonebook here; use 'to'"
            )
    if wish.get("encoding") not in (None, "standard", "unicode"):
        raise field_error("/encoding", "invalid_value", "is standard or unicode")
    numbers = eagle.recipients(_numbers(wish.get("to")))
    high = _priority(wish.get("priority")) >= HIGH_FROM
    drafts = [eagle.draft(ask.gateway, wish, to, text, high=high) for to in numbers]
    if eagle.flag(wish, "test"):
        for one in drafts:
            await ask.gateway.preview(one, caller)
        return _answer([_queued(to, 0) for to in numbers])
    found = await desk.submit_all(ask.gateway, drafts, caller)
    if all(isinstance(one, RequestError) for one in found):
        raise next(one for one in found if isinstance(one, RequestError))
    ids = [one.id for one in found if isinstance(one, Submitted)]
    numbered = iter(await eagle.row_ids(ask.gateway, ids))
    return _answer(
        [
            _queued(to, next(numbered)) if isinstance(one, Submitted) else _no(to, one)
            for to, one in zip(numbers, found, strict=True)
        ]
    )


async def get_signal(ask: Ask) -> web.Response:
    """Tell the signal of a modem in percent, -1 without any."""
    await _caller(ask, "modems:read")
    wanted = eagle.number(ask.request.match_info.get("modem"))
    strength = eagle.signal(ask.gateway, wanted)
    return _answer({"modem_no": wanted or 1, "signal_strength": strength})


async def no_calls(ask: Ask) -> web.Response:
    """Refuse to ring or to speak."""
    await _caller(ask, desk.SEND)
    raise HttpError("bad-request", 400, "this gateway makes no calls; send a text")


async def _caller(ask: Ask, scope: str) -> Caller:
    token = ask.request.headers.get("access-token", "")
    if not token:
        raise ask.nobody("this path needs a key in the header access-token")
    return await ask.by_token(token, scope)


async def _object(ask: Ask) -> Mapping[str, Any]:
    found = await ask.json()
    if not isinstance(found, dict):
        raise field_error("", "wrong_type", "expected an object")
    return found


def _numbers(given: object) -> list[str]:
    """Read the list of recipients; a single text is taken for a list of one."""
    found = given.split(",") if isinstance(given, str) else given
    if found is None:
        return []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise field_error("/to", "wrong_type", "expected a list of numbers as texts")
    return found


def _priority(given: object) -> int:
    """Read 0 to 9, as a number or, from web forms, a text."""
    if given in (None, ""):
        return 0
    if isinstance(given, str) and given.isascii() and given.isdigit():
        given = int(given[:3])
    if isinstance(given, bool) or not isinstance(given, int):
        raise field_error("/priority", "wrong_type", "expected a number")
    if not 0 <= given <= MAX_PRIORITY:
        raise field_error("/priority", "invalid_value", f"is 0 to {MAX_PRIORITY}")
    return given


def _queued(to: str, id: int) -> dict[str, object]:
    return {"status": "queued", "message": "OK", "number": to, "id": id}


def _no(to: str, error: RequestError) -> dict[str, object]:
    return {"status": "error", "message": eagle.wrong(error), "number": to}


def _answer(value: object) -> web.Response:
    return json_response(msgspec.json.encode(value))


def _refused(_: web.Request, error: RequestError) -> web.Response:
    """Say what is wrong; what clients show of it is the text."""
    status = error.status
    shown = {"status": "error", "message": eagle.wrong(error)}
    if status == 422:  # noqa: PLR2004 - SMSEagle knows no other than 400
        status = 400
    return json_response(msgspec.json.encode(shown), status)


_V2 = "/api/v2"
_NO_PATH = NotFound("there is nothing at this path")
DIALECT = Dialect(
    eagle.SURFACE,
    (
        ("POST", f"{_V2}/messages/sms", post_sms),
        ("GET", f"{_V2}/modem/signal", get_signal),
        ("GET", f"{_V2}/modem/signal/{{modem}}", get_signal),
        ("POST", f"{_V2}/calls/{{kind}}", no_calls),
        ("*", f"{_V2}/{{rest:.*}}", desk.nowhere(_NO_PATH)),
    ),
    _refused,
)
