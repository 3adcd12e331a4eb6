"""Events, pulled: the same envelopes that webhooks push, by cursor."""

import re
import sqlite3

from aiohttp import web

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.problems import field_error
from modemgw.api.routing import Call, Route
from modemgw.api.schema import EventQuery
from modemgw.gateway import resources, views
from modemgw.store import events as rows

MAX_PATTERNS = 50
_PATTERN = re.compile(r"\*|[a-z_]+(\.[a-z_]+)*(\.\*)?")


async def list_events(call: Call) -> web.Response:
    """List events behind a cursor, oldest first.

    `next_cursor` is always there, so that a client polls with the last one it
    got; without `since` and `cursor` the list begins with the oldest event kept.
    """
    wish = body.query(call.request, EventQuery)
    types = patterns(wish.types.split(","), "?types")
    if wish.since is not None and wish.cursor is not None:
        raise field_error("?since", "conflict", "give either since or cursor")
    cursor = body.cursor(wish.cursor) or 0

    def read(db: sqlite3.Connection) -> tuple[int, list[rows.EventRow]]:
        start = cursor
        if wish.since is not None:
            known = rows.find(db, wish.since)
            if known is None:
                raise field_error("?since", "unknown", "there is no such event (now)")
            start = known
        found = rows.since(db, start, types, wish.limit + 1)
        return max(start, rows.newest(db)), found

    newest, found = await call.gateway.store.read(read)
    shown, has_more = found[: wish.limit], len(found) > wish.limit
    # At the end of the list the cursor passes everything that did not match.
    behind = shown[-1].id if has_more else newest
    return json_response(
        views.encode(
            resources.EventPage(
                data=[resources.event(row) for row in shown],
                next_cursor=body.write_cursor(behind),
                has_more=has_more,
            )
        )
    )


def patterns(given: list[str], pointer: str) -> tuple[str, ...]:
    """Check patterns such as `message.*`; raises FieldError at `pointer`."""
    if len(given) > MAX_PATTERNS:
        raise field_error(pointer, "invalid_value", f"at most {MAX_PATTERNS} patterns")
    for index, pattern in enumerate(given):
        if _PATTERN.fullmatch(pattern) is None:
            where = pointer if pointer.startswith("?") else f"{pointer}/{index}"
            raise field_error(
                where,
                "invalid_value",
                f"{pattern!r} is no event type; write message.sent, message.* or *",
            )
    return tuple(dict.fromkeys(given))


ROUTES = (
    Route(
        method="GET",
        path="/v1/events",
        scope="events:read",
        handler=list_events,
        summary="Read events behind a cursor",
        query=EventQuery,
        answers={200: resources.EventPage},
        errors=(422, 503),
    ),
)
