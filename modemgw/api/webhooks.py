"""Webhook endpoints: where events are pushed to, and what became of each push."""

import sqlite3

import msgspec
from aiohttp import web

from modemgw.api import acts, body, webhook_rotation
from modemgw.api.answers import json_response, page
from modemgw.api.events_query import patterns
from modemgw.api.problems import Conflict, NotFound, field_error
from modemgw.api.routing import AFTER, BEFORE, Call, Example, Route
from modemgw.api.schema import (
    DeliveryQuery,
    NoQuery,
    Nothing,
    WebhookPatch,
    WebhookRequest,
)
from modemgw.gateway import resources, signing, views
from modemgw.store import deliveries, pings
from modemgw.store import webhooks as rows
from modemgw.store.webhooks import WebhookRow
from modemgw.store.writer import Connection

_new = msgspec.json.Decoder(WebhookRequest)
_patch = msgspec.json.Decoder(WebhookPatch)


async def list_webhooks(call: Call) -> web.Response:
    """List every endpoint, declared ones too, without secrets."""
    body.query(call.request, NoQuery)
    found = await call.gateway.store.read(rows.list_webhooks)
    return json_response(
        views.encode(resources.WebhookList([resources.webhook(row) for row in found]))
    )


async def get_webhook(call: Call) -> web.Response:
    """Show one endpoint."""
    body.query(call.request, NoQuery)
    row = await call.gateway.store.read(lambda db: _known(db, call.id))
    return json_response(views.encode(resources.webhook(row)))


async def post_webhook(call: Call) -> web.Response:
    """Make an endpoint; the answer is the only place where its secret is shown."""
    body.query(call.request, NoQuery)
    wish = body.decode(_new, await body.read(call.request))
    _check_url(call, wish.url)
    events = patterns(wish.events, "/events")
    if wish.secret is not None:
        try:
            signing.secret_octets(wish.secret)
        except ValueError as exc:
            raise field_error("/secret", "invalid_value", str(exc)) from None
    store, now = call.gateway.store, call.gateway.clock.now_ms()
    row = await store.write(
        lambda db: rows.create(
            db, store.ids, url=wish.url, events=events, now=now, secret=wish.secret
        )
    )
    call.request[AFTER] = resources.webhook(row)
    return json_response(
        views.encode(resources.new_webhook(row)),
        201,
        {"Location": f"/v1/webhooks/{row.public_id}"},
    )


async def patch_webhook(call: Call) -> web.Response:
    """Change where an endpoint is, what it wants, or whether it is active."""
    body.query(call.request, NoQuery)
    wish = body.decode(_patch, await body.read(call.request))
    events = None if wish.events is None else patterns(wish.events, "/events")
    if wish.url is not None:
        _check_url(call, wish.url)

    def change(db: sqlite3.Connection) -> WebhookRow:
        row = _changeable(db, call.id, allowed=wish.url is None and events is None)
        call.request[BEFORE] = resources.webhook(row)
        if wish.url is not None or events is not None:
            row = rows.update(db, row, url=wish.url, events=events)
        if wish.state is not None and wish.state != row.state:
            row = rows.set_state(db, row.id, wish.state)
        return row

    row = await call.gateway.store.write(change)
    call.gateway.webhooks.look_again()
    return json_response(views.encode(resources.webhook(row)))


async def delete_webhook(call: Call) -> web.Response:
    """Remove an endpoint; what was still to be delivered there is not."""
    body.query(call.request, NoQuery)

    def remove(db: sqlite3.Connection) -> None:
        rows.set_state(db, _changeable(db, call.id).id, "deleted")

    await call.gateway.store.write(remove)
    return web.Response(status=204)


async def post_test(call: Call) -> web.Response:
    """Send the event `test.ping` to this endpoint alone."""
    await acts.nothing(call.request)
    store, now = call.gateway.store, call.gateway.clock.now_ms()

    def ping(db: Connection) -> deliveries.DeliveryRow:
        row = _known(db, call.id)
        if row.state != "active":
            raise Conflict(f"the endpoint is {row.state}; make it active first")
        data: dict[str, object] = {"webhook": row.public_id, "by": call.caller.name}
        return _shown(db, pings.ping(db, store.ids, row.id, at=now, data=data))

    sent = await store.write(ping)
    call.gateway.webhooks.wake()
    return json_response(views.encode(resources.delivery(sent)), 202)


async def list_deliveries(call: Call) -> web.Response:
    """List what was or is to be pushed to this endpoint, newest first."""
    wish = body.query(call.request, DeliveryQuery)
    cursor = body.cursor(wish.cursor)

    def read(db: sqlite3.Connection) -> list[deliveries.DeliveryRow]:
        return deliveries.list_deliveries(
            db,
            _known(db, call.id).id,
            limit=wish.limit + 1,
            cursor=cursor,
            state=wish.state,
        )

    found = await call.gateway.store.read(read)
    return page(
        [resources.delivery(row) for row in found],
        limit=wish.limit,
        cursor_of=lambda index: found[index].id,
    )


async def post_replay(call: Call) -> web.Response:
    """Push one event to its endpoint again, as if it were new."""
    await acts.nothing(call.request)
    delivery_id = call.request.match_info["delivery"]
    now = call.gateway.clock.now_ms()

    def again(db: sqlite3.Connection) -> deliveries.DeliveryRow:
        row = _known(db, call.id)
        if _shown(db, delivery_id).webhook != row.public_id:
            raise NotFound(f"there is no delivery {delivery_id!r} to this endpoint")
        if not deliveries.replay(db, delivery_id, now):
            raise Conflict("the delivery is still pending")
        return _shown(db, delivery_id)

    row = await call.gateway.store.write(again)
    call.gateway.webhooks.look_again()
    return json_response(views.encode(resources.delivery(row)), 202)


def _known(db: sqlite3.Connection, public_id: str) -> WebhookRow:
    row = rows.get(db, public_id)
    if row is None:
        raise NotFound(f"there is no webhook {public_id!r}")
    return row


def _shown(db: sqlite3.Connection, delivery_id: str) -> deliveries.DeliveryRow:
    row = deliveries.get(db, delivery_id)
    if row is None:
        raise NotFound(f"there is no delivery {delivery_id!r}")
    return row


def _changeable(
    db: sqlite3.Connection, public_id: str, *, allowed: bool = False
) -> WebhookRow:
    """Return an endpoint that the API may change: the file rules over its own."""
    row = _known(db, public_id)
    if row.declared and not allowed:
        raise Conflict("the endpoint is declared in the configuration; change it there")
    return row


def _check_url(call: Call, url: str) -> None:
    refusal = call.gateway.webhooks.finder.guard.check_url(url)
    if refusal is not None:
        raise field_error("/url", refusal.code, refusal.detail)


_ITEM = "/v1/webhooks/{id}"
_WRITE, _READ = "webhooks:write", "webhooks:read"

ROUTES = (
    Route(
        method="GET",
        path="/v1/webhooks",
        scope=_READ,
        handler=list_webhooks,
        summary="List the endpoints",
        answers={200: resources.WebhookList},
    ),
    Route(
        method="POST",
        path="/v1/webhooks",
        scope=_WRITE,
        handler=post_webhook,
        audit="webhook.create",
        summary="Make an endpoint",
        body=WebhookRequest,
        answers={201: resources.NewWebhook},
        examples={
            "messages": Example(
                "Whatever happens to messages",
                {"url": "http://10.0.0.5/hooks/sms", "events": ["message.*"]},
            ),
            "secret": Example(
                "With a secret of yours",
                {
                    "url": "https://shop.example/sms",
                    "events": ["message.received", "sim.bench"],
                    "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
                },
            ),
            "own_port": Example(
                "What we do not reach",
                {"url": "http://169.254.169.254/latest/", "events": ["*"]},
                status=422,
            ),
        },
    ),
    Route(
        method="GET",
        path=_ITEM,
        scope=_READ,
        handler=get_webhook,
        summary="Show one endpoint",
        answers={200: resources.Webhook},
        errors=(404,),
    ),
    Route(
        method="PATCH",
        path=_ITEM,
        scope=_WRITE,
        handler=patch_webhook,
        audit="webhook.change",
        summary="Change an endpoint",
        body=WebhookPatch,
        answers={200: resources.Webhook},
        errors=(404, 409),
        examples={
            "events": Example("Other events", {"events": ["message.*", "sim.*"]}),
            "pause": Example("For a while nothing", {"state": "paused"}),
        },
    ),
    Route(
        method="DELETE",
        path=_ITEM,
        scope=_WRITE,
        handler=delete_webhook,
        audit="webhook.delete",
        summary="Remove an endpoint",
        answers={204: None},
        errors=(404, 409),
    ),
    Route(
        method="POST",
        path=_ITEM + "/test",
        scope=_WRITE,
        handler=post_test,
        summary="Send test.ping to an endpoint",
        body=Nothing,
        answers={202: resources.Delivery},
        errors=(404, 409),
    ),
    webhook_rotation.ROUTE,
    Route(
        method="GET",
        path=_ITEM + "/deliveries",
        scope=_READ,
        handler=list_deliveries,
        summary="What was pushed to an endpoint",
        query=DeliveryQuery,
        answers={200: resources.DeliveryPage},
        errors=(404,),
    ),
    Route(
        method="POST",
        path=_ITEM + "/deliveries/{delivery}/replay",
        scope=_WRITE,
        handler=post_replay,
        audit="webhook.replay",
        summary="Push one event again",
        body=Nothing,
        answers={202: resources.Delivery},
        errors=(404, 409),
    ),
)
