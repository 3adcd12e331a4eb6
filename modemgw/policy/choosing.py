"""Why a message goes through this SIM, and why not through each other one.

For people: computed when somebody asks, and once for a message that leaves. The
decision itself is in routing.py.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from modemgw.policy.routing import (
    NEARLY_FULL,
    NOBODY_KNOWS,
    UNKNOWN_PRICE,
    Against,
    SimView,
    Take,
    Wish,
    against,
    because,
    expected,
    forbidden,
    judge,
    order,
    why_never,
    why_not,
    why_not_now,
)

MOST_TOLD = 8  # SIMs that the timeline of a message says something about
_RESTED = "used more recently"


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer for people: the SIM that would take it, and what speaks for others."""

    sim: str | None  # None: nobody, now
    because: str
    others: dict[str, str]
    at: int | None = None  # Unix ms when it would leave at the earliest; None: unknown


def explain(
    wish: Wish, sims: Iterable[SimView], now_ms: int, *, waited_ms: int = 0
) -> Choice:
    """Return which SIM a message would go to now, with a sentence for each other.

    A SIM that is busy is named where the message would wait for it.
    """
    there = list(sims)
    last_resort = replace(wish, excluded=frozenset())  # `forbidden` has the say
    others: dict[str, str] = {}
    able: list[SimView] = []
    coming: list[SimView] = []
    may: list[SimView] = []
    for sim in there:
        if (never := forbidden(wish, sim, there, now_ms)) is not None:
            others[sim.name] = never
            continue
        may.append(sim)
        if (why := why_not_now(wish, sim, now_ms)) is None:
            able.append(sim)
        else:
            others[sim.name] = why
            if expected(last_resort, sim, NOBODY_KNOWS):
                coming.append(sim)
    all_there = [*able, *coming]
    takes = [
        sim
        for sim in able
        if isinstance(judge(wish, sim, there, now_ms=now_ms, waited_ms=waited_ms), Take)
    ]
    free = [sim for sim in takes if not sim.busy] or takes
    if free:
        best = min(free, key=lambda sim: order(wish, sim, now_ms))
        others.update({s.name: lost(wish, s, best) for s in able if s is not best})
        rivals = [sim for sim in all_there if sim is not best]
        at = None if best.busy else now_ms
        return Choice(best.name, won(wish, best, rivals), others, at)
    others.update({sim.name: "waits for a better SIM" for sim in able})
    if coming:
        first = min(coming, key=lambda sim: (sim.free_at, order(wish, sim, now_ms)))
        return Choice(None, _waits_for(first, others), others, first.free_at)
    if len(may) == 1:
        return Choice(None, _waits_for(may[0], others), others)
    if not others:
        return Choice(None, "there is no SIM", others)
    return Choice(
        None, "no SIM can take it now" if may else "no SIM may take it", others
    )


def _waits_for(sim: SimView, others: dict[str, str]) -> str:
    return f"waits for SIM {sim.name}: {others[sim.name]}"


def is_a_choice(wish: Wish) -> bool:
    """Say whether more than who is free first decides about a message."""
    return not wish.plain or bool(wish.excluded or wish.also) or wish.pool is not None


def told(
    wish: Wish, best: SimView, rivals: Sequence[SimView], now_ms: int
) -> tuple[str, dict[str, str]]:
    """Return why `best` takes a message, and what speaks against some of the others.

    Nothing of the others where the choice was no choice.
    """
    if wish.pinned_sim_id is not None or wish.sim or wish.modem:
        return because(wish), {}
    rank = against(wish, best)
    known = (s for s in rivals if s.sim_id is not None and s.name != best.name)
    # Where nothing is preferred, why it won has nothing to do with the others.
    asked = islice(known, MOST_TOLD if wish.plain else None)
    others = [(against(wish, sim), sim) for sim in asked]
    return _won(wish, best, rank, others), {
        sim.name: why_not(wish, sim, now_ms) or _lost(wish, sim, its, rank)
        for its, sim in others[:MOST_TOLD]
    }


def won(wish: Wish, best: SimView, rivals: Sequence[SimView]) -> str:
    """Say in one phrase why the SIM that takes the message is the one."""
    ranked = [(against(wish, sim), sim) for sim in rivals]
    return _won(wish, best, against(wish, best), ranked)


def _won(
    wish: Wish, best: SimView, rank: Against, rivals: list[tuple[Against, SimView]]
) -> str:
    asked = because(wish, busy=best.busy)
    if wish.plain or wish.pinned_sim_id is not None or wish.sim or wish.modem:
        return asked
    by_rank = sorted(rivals, key=lambda one: one[0])
    found = next((one for one in by_rank if why_never(wish, one[1]) is None), None)
    if found is None:
        return "the only one that may"
    its, rival = found
    if rank > its:
        return f"SIM {rival.name} is better, and was not free in time"
    return _phrase(_WON, wish, best, rank, its, rival.name) or asked


def lost(wish: Wish, sim: SimView, best: SimView) -> str:
    """Say in one phrase why this SIM, which may take the message, is not the one."""
    return _lost(wish, sim, against(wish, sim), against(wish, best))


def _lost(wish: Wish, sim: SimView, rank: Against, best: Against) -> str:
    if rank < best:
        return "better, and busy" if sim.busy else "better, and not free in time"
    if (phrase := _phrase(_LOST, wish, sim, rank, best)) is not None:
        return phrase
    if sim.busy:
        return "busy"
    return "its limits are nearly used up" if sim.load >= NEARLY_FULL else _RESTED


# What tells two SIMs apart, in the order of `against`.
_WON = (
    "preferred for {place}",
    "the number is in its own network",
    "cheapest: {cost}",
    "in touch with this number last",
    "healthier than SIM {other}",
)
_LOST = (
    "less preferred for {place}",
    "the number is not in its network",
    "dearer: {cost}",
    "was not in touch with this number last",
    "{health}",
)


def _phrase(
    phrases: tuple[str, ...],
    wish: Wish,
    sim: SimView,
    rank: Against,
    other: Against,
    name: str = "",
) -> str | None:
    """Say it by the first thing that tells them apart, None where nothing does."""
    for phrase, mine, its in zip(phrases, rank, other, strict=True):
        if mine != its:
            return phrase.format(
                place=wish.rule.place if wish.rule is not None else "",
                cost=_cost(rank[2]),
                health=sim.health_because or "in poor health",
                other=name,
            )
    return None


def _cost(micro: int) -> str:
    """Write micro-units as people do.

    >>> _cost(50_000), _cost(0), _cost(1_234_567)
    ('0.05 a part', '0 a part', '1.234567 a part')
    """
    if micro >= UNKNOWN_PRICE:
        return "price not known"
    whole, rest = divmod(micro, 1_000_000)
    digits = f"{rest:06}".rstrip("0")
    return f"{whole}.{digits} a part" if digits else f"{whole} a part"
