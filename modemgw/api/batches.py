"""Batches: many messages in one transaction, and how far they are."""

import asyncio
from typing import Any

import msgspec
from aiohttp import web

from modemgw.api import body, limits
from modemgw.api.answers import json_response
from modemgw.api.messages import promise_of
from modemgw.api.problems import FieldError, HttpError, NotFound, field_error
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import (
    BatchDocument,
    BatchRequest,
    NoQuery,
    SubmitRequest,
)
from modemgw.errors import FieldProblem
from modemgw.gateway import shapes, views
from modemgw.gateway.model import Draft
from modemgw.store import batches as rows

SLICE_S = 0.01  # how long items are decoded before others get their turn

_batch = msgspec.json.Decoder(BatchRequest)
_item = msgspec.json.Decoder(SubmitRequest)
_plain = msgspec.json.Decoder(dict[str, Any])
_FIELDS = frozenset(
    field.encode_name for field in msgspec.structs.fields(SubmitRequest)
)
_ALONE = frozenset({"to"})  # what items cannot have in common


async def post_batch(call: Call) -> web.Response:
    """Queue up to 10,000 messages; each is accepted or refused on its own."""
    request = call.request
    body.query(request, NoQuery)
    octets = await body.read(request, body.MAX_BATCH_BODY)
    promise = promise_of(request, octets)
    document = body.decode(_batch, octets)
    defaults = _defaults(document.defaults) if document.defaults else None
    drafts: list[Draft | FieldError] = []
    clock = call.gateway.clock
    pause_at = clock.monotonic() + SLICE_S
    for raw in document.messages:
        drafts.append(_draft(raw, defaults))
        if clock.monotonic() >= pause_at:
            await asyncio.sleep(0)
            pause_at = clock.monotonic() + SLICE_S
    result = await call.gateway.submit_batch(drafts, call.caller, idempotency=promise)
    headers = {
        "Location": f"/v1/batches/{result.id}",
        "Idempotency-Replayed": "true" if result.replayed else "false",
    }
    limits.tell(headers, call.gateway, call.caller)
    return json_response(result.body, result.status, headers)


def _draft(raw: msgspec.Raw, defaults: dict[str, Any] | None) -> Draft | FieldError:
    """Read one item; its mistake is its own and does not spoil the batch."""
    try:
        if defaults is None:
            return body.decode(_item, bytes(raw)).draft()
        own = body.decode(_plain, bytes(raw))
        return body.convert({**defaults, **own}, SubmitRequest).draft()
    except FieldError as exc:
        return exc
    except HttpError as exc:
        return FieldError(exc.detail, errors=(FieldProblem("", "invalid", exc.detail),))


def _defaults(given: dict[str, Any]) -> dict[str, Any]:
    """Check what all items share, so that a mistake there is named once."""
    for name in given:
        if name in _ALONE or name not in _FIELDS:
            code, why = "unknown_field", "there is no such field"
            if name in _ALONE:
                code, why = "invalid_value", "belongs to each message"
            raise field_error(f"/defaults/{body.escape(name)}", code, why)
    try:
        body.convert({"to": "", **given}, SubmitRequest).draft()
    except FieldError as exc:
        raise FieldError(
            f"defaults.{exc.detail}",
            errors=tuple(
                FieldProblem(f"/defaults{one.pointer}", one.code, one.detail)
                for one in exc.errors
            ),
        ) from None
    return given


async def get_batch(call: Call) -> web.Response:
    """Show how far a batch is."""
    body.query(call.request, NoQuery)
    row = await call.gateway.store.read(lambda db: rows.get(db, call.id))
    if row is None:
        raise NotFound(f"there is no batch {call.id!r}")
    return json_response(views.encode(views.batch(row)))


ROUTES = (
    Route(
        method="POST",
        path="/v1/messages/batch",
        scope="messages:send",
        handler=post_batch,
        summary="Queue many messages",
        body=BatchDocument,
        headers=("Idempotency-Key",),
        answers={202: shapes.BatchAccepted},
        errors=(409, 422, 429, 503),
        examples={
            "shift": Example(
                "Two texts, and what they share",
                {
                    "messages": [
                        {"to": "+4915112345678", "text": "Early shift", "tags": ["a"]},
                        {"to": "+4915187654321", "text": "Late shift"},
                    ],
                    "defaults": {"class": "alert", "expires_in": 1800},
                },
            ),
            "one_wrong": Example(
                "One of them is refused",
                {
                    "messages": [
                        {"to": "+4915112345678", "text": "Day off"},
                        {"to": "nobody", "text": "Day off"},
                    ]
                },
            ),
        },
    ),
    Route(
        method="GET",
        path="/v1/batches/{id}",
        scope="messages:read",
        handler=get_batch,
        summary="How far a batch is",
        answers={200: shapes.Batch},
        errors=(404, 503),
    ),
)
