"""From what a message asks for and what the file says to the wish that is judged.

Knows the configuration and no message: the same question has the same answer
again, so wishes are made once per zone and shared. Asked once per message that
enters the queue in memory; a microsecond where nothing is configured.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from modemgw.config.model import Card, Config
from modemgw.config.tariff import TariffConfig
from modemgw.policy.routing import Place, Wish
from modemgw.policy.zones import Zones

if TYPE_CHECKING:
    from modemgw.gateway.queue import Entry

PATIENT_BELOW = 2  # priorities from high on take the first SIM there is
PATIENT_FROM = 4  # patiences: a message with less validity than that waits for nobody
MOST_WISHES = 4_096  # kept; there are more only where recipients are sticky
EVERY_SIM = "default"  # the pool of a message that names none

_ROUTED = frozenset({"sim", "modem", "pool", "last_sim", "fallback", "sims"})  # options

Step = tuple[int, str, str]  # from when on, Unix ms; "sim", "modem" or "pool"; name


@dataclass(frozen=True, slots=True)
class Traits:
    """What the file says of one SIM that matters for its choice."""

    pools: frozenset[str] = frozenset({EVERY_SIM})
    networks: tuple[str, ...] = ()
    weight: int = 1


def steps_of(options: Mapping[str, object]) -> list[Step]:
    """Return the fallback steps of a message, as they were stored."""
    stored = options.get("fallback")
    if not isinstance(stored, list):
        return []
    return [(at, kind, name) for at, kind, name in stored]


def taken_of(options: Mapping[str, object]) -> int:
    """Return by how many of its fallback steps a message may go by now."""
    taken = options.get("fallback_step")
    return taken if isinstance(taken, int) else 0


class Router:
    """Makes wishes."""

    def __init__(self, config: Config) -> None:
        routing = config.routing
        self.pools = {pool.name for pool in routing.pools}
        self.pools.update(pool for card in config.sims.cards for pool in card.pools)
        self._pools_of: dict[str, set[str]] = {}
        for pool in routing.pools:
            for sim in pool.sims:
                self._pools_of.setdefault(sim, set()).add(pool.name)
        networks = {p for card in config.sims.cards for p in card.network_prefixes}
        self._networks = tuple(networks)
        nothing = TariffConfig()
        sims = config.sims
        self._zones = Zones(routing.compiled(), (*networks, *sims.places()))
        self._priced = sims.defaults.tariff != nothing or any(
            card.tariff not in (None, nothing) for card in sims.cards
        )
        self._patience_ms = round(routing.patience * 1000)
        self._weak = routing.weak_signal
        self._made: dict[object, Wish] = {}

    @property
    def has_default(self) -> bool:
        """Say whether the file says which SIMs carry what asks for nothing."""
        return EVERY_SIM in self.pools

    def traits(self, sim: str, card: Card | None) -> Traits:
        """Return what the file says of a SIM; `card` None: it is not listed."""
        pools = {*self._pools_of.get(sim, ()), *(card.pools if card else ())}
        if not self.has_default:
            pools.add(EVERY_SIM)
        if card is None:
            return Traits(frozenset(pools))
        return Traits(frozenset(pools), card.network_prefixes, card.weight)

    def weak(self, signal_dbm: int | None) -> str:
        """Say that a signal is weak, "" where it is not, or not known."""
        if signal_dbm is None or signal_dbm >= self._weak:
            return ""
        return f"weak signal ({signal_dbm} dBm)"

    def wish(self, entry: "Entry") -> Wish:
        """Return where a message of the queue may go by now."""
        fresh = self.wish_of(
            entry.options,
            to=entry.to,
            priority=entry.priority,
            validity_ms=entry.expires_at - entry.created_at,
            parts=entry.segments,
        )
        old = entry.wish
        if old.pinned_sim_id is None and not old.excluded:
            return fresh
        return replace(fresh, pinned_sim_id=old.pinned_sim_id, excluded=old.excluded)

    def wish_of(
        self,
        options: Mapping[str, object],
        *,
        to: str,
        priority: int,
        validity_ms: int,
        parts: int,
    ) -> Wish:
        """Return where a message may go of which nothing was sent."""
        asked = _NOTHING if _ROUTED.isdisjoint(options) else _asked(options)
        patience = self._patience_ms
        if priority >= PATIENT_BELOW or validity_ms < PATIENT_FROM * patience:
            patience = 0
        zone = self._zones.zone(to)
        counted = parts if self._priced else 1
        key = (asked, zone, patience, counted)
        made = self._made.get(key)
        if made is None:
            if len(self._made) >= MOST_WISHES:
                self._made.clear()
            made = self._made[key] = self._make(*key, to)
        return made

    def _make(
        self, asked: "_Asked", zone: str, patience: int, parts: int, to: str
    ) -> Wish:
        sim, modem, pool, also, among, last = asked
        if sim is modem is pool is None and self.has_default:
            pool = EVERY_SIM
        rule = self._zones.rule(to)
        return Wish(
            sim=sim,
            modem=modem,
            pool=pool,
            also=also,
            among=among,
            zone=zone,
            last_sim_id=last,
            patience_ms=patience,
            parts=parts,
            to=to,
            rule=rule,
            plain=not (
                self._priced
                or rule is not None
                or last is not None
                or to.startswith(self._networks)
            ),
        )


class _Asked(NamedTuple):
    """What the options of a message say of where it may go."""

    sim: str | None = None
    modem: str | None = None
    pool: str | None = None
    also: tuple[Place, ...] = ()
    among: tuple[str, ...] = ()
    last: int | None = None


_NOTHING = _Asked()


def _asked(options: Mapping[str, object]) -> _Asked:
    sim, modem, pool = (_text(options.get(k)) for k in ("sim", "modem", "pool"))
    also: tuple[Place, ...] = ()
    if "fallback" in options:
        steps = steps_of(options)[: taken_of(options)]
        also = tuple((kind, name) for _, kind, name in steps)
    allowed, last = options.get("sims"), options.get("last_sim")
    among = tuple(allowed) if isinstance(allowed, list) else ()
    known = last if isinstance(last, int) else None
    return _Asked(sim, modem, pool, also, among, known)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
