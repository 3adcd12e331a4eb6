"""Events, pulled or streamed: the same envelopes that webhooks push, by cursor."""

import sqlite3

import msgspec
from aiohttp import web

from modemgw.api import acts, body, event_docs, event_socket, event_source, listening
from modemgw.api.answers import json_response
from modemgw.api.events_query import ListenQuery, Ticket, patterns
from modemgw.api.problems import field_error
from modemgw.api.routing import Call, Route
from modemgw.api.schema import Nothing
from modemgw.gateway import resources, tickets, views
from modemgw.gateway.envelopes import Frame, frame, wanting
from modemgw.store import events as rows
from modemgw.store import stream

SCANNED = 10_000  # events that one poll looks at, however few of them are wanted
STEP = 500
MAX_EVENT_ID = 64  # characters


async def list_events(call: Call) -> web.StreamResponse:
    """Read events behind a cursor, oldest first, or listen to them.

    `next_cursor` is always there, so that a client polls with the last one it
    got; without `since` and `cursor` the list begins with the oldest event kept.

    With `Accept: text/event-stream` or `Upgrade: websocket` the answer is a stream
    that goes on: behind `since` (`Last-Event-ID`) or `cursor`, else with what
    happens from now on. A stream that is read too slowly ends with `gap`, which says
    behind which event to go on.
    """
    request = call.request
    wish = body.query(request, ListenQuery)
    types = patterns(wish.types.split(","), "?types")
    if wish.since is not None and wish.cursor is not None:
        raise field_error("?since", "conflict", "give either since or cursor")
    cursor = body.cursor(wish.cursor)
    if event_socket.wanted(request):
        listener = await listening.open_listener(call, types, wish.since, cursor)
        return await event_socket.serve(call, listener)
    if event_source.wanted(request):
        # What a browser says when it comes back counts more than the URL it keeps.
        since = _last_event(request) or wish.since
        listener = await listening.open_listener(
            call, types, since, None if since else cursor
        )
        return await event_source.serve(call, listener)
    return await _page(call, wish, types, cursor or 0)


def _last_event(request: web.Request) -> str | None:
    since = request.headers.get("Last-Event-ID")
    if since and not (since.isascii() and len(since) <= MAX_EVENT_ID):
        raise field_error("@Last-Event-ID", "invalid_value", "is no id of an event")
    return since


async def _page(
    call: Call, wish: ListenQuery, types: tuple[str, ...], cursor: int
) -> web.Response:
    def read(db: sqlite3.Connection) -> tuple[list[Frame], int, bool]:
        start = cursor
        if wish.since is not None:
            known = rows.find(db, wish.since)
            if known is None:
                raise field_error("?since", "unknown", "there is no such event (now)")
            start = known
        newest = max(start, rows.newest(db))
        found, looked_to = _search(db, start, types, wish.limit + 1)
        if len(found) > wish.limit:
            shown = found[: wish.limit]
            return shown, shown[-1].id, True
        # At the end of the list the cursor passes everything that did not match.
        return found, looked_to or newest, looked_to is not None

    shown, behind, has_more = await call.gateway.store.read(read)
    page = {
        "data": [msgspec.Raw(one.json) for one in shown],
        "next_cursor": body.write_cursor(behind),
        "has_more": has_more,
    }
    return json_response(views.encode(page))


def _search(
    db: sqlite3.Connection, start: int, types: tuple[str, ...], limit: int
) -> tuple[list[Frame], int | None]:
    """Return wanted events, and where the search was left; None: it saw them all."""
    wants = wanting(types)
    found: list[stream.Pushed] = []
    behind: int | None = start
    step, looked = limit, 0  # most polls want every type
    while behind is not None and len(found) < limit and looked < SCANNED:
        page = stream.behind(db, behind, step)
        found += [row for row in page if wants(row.type)]
        behind = page[-1].id if len(page) == step else None
        looked, step = looked + step, STEP
    return [frame(row) for row in found[:limit]], behind


async def post_ticket(call: Call) -> web.Response:
    """Make a ticket that opens one event stream, once and within 30 seconds.

    For browsers, which can set no header there: `GET /v1/events?ticket=tkt_…`. Let a
    server of yours that has the key ask for it. Whatever else the key may, whoever
    brings the ticket may read events.
    """
    await acts.nothing(call.request)
    ticket = call.gateway.outlets.tickets.issue(call.caller)
    return json_response(
        views.encode(Ticket(ticket=ticket, expires_in=tickets.LIFE_S)), 201
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/events",
        scope="events:read",
        handler=list_events,
        summary="Read events behind a cursor, or listen to them",
        query=ListenQuery,
        answers={200: resources.EventPage},
        errors=(422, 429, 503),
        takes_ticket=True,
        also=event_docs.OPERATION,
    ),
    Route(
        method="POST",
        path="/v1/events/ticket",
        scope="events:read",
        handler=post_ticket,
        summary="Make a ticket for a browser",
        body=Nothing,
        answers={201: Ticket},
    ),
)
