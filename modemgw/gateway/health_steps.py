"""Brings to disk how far each SIM is trusted, each step with the event that tells it.

A step holds in memory before it is on disk. One that the disk refuses is tried
until it takes it; what is written is always where the SIM stands then.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway.health_gate import SimHealth
from modemgw.policy.blame import Cause
from modemgw.policy.health import Condition, Health
from modemgw.store import events
from modemgw.store import health as rows
from modemgw.store.database import Store
from modemgw.store.health import HealthRow
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.health")

STORE_RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class Step:
    """One step to bring to disk, with the event that tells of it."""

    sim: SimHealth
    event: str | None = None
    data: dict[str, object] | None = None


class Steps:
    """The steps that are not on disk yet, in order."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: asyncio.Queue[Step] = asyncio.Queue()

    def add(self, step: Step) -> None:
        """Take a step; returns at once."""
        self._waiting.put_nowait(step)

    async def run(self) -> None:
        """Write, for life."""
        while True:
            await self._write(await self._waiting.get())

    async def _write(self, step: Step) -> None:
        while True:
            try:
                await self._store.write(self.job(step))
                return
            except StoreError as exc:
                log.error("cannot write to the database", extra={"error": str(exc)})
                await asyncio.sleep(STORE_RETRY_S)

    def job(self, step: Step) -> Callable[[Connection], None]:
        """Return the job that keeps where a SIM stands when it runs, and tells it."""
        now, ids = self._clock.now_ms(), self._store.ids

        def job(db: Connection) -> None:
            rows.put(db, row_of(step.sim))
            if step.event is not None:
                data = step.data or {}
                events.append(db, step.event, at=now, data=data, push=True, ids=ids)

        return job


def event_of(before: Health, after: Health) -> str | None:
    """Return the type of the event that tells of a step, None where it is no news."""
    again = after.condition is Condition.BENCHED and after.since_at != before.since_at
    if after.condition is before.condition and not again:
        return None
    if after.condition is Condition.BENCHED:
        return "sim.bench"
    return "sim.parole" if after.condition is Condition.PAROLE else "sim.up"


def health_of(row: HealthRow) -> Health:
    """Return where a SIM stood when this was written."""
    return Health(
        condition=Condition(row.state),
        cause=Cause(row.cause) if row.cause else None,
        reason=row.reason,
        since_at=row.since_at,
        until_at=row.until_at,
        benches=row.benches,
        successes=row.successes,
        wanted=row.wanted,
        by_reports=row.by_reports,
        paused=row.paused,
    )


def row_of(sim: SimHealth) -> HealthRow:
    """Return what is kept of where a SIM stands."""
    state = sim.state
    return HealthRow(
        sim_id=sim.sim_id,
        name=sim.name,
        iccid=sim.iccid,
        state=state.condition.value,
        cause=state.cause.value if state.cause else None,
        reason=state.reason,
        since_at=state.since_at,
        until_at=state.until_at,
        benches=state.benches,
        successes=state.successes,
        wanted=state.wanted,
        by_reports=state.by_reports,
        paused=state.paused,
        told=sim.told,
    )
