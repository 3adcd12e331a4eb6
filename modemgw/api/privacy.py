"""Everything about one number: shown, or taken away."""

from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.problems import FieldError, field_error
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import NoQuery, Strict
from modemgw.gateway import privacy_resources as resources
from modemgw.gateway import views

MOST = 1000  # messages of one page

Number = Annotated[str, Meta(max_length=64, examples=["+4915112345678"])]


class ExportRequest(Strict):
    """Whose data; `csv` adds the messages as a table."""

    number: Number
    csv: bool = False
    limit: Annotated[int, Meta(ge=1, le=MOST, description="messages")] = MOST
    cursor: Annotated[str, Meta(max_length=64)] | None = None


class EraseRequest(Strict):
    """Whose data; `waiting` says what becomes of messages that are still to go out."""

    number: Number
    waiting: Literal["refuse", "cancel"] = "refuse"


_export = msgspec.json.Decoder(ExportRequest)
_erase = msgspec.json.Decoder(EraseRequest)


async def privacy_export(call: Call) -> web.Response:
    """Show what is kept of a number: messages both ways, calls, codes, opt-outs."""
    body.query(call.request, NoQuery)
    wish = body.decode(_export, await body.read(call.request))
    try:
        after = body.cursor(wish.cursor) or 0
    except FieldError:
        raise field_error(
            "/cursor", "invalid_value", "is not a cursor of this export"
        ) from None
    export, more = await call.gateway.offices.privacy.export(
        wish.number, call.caller, after=after, limit=wish.limit, as_csv=wish.csv
    )
    if more is not None:
        export = msgspec.structs.replace(export, next_cursor=body.write_cursor(more))
    return json_response(views.encode(export))


async def privacy_erase(call: Call) -> web.Response:
    """Take a number and its texts away from everywhere; what is counted stays.

    A pseudonym stands for the number from then on. An opt-out stays in force. Where it
    is cut short, calling it again does the rest.
    """
    body.query(call.request, NoQuery)
    wish = body.decode(_erase, await body.read(call.request))
    done = await call.gateway.offices.privacy.erase(
        wish.number, call.caller, cancel=wish.waiting == "cancel"
    )
    return json_response(views.encode(done))


ROUTES = (
    Route(
        method="POST",
        path="/v1/privacy/export",
        scope="admin",
        handler=privacy_export,
        summary="Show what is kept of a number",
        body=ExportRequest,
        answers={200: resources.PrivacyExport},
        errors=(422, 503),
        examples={
            "plain": Example("Everything", {"number": "+4915112345678"}),
            "table": Example(
                "Also as CSV, in pages",
                {"number": "+4915112345678", "csv": True, "limit": 2},
            ),
        },
    ),
    Route(
        method="POST",
        path="/v1/privacy/erase",
        scope="admin",
        handler=privacy_erase,
        summary="Erase a number",
        body=EraseRequest,
        answers={200: resources.PrivacyErased},
        errors=(409, 422, 503),
        examples={
            "plain": Example("All that is over", {"number": "+4915187654321"}),
            "waiting_too": Example(
                "What waits, too",
                {"number": "+4915112345678", "waiting": "cancel"},
            ),
        },
    ),
)
