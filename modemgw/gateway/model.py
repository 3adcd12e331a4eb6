"""Values that cross the gateway's border: what front ends hand in and get back.

Nothing here does I/O or knows HTTP. Instants are Unix milliseconds, durations
say their unit; `None` means "as configured" or "not known".
"""

from dataclasses import dataclass

import msgspec

from modemgw.gateway.health_resources import HealthOfSim
from modemgw.gateway.key_rules import KeyRules
from modemgw.gateway.routing_resources import RoutingOfSim
from modemgw.gateway.tokens import Lease
from modemgw.gateway.upkeep_resources import BalanceOfSim, SelftestOfSim
from modemgw.gateway.wallet_resources import WalletOfSim


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks: an API key, or the admin socket (`key_id` None, scope `admin`)."""

    key_id: int | None
    name: str
    scopes: frozenset[str]
    address: str  # peer address, or "unix"
    rules: KeyRules | None = None  # None: it may do all that its scopes say
    lease: Lease | None = None  # of the access token it came with

    def may(self, scope: str) -> bool:
        """Tell whether this caller has `scope`; `admin` implies every scope."""
        return scope in self.scopes or "admin" in self.scopes


@dataclass(frozen=True, slots=True)
class FallbackStep:
    """Where else a message may go when nothing of it has left by then: one of them."""

    after: int  # seconds from the moment it may leave
    sim: str | None = None
    modem: str | None = None
    pool: str | None = None


class Draft(msgspec.Struct, frozen=True):  # a struct: made in a tenth of the time
    """One message as a client wants it, typed but not yet checked.

    Numbers, texts, limits and targets are checked by `Gateway.submit`, which
    names what is wrong by JSON pointer (`/to`, `/text`, `/route/sim` …).
    """

    to: str
    text: str | None = None
    data: bytes | None = None
    port: int | None = None
    klass: str = "transactional"
    sim: str | None = None  # name or id of the one SIM that may carry it
    modem: str | None = None  # name of the one modem that may carry it
    pool: str | None = None  # name of the pool whose SIMs may carry it
    sticky: bool | None = None  # prefer the SIM in touch with it last; as configured
    fallback: tuple[FallbackStep, ...] = ()
    send_at: int | None = None
    expires_in: int | None = None  # seconds from the moment it may leave
    priority: str = "normal"
    encoding: str = "auto"
    max_segments: int | None = None
    flash: bool = False
    delivery_report: bool = True
    on_in_doubt: str | None = None
    reference: str | None = None
    tags: tuple[str, ...] = ()
    metadata: dict[str, object] = {}
    callback_url: str | None = None
    dialect: str | None = None  # how what is called back is written; as a webhook
    past_opt_out: bool = False  # to who opted out, too: the one confirmation, and help
    refuse_duplicate: bool = False  # not where the same was accepted a moment ago
    resend_of: str | None = None  # the message that this one repeats
    verification: str | None = None  # the text holds a one-time code: shown to nobody


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A client's promise that the same key means the same request, for 24 hours."""

    key: str
    body_hash: bytes  # SHA-256 of the path and the request body


class Submitted(msgspec.Struct, frozen=True):
    """The answer to one accepted message, byte for byte as a replay repeats it."""

    id: str  # msg_…
    status: int  # HTTP status of the first answer: 202, or 200 for a dry run
    body: bytes  # JSON of the message resource (views.encode)
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class BatchResult:
    """The answer to a batch, byte for byte as a replay repeats it."""

    id: str  # bat_…
    status: int
    body: bytes  # JSON with batch_id, accepted, rejected, results (views.batch_body)
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class PaceWindow:
    """How much of one pace window of a SIM is used: at most `count` in `seconds`."""

    count: int
    seconds: int
    used: int


@dataclass(frozen=True, slots=True)
class SimView:
    """One SIM as the pool sees it now."""

    name: str
    iccid: str | None
    imsi: str | None
    number: str | None
    smsc: str | None
    modem: str | None  # the modem it sits in, None while it is in none
    # ready, paced, benched, paused, waiting (modem not ready or no network), absent
    state: str
    why: str  # sentence for people
    registration: str | None
    operator: str | None
    signal_dbm: int | None
    reports: bool  # delivery reports are asked for
    pace: tuple[PaceWindow, ...]  # empty: as fast as the modem
    next_at: int | None  # when the pace lets the next part go, None: now
    first_seen_at: int | None
    last_seen_at: int | None
    health: HealthOfSim | None = None
    balance: BalanceOfSim | None = None
    selftest: SelftestOfSim | None = None
    wallet: WalletOfSim | None = None
    routing: RoutingOfSim | None = None


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether the gateway can do its job; `reasons` say why not, one sentence each."""

    ready: bool
    reasons: tuple[str, ...]
