"""Balances and self-tests of SIMs."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw.api import acts, body
from modemgw.api.answers import json_response
from modemgw.api.routing import Call, Example, Route
from modemgw.api.schema import MAX_WAIT_S, Nothing, Strict
from modemgw.gateway import upkeep_resources as resources
from modemgw.gateway import views
from modemgw.store import balance as balances
from modemgw.store.selftest import SelftestRow

ACCEPTED = 202
MAX_HISTORY = 200


class SelftestRequest(Strict):
    """A text to another of our SIMs; `to` names it, absent: the next one in service.

    `paid` lets it cost money, or go out where nobody told what it costs.
    """

    to: Annotated[str, Meta(max_length=64)] | None = None
    paid: bool = False


class WaitQuery(Strict):
    """How long the answer may take."""

    wait: Annotated[int, Meta(ge=0, le=MAX_WAIT_S, description="seconds")] = 0


class HistoryQuery(Strict):
    """How many, the newest ones."""

    limit: Annotated[int, Meta(ge=1, le=MAX_HISTORY)] = 50


_selftest = msgspec.json.Decoder(SelftestRequest)


async def ask_balance(call: Call) -> web.Response:
    """Ask the network for the balance of a SIM, and wait for what it says."""
    await acts.nothing(call.request)
    upkeep = call.gateway.upkeep
    row, found = await upkeep.balance.ask(call.id, call.caller)
    shown = resources.balance(found, upkeep.balance.config_of(row))
    return json_response(views.encode(shown))


async def list_balances(call: Call) -> web.Response:
    """List the last amounts that were read for a SIM, newest first."""
    wish = body.query(call.request, HistoryQuery)
    row = await call.gateway.upkeep.balance.find(call.id)
    found = await call.gateway.store.read(
        lambda db: balances.readings(db, row.id, wish.limit)
    )
    return json_response(views.encode(resources.history(found)))


async def run_selftest(call: Call) -> web.Response:
    """Send a text to another own SIM now; `wait` for what comes of it."""
    query = body.query(call.request, WaitQuery)
    wish = body.optional(_selftest, await body.read(call.request))
    tests = call.gateway.upkeep.selftest
    begun = await tests.ask(call.id, wish.to, paid=wish.paid, caller=call.caller)
    if query.wait:
        begun = await tests.wait(begun.public_id, query.wait)
    headers = {"Location": f"/v1/selftests/{begun.public_id}"}
    return json_response(views.encode(_shown(call, begun)), ACCEPTED, headers)


async def get_selftest(call: Call) -> web.Response:
    """Show one self-test; `wait` for its verdict."""
    query = body.query(call.request, WaitQuery)
    found = await call.gateway.upkeep.selftest.wait(call.id, query.wait)
    return json_response(views.encode(_shown(call, found)))


async def list_selftests(call: Call) -> web.Response:
    """List the self-tests that a SIM sent or was sent, newest first."""
    wish = body.query(call.request, HistoryQuery)
    found = await call.gateway.upkeep.selftest.history(call.id, wish.limit)
    shown = resources.SelftestList([_shown(call, row) for row in found])
    return json_response(views.encode(shown))


def _shown(call: Call, row: SelftestRow) -> resources.Selftest:
    return resources.selftest(row, call.gateway.upkeep.names())


ROUTES = (
    Route(
        method="POST",
        path="/v1/sims/{id}/balance",
        scope="sims:write",
        handler=ask_balance,
        summary="Ask for the balance of a SIM",
        body=Nothing,
        answers={200: resources.BalanceOfSim},
        errors=(404, 409, 422),
    ),
    Route(
        method="GET",
        path="/v1/sims/{id}/balance",
        scope="sims:read",
        handler=list_balances,
        summary="List the last amounts of a SIM",
        query=HistoryQuery,
        answers={200: resources.BalanceHistory},
        errors=(404,),
    ),
    Route(
        method="POST",
        path="/v1/sims/{id}/selftest",
        scope="sims:write",
        handler=run_selftest,
        summary="Test a SIM with a text to another own SIM",
        body=SelftestRequest,
        query=WaitQuery,
        answers={202: resources.Selftest},
        errors=(404, 409, 422),
        examples={
            "next": Example("To whichever SIM is next", {}),
            "named": Example("To this one, at a price", {"to": "blue", "paid": True}),
        },
    ),
    Route(
        method="GET",
        path="/v1/sims/{id}/selftest",
        scope="sims:read",
        handler=list_selftests,
        summary="List the self-tests of a SIM",
        query=HistoryQuery,
        answers={200: resources.SelftestList},
        errors=(404,),
    ),
    Route(
        method="GET",
        path="/v1/selftests/{id}",
        scope="sims:read",
        handler=get_selftest,
        summary="Show one self-test",
        query=WaitQuery,
        answers={200: resources.Selftest},
        errors=(404,),
    ),
)
