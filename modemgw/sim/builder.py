"""Scenarios made of names, for tests and programs."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from modemgw.sim.faults import NO_FAULTS
from modemgw.sim.latency import Latency
from modemgw.sim.named import NAMED, Named
from modemgw.sim.personas.generic import GENERIC
from modemgw.sim.personas.model import Persona
from modemgw.sim.scenario import ModemPlan, Scenario


def plan(
    troubles: Sequence[Named],
    persona: Persona = GENERIC,
    *,
    latency: Latency | None = None,
    changes: Mapping[str, Any] | None = None,
    **options: Any,
) -> ModemPlan:
    """Return one modem with these troubles, the later ones over the earlier.

    `changes` to the faults come last.
    """
    faults = NO_FAULTS
    given: dict[str, Any] = {}
    for trouble in troubles:
        persona = replace(persona, **trouble.persona)
        rules = (*faults.rules, *trouble.faults.get("rules", ()))
        moments = (*faults.moments, *trouble.faults.get("moments", ()))
        faults = replace(
            faults, **{**trouble.faults, "rules": rules, "moments": moments}
        )
        given |= trouble.options
    events = tuple(event for trouble in troubles for event in trouble.events)
    faults = replace(faults, **(changes or {}))
    return ModemPlan(persona, faults, latency, {**given, **options}, events)


def troubled(
    *names: str, persona: Persona = GENERIC, modems: int | None = None, **options: Any
) -> Scenario:
    """Return a scenario whose first modem has the troubles with these names.

    There are as many modems as they need, or as `modems` says; the others are
    healthy. `scenario.build(network)` makes the modems; once they are plugged in,
    `scenario.play(Stage(network, modems))` lets happen what happens by itself.

    >>> [plan.persona.name for plan in troubled("swapped-ports").modems]
    ['generic', 'generic']
    """
    troubles = [NAMED[name] for name in names]
    needed = max([1, *(trouble.modems for trouble in troubles)])
    healthy = ModemPlan(persona)
    return Scenario(
        (
            plan(troubles, persona, **options),
            *[healthy] * ((modems or needed) - 1),
        )
    )
