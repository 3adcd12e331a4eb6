"""What a file may say about how long things are kept."""

from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.positions import Section
from modemgw.policy.message import CLASSES

DAY_S = 86_400.0
MAX_S = 20 * 365 * DAY_S
_UNIT = "duration such as 90 days, or forever"
FOREVER = float("inf")


class Kept(msgspec.Struct, frozen=True):
    """Messages of this class, where it differs; texts of one-time codes: 1 day."""

    bodies: Annotated[
        float | None,
        key(
            "Their texts; what is accounted for stays.",
            unit=_UNIT,
            default="as for all",
        ),
    ] = None
    messages: Annotated[
        float | None,
        key(
            "Everything about them, once their outcome is known.",
            unit=_UNIT,
            default="as for all",
        ),
    ] = None


class Retention(msgspec.Struct, frozen=True):
    """How long things are kept. What is not final, or not told yet, stays anyway."""

    bodies: Annotated[
        float, key("Texts of messages.", unit=_UNIT, default="90 days")
    ] = 90 * DAY_S
    messages: Annotated[
        float,
        key(
            "Messages with their timeline; 13 months let a year be closed.",
            unit=_UNIT,
            default="396 days",
        ),
    ] = 396 * DAY_S
    events: Annotated[
        float,
        key("Events of SIMs, modems and the like.", unit=_UNIT, default="90 days"),
    ] = 90 * DAY_S
    deliveries: Annotated[
        float,
        key("The log of webhook deliveries.", unit=_UNIT, default="30 days"),
    ] = 30 * DAY_S
    raw: Annotated[
        float,
        key(
            "What modems received, as it came. It holds texts, so it is never kept "
            "longer than the bodies of what was received.",
            unit=_UNIT,
            default="90 days",
        ),
    ] = 90 * DAY_S
    alert: Kept = Kept()
    otp: Kept = Kept(bodies=DAY_S)  # a code is of no use to anybody the day after
    transactional: Kept = Kept()
    marketing: Kept = Kept()
    inbound: Kept = Kept()

    def bodies_of(self, kind: str) -> float:
        """Return how many seconds the texts of a class, or `inbound`, are kept."""
        own: Kept = getattr(self, kind)
        return self.bodies if own.bodies is None else own.bodies

    def messages_of(self, kind: str) -> float:
        """Return how many seconds all else about them is kept."""
        own: Kept = getattr(self, kind)
        return self.messages if own.messages is None else own.messages


KINDS = (*CLASSES, "inbound")


def retention(top: Section) -> Retention:
    """Read the section, or its defaults where it is not there."""
    section = top.section("retention", Retention.__struct_fields__)
    if section is None:
        return Retention()
    default = Retention()
    kinds = {kind: _kept(section, kind, getattr(default, kind)) for kind in KINDS}
    return Retention(
        bodies=section.read("bodies", _period, default.bodies),
        messages=section.read("messages", _period, default.messages),
        events=section.read("events", _period, default.events),
        deliveries=section.read("deliveries", _period, default.deliveries),
        raw=section.read("raw", _period, default.raw),
        **kinds,
    )


def _kept(above: Section, name: str, default: Kept) -> Kept:
    section = above.section(name, Kept.__struct_fields__)
    if section is None:
        return default
    return Kept(
        bodies=section.read("bodies", _period, default.bodies),
        messages=section.read("messages", _period, default.messages),
    )


def _period(text: str) -> float:
    if text.strip().lower() == "forever":
        return FOREVER
    seconds = values.duration(text)
    if not 60 <= seconds <= MAX_S:  # noqa: PLR2004 - a minute
        raise ValueError(
            f"expected from 1 minute to 20 years, or forever, got {text!r}"
        )
    return seconds
