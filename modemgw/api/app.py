"""The aiohttp application: routes, one middleware, and nothing without a scope."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from modemgw import __version__
from modemgw.api import (
    batches,
    care,
    events,
    health,
    keys,
    messages,
    modems,
    openapi,
    problems,
    sims,
    upkeep,
    ussd,
    wallet,
    webhooks,
)
from modemgw.api.auth import ADMIN, Authenticator, require
from modemgw.api.body import MAX_BATCH_BODY
from modemgw.api.door import Door
from modemgw.api.problems import HttpError, RequestError
from modemgw.api.routing import ANY_KEY, PUBLIC, Call, Route
from modemgw.errors import DiskFull, StoreError
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Caller
from modemgw.ids import IdSource
from modemgw.store.reader import SlowQuery

log = logging.getLogger("modemgw.api")

ROUTES: tuple[Route, ...] = (
    *messages.ROUTES,
    *batches.ROUTES,
    *sims.ROUTES,
    *care.ROUTES,
    *upkeep.ROUTES,
    *wallet.ROUTES,
    *ussd.ROUTES,
    *modems.ROUTES,
    *webhooks.ROUTES,
    *events.ROUTES,
    *keys.ROUTES,
    *health.ROUTES,
)
KEEP_ALIVE_S = 75.0  # a connection may be quiet so long between two requests
LINGER_S = 2.0  # what is left of a refused body is read so long, then cut off
STORE_RETRY_S = 5  # when to try again after the database refused
_NOBODY = Caller(key_id=None, name="", scopes=frozenset(), address="")

http_log = logging.getLogger("modemgw.http")


def _as_noise(record: logging.LogRecord) -> bool:
    """Log without a traceback what is no mistake of ours.

    Which is what is not HTTP (port scans, TLS on a plain port), and clients that
    leave in the middle of a body.
    """
    error = record.exc_info[1] if record.exc_info else None
    if isinstance(error, HttpProcessingError | ConnectionError):
        record.levelno, record.levelname = logging.DEBUG, "DEBUG"
        record.exc_info = None
    return http_log.isEnabledFor(record.levelno)


http_log.addFilter(_as_noise)

_Inner = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build_app(
    gateway: Gateway, *, admin: bool = False, door: Door | None = None
) -> web.Application:
    """Build the API over `gateway`; `door` hears of every request.

    With `admin` everybody who reaches it is the administrator: for the admin
    socket, which the file system guards. All applications of one gateway share
    its key ring, so a key revoked through one is dead in all.
    """
    app = web.Application(
        middlewares=[_edge(gateway, door or Door())],
        client_max_size=MAX_BATCH_BODY,  # each route has its own, smaller limit
        # Compressed bodies are refused, not unpacked: no small body grows large.
        handler_args={
            "auto_decompress": False,
            "keepalive_timeout": KEEP_ALIVE_S,
            "lingering_time": LINGER_S,
            "logger": http_log,
        },
    )
    authenticator = None if admin else Authenticator(gateway.keys, gateway.clock)
    described = openapi.document(ROUTES)
    for route in (*ROUTES, openapi.route(described)):
        handler = _guarded(route, gateway, authenticator)
        app.router.add_route(route.method, route.path, handler)
        if route.method == "GET":
            app.router.add_route("HEAD", route.path, handler)
    return app


def _guarded(
    route: Route, gateway: Gateway, authenticator: Authenticator | None
) -> _Inner:
    """Put the check of key and scope before the handler."""
    handler, scope = route.handler, route.scope

    async def handle(request: web.Request) -> web.StreamResponse:
        if scope == PUBLIC:
            caller = _NOBODY
        elif authenticator is None:
            caller = ADMIN
        else:
            caller = await authenticator.caller_of(request)
            if scope != ANY_KEY:
                require(caller, scope)
        return await handler(Call(request, gateway, caller))

    return handle


def _edge(gateway: Gateway, door: Door) -> Middleware:
    """Make the outermost layer: an id for each request, a problem for each error."""
    ids, clock = IdSource(), gateway.clock

    @web.middleware
    async def edge(request: web.Request, handler: _Inner) -> web.StreamResponse:
        door.heard(request)
        request_id = ids.new("req", clock.now_ms())
        try:
            answer = await handler(request)
        except RequestError as exc:
            answer = problems.response(exc, path=request.path, request_id=request_id)
        except web.HTTPException as exc:
            answer = problems.response(
                problems.from_http(exc), path=request.path, request_id=request_id
            )
        except SlowQuery:
            answer = problems.response(
                HttpError(
                    "query-too-slow",
                    503,
                    "the list took too long; ask for less: a state, a number, a time",
                ),
                path=request.path,
                request_id=request_id,
            )
        except StoreError as exc:
            log.error(
                "request refused by the store",
                extra={"request_id": request_id, "why": str(exc)},
            )
            answer = problems.response(
                HttpError(
                    "store-unavailable",
                    503,
                    "no room on the disk of the gateway: nothing can be stored"
                    if isinstance(exc, DiskFull)
                    else "the database cannot be read or written at the moment",
                    retry_after=STORE_RETRY_S,
                ),
                path=request.path,
                request_id=request_id,
            )
        except ConnectionError:
            raise  # the client has gone; there is nobody to answer
        except Exception:
            log.exception("request failed", extra={"request_id": request_id})
            answer = problems.response(
                HttpError("internal-error", 500, "this is our mistake; it is logged"),
                path=request.path,
                request_id=request_id,
            )
        headers = answer.headers
        headers["X-Request-Id"] = request_id
        headers["Server"] = _SERVER
        headers["Cache-Control"] = "no-store"
        headers["X-Content-Type-Options"] = "nosniff"
        return answer

    return edge


_SERVER = f"modemgw/{__version__}"
