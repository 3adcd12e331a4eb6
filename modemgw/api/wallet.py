"""Money and allowances: what was used, and correcting it by hand."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw.api import body
from modemgw.api.answers import json_response
from modemgw.api.problems import NotFound, field_error
from modemgw.api.routing import BEFORE, Call, Example, Route
from modemgw.api.schema import NoQuery, Strict
from modemgw.config.money import amount
from modemgw.gateway import resources, views, wallet_resources
from modemgw.policy.periods import Period
from modemgw.store import keys as key_rows
from modemgw.store import sims as sim_rows
from modemgw.store import wallet as rows
from modemgw.store.sims import SimRow

MAX_PERIODS = 400  # of one answer
DEFAULT_PERIODS = {"day": 31, "month": 12}


class Correction(Strict):
    """What is really used of one allowance; a cap takes an amount such as "3.50"."""

    name: Annotated[str, Meta(max_length=40, description="as in `wallet.allowances`")]
    used: (
        Annotated[int, Meta(ge=0, le=100_000_000)] | Annotated[str, Meta(max_length=20)]
    )


class SimPatch(Strict):
    """What can be set on a SIM while it runs."""

    wallet: Annotated[list[Correction], Meta(min_length=1, max_length=20)]


class UsageQuery(Strict):
    """Which days or months, in the time zone of the gateway; `until` is included."""

    by: Literal["day", "month"] = "day"
    since: Annotated[str, Meta(max_length=10, description="2026-11-01")] | None = None
    until: Annotated[str, Meta(max_length=10, description="2026-11-30")] | None = None
    sim: str | None = None
    key: Annotated[str, Meta(max_length=64, description="id of a key")] | None = None


_patch = msgspec.json.Decoder(SimPatch)


async def patch_sim(call: Call) -> web.Response:
    """Correct what is used up of a bundle, quota or cap, as the operator counts it."""
    body.query(call.request, NoQuery)
    wish = body.decode(_patch, await body.read(call.request))
    gateway = call.gateway
    row = await _row(call)
    wallet = gateway.wallets.of(row.id)
    now = gateway.clock.now_ms()
    known = {s.name: s for s in wallet.purse.standings(now)} if wallet else {}
    wanted: list[tuple[str, int]] = []
    for index, one in enumerate(wish.wallet):
        standing = known.get(one.name)
        if standing is None:
            names = ", ".join(known) or "nothing: it has no tariff, or was not seen"
            raise field_error(
                f"/wallet/{index}/name",
                "unknown",
                f"the SIM has no {one.name!r}; it has {names}",
            )
        wanted.append((one.name, _used(one, index, money=standing.money)))
    before = next((view for view in gateway.sims() if view.name == row.name), None)
    if before is not None:
        call.request[BEFORE] = resources.sim(before)
    for name, used in wanted:
        await gateway.wallets.correct(row, name, used, call.caller.name)
    gateway.dispatcher.reconsider()
    shown = next(view for view in gateway.sims() if view.name == row.name)
    return json_response(views.encode(resources.sim(shown)))


def _used(one: Correction, index: int, *, money: bool) -> int:
    pointer = f"/wallet/{index}/used"
    if not money:
        if isinstance(one.used, int):
            return one.used
        raise field_error(pointer, "invalid_value", "expected a number of parts")
    try:
        return amount(str(one.used))
    except ValueError as exc:
        raise field_error(pointer, "invalid_value", str(exc)) from None


async def _row(call: Call) -> SimRow:
    for row in await call.gateway.store.read(sim_rows.list_sims):
        if call.id in (row.name, views.sim_id(row.name)):
            return row
    raise NotFound(f"there is no SIM {call.id!r}")


async def get_usage(call: Call) -> web.Response:
    """Show what was sent and billed: per day or month, SIM and key.

    Counted are SIMs with a tariff and keys with limits; parts that the network
    refused are not.
    """
    wish = body.query(call.request, UsageQuery)
    gateway = call.gateway
    zone, period = gateway.wallets.zone, Period(wish.by)
    now = gateway.clock.now_ms()
    end = period.bounds(_instant(call, wish.until, "?until") or now, zone)[1]
    start = _instant(call, wish.since, "?since")
    stretches: list[tuple[int, int]] = []
    while len(stretches) < MAX_PERIODS:
        one = period.bounds(end - 1, zone)
        stretches.insert(0, one)
        end = one[0]
        if (
            end <= start
            if start is not None
            else (len(stretches) == DEFAULT_PERIODS[wish.by])
        ):
            break
    else:
        raise field_error("?since", "out_of_range", f"more than {MAX_PERIODS} periods")
    sims, keys, found = await gateway.store.read(
        lambda db: (
            {row.id: row.name for row in sim_rows.list_sims(db)},
            {row.id: row.public_id for row in key_rows.list_keys(db)},
            [(at, rows.totals(db, at, until)) for at, until in stretches],
        )
    )
    kept = [
        (
            at,
            [
                total
                for total in totals
                if wish.sim in (None, sims.get(total.sim_id))
                and wish.key in (None, keys.get(total.key_id))
            ],
        )
        for at, totals in found
    ]
    usage = wallet_resources.used(
        kept,
        by=wish.by,
        zone=zone,
        sims=sims,
        keys=keys,
        currency=gateway.wallets.currency,
    )
    return json_response(views.encode(usage))


def _instant(call: Call, text: str | None, pointer: str) -> int | None:
    if text is None:
        return None
    try:
        day = date.fromisoformat(text)
        midnight = datetime(
            day.year, day.month, day.day, tzinfo=call.gateway.wallets.zone
        )
        return int(midnight.timestamp()) * 1000
    except (ValueError, OverflowError):
        raise field_error(
            pointer, "invalid_value", f"{text!r} is no date such as 2026-11-01"
        ) from None


ROUTES = (
    Route(
        method="PATCH",
        path="/v1/sims/{id}",
        scope="sims:write",
        handler=patch_sim,
        audit="sim.correct",
        summary="Correct what is used of an allowance",
        body=SimPatch,
        answers={200: resources.Sim},
        errors=(404, 422, 503),
        examples={
            "bundle": Example(
                "As the operator counts", {"wallet": [{"name": "bundle", "used": 42}]}
            ),
            "money": Example(
                "What is spent of a cap",
                {"wallet": [{"name": "5.00/month", "used": "1.20"}]},
            ),
        },
    ),
    Route(
        method="GET",
        path="/v1/usage",
        scope="admin",
        handler=get_usage,
        summary="What was sent and billed",
        query=UsageQuery,
        answers={200: wallet_resources.Usage},
        errors=(422, 503),
    ),
)
