"""USSD sessions: they belong to a SIM."""

import msgspec
from aiohttp import web

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import NoQuery, UssdReply, UssdRequest
from modemgw.gateway import bench_resources, views

_request = msgspec.json.Decoder(UssdRequest)
_reply = msgspec.json.Decoder(UssdReply)
_SESSIONS = "/v1/sims/{id}/ussd"
_SESSION = _SESSIONS + "/{session}"


async def start(call: Call) -> web.Response:
    """Send a USSD code and wait for the network's answer, two minutes at most."""
    body.query(call.request, NoQuery)
    wish = body.decode(_request, await body.read(call.request))
    said = await call.gateway.ussd.start(call.id, wish.code, call.caller)
    return json_response(views.encode(bench_resources.ussd_answer(said)))


async def reply(call: Call) -> web.Response:
    """Answer a menu and wait for what the network says to that."""
    body.query(call.request, NoQuery)
    wish = body.decode(_reply, await body.read(call.request))
    said = await call.gateway.ussd.reply(
        call.id, _session(call), wish.text, call.caller
    )
    return json_response(views.encode(bench_resources.ussd_answer(said)))


async def cancel(call: Call) -> web.Response:
    """End a session."""
    body.query(call.request, NoQuery)
    await call.gateway.ussd.cancel(call.id, _session(call), call.caller)
    return web.Response(status=204)


def _session(call: Call) -> str:
    return call.request.match_info["session"]


ROUTES = (
    Route(
        method="POST",
        path=_SESSIONS,
        scope="sims:write",
        handler=start,
        summary="Send a USSD code",
        body=UssdRequest,
        answers={200: bench_resources.UssdAnswer},
        errors=(404, 409, 422, 502),
        examples={
            "balance": Example("A question", {"code": "*100#"}),
            "menu": Example("A menu", {"code": "*101#"}),
        },
    ),
    Route(
        method="POST",
        path=_SESSION,
        scope="sims:write",
        handler=reply,
        summary="Reply to a USSD menu",
        body=UssdReply,
        answers={200: bench_resources.UssdAnswer},
        errors=(404, 409, 422, 502),
        examples={"choice": Example("The first choice", {"text": "1"})},
    ),
    Route(
        method="DELETE",
        path=_SESSION,
        scope="sims:write",
        handler=cancel,
        summary="End a USSD session",
        answers={204: None},
        errors=(404, 409, 502),
    ),
)
