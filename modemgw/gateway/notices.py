"""What modems notice beside messages, told as events: calls, full storages, clocks.

Notices come in the loop and are written by one task, in order. Nothing waits for
them: where the database says no they are tried again until it says yes.
"""

import asyncio
import logging
from collections.abc import Callable

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway.model import SimView
from modemgw.gateway.views import instant
from modemgw.store import events
from modemgw.store.database import Store
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.pool")

STORE_RETRY_S = 2.0
MAX_WAITING = 1000  # notices while the database says no; the oldest go first

# Kinds that become events, and their type.
TYPES = {
    "call.incoming": "call.incoming",
    "data_only": "sim.data_only",
    "storage_full": "sim.storage_full",
    "storage_freed": "sim.storage_freed",
    "storage_stuck": "sim.storage_stuck",
}
_WARNINGS = {
    "data_only": "registered for data alone: SMS works only where it goes over IMS",
    "storage_full": "a storage is full: what arrives is refused until it is read out",
    "storage_stuck": "a record cannot be deleted and is left alone",
}


class Notices:
    """Turns notices into events. `sims` tells which SIM sits in which modem."""

    def __init__(
        self, store: Store, clock: Clock, *, sims: Callable[[], list[SimView]]
    ) -> None:
        self.network_time: tuple[int, int] | None = None  # (theirs, ours), Unix ms
        self._store = store
        self._clock = clock
        self._sims = sims
        self._waiting: asyncio.Queue[tuple[str, dict[str, object]]] = asyncio.Queue()

    def hear(self, modem: str, kind: str, detail: dict[str, object]) -> None:
        """Take a notice; returns at once."""
        if kind == "clock_behind":
            self._behind(modem, detail)
            return
        sim = next((view for view in self._sims() if view.modem == modem), None)
        extra = {"modem": modem, "sim": sim.name if sim else None}
        if kind in _WARNINGS:
            log.warning(_WARNINGS[kind], extra=extra)
        else:
            log.info(kind.replace("_", " "), extra=extra)
        if kind not in TYPES:
            return
        data: dict[str, object] = {
            "sim": sim.name if sim else None,
            "modem": modem,
            "at": instant(self._clock.now_ms()),
            **detail,
        }
        if kind == "call.incoming":
            data["to"] = sim.number if sim else None
        if self._waiting.qsize() >= MAX_WAITING:
            self._waiting.get_nowait()
        self._waiting.put_nowait((TYPES[kind], data))

    async def run(self) -> None:
        """Write events, for life."""
        while True:
            type_, data = await self._waiting.get()
            await self._write(type_, data)

    async def _write(self, type_: str, data: dict[str, object]) -> None:
        now, ids = self._clock.now_ms(), self._store.ids

        def job(db: Connection) -> None:
            events.append(db, type_, at=now, data=data, push=True, ids=ids)

        while True:
            try:
                await self._store.write(job)
                return
            except StoreError as exc:
                log.error("cannot write to the database", extra={"error": str(exc)})
                await asyncio.sleep(STORE_RETRY_S)

    def _behind(self, modem: str, detail: dict[str, object]) -> None:
        """Say that our clock is wrong; the network's time is used for nothing else."""
        theirs, ours = detail.get("network_ms"), self._clock.now_ms()
        if isinstance(theirs, int):
            self.network_time = (theirs, ours)
            log.error(
                "the clock of this machine is in the past: set it, or let NTP do so",
                extra={"modem": modem, "network": instant(theirs)},
            )

    def clock_warning(self) -> str | None:
        """Return a sentence about our clock while the network proves it wrong."""
        if self.network_time is None:
            return None
        theirs, _ = self.network_time
        if self._clock.now_ms() >= theirs:
            self.network_time = None  # it was set meanwhile
            return None
        return f"the clock is in the past: the mobile network says {instant(theirs)}"
