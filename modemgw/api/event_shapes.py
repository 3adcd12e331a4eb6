"""What pushed events carry. Which type has which shape: pushed_events.py."""

import msgspec
from msgspec import UNSET, UnsetType

from modemgw.gateway.alarm_resources import AlarmOfGateway
from modemgw.gateway.shapes import Reason


class MessageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an outbound message; the newest `sequence` is the newest news."""

    id: str
    state: str
    sequence: int
    to: str
    reference: str | None
    sim: str | None
    segments: int
    latency_ms: int | UnsetType = UNSET  # since it was accepted
    reason: Reason | UnsetType = UNSET


class OptEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A recipient wants no more messages, or wants them again.

    `scope` is all or sim (of this SIM alone), `source` says how we know: sms, api …
    """

    number: str
    scope: str
    source: str
    id: str | UnsetType = UNSET  # of the message that said so
    sim: str | UnsetType | None = UNSET
    word: str | UnsetType = UNSET  # that was understood
    blocked: int | UnsetType = UNSET  # messages that waited for this number


class CallEvent(msgspec.Struct, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Somebody calls a SIM; once per call. `from` is null where it is withheld."""

    sim: str | None
    modem: str
    at: str
    to: str | None
    from_: str | None


class StorageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The memory of a SIM or modem is full, has room again, or keeps a dead record."""

    sim: str | None
    modem: str
    at: str
    memory: str | UnsetType = UNSET
    slot: int | UnsetType = UNSET
    messages: int | UnsetType = UNSET  # that it holds
    said: str | UnsetType = UNSET  # by the modem


class DataOnlyEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A SIM is registered for packets alone: it may be barred from SMS."""

    sim: str | None
    modem: str
    at: str
    creg: int | None  # <stat> of 3GPP TS 27.007, 7.2
    cereg: int | None


class SimEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A SIM came into service or left it; `cause` and `advice` where it is benched."""

    sim: str
    iccid: str | None
    modem: str | None
    why: str
    cause: str | None = None
    advice: str | None = None
    until: str | None = None
    benches: int = 0
    operator: str | None = None
    health: str | UnsetType = UNSET  # active, benched or parole


class BalanceLowEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The balance fell below what was configured; told once until it is above again."""

    sim: str
    iccid: str | None
    amount: str
    currency: str | None
    low: str
    at: str
    valid_until: str | None


class AllowanceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Little is left of a bundle, quota or cap, or somebody corrected what is used.

    Parts are numbers, money is text; `was` and `by` where it was corrected.
    """

    sim: str
    iccid: str | None
    what: str
    name: str
    used: int | str
    of: int | str
    left: int | str
    stops: bool
    until: str
    was: int | str | UnsetType = UNSET
    by: str | UnsetType = UNSET


class SelftestEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A self-test failed twice; `leg` is submit, delivery or report."""

    sim: str | None
    iccid: str | None
    to_sim: str | None
    leg: str | None
    why: str
    test: str
    at: str


class ModemEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A modem went out of service, or came back by a `rung` of recovery."""

    modem: str
    imei: str | None
    port: str
    phase: str
    why: str
    rung: str | UnsetType | None = UNSET
    previous_port: str | UnsetType = UNSET


class ModemPlaceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A modem was found, let go, or comes and goes too often (`losses`)."""

    modem: str
    imei: str | None
    port: str
    why: str | UnsetType = UNSET
    losses: int | UnsetType = UNSET


class VerificationEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A code was entered right, or can be entered no more."""

    id: str
    state: str
    to: str
    message_id: str | None


class WebhookPausedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint only failed for days, so nothing goes there until it is resumed."""

    id: str
    target: str
    failing_since: str
    detail: str | None
    state: str | UnsetType = UNSET


class AlarmEvent(AlarmOfGateway, frozen=True, kw_only=True):
    """Something is wrong on the box, still is, or is over (`cleared_at`).

    `kind` says what (docs/how-to/alarms.md), `subject` where: a modem, a SIM, an
    endpoint, or null for the gateway itself. `advice` says what to do.
    """


class StartedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """The gateway began to work; `clean`: it had ended in order before."""

    version: str
    clean: bool


class BackupDoneEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A backup was made and checked, with so many messages in it."""

    path: str
    octets: int
    seconds: float
    encrypted: bool
    messages: int


class BackupFailedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """No backup was made; told once a day while that goes on."""

    path: str
    why: str


class PingEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody tries out an endpoint."""

    webhook: str
    by: str


class BreakerEvent(msgspec.Struct, frozen=True, kw_only=True):
    """More parts left within an hour than may: nothing is sent until `until`.

    It goes on `by` time, or somebody who resumed it.
    """

    max_parts_per_hour: int
    until: str | UnsetType = UNSET
    by: str | UnsetType = UNSET
