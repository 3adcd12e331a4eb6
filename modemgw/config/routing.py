"""What a file may say about which SIM carries a message."""

import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any

import msgspec

from modemgw.config import values
from modemgw.config.cards import Card
from modemgw.config.key import key
from modemgw.config.places import place
from modemgw.config.positions import Section, Value, suggest
from modemgw.policy.routing import PATIENCE_MS
from modemgw.policy.zones import Rule

MAX_PATIENCE_S = 3600.0
MAX_WEIGHT = 100
_TAKEN = "{!r} is the name of a SIM; a pool needs another one"
_SIGNAL = (-113, -51)  # dBm, what AT+CSQ can tell


class PoolConfig(msgspec.Struct, frozen=True):
    """SIMs under one name, for `route.pool` of a message and for rules."""

    name: Annotated[
        str,
        key(
            "Name of the pool. `default` is used by messages that ask for nothing.",
            unit="up to 32 of A-Z a-z 0-9 . _ -",
            default="required",
        ),
    ]
    sims: Annotated[
        tuple[str, ...],
        key(
            "The SIMs in it, beside those that name it under `sims.cards[].pools`.",
            unit="list of names",
            default="[]",
        ),
    ] = ()


class RouteRule(msgspec.Struct, frozen=True):
    """Which SIMs write where; of several rules the narrowest destination counts."""

    to: Annotated[
        tuple[str, ...],
        key(
            "The destinations: prefixes, countries, short codes, or short for every "
            "short code.",
            unit="list such as [+49151, AT, 80888]",
            default="required",
        ),
    ]
    prefer: Annotated[
        tuple[str, ...],
        key(
            "SIMs or pools, the best first; others take over after `patience`.",
            unit="list of names",
            default="[]",
        ),
    ] = ()
    only: Annotated[
        tuple[str, ...],
        key("No others may write there.", unit="list of names", default="[]"),
    ] = ()
    never: Annotated[
        tuple[str, ...],
        key("These may not write there.", unit="list of names", default="[]"),
    ] = ()


class Routing(msgspec.Struct, frozen=True):
    """Which SIM carries a message, where several may."""

    patience: Annotated[
        float,
        key(
            "How long a message waits for a better SIM that is busy, before it takes "
            "one that is free. Alerts and codes do not wait.",
            unit="0s to 1 h",
            default="15s",
        ),
    ] = PATIENCE_MS / 1000
    sticky: Annotated[
        bool,
        key(
            "Prefer the SIM that was in touch with the number last, where a message "
            "does not say `route.sticky` itself.",
            unit="on or off",
            default="off",
        ),
    ] = False
    weak_signal: Annotated[
        int,
        key(
            "A SIM whose signal is below this many dBm is second choice. -113: none "
            "is too weak.",
            unit="-113 to -51",
            default="-109",
        ),
    ] = -109
    pools: tuple[PoolConfig, ...] = ()
    rules: tuple[RouteRule, ...] = ()

    def compiled(self) -> tuple[Rule, ...]:
        """Return the rules as policy reads them: one per destination."""
        return tuple(
            Rule(place, prefer=rule.prefer, only=rule.only, never=rule.never)
            for rule in self.rules
            for place in rule.to
        )


def routing(top: Section, cards: Iterable[Card]) -> Routing:
    """Read the section, or its defaults where it is not there."""
    section = top.section("routing", Routing.__struct_fields__)
    if section is None:
        return Routing()
    sims = {card.name for card in cards if card.name}
    named = {pool for card in cards for pool in card.pools}
    pools = _pools(section, sims, named)
    known = sorted({*sims, *named, *(pool.name for pool in pools)})
    default = Routing()
    return Routing(
        patience=section.read("patience", _patience, default.patience),
        sticky=section.read("sticky", values.boolean, default=False),
        weak_signal=section.read(
            "weak_signal", values.integer(*_SIGNAL), default.weak_signal
        ),
        pools=pools,
        rules=_rules(section, known),
    )


def _patience(text: str) -> float:
    seconds = values.duration(text)
    if seconds > MAX_PATIENCE_S:
        raise ValueError(f"expected at most 1 h, got {text!r}")
    return seconds


def _pools(
    section: Section, cards: set[str], filled: set[str]
) -> tuple[PoolConfig, ...]:
    found: dict[str, PoolConfig] = {}
    for entry in section.entries("pools"):
        below = entry.section(PoolConfig.__struct_fields__)
        if entry.is_mapping and below.get("name") is None:
            entry.fail("needs a name")
        name = below.read("name", values.name, "")
        at = below.get("name") or entry
        if name in cards:
            at.fail(_TAKEN.format(name))
        if name in found:
            at.fail(f"pool {name!r} is listed already")
        sims = _names(below, "sims", _known("SIM", sorted(cards)))
        if name:
            found[name] = PoolConfig(name, sims)
            if not sims and name not in filled and below.get("sims") is None:
                at.warn(
                    f"no SIM is in the pool {name!r}: what asks for it waits in vain"
                )
    return tuple(found.values())


def _rules(section: Section, known: list[str]) -> tuple[RouteRule, ...]:
    rules: list[RouteRule] = []
    first: dict[str, str] = {}
    for entry in section.entries("rules"):
        below = entry.section(RouteRule.__struct_fields__)
        given = [
            value
            for word in ("prefer", "only", "never")
            if (value := below.get(word)) is not None
        ]
        if entry.is_mapping and below.get("to") is None:
            entry.fail("needs destinations: to: [+49151, AT]")
        elif entry.is_mapping and not given:
            entry.fail("says nothing; give prefer, only or never")
        places: list[str] = []
        for value in _one_or_more(below, "to"):
            where = value.read(place)
            if where is None:
                continue
            other = first.setdefault(where, value.path)
            if other != value.path:
                value.fail(f"{where} has its rule in {other} already")
            places.append(where)
        names = {
            word: _names(below, word, _known("SIM or pool", known))
            for word in ("prefer", "only", "never")
        }
        rules.append(RouteRule(tuple(places), **names))
    return tuple(rules)


def _network(text: str) -> str:
    """The beginning of the numbers of one network: `+49151`."""
    plain = re.sub(r"[\s().-]", "", text)
    if not re.fullmatch(r"\+[1-9]\d{0,14}", plain, re.ASCII):
        raise ValueError(f"expected a prefix such as +49151, got {text!r}")
    return plain


def _known(what: str, names: list[str]) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in names:
            hint = suggest(text, names) if names else "; none is listed"
            raise ValueError(f"there is no {what} {text!r}{hint}")
        return text

    return read


def _names(section: Section, word: str, read: Callable[[str], str]) -> tuple[str, ...]:
    found = [value.read(read) for value in _one_or_more(section, word)]
    return tuple(dict.fromkeys(name for name in found if name is not None))


def _one_or_more(section: Section, word: str) -> list[Value]:
    value = section.get(word)
    if value is None:
        return []
    return value.entries() if value.is_list or value.is_empty else [value]


class CardKeys:
    """Reads what cards say of routing, and then compares their names and pools."""

    def __init__(self) -> None:
        self._pools: list[tuple[Value, str]] = []

    def read(self, section: Section) -> dict[str, Any]:
        """Return the keys of one card that are about routing."""
        pools: list[str] = []
        for value in _one_or_more(section, "pools"):
            name = value.read(values.name)
            if name is not None:
                self._pools.append((value, name))
                pools.append(name)
        return {
            "pools": tuple(dict.fromkeys(pools)),
            "weight": section.read("weight", values.integer(1, MAX_WEIGHT), 1),
            "network_prefixes": _names(section, "network_prefixes", _network),
        }

    def compare(self, cards: Iterable[Card]) -> None:
        """Report pools that have the name of a SIM."""
        names = {card.name for card in cards}
        for value, name in self._pools:
            if name in names:
                value.fail(_TAKEN.format(name))
