"""Checks where a message asks to go: SIM, modem, pool, and its fallback."""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from modemgw.gateway.model import Draft
from modemgw.gateway.routing import EVERY_SIM
from modemgw.store.outbound import JsonDict

MAX_FALLBACK = 10  # steps

Wrong = Callable[[str, str, str], None]  # pointer, code, detail
Places = tuple[str | None, str | None, str | None]  # sim, modem, pool
_NOWHERE: Places = (None, None, None)


@dataclass(frozen=True, slots=True)
class Names:
    """What a message may ask for by name."""

    sim: Callable[[str], str | None]  # name or public id -> name
    modem: Callable[[str], bool]
    pools: Collection[str]


class RouteChecker:
    """Turns what a draft asks for into what is stored of it."""

    def __init__(self, names: Names, *, sticky: bool) -> None:
        self._names = names
        self._sticky = sticky

    def options(
        self, draft: Draft, wrong: Wrong, *, not_before: int, validity_s: int
    ) -> JsonDict:
        """Return the options of a message that are about its route.

        Steps of a fallback become instants: they count from `not_before`.
        """
        options: JsonDict = {}
        asked = (draft.sim, draft.modem, draft.pool)
        if asked != _NOWHERE:
            options.update(self._places(asked, "/route", wrong))
        if self._sticky if draft.sticky is None else draft.sticky:
            options["sticky"] = True
        if draft.fallback:
            options["fallback"] = [
                [not_before + after * 1000, kind, name]
                for after, kind, name in self._fallback(draft, wrong, validity_s)
            ]
        return options

    def _places(self, asked: Places, pointer: str, wrong: Wrong) -> dict[str, str]:
        """Return what is known of it, by kind."""
        found: dict[str, str] = {}
        sim, modem, pool = asked
        if sim is not None:
            name = self._names.sim(sim)
            if name is None:
                wrong(f"{pointer}/sim", "unknown_sim", f"no SIM {sim!r}")
            else:
                found["sim"] = name
        if modem is not None:
            if not self._names.modem(modem):
                wrong(f"{pointer}/modem", "unknown_modem", f"no modem {modem!r}")
            found["modem"] = modem
        if pool is not None:
            pools = sorted(self._names.pools)
            if pool not in pools and pool != EVERY_SIM:
                there = ", ".join(pools) or "none is configured"
                wrong(f"{pointer}/pool", "unknown_pool", f"no pool {pool!r}: {there}")
            elif pool in pools or pointer != "/route":
                found["pool"] = pool  # else every SIM is in it
        return found

    def _fallback(
        self, draft: Draft, wrong: Wrong, validity_s: int
    ) -> list[tuple[int, str, str]]:
        steps: list[tuple[int, str, str]] = []
        before = 0
        if len(draft.fallback) > MAX_FALLBACK:
            wrong("/fallback", "too_long", f"has more than {MAX_FALLBACK} steps")
        for index, step in enumerate(draft.fallback[:MAX_FALLBACK]):
            pointer = f"/fallback/{index}"
            if not before < step.after < validity_s:
                wrong(
                    f"{pointer}/after",
                    "out_of_range",
                    "must be later than the step before and earlier than the end of "
                    f"the validity: {before + 1} to {validity_s - 1} seconds",
                )
            before = max(before, step.after)
            asked = (step.sim, step.modem, step.pool)
            if sum(name is not None for name in asked) != 1:
                wrong(pointer, "invalid", "give one of sim, modem and pool")
                continue
            places = self._places(asked, pointer, wrong).items()
            steps += [(step.after, kind, name) for kind, name in places]
        return steps
