"""API keys over the API: only for `admin`."""

import msgspec
from aiohttp import web

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.problems import field_error
from modemgw.api.routing import Call, Route
from modemgw.api.schema import KeyPatch, KeyRequest, NoQuery
from modemgw.config.money import limit
from modemgw.gateway import resources, views
from modemgw.store.keys import KeyRow

_key = msgspec.json.Decoder(KeyRequest)
_patch = msgspec.json.Decoder(KeyPatch)


async def list_keys(call: Call) -> web.Response:
    """List every key, revoked ones too, without secrets."""
    body.query(call.request, NoQuery)
    found = [_shown(row) for row in await call.gateway.keys.all()]
    return json_response(views.encode(resources.KeyList(data=found)))


async def post_key(call: Call) -> web.Response:
    """Make a key; the answer is the only place where it is ever shown."""
    body.query(call.request, NoQuery)
    wish = body.decode(_key, await body.read(call.request))
    if not wish.name.isprintable():
        raise field_error("/name", "invalid_value", "has unprintable characters")
    limits = _limits(wish.limits)
    row, plain = await call.gateway.keys.create(wish.name, wish.scopes, limits)
    made = resources.NewKey(
        id=row.public_id,
        name=row.name,
        scopes=list(row.scopes),
        limits=list(row.limits),
        created_at=views.instant(row.created_at),
        key=plain,
        webhook_secret=row.webhook_secret,
    )
    return json_response(
        views.encode(made), 201, {"Location": f"/v1/keys/{row.public_id}"}
    )


async def patch_key(call: Call) -> web.Response:
    """Set what a key may have sent; an empty list lifts its limits."""
    body.query(call.request, NoQuery)
    wish = body.decode(_patch, await body.read(call.request))
    row = await call.gateway.keys.limit(call.id, _limits(wish.limits))
    return json_response(views.encode(_shown(row)))


def _limits(written: list[str]) -> list[str]:
    """Read limits such as 100/day and 5.00/month; raise FieldError."""
    found: list[str] = []
    for index, text in enumerate(written):
        try:
            name = limit(text).name
        except ValueError as exc:
            raise field_error(f"/limits/{index}", "invalid_value", str(exc)) from None
        if name not in found:
            found.append(name)
    return found


async def delete_key(call: Call) -> web.Response:
    """Revoke a key: no request with it is answered after this one."""
    body.query(call.request, NoQuery)
    await call.gateway.keys.revoke(call.id)
    return web.Response(status=204)


def _shown(row: KeyRow) -> resources.Key:
    return resources.Key(
        id=row.public_id,
        name=row.name,
        scopes=list(row.scopes),
        limits=list(row.limits),
        created_at=views.instant(row.created_at),
        last_used_at=views.maybe_instant(row.last_used_at),
        revoked_at=views.maybe_instant(row.revoked_at),
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/keys",
        scope="admin",
        handler=list_keys,
        summary="List the keys",
        answers={200: resources.KeyList},
        errors=(503,),
    ),
    Route(
        method="POST",
        path="/v1/keys",
        scope="admin",
        handler=post_key,
        summary="Make a key",
        body=KeyRequest,
        answers={201: resources.NewKey},
        errors=(422, 503),
    ),
    Route(
        method="PATCH",
        path="/v1/keys/{id}",
        scope="admin",
        handler=patch_key,
        summary="Limit a key",
        body=KeyPatch,
        answers={200: resources.Key},
        errors=(404, 422, 503),
    ),
    Route(
        method="DELETE",
        path="/v1/keys/{id}",
        scope="admin",
        handler=delete_key,
        summary="Revoke a key",
        answers={204: None},
        errors=(404, 503),
    ),
)
