"""Messages: queue, look at, cancel, settle."""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence

import msgspec
from aiohttp import web
from msgspec import UNSET

from modemgw import number
from modemgw.api import acts, body, limits
from modemgw.api.answers import json_response, page_behind
from modemgw.api.problems import NotFound, field_error
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import (
    MessageQuery,
    NoQuery,
    Nothing,
    SettleRequest,
    SubmitQuery,
    SubmitRequest,
    unix_ms,
)
from modemgw.gateway import shapes, views
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Draft, IdempotencyKey
from modemgw.policy.message import MessageState
from modemgw.store import events, message_counts
from modemgw.store import messages as rows

IDEMPOTENCY_KEY = "Idempotency-Key"
MAX_IDEMPOTENCY_KEY = 255  # characters, printable ASCII

_submit = msgspec.json.Decoder(SubmitRequest)
_settle = msgspec.json.Decoder(SettleRequest)
_PLAIN = SubmitQuery()
_STATES = frozenset(state.value for state in MessageState)


async def post_message(call: Call) -> web.Response:
    """Queue one outbound message; answer once it is on disk."""
    request, gateway = call.request, call.gateway
    wish = body.query(request, SubmitQuery) if request.query_string else _PLAIN
    octets = await body.read(request)
    draft = submission(octets)
    if wish.duplicate == "refuse":
        draft = msgspec.structs.replace(draft, refuse_duplicate=True)
    promise = promise_of(request, octets)
    if wish.dry_run:
        preview = await gateway.preview(draft, call.caller)
        return json_response(preview.body, preview.status)
    submitted = await gateway.submit(draft, call.caller, idempotency=promise)
    answer = submitted.body
    if wish.wait:
        await gateway.wait_state(submitted.id, wish.wait)
        answer = views.encode(await _message(call, submitted.id))
    headers = {
        "Location": f"/v1/messages/{submitted.id}",
        "Idempotency-Replayed": "true" if submitted.replayed else "false",
    }
    limits.tell(headers, gateway, call.caller)
    return json_response(answer, submitted.status, headers)


def submission(octets: bytes) -> Draft:
    """Return what the body of a request wants to be sent. Raises RequestError."""
    return body.decode(_submit, octets).draft()


def promise_of(request: web.Request, octets: bytes) -> IdempotencyKey | None:
    """Return what the client of a request promised, if it did."""
    given = request.headers.getall(IDEMPOTENCY_KEY, ())
    return idempotency_key(given, request.path, octets)


def idempotency_key(
    given: Sequence[str], path: str, octets: bytes
) -> IdempotencyKey | None:
    """Return the client's promise with the hash of what it promised, if it made one.

    `given` are its headers of that name.
    """
    if not given:
        return None
    key = given[0]
    if not (
        1 <= len(key) <= MAX_IDEMPOTENCY_KEY and key.isascii() and key.isprintable()
    ):
        raise field_error(
            "@Idempotency-Key",
            "invalid_value",
            f"must be 1 to {MAX_IDEMPOTENCY_KEY} printable ASCII characters",
        )
    if len(given) > 1:
        raise field_error("@Idempotency-Key", "repeated", "may be given only once")
    return IdempotencyKey(key, hashlib.sha256(path.encode() + b"\n" + octets).digest())


async def list_messages(call: Call) -> web.Response:
    """List messages, newest first."""
    wish = body.query(call.request, MessageQuery)
    wanted = _filter(wish, call.gateway)
    currency = call.gateway.config.sims.currency
    return await call.gateway.store.read(_search(wanted, wish, currency))


def _search(
    wanted: rows.Filter, wish: MessageQuery, currency: str
) -> Callable[[sqlite3.Connection], web.Response]:
    """Return what finds and renders a page: off the loop, which modems wait for."""
    cursor = body.cursor(wish.cursor)

    def search(db: sqlite3.Connection) -> web.Response:
        found = rows.page(db, wanted, cursor=cursor, limit=wish.limit)
        return page_behind(
            [views.message(row, currency) for row in found.rows],
            cursor=found.next,
            count=message_counts.count(db, wanted) if wish.count else None,
        )

    return search


def _filter(wish: MessageQuery, gateway: Gateway) -> rows.Filter:
    country = gateway.config.country
    states = tuple(wish.state.split(",")) if wish.state else ()
    for state in states:
        if state not in _STATES:
            raise field_error("?state", "invalid_value", f"there is no state {state!r}")
    return rows.Filter(
        direction=wish.direction,
        states=states,
        to=_written(wish.to, country),
        from_=_written(wish.from_, country),
        sim=_card(wish.sim, gateway) if wish.sim else None,
        tag=wish.tag,
        reference=wish.reference,
        batch=wish.batch_id,
        since=None if wish.since is None else unix_ms(wish.since, "?since"),
        until=None if wish.until is None else unix_ms(wish.until, "?until"),
        text=wish.q,
    )


def _card(text: str, gateway: Gateway) -> str:
    """Return the name of a SIM that is named by its id or its name."""
    ids = {views.sim_id(sim.name): sim.name for sim in gateway.sims()}
    return ids.get(text, text)


def _written(text: str | None, country: str) -> str | None:
    """Write a number as the rows have it; other senders ("Bank") stay as they are."""
    if text is None:
        return None
    try:
        return number.parse(text, country).text
    except number.InvalidNumber:
        return text


async def get_message(call: Call) -> web.Response:
    """Show one message of either direction."""
    body.query(call.request, NoQuery)
    return json_response(views.encode(await _message(call, call.id)))


async def _message(call: Call, public_id: str) -> object:
    row = await _row(call, public_id)
    return views.message(row, call.gateway.config.sims.currency)


async def _row(call: Call, public_id: str) -> rows.MessageRow:
    row = await call.gateway.store.read(lambda db: rows.get(db, public_id))
    if row is None:
        raise NotFound(f"there is no message {public_id!r}")
    return row


async def get_timeline(call: Call) -> web.Response:
    """Tell every step of one message, and of one that waits for whom it waits.

    AT lines only to keys that may read them.
    """
    body.query(call.request, NoQuery)
    row = await _row(call, call.id)
    steps = await call.gateway.store.read(lambda db: events.timeline(db, row.id))
    with_wire = call.caller.may("at:read")
    routing = await call.gateway.explainer.waiting(row)
    return json_response(
        views.encode(
            shapes.Timeline(
                data=[views.step(event, with_wire) for event in steps],
                routing=UNSET if routing is None else routing,
            )
        )
    )


async def post_cancel(call: Call) -> web.Response:
    """Cancel a message that no SIM has taken yet."""
    await acts.nothing(call.request)
    await call.gateway.cancel(call.id, call.caller)
    return json_response(views.encode(await _message(call, call.id)))


async def post_settle(call: Call) -> web.Response:
    """Decide a message in doubt: it was sent, it failed, or send it again."""
    body.query(call.request, NoQuery)
    wish = body.decode(_settle, await body.read(call.request))
    await call.gateway.settle(call.id, wish.as_, call.caller)
    return json_response(views.encode(await _message(call, call.id)))


_APPOINTMENT = {
    **{"to": "+4915112345678", "text": "Your bike is ready."},
    **{"class": "transactional", "priority": "normal", "expires_in": 3600},
    **{"route": {"pool": "default", "sticky": True}, "max_segments": 3},
    **{"on_in_doubt": "wait_report", "fallback": [{"after": 120, "sim": "blue"}]},
    **{"reference": "order-991", "tags": ["workshop"], "metadata": {"ticket": "77"}},
}

SUBMIT = Route(
    method="POST",
    path="/v1/messages",
    scope="messages:send",
    handler=post_message,
    summary="Queue one message",
    body=SubmitRequest,
    query=SubmitQuery,
    headers=("Idempotency-Key",),
    answers={202: shapes.OutboundMessage, 200: shapes.OutboundMessage},
    errors=(409, 422, 429, 503),
    examples={
        "plain": Example("A text", {"to": "+4915112345678", "text": "Hello"}),
        "appointment": Example("With everything", _APPOINTMENT),
        "later": Example(
            "At a time",
            {
                **{"to": "0151 12345678", "text": "See you at noon."},
                "send_at": "2026-12-24T08:00:00+01:00",
            },
        ),
        "binary": Example(
            "Octets to a port", {"to": "80888", "data": "3q2+7w==", "port": 16000}
        ),
        "dry_run": Example(
            "With ?dry_run=true: only what it would be",
            {"to": "+4915112345678", "text": "5 \u20ac", "class": "alert"},
            query="?dry_run=true",
            status=200,
        ),
        "no_number": Example(
            "What cannot be dialled", {"to": "call me", "text": "Hello"}, status=422
        ),
    },
)

ROUTES = (
    SUBMIT,
    Route(
        method="GET",
        path="/v1/messages",
        scope="messages:read",
        handler=list_messages,
        summary="List messages, newest first",
        query=MessageQuery,
        answers={200: shapes.MessagePage},
        errors=(422, 503),
    ),
    Route(
        method="GET",
        path="/v1/messages/{id}",
        scope="messages:read",
        handler=get_message,
        summary="Show one message",
        answers={200: shapes.OutboundMessage | shapes.InboundMessage},
        errors=(404, 503),
    ),
    Route(
        method="GET",
        path="/v1/messages/{id}/timeline",
        scope="messages:read",
        handler=get_timeline,
        summary="Every step of one message",
        answers={200: shapes.Timeline},
        errors=(404, 503),
    ),
    Route(
        method="POST",
        path="/v1/messages/{id}/cancel",
        scope="messages:send",
        handler=post_cancel,
        summary="Cancel a message that waits",
        body=Nothing,
        answers={200: shapes.OutboundMessage},
        errors=(404, 409, 422, 503),
    ),
    Route(
        method="POST",
        path="/v1/messages/{id}/settle",
        scope="messages:send",
        handler=post_settle,
        summary="Decide a message in doubt",
        body=SettleRequest,
        answers={200: shapes.OutboundMessage},
        errors=(404, 409, 422, 503),
        examples={
            "sent": Example("The recipient has it", {"as": "sent"}),
            "failed": Example("It never left", {"as": "failed"}),
            "resend": Example("Send it again", {"as": "resend"}),
        },
    ),
)
