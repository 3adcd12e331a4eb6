"""Opt-outs: who wants no more messages, entered, looked up and taken off by hand."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw import number
from modemgw.api import body
from modemgw.api.answers import json_response, page
from modemgw.api.problems import FieldError, NotFound, field_error
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import Cursor, Limit, NoQuery, Strict
from modemgw.gateway import suppression_resources as resources
from modemgw.gateway import views
from modemgw.gateway.suppressions import IMPORT, Wanted
from modemgw.store import sims as sim_rows
from modemgw.store import suppressions as rows

MAX_IMPORT = 10_000
MAX_CHECK = 1000
Number = Annotated[str, Meta(max_length=64, description="E.164, national, short code")]
Note = Annotated[str, Meta(max_length=200)]


class SuppressionRequest(Strict):
    """A number that is to get no more messages; `sim`: of this SIM alone."""

    number: Number
    sim: Annotated[str, Meta(max_length=64)] | None = None
    note: Note | None = None


class SuppressionImport(Strict):
    """Many of them; each is taken or refused on its own."""

    entries: Annotated[
        list[SuppressionRequest], Meta(min_length=1, max_length=MAX_IMPORT)
    ]


class SuppressionCheck(Strict):
    """Numbers to look up. In a body, for what is in a URL is in logs."""

    numbers: Annotated[list[Number], Meta(min_length=1, max_length=MAX_CHECK)]


class SuppressionQuery(Strict):
    """Which entries to list, newest first."""

    limit: Limit = 50
    cursor: Cursor | None = None


_new = msgspec.json.Decoder(SuppressionRequest)
_import = msgspec.json.Decoder(SuppressionImport)
_check = msgspec.json.Decoder(SuppressionCheck)


async def list_suppressions(call: Call) -> web.Response:
    """List who wants no more messages, newest first."""
    wish = body.query(call.request, SuppressionQuery)
    cursor = body.cursor(wish.cursor)
    found = await call.gateway.store.read(
        lambda db: rows.list_page(db, cursor=cursor, limit=wish.limit + 1)
    )
    return page(
        list(map(resources.suppression, found)),
        limit=wish.limit,
        cursor_of=lambda index: found[index].id,
    )


async def get_suppression(call: Call) -> web.Response:
    """Show one entry."""
    body.query(call.request, NoQuery)
    row = await call.gateway.store.read(lambda db: rows.get(db, call.id))
    if row is None:
        raise NotFound(f"there is no suppression {call.id!r}")
    return json_response(views.encode(resources.suppression(row)))


async def post_suppression(call: Call) -> web.Response:
    """Send a number no more messages; what waits for it is blocked at once.

    201 where that is new, 200 where it was so before.
    """
    body.query(call.request, NoQuery)
    wish = body.decode(_new, await body.read(call.request))
    sims = await _sims(call)
    wanted = _wanted(call, wish, sims, "")
    register = call.gateway.conversation.suppressions
    added, _ = await register.enter([wanted], "api", call.caller)
    entries = await register.of_number(wanted.number)
    (row,) = [one for one in entries if one.sim_id == wanted.sim_id]
    return json_response(
        views.encode(resources.suppression(row)),
        201 if added else 200,
        {"Location": f"/v1/suppressions/{row.public_id}"},
    )


async def import_suppressions(call: Call) -> web.Response:
    """Enter up to 10,000 numbers; they are in force before the answer."""
    body.query(call.request, NoQuery)
    octets = await body.read(call.request, body.MAX_BATCH_BODY)
    wish = body.decode(_import, octets)
    sims = await _sims(call)
    wanted: list[Wanted] = []
    refused: list[resources.NotEntered] = []
    for index, one in enumerate(wish.entries):
        try:
            wanted.append(_wanted(call, one, sims, f"/entries/{index}"))
        except FieldError as exc:
            issues = [views.issue(e.pointer, e.code, e.detail) for e in exc.errors]
            refused.append(resources.NotEntered(index=index, errors=issues))
    register = call.gateway.conversation.suppressions
    added, blocked = await register.enter(wanted, IMPORT, call.caller)
    imported = resources.Imported(
        added=added, known=len(wanted) - added, blocked=blocked, rejected=refused
    )
    return json_response(views.encode(imported))


async def check_suppressions(call: Call) -> web.Response:
    """Say of each number whether it gets messages of the enforced classes."""
    body.query(call.request, NoQuery)
    wish = body.decode(_check, await body.read(call.request))
    numbers = [
        _dialled(call, text, f"/numbers/{index}")
        for index, text in enumerate(wish.numbers)
    ]
    found = await call.gateway.store.read(
        lambda db: [rows.of_number(db, one) for one in numbers]
    )
    standings = resources.Standings(
        classes=sorted(call.gateway.conversation.suppressions.classes),
        data=[
            resources.Standing(
                number=one,
                suppressed=bool(entries),
                entries=list(map(resources.suppression, entries)),
            )
            for one, entries in zip(numbers, found, strict=True)
        ],
    )
    return json_response(views.encode(standings))


async def delete_suppression(call: Call) -> web.Response:
    """Take an entry off: only where the person has asked for it."""
    body.query(call.request, NoQuery)
    await call.gateway.conversation.suppressions.remove(call.id, call.caller)
    return web.Response(status=204)


async def _sims(call: Call) -> dict[str, int]:
    found = await call.gateway.store.read(sim_rows.list_sims)
    names = {row.name: row.id for row in found}
    return {**{views.sim_id(name): row for name, row in names.items()}, **names}


def _wanted(
    call: Call, wish: SuppressionRequest, sims: dict[str, int], prefix: str
) -> Wanted:
    dialled = _dialled(call, wish.number, f"{prefix}/number")
    if wish.sim is not None and wish.sim not in sims:
        raise field_error(f"{prefix}/sim", "unknown", f"there is no SIM {wish.sim!r}")
    if wish.note is not None and "\x00" in wish.note:
        raise field_error(f"{prefix}/note", "invalid_value", "must not hold NUL")
    return Wanted(dialled, None if wish.sim is None else sims[wish.sim], wish.note)


def _dialled(call: Call, text: str, pointer: str) -> str:
    try:
        return number.parse(text, call.gateway.config.country).text
    except number.InvalidNumber as exc:
        why = f"not a number that can be dialled: {exc}"
        raise field_error(pointer, "invalid_number", why) from None


ROUTES = (
    Route(
        method="GET",
        path="/v1/suppressions",
        scope="consent:read",
        handler=list_suppressions,
        summary="List who wants no more messages",
        query=SuppressionQuery,
        answers={200: resources.SuppressionPage},
    ),
    Route(
        method="POST",
        path="/v1/suppressions",
        scope="consent:write",
        handler=post_suppression,
        summary="Send a number no more messages",
        body=SuppressionRequest,
        answers={201: resources.Suppression, 200: resources.Suppression},
        examples={
            "everywhere": Example(
                "From no SIM", {"number": "+4915112345678", "note": "by telephone"}
            ),
            "one_sim": Example(
                "From this SIM", {"number": "0151 87654321", "sim": "red"}
            ),
        },
    ),
    Route(
        method="POST",
        path="/v1/suppressions/import",
        scope="consent:write",
        handler=import_suppressions,
        summary="Enter many numbers",
        body=SuppressionImport,
        answers={200: resources.Imported},
        examples={
            "list": Example(
                "A list with a mistake",
                {"entries": [{"number": "+4915112345678"}, {"number": "nobody"}]},
            ),
        },
    ),
    Route(
        method="POST",
        path="/v1/suppressions/check",
        scope="consent:read",
        handler=check_suppressions,
        summary="Look numbers up",
        body=SuppressionCheck,
        answers={200: resources.Standings},
        examples={
            "two": Example(
                "Two numbers", {"numbers": ["+4915112345678", "+4915187654321"]}
            ),
        },
    ),
    Route(
        method="GET",
        path="/v1/suppressions/{id}",
        scope="consent:read",
        handler=get_suppression,
        summary="Show one opt-out",
        answers={200: resources.Suppression},
        errors=(404,),
    ),
    Route(
        method="DELETE",
        path="/v1/suppressions/{id}",
        scope="consent:write",
        handler=delete_suppression,
        summary="Take an opt-out off",
        answers={204: None},
        errors=(404,),
    ),
)
