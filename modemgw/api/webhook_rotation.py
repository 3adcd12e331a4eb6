"""A new secret for an endpoint, while the old one signs for a while longer."""

import sqlite3
from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.problems import Conflict, NotFound, field_error
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import NoQuery, Strict
from modemgw.gateway import resources, signing, views
from modemgw.store import webhooks as rows
from modemgw.store.webhooks import ROTATION_MS, WebhookRow

MAX_OVERLAP_S = 7 * 86_400


class WebhookRotation(Strict):
    """A new secret; for `overlap` seconds every request is signed with both."""

    secret: Annotated[str, Meta(description="whsec_…; made where absent")] | None = None
    overlap: Annotated[int, Meta(ge=0, le=MAX_OVERLAP_S, description="seconds")] = (
        ROTATION_MS // 1000
    )


_rotation = msgspec.json.Decoder(WebhookRotation)


async def rotate_webhook(call: Call) -> web.Response:
    """Give an endpoint a new secret; the answer is the only place where it is shown.

    Until `rotation_ends_at` requests carry two signatures, of the old and of the
    new secret, so a receiver changes over whenever it likes. Then the old one is
    forgotten. A second rotation meanwhile ends the first one at once.
    """
    body.query(call.request, NoQuery)
    octets = await body.read(call.request)
    wish = body.decode(_rotation, octets) if octets else WebhookRotation()
    if wish.secret is not None:
        try:
            signing.secret_octets(wish.secret)
        except ValueError as exc:
            raise field_error("/secret", "invalid_value", str(exc)) from None
    of_the_file = {
        one.url for one in call.gateway.config.webhooks if one.secret is not None
    }
    now = call.gateway.clock.now_ms()

    def change(db: sqlite3.Connection) -> WebhookRow:
        row = rows.get(db, call.id)
        if row is None:
            raise NotFound(f"there is no webhook {call.id!r}")
        if row.declared and row.url in of_the_file:
            raise Conflict("its secret is in the configuration; change it there")
        until = now + wish.overlap * 1000
        return rows.rotate(db, row, until=until, secret=wish.secret)

    row = await call.gateway.store.write(change)
    return json_response(views.encode(resources.new_webhook(row)))


ROUTE = Route(
    method="POST",
    path="/v1/webhooks/{id}/rotate",
    scope="webhooks:write",
    handler=rotate_webhook,
    audit="webhook.rotate",
    summary="Give an endpoint a new secret",
    body=WebhookRotation,
    answers={200: resources.NewWebhook},
    errors=(404, 409),
    examples={
        "usual": Example("A new one, both for a day", {}),
        "at_once": Example("The old one has leaked", {"overlap": 0}),
    },
)
