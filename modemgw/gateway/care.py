"""What a person does about a SIM's health, and the pause of the whole gateway.

Each act holds at once and is on disk before it is answered. Where the disk says no
nothing has changed.
"""

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import asdict, replace
from typing import Any

from modemgw.clock import Clock
from modemgw.errors import NotFound, StoreError
from modemgw.gateway import health_resources
from modemgw.gateway.audit import append
from modemgw.gateway.breaker import Breaker
from modemgw.gateway.health import HealthWatch
from modemgw.gateway.health_gate import SimHealth
from modemgw.gateway.lane_sim import Gate
from modemgw.gateway.model import Caller, SimView
from modemgw.gateway.views import sim_id
from modemgw.policy.health import Condition, Health, bench_by_hand, parole
from modemgw.store import health as rows
from modemgw.store.database import Store
from modemgw.store.health import PauseRow
from modemgw.store.sims import SimRow
from modemgw.store.writer import Connection

GateFor = Callable[[SimRow], Awaitable[Gate | None]]
NO_REASON = "a person took it out of service"


class SimCare:
    """The hand of the admin on the health of the SIMs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        watch: HealthWatch,
        *,
        max_parts_per_hour: int | None = None,
    ) -> None:
        self.fuse = Breaker(store, clock, max_parts_per_hour or 0, watch.wake)
        self._has_fuse = max_parts_per_hour is not None
        self._store = store
        self._clock = clock
        self._watch = watch

    @property
    def breaker(self) -> Breaker | None:
        """The fuse of all SIMs, None where there is none."""
        return self.fuse if self._has_fuse else None

    def configure(self, max_parts_per_hour: int | None) -> None:
        """Change the fuse, or take it out; one put in anew has been loaded."""
        self._has_fuse = max_parts_per_hour is not None
        self.fuse.most = max_parts_per_hour or 0

    def gates(self) -> list[GateFor]:
        """Return what makes the gates of a SIM: its health, and the fuse of all."""
        return [self._watch.gate, self._gate]

    async def _gate(self, row: SimRow) -> Gate | None:
        return self.breaker

    def tasks(self) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
        """Return what lives as long as the gateway."""
        return [
            ("health", self._watch.run),
            ("health steps", self._watch.steps.run),
            ("breaker", self.fuse.run),
        ]

    async def load(self) -> None:
        """Take up what the last run left."""
        await self._watch.load()
        if self.breaker is not None:
            await self.breaker.load()

    async def bench(
        self, sim: str, reason: str, seconds: int | None, caller: Caller
    ) -> None:
        """Take a SIM out of service, for a time or until a person ends it.

        Raises NotFound, StoreError.
        """
        now = self._clock.now_ms()
        until = None if seconds is None else now + seconds * 1000
        why = f"{reason or NO_REASON} (by {caller.name})"
        await self._move(sim, lambda at: bench_by_hand(at, why, now, until), caller)

    async def parole(self, sim: str, messages: int | None, caller: Caller) -> None:
        """Let a SIM send at a low rate until so many messages have gone well.

        None: as many as configured; 0: it is trusted again at once. Raises
        NotFound, StoreError.
        """
        now, terms = self._clock.now_ms(), self._watch.terms

        def step(at: Health) -> Health:
            return parole(at, now, terms, successes=messages)

        await self._move(sim, step, caller)

    async def pause(self, sim: str, caller: Caller, *, on: bool) -> None:
        """Let a SIM send nothing until it is resumed, or resume it."""
        await self._move(sim, lambda at: replace(at, paused=on), caller)

    async def pause_all(self, caller: Caller, *, on: bool) -> None:
        """Let no SIM send anything until resumed, or resume. Raises StoreError."""
        if not on and self.breaker is not None:
            await self.breaker.reset(caller)
        pause, now = self._watch.pause, self._clock.now_ms()
        before = pause.at, pause.by
        if bool(pause.at) == on:
            return
        row = PauseRow(now, caller.name) if on else None
        pause.at, pause.by = (now, caller.name) if on else (0, "")
        self._watch.refresh()

        def job(db: Connection) -> None:
            rows.set_paused(db, row)
            append(db, now, "sending.pause" if on else "sending.resume", caller)

        try:
            await self._store.write(job)
        except StoreError:
            pause.at, pause.by = before
            self._watch.refresh()
            raise
        finally:
            self._watch.wake()

    def describe(self, view: SimView) -> SimView:
        """Return a SIM with its health, and a state that tells of it."""
        sim = self._find(view.name)
        if sim is None:
            return view
        now, state = self._clock.now_ms(), sim.state
        refusals = self._watch.ledger.against(sim.sim_id)
        shown = view.state
        if shown in ("ready", "paced"):
            if state.paused or self._watch.pause.at:
                shown = "paused"
            elif state.condition is Condition.BENCHED:
                shown = "benched"
        health = health_resources.health(sim, refusals, now)
        return replace(view, health=health, state=shown)

    def why_nothing_is_sent(self, ready: set[int]) -> list[str]:
        """Say why none of these SIMs sends; nothing where one of them may."""
        if self._watch.pause.at:
            return [f"sending is paused by {self._watch.pause.by}"]
        if self.breaker is not None and (why := self.breaker.why()) is not None:
            return [why]
        sims = [self._watch.sims[one] for one in ready if one in self._watch.sims]
        held = [sim for sim in sims if _is_out(sim.state)]
        if not held or len(held) < len(ready):
            return []
        return [f"SIM {sim.name}: {_why_out(sim.state)}" for sim in held]

    # -- inside --------------------------------------------------------------

    async def _move(
        self, name: str, step: Callable[[Health], Health], caller: Caller
    ) -> None:
        sim = self._find(name)
        if sim is None:
            raise NotFound(f"there is no SIM {name!r}")
        before = sim.state
        after = step(before)
        if after == before:
            return
        move = self._watch.steps.job(self._watch.move(sim, after))
        now = self._clock.now_ms()

        def job(db: Connection) -> None:
            move(db)
            append(
                *(db, now, "sim.move", caller),
                object=sim.name,
                before=asdict(before),
                after=asdict(after),
                state="paused" if after.paused else after.condition.value,
            )

        try:
            await self._store.write(job)
        except StoreError:
            if sim.state is after:
                self._watch.move(sim, before)
            raise

    def _find(self, name: str) -> SimHealth | None:
        sims = self._watch.sims.values()
        for sim in sims:  # by its name, as nearly always
            if name == sim.name:
                return sim
        for sim in sims:
            if name in (sim_id(sim.name), sim.iccid):
                return sim
        return None


def _is_out(state: Health) -> bool:
    return state.paused or state.condition is Condition.BENCHED


def _why_out(state: Health) -> str:
    return "paused by the admin" if state.paused else f"benched: {state.reason}"
