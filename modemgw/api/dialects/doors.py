"""Which surfaces answer: what the application adds to its own routes, or leaves out."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from aiohttp import web

from modemgw.api.auth import Authenticator
from modemgw.api.dialects import alerts, smseagle, smseagle_v2, twilio
from modemgw.api.dialects.desk import Dialect, spoken
from modemgw.api.routing import Route
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.key_rules import NATIVE

DIALECTS: tuple[Dialect, ...] = (
    smseagle.DIALECT,
    smseagle_v2.DIALECT,
    twilio.DIALECT,
    alerts.DIALECT,
)
OWN = "/v1/"

Door = tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]


def doors(gateway: Gateway, authenticator: Authenticator) -> Iterator[Door]:
    """Yield method, path and handler of each route of the surfaces that are on."""
    for dialect in DIALECTS:
        if dialect.surface in gateway.config.http.surfaces:
            for method, path, handler in dialect.routes:
                yield method, path, spoken(dialect, handler, gateway, authenticator)


def native(routes: Sequence[Route], gateway: Gateway) -> Sequence[Route]:
    """Return our own routes, without /v1 where that surface is off."""
    if NATIVE in gateway.config.http.surfaces:
        return routes
    return [route for route in routes if not route.path.startswith(OWN)]
