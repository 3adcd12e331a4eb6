"""The JSON of the gateway at one glance: for `modemgw status` and `modemgw top`.

Only on the admin socket, so it may grow; programs read the API.
"""

import msgspec

from modemgw.gateway.shapes import Json


class ModemAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """One modem; `busy_ms` is how long the text on the air is there already."""

    name: str
    phase: str
    why: str
    port: str
    sim: str | None
    registration: str | None
    operator: str | None
    signal_dbm: int | None
    sendable: bool
    busy_ms: int | None
    since: str
    faults: int


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of one quota, bundle or cap; an amount of money as text."""

    name: str
    left: int | str
    of: int | str
    until: str


class SimAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """One SIM; `today` counts parts since midnight, `per_minute` those of late."""

    name: str
    state: str
    why: str
    modem: str | None
    operator: str | None
    signal_dbm: int | None
    health: str | None
    score: int | None
    today: int | None
    per_minute: float
    left: list[Left]
    balance: str | None
    balance_low: bool
    next_at: str | None


class QueueAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """What is open, by state; null where too much waits to be counted quickly."""

    states: dict[str, int] | None
    oldest_at: str | None
    most: int


class WebhookAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """One endpoint that needs a look."""

    id: str
    url: str
    state: str
    failing_since: str | None


class WebhooksAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries that wait and that were given up, and endpoints in trouble."""

    endpoints: int
    pending: int
    dead: int
    troubled: list[WebhookAtAGlance]


class DiskAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """The disk of the data, in octets; `writable`: the database takes writes."""

    free: int
    size: int
    database: int
    writable: bool


class LastHour(msgspec.Struct, frozen=True):
    """What became of messages; `seconds` is less than an hour after a start."""

    seconds: int
    outcomes: dict[str, int]


class BackupAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """The last backup that is known of."""

    at: str
    ok: bool
    detail: str


class TroubleAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong, since when, and what to do about it."""

    kind: str
    subject: str
    what: str
    advice: str
    since: str


class EventAtAGlance(msgspec.Struct, frozen=True, kw_only=True):
    """A pushed event without texts."""

    id: str
    type: str
    at: str
    data: Json


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole gateway; `level` is well, degraded or down (nothing can be sent)."""

    level: str
    version: str
    time: str
    started_at: str
    ready: bool
    reasons: list[str]
    paused_by: str | None
    paused_since: str | None
    troubles: list[TroubleAtAGlance]
    modems: list[ModemAtAGlance]
    sims: list[SimAtAGlance]
    queue: QueueAtAGlance
    last_hour: LastHour
    webhooks: WebhooksAtAGlance
    disk: DiskAtAGlance
    backup: BackupAtAGlance | None
    recent: list[EventAtAGlance]
