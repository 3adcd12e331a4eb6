"""What requests may contain: one struct per body and per query string.

Types and choices are checked here; numbers, texts, limits and targets in the
gateway, which every front end shares. Unknown fields are errors everywhere.
"""

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from modemgw.api import body
from modemgw.api.problems import FieldError, field_error
from modemgw.gateway.model import Draft, FallbackStep

Class = Literal["alert", "otp", "transactional", "marketing"]
Priority = Literal["low", "normal", "high", "urgent"]
Encoding = Literal["auto", "gsm7", "national", "ucs2"]
OnInDoubt = Literal["hold", "wait_report", "resend", "drop"]
Scope = Literal[
    "messages:send", "messages:read", "at:read", "sims:read", "sims:write",
    "modems:read", "modems:write", "modems:at", "metrics:read",
    "webhooks:read", "webhooks:write", "events:read",
    "consent:read", "consent:write", "messages:redact", "verify:send", "admin",
]  # fmt: skip
Preset = Literal["sender", "reader", "monitor", "admin"]
Surface = Literal["native", "smseagle", "twilio", "alertmanager"]
Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339, with a zone")]
MAX_REFERENCE = 200  # characters
MAX_WAIT_S = 60
_LATEST = datetime.fromisoformat("9000-01-01T00:00:00+00:00")  # keeps sums in range
_EARLIEST = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A request: what it does not know, it refuses."""


class Route(Strict):
    """Which SIM may carry the message; empty: any of the pool `default`."""

    pool: Annotated[str, Meta(examples=["cheap"])] | None = None
    sim: str | None = None
    modem: str | None = None
    sticky: (
        Annotated[
            bool,
            Meta(description="prefer the SIM in touch with the number last"),
        ]
        | None
    ) = None


class Fallback(Strict):
    """Where the message may go, too, when nothing of it has left by then.

    `after` counts from the moment it may leave; give one of sim, modem and pool.
    """

    after: Annotated[int, Meta(ge=1, description="seconds")]
    sim: str | None = None
    modem: str | None = None
    pool: str | None = None


_FALLBACK = [{"after": 120, "sim": "spare"}, {"after": 600, "pool": "default"}]


class SubmitRequest(Strict, rename={"class_": "class"}):
    """One message to one recipient."""

    to: Annotated[str, Meta(description="E.164, a national number or a short code")]
    text: str | None = None
    data: Annotated[str, Meta(description="base64, instead of text")] | None = None
    port: Annotated[int, Meta(ge=0, le=65535)] | None = None
    class_: Class = "transactional"
    route: Route | None = None
    send_at: Instant | None = None
    expires_in: (
        Annotated[int, Meta(ge=1, le=366 * 86400, description="seconds")] | None
    ) = None
    priority: Priority = "normal"
    encoding: Encoding = "auto"
    max_segments: Annotated[int, Meta(ge=1, le=255)] | None = None
    flash: bool = False
    delivery_report: bool = True
    on_in_doubt: OnInDoubt | None = None
    fallback: Annotated[list[Fallback], Meta(examples=[_FALLBACK])] | None = None
    reference: Annotated[str, Meta(max_length=MAX_REFERENCE)] | None = None
    tags: Annotated[list[str], Meta(max_length=20)] = []
    metadata: dict[str, Any] = {}
    callback_url: Annotated[str, Meta(max_length=2048)] | None = None

    def draft(self) -> Draft:
        """Return what the gateway takes; raises FieldError."""
        route = self.route or _ANYWHERE
        if _has_nul(self):
            raise _nul(self)
        return Draft(
            to=self.to,
            text=self.text,
            data=None if self.data is None else _octets(self.data),
            port=self.port,
            klass=self.class_,
            sim=route.sim,
            modem=route.modem,
            pool=route.pool,
            sticky=route.sticky,
            fallback=_steps(self.fallback) if self.fallback else (),
            send_at=None if self.send_at is None else _unix_ms(self.send_at),
            expires_in=self.expires_in,
            priority=self.priority,
            encoding=self.encoding,
            max_segments=self.max_segments,
            flash=self.flash,
            delivery_report=self.delivery_report,
            on_in_doubt=self.on_in_doubt,
            reference=self.reference,
            tags=tuple(self.tags),
            metadata=_metadata(self.metadata) if self.metadata else {},
            callback_url=self.callback_url,
        )


_ANYWHERE = Route()


def _steps(fallback: list[Fallback]) -> tuple[FallbackStep, ...]:
    return tuple(
        FallbackStep(step.after, step.sim, step.modem, step.pool) for step in fallback
    )


def _has_nul(request: SubmitRequest) -> bool:
    """Tell whether a text holds NUL, which phones and databases cut texts at."""
    return (
        (request.text is not None and "\x00" in request.text)
        or (request.reference is not None and "\x00" in request.reference)
        or (bool(request.tags) and any("\x00" in tag for tag in request.tags))
    )


def _nul(request: SubmitRequest) -> FieldError:
    if "\x00" in (request.text or ""):
        pointer = "/text"
    elif "\x00" in (request.reference or ""):
        pointer = "/reference"
    else:
        index = next(n for n, tag in enumerate(request.tags) if "\x00" in tag)
        pointer = f"/tags/{index}"
    return field_error(pointer, "invalid_value", "must not hold NUL")


class BatchRequest(Strict):
    """Many messages in one transaction; `defaults` hold what they share."""

    messages: Annotated[list[msgspec.Raw], Meta(min_length=1, max_length=10_000)]
    defaults: dict[str, Any] | None = None


class BatchDocument(Strict):
    """A batch as the documentation shows it."""

    messages: Annotated[list[SubmitRequest], Meta(min_length=1, max_length=10_000)]
    defaults: dict[str, Any] | None = None


class SettleRequest(Strict, rename={"as_": "as"}):
    """A person's decision about a message in doubt."""

    as_: Literal["sent", "failed", "resend"]


class Nothing(Strict):
    """No fields: an empty body or `{}`."""


class WebhookRequest(Strict):
    """An endpoint to be told of events."""

    url: str
    events: Annotated[list[str], Meta(min_length=1, max_length=50)]
    secret: Annotated[str, Meta(description="whsec_…; made where absent")] | None = None


class WebhookPatch(Strict):
    """What may change about an endpoint; `active` wakes a paused one."""

    url: str | None = None
    events: Annotated[list[str], Meta(min_length=1, max_length=50)] | None = None
    state: Literal["active", "paused"] | None = None


Limits = Annotated[
    list[Annotated[str, Meta(max_length=40)]],
    Meta(max_length=10, description="100/day for parts, 5.00/month for money"),
]


Words = Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=100)]
KeyScopes = Annotated[list[Scope | Preset], Meta(min_length=1, max_length=30)]
KeyName = Annotated[str, Meta(min_length=1, max_length=100)]
Cidrs = Annotated[Words, Meta(description="networks it may be used from; []: any")]
KeySims = Annotated[Words, Meta(description="SIMs that may carry its messages")]
Destinations = Annotated[
    Words, Meta(description="prefixes, countries, short codes: +4366, DE, 80888, short")
]


class KeyRequest(Strict):
    """A new API key; an empty list means anything."""

    name: KeyName
    scopes: KeyScopes
    limits: Limits = []
    cidrs: Cidrs = []
    surfaces: list[Surface] = []
    sims: KeySims = []
    classes: list[Class] = []
    destinations: Destinations = []
    expires_at: Instant | None = None


class KeyPatch(Strict):
    """What changes of a key; an empty list, or null, lifts what was set."""

    name: KeyName | UnsetType = UNSET
    scopes: KeyScopes | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET
    cidrs: Cidrs | UnsetType = UNSET
    surfaces: list[Surface] | UnsetType = UNSET
    sims: KeySims | UnsetType = UNSET
    classes: list[Class] | UnsetType = UNSET
    destinations: Destinations | UnsetType = UNSET
    expires_at: Instant | UnsetType | None = UNSET


class RotateRequest(Strict):
    """A new secret for a key; the old one opens it for `overlap` seconds more."""

    overlap: Annotated[int, Meta(ge=0, le=30 * 86_400)] = 86_400


class UssdRequest(Strict):
    """A USSD code for the network of a SIM."""

    code: Annotated[str, Meta(max_length=182, description="such as *100#")]


class UssdReply(Strict):
    """A reply to a USSD menu."""

    text: Annotated[str, Meta(max_length=182)]


class ConsoleRequest(Strict):
    """One AT command; `unsafe` lets through what bills, bricks or breaks."""

    command: Annotated[str, Meta(max_length=400)]
    unsafe: bool = False
    timeout: Annotated[int, Meta(ge=1, le=180, description="seconds")] = 20


class NoQuery(Strict):
    """No query parameters."""


class SubmitQuery(Strict):
    """How POST /v1/messages answers."""

    wait: Annotated[int, Meta(ge=0, le=MAX_WAIT_S, description="seconds")] = 0
    dry_run: bool = False
    duplicate: Annotated[
        Literal["warn", "refuse"],
        Meta(description="the same text for the same number a short while ago"),
    ] = "warn"


Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=64)]


class TranscriptQuery(Strict):
    """How many lines of the wire, the newest ones."""

    limit: Annotated[int, Meta(ge=1, le=1000)] = 200


class JournalQuery(Strict):
    """How many entries, the newest ones."""

    limit: Annotated[int, Meta(ge=1, le=300)] = 100


class DeliveryQuery(Strict):
    """Which deliveries to list, newest first."""

    state: Literal["pending", "done", "dead"] | None = None
    limit: Limit = 50
    cursor: Cursor | None = None


class MessageQuery(Strict, rename={"from_": "from"}):
    """Which messages to list, newest first."""

    direction: Literal["outbound", "inbound"] | None = None
    state: Annotated[str, Meta(description="one or more, comma separated")] | None = (
        None
    )
    to: str | None = None
    from_: str | None = None
    sim: str | None = None
    tag: str | None = None
    reference: str | None = None
    batch_id: str | None = None
    since: str | None = None
    until: str | None = None
    q: Annotated[str, Meta(max_length=200, description="part of the text")] | None = (
        None
    )
    limit: Limit = 50
    cursor: Cursor | None = None
    count: bool = False


class EventQuery(Strict):
    """Which events to read, oldest first."""

    types: Annotated[str, Meta(max_length=500, description="message.*,sim.up")] = "*"
    since: Annotated[str, Meta(max_length=64, description="evt_…, not included")] | (
        None
    ) = None
    cursor: Cursor | None = None
    limit: Limit = 50


def unix_ms(text: str, pointer: str) -> int:
    """Read an instant of a query string; raises FieldError at `pointer`."""
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        raise field_error(pointer, "invalid_value", "expected RFC 3339") from None
    if when.tzinfo is None:
        raise field_error(pointer, "invalid_value", "the zone is missing (add Z)")
    return _unix_ms(when, pointer)


def end_ms(when: datetime | None, now_ms: int) -> int | None:
    """Return when a key ends; raises FieldError where that is past."""
    if when is None:
        return None
    end = _unix_ms(when, "/expires_at")
    if end <= now_ms:
        raise field_error("/expires_at", "out_of_range", "is in the past")
    return end


def _unix_ms(when: datetime, pointer: str = "/send_at") -> int:
    if not _EARLIEST <= when < _LATEST:
        raise field_error(pointer, "invalid_value", "is outside of the years we keep")
    return round(when.timestamp() * 1000)


def _octets(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise field_error("/data", "invalid_value", "is not base64") from None


def _metadata(value: dict[str, Any]) -> dict[str, Any]:
    if body.depth_of(value) > body.MAX_DEPTH:
        raise field_error(
            "/metadata", "too_deep", f"is nested deeper than {body.MAX_DEPTH} levels"
        )
    return value
