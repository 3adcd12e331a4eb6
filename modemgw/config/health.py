"""What a file may say about SIMs that are at fault."""

from collections.abc import Callable
from typing import Annotated

import msgspec

from modemgw.config import values
from modemgw.config.key import key
from modemgw.config.positions import Section

_MINUTE, _HOUR, _DAY, _MONTH = 60, 3_600, 86_400, 30 * 86_400


class HealthConfig(msgspec.Struct, frozen=True):
    """What becomes of a SIM that fails by its own fault: benched, then on parole."""

    bench: Annotated[
        bool,
        key(
            "Take a SIM out of service that the network refuses again and again, or "
            "whose messages never arrive. off: only a person benches.",
            unit="on or off",
            default="on",
        ),
    ] = True
    first: Annotated[
        float,
        key(
            "How long the first bench lasts; the next ones 4, 24 and 96 times as long.",
            unit="1 min to 1 day",
            default="15 min",
        ),
    ] = 900.0
    longest: Annotated[
        float,
        key(
            "No bench is longer than this.",
            unit="1 min to 30 days",
            default="1 day",
        ),
    ] = float(_DAY)
    parole: Annotated[
        int,
        key(
            "Messages in a row that a SIM on parole must get through to be trusted "
            "again.",
            unit="messages, 1 to 100",
            default="5",
        ),
    ] = 5
    spacing: Annotated[
        float,
        key(
            "Pause between its first two messages on parole; then half of it, a third, "
            "and so on.",
            unit="1 s to 1 h",
            default="60 s",
        ),
    ] = 60.0
    down_after: Annotated[
        float,
        key(
            "A SIM that cannot send for so long is told as `sim.down`.",
            unit="1 s to 1 day",
            default="5 min",
        ),
    ] = 300.0


def health(top: Section) -> HealthConfig:
    """Read the section, or its defaults where it is not there."""
    section = top.section("health", HealthConfig.__struct_fields__)
    plain = HealthConfig()
    if section is None:
        return plain
    found = HealthConfig(
        bench=section.read("bench", values.boolean, default=True),
        first=section.read(
            "first", _span(_MINUTE, _DAY, "1 min to 1 day"), plain.first
        ),
        longest=section.read(
            "longest", _span(_MINUTE, _MONTH, "1 min to 30 days"), plain.longest
        ),
        parole=section.read("parole", values.integer(1, 100), plain.parole),
        spacing=section.read("spacing", _span(1, _HOUR, "1 s to 1 h"), plain.spacing),
        down_after=section.read(
            "down_after", _span(1, _DAY, "1 s to 1 day"), plain.down_after
        ),
    )
    if found.longest < found.first:
        value = section.get("longest") or section.get("first")
        if value is not None:
            value.fail("the longest bench is shorter than the first one")
    return found


def _span(low: int, high: int, said: str) -> Callable[[str], float]:
    """Read a duration within limits, in seconds; `said` are those in words."""

    def read(text: str) -> float:
        seconds = values.duration(text)
        if not low <= seconds <= high:
            raise ValueError(f"expected {said}, got {text!r}")
        return seconds

    return read
