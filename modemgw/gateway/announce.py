"""Tells of modems what an admin would want to know: one event per change.

`modem.lost` and `modem.recovered` go in pairs; a start is neither. What needs a
person is told even where nothing was lost: a modem that parks.
"""

import logging

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.modem.model import ModemSnapshot, Phase
from modemgw.store import events
from modemgw.store.database import Store
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.pool")

Kinds = list[tuple[str, dict[str, object]]]


class Announcer:
    """Remembers what was told of each modem."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._reported: dict[str, bool | None] = {}  # in service or lost, by modem
        self._parked: dict[str, str] = {}  # why, by modem
        self._ports: dict[str, str] = {}  # where each was in service last
        self.recoveries: dict[tuple[str, str], int] = {}  # by modem and rung

    def forget(self, name: str) -> None:
        """Let a modem go that is no more."""
        self._reported.pop(name, None)
        self._parked.pop(name, None)
        self._ports.pop(name, None)

    async def tell(self, snapshot: ModemSnapshot) -> None:
        """Record what has changed."""
        kinds = self._changes(snapshot)
        if kinds:
            await self._append(snapshot.name, kinds)

    async def announce(self, kind: str, data: dict[str, object]) -> None:
        """Record an event about a modem that its snapshot does not tell."""
        await self._append(str(data["modem"]), [(kind, data)])

    def _changes(self, snapshot: ModemSnapshot) -> Kinds:
        name = snapshot.name
        ready = snapshot.phase is Phase.READY
        parked = snapshot.phase is Phase.PARKED
        was_ready = self._reported.get(name)
        if was_ready is None and (ready or parked):
            was_ready = True  # starting is no loss, so the first service no recovery
        self._reported[name] = None if was_ready is None else ready
        kinds: Kinds = []
        modem: dict[str, object] = {
            "modem": name,
            "imei": snapshot.imei,
            "port": snapshot.port,
            "phase": snapshot.phase.value,
            "why": snapshot.why,
        }
        if was_ready is not None and was_ready != ready:
            kinds.append(("modem.recovered" if ready else "modem.lost", modem))
        elif parked and self._parked.get(name) != snapshot.why:
            kinds.append(("modem.lost", modem))  # now it takes a person
        self._parked[name] = snapshot.why if parked else ""
        if ready and kinds:
            how = name, snapshot.rung or "none"
            self.recoveries[how] = self.recoveries.get(how, 0) + 1
        if ready:
            modem["rung"] = snapshot.rung
            before = self._ports.setdefault(name, snapshot.port)
            self._ports[name] = snapshot.port
            if before != snapshot.port:
                modem["previous_port"] = before
        return kinds

    async def _append(self, name: str, kinds: Kinds) -> None:
        now = self._clock.now_ms()
        ids = self._store.ids

        def job(db: Connection) -> None:
            for kind, data in kinds:
                events.append(db, kind, at=now, data=data, push=True, ids=ids)

        try:
            await self._store.write(job)
        except StoreError as exc:
            log.error("cannot write to the database", extra={"error": str(exc)})
        for kind, data in kinds:
            extra = {"modem": name, "why": data.get("why"), "port": data.get("port")}
            log.info(kind, extra=extra)
