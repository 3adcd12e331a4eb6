"""A scenario: which modems there are, and what happens to them when.

Built in Python by tests, or read from YAML by modemgw.sim.scenario_file. Playing
one only sets timers in the running loop; nothing is awaited.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from modemgw.sim.acts import ACTS
from modemgw.sim.faults import NO_FAULTS, Faults
from modemgw.sim.fleet import make_modem
from modemgw.sim.latency import Latency
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.personas.generic import GENERIC
from modemgw.sim.personas.model import Persona

IDENTITY = frozenset({"imei", "imsi", "iccid", "number"})  # of one modem only


@dataclass(frozen=True, slots=True)
class ModemPlan:
    """One modem of a scenario. `options` are further arguments of SimModem.

    `events` happen to this modem alone, wherever it stands in the scenario.
    """

    persona: Persona = GENERIC
    faults: Faults = NO_FAULTS
    latency: Latency | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    events: tuple["Event", ...] = ()


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens `at_s` seconds after the start.

    It happens `times` times, `every_s` apart, each time up to `jitter_s` later, so
    that modems do not move in step. `do` is a name in ACTS, `what`
    its details, `modems` the places it happens to (empty: all).
    """

    at_s: float
    do: str
    modems: tuple[int, ...] = ()
    what: Mapping[str, Any] = field(default_factory=dict)
    every_s: float = 0.0
    times: int = 1
    jitter_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything `modemgw simulate --scenario FILE` plays. None: not said.

    The modems start within `spread_s`, not all at once.
    """

    modems: tuple[ModemPlan, ...] = ()
    events: tuple[Event, ...] = ()
    seed: int | None = None
    latency: Latency | None = None
    report_latency: Latency | None = None
    lost_messages: float = 0.0
    lost_reports: float = 0.0
    spread_s: float = 0.0

    def network(self, **changes: Any) -> Network:
        """Make the network; `changes` that are not None win over the scenario."""
        said = {
            "seed": self.seed,
            "latency": self.latency,
            "report_latency": self.report_latency,
            "lost_messages": self.lost_messages,
            "lost_reports": self.lost_reports,
        }
        given = {name: value for name, value in changes.items() if value is not None}
        known = {name: value for name, value in said.items() if value is not None}
        return Network(**{**known, **given})

    def build(self, network: Network, count: int | None = None) -> list[SimModem]:
        """Make the modems; `count` more than planned repeats the plans in turn."""
        plans = self.modems or (ModemPlan(),)
        modems = [
            _build(network, at, plans[at % len(plans)], is_repeat=at >= len(plans))
            for at in range(len(plans) if count is None else count)
        ]
        if self.spread_s:
            for modem in modems:
                modem.start_later(network.random.uniform(0.0, self.spread_s))
        return modems

    def play(self, stage: "Stage") -> None:
        """Set a timer for every event."""
        for event in self.events:
            stage.later(event.at_s, event, event.times)
        for at in range(len(stage.modems)):
            for event in (
                self.modems[at % len(self.modems)].events if self.modems else ()
            ):
                own = replace(event, modems=(at,))
                stage.later(own.at_s, own, own.times)


def _build(network: Network, at: int, plan: ModemPlan, *, is_repeat: bool) -> SimModem:
    options = {
        name: value
        for name, value in plan.options.items()
        if not (is_repeat and name in IDENTITY)
    }
    return make_modem(
        network,
        at,
        persona=plan.persona,
        faults=plan.faults,
        latency=plan.latency,
        **options,
    )


class Stage:
    """The modems of a running scenario."""

    def __init__(self, network: Network, modems: Sequence[SimModem]) -> None:
        self.network = network
        self.modems = list(modems)
        self._is_over = False

    def stop(self) -> None:
        """Let nothing more happen."""
        self._is_over = True

    def later(self, delay_s: float, event: Event, left: int) -> None:
        """Let an event happen after a while, and then as often as it wants."""
        loop = asyncio.get_running_loop()
        loop.call_later(delay_s, self._due, event, left)

    def _due(self, event: Event, left: int) -> None:
        if self._is_over:
            return
        if left > 1:
            self.later(event.every_s, event, left - 1)
        what = {**event.what, "n": event.times - left + 1}
        loop = asyncio.get_running_loop()
        for at in event.modems or range(len(self.modems)):
            if at >= len(self.modems):
                continue
            if event.jitter_s:
                wait_s = self.network.random.uniform(0.0, event.jitter_s)
                loop.call_later(wait_s, self._happen, event.do, at, what)
            else:
                self._happen(event.do, at, what)

    def _happen(self, do: str, at: int, what: Mapping[str, Any]) -> None:
        if not self._is_over:
            ACTS[do](self.modems[at], what)
