"""The modems by name: their actors, what they last said, and the SIM in each.

The pool hears of every change in the loop and works it off in one task: finds
or makes the SIM's row, gives the lane its SIM, and records what the admin would
want to know (`modem.lost`, `modem.recovered`).
"""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.errors import StoreError
from modemgw.gateway.announce import Announcer
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.inbound import SimFacts
from modemgw.gateway.lane import Lane
from modemgw.gateway.lane_sim import LaneSim
from modemgw.gateway.lane_sims import LaneSims
from modemgw.gateway.model import SimView
from modemgw.gateway.pins import StoredPins
from modemgw.gateway.routing import Router
from modemgw.gateway.sim_views import view_of
from modemgw.modem.actor import ModemActor
from modemgw.modem.lease import Lease
from modemgw.modem.model import (
    ModemSettings,
    ModemSnapshot,
    Phase,
    SimIdentity,
    TpduSink,
)
from modemgw.modem.rescue import Rescue
from modemgw.modem.witness import NoWitness, Witness
from modemgw.store import evidence, sims
from modemgw.store.database import Store
from modemgw.store.sims import SimRow
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.pool")

# Rungs that a counter may not outlive.
FORCE = frozenset({"radio", "reset", "reauthorise", "power"})
STORE_RETRY_S = 2.0  # between tries to write a SIM's row while the disk says no


class Pool:
    """All modems of this gateway."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        dispatcher: Dispatcher,
        *,
        sink: TpduSink,
        on_late_accept: Callable[[object, int], None],
    ) -> None:
        self.actors: dict[str, ModemActor] = {}
        self.announcer = Announcer(store, clock)
        self.config = config
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._pins = StoredPins(store, clock)
        self._entries: dict[str, str | None] = {}  # of the configuration, by modem
        self.rescue: Rescue | None = None
        self.witness_of: Callable[[str], Witness] = lambda modem: NoWitness()
        self._on_late_accept = on_late_accept
        self.on_notice: Callable[[str, str, dict[str, object]], None] = _unheard
        self.on_change: Callable[[], None] = _nobody_looks  # SIMs came or went
        # What may hold a whole SIM back, made once per card and in this order.
        self.router = Router(config)
        self.lane_sims = LaneSims(
            config, store, clock, self.router, draw=dispatcher.jitter
        )
        self.gate_for = self.lane_sims.gate_for
        self._sink = sink
        self.cards: dict[int, LaneSim] = {}  # by SIM: pace and rests go with it
        self._sims: dict[str, SimRow] = {}  # by modem
        self._known: dict[int, SimRow] = {}  # every SIM ever seen
        self._identities: dict[str, SimIdentity] = {}  # by modem, what _sims is of
        self._phases: dict[str, Phase] = {}
        self._changes: asyncio.Queue[str] = asyncio.Queue()
        self._queued: set[str] = set()

    def add(self, lease: Lease, *, listed: str | None) -> None:
        """Make actor and lane of a modem; `listed` is its entry, which has its PIN."""
        config, name = self.config, lease.name
        entry = config.modem(listed)
        self._entries[name] = listed

        def pin(iccid: str | None) -> str | None:
            return self.config.pin(listed or "", iccid)

        def smsc(iccid: str | None) -> str | None:
            card = self.config.sims.card(iccid)
            return card.smsc if card else None

        settings = ModemSettings(
            name=name,
            port=lease.port,
            pin=pin,
            smsc=smsc,
            reports=config.sims.defaults.reports
            or any(card.reports for card in config.sims.cards),
            hang_up=config.calls.hang_up,
            pins=self._pins,
            recognise=lease.recognise,
            profiles=lambda: self.config.all_profiles(),  # noqa: PLW0108 - changes
            profile=entry.profile if entry else None,
            rescue=self.rescue,
            witness=self.witness_of(name),
        )
        actor = ModemActor(
            settings,
            open_port=lease.open,
            sink=self._sink,
            observer=self,
            clock=self._clock,
        )
        lease.moved = actor.move_to
        self.actors[name] = actor
        self._dispatcher.add_lane(name, actor)

    def parts(self, name: str) -> tuple[ModemActor, Lane]:
        """Return actor and lane of a modem."""
        return self.actors[name], self._dispatcher.lanes[name]

    def entry_of(self, name: str) -> str | None:
        """Return the entry of the configuration that a modem is of, if any."""
        return self._entries.get(name)

    def power_hook(self, name: str) -> tuple[str, ...] | None:
        """Return the command that cuts the power of a modem, if there is one."""
        return self.config.power_hook(self._entries.get(name))

    def operator_of(self, name: str) -> str:
        """Return whose network a modem is in; "" where that is not known."""
        actor, row = self.actors.get(name), self._sims.get(name)
        operator = actor.snapshot.operator if actor is not None else None
        if operator is None and row is not None and row.imsi is not None:
            return row.imsi[:5]  # MCC and MNC of its home network, near enough
        return operator or ""

    async def settled(self, name: str) -> None:
        """Return once everything that a modem was given has its outcome on disk."""
        lane = self._dispatcher.lanes.get(name)
        if lane is not None:
            await lane.quiet.wait()

    def remove(self, name: str) -> None:
        """Forget a modem whose actor and lane have ended; its SIM stays known."""
        del self.actors[name], self._dispatcher.lanes[name]
        self._sims.pop(name, None)
        self._identities.pop(name, None)
        self._phases.pop(name, None)
        self.announcer.forget(name)
        self._dispatcher.reconsider()
        self.on_change()

    def configure(self, config: Config, router: Router) -> None:
        """Take up what a reload changed of cards and calls; modems go on."""
        self.config = self.lane_sims.config = config
        self.router = self.lane_sims.router = router
        for actor in self.actors.values():
            actor.aside.hang_up(on=config.calls.hang_up)
        for name, row in list(self._sims.items()):
            card = config.sims.card(row.iccid)
            if card and (card.name, card.number or row.number) != (
                row.name,
                row.number,
            ):
                del self._sims[name]  # written anew, under its new name
                self._look_at(name)

    async def load(self) -> None:
        """Read the SIMs that were seen before."""
        self._known = {row.id: row for row in await self._store.read(sims.list_sims)}

    async def run(self) -> None:
        """Work off changes of modems, for life."""
        while True:
            name = await self._changes.get()
            self._queued.discard(name)
            try:
                await self._settle(name)
            except StoreError as exc:
                log.error("cannot read the database", extra={"error": str(exc)})
                await asyncio.sleep(STORE_RETRY_S)
                self._look_at(name)

    def _look_at(self, name: str) -> None:
        if name not in self._queued:
            self._queued.add(name)
            self._changes.put_nowait(name)

    # -- modem.model.Observer ------------------------------------------------

    def changed(self, snapshot: ModemSnapshot) -> None:
        """Hear that something about a modem changed."""
        self._heed_power(snapshot)
        lane = self._dispatcher.lanes.get(snapshot.name)
        if lane is not None:
            self._update_lane(lane, snapshot)
        self._look_at(snapshot.name)

    def _heed_power(self, snapshot: ModemSnapshot) -> None:
        """Forget a SIM's counter when its modem may have been without power.

        Written before anything that the modem may accept next.
        """
        before = self._phases.get(snapshot.name)
        self._phases[snapshot.name] = snapshot.phase
        rebooted = before is Phase.READY and snapshot.phase is Phase.STARTING
        unplugged = before is not Phase.ABSENT and snapshot.phase is Phase.ABSENT
        came_back = before is not Phase.READY and snapshot.phase is Phase.READY
        by_force = came_back and snapshot.rung in FORCE
        row = self._sims.get(snapshot.name)
        if row is not None and (rebooted or unplugged or by_force):
            forgotten = self._store.write(partial(evidence.power_lost, sim_id=row.id))
            forgotten.add_done_callback(_retrieve)

    def late_accept(self, modem: str, token: object, tp_mr: int) -> None:
        """Hear that a part in doubt was accepted after all."""
        self._on_late_accept(token, tp_mr)

    def notice(self, modem: str, kind: str, detail: dict[str, object]) -> None:
        """Hear of anything else about a modem."""
        self.on_notice(modem, kind, detail)

    # -- inside --------------------------------------------------------------

    def _update_lane(self, lane: Lane, snapshot: ModemSnapshot) -> None:
        known = self._identities.get(snapshot.name)
        same_sim = snapshot.sim is not None and _same_card(known, snapshot.sim)
        was_ready = lane.ready
        lane.ready = snapshot.sendable and same_sim and not lane.leaving
        lane.why_not_ready = snapshot.why or snapshot.phase.value
        lane.weak = self.router.weak(snapshot.signal_dbm)
        if lane.ready and not was_ready:
            lane.wake()
        if lane.ready != was_ready:
            self._dispatcher.reconsider()

    async def _settle(self, name: str) -> None:
        if name not in self.actors:
            return
        actor, lane = self.parts(name)
        snapshot = actor.snapshot
        if snapshot.phase is Phase.READY and snapshot.sim is not None:
            known = self._identities.get(name)
            if not _same_card(known, snapshot.sim) or name not in self._sims:
                row = await self._identify(name, snapshot.sim)
                if row is None:
                    return
                await self._give(lane, row, snapshot)
        self._update_lane(lane, snapshot)
        self.on_change()
        await self.announcer.tell(snapshot)

    async def facts(self, modem: str, sim: SimIdentity | None) -> SimFacts | None:
        """Return which SIM is in `modem`, its row made where it is new.

        None where the modem has no SIM. Raises StoreError.
        """
        if sim is None:
            return None
        row = self._known_row(modem, sim) or await self._upsert(modem, sim)
        return SimFacts(row.id, row.first_seen_at)

    def known_sim(self, modem: str, sim: SimIdentity) -> int | None:
        """Return the row of the SIM in `modem`, None where that is to be looked up."""
        row = self._known_row(modem, sim)
        return None if row is None else row.id

    def _known_row(self, modem: str, sim: SimIdentity) -> SimRow | None:
        known = _same_card(self._identities.get(modem), sim)
        return self._sims.get(modem) if known else None

    def sim_of(self, sim: SimIdentity) -> int | None:
        """Return the row of a card, None where it was never in service."""
        for row in self._known.values():
            if sim.iccid == row.iccid if sim.iccid else sim.imsi == row.imsi:
                return row.id
        return None

    async def _identify(self, name: str, sim: SimIdentity) -> SimRow | None:
        try:
            return await self._upsert(name, sim)
        except StoreError as exc:
            log.error("cannot write to the database", extra={"error": str(exc)})
            await asyncio.sleep(STORE_RETRY_S)
            self._look_at(name)
            return None

    async def _upsert(self, name: str, sim: SimIdentity) -> SimRow:
        card = self.config.sims.card(sim.iccid)
        now = self._clock.now_ms()

        def job(db: Connection) -> SimRow:
            return sims.upsert_sim(
                db,
                iccid=sim.iccid,
                imsi=sim.imsi,
                modem=name,
                now=now,
                name=card.name if card else None,
                number=(card.number if card else None) or sim.number,
            )

        row = await self._store.write(job)
        self._known[row.id] = row
        for other, held in list(self._sims.items()):
            if other != name and held.id == row.id:
                del self._sims[other]  # the card moved
        self._sims[name] = row
        self._identities[name] = sim
        return row

    async def _give(self, lane: Lane, row: SimRow, snapshot: ModemSnapshot) -> None:
        for other in self._dispatcher.lanes.values():
            if other is not lane and other.sim and other.sim.sim_id == row.id:
                other.sim = None
                other.ready = False
                other.why_not_ready = f"its SIM is now in {lane.modem}"
        previous = lane.sim
        async with self.lane_sims.turn:
            if row.id not in self.cards:
                self.cards[row.id] = await self.lane_sims.make(row)
        lane.sim = self.cards[row.id]
        if lane.sim.name != row.name:
            self.lane_sims.rename(lane.sim, row)
        if previous is None or previous.sim_id != row.id:
            log.info(
                "sim in service",
                extra={"modem": lane.modem, "sim": row.name, "iccid": row.iccid},
            )
        lane.wake()

    # -- for front ends ------------------------------------------------------

    def modems(self) -> list[ModemSnapshot]:
        """Return every modem as it is now, by name."""
        return [actor.snapshot for _, actor in sorted(self.actors.items())]

    def sims(self) -> list[SimView]:
        """Return every SIM ever seen, by name; those in a modem with its state."""
        lanes = {
            lane.sim.sim_id: lane
            for lane in self._dispatcher.lanes.values()
            if lane.sim is not None
        }
        rows = sorted(self._known.values(), key=lambda row: row.name)
        return [self._view(row, lanes.get(row.id)) for row in rows]

    def known(self) -> list[SimRow]:
        """Return every SIM ever seen."""
        return list(self._known.values())

    def _view(self, row: SimRow, lane: Lane | None) -> SimView:
        card = self.config.sims.card(row.iccid)
        return view_of(
            row,
            lane,
            self.actors[lane.modem].snapshot if lane else None,
            now=self._clock.now_ms(),
            reports=self.config.sims.reports(card),
            traits=self.router.traits(row.name, card),
        )


def _retrieve(future: "asyncio.Future[None]") -> None:
    if not future.cancelled() and (exc := future.exception()) is not None:
        log.error("cannot write to the database", extra={"error": str(exc)})


def _nobody_looks() -> None:
    """Nobody wants to know of changes yet."""


def _unheard(modem: str, kind: str, detail: dict[str, object]) -> None:
    """Nobody listens to notices yet."""


def _same_card(known: SimIdentity | None, seen: SimIdentity) -> bool:
    if known is None:
        return False
    return known is seen or (known.iccid, known.imsi) == (seen.iccid, seen.imsi)
