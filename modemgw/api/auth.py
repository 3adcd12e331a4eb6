"""Who asks, and whether they may: keys from the Authorization header.

A key is looked up in the gateway's ring. Wrong keys cost their sender time: after
a few failures from one address only keys already in memory are looked at from
there, so guessing can neither load the database nor lock anybody out.
"""

from collections import OrderedDict
from collections.abc import Awaitable, Callable

from aiohttp import web

from modemgw.api.peers import network, peer
from modemgw.api.problems import HttpError
from modemgw.clock import Clock
from modemgw.gateway import key_rules, ratelimit
from modemgw.gateway.key_rules import KeyRestricted
from modemgw.gateway.keys import KeyRing, Opens
from modemgw.gateway.model import Caller
from modemgw.gateway.tickets import Tickets

FREE_FAILURES = 10  # per address, before it is slowed
FIRST_PAUSE_S = 1.0  # doubled with every further failure
LONGEST_PAUSE_S = 60.0
FORGET_AFTER_S = 600.0  # without a failure
MAX_ADDRESSES = 4096  # remembered; the one that failed longest ago goes first
MAX_TOKEN = 100  # characters

ADMIN = Caller(
    key_id=None, name="admin socket", scopes=frozenset({"admin"}), address="unix"
)


class FailureGuard:
    """Counts failed attempts per address, in bounded memory."""

    def __init__(
        self, clock: Clock, on_burst: Callable[[str, int], None] | None = None
    ) -> None:
        """`on_burst` hears of each address that is slowed from now on."""
        self._clock = clock
        self._on_burst = on_burst
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def pause_left(self, address: str) -> float:
        """Return how many seconds `address` has still to wait; 0: none."""
        known = self._failures.get(network(address))
        if known is None:
            return 0.0
        count, last = known
        if count < FREE_FAILURES:
            return 0.0
        doublings = min(count - FREE_FAILURES, 10)
        pause = min(FIRST_PAUSE_S * 2.0**doublings, LONGEST_PAUSE_S)
        return max(0.0, last + pause - self._clock.monotonic())

    def failed(self, address: str) -> None:
        """Count one failure."""
        own, now = network(address), self._clock.monotonic()
        count, last = self._failures.pop(own, (0, now))
        if now - last > FORGET_AFTER_S:
            count = 0
        self._failures[own] = (count + 1, now)
        if count + 1 == FREE_FAILURES and self._on_burst is not None:
            self._on_burst(address, count + 1)
        while len(self._failures) > MAX_ADDRESSES:
            self._failures.popitem(last=False)


class Authenticator:
    """Turns what a request brings into a Caller: the one place for every door."""

    def __init__(
        self,
        ring: KeyRing,
        clock: Clock,
        peer_of: Callable[[web.Request], str] = peer,
        on_burst: Callable[[str, int], None] | None = None,
    ) -> None:
        """`peer_of` tells where a request comes from; `on_burst` as the guard's."""
        self._ring = ring
        self._guard = FailureGuard(clock, on_burst)
        self._peer_of = peer_of

    def peer_of(self, request: web.Request) -> str:
        """Return the address that a request comes from, past proxies of ours."""
        return self._peer_of(request)

    def heed(self, request: web.Request) -> None:
        """Refuse an address that guessed wrong too often, with 429."""
        pause = self._guard.pause_left(self._peer_of(request))
        if pause > 0:
            raise _too_often(pause)

    def failed(self, request: web.Request) -> None:
        """Count a wrong guess against an address."""
        self._guard.failed(self._peer_of(request))

    async def caller_of(
        self, request: web.Request, surface: str = key_rules.NATIVE
    ) -> Caller:
        """Return who asks by the Authorization header.

        Raises 401 where there is no valid key, 403 where its rules forbid to ask from
        there or by this door, 429 after too many failures.
        """
        given = request.headers.get("Authorization")
        if given is None:
            raise _unauthorized("this path needs a key: Authorization: Bearer mgw_…")
        scheme, _, token = given.partition(" ")
        if scheme.lower() != "bearer":
            self._guard.failed(self._peer_of(request))
            raise _unauthorized(_FORM)
        caller = self._cached(request, token.strip())
        if caller is None:  # else, as nearly always, nothing is awaited here
            caller = await self._find(request, token.strip())
        return _at(caller, surface)

    def known(self, token: str, address: str) -> Caller | None:
        """Return whose key this is; None: ask the other ways, which say why not."""
        caller = self._ring.passing(token, address)
        is_for = caller is not None and (
            caller.rules is None or caller.rules.serves(key_rules.NATIVE)
        )
        return caller if is_for else None

    async def by_token(self, request: web.Request, token: str, surface: str) -> Caller:
        """Return whose key or access token this is; raises as `caller_of` does."""
        caller = self._cached(request, token)
        if caller is None:
            caller = await self._find(request, token)
        return _at(caller, surface)

    def _cached(self, request: web.Request, token: str) -> Caller | None:
        address = self._peer_of(request)
        if len(token) > MAX_TOKEN or not token.isascii():
            self._guard.failed(address)
            raise _unauthorized(_FORM)
        return self._ring.cached(token, address)

    async def _find(self, request: web.Request, token: str) -> Caller:
        address = self._peer_of(request)
        return await self._look_up(address, lambda: self._ring.find(token, address))

    async def by_proof(
        self, request: web.Request, public_id: str, opens: Opens, surface: str
    ) -> Caller:
        """Return whose key this is, proven by something made from it.

        Raises as `caller_of` does.
        """
        address = self._peer_of(request)
        caller = self._ring.cached_by(public_id, opens, address)
        if caller is None:
            caller = await self._look_up(
                address, lambda: self._ring.find_by(public_id, opens, address)
            )
        return _at(caller, surface)

    def refuse(self, request: web.Request, detail: str) -> HttpError:
        """Return the error for who brings nothing usable; what is wrong counts."""
        if "Authorization" in request.headers:
            self._guard.failed(self._peer_of(request))
        return _unauthorized(detail)

    async def _look_up(
        self, address: str, find: Callable[[], Awaitable[Caller | None]]
    ) -> Caller:
        pause = self._guard.pause_left(address)
        if pause > 0:
            raise _too_often(pause)
        caller = await find()
        if caller is None:
            self._guard.failed(address)
            raise _unauthorized(
                "the key or token is unknown, has ended or was revoked", invalid=True
            )
        return caller


def _at(caller: Caller, surface: str) -> Caller:
    """Refuse a key that does not open this door."""
    if caller.rules is not None and not caller.rules.serves(surface):
        raise KeyRestricted(
            f"the key {caller.name!r} is not for the surface {surface!r}"
        )
    return caller


AUTHENTICATOR = web.AppKey("authenticator", Authenticator)
_FORM = "the Authorization header must be: Bearer mgw_…"


def by_ticket(tickets: Tickets, request: web.Request) -> Caller:
    """Return whom the ticket in the URL stands for; 401 where it is worth nothing.

    Nobody is slowed for a wrong one: it is too long to be guessed within its life.
    """
    given = request.query.getall("ticket")
    address = request.app[AUTHENTICATOR].peer_of(request)
    caller = tickets.redeem(given[0], address) if len(given) == 1 else None
    if caller is None:
        raise _unauthorized("the ticket is unknown, used or older than 30 seconds")
    return caller


def require(caller: Caller, scope: str) -> None:
    """Refuse a caller whose key lacks `scope`."""
    if not caller.may(scope):
        raise HttpError(
            "forbidden", 403, f"the key {caller.name!r} lacks the scope {scope}"
        )


def _too_often(pause: float) -> HttpError:
    return HttpError(
        "too-many-failures",
        429,
        "too many wrong keys came from this address",
        headers=ratelimit.used_up("failures", FREE_FAILURES, FORGET_AFTER_S, pause),
        retry_after=pause,
    )


def _unauthorized(detail: str, *, invalid: bool = False) -> HttpError:
    challenge = 'Bearer realm="modemgw"'
    if invalid:
        challenge += ', error="invalid_token"'
    return HttpError(
        "unauthorized", 401, detail, headers={"WWW-Authenticate": challenge}
    )
