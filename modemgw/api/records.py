"""What is done to messages that are there: sent again, redacted; batches canceled."""

from aiohttp import web

from modemgw.api import acts, body
from modemgw.api.answers import json_response
from modemgw.api.messages import promise_of
from modemgw.api.problems import NotFound
from modemgw.api.routing import Call, Route
from modemgw.api.schema import NoQuery, Nothing
from modemgw.gateway import shapes, views
from modemgw.store import messages as rows


async def post_resend(call: Call) -> web.Response:
    """Send a final message once more: a new message, checked like any other.

    It has `resend_of`, its own id and its whole validity; all else is as it was asked
    for then, and the old message stays as it is.
    """
    request = call.request
    octets = await acts.nothing(request)
    made = await call.gateway.offices.records.resend(
        call.id, call.caller, promise_of(request, octets)
    )
    return json_response(
        made.body,
        made.status,
        {
            "Location": f"/v1/messages/{made.id}",
            "Idempotency-Replayed": "true" if made.replayed else "false",
        },
    )


async def delete_body(call: Call) -> web.Response:
    """Take the body of a message away for good; what is accounted for stays.

    It goes from the message, from the TPDUs it came in, from the event that told of
    it and from answers kept under an Idempotency-Key. Twice is no mistake.
    """
    body.query(call.request, NoQuery)
    await call.gateway.offices.records.redact(call.id, call.caller)
    row = await call.gateway.store.read(lambda db: rows.get(db, call.id))
    if row is None:
        raise NotFound(f"there is no message {call.id!r}")
    shown = views.message(row, call.gateway.config.sims.currency)
    return json_response(views.encode(shown))


async def cancel_batch(call: Call) -> web.Response:
    """Cancel what still waits of a batch; what a SIM has taken goes on."""
    await acts.nothing(call.request)
    row = await call.gateway.offices.records.cancel_batch(call.id, call.caller)
    return json_response(views.encode(views.batch(row)))


ROUTES = (
    Route(
        method="POST",
        path="/v1/messages/{id}/resend",
        scope="messages:send",
        handler=post_resend,
        summary="Send a final message again",
        body=Nothing,
        headers=("Idempotency-Key",),
        answers={202: shapes.OutboundMessage},
        errors=(404, 409, 422, 429, 503),
    ),
    Route(
        method="DELETE",
        path="/v1/messages/{id}/body",
        scope="messages:redact",
        handler=delete_body,
        summary="Take the body of a message away",
        answers={200: shapes.OutboundMessage | shapes.InboundMessage},
        errors=(404, 409, 503),
    ),
    Route(
        method="POST",
        path="/v1/batches/{id}/cancel",
        scope="messages:send",
        handler=cancel_batch,
        audit="batch.cancel",
        summary="Cancel what waits of a batch",
        body=Nothing,
        answers={200: shapes.Batch},
        errors=(404, 422, 503),
    ),
)
