"""One trouble: what it changes at a modem, and what happens then."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modemgw.sim.scenario import Event

FIRST = frozenset({1})
START_S = 20.0  # when a trouble of its own accord begins: the gateway is at work then


@dataclass(frozen=True, slots=True)
class Named:
    """What one trouble is, in a sentence, and what makes it.

    `number` is that of the fault in the field guide's list of 75, or None where
    the trouble is none of those; several variants may share one. `faults`,
    `persona` and `options` change fields of the modem, `events` happen to it.
    `modems` is how many the trouble needs.
    """

    sentence: str
    faults: Mapping[str, Any] = field(default_factory=dict)
    persona: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    number: int | None = None
    modems: int = 1
