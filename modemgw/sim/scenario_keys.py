"""What the keys of a scenario mean: a reader for each value."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from modemgw.sim.acts import ACTS
from modemgw.sim.commands.identity import FACTS
from modemgw.sim.faults import MOMENTS, Moment, Rule
from modemgw.sim.latency import Latency, seconds
from modemgw.sim.persona import GENERIC, NAMES, Persona
from modemgw.sim.ussd_coding import CODINGS
from modemgw.sim.yaml_nodes import Item

Reader = Callable[[Item], Any]
MAX_PORTS = 8


def duration(item: Item) -> float:
    """A time as seconds."""
    return item.read(seconds, 0.0, "a duration such as 200ms or 5s")


def latency(item: Item) -> Latency:
    """A latency: constant or lognormal."""
    return item.read(
        Latency.read, Latency(0.2), "200ms, lognormal(2s, 0.5) or uniform(1s, 3s)"
    )


def share(item: Item) -> float:
    """A probability."""
    value = item.read(float, 0.0, "a share from 0 to 1")
    if not 0 <= value <= 1:
        item.wrong(f"expected a share from 0 to 1, got {value:g}")
    return value


def _texts(item: Item) -> tuple[str, ...]:
    return tuple(part.text() for part in item.items())


def numbers(item: Item) -> frozenset[int]:
    """Whole numbers, in no order."""
    return frozenset(part.whole() for part in item.items())


def places(item: Item) -> tuple[int, ...]:
    """Whole numbers in their order."""
    return tuple(part.whole() for part in item.items())


def _names(item: Item) -> frozenset[str]:
    return frozenset(_texts(item))


def _codes(item: Item) -> dict[int, int]:
    return {key.whole(): value.whole() for key, value in item.pairs()}


def _codes_of_numbers(item: Item) -> dict[str, int]:
    return {key.text(): value.whole() for key, value in item.pairs()}


def _delays(item: Item) -> dict[int, float]:
    return {key.whole(): duration(value) for key, value in item.pairs()}


def _hex(item: Item) -> bytes:
    return item.read(bytes.fromhex, b"\0", "hex digits")


def _template(*names: str) -> Reader:
    """Return the reader of a text that may have these names in braces."""
    known = ", ".join(f"{{{name}}}" for name in names)

    def read(item: Item) -> str:
        text = item.text()
        try:
            text.format(**dict.fromkeys(names, 0))
        except (LookupError, ValueError):
            item.wrong(f"expected {known} in braces: {text!r}")
            return ""
        return text

    return read


def _choice(*names: str) -> Reader:
    """Return the reader of one of these words."""
    return lambda item: item.one_of({name: name for name in names}, names[0])


def _choices(*names: str) -> Reader:
    """Return the reader of a set of these words."""
    one = _choice(*names)
    return lambda item: frozenset(one(part) for part in item.items())


def _counts(item: Item) -> dict[str, int]:
    return {str(key.node.value): value.whole() for key, value in item.pairs()}


def _words(item: Item) -> dict[str, str]:
    return {key.text(): value.text() for key, value in item.pairs()}


_described = _template(*FACTS)


def _lines(item: Item) -> tuple[str, ...]:
    return tuple(_described(part) for part in item.items())


def _answers(item: Item) -> dict[str, tuple[str, ...]]:
    return {key.text(): _lines(value) for key, value in item.pairs()}


def _ports(item: Item) -> int:
    count = item.whole()
    if not 1 <= count <= MAX_PORTS:
        item.wrong(f"expected 1 to {MAX_PORTS} ports, got {count}")
    return max(1, count)


def _silencers(item: Item) -> dict[str, str]:
    """Commands alone, or with how the lines start that each of them ends."""
    return _words(item) if item.is_mapping else dict.fromkeys(_texts(item), "")


def _ranges(item: Item) -> tuple[tuple[int, ...], ...]:
    return tuple(places(part) for part in item.items())


def _lists(item: Item) -> tuple[tuple[str, ...], ...]:
    return tuple(_texts(part) for part in item.items())


def _escaped(item: Item) -> str:
    return item.text().replace("\\r", "\r").replace("\\n", "\n")


# Reader of a key, and the field it fills where that has another name.
RULE: Mapping[str, tuple[Reader, str]] = {
    "command": (Item.text, "command"),
    "nth": (numbers, "nth"),
    "say": (_texts, "say"),
    "before": (_texts, "before"),
    "inside": (_texts, "inside"),
    "after": (_texts, "after"),
    "late": (duration, "late_s"),
    "reboot": (Item.flag, "reboot"),
    "overdue": (Item.flag, "overdue"),
}


def _rules(item: Item) -> tuple[Rule, ...]:
    rules = []
    for part in item.items():
        given = fields(part, RULE)
        if "command" not in given:
            part.wrong("a rule needs a command")
        rules.append(Rule(**{"command": "", **given}))
    return tuple(rules)


def _moments(item: Item) -> tuple[Moment, ...]:
    moments = []
    for part in item.items():
        given = fields(part, {**MOMENT, **ALL_DETAILS})
        if given.get("when") not in MOMENTS:
            part.wrong(f"when: expected one of {', '.join(MOMENTS)}")
        elif given.get("do") not in ACTS:
            part.wrong(f"do: expected one of {', '.join(ACTS)}")
        elif given["do"] == "inbound_octets" and "octets" not in given:
            part.wrong("inbound_octets needs octets")
        else:
            what = {key: given[key] for key in given if key not in MOMENT}
            moments.append(
                Moment(given["when"], given["do"], given.get("nth", frozenset()), what)
            )
    return tuple(moments)


MOMENT: Mapping[str, tuple[Reader, str]] = {
    "when": (Item.text, "when"),
    "do": (Item.text, "do"),
    "nth": (numbers, "nth"),
}
FAULTS: Mapping[str, tuple[Reader, str]] = {
    "refuse_submit": (_codes, "refuse_submit"),
    "refuse_all": (Item.whole, "refuse_all"),
    "silent_after_submit": (numbers, "silent_after_submit"),
    "lost_after_submit": (numbers, "lost_after_submit"),
    "late_result": (_delays, "late_result"),
    "early_report": (numbers, "early_report"),
    "reboot_after_submit": (numbers, "reboot_after_submit"),
    "no_prompt": (numbers, "no_prompt"),
    "stuck_prompt": (Item.flag, "stuck_prompt"),
    "zombie": (Item.flag, "zombie"),
    "drip": (Item.flag, "drip"),
    "interleave": (Item.flag, "interleave"),
    "urc_before_prompt": (_texts, "urc_before_prompt"),
    "noise": (_texts, "noise"),
    "noise_interval": (duration, "noise_interval_s"),
    "answer_late": (duration, "answer_late_s"),
    "ignore_deletes": (Item.whole, "ignore_deletes"),
    "report_padding": (Item.whole, "report_padding"),
    "refuse_number": (_codes_of_numbers, "refuse_number"),
    "full_refuses": (Item.flag, "full_refuses"),
    "same_tp_mr": (Item.whole, "same_tp_mr"),
    "moments": (_moments, "moments"),
    "drip_interval": (duration, "drip_interval_s"),
    "glue": (Item.flag, "glue"),
    "garbage": (_hex, "garbage"),
    "echo_twice": (Item.flag, "echo_twice"),
    "talks_in_prompt": (Item.flag, "talks_in_prompt"),
    "sibling_freeze": (Item.flag, "sibling_freeze"),
    "filled": (_counts, "filled"),
    "count_lag": (duration, "count_lag_s"),
    "lost_acks": (Item.whole, "lost_acks"),
    "no_sca": (Item.flag, "no_sca"),
    "reports_during_send": (Item.flag, "reports_during_send"),
    "report_statuses": (places, "report_statuses"),
    "national_reports": (Item.text, "national_reports"),
    "ussd_before_ok": (Item.flag, "ussd_before_ok"),
    "ussd_says": (_texts, "ussd_says"),
    "rules": (_rules, "rules"),
}
PERSONA: Mapping[str, tuple[Reader, str]] = {
    "base": (lambda item: item.one_of(NAMES, GENERIC), "base"),
    "manufacturer": (Item.text, "manufacturer"),
    "model": (Item.text, "model"),
    "revision": (Item.text, "revision"),
    "echo": (Item.flag, "echo"),
    "verbose": (Item.flag, "verbose"),
    "quiet": (Item.flag, "quiet"),
    "cmee": (Item.whole, "cmee"),
    "cnmi_refused": (_names, "cnmi_refused"),
    "cpms_arguments": (numbers, "cpms_arguments"),
    "default_memories": (_texts, "default_memories"),
    "capacity": (_counts, "capacity"),
    "first_index": (_counts, "first_index"),
    "iccid_commands": (_texts, "iccid_commands"),
    "class0": (_choice("route", "store", "drop"), "class0"),
    "empty_slot": (_choice("error", "ok"), "empty_slot"),
    "unknown": (Item.text, "unknown"),
    "missing": (_names, "missing"),
    "accepts": (_names, "accepts"),
    "boot_urcs": (_texts, "boot_urcs"),
    "boot": (duration, "boot_s"),
    "report_header": (_template("length"), "report_header"),
    "message_notice": (_template("memory", "index"), "message_notice"),
    "report_notice": (_template("memory", "index"), "report_notice"),
    "me_is_sm": (Item.flag, "me_is_sm"),
    "full_urc": (_template("memory"), "full_urc"),
    "noise": (_texts, "noise"),
    "noise_interval": (duration, "noise_interval_s"),
    "noise_off": (_silencers, "noise_off"),
    "ack_timeout": (duration, "ack_timeout_s"),
    "cnmi": (_ranges, "cnmi"),
    "csms": (places, "csms"),
    "memories": (_lists, "memories"),
    "information": (_lines, "information"),
    "imei_format": (_template("imei"), "imei_format"),
    "iccid_format": (_template("name", "iccid", "swapped"), "iccid_format"),
    "says": (_answers, "says"),
    "refuses": (_words, "refuses"),
    "error_format": (_template("kind", "code"), "error_format"),
    "line_end": (_escaped, "line_end"),
    "reset_commands": (_texts, "reset_commands"),
    "restart": (duration, "restart_s"),
    "vanishes": (Item.flag, "vanishes"),
    "deaf_without_radio": (Item.flag, "deaf_without_radio"),
    "ports": (_ports, "ports"),
    "ussd_asked": (_choices(*CODINGS), "ussd_asked"),
    "ussd_coding": (_choice(*CODINGS), "ussd_coding"),
    "ussd_dcs": (Item.whole, "ussd_dcs"),
    "ussd_plain": (Item.text, "ussd_plain"),
    "sentence": (Item.text, "sentence"),
    "source": (_texts, "source"),
}


def fields(item: Item, known: Mapping[str, tuple[Reader, str]]) -> dict[str, Any]:
    """Read the fields of a mapping under the names they fill."""
    return {
        known[key][1]: known[key][0](value) for key, value in item.fields(known).items()
    }


def faults(item: Item) -> dict[str, Any]:
    """Changes to the faults."""
    return fields(item, FAULTS)


def persona(item: Item) -> Persona:
    """A persona by its name, or a base with changes."""
    if not item.is_mapping:
        return item.one_of(NAMES, GENERIC)
    given = fields(item, PERSONA)
    base: Persona = given.pop("base", GENERIC)
    for name in ("capacity", "first_index"):
        if name in given:
            given[name] = {**getattr(base, name), **given[name]}
    if "default_memories" in given and len(given["default_memories"]) != 3:  # noqa: PLR2004 - mem1, mem2, mem3
        item.wrong("default_memories wants three names")
        del given["default_memories"]
    return replace(base, **given)


EVENT: Mapping[str, tuple[Reader, str]] = {
    "at": (duration, "at_s"),
    "every": (duration, "every_s"),
    "times": (Item.whole, "times"),
    "jitter": (duration, "jitter_s"),
    "modem": (places, "modems"),
    "do": (Item.text, "do"),
}
DETAILS: Mapping[str, Mapping[str, tuple[Reader, str]]] = {
    "inbound": {
        "from": (Item.text, "from"),
        "text": (Item.text, "text"),
        "encoding": (Item.text, "encoding"),
        "class": (Item.whole, "class"),
        "concat_ref": (Item.whole, "concat_ref"),
        "order": (places, "order"),
        "ago": (duration, "ago"),
        "pid": (Item.whole, "pid"),
    },
    "inbound_octets": {"octets": (_hex, "octets"), "report": (Item.flag, "report")},
    "ring": {"from": (Item.text, "from"), "rings": (Item.whole, "rings")},
    "urc": {"lines": (_texts, "lines")},
    "register": {"stat": (Item.whole, "stat")},
    "signal": {"csq": (Item.whole, "csq")},
    "replug": {"as": (Item.text, "as")},
    "faults": {"faults": (faults, "faults")},
    "vanish": {"back": (duration, "back"), "renumber": (Item.flag, "renumber")},
    "swap_ports": {"back": (duration, "back")},
    "intrude": {"typed": (_texts, "typed")},
    "clock": {"ahead": (duration, "ahead")},
}
ALL_DETAILS: Mapping[str, tuple[Reader, str]] = {
    key: reader for details in DETAILS.values() for key, reader in details.items()
}
