"""What a person does about SIMs: bench, parole, pause; and the pause of everything."""

from typing import Annotated

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw.api import acts, body
from modemgw.api.answers import json_response
from modemgw.api.problems import NotFound
from modemgw.api.routing import Call, Example, Handler, Route
from modemgw.api.schema import NoQuery, Nothing, Strict
from modemgw.gateway import health_resources, resources, views

MAX_REASON = 200
MAX_BENCH_S = 366 * 86_400


class BenchRequest(Strict, rename={"for_": "for"}):
    """Take a SIM out of service; `for` seconds, or until a person ends it."""

    reason: Annotated[str, Meta(max_length=MAX_REASON)] = ""
    for_: Annotated[int, Meta(ge=1, le=MAX_BENCH_S)] | None = None


class ParoleRequest(Strict):
    """Let a SIM send slowly until so many messages went well; 0: trust it at once."""

    messages: Annotated[int, Meta(ge=0, le=100)] | None = None


_bench = msgspec.json.Decoder(BenchRequest)
_parole = msgspec.json.Decoder(ParoleRequest)


async def bench_sim(call: Call) -> web.Response:
    """Take a SIM out of service, for a time or until a person ends it."""
    body.query(call.request, NoQuery)
    wish = body.optional(_bench, await body.read(call.request))
    await call.gateway.care.bench(call.id, wish.reason, wish.for_, call.caller)
    return _sim(call)


async def parole_sim(call: Call) -> web.Response:
    """End a bench: the SIM sends slowly at first, or at once as always."""
    body.query(call.request, NoQuery)
    wish = body.optional(_parole, await body.read(call.request))
    await call.gateway.care.parole(call.id, wish.messages, call.caller)
    return _sim(call)


async def pause_sim(call: Call) -> web.Response:
    """Let a SIM send nothing until it is resumed; it goes on receiving."""
    await acts.nothing(call.request)
    await call.gateway.care.pause(call.id, call.caller, on=True)
    return _sim(call)


async def resume_sim(call: Call) -> web.Response:
    """End the pause of a SIM; a bench stays."""
    await acts.nothing(call.request)
    await call.gateway.care.pause(call.id, call.caller, on=False)
    return _sim(call)


async def pause(call: Call) -> web.Response:
    """Send nothing until resumed, over restarts too; messages are accepted and wait."""
    await acts.nothing(call.request)
    await call.gateway.care.pause_all(call.caller, on=True)
    return _sending(call)


async def resume(call: Call) -> web.Response:
    """Send again; SIMs that are paused or benched stay so."""
    await acts.nothing(call.request)
    await call.gateway.care.pause_all(call.caller, on=False)
    return _sending(call)


def _sim(call: Call) -> web.Response:
    for view in call.gateway.sims():
        if call.id in (view.name, views.sim_id(view.name), view.iccid):
            return json_response(views.encode(resources.sim(view)))
    raise NotFound(f"there is no SIM {call.id!r}")


def _sending(call: Call) -> web.Response:
    found = health_resources.sending(call.gateway.health.pause)
    breaker = call.gateway.care.breaker
    if breaker is not None:
        state = breaker.state
        fuse = health_resources.BreakerOfGateway(
            max_parts_per_hour=breaker.most,
            used=breaker.used(call.gateway.clock.now_ms()),
            tripped_at=views.instant(state.tripped_at) if state.until else None,
            until=views.instant(state.until) if state.until else None,
        )
        found = msgspec.structs.replace(found, breaker=fuse)
    return json_response(views.encode(found))


def _act(
    name: str,
    scope: str,
    handler: Handler,
    summary: str,
    wish: type[msgspec.Struct] = Nothing,
    **examples: Example,
) -> Route:
    """Return the route of an act on one SIM, which answers with the SIM."""
    return Route(
        method="POST",
        path="/v1/sims/{id}/" + name,
        scope=scope,
        handler=handler,
        summary=summary,
        body=wish,
        answers={200: resources.Sim},
        errors=(404, 422),
        examples=examples,
    )


def _act_on_all(path: str, handler: Handler, summary: str) -> Route:
    """Return the route of an act on all sending."""
    return Route(
        method="POST",
        path=path,
        scope="admin",
        handler=handler,
        summary=summary,
        body=Nothing,
        answers={200: health_resources.Sending},
        errors=(422,),
    )


ROUTES = (
    _act(
        *("bench", "sims:write", bench_sim, "Take a SIM out of service"),
        BenchRequest,
        hour=Example("For an hour", {"reason": "new tariff", "for": 3600}),
        open=Example("Until somebody ends it", {}),
    ),
    _act(
        *("parole", "sims:write", parole_sim),
        "Put a SIM on parole, or back into service",
        ParoleRequest,
        slowly=Example("After 20 good messages as always", {"messages": 20}),
        at_once=Example("As always from now on", {"messages": 0}),
    ),
    _act("pause", "admin", pause_sim, "Pause a SIM"),
    _act("resume", "admin", resume_sim, "Resume a SIM"),
    _act_on_all("/v1/pause", pause, "Pause all sending"),
    _act_on_all("/v1/resume", resume, "Resume sending"),
)
