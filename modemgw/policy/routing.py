"""Which SIM may take a message now, and which one it had better wait for.

Sending is pulled: a SIM that becomes free asks for the best message it may take.
So `judge` is always about one message and one SIM that is free. Limits are hard;
preferences are soft: for a while (the patience) a message is left for a better SIM
that is expected, and then goes to whoever is there. What people are told of it is
in choosing.py.

Preferences, the first that tells two SIMs apart decides: the rule for the
destination, its own network, price, the last correspondence, health. Where none
does, whoever is free first sends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

from modemgw.policy.zones import Rule
from modemgw.values import value

PATIENCE_MS = 15_000  # longer than the slowest modem needs for one part
UNKNOWN_PRICE = 1 << 53  # dearer than any price that is known
NEARLY_FULL = 750  # per mille of a limit from which a SIM is spared
LAST_RESORT_MS = 600_000  # within which a SIM that has not refused it is waited for
NOBODY_KNOWS = 1 << 52  # an instant that does not come
LOOK_AGAIN_MS = 60_000  # at a SIM that is not free, where nobody knows until when

Place = tuple[str, str]  # ("sim" | "modem" | "pool", its name)


class Rates(Protocol):
    """What a SIM's tariff says of a destination; policy/tariff.py has the real one."""

    def price(self, to: str, *, used_in_bundle: int) -> int | None:
        """Return micro-units of the currency per part, None where not known."""

    def cost(self, to: str, parts: int, *, used_in_bundle: int) -> int | None:
        """Return what so many parts cost together, None where not known."""

    def refuses_place(self, to: str) -> str | None:
        """Return why the SIM never writes there, None where it may."""

    def allows(self, to: str, parts: int = 1, *, used_in_bundle: int = 0) -> str | None:
        """Return why it may not send so many parts there now, None where it may."""


class SimView(NamedTuple):
    """One SIM in its modem, as routing sees it at one moment."""

    sim_id: int | None
    name: str
    modem: str
    ready: bool
    why_not_ready: str = ""
    busy: bool = False
    paused: bool = False
    free_at: int = 0  # Unix ms; pace, quotas, benches
    free_because: str = ""  # why not before free_at
    last_used_at: int = 0
    pools: frozenset[str] = frozenset()
    networks: tuple[str, ...] = ()  # prefixes of its own network
    tariff: Rates | None = None
    used_in_bundle: int = 0
    health: int = 0  # 0 is fine, more is worse
    health_because: str = ""
    load: int = 0  # per mille of its fullest window
    weight: int = 1  # share of the messages among equals


@dataclass(frozen=True, slots=True)
class Wish:
    """Where a message may go: what its sender asked for and what happened to it.

    Equal wishes are judged alike by every SIM. `to` is one number of the zone: two
    numbers of one zone are told apart by no rule, network or tariff.
    """

    sim: str | None = None
    modem: str | None = None
    pinned_sim_id: int | None = None  # a part of it was accepted there
    excluded: frozenset[int] = field(default_factory=frozenset)  # refused it before
    pool: str | None = None
    also: tuple[Place, ...] = ()  # where else it may go by now
    among: tuple[str, ...] = ()  # SIMs that its key may use; empty: any
    zone: str = ""
    last_sim_id: int | None = None  # in touch with the recipient last, and preferred
    patience_ms: int = PATIENCE_MS
    parts: int = 1  # of the whole message
    to: str = field(default="", compare=False)
    rule: Rule | None = field(default=None, compare=False)  # that of the zone
    plain: bool = field(default=False, compare=False)  # nothing is preferred for it
    is_open: bool = field(init=False, compare=False, repr=False)  # any SIM is as good

    def __post_init__(self) -> None:
        """See once whether it asks for anything: it is judged with every message."""
        asks = self.among or self.excluded or self.pinned_sim_id is not None
        names = self.sim is not None or self.modem is not None or self.pool is not None
        is_open = self.plain and not (asks or names or self.rule is not None)
        object.__setattr__(self, "is_open", is_open)


@value
class Take:
    """The SIM may take it."""

    because: str


@value
class Later:
    """A better SIM is expected, or this one is not free: ask again then."""

    until_ms: int
    because: str


@value
class Never:
    """This SIM must not take it, however long it waits."""

    because: str


Judgement = Take | Later | Never

_RESTED = "free and rested longest"
_AS_GOOD = Take(_RESTED)


def judge(
    wish: Wish,
    sim: SimView,
    rivals: Sequence[SimView],
    *,
    now_ms: int,
    waited_ms: int,
) -> Judgement:
    """Say whether this SIM may take the message now.

    `rivals` are the other SIMs (the SIM itself among them does no harm); they are
    looked at only where something speaks against this one. `waited_ms`: since the
    message could leave. `Later.until_ms` is never beyond the patience, except
    where the SIM itself is not free before, or a quota of it has too little left.
    """
    is_as_good = wish.is_open and sim.tariff is None and not sim.health
    if is_as_good and held(sim, now_ms) is None:
        return _AS_GOOD
    never = why_never(wish, sim)
    if never is not None and (never := forbidden(wish, sim, rivals, now_ms)):
        return Never(never)
    if (why := why_not_now(wish, sim, now_ms)) is not None:
        wait_ms = 1 if sim.free_at > now_ms else LOOK_AGAIN_MS
        return Later(max(sim.free_at, now_ms + wait_ms), why)
    left_ms = wish.patience_ms - waited_ms
    mine = against(wish, sim) if left_ms > 0 else _NOTHING
    if mine == _NOTHING:
        return Take(because(wish))
    until = now_ms + left_ms
    for rival in rivals:
        if against(wish, rival) < mine and expected(wish, rival, until):
            return Later(until, f"SIM {rival.name} is better for it")
    return Take(because(wish))


def forbidden(
    wish: Wish, sim: SimView, rivals: Sequence[SimView], now_ms: int
) -> str | None:
    """Say why this SIM must not take the message beside these rivals, or None.

    One that refused it is the last resort: it may have it again where no other one
    is to be expected. Without rivals nothing is known of others.
    """
    never = why_never(wish, sim)
    if never is None or sim.sim_id not in wish.excluded or not rivals:
        return never
    until = now_ms + LAST_RESORT_MS
    if any(expected(wish, rival, until) for rival in rivals):
        return never
    return why_never(replace(wish, excluded=frozenset()), sim)


def why_never(wish: Wish, sim: SimView) -> str | None:
    """Say why this SIM must not take the message however long we wait, or None."""
    if wish.pinned_sim_id is not None:
        if wish.pinned_sim_id == sim.sim_id:
            return None  # the rest goes where the beginning went
        return "another SIM has sent a part of this message"
    if (elsewhere := _not_asked_for(wish, sim)) is not None:
        return elsewhere
    if sim.sim_id in wish.excluded:
        return "it refused this message before"
    if sim.tariff is not None:
        barred = sim.tariff.refuses_place(wish.to)
        if barred is not None:
            return barred
    return wish.rule.forbids(sim.name, sim.pools) if wish.rule is not None else None


def why_not(wish: Wish, sim: SimView, now_ms: int) -> str | None:
    """Say why this SIM cannot take the message now, or None if it can."""
    return why_never(wish, sim) or why_not_now(wish, sim, now_ms)


def why_not_now(wish: Wish, sim: SimView, now_ms: int) -> str | None:
    """Say what passes with time and is in the way of the message, or None."""
    return held(sim, now_ms) or _too_little_left(wish, sim)


def _not_asked_for(wish: Wish, sim: SimView) -> str | None:
    if wish.among and sim.name not in wish.among:
        return "the key of the message may not use it"
    if wish.sim is not None and wish.sim != sim.name:
        why = f"the message asks for SIM {wish.sim!r}"
    elif wish.modem is not None and wish.modem != sim.modem:
        why = f"the message asks for modem {wish.modem!r}"
    elif wish.pool is not None and wish.pool not in sim.pools:
        why = f"it is not in pool {wish.pool!r}"
    else:
        return None
    return None if any(_is_in(sim, place) for place in wish.also) else why


def _is_in(sim: SimView, place: Place) -> bool:
    kind, name = place
    if kind == "pool":
        return name in sim.pools
    return name == (sim.name if kind == "sim" else sim.modem)


def held(sim: SimView, now_ms: int) -> str | None:
    """Say why this SIM takes nothing now, whatever the message, or None."""
    if sim.free_at <= now_ms and sim.ready and sim.sim_id is not None:
        return "paused by the admin" if sim.paused else None
    if not sim.ready or sim.sim_id is None:
        return sim.why_not_ready or "not ready"
    if sim.paused:
        return "paused by the admin"
    if sim.free_at >= NOBODY_KNOWS:
        return sim.free_because or "not ready"
    seconds = (sim.free_at - now_ms + 999) // 1000
    return f"{sim.free_because or 'its pace'} allows the next part in {seconds} s"


def _too_little_left(wish: Wish, sim: SimView) -> str | None:
    """Say which quota, bundle or cap has no room for the whole message."""
    if sim.tariff is None or wish.pinned_sim_id is not None:
        return None
    used = sim.used_in_bundle
    return sim.tariff.allows(wish.to, wish.parts, used_in_bundle=used)


def expected(wish: Wish, sim: SimView, until_ms: int) -> bool:
    """Say whether this SIM will be there for the message by then."""
    return (
        sim.ready
        and sim.sim_id is not None
        and not sim.paused
        and sim.free_at <= until_ms
        and why_never(wish, sim) is None
        and _too_little_left(wish, sim) is None
    )


Against = tuple[int, int, int, int, int]  # rule, network, price, correspondence, health

_NOTHING: Against = (0, 0, 0, 0, 0)


def against(wish: Wish, sim: SimView) -> Against:
    """Return what speaks against this SIM, by importance; the smaller the better."""
    if wish.plain:
        return (0, 0, 0, 0, sim.health)
    rule, last = wish.rule, wish.last_sim_id
    return (
        0 if rule is None else rule.rank(sim.name, sim.pools),
        0 if _is_own_network(wish, sim) else 1,
        price_of(wish, sim),
        0 if last is None or last == sim.sim_id else 1,
        sim.health,
    )


def _is_own_network(wish: Wish, sim: SimView) -> bool:
    return bool(sim.networks) and wish.to.startswith(sim.networks)


def price_of(wish: Wish, sim: SimView) -> int:
    """Return what a part costs through this SIM, UNKNOWN_PRICE where nobody knows."""
    if sim.tariff is None:
        return UNKNOWN_PRICE
    price = sim.tariff.price(wish.to, used_in_bundle=sim.used_in_bundle)
    return UNKNOWN_PRICE if price is None else price


def order(wish: Wish, sim: SimView, now_ms: int) -> tuple[object, ...]:
    """Return where this SIM stands among those that may take the message, best first.

    Among equals: a free one, one with room in its limits, the one that has rested
    longest; rest counts as many times as its weight.
    """
    rest = (now_ms - sim.last_used_at) * sim.weight
    full = sim.load >= NEARLY_FULL
    return (against(wish, sim), sim.busy, full, -rest, sim.name)


def because(wish: Wish, *, busy: bool = False) -> str:
    """Say what makes any SIM the one for this message, before they are compared."""
    if wish.pinned_sim_id is not None:
        return "it has sent an earlier part"
    if wish.sim is not None or wish.modem is not None:
        return "the message asks for it"
    return "the first to become free" if busy else _RESTED
