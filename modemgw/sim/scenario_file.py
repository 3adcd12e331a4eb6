"""Scenarios as people write them, in YAML. docs/simulator.md has every key."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from modemgw.errors import ConfigError
from modemgw.sim.faults import NO_FAULTS, Faults, Rule
from modemgw.sim.latency import Latency, seconds
from modemgw.sim.named import NAMED, Named
from modemgw.sim.persona import GENERIC, PERSONAS, Persona
from modemgw.sim.scenario import IDENTITY, VERBS, Event, ModemPlan, Scenario
from modemgw.sim.yaml_nodes import Item, open_yaml

Reader = Callable[[Item], Any]
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
    given = {key: _TOP[key](value) for key, value in item.fields(_TOP).items()}
    scenario = Scenario(**given)
    problems.raise_any()
    return scenario


def _duration(item: Item) -> float:
    return item.read(seconds, 0.0, "a duration such as 200ms or 5s")


def _latency(item: Item) -> Latency:
    return item.read(Latency.read, Latency(0.2), "200ms, 2s or lognormal(2s, 0.5)")


def _share(item: Item) -> float:
    value = item.read(float, 0.0, "a share from 0 to 1")
    if not 0 <= value <= 1:
        item.wrong(f"expected a share from 0 to 1, got {value:g}")
    return value


def _texts(item: Item) -> tuple[str, ...]:
    return tuple(part.text() for part in item.items())


def _numbers(item: Item) -> frozenset[int]:
    return frozenset(part.whole() for part in item.items())


def _places(item: Item) -> tuple[int, ...]:
    return tuple(part.whole() for part in item.items())


def _names(item: Item) -> frozenset[str]:
    return frozenset(_texts(item))


def _codes(item: Item) -> dict[int, int]:
    return {key.whole(): value.whole() for key, value in item.pairs()}


def _delays(item: Item) -> dict[int, float]:
    return {key.whole(): _duration(value) for key, value in item.pairs()}


def _hex(item: Item) -> bytes:
    return item.read(bytes.fromhex, b"\0", "hex digits")


def _template(item: Item) -> str:
    text = item.text()
    try:
        text.format(memory="SM", index=1, length=25)
    except (LookupError, ValueError):
        item.wrong(f"expected {{memory}}, {{index}} or {{length}} in braces: {text!r}")
        return ""
    return text


def _counts(item: Item) -> dict[str, int]:
    return {str(key.node.value): value.whole() for key, value in item.pairs()}


# Reader of a key, and the field it fills where that has another name.
_RULE: Mapping[str, tuple[Reader, str]] = {
    "command": (Item.text, "command"),
    "nth": (_numbers, "nth"),
    "say": (_texts, "say"),
    "before": (_texts, "before"),
    "inside": (_texts, "inside"),
    "after": (_texts, "after"),
    "late": (_duration, "late_s"),
    "reboot": (Item.flag, "reboot"),
    "overdue": (Item.flag, "overdue"),
}


def _rules(item: Item) -> tuple[Rule, ...]:
    rules = []
    for part in item.items():
        given = _fields(part, _RULE)
        if "command" not in given:
            part.wrong("a rule needs a command")
        rules.append(Rule(**{"command": "", **given}))
    return tuple(rules)


_FAULTS: Mapping[str, tuple[Reader, str]] = {
    "refuse_submit": (_codes, "refuse_submit"),
    "refuse_all": (Item.whole, "refuse_all"),
    "silent_after_submit": (_numbers, "silent_after_submit"),
    "lost_after_submit": (_numbers, "lost_after_submit"),
    "late_result": (_delays, "late_result"),
    "early_report": (_numbers, "early_report"),
    "reboot_after_submit": (_numbers, "reboot_after_submit"),
    "no_prompt": (_numbers, "no_prompt"),
    "stuck_prompt": (Item.flag, "stuck_prompt"),
    "zombie": (Item.flag, "zombie"),
    "drip": (Item.flag, "drip"),
    "interleave": (Item.flag, "interleave"),
    "urc_before_prompt": (_texts, "urc_before_prompt"),
    "noise": (_texts, "noise"),
    "noise_interval": (_duration, "noise_interval_s"),
    "answer_late": (_duration, "answer_late_s"),
    "ignore_deletes": (Item.whole, "ignore_deletes"),
    "report_padding": (Item.whole, "report_padding"),
    "rules": (_rules, "rules"),
}
_PERSONA: Mapping[str, tuple[Reader, str]] = {
    "base": (lambda item: item.one_of(PERSONAS, GENERIC), "base"),
    "manufacturer": (Item.text, "manufacturer"),
    "model": (Item.text, "model"),
    "revision": (Item.text, "revision"),
    "echo": (Item.flag, "echo"),
    "verbose": (Item.flag, "verbose"),
    "quiet": (Item.flag, "quiet"),
    "cmee": (Item.whole, "cmee"),
    "cnmi_refused": (_names, "cnmi_refused"),
    "cpms_arguments": (_numbers, "cpms_arguments"),
    "default_memories": (_texts, "default_memories"),
    "capacity": (_counts, "capacity"),
    "first_index": (_counts, "first_index"),
    "iccid_commands": (_texts, "iccid_commands"),
    "class0": (Item.text, "class0"),
    "empty_slot": (Item.text, "empty_slot"),
    "unknown": (Item.text, "unknown"),
    "missing": (_names, "missing"),
    "accepts": (_names, "accepts"),
    "boot_urcs": (_texts, "boot_urcs"),
    "boot": (_duration, "boot_s"),
    "report_header": (_template, "report_header"),
    "message_notice": (_template, "message_notice"),
    "report_notice": (_template, "report_notice"),
    "me_is_sm": (Item.flag, "me_is_sm"),
    "full_urc": (_template, "full_urc"),
    "noise": (_texts, "noise"),
    "noise_interval": (_duration, "noise_interval_s"),
    "noise_off": (Item.text, "noise_off"),
    "ack_timeout": (_duration, "ack_timeout_s"),
}


def _fields(item: Item, known: Mapping[str, tuple[Reader, str]]) -> dict[str, Any]:
    return {
        known[key][1]: known[key][0](value) for key, value in item.fields(known).items()
    }


def _faults(item: Item) -> dict[str, Any]:
    return _fields(item, _FAULTS)


def _persona(item: Item) -> Persona:
    if not item.is_mapping:
        return item.one_of(PERSONAS, GENERIC)
    given = _fields(item, _PERSONA)
    base: Persona = given.pop("base", GENERIC)
    for name in ("capacity", "first_index"):
        if name in given:
            given[name] = {**getattr(base, name), **given[name]}
    if "default_memories" in given and len(given["default_memories"]) != 3:  # noqa: PLR2004 - mem1, mem2, mem3
        item.wrong("default_memories wants three names")
        del given["default_memories"]
    return replace(base, **given)


def _named(item: Item) -> tuple[Named, ...]:
    nothing = Named("")
    return tuple(part.one_of(NAMED, nothing) for part in item.items())


_MODEM: Mapping[str, tuple[Reader, str]] = {
    "count": (Item.whole, "count"),
    "persona": (_persona, "persona"),
    "trouble": (_named, "trouble"),
    "faults": (_faults, "faults"),
    "latency": (_latency, "latency"),
    "pin": (Item.text, "pin"),
    "credit": (Item.whole, "credit"),
    "number": (Item.text, "number"),
    "imei": (Item.text, "imei"),
    "imsi": (Item.text, "imsi"),
    "iccid": (Item.text, "iccid"),
}


def _modems(item: Item) -> tuple[ModemPlan, ...]:
    plans: list[ModemPlan] = []
    for part in item.items():
        given = _fields(part, _MODEM)
        count = given.pop("count", 1)
        if not 1 <= count <= MAX_MODEMS:
            part.wrong(f"count must be from 1 to {MAX_MODEMS}, not {count}")
            count = 1
        persona: Persona = given.pop("persona", GENERIC)
        faults: Faults = NO_FAULTS
        for named in given.pop("trouble", ()):
            persona = replace(persona, **named.persona)
            faults = replace(faults, **named.faults)
        faults = replace(faults, **given.pop("faults", {}))
        latency = given.pop("latency", None)
        plans += [ModemPlan(persona, faults, latency, given)] * count
        if count > 1 and given.keys() & IDENTITY:
            part.wrong("an identity belongs to one modem: leave count away")
    return tuple(plans)


_EVENT: Mapping[str, tuple[Reader, str]] = {
    "at": (_duration, "at_s"),
    "every": (_duration, "every_s"),
    "times": (Item.whole, "times"),
    "modem": (_places, "modems"),
    "do": (Item.text, "do"),
}
_DETAILS: Mapping[str, Mapping[str, tuple[Reader, str]]] = {
    "inbound": {
        "from": (Item.text, "from"),
        "text": (Item.text, "text"),
        "encoding": (Item.text, "encoding"),
        "class": (Item.whole, "class"),
        "concat_ref": (Item.whole, "concat_ref"),
        "order": (_places, "order"),
        "ago": (_duration, "ago"),
        "pid": (Item.whole, "pid"),
    },
    "inbound_octets": {"octets": (_hex, "octets"), "report": (Item.flag, "report")},
    "ring": {"from": (Item.text, "from"), "rings": (Item.whole, "rings")},
    "urc": {"lines": (_texts, "lines")},
    "register": {"stat": (Item.whole, "stat")},
    "signal": {"csq": (Item.whole, "csq")},
    "replug": {"as": (Item.text, "as")},
    "faults": {"faults": (_faults, "faults")},
}


def _events(item: Item) -> tuple[Event, ...]:
    return tuple(event for part in item.items() if (event := _event(part)))


def _event(item: Item) -> Event | None:
    verb = next((v.text() for k, v in item.pairs() if k.node.value == "do"), "")
    if verb not in VERBS:
        item.wrong(f"do: expected one of {', '.join(VERBS)}, got {verb!r}")
        return None
    details = _DETAILS.get(verb, {})
    given = _fields(item, {**_EVENT, **details})
    if verb == "inbound_octets" and "octets" not in given:
        item.wrong("inbound_octets needs octets")
    what = {known: given.pop(known) for known in details if known in given}
    if given.get("times", 1) > 1 and not given.get("every_s"):
        item.wrong("times needs every")
    return Event(**{"at_s": 0.0, **given, "what": what})


_TOP: Mapping[str, Reader] = {
    "seed": Item.whole,
    "latency": _latency,
    "report_latency": _latency,
    "lost_messages": _share,
    "lost_reports": _share,
    "modems": _modems,
    "events": _events,
}

KEYS = frozenset(  # every key that a scenario may have, for the documentation
    {*_TOP, *_MODEM, *_PERSONA, *_FAULTS, *_RULE, *_EVENT}.union(*_DETAILS.values())
)
