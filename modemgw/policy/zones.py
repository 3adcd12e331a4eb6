"""Zones: the destinations that rules, networks and tariffs tell apart.

Numbers of one zone are treated alike by everything that was configured, so a
queue of a hundred thousand numbers is a queue of a few zones.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from modemgw.number import region_of
from modemgw.policy.places import SHORT, Places


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a destination; the names are those of SIMs or pools."""

    place: str  # as it was written: +49151, DE, 80888, short
    prefer: tuple[str, ...] = ()  # the first the most
    only: tuple[str, ...] = ()  # empty: any
    never: tuple[str, ...] = ()

    def forbids(self, sim: str, pools: frozenset[str]) -> str | None:
        """Say why this SIM may not write there, or None."""
        if self.only and not _among(self.only, sim, pools):
            return f"to {self.place} only {' or '.join(self.only)} may write"
        if _among(self.never, sim, pools):
            return f"it must not write to {self.place}"
        return None

    def rank(self, sim: str, pools: frozenset[str]) -> int:
        """Return its place among the preferred ones, 0 the best."""
        for place, name in enumerate(self.prefer):
            if name == sim or name in pools:
                return place
        return len(self.prefer)


def _among(names: tuple[str, ...], sim: str, pools: frozenset[str]) -> bool:
    return sim in names or not pools.isdisjoint(names)


class Zones:
    """Finds the zone of a number, and the rule that holds there.

    `told_apart` are the places that networks and tariffs speak of.
    """

    def __init__(self, rules: Sequence[Rule], told_apart: Iterable[str] = ()) -> None:
        self._rules = tuple(rules)
        self._narrowest = Places(
            tuple((rule.place, index) for index, rule in enumerate(self._rules))
        )
        known = {*(rule.place for rule in self._rules), *told_apart}
        self._countries = frozenset(place for place in known if place.isalpha())
        self._prefixes = known - self._countries
        lengths = {len(prefix) for prefix in self._prefixes}
        self._lengths = sorted(lengths, reverse=True)

    def zone(self, to: str) -> str:
        """Return the zone of a number: its prefix and its country, where they matter.

        Two numbers with the same zone fit the same places.
        """
        prefix = ""
        for length in self._lengths:
            if to[:length] in self._prefixes:
                prefix = to[:length]
                break
        if not self._countries:
            return prefix
        country = region_of(to) if to.startswith("+") else SHORT
        return f"{prefix} {country}" if country in self._countries else prefix

    def rule(self, to: str) -> Rule | None:
        """Return the rule that holds for a number: that of the narrowest place."""
        index = self._narrowest.value(to)
        return None if index is None else self._rules[index]
