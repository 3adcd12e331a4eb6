"""Watches the whole gateway: what is wrong, and how it stands at one glance.

Looks are rare (every few seconds at most, however many ask), read memory and a few
indexed counts, and write nothing.
"""

import asyncio
import logging
import shutil
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from modemgw import __version__
from modemgw.config.model import Config
from modemgw.errors import StoreError
from modemgw.gateway import status_resources as shapes
from modemgw.gateway.admin_desk import AdminDesk
from modemgw.gateway.alarms import Alarms
from modemgw.gateway.backups import last_backup
from modemgw.gateway.lately import Lately
from modemgw.gateway.model import SimView
from modemgw.gateway.senses import Senses
from modemgw.gateway.troubles import Backup, Disk, Limits, Sight, troubles
from modemgw.gateway.troubles import host as host_of
from modemgw.gateway.views import instant, maybe_instant
from modemgw.modem.model import ModemSnapshot
from modemgw.policy.trouble import Trouble
from modemgw.store import status
from modemgw.store.status import Figures, Happened

if TYPE_CHECKING:
    from modemgw.gateway.gateway import Gateway

log = logging.getLogger("modemgw.watch")

LOOK_EVERY_S = 15.0
FRESH_S = 2.0  # figures of the database are good for so long
SHARE = 20  # looking them up takes one part in so many of a reader's time
DEADLINE_S = 2.0
_SECRET = ("text", "data", "metadata", "body")  # of events: never at a glance


class Watch:
    """The one who looks, for whoever asks."""

    def __init__(self, gateway: "Gateway") -> None:
        self.alarms = Alarms(gateway)
        self.senses = Senses()
        self.lately = Lately(gateway.clock, gateway.store.writer.tally)
        self._gateway = gateway
        gateway.housekeeping.also.append(self.alarms.tidy)
        answerer = gateway.conversation.answerer
        answerer.desk = AdminDesk(gateway).carry_out
        answerer.on_masked = gateway.offices.scrubber.soon
        self._zone = ZoneInfo(gateway.config.timezone)
        self._started_at = gateway.clock.now_ms()
        self._figures: Figures | None = None
        self._known: Figures | None = None  # the last ones that could be had
        self._fresh_until = 0.0
        self._seen: dict[str, tuple[int, float]] = {}  # since when, by key

    async def run(self) -> None:
        """Look now and then, for life."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.lately.tick()
            try:
                await self.alarms.heard(await self.troubles())
            except Exception:
                # Who watches must not be what takes the gateway down.
                log.exception("the watch cannot look")

    def tasks(self) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
        """Return what lives as long as the gateway."""
        return [("watch", self.run), ("alarm mail", self.alarms.run)]

    async def troubles(self) -> list[Trouble]:
        """Return what is wrong now; each with the instant it began, or was seen."""
        return self._dated(troubles(await self._sight()))

    async def status(self, recent: int) -> shapes.Status:
        """Return everything at one glance, with so many of the last events."""
        gateway, sight = self._gateway, await self._sight()
        found = self._dated(troubles(sight))
        level = "down" if not sight.readiness.ready else "degraded" if found else "well"
        return shapes.Status(
            level=level,
            version=__version__,
            time=instant(sight.now),
            started_at=instant(self._started_at),
            ready=sight.readiness.ready,
            reasons=list(sight.readiness.reasons),
            paused_by=sight.paused_by or None,
            paused_since=maybe_instant(sight.paused_at or None),
            troubles=[
                shapes.TroubleAtAGlance(
                    kind=one.kind,
                    subject=one.subject,
                    what=one.what,
                    advice=one.advice,
                    since=instant(one.since_at),
                )
                for one in found
            ],
            modems=[self._modem(one) for one in sight.modems],
            sims=[self._sim(one, sight.figures) for one in sight.sims],
            queue=_queue(sight.figures, gateway.config.queue.max),
            last_hour=shapes.LastHour(*_hour(self.lately)),
            webhooks=_webhooks(sight.figures),
            disk=shapes.DiskAtAGlance(
                free=sight.disk.free,
                size=sight.disk.size,
                database=_size(gateway),
                writable=sight.disk.writable,
            ),
            backup=None
            if sight.backup is None
            else shapes.BackupAtAGlance(
                at=instant(sight.backup.at),
                ok=sight.backup.ok,
                detail=sight.backup.detail,
            ),
            recent=await self._recent(recent),
        )

    # -- inside --------------------------------------------------------------

    async def _sight(self) -> Sight:
        gateway = self._gateway
        figures = await self._look_up()
        pause, breaker = gateway.health.pause, gateway.care.breaker
        return Sight(
            now=gateway.clock.now_ms(),
            limits=self._limits(),
            readiness=gateway.readiness(),
            modems=gateway.modems(),
            sims=gateway.sims(),
            figures=figures,
            known=self._known,
            disk=_disk(gateway),
            paused_at=pause.at,
            paused_by=pause.by if pause.at else "",
            fuse=None if breaker is None else breaker.why(),
            clock=self._clock_trouble(),
            backup=_backup(gateway.config, gateway.clock.now_ms()),
            certificate_until=self.senses.certificate_until(gateway.config),
            under_voltage=self.senses.under_voltage(),
        )

    async def _look_up(self) -> Figures | None:
        """Count in the database, unless that was done a moment ago."""
        clock = self._gateway.clock
        began = clock.monotonic()
        if began < self._fresh_until:
            return self._figures
        ids = [row.id for row in self._gateway.pool.known()]
        midnight = self._midnight()
        try:
            self._figures = await self._gateway.store.read(
                lambda db: status.figures(db, ids, midnight), deadline_s=DEADLINE_S
            )
        except StoreError:  # too much waits to be counted, or a disk that fails
            self._figures = None
        self._known = self._figures or self._known
        took = clock.monotonic() - began
        self._fresh_until = began + max(FRESH_S, took * SHARE)
        return self._figures

    async def _recent(self, limit: int) -> list[shapes.EventAtAGlance]:
        if not limit:
            return []
        try:
            rows = await self._gateway.store.read(lambda db: status.recent(db, limit))
        except StoreError:
            return []
        return [_event(row) for row in rows]

    def _limits(self) -> Limits:
        waits = self._gateway.config.alarms.when.queue_old
        return Limits() if waits < 0 else Limits(queue_age_ms=int(waits * 1000))

    def _midnight(self) -> int:
        now = datetime.fromtimestamp(self._gateway.clock.now_ms() / 1000, self._zone)
        start = now.replace(hour=0, minute=0, second=0, microsecond=0)
        return int(start.timestamp() * 1000)

    def _clock_trouble(self) -> str | None:
        if not self._gateway.clock_is_sane():
            return "the clock is in the past: scheduled messages are held"
        return self._gateway.notices.clock_warning()

    def _dated(self, found: list[Trouble]) -> list[Trouble]:
        """Say of each trouble since when, and how long it was seen.

        Modems change their phase while they are lost, and the wall clock of a small
        board jumps at its start: neither makes a trouble longer or shorter.
        """
        clock = self._gateway.clock
        now, moment = clock.now_ms(), clock.monotonic()
        self._seen = {one.key: self._seen.get(one.key, (now, moment)) for one in found}
        dated = []
        for one in found:
            first, began = self._seen[one.key]
            since = min(first, now, one.since_at or first)
            lasts_ms = int((moment - began) * 1000)
            dated.append(replace(one, since_at=since, lasts_ms=lasts_ms))
        return dated

    def _modem(self, modem: ModemSnapshot) -> shapes.ModemAtAGlance:
        gateway = self._gateway
        lane = gateway.dispatcher.lanes.get(modem.name)
        busy = lane is not None and lane.busy
        now = gateway.clock.now_ms()
        return shapes.ModemAtAGlance(
            name=modem.name,
            phase=modem.phase.value,
            why=modem.why,
            port=modem.port,
            sim=lane.sim.name if lane is not None and lane.sim is not None else None,
            registration=modem.registration,
            operator=modem.operator,
            signal_dbm=modem.signal_dbm,
            sendable=modem.sendable,
            busy_ms=max(0, now - lane.last_used_at) if lane and busy else None,
            since=instant(modem.since_ms),
            faults=modem.faults,
        )

    def _sim(self, sim: SimView, figures: Figures | None) -> shapes.SimAtAGlance:
        rows = {row.name: row.id for row in self._gateway.pool.known()}
        id = rows.get(sim.name, 0)
        health, balance = sim.health, sim.balance
        amount = None if balance is None else balance.amount
        why = sim.why
        if health is not None and sim.state in ("benched", "paused"):
            why = health.reason or ("paused by the admin" if health.paused else why)
        return shapes.SimAtAGlance(
            name=sim.name,
            state=sim.state,
            why=why,
            modem=sim.modem,
            operator=sim.operator,
            signal_dbm=sim.signal_dbm,
            health=None if health is None else health.state,
            score=None if health is None else health.score,
            today=None if figures is None else figures.today.get(id, 0),
            per_minute=round(self.lately.per_minute(id), 1),
            left=[
                shapes.Left(name=one.name, left=one.left, of=one.of, until=one.until)
                for one in (sim.wallet.allowances if sim.wallet is not None else ())
            ],
            balance=None
            if balance is None or amount is None
            else f"{amount} {balance.currency or ''}".rstrip(),
            balance_low=balance is not None and balance.is_low,
            next_at=maybe_instant(sim.next_at),
        )


def _hour(lately: Lately) -> tuple[int, dict[str, int]]:
    seconds, outcomes = lately.outcomes()
    return round(seconds), outcomes


def _disk(gateway: "Gateway") -> Disk:
    try:
        found = shutil.disk_usage(gateway.store.data_dir)
    except OSError:
        return Disk(0, 0, writable=False)
    return Disk(found.free, found.total, gateway.store.writer.healthy)


def _queue(figures: Figures | None, most: int) -> shapes.QueueAtAGlance:
    if figures is None:
        return shapes.QueueAtAGlance(states=None, oldest_at=None, most=most)
    return shapes.QueueAtAGlance(
        states=dict(figures.depths.messages),
        oldest_at=maybe_instant(figures.oldest.get("queued")),
        most=most,
    )


def _webhooks(figures: Figures | None) -> shapes.WebhooksAtAGlance:
    endpoints = () if figures is None else figures.endpoints
    return shapes.WebhooksAtAGlance(
        endpoints=len(endpoints),
        pending=0 if figures is None else figures.depths.pushes_pending,
        dead=0 if figures is None else figures.depths.pushes_dead,
        troubled=[
            shapes.WebhookAtAGlance(
                id=one.public_id,
                url=host_of(one),
                state=one.state,
                failing_since=maybe_instant(one.failing_since),
            )
            for one in endpoints
            if one.state != "active" or one.failing_since is not None
        ],
    )


def _event(row: Happened) -> shapes.EventAtAGlance:
    data = {name: value for name, value in row.data.items() if name not in _SECRET}
    return shapes.EventAtAGlance(
        id=row.id, type=row.type, at=instant(row.at), data=data
    )


def _backup(config: Config, now: int) -> Backup | None:
    """Return the last backup; None where none is wanted and none was made."""
    last = last_backup(config.data_dir)
    if last.failed_at is not None:
        return Backup(last.failed_at, ok=False, detail=last.why or "")
    if last.made_at is not None:
        is_late = config.backup.path is not None and last.is_late(now)
        return Backup(last.made_at, ok=True, detail="", is_late=is_late)
    return None


def _size(gateway: "Gateway") -> int:
    path = gateway.store.path
    total = 0
    for one in (path, path.with_name(path.name + "-wal")):
        with suppress(FileNotFoundError):  # the log: only while the database is open
            total += one.stat().st_size
    return total
