"""The audit log: who did what, and whether nobody has changed that."""

from functools import partial
from typing import Annotated

from aiohttp import web
from msgspec import Meta

from modemgw.api import body
from modemgw.api.answers import json_response, page
from modemgw.api.routing import AFTER, BEFORE, Call, Route
from modemgw.api.schema import Cursor, Limit, NoQuery, Strict, unix_ms
from modemgw.gateway import audit_resources as resources
from modemgw.gateway import views
from modemgw.gateway.audit import note
from modemgw.store import audit as rows
from modemgw.store.audit import Standing


class AuditQuery(Strict):
    """Which acts to list, newest first."""

    action: (
        Annotated[str, Meta(max_length=64, description="key.create, or key.*")] | None
    ) = None
    object: Annotated[str, Meta(max_length=200)] | None = None
    key: Annotated[str, Meta(max_length=64, description="id of a key")] | None = None
    since: str | None = None
    until: str | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


async def written_down(route: Route, call: Call, answer: web.StreamResponse) -> None:
    """Write an act down that a route has done, before its answer goes out."""
    request = call.request
    made = answer.headers.get("Location", "").rpartition("/")[2]
    body_octets = answer.body if isinstance(answer, web.Response) else None
    shown = body_octets if isinstance(body_octets, bytes) else None
    await note(
        call.gateway.store,
        route.audit,
        call.caller,
        object=request.match_info.get("id") or made or None,
        before=request.get(BEFORE),
        after=request.get(AFTER, shown),
    )


async def list_audit(call: Call) -> web.Response:
    """List who did what, newest first."""
    wish = body.query(call.request, AuditQuery)
    cursor = body.cursor(wish.cursor)
    wanted = rows.Filter(
        action=wish.action,
        object=wish.object,
        key=wish.key,
        since=None if wish.since is None else unix_ms(wish.since, "?since"),
        until=None if wish.until is None else unix_ms(wish.until, "?until"),
    )
    found = await call.gateway.store.read(
        lambda db: rows.list_rows(db, wanted, cursor=cursor, limit=wish.limit + 1)
    )
    return page(
        list(map(resources.entry, found)),
        limit=wish.limit,
        cursor_of=lambda index: found[index].id,
    )


async def verify_audit(call: Call) -> web.Response:
    """Follow the chain of the audit log from its begin; slow where it is long."""
    body.query(call.request, NoQuery)
    store = call.gateway.store
    standing = Standing()
    while True:
        some = await store.read(partial(rows.walk, after=standing.rows))
        if not some:
            break
        standing = rows.follow(some, standing)
        if standing.fault is not None:
            break
    # One snapshot: an act written meanwhile is no missing row.
    standing = await store.read(partial(rows.conclude, so_far=standing))
    return json_response(views.encode(resources.verdict(standing)))


ROUTES = (
    Route(
        method="GET",
        path="/v1/audit",
        scope="admin",
        handler=list_audit,
        summary="Who did what",
        query=AuditQuery,
        answers={200: resources.AuditPage},
        errors=(422, 503),
    ),
    Route(
        method="GET",
        path="/v1/audit/verify",
        scope="admin",
        handler=verify_audit,
        summary="Whether the audit log was changed",
        answers={200: resources.AuditVerdict},
        errors=(503,),
    ),
)
