"""Which SIM may take a message, and why the others may not.

Sending is pulled: a SIM that becomes free asks for the best message it may
take. So the question is always about one message and one SIM; `explain` asks it
for all of them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class SimView:
    """One SIM in its modem, as routing sees it."""

    sim_id: int | None
    name: str
    modem: str
    ready: bool
    why_not_ready: str = ""
    busy: bool = False
    paused: bool = False
    free_at: int = 0  # Unix ms; pace and cool-down
    free_because: str = ""  # why not before free_at
    last_used_at: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a message may go: what its sender asked for and what happened to it."""

    sim: str | None = None
    modem: str | None = None
    pinned_sim_id: int | None = None  # a part of it was accepted there
    excluded: frozenset[int] = field(default_factory=frozenset)  # refused it before


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer for people: the SIM that would take it, and what speaks for others."""

    sim: str | None
    because: str
    others: dict[str, str]


def why_never(wish: Wish, sim: SimView) -> str | None:
    """Say why this SIM must not take the message however long we wait, or None."""
    if wish.pinned_sim_id is not None and wish.pinned_sim_id != sim.sim_id:
        return "another SIM has sent a part of this message"
    if wish.sim is not None and wish.sim != sim.name:
        return f"the message asks for SIM {wish.sim!r}"
    if wish.modem is not None and wish.modem != sim.modem:
        return f"the message asks for modem {wish.modem!r}"
    if sim.sim_id in wish.excluded:
        return "it refused this message before"
    return None


def why_not(wish: Wish, sim: SimView, now_ms: int) -> str | None:
    """Say why this SIM cannot take the message now, or None if it can."""
    if (never := why_never(wish, sim)) is not None:
        return never
    if not sim.ready or sim.sim_id is None:
        return sim.why_not_ready or "not ready"
    if sim.paused:
        return "paused by the admin"
    if sim.free_at > now_ms:
        seconds = (sim.free_at - now_ms + 999) // 1000
        return f"{sim.free_because or 'its pace'} allows the next part in {seconds} s"
    return None


def explain(wish: Wish, sims: Iterable[SimView], now_ms: int) -> Choice:
    """Return which SIM a message would go to now, with a sentence for each other.

    A free SIM comes before a busy one; among equals the one that has rested
    longest sends, which spreads messages evenly.
    """
    others: dict[str, str] = {}
    able: list[SimView] = []
    for sim in sims:
        if (why := why_not(wish, sim, now_ms)) is None:
            able.append(sim)
        else:
            others[sim.name] = why
    able.sort(key=lambda sim: (sim.busy, sim.last_used_at, sim.name))
    for sim in able[1:]:
        others[sim.name] = "busy" if sim.busy else "used more recently"
    if not able:
        return Choice(None, "no SIM can take it now", others)
    best = able[0]
    return Choice(best.name, because(wish, busy=best.busy), others)


def because(wish: Wish, *, busy: bool = False) -> str:
    """Say in one phrase why the SIM that takes the message is the one."""
    if wish.pinned_sim_id is not None:
        return "it has sent an earlier part"
    if wish.sim is not None or wish.modem is not None:
        return "the message asks for it"
    return "the first to become free" if busy else "free and rested longest"
