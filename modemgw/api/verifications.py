"""One-time codes: sent to a number, and checked when a person types one."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import NoQuery, Strict
from modemgw.gateway import views
from modemgw.gateway.verifications import Asked
from modemgw.policy import otp
from modemgw.store.verifications import CHECKS, VerificationRow

CREATED = 201


class VerificationRequest(Strict):
    """A code for whoever reads the texts of a number."""

    to: Annotated[str, Meta(max_length=64, examples=["+4915112345678"])]
    app: Annotated[
        str, Meta(max_length=100, description="your name, as the text says it")
    ]
    length: Annotated[int, Meta(ge=otp.DIGITS_LEAST, le=otp.DIGITS_MOST)] = otp.DIGITS
    ttl: Annotated[int, Meta(ge=30, le=3600, description="seconds")] = 300
    autofill_domain: (
        Annotated[
            str,
            Meta(max_length=100, description="whose page may fill it in"),
        ]
        | None
    ) = None
    locale: (
        Annotated[str, Meta(max_length=35, description="de, pt-BR; else English")]
        | None
    ) = None
    fallback_after: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=600,
                description="seconds without a report, then by another SIM; 0: never",
            ),
        ]
        | None
    ) = None


class CheckRequest(Strict):
    """What the person typed."""

    code: Annotated[str, Meta(max_length=32, examples=["123456"])]


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """A code on its way; `state` is pending, approved, expired, failed or canceled.

    A newer code for the same number cancels it. `resent_id`: the message that
    carries the same code through another SIM.
    """

    id: str
    state: str
    to: str
    locale: str
    message_id: str | None
    resent_id: str | None
    attempts_left: int
    created_at: str
    expires_at: str


class CheckAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a check; only `approved` lets anybody in."""

    id: str
    state: str
    attempts_left: int | UnsetType = UNSET  # while it is pending


_request = msgspec.json.Decoder(VerificationRequest)
_check = msgspec.json.Decoder(CheckRequest)


async def post_verification(call: Call) -> web.Response:
    """Send a code to a number. Numbers, and numbers like them, get only so many."""
    body.query(call.request, NoQuery)
    wish = body.decode(_request, await body.read(call.request))
    asked = Asked(
        to=wish.to,
        app=wish.app,
        length=wish.length,
        ttl=wish.ttl,
        domain=wish.autofill_domain,
        locale=wish.locale,
        fallback_after=wish.fallback_after,
    )
    row = await call.gateway.offices.verifications.start(asked, call.caller)
    headers = {"Location": f"/v1/verifications/{row.public_id}"}
    return json_response(views.encode(_shown(call, row)), CREATED, headers)


async def get_verification(call: Call) -> web.Response:
    """Show how a code stands; only to the key that asked for it."""
    body.query(call.request, NoQuery)
    row = await call.gateway.offices.verifications.find(call.id, call.caller)
    return json_response(views.encode(_shown(call, row)))


async def check_verification(call: Call) -> web.Response:
    """Compare what a person typed with the code; five wrong ones end it."""
    body.query(call.request, NoQuery)
    wish = body.decode(_check, await body.read(call.request))
    row = await call.gateway.offices.verifications.check(
        call.id, wish.code.strip(), call.caller
    )
    left = CHECKS - row.checks if row.state == "pending" else UNSET
    answer = CheckAnswer(id=row.public_id, state=row.state, attempts_left=left)
    return json_response(views.encode(answer))


def _shown(call: Call, row: VerificationRow) -> Verification:
    pending = row.state == "pending"
    over = pending and call.gateway.clock.now_ms() >= row.expires_at
    return Verification(
        id=row.public_id,
        state="expired" if over else row.state,
        to=row.peer,
        locale=row.locale,
        message_id=row.message,
        resent_id=row.second,
        attempts_left=CHECKS - row.checks if pending and not over else 0,
        created_at=views.instant(row.created_at),
        expires_at=views.instant(row.expires_at),
    )


ROUTES = (
    Route(
        method="POST",
        path="/v1/verifications",
        scope="verify:send",
        handler=post_verification,
        summary="Send a one-time code",
        body=VerificationRequest,
        answers={201: Verification},
        errors=(403, 422, 429, 503),
        examples={
            "plain": Example("A code", {"to": "+4915112345678", "app": "Shop"}),
            "german": Example(
                "In German, for a page that fills it in",
                {
                    **{"to": "+4915112345678", "app": "Shop", "locale": "de"},
                    **{"length": 8, "ttl": 120, "autofill_domain": "shop.example"},
                },
            ),
        },
    ),
    Route(
        method="GET",
        path="/v1/verifications/{id}",
        scope="verify:send",
        handler=get_verification,
        summary="Show a verification",
        answers={200: Verification},
        errors=(404, 503),
    ),
    Route(
        method="POST",
        path="/v1/verifications/{id}/check",
        scope="verify:send",
        handler=check_verification,
        summary="Check a one-time code",
        body=CheckRequest,
        answers={200: CheckAnswer},
        errors=(404, 409, 422, 503),
        examples={
            "right": Example("What was sent", {"code": "123456"}),
            "wrong": Example("Something else", {"code": "000000"}),
        },
    ),
)
