"""The gateway as front ends see it: one object that holds the parts together.

Front ends call it and never a modem; modems hand it what they receive and never
call a front end. Between the two stands the database.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.errors import FieldError
from modemgw.gateway import recovery, views
from modemgw.gateway.accept import Checker, Known
from modemgw.gateway.asked import Names
from modemgw.gateway.care import SimCare
from modemgw.gateway.cashier import Cashier
from modemgw.gateway.conversation import Conversation
from modemgw.gateway.deadlines import Deadlines
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.doubts import Doubts
from modemgw.gateway.explaining import Explainer
from modemgw.gateway.fallbacks import Fallbacks
from modemgw.gateway.health import HealthWatch
from modemgw.gateway.housekeeping import Housekeeping
from modemgw.gateway.inbound import Inbound
from modemgw.gateway.keys import KeyRing
from modemgw.gateway.model import (
    BatchResult,
    Caller,
    Draft,
    IdempotencyKey,
    Readiness,
    SimView,
    Submitted,
)
from modemgw.gateway.notices import Notices
from modemgw.gateway.offices import Offices
from modemgw.gateway.outlets import Outlets
from modemgw.gateway.pool import Pool
from modemgw.gateway.quiet import Calm
from modemgw.gateway.readiness import readiness
from modemgw.gateway.reloading import Reloader
from modemgw.gateway.routing import Router
from modemgw.gateway.submit import Intake
from modemgw.gateway.supervisor import Supervisor
from modemgw.gateway.upkeep import Upkeep
from modemgw.gateway.ussd import UssdDesk
from modemgw.gateway.verdict import Attempt, Verdict
from modemgw.gateway.waiting import Waiters
from modemgw.gateway.wall import Jumps, Wall
from modemgw.gateway.wallet import Wallets
from modemgw.gateway.watch import Watch
from modemgw.gateway.witness import Witnesses
from modemgw.gateway.workbench import Workbench
from modemgw.modem.discovery import Look
from modemgw.modem.model import ModemSnapshot
from modemgw.modem.port import OpenPort
from modemgw.modem.power import Power
from modemgw.modem.rescue import FindPlace, Rescue, nowhere, usb_place
from modemgw.modem.witness import Left
from modemgw.policy.message import MessageState
from modemgw.store import meta, outbound, waiting
from modemgw.store.database import Store
from modemgw.store.slate import Slate, new_token

log = logging.getLogger("modemgw.gateway")

CLOCK_SLACK_MS = 60_000  # a clock this far behind the newest row is merely adjusted
WAITED_OUT = frozenset(MessageState) - {
    MessageState.SCHEDULED,
    MessageState.QUEUED,
    MessageState.SENDING,
}


class Gateway:
    """Everything between the front ends and the modems."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        *,
        open_port: OpenPort,
        look: Look | None = None,
        place: FindPlace | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.config = config
        self.store = store
        clock = self.clock = Wall(clock)
        self.started, self._newest_instant = False, 0
        rng = rng or random.Random()  # noqa: S311 - spreads back-off, keeps no secret
        self.keys = KeyRing(store, clock)
        self.waiters = Waiters()
        self.health = HealthWatch(store, clock, config.health, rng=rng)
        self.care = SimCare(
            store, clock, self.health, max_parts_per_hour=config.sims.max_parts_per_hour
        )
        self.dispatcher = Dispatcher(
            store,
            clock,
            rng=rng,
            on_recorded=self._recorded,
            health=self.health,
            calm=Calm(config.quiet_hours, config.timezone),
        )
        self.inbound = Inbound(
            store,
            clock,
            sim_of=lambda *who: self.pool.facts(*who),  # noqa: PLW0108 - no pool yet
            on_change=self._changed,
            on_proof=self.dispatcher.return_soon,
            on_report=self.health.reported,
            known_sim=lambda *who: self.pool.known_sim(*who),  # noqa: PLW0108
        )
        self.doubts = Doubts(
            store,
            clock,
            on_change=self._changed,
            give_back=self.dispatcher.reload_message,
        )
        self.pool = Pool(
            config,
            store,
            clock,
            self.dispatcher,
            sink=self.inbound,
            on_late_accept=self.doubts.late_accept,
        )
        self.health.join(
            self.dispatcher.lanes,
            wake=self.dispatcher.reconsider,
            operator_of=self.pool.operator_of,
        )
        self.pool.gate_for += self.care.gates()
        self.wallets = Wallets(config, store, clock)
        self.pool.gate_for.append(self.wallets.gate)
        self.pool.lane_sims.charge = self.wallets.charge
        self.dispatcher.index.treasurer = self.wallets
        self.dispatcher.why_blocked = self.wallets.why_blocked
        self.cashier = Cashier(self.wallets, self.dispatcher)
        self.keys.on_limits = self.cashier.limit
        self.pool.on_change = self.health.look
        self.witnesses = Witnesses(store, self.doubts, sim_of=self.pool.sim_of)
        self.pool.witness_of = self.witnesses.of
        self.fallbacks = Fallbacks(
            *(store, clock, self.pool.router),
            reroute=self.dispatcher.reroute,
            knows=self.dispatcher.index.__contains__,
        )
        self.dispatcher.on_enter = self.fallbacks.admit
        self.explainer = Explainer(config, store, clock, self.dispatcher, self.pool)
        self.pool.rescue = Rescue(
            open_port,
            power=Power(self.pool.power_hook, config.power.socket),
            place=place or (nowhere if look is None else usb_place),
            settled=self.pool.settled,
        )
        self.supervisor = Supervisor(config, self.pool, open_port=open_port, look=look)
        actors, sims = self.pool.actors, self.pool.sims
        self.notices = Notices(store, clock, sims=sims)
        self.pool.on_notice = self.notices.hear
        self.workbench = Workbench(actors, store)
        lanes = self.dispatcher.lanes
        self.ussd = UssdDesk(actors, lanes, sims, store=store)
        self.upkeep = Upkeep(store, clock, config, self.ussd, self.dispatcher, rng)
        self.upkeep.join(self.pool, self.health, self.inbound)
        self.outlets = Outlets(config, store, clock, rng)
        self.webhooks = self.outlets.webhooks
        self.intake = Intake(
            store,
            clock.beneath,
            self.dispatcher,
            Checker(config, self.known(config, self.pool.router)),
            queue_max=config.queue.max,
            rng=rng,
        )
        self.intake.limits_of = self.wallets.keys.of
        work = (self.intake, self.dispatcher)
        self.offices = Offices(
            config, store, clock, *work, sims=self.sims, on_change=self._changed
        )
        self.conversation = Conversation(
            config, store, clock, *work, self.inbound, sims, self._changed
        )
        self.deadlines = Deadlines(
            store,
            clock,
            inbound=self.inbound,
            intake=self.intake,
            reload_message=self.dispatcher.reload_message,
            on_change=self._changed,
            clock_is_sane=self.clock_is_sane,
        )
        self.dispatcher.evening.on_scheduled = self.deadlines.wake
        self.housekeeping = Housekeeping(store, clock, config.retention)
        self.housekeeping.also += [self.cashier.tidy, self.offices.verifications.tidy]
        self.reloader, self.watch = Reloader(self), Watch(self)

    # -- life ----------------------------------------------------------------

    async def start(self) -> None:
        """Take up what the last run left; nothing is sent before this is done."""
        now = self.clock.now_ms()
        self._newest_instant = await self.store.read(outbound.newest_instant)
        if not self.clock_is_sane():
            log.error("the clock is in the past: scheduled messages are held")
        ids, boot = self.store.ids, recovery.boot_id()
        slate = self.witnesses.slate = Slate.open(self.store.data_dir)
        written = await self.store.read(lambda db: meta.get(db, recovery.SLATE))
        notes, token = slate.read(written or "") if slate else None, new_token()
        done = await self.store.write(
            lambda db: recovery.recover(db, ids, now, boot, notes=notes, token=token)
        )
        self.store.is_settled = True
        if slate is not None and not slate.begin(token):
            self.witnesses.close()
        self.witnesses.left = {
            modem: Left(ref, done.typed.get(modem))
            for modem, ref in done.doubted.items()
        }
        self.jumps = Jumps(self.store, self.clock, self.dispatcher.index, self._woken)
        await self.jumps.load()
        await self.inbound.resume(crashed=not self.store.was_clean)
        await self.care.load()
        await self.pool.load()
        await self.wallets.keys.load()
        await self.witnesses.load()
        await self.upkeep.load()
        await self.watch.alarms.load()
        await self.conversation.load()
        await self.dispatcher.load()
        await self.intake.expand()
        self.intake.open_count = await self.store.read(waiting.count_open)
        self.started = True

    def tasks(self) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
        """Return what lives as long as the gateway."""
        return [
            ("pool", self.pool.run),
            ("clock", self.jumps.run),
            ("wallets", self.cashier.run),
            *self.care.tasks(),
            ("notices", self.notices.run),
            ("modems", self.supervisor.run),
            ("dispatch", self.dispatcher.run),
            ("take back", self.dispatcher.take_back),
            ("fallbacks", self.fallbacks.run),
            *self.upkeep.tasks(),
            *self.offices.tasks(),
            ("inbound", self.inbound.run),
            ("answers", self.conversation.run),
            ("deadlines", self.deadlines.run),
            *self.outlets.tasks(),
            ("late", self.doubts.run),
            ("housekeeping", self.housekeeping.run),
            ("reload", self.reloader.run),
            *self.watch.tasks(),
        ]

    async def drain(self, seconds: float) -> bool:
        """Take no new work and let what is on the air finish; False: time was up."""
        self.intake.closed = True
        self.dispatcher.stopping = True
        self.dispatcher.wake()
        try:
            async with asyncio.timeout(seconds):
                for lane in self.dispatcher.lanes.values():
                    await lane.quiet.wait()
        except TimeoutError:
            return False
        finally:
            self.waiters.close()
            self.outlets.close()
        return True

    def clock_is_sane(self) -> bool:
        """Say whether the wall clock is not behind what the database has seen."""
        return self.clock.now_ms() >= self._newest_instant - CLOCK_SLACK_MS

    def _woken(self) -> None:
        self.dispatcher.wake()
        self.deadlines.wake()

    # -- messages ------------------------------------------------------------

    async def submit(
        self, draft: Draft, caller: Caller, *, idempotency: IdempotencyKey | None = None
    ) -> Submitted:
        """Accept one message; see Intake.submit."""
        return await self.intake.submit(draft, caller, idempotency)

    async def submit_batch(
        self,
        drafts: Sequence[Draft | FieldError],
        caller: Caller,
        *,
        idempotency: IdempotencyKey | None = None,
    ) -> BatchResult:
        """Accept what is right of a batch; see Intake.submit_batch."""
        return await self.intake.submit_batch(drafts, caller, idempotency)

    async def preview(self, draft: Draft, caller: Caller) -> Submitted:
        """Say what would become of a draft, and keep nothing of it."""
        new = self.intake.check(draft, caller)
        routing = await self.explainer.preview(new)
        shown = msgspec.structs.replace(views.created(new), routing=routing)
        return Submitted(new.public_id, 200, views.encode(shown))

    async def cancel(self, public_id: str, caller: Caller) -> None:
        """Cancel a message of which nothing has left. Raises NotFound, Conflict."""
        await self.offices.records.cancel(public_id, caller.name)

    async def settle(self, public_id: str, as_: str, caller: Caller) -> None:
        """Decide a message in doubt: `sent`, `failed` or `resend`.

        Raises NotFound, or Conflict where it is not in doubt.
        """
        await self.doubts.settle(public_id, as_, caller)
        self.deadlines.wake()

    async def wait_state(self, public_id: str, seconds: float) -> None:
        """Return when the message has left `queued` and `sending`, or after a while.

        At a stop at once: the message is accepted, and who waits wants to know.
        """
        async with self.waiters.waiting(public_id) as changed:
            try:
                async with asyncio.timeout(seconds):
                    while not (self.waiters.closed or await self._has_left(public_id)):
                        await changed.wait()
                        changed.clear()  # before the next look: none is missed
            except TimeoutError:
                return

    async def _has_left(self, public_id: str) -> bool:
        found = await self.store.read(lambda db: outbound.find(db, public_id))
        return found.state in WAITED_OUT

    # -- views ---------------------------------------------------------------

    def sims(self) -> list[SimView]:
        """Return every SIM ever seen, by name."""
        views = map(self.care.describe, self.pool.sims())
        views = map(self.wallets.describe, views)
        return [self.upkeep.describe(view) for view in views]

    def modems(self) -> list[ModemSnapshot]:
        """Return every modem, by name."""
        return self.pool.modems()

    def readiness(self) -> Readiness:
        """Say whether messages can be stored and sent."""
        return readiness(self)

    # -- inside --------------------------------------------------------------

    def known(self, config: Config, router: Router) -> Known:
        """Return what a message may name under a configuration."""

        def sim_name(text: str) -> str | None:
            for sim in self.pool.sims():
                if text in (sim.name, sim.iccid):
                    return sim.name
            for card in config.sims.cards:
                if text in (card.name, card.iccid):
                    return card.name
            return None

        def callback_refusal(url: str) -> str | None:
            refusal = self.webhooks.finder.guard.check_url(url)
            return None if refusal is None else refusal.detail

        listed = {modem.name for modem in config.modems}

        def has_modem(name: str) -> bool:
            return name in listed or name in self.pool.actors

        names = Names(sim_name, has_modem, router.pools)
        return Known(names, callback_refusal)

    def _recorded(self, attempt: Attempt, verdict: Verdict) -> None:
        if verdict.doubt:
            self.witnesses.doubtful.add(attempt.ref.sim_id)
            self.deadlines.wake()
        self.waiters.tell(attempt.entry.public_id)
        self.upkeep.recorded(attempt, verdict)

    def _changed(self, message_id: int) -> None:
        self.upkeep.changed(message_id)
        if self.waiters:
            self.waiters.tell_all()
