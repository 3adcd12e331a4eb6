"""What a file may say about alerts of monitoring systems: who gets which text."""

from collections.abc import Sequence
from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.positions import Section
from modemgw.policy import alert_text

DEFAULT_ROUTE = "default"
MAX_INTERVAL_S = 12 * 3600.0  # what was texted is remembered for a day
MAX_RECIPIENTS = 50
MAX_SEGMENTS = 10


class AlertRoute(msgspec.Struct, frozen=True):
    """Who is texted when Alertmanager or Grafana calls."""

    name: Annotated[
        str,
        key(
            "Last part of the address: /hooks/alertmanager/NAME, /hooks/grafana/NAME. "
            "The route `default` answers without it, too.",
            unit="up to 32 of A-Z a-z 0-9 . _ -",
            default="default",
        ),
    ] = DEFAULT_ROUTE
    to: Annotated[
        tuple[str, ...],
        key(
            "The recipients. A request may name others: ?to=+49….",
            unit="list of phone numbers",
            default="[]",
        ),
    ] = ()
    text: Annotated[
        str,
        key(
            "What they are told. Fields: "
            + ", ".join(f"{{{name}}}" for name in alert_text.FIELDS)
            + ", {label.NAME}, {annotation.NAME}.",
            unit="text with {name} fields",
            default=alert_text.DEFAULT,
        ),
    ] = alert_text.DEFAULT
    max_segments: Annotated[
        int,
        key(
            "A longer text is cut; 1 is 160 characters.",
            unit=f"1 to {MAX_SEGMENTS}",
            default="1",
        ),
    ] = 1
    resolved: Annotated[
        bool,
        key("Whether to text when it is over, too.", unit="on or off", default="on"),
    ] = True
    repeat_interval: Annotated[
        float,
        key(
            "Alerts that did not change are not texted again within it, however often "
            "they come. Less than the repeat_interval of your Alertmanager.",
            unit="duration up to 12h",
            default="1h",
        ),
    ] = 3600.0


def alerts(
    top: Section, country: str, surfaces: Sequence[str]
) -> tuple[AlertRoute, ...]:
    """Read the section `alerts`."""
    routes = []
    seen: set[str] = set()
    for entry in top.entries("alerts"):
        section = entry.section(tuple(AlertRoute.__struct_fields__))
        default = AlertRoute()
        name = section.read("name", values.name, default.name)
        if name in seen:
            (section.get("name") or entry).fail(f"there is a route {name!r} already")
        seen.add(name)
        found = [one.read(values.e164(country)) for one in section.entries("to")]
        to = tuple(dict.fromkeys(number for number in found if number))
        if len(to) > MAX_RECIPIENTS:
            (section.get("to") or entry).fail(f"more than {MAX_RECIPIENTS} recipients")
        routes.append(
            AlertRoute(
                name=name,
                to=to,
                text=section.read("text", alert_text.check, default.text),
                max_segments=section.read(
                    "max_segments",
                    values.integer(1, MAX_SEGMENTS),
                    default.max_segments,
                ),
                resolved=section.read(
                    "resolved", values.boolean, default=default.resolved
                ),
                repeat_interval=section.read(
                    "repeat_interval", _interval, default.repeat_interval
                ),
            )
        )
    if routes and "alertmanager" not in surfaces and (given := top.get("alerts")):
        given.warn("nobody can reach these: http.surfaces lacks alertmanager")
    return tuple(routes)


def _interval(text: str) -> float:
    seconds = values.duration(text)
    if not 0 < seconds <= MAX_INTERVAL_S:
        raise ValueError(f"expected up to 12h, got {text!r}")
    return seconds
