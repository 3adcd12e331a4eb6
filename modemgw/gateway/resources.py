"""The JSON resources beside messages: SIMs, modems, events, keys, webhooks, health.

Messages, batches and problems are in views.py.
"""

import msgspec

from modemgw.gateway.health_resources import HealthOfSim
from modemgw.gateway.model import SimView
from modemgw.gateway.routing_resources import RoutingOfSim
from modemgw.gateway.shapes import Json, Problem
from modemgw.gateway.upkeep_resources import BalanceOfSim, SelftestOfSim
from modemgw.gateway.views import instant, maybe_instant
from modemgw.gateway.wallet_resources import WalletOfSim
from modemgw.modem.model import ModemSnapshot
from modemgw.store.deliveries import DeliveryRow
from modemgw.store.events import EventRow
from modemgw.store.webhooks import WebhookRow


class Pace(msgspec.Struct, frozen=True):
    """At most `count` parts in `seconds`; `used` of them are gone."""

    count: int
    seconds: int
    used: int


class Sim(msgspec.Struct, frozen=True, kw_only=True):
    """One SIM card; quota and history follow the card, not the modem."""

    id: str
    name: str
    state: str
    why: str
    iccid: str | None
    imsi: str | None
    number: str | None
    smsc: str | None
    modem: str | None
    registration: str | None
    operator: str | None
    signal_dbm: int | None
    reports: bool
    pace: list[Pace]
    next_at: str | None
    first_seen_at: str | None
    last_seen_at: str | None
    health: HealthOfSim | None = None
    balance: BalanceOfSim | None = None
    selftest: SelftestOfSim | None = None
    wallet: WalletOfSim | None = None
    routing: RoutingOfSim | None = None


class SimList(msgspec.Struct, frozen=True):
    """Every SIM ever seen."""

    data: list[Sim]


def sim(view: SimView) -> Sim:
    """Render a SIM as the pool sees it now."""
    return Sim(
        id=view.name,
        name=view.name,
        state=view.state,
        why=view.why,
        iccid=view.iccid,
        imsi=view.imsi,
        number=view.number,
        smsc=view.smsc,
        modem=view.modem,
        registration=view.registration,
        operator=view.operator,
        signal_dbm=view.signal_dbm,
        reports=view.reports,
        pace=[Pace(window.count, window.seconds, window.used) for window in view.pace],
        next_at=maybe_instant(view.next_at),
        first_seen_at=maybe_instant(view.first_seen_at),
        last_seen_at=maybe_instant(view.last_seen_at),
        health=view.health,
        balance=view.balance,
        selftest=view.selftest,
        wallet=view.wallet,
        routing=view.routing,
    )


class Setting(msgspec.Struct, frozen=True):
    """One setting as it was made and as the modem reads it back.

    `said` is null where the modem will not tell; `holds` is then null, too.
    """

    setting: str
    wanted: str
    said: str | None
    holds: bool | None


class Modem(msgspec.Struct, frozen=True, kw_only=True):
    """One modem; `phase` is absent, starting, ready, recovering or parked."""

    id: str
    name: str
    port: str
    phase: str
    why: str
    sendable: bool
    busy: bool
    sim: str | None
    imei: str | None
    manufacturer: str | None
    model: str | None
    revision: str | None
    profile: str
    registration: str | None
    operator: str | None
    signal_dbm: int | None
    cnmi: str | None
    storages: str | None
    proof: list[Setting]
    rung: str | None
    faults: int
    since: str


class ModemList(msgspec.Struct, frozen=True):
    """Every modem of the pool."""

    data: list[Modem]


def modem(snapshot: ModemSnapshot, sim_name: str | None) -> Modem:
    """Render a modem as its actor sees it now."""
    return Modem(
        id=snapshot.name,
        name=snapshot.name,
        port=snapshot.port,
        phase=str(snapshot.phase.value),
        why=snapshot.why,
        sendable=snapshot.sendable,
        busy=snapshot.busy,
        sim=sim_name,
        imei=snapshot.imei,
        manufacturer=snapshot.manufacturer,
        model=snapshot.model,
        revision=snapshot.revision,
        profile=snapshot.profile,
        registration=snapshot.registration,
        operator=snapshot.operator,
        signal_dbm=snapshot.signal_dbm,
        cnmi=snapshot.cnmi,
        storages=snapshot.storages,
        proof=[Setting(p.setting, p.wanted, p.said, p.holds) for p in snapshot.proof],
        rung=snapshot.rung,
        faults=snapshot.faults,
        since=instant(snapshot.since_ms),
    )


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What a webhook gets, with the id that its header carries."""

    id: str
    type: str
    timestamp: str
    data: Json


class EventPage(msgspec.Struct, frozen=True):
    """Events behind a cursor; hand `next_cursor` back for what comes later."""

    data: list[Event]
    next_cursor: str
    has_more: bool


def event(row: EventRow) -> Event:
    """Render an event as it is pushed."""
    return Event(
        id=row.public_id or "",
        type=row.type,
        timestamp=instant(row.at),
        data=row.data,
    )


class Health(msgspec.Struct, frozen=True):
    """The process is alive; `clock` is `behind` while it is in the past."""

    status: str
    version: str
    time: str
    clock: str


class Readiness(msgspec.Struct, frozen=True):
    """Messages can be stored and sent."""

    ready: bool
    reasons: list[str]


class NotReady(Problem, frozen=True, kw_only=True):
    """Why messages cannot be stored or sent at the moment."""

    ready: bool
    reasons: list[str]


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint that is told of events; `declared` ones come from the file.

    Until `rotation_ends_at` the secret before the present one signs, too.
    """

    id: str
    url: str
    events: list[str]
    state: str
    declared: bool
    failing_since: str | None
    rotation_ends_at: str | None
    created_at: str


class NewWebhook(Webhook, frozen=True, kw_only=True):
    """An endpoint at the only moment its secret is shown."""

    secret: str


def webhook(row: WebhookRow) -> Webhook:
    """Render an endpoint."""
    return Webhook(**_webhook(row))


def new_webhook(row: WebhookRow) -> NewWebhook:
    """Render an endpoint with its secret: once, where it was made."""
    return NewWebhook(**_webhook(row), secret=row.secret)


def _webhook(row: WebhookRow) -> Json:
    return {
        "id": row.public_id,
        "url": row.url,
        "events": list(row.events),
        "state": row.state,
        "declared": row.declared,
        "failing_since": maybe_instant(row.failing_since),
        "rotation_ends_at": maybe_instant(row.old_until),
        "created_at": instant(row.created_at),
    }


class WebhookList(msgspec.Struct, frozen=True):
    """Every endpoint."""

    data: list[Webhook]


class FailedAttempt(msgspec.Struct, frozen=True):
    """What one attempt came to; `status` is null where no answer came."""

    at: str
    status: int | None
    ms: int | None
    error: str | None


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event on its way to one endpoint; `failures` are its attempts that failed."""

    id: str
    event_id: str
    event_type: str
    message_id: str | None
    state: str
    attempts: int
    next_attempt_at: str | None
    last_at: str | None
    last_status: int | None
    last_error: str | None
    last_ms: int | None
    failures: list[FailedAttempt]


class DeliveryPage(msgspec.Struct, frozen=True):
    """Deliveries to one endpoint, newest first."""

    data: list[Delivery]
    next_cursor: str | None
    has_more: bool


def delivery(row: DeliveryRow) -> Delivery:
    """Render how far one push is."""
    pending = row.state == "pending"
    return Delivery(
        id=row.public_id,
        event_id=row.event,
        event_type=row.type,
        message_id=row.message,
        state=row.state,
        attempts=row.attempts,
        next_attempt_at=instant(row.next_attempt_at) if pending else None,
        last_at=maybe_instant(row.last_at),
        last_status=row.last_status,
        last_error=row.last_error,
        last_ms=row.last_ms,
        failures=[
            FailedAttempt(instant(one.at), one.status, one.ms, one.error)
            for one in row.failures
        ],
    )
