"""A scenario: which modems there are, and what happens to them when.

Built in Python by tests, or read from YAML by modemgw.sim.scenario_file. Playing
one only sets timers in the running loop; nothing is awaited.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from modemgw.pdu.segment import segment
from modemgw.sim.faults import NO_FAULTS, Faults
from modemgw.sim.fleet import make_modem
from modemgw.sim.latency import Latency
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.persona import GENERIC, Persona

IDENTITY = frozenset({"imei", "imsi", "iccid", "number"})  # of one modem only


class Plugs(Protocol):
    """Where sticks are pulled and plugged in again: PtyModems, or a test's own."""

    def unplug(self, at: int) -> object:
        """Pull the stick at this place."""

    def replug(self, at: int, name: str | None = None) -> object:
        """Plug it in again, perhaps under another name."""


@dataclass(frozen=True, slots=True)
class ModemPlan:
    """One modem of a scenario. `options` are further arguments of SimModem."""

    persona: Persona = GENERIC
    faults: Faults = NO_FAULTS
    latency: Latency | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens `at_s` seconds after the start.

    It happens `times` times, `every_s` apart. `do` is a name in VERBS, `what`
    its details, `modems` the places it happens to (empty: all).
    """

    at_s: float
    do: str
    modems: tuple[int, ...] = ()
    what: Mapping[str, Any] = field(default_factory=dict)
    every_s: float = 0.0
    times: int = 1


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything `modemgw simulate --scenario FILE` plays. None: not said."""

    modems: tuple[ModemPlan, ...] = ()
    events: tuple[Event, ...] = ()
    seed: int | None = None
    latency: Latency | None = None
    report_latency: Latency | None = None
    lost_messages: float = 0.0
    lost_reports: float = 0.0

    def build(self, network: Network, count: int | None = None) -> list[SimModem]:
        """Make the modems; `count` more than planned repeats the plans in turn."""
        plans = self.modems or (ModemPlan(),)
        return [
            _build(network, at, plans[at % len(plans)], is_repeat=at >= len(plans))
            for at in range(len(plans) if count is None else count)
        ]

    def play(self, stage: "Stage") -> None:
        """Set a timer for every event."""
        for event in self.events:
            stage.later(event.at_s, event, event.times)


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
    """The modems of a running scenario and what the events need to reach."""

    def __init__(
        self, network: Network, modems: Sequence[SimModem], plugs: Plugs | None = None
    ) -> None:
        self.network = network
        self.modems = list(modems)
        self.plugs = plugs
        self._is_over = False

    def stop(self) -> None:
        """Let nothing more happen."""
        self._is_over = True

    def later(self, delay_s: float, event: Event, left: int) -> None:
        """Let an event happen after a while, and then as often as it wants."""
        asyncio.get_running_loop().call_later(delay_s, self._happen, event, left)

    def _happen(self, event: Event, left: int) -> None:
        if self._is_over:
            return
        if left > 1:
            self.later(event.every_s, event, left - 1)
        for at in event.modems or range(len(self.modems)):
            if at < len(self.modems):
                VERBS[event.do](self, at, event.what)


Details = Mapping[str, Any]


def _inbound(stage: Stage, at: int, what: Details) -> None:
    stage.network.inbound(
        stage.modems[at],
        what.get("from", "+491701234567"),
        segment(what.get("text", "Hello"), encoding=what.get("encoding", "auto")),
        message_class=what.get("class"),
        concat_ref=what.get("concat_ref"),
        order=what.get("order"),
        ago=timedelta(seconds=what.get("ago", 0.0)),
        pid=what.get("pid", 0),
    )


def _inbound_octets(stage: Stage, at: int, what: Details) -> None:
    stage.network.inbound_octets(
        stage.modems[at], what["octets"], is_report=what.get("report", False)
    )


def _ring(stage: Stage, at: int, what: Details) -> None:
    stage.modems[at].calls.ring(what.get("from", "+491701234567"), what.get("rings", 6))


def _hang_up(stage: Stage, at: int, what: Details) -> None:
    stage.modems[at].calls.end("NO CARRIER")


def _urc(stage: Stage, at: int, what: Details) -> None:
    stage.modems[at].urc(*what.get("lines", ()))


def _register(stage: Stage, at: int, what: Details) -> None:
    stage.modems[at].register(what.get("stat", 1))


def _signal(stage: Stage, at: int, what: Details) -> None:
    stage.modems[at].csq = what.get("csq", 99)


def _reboot(stage: Stage, at: int, what: Details) -> None:
    stage.modems[at].reboot()


def _unplug(stage: Stage, at: int, what: Details) -> None:
    if stage.plugs is None:
        stage.modems[at].power_off()
    else:
        stage.plugs.unplug(at)


def _replug(stage: Stage, at: int, what: Details) -> None:
    if stage.plugs is None:
        stage.modems[at].power_on()
    else:
        stage.plugs.replug(at, what.get("as"))


def _faults(stage: Stage, at: int, what: Details) -> None:
    stage.modems[at].set_faults(**what.get("faults", {}))


def _deaf(stage: Stage, at: int, what: Details) -> None:
    stage.modems[at].settings.cnmi = (0, 0, 0, 0, 0)


VERBS: Mapping[str, Callable[[Stage, int, Details], None]] = {
    "inbound": _inbound,
    "inbound_octets": _inbound_octets,
    "ring": _ring,
    "hang_up": _hang_up,
    "urc": _urc,
    "register": _register,
    "signal": _signal,
    "reboot": _reboot,
    "unplug": _unplug,
    "replug": _replug,
    "faults": _faults,
    "lose_cnmi": _deaf,
}
