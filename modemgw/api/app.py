"""The aiohttp application: routes, one middleware, and nothing without a scope."""

import logging
import re
from collections.abc import Awaitable, Callable
from functools import cache, partial
from time import perf_counter
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.typedefs import Middleware

from modemgw.api import (
    audit,
    batches,
    care,
    certificate,
    events,
    health,
    keys,
    local,
    messages,
    metrics,
    modems,
    oauth,
    openapi,
    privacy,
    problems,
    records,
    reload,
    setup_link,
    sims,
    suppressions,
    upkeep,
    ussd,
    verifications,
    viewer,
    wallet,
    webhooks,
)
from modemgw.api.answers import EVERY
from modemgw.api.audit import written_down
from modemgw.api.auth import ADMIN, AUTHENTICATOR, Authenticator, by_ticket, require
from modemgw.api.body import MAX_BATCH_BODY
from modemgw.api.dialects import doors
from modemgw.api.door import Door
from modemgw.api.hosts import Hosts
from modemgw.api.patience import Patience
from modemgw.api.peers import PROXIES, Proxies, peer
from modemgw.api.problems import HttpError, RequestError
from modemgw.api.routing import ANY_KEY, PUBLIC, REQUEST_ID, Call, Route, pattern
from modemgw.api.shortcut import SHORTCUT, Shortcut
from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.errors import DiskFull, StoreError
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.key_rules import NATIVE
from modemgw.gateway.metrics import HttpTally, RouteTally
from modemgw.gateway.model import Caller
from modemgw.ids import IdSource
from modemgw.store.reader import SlowQuery

log = logging.getLogger("modemgw.api")

ROUTES: tuple[Route, ...] = (
    *messages.ROUTES,
    *records.ROUTES,
    *batches.ROUTES,
    *verifications.ROUTES,
    *privacy.ROUTES,
    *audit.ROUTES,
    *sims.ROUTES,
    *care.ROUTES,
    *reload.ROUTES,
    *upkeep.ROUTES,
    *wallet.ROUTES,
    *ussd.ROUTES,
    *modems.ROUTES,
    *webhooks.ROUTES,
    *suppressions.ROUTES,
    *events.ROUTES,
    *keys.ROUTES,
    *setup_link.ROUTES,
    *health.ROUTES,
    *metrics.ROUTES,
    *viewer.ROUTES,
    *oauth.ROUTES,
    *certificate.ROUTES,
)
KEEP_ALIVE_S = 75.0  # a connection may be quiet so long between two requests
LINGER_S = 2.0  # what is left of a refused body is read so long, then cut off
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
Tallies = dict[Callable[..., Any], RouteTally]  # by the handler of a route
_ID = re.compile(r"[A-Za-z0-9._~-]{1,100}")
UNMATCHED = "unmatched"  # what no route takes, in metrics


def build_app(
    gateway: Gateway,
    *,
    admin: bool = False,
    door: Door | None = None,
    tally: HttpTally | None = None,
) -> web.Application:
    """Build the API over `gateway`; `door` hears of every request, `tally` counts it.

    With `admin` everybody who reaches it is the administrator: for the admin
    socket, which the file system guards. All applications of one gateway share
    its key ring, so a key revoked through one is dead in all.
    """
    tally = tally or HttpTally()
    tallies: Tallies = {}
    unmatched = tally.of("", UNMATCHED)
    http = gateway.config.http
    # A browser cannot reach the admin socket, and no proxy stands before it.
    hosts = None if admin else Hosts(http.known_hosts)
    proxies = None if admin or http.tls.mode != "proxy" else Proxies(http.trusted)
    peer_of = peer if proxies is None else proxies.client
    door = door or Door()
    if proxies is not None:
        door.proxies = proxies
    gateway.reloader.also.append(partial(_reconfigure, hosts, proxies))
    request_ids = _RequestIds(gateway.clock)
    app = web.Application(
        middlewares=[_edge(gateway, door, tallies, unmatched, hosts, request_ids)],
        client_max_size=MAX_BATCH_BODY,  # each route has its own, smaller limit
        # Compressed bodies are refused, not unpacked: no small body grows large.
        handler_args={
            "auto_decompress": False,
            "keepalive_timeout": KEEP_ALIVE_S,
            "lingering_time": LINGER_S,
            "logger": http_log,
        },
    )
    app[PROXIES] = proxies or Proxies(())
    app[AUTHENTICATOR] = Authenticator(
        gateway.keys,
        gateway.clock,
        peer_of,
        gateway.offices.bursts.failed,
    )
    authenticator = None if admin else app[AUTHENTICATOR]
    metrics.install(app, gateway, tally)
    paths = [route.path for route in ROUTES]
    routes = (*ROUTES, *local.ROUTES) if admin else doors.native(ROUTES, gateway)
    for route in (*routes, openapi.route(_described)):
        handler = _guarded(route, gateway, authenticator)
        tallies[handler] = tally.of(route.method, route.path)
        path = pattern(route.path, paths)
        app.router.add_route(route.method, path, handler)
        if route.method == "GET":
            app.router.add_route("HEAD", path, handler)
    for method, path, spoken in (
        () if admin else doors.doors(gateway, app[AUTHENTICATOR])
    ):
        tallies[spoken] = tally.of(method, path)
        app.router.add_route(method, path, spoken)
    if hosts is not None and proxies is None and NATIVE in http.surfaces:
        counted = tally.of(messages.SUBMIT.method, messages.SUBMIT.path)
        app[SHORTCUT] = Shortcut(
            gateway, app[AUTHENTICATOR], door, hosts, counted, request_ids
        )
    return app


async def _reconfigure(
    hosts: Hosts | None, proxies: Proxies | None, config: Config
) -> Callable[[], None]:
    """Prepare what a reload changes here; return what takes it up."""
    names, trusted = Hosts(config.http.known_hosts), Proxies(config.http.trusted)

    def take_up() -> None:
        if hosts is not None:
            hosts.take_over(names)
        if proxies is not None:
            proxies.take_over(trusted)

    return take_up


@cache
def _described() -> bytes:
    return openapi.document(ROUTES)


def _guarded(
    route: Route, gateway: Gateway, authenticator: Authenticator | None
) -> _Inner:
    """Put the check of key and scope before the handler."""
    handler, scope = route.handler, route.scope
    changes = route.path == metrics.PATH  # its scope, with the configuration
    surface = route.surface

    async def handle(request: web.Request) -> web.StreamResponse:
        if scope == PUBLIC or (changes and metrics.is_open(gateway.config)):
            caller = _NOBODY
        elif route.takes_ticket and "ticket" in request.query:
            caller = by_ticket(gateway.outlets.tickets, request)
        elif authenticator is None:
            caller = ADMIN
        else:
            caller = await authenticator.caller_of(request, surface)
            if scope != ANY_KEY:
                require(caller, scope)
        call = Call(request, gateway, caller)
        answer = await handler(call)
        if route.audit:
            await written_down(route, call, answer)
        return answer

    return handle


class _RequestIds:
    """Names requests."""

    def __init__(self, clock: Clock) -> None:
        self._ids, self._clock = IdSource(), clock

    def __call__(self, given: str | None) -> str:
        """Return the id that the client gave its request, where it can be one."""
        if given is not None and _ID.fullmatch(given):
            return given
        return self._ids.new("req", self._clock.now_ms())


def _edge(
    gateway: Gateway,
    door: Door,
    tallies: Tallies,
    unmatched: RouteTally,
    hosts: Hosts | None,
    request_ids: _RequestIds,
) -> Middleware:
    """Make the outermost layer: an id for each request, a problem for each error."""
    patience = Patience(gateway.clock)

    @web.middleware
    async def edge(request: web.Request, handler: _Inner) -> web.StreamResponse:
        door.heard(request)
        began = perf_counter()
        request_id = request_ids(request.headers.get("X-Request-Id"))
        request[REQUEST_ID] = request_id
        try:
            if hosts is not None:
                hosts.check(request.headers.get("Host"))
            answer = await handler(request)
        except RequestError as exc:
            answer = problems.response(exc, path=request.path, request_id=request_id)
        except web.HTTPException as exc:
            answer = problems.unrouted(exc, request, request_id)
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
                    retry_after=patience.refused(),
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
        headers.update(EVERY)
        took = perf_counter() - began if isinstance(answer, web.Response) else None
        counted = tallies.get(request.match_info.handler, unmatched)
        counted.count(answer.status, took)
        return answer

    return edge
