"""Metrics for Prometheus: behind a key, or open to whoever reaches the port."""

from aiohttp import web

from modemgw.api import body
from modemgw.api.routing import Call, Route
from modemgw.api.schema import NoQuery
from modemgw.config.model import Config
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.metrics import CONTENT_TYPE, HttpTally, Metrics

SCOPE = "metrics:read"
PATH = "/metrics"


async def get_metrics(call: Call) -> web.Response:
    """Show how the gateway does, in the text format of Prometheus.

    `http.metrics: open` in the configuration lets everybody read it.
    """
    body.query(call.request, NoQuery)
    metrics = call.request.app[METRICS]
    return web.Response(
        body=await metrics.scrape(), headers={"Content-Type": CONTENT_TYPE}
    )


METRICS = web.AppKey("metrics", Metrics)


def is_open(config: Config) -> bool:
    """Say whether everybody may read them under this configuration."""
    return config.http.metrics == "open"


def install(app: web.Application, gateway: Gateway, tally: HttpTally) -> None:
    """Let an application serve what `tally` and the gateway have counted."""
    app[METRICS] = Metrics(gateway, tally)


ROUTES = (
    Route(
        method="GET",
        path=PATH,
        scope=SCOPE,
        handler=get_metrics,
        summary="Metrics for Prometheus",
        answers={200: str},
        media="text/plain",
    ),
)
