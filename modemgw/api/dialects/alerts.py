"""Webhooks of Alertmanager and Grafana: one text for each change of a group.

They repeat what they could not deliver, and what goes on; two of them in a cluster
tell the same. What was texted is known by group, alerts and their beginnings, and
stored with the message, so nothing is texted twice within the route's interval
unless something changed. Answers make the sender do right: 200 after the commit,
503 to be called again, 4xx where that would not help.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import msgspec
from aiohttp import web
from msgspec import Meta

from modemgw.api import body, problems
from modemgw.api.answers import json_response
from modemgw.api.dialects import desk
from modemgw.api.dialects.desk import Ask, Dialect
from modemgw.api.problems import HttpError, NotFound, RequestError, field_error
from modemgw.config.alerts import DEFAULT_ROUTE, MAX_RECIPIENTS, AlertRoute
from modemgw.gateway import twilio
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Caller, Draft, IdempotencyKey, Submitted
from modemgw.policy import alert_text
from modemgw.policy.alert_text import Alert, Group
from modemgw.store import idempotency

SURFACE = "alertmanager"
MAX_BODY = 1024 * 1024  # octets; a group of hundreds of alerts is long
MAX_REFERENCE = 200
RETRY_S = 30
_TEMPORARY = frozenset({408, 409, 429, 500, 503})  # 409: a twin is being written

Words = dict[str, str]


class AlertBody(msgspec.Struct):
    """One alert; of Grafana, too. Other fields are let be."""

    labels: Words = {}
    annotations: Words = {}
    status: str = "firing"
    startsAt: str = ""
    fingerprint: str = ""


class GroupBody(msgspec.Struct):
    """What is posted: version 4 of Alertmanager's webhooks, and Grafana's."""

    alerts: Annotated[list[AlertBody], Meta(min_length=1, max_length=10_000)]
    status: str = "firing"
    groupKey: str = ""
    receiver: str = ""
    commonLabels: Words = {}
    commonAnnotations: Words = {}
    externalURL: str = ""
    truncatedAlerts: Annotated[int, Meta(ge=0, le=10**9)] = 0
    title: str = ""
    message: str = ""


_group = msgspec.json.Decoder(GroupBody)


@dataclass(frozen=True, slots=True)
class Told:
    """Under which key a text to one number is remembered, and where to look first."""

    key: IdempotencyKey
    earlier: str  # the same in the interval before


async def post_alerts(ask: Ask) -> web.Response:
    """Text a group of alerts to the recipients of a route."""
    caller = await _caller(ask)
    route = _route(ask)
    recipients = _recipients(ask, route)
    octets = await body.octets(ask.request, MAX_BODY)
    group = _read(body.decode(_group, octets))
    if group.status == "resolved" and not route.resolved:
        return _done([])
    text = alert_text.compose(route.text, group, max_segments=route.max_segments)
    wanted: list[tuple[Draft, IdempotencyKey]] = []
    for to in recipients:
        told = _told(ask.gateway, route, group, to)
        if not await _is_fresh(ask.gateway, caller, told, route):
            wanted.append((_draft(to, text, group), told.key))
    found = await desk.submit_all(
        ask.gateway,
        [draft for draft, _ in wanted],
        caller,
        [key for _, key in wanted],
    )
    _raise_worst(found)
    return _done([one.id for one in found if isinstance(one, Submitted)])


def _draft(to: str, text: str, group: Group) -> Draft:
    name = group.labels.get("alertname", "")
    return Draft(
        to=to,
        text=desk.plain(text),
        klass="alert",
        reference=desk.plain(name[:MAX_REFERENCE]) or None,
        metadata={"surface": SURFACE, "status": group.status},
    )


def _raise_worst(found: Sequence[Submitted | RequestError]) -> None:
    """Raise what the sender has to know: first that it should come again."""
    errors = [one for one in found if isinstance(one, RequestError)]
    for error in sorted(errors, key=lambda one: one.status not in _TEMPORARY):
        raise error


def _done(ids: Sequence[str]) -> web.Response:
    headers = {"X-Modemgw-Messages": ",".join(ids)} if ids else {}
    return json_response(b"{}", headers=headers)


def _route(ask: Ask) -> AlertRoute:
    """Return the route of the path; a `default` that nobody wrote has no numbers."""
    name = ask.request.match_info.get("route", DEFAULT_ROUTE)
    for route in ask.gateway.config.alerts:
        if route.name == name:
            return route
    if name == DEFAULT_ROUTE:
        return AlertRoute()
    raise NotFound(
        f"there is no route {name[:40]!r} under `alerts` in the configuration"
    )


def _recipients(ask: Ask, route: AlertRoute) -> list[str]:
    """Return whom to text: those of the query, else those of the route."""
    given = ask.request.query.getall("to", [])
    for name in ask.request.query:
        if name != "to":
            raise field_error(f"?{name}", "unknown_parameter", "there is only ?to=")
    found = [one for text in given for one in text.split(",")]
    # A plus in a query string arrives as a space.
    found = [f"+{one[1:]}" if one[:1] == " " else one for one in found if one.strip()]
    numbers = list(dict.fromkeys(found)) or list(route.to)
    if not numbers:
        raise field_error(
            "?to",
            "required",
            f"the route {route.name!r} has no recipients: name them in the "
            "configuration, or as ?to=+49…",
        )
    if len(numbers) > MAX_RECIPIENTS:
        raise field_error("?to", "too_long", f"at most {MAX_RECIPIENTS} recipients")
    return numbers


def _read(posted: GroupBody) -> Group:
    return Group(
        status="resolved" if posted.status == "resolved" else "firing",
        alerts=[
            Alert(
                status="resolved" if one.status == "resolved" else "firing",
                labels=one.labels,
                annotations=one.annotations,
                starts_at=one.startsAt,
                fingerprint=one.fingerprint or _print_of(one.labels),
            )
            for one in posted.alerts
        ],
        labels=posted.commonLabels,
        annotations=posted.commonAnnotations,
        receiver=posted.receiver,
        url=posted.externalURL,
        title=posted.title,
        message=posted.message,
        truncated=posted.truncatedAlerts,
        key=posted.groupKey,
    )


def _print_of(labels: Mapping[str, str]) -> str:
    return hashlib.sha256(msgspec.json.encode(sorted(labels.items()))).hexdigest()


def _told(gateway: Gateway, route: AlertRoute, group: Group, to: str) -> Told:
    """Name what is told to one number: the same alerts in the same state.

    The key holds for one interval of the clock, so the one before is looked at, too.
    """
    what: list[Any] = [route.name, to, group.key, group.status]
    what.append(sorted((a.fingerprint, a.status, a.starts_at) for a in group.alerts))
    digest = hashlib.sha256(msgspec.json.encode(what)).digest()
    interval_ms = int(route.repeat_interval * 1000)
    turn = gateway.clock.now_ms() // interval_ms
    name = f"alert:{digest.hex()}:{interval_ms}"
    return Told(IdempotencyKey(f"{name}:{turn}", digest), f"{name}:{turn - 1}")


async def _is_fresh(
    gateway: Gateway, caller: Caller, told: Told, route: AlertRoute
) -> bool:
    """Tell whether the same was texted in the interval before, and lately enough."""
    now = gateway.clock.now_ms()
    old = await gateway.store.read(
        lambda db: idempotency.get(db, caller.key_id, told.earlier, now)
    )
    return old is not None and now - old.created_at < route.repeat_interval * 1000


async def _caller(ask: Ask) -> Caller:
    """Return whose key it is: as Bearer, or as the password of Basic."""
    given = ask.request.headers.get("Authorization", "")
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer":
        basic = twilio.basic(given)
        if basic is None:
            raise ask.nobody("this path needs a key: as Bearer, or as a Basic password")
        _, token = basic
    return await ask.by_token(token.strip(), desk.SEND)


def _refused(request: web.Request, error: RequestError) -> web.Response:
    """Answer so that the sender repeats what may work later, and nothing else.

    Alertmanager repeats after 5xx alone, so 429 and the like are 503 here.
    """
    if error.status in _TEMPORARY:
        error = HttpError(
            "not-ready", 503, error.detail, retry_after=error.retry_after or RETRY_S
        )
    return problems.response(error, path=request.path)


_PATHS = tuple(
    f"/hooks/{sender}{route}"
    for sender in ("alertmanager", "grafana")
    for route in ("", "/{route}")
)
DIALECT = Dialect(SURFACE, tuple(("POST", p, post_alerts) for p in _PATHS), _refused)
