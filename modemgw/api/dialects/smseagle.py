"""SMSEagle's API, version 1: HTTP GET with text or XML, and its JSON-RPC.

Whatever happens the status is 200, as clients expect it: an error is a text in the
answer ("Invalid access token", "Wrong parameters …").
"""

import html
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import msgspec
from aiohttp import web

from modemgw.api.answers import json_response
from modemgw.api.dialects import desk, eagle, eagle_folders
from modemgw.api.dialects.desk import Ask, Dialect
from modemgw.api.problems import HttpError, RequestError, field_error
from modemgw.gateway.model import Caller, Submitted

TOKEN_HELD = "Invalid access token"  # noqa: S105 - what a client is told
LOGIN_HELD = "Invalid login or password"
WRONG = "Wrong parameters"
MONITOR = "modems:read"
_OF_THE_REQUEST = frozenset({400, 408, 413, 415, 422})

Params = Mapping[str, Any]


class Refused(RequestError):
    """An error with the very words that SMSEagle has for it."""

    problem = "bad-request"
    title = "Refused"
    status = 400


class Answer(msgspec.Struct, frozen=True):
    """What one method returns, before it is written in the form that was asked for.

    `items` are one object per recipient; else `value` under its own `name`.
    """

    items: Sequence[Mapping[str, str]] = ()
    name: str = ""
    value: object = None


Method = Callable[[Ask, Params], Awaitable[Answer]]


async def send_sms(ask: Ask, params: Params) -> Answer:
    """Queue a text for one or several numbers, separated by commas."""
    caller = await _caller(ask, params, desk.SEND)
    kind = eagle.words(params, "message_type") or "sms"
    if kind != "sms":
        raise Refused(f"{WRONG}: message_type {kind[:20]!r}: there is no MMS here")
    text = eagle.words(params, "message")
    if text is None:
        raise field_error("/message", "required", "is required")
    numbers = eagle.recipients((eagle.words(params, "to") or "").split(","))
    high = eagle.flag(params, "highpriority")
    eagle.flag(params, "unicode")  # checked; the text itself says what it needs
    drafts = [eagle.draft(ask.gateway, params, to, text, high=high) for to in numbers]
    if eagle.flag(params, "test"):
        for one in drafts:
            await ask.gateway.preview(one, caller)
        return Answer([{"message_id": "0", "status": "ok"} for _ in drafts])
    found = await desk.submit_all(ask.gateway, drafts, caller)
    if len(found) == 1 and isinstance(found[0], RequestError):
        raise found[0]
    ids = [one.id for one in found if isinstance(one, Submitted)]
    numbered = iter(await eagle.row_ids(ask.gateway, ids))
    return Answer(
        [
            {"message_id": str(next(numbered)), "status": "ok"}
            if isinstance(one, Submitted)
            else {"error_text": _text_of(one), "status": "error"}
            for one in found
        ]
    )


async def no_phonebook(ask: Ask, params: Params) -> Answer:
    """Refuse what needs groups or contacts."""
    await _caller(ask, params, desk.SEND)
    raise Refused(f"{WRONG}: there is no phonebook here; give numbers in 'to'")


async def get_queue_length(ask: Ask, params: Params) -> Answer:
    """Tell how many messages wait."""
    await _caller(ask, params, MONITOR)
    waiting = await ask.gateway.store.read(eagle.queue_length)
    return Answer(name="queue_length", value=waiting)


async def get_gsmsignal(ask: Ask, params: Params) -> Answer:
    """Tell the signal of a modem in percent."""
    await _caller(ask, params, MONITOR)
    wanted = eagle.number(eagle.words(params, "modem_no"))
    return Answer(name="signal_strength", value=eagle.signal(ask.gateway, wanted))


async def read_sms(ask: Ask, params: Params) -> Answer:
    """List messages of a folder: inbox, outbox or sentitems."""
    await _caller(ask, params, desk.READ)
    found = await eagle_folders.read(ask.gateway, params)
    if not found:
        raise Refused("No data to display")
    return Answer(name="messages", value=found)


METHODS: Mapping[str, Method] = {
    "send_sms": send_sms,
    "send_togroup": no_phonebook,
    "send_tocontact": no_phonebook,
    "get_queue_length": get_queue_length,
    "get_gsmsignal": get_gsmsignal,
    "read_sms": read_sms,
}


async def _caller(ask: Ask, params: Params, scope: str) -> Caller:
    """Return whose token this is; a password may be one, whatever the login."""
    token = params.get("access_token")
    said = TOKEN_HELD
    if token in (None, ""):
        token, said = params.get("pass"), LOGIN_HELD
        if token in (None, "") and params.get("login") in (None, ""):
            said = TOKEN_HELD
    if not isinstance(token, str) or not token:
        raise _Unknown(said)
    try:
        return await ask.by_token(token, scope)
    except HttpError as exc:
        if exc.status == web.HTTPUnauthorized.status_code:
            raise _Unknown(said) from None
        raise


class _Unknown(Refused):
    problem = "unauthorized"
    title = "Unknown key"


def _text_of(error: RequestError) -> str:
    if isinstance(error, Refused):
        return error.detail
    if error.errors or error.status in _OF_THE_REQUEST:
        return f"{WRONG}: {eagle.wrong(error)}"
    return error.detail


# -- JSON-RPC -----------------------------------------------------------------


async def jsonrpc(ask: Ask) -> web.Response:
    """Answer one call; whether in short or at length its parameters say."""
    extended = False
    try:
        call = await ask.json()
        if not isinstance(call, dict) or not isinstance(call.get("params"), dict):
            raise Refused(WRONG)
        params: Params = call["params"]
        extended = params.get("responsetype") == "extended"
        name = call.get("method")
        method = METHODS.get(str(name).removeprefix("sms."))
        if method is None:
            raise Refused(f"{WRONG}: there is no method {str(name)[:40]!r}")
        return _result(_json_of(await method(ask, params), extended=extended))
    except RequestError as exc:
        text = _text_of(exc)
        shown = {"error_text": text, "status": "error"} if extended else text
        return _result(shown)


def _json_of(answer: Answer, *, extended: bool) -> object:
    if answer.name:
        if not extended:
            return answer.value
        return {answer.name: answer.value, "status": "ok"}
    shown: list[object] = list(answer.items if extended else map(_short, answer.items))
    return shown[0] if len(shown) == 1 else shown


def _short(item: Mapping[str, str]) -> str:
    if item["status"] == "ok":
        return f"OK; ID={item['message_id']}"
    return item["error_text"]


def _result(value: object) -> web.Response:
    return json_response(msgspec.json.encode({"result": value}))


# -- HTTP GET -----------------------------------------------------------------


def over_get(method: Method) -> desk.Handler:
    """Return the same method for a query string, answered as text or XML."""

    async def handle(ask: Ask) -> web.Response:
        query = ask.request.query
        as_xml = query.get("responsetype") == "xml"
        try:
            if any(len(query.getall(name)) > 1 for name in query):
                raise Refused(f"{WRONG}: a parameter is given more than once")
            params = {**query, "to": _with_plus(query.get("to", ""))}
            answer = await method(ask, params)
        except RequestError as exc:
            return _refused(ask.request, exc)
        return _xml(_items_of(answer)) if as_xml else _lines(answer)

    return handle


def _with_plus(to: str) -> str:
    """A plus in a query string arrives as a space: ?to=+4915…,+4916…"""
    found = to.split(",")
    return ",".join(f"+{one[1:]}" if one[:1] == " " else one for one in found)


def _lines(answer: Answer) -> web.Response:
    if answer.name:
        value = answer.value
        lines = map(_line, value) if isinstance(value, list) else [str(value)]
    else:
        lines = map(_short, answer.items)
    return web.Response(text="\n".join(lines))


def _line(row: Mapping[str, Any]) -> str:
    return ";".join(" ".join(str(value).split()) for value in row.values())


def _items_of(answer: Answer) -> str:
    if not answer.name:
        return "".join(_element("item", item) for item in answer.items)
    if isinstance(answer.value, list):
        rows = "".join(_element("item", row) for row in answer.value)
        return f"<messages>{rows}</messages><status>ok</status>"
    return f"{_element(answer.name, answer.value)}<status>ok</status>"


def _element(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        inner = "".join(_element(key, one) for key, one in value.items())
    else:
        # What XML cannot hold is left out, not escaped: XML 1.0, 2.2.
        kept = (c for c in str(value) if c.isprintable() or c in "\t\n")
        inner = html.escape("".join(kept))
    return f"<{name}>{inner}</{name}>"


def _xml(inner: str) -> web.Response:
    return web.Response(text=f"<xml>{inner}</xml>", content_type="text/xml")


def _refused(request: web.Request, error: RequestError) -> web.Response:
    """Say what is wrong in the form that the request asked for, with status 200."""
    text = _text_of(error)
    if request.method == "POST":
        return _result({"error_text": text, "status": "error"})
    if request.query.get("responsetype") == "xml":
        return _xml(_element("error_text", text) + "<status>error</status>")
    return web.Response(text=text)


def _routes() -> list[tuple[str, str, desk.Handler]]:
    found: list[tuple[str, str, desk.Handler]] = []
    for prefix in ("", "/index.php"):
        found.append(("POST", f"{prefix}/jsonrpc/sms", jsonrpc))
        found += [
            ("GET", f"{prefix}/http_api/{name}", over_get(method))
            for name, method in METHODS.items()
        ]
    return found


DIALECT = Dialect(eagle.SURFACE, _routes(), _refused)
