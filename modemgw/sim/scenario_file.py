"""Scenarios as people write them, in YAML. docs/simulator.md has every key."""

from collections.abc import Mapping
from pathlib import Path

from modemgw.errors import ConfigError
from modemgw.sim import builder
from modemgw.sim.acts import ACTS
from modemgw.sim.balances import BALANCES, DEFAULT
from modemgw.sim.named import NAMED, Named
from modemgw.sim.personas.generic import GENERIC
from modemgw.sim.scenario import IDENTITY, Event, ModemPlan, Scenario
from modemgw.sim.scenario_keys import (
    DETAILS,
    EVENT,
    FAULTS,
    MOMENT,
    PERSONA,
    RULE,
    Reader,
    duration,
    faults,
    fields,
    latency,
    persona,
    share,
)
from modemgw.sim.yaml_nodes import Item, open_yaml

MAX_MODEMS = 256


def load_scenario(path: Path) -> Scenario:
    """Read a scenario; ConfigError with every mistake and its place."""
    try:
        text = path.read_text("utf-8")
    except OSError as error:
        raise ConfigError([f"{path}: {error.strerror}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: not UTF-8"]) from None
    return parse_scenario(text, str(path))


def parse_scenario(text: str, name: str = "scenario") -> Scenario:
    """Read the text of a scenario."""
    item, problems = open_yaml(text, name)
    given = fields(item, _TOP)
    scenario = Scenario(**given)
    problems.raise_any()
    return scenario


def _named(item: Item) -> tuple[Named, ...]:
    nothing = Named("")
    return tuple(part.one_of(NAMED, nothing) for part in item.items())


_SENTENCES = {name: name for name in BALANCES}
_MODEM: Mapping[str, tuple[Reader, str]] = {
    "count": (Item.whole, "count"),
    "persona": (persona, "persona"),
    "trouble": (_named, "trouble"),
    "faults": (faults, "faults"),
    "latency": (latency, "latency"),
    "pin": (Item.text, "pin"),
    "credit": (Item.whole, "credit"),
    "balance": (lambda item: item.one_of(_SENTENCES, DEFAULT), "balance"),
    "number": (Item.text, "number"),
    "imei": (Item.text, "imei"),
    "imsi": (Item.text, "imsi"),
    "iccid": (Item.text, "iccid"),
}


def _modems(item: Item) -> tuple[ModemPlan, ...]:
    plans: list[ModemPlan] = []
    for part in item.items():
        given = fields(part, _MODEM)
        count = given.pop("count", 1)
        if not 1 <= count <= MAX_MODEMS:
            part.wrong(f"count must be from 1 to {MAX_MODEMS}, not {count}")
            count = 1
        plan = builder.plan(
            given.pop("trouble", ()),
            given.pop("persona", GENERIC),
            latency=given.pop("latency", None),
            changes=given.pop("faults", {}),
            **given,
        )
        plans += [plan] * count
        if count > 1 and given.keys() & IDENTITY:
            part.wrong("an identity belongs to one modem: leave count away")
    return tuple(plans)


def _events(item: Item) -> tuple[Event, ...]:
    return tuple(event for part in item.items() if (event := _event(part)))


def _event(item: Item) -> Event | None:
    verb = next((v.text() for k, v in item.pairs() if k.node.value == "do"), "")
    if verb not in ACTS:
        item.wrong(f"do: expected one of {', '.join(ACTS)}, got {verb!r}")
        return None
    details = DETAILS.get(verb, {})
    given = fields(item, {**EVENT, **details})
    if verb == "inbound_octets" and "octets" not in given:
        item.wrong("inbound_octets needs octets")
    what = {known: given.pop(known) for known in details if known in given}
    if given.get("times", 1) > 1 and not given.get("every_s"):
        item.wrong("times needs every")
    return Event(**{"at_s": 0.0, **given, "what": what})


_TOP: Mapping[str, tuple[Reader, str]] = {
    "seed": (Item.whole, "seed"),
    "latency": (latency, "latency"),
    "report_latency": (latency, "report_latency"),
    "lost_messages": (share, "lost_messages"),
    "lost_reports": (share, "lost_reports"),
    "spread": (duration, "spread_s"),
    "modems": (_modems, "modems"),
    "events": (_events, "events"),
}

KEYS = frozenset(  # every key that a scenario may have, for the documentation
    {*_TOP, *_MODEM, *PERSONA, *FAULTS, *RULE, *MOMENT, *EVENT}.union(*DETAILS.values())
)
