"""Probes: is the process alive, can the gateway do its job. No key needed."""

from aiohttp import web

from modemgw import __version__
from modemgw.api import body, problems
from modemgw.api.answers import json_response
from modemgw.api.routing import PUBLIC, Call, Route
from modemgw.api.schema import NoQuery
from modemgw.gateway import resources, views


async def healthz(call: Call) -> web.Response:
    """Answer that the process is alive and its loop turns."""
    body.query(call.request, NoQuery)
    return json_response(
        views.encode(
            resources.Health(
                status="ok",
                version=__version__,
                time=views.instant(call.gateway.clock.now_ms()),
                clock="ok" if call.gateway.clock_is_sane() else "behind",
            )
        )
    )


async def readyz(call: Call) -> web.Response:
    """Answer whether messages can be stored and sent; 503 with the reasons."""
    body.query(call.request, NoQuery)
    readiness = call.gateway.readiness()
    reasons = list(readiness.reasons)
    if readiness.ready:
        return json_response(
            views.encode(resources.Readiness(ready=True, reasons=reasons))
        )
    answer = resources.NotReady(
        type=views.PROBLEM_BASE + "not-ready",
        title=problems.TITLES["not-ready"],
        status=503,
        detail="; ".join(reasons) or "the gateway is starting",
        instance=call.request.path,
        ready=False,
        reasons=reasons,
    )
    return json_response(
        views.encode(answer),
        503,
        {"Content-Type": problems.CONTENT_TYPE, "Retry-After": str(LOOK_AGAIN_S)},
    )


LOOK_AGAIN_S = 5  # what is missing at a start is there within seconds

ROUTES = (
    Route(
        method="GET",
        path="/healthz",
        scope=PUBLIC,
        handler=healthz,
        summary="Is the process alive?",
        answers={200: resources.Health},
    ),
    Route(
        method="GET",
        path="/readyz",
        scope=PUBLIC,
        handler=readyz,
        summary="Can messages be stored and sent?",
        answers={200: resources.Readiness, 503: resources.NotReady},
    ),
)
