"""Says of a message that waits for whom it waits, and of a draft where it would go.

Computed when somebody asks, from what is in memory at that moment; nothing of it is
stored.
"""

from functools import partial

from msgspec import UNSET, UnsetType

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.config.money import show_amount
from modemgw.gateway import loading
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.pool import Pool
from modemgw.gateway.shapes import Cost, Routing
from modemgw.gateway.views import instant, maybe_instant
from modemgw.policy.choosing import Choice, explain
from modemgw.policy.routing import SimView, Wish
from modemgw.store import routing
from modemgw.store.database import Store
from modemgw.store.messages import MessageRow
from modemgw.store.outbound import NewMessage

WAITING = ("scheduled", "queued")  # states in which a message has no SIM yet


class Explainer:
    """Answers for people."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        dispatcher: Dispatcher,
        pool: Pool,
    ) -> None:
        self.configure(config)
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._pool = pool

    def configure(self, config: Config) -> None:
        """Take up what a reload changed."""
        self._card = config.sims.card
        self._currency = config.sims.currency

    async def waiting(self, row: MessageRow) -> Routing | None:
        """Return for whom a message waits, None where it does not.

        Raises StoreError.
        """
        if row.direction != "outbound" or row.state not in WAITING:
            return None
        here = self._dispatcher.index.find(row.id)
        if here is not None:  # it knows who refused the message, which no row does
            return self._routing(here.wish, here.not_before)
        entry = await self._store.read(partial(loading.one, message_id=row.id))
        if entry is not None:
            return self._routing(self._pool.router.wish(entry), entry.not_before)
        wish = self._pool.router.wish_of(
            row.options,
            to=row.peer,
            priority=row.priority,
            validity_ms=(row.expires_at or row.created_at) - row.created_at,
            parts=row.segments,
        )
        return self._routing(wish, row.not_before)

    async def preview(self, new: NewMessage) -> Routing:
        """Return where a message would go that nobody has accepted yet."""
        options = dict(new.options)
        if "sticky" in options:
            last = partial(routing.last_sim, peer=new.to)
            options["last_sim"] = await self._store.read(last)
        wish = self._pool.router.wish_of(
            options,
            to=new.to,
            priority=new.priority,
            validity_ms=new.expires_at - new.created_at,
            parts=new.segments,
        )
        return self._routing(wish, new.not_before, new.segments)

    def _routing(self, wish: Wish, not_before: int, parts: int = 0) -> Routing:
        now = self._clock.now_ms()
        views = [
            view if view.name else view._replace(name=f"modem {view.modem}")
            for view in (*self._dispatcher.views(), *self._absent())
        ]
        choice = explain(wish, views, now, waited_ms=max(0, now - not_before))
        why, at = choice.because, choice.at
        if not_before > now:
            why = f"not before {instant(not_before)}; as it is now: {why}"
            at = None if at is None else max(at, not_before)
        return Routing(
            sim=choice.sim,
            why=why,
            others=choice.others,
            leaves_at=maybe_instant(at),
            cost=self._cost(wish, choice, views, parts),
        )

    def _absent(self) -> list[SimView]:
        """Return the SIMs that are in no modem."""
        lanes = self._dispatcher.lanes.values()
        there = {lane.sim.sim_id for lane in lanes if lane.sim is not None}
        return [
            SimView(
                row.id,
                row.name,
                modem="",
                ready=False,
                why_not_ready="in no modem of this gateway",
                pools=self._pool.router.traits(row.name, self._card(row.iccid)).pools,
            )
            for row in self._pool.known()
            if row.id not in there
        ]

    def _cost(
        self, wish: Wish, choice: Choice, views: list[SimView], parts: int
    ) -> Cost | UnsetType:
        """Return what `parts` parts cost through the SIM that was chosen."""
        best = next((view for view in views if view.name == choice.sim), None)
        if not parts or best is None or best.tariff is None:
            return UNSET
        used = best.used_in_bundle
        micro = best.tariff.cost(wish.to, parts, used_in_bundle=used)
        if micro is None:
            return UNSET
        return Cost(show_amount(micro), self._currency or None)
