"""Brings modems and ports together, and runs one actor and one lane per modem.

Modems that are listed by their port need nobody for that. All others are found:
the supervisor looks where modems may sit, asks each new seat who is there, and
gives its port to the modem it belongs to. So a stick comes back under whatever
name it gets, and new ones go into service without a restart.

    look ──▶ seats that nobody holds ──▶ ask ──▶ a modem that is looked for: its lease
                                            └──▶ a new one: actor, lane, lease

Every task of a modem lives in the task group of `run`.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import dataclass

from modemgw.config.model import Config, ModemConfig
from modemgw.gateway.entries import Entries
from modemgw.gateway.pool import Pool
from modemgw.gateway.twins import Twins
from modemgw.gateway.visits import Visit, Visits, may_be, pass_by
from modemgw.modem.discovery import Look, Seat, Sight, Wanted, neighbours_of
from modemgw.modem.lease import Lease
from modemgw.modem.model import ModemSnapshot, Phase
from modemgw.modem.port import OpenPort

log = logging.getLogger("modemgw.pool")

LOOK_S = 1.0
HURRY_S = 0.5  # between looks while a modem is looked for
HURRY_FOR_S = 600.0  # after that it is no emergency any more
CARD_S = 30.0  # before a card that is looked for is looked for there again
FORGET_S = 86_400.0  # an unlisted modem that is unplugged for so long is forgotten
LEAVE_S = 160.0  # the deadline after Ctrl-Z is 150 s
_SERIAL = slice(8, 14)  # of an IMEI: the serial number behind the type


@dataclass(slots=True)
class _Tasks:
    actor: "asyncio.Task[None]"
    lane: "asyncio.Task[None]"


class Supervisor:
    """All leases, all visits, all tasks of modems."""

    def __init__(
        self, config: Config, pool: Pool, *, open_port: OpenPort, look: Look | None
    ) -> None:
        self.leases: dict[str, Lease] = {}
        self._pool = pool
        self._open_port = open_port
        self._look = look
        self._entries = Entries(config)
        self._unlisted: set[str] = set()  # modems that have no entry of their own
        self._visits = Visits(open_port)
        self._twins = Twins(self.leases, self._snapshot)
        self._held: dict[str, str] = {}  # seat -> modem
        self._told: set[str] = set()
        self._tasks: dict[str, _Tasks] = {}
        self._group: asyncio.TaskGroup  # of `run`
        self.running = asyncio.Event()
        self._leaving: set[str] = set()  # they finish what is on the air
        self._returning: set[str] = set()  # they are opened anew
        for name in self._entries.listed:
            self._add(self._entries.lease(name, open_port), name)

    async def run(self) -> None:
        """Run every modem and look for more, for life."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            for name in self.leases:
                self._start(name)
            self.running.set()
            while self._look is not None:
                await self._step(self._look)
                await asyncio.sleep(self._pause_s())
            await asyncio.Event().wait()

    # -- a reload ------------------------------------------------------------

    def configure(self, config: Config, reopen: Collection[str]) -> None:
        """Add, remove and reopen modems; `reopen` names those of them that stay.

        Nothing on the air is cut off: a modem that leaves finishes it first.
        """
        self._entries = Entries(config)
        for name, lease in self.leases.items():
            entry = self._pool.entry_of(name)
            about = self._snapshot(name).sim, name not in self._unlisted
            stays = self._entries.keeps(lease, entry, *about)
            if not stays or name in reopen or entry in reopen:
                self._let_go(name)
        self._enter_listed()

    def _enter_listed(self) -> None:
        """Take every listed modem in that is not there, once its port is free."""
        leaving = [self.leases[name] for name in self._leaving & self.leases.keys()]
        held = {os.path.realpath(lease.port) for lease in leaving}
        for name in self._entries.listed:
            if name in self.leases:
                continue
            lease = self._entries.lease(name, self._open_port)
            if lease.home is not None and os.path.realpath(lease.home) in held:
                continue  # who leaves may have something on the air
            self._add(lease, name)
            self._start(name)
            if name in self._returning:
                self._returning.discard(name)
            else:
                self._tell("modem.added", lease, port=lease.port)

    def _let_go(self, name: str) -> None:
        lane = self._pool.parts(name)[1]
        lane.leaving, lane.ready = True, False
        lane.why_not_ready = "the configuration takes it out of service"
        lane.wake()
        if name not in self._leaving:
            self._leaving.add(name)
            self._group.create_task(self._leave(name), name=f"modem {name} leaves")

    async def _leave(self, name: str) -> None:
        """Let a modem go once it is quiet, and take it back where it is listed."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LEAVE_S):
                await self._pool.parts(name)[1].quiet.wait()
        if name in self._entries.listed:
            self._returning.add(name)
        why = "no longer listed"
        await self._remove(name, None if name in self._returning else why)

    # -- modems come and go --------------------------------------------------

    def _add(self, lease: Lease, listed: str | None) -> None:
        lease.doubt = self._twins.doubt
        lease.on_storm = self._storm
        self.leases[lease.name] = lease
        self._pool.add(lease, listed=listed)

    def _start(self, name: str) -> None:
        actor, lane = self._pool.parts(name)
        self._tasks[name] = _Tasks(
            self._group.create_task(_forever(actor.run), name=f"modem {name}"),
            self._group.create_task(_forever(lane.run), name=f"lane {name}"),
        )

    async def _remove(self, name: str, why: str | None) -> None:
        """Let a modem go, only while nothing of it is on the air; None: untold.

        Then listed ones come in that had to wait for that.
        """
        tasks = self._tasks.pop(name, None)
        if tasks is None:
            return  # somebody does so just now
        tasks.lane.cancel()
        tasks.actor.cancel()
        await asyncio.wait({tasks.actor, tasks.lane})
        lease = self.leases.pop(name)
        self._unlisted.discard(name)
        self._pool.remove(name)
        self._leaving.discard(name)
        if why is not None:
            about = {"modem": name, "imei": lease.imei, "port": lease.port}
            await self._pool.announcer.announce("modem.removed", {**about, "why": why})
        self._enter_listed()

    async def _admit(
        self, visit: Visit, entry: ModemConfig | None, imei: str | None
    ) -> None:
        """Take a modem into service that was not known."""
        seat = visit.seat
        prefix = "modem" if entry is None else entry.name
        if imei is not None:
            names = [f"{prefix}-{imei[_SERIAL]}", f"{prefix}-{imei}"]
        else:
            names = [seat.label if seat.is_usb else f"{prefix}-{seat.label}"]
        name = next((one for one in names if one not in self.leases), names[-1])
        while name in self.leases:
            name += "x"
        lease = Lease(name, self._open_port, imei=imei, seat=seat.key)
        self._add(lease, None if entry is None else entry.name)
        self._unlisted.add(name)
        self._held[seat.key] = name
        lease.give(visit.port, seat.key)
        self._start(name)
        await self._pool.announcer.announce(
            "modem.added", {"modem": name, "imei": imei, "port": visit.port}
        )

    # -- one look ------------------------------------------------------------

    async def _step(self, look: Look) -> None:
        sight = await look(self._wanted())
        now = asyncio.get_running_loop().time()
        self._tell_unusable(sight)
        self._visits.meet(sight.seats, now)
        await self._hold(sight, now)
        for visit in self._visits:
            if visit.seat.key in self._held or visit.is_asking:
                continue
            if self._wants_card(visit, now):
                visit.renew(now)
            if visit.found is not None:
                await self._place(visit)
            elif self._may_ask(visit, now):
                visit.is_asking = True
                name = f"ask {visit.seat.key}"
                self._group.create_task(self._ask(visit), name=name)

    def _wanted(self) -> Wanted:
        patterns = set(self._entries.patterns)
        neighbours: set[str] = set()
        ports: set[str] = set()
        for lease in self.leases.values():
            if lease.pattern is not None:
                patterns.add(lease.pattern)
            if lease.is_given:
                ports.add(lease.port)
            if lease.home is not None:
                ports.add(lease.home)
                near = neighbours_of(lease.home)
                if near is not None:  # before it is lost, too: who was there already
                    neighbours.add(near)
        return Wanted(frozenset(patterns), frozenset(neighbours), frozenset(ports))

    async def _hold(self, sight: Sight, now: float) -> None:
        """Note which seat is whose, and take back ports that are gone."""
        before, self._held = self._held, {}
        for name, lease in self.leases.items():
            if lease.port in sight.keys.keys() - sight.others:
                lease.seen_at = now
            key = self._seat_of(lease, sight)
            if key is not None:
                self._held[key] = name
        for key in before.keys() - self._held.keys():
            visit = self._visits.get(key)
            if visit is not None:
                visit.renew(now)
        for name in list(self._unlisted):
            await self._review(name, sight, now)

    def _seat_of(self, lease: Lease, sight: Sight) -> str | None:
        """Return the seat that a modem holds; end its lease where that is gone."""
        if not lease.is_given:
            return None
        key = sight.keys.get(lease.port)
        is_absent = self._snapshot(lease.name).phase is Phase.ABSENT
        if lease.home is None:
            if key != lease.seat and is_absent:
                lease.end()
                return None
            return lease.seat
        lease.shuns_home = (
            lease.home in sight.others
            and lease.lost_at is not None
            and lease.imei is not None
        )
        if lease.shuns_home and lease.port == lease.home:
            return None
        if key is None and is_absent:
            if lease.is_open:
                lease.end()
            return None
        lease.seat = key or lease.seat
        return lease.seat

    async def _review(self, name: str, sight: Sight, now: float) -> None:
        """Let an unlisted modem go that is listed after all, or long unplugged."""
        if name not in self.leases or name in self._leaving:
            return  # a reload came meanwhile
        lease = self.leases[name]
        lane = self._pool.parts(name)[1]
        if not lane.quiet.is_set():
            return
        for other in self.leases.values():
            home = sight.keys.get(other.home) if other.home else None
            if other is not lease and home is not None and home == lease.seat:
                self._held[home] = other.name
                other.forgive()
                await self._remove(name, f"it is {other.name}, by its port")
                return
        if lease.lost_at is not None and now - lease.lost_at > FORGET_S:
            await self._remove(name, "unplugged for a day")

    def _sought(self) -> list[Lease]:
        """The modems that have no port and may turn up elsewhere, the surest first."""
        found = [lease for lease in self.leases.values() if self._is_sought(lease)]
        return sorted(found, key=lambda one: (one.iccid is None, one.home is not None))

    def _is_sought(self, lease: Lease) -> bool:
        if lease.home is None:
            return not lease.is_given
        is_absent = self._snapshot(lease.name).phase is Phase.ABSENT
        return (
            lease.lost_at is not None
            and lease.imei is not None
            and (is_absent or lease.shuns_home)
            and lease.name not in self._held.values()
        )

    def _snapshot(self, name: str) -> ModemSnapshot:
        return self._pool.parts(name)[0].snapshot

    def _pause_s(self) -> float:
        now = asyncio.get_running_loop().time()
        lost = (lease.lost_at for lease in self._sought())
        is_fresh = any(at is not None and now - at < HURRY_FOR_S for at in lost)
        return HURRY_S if is_fresh else LOOK_S

    def _wants_card(self, visit: Visit, now: float) -> bool:
        if visit.found is None or now - visit.asked_at <= CARD_S:
            return False
        return any(one.iccid is not None for one in self._sought())

    def _may_ask(self, visit: Visit, now: float) -> bool:
        seat = visit.seat
        if not visit.is_due(now):
            return False
        is_sought = any(may_be(lease, visit) for lease in self._sought())
        if not (is_sought or self._takes(seat)):
            return False
        if seat.patterns or (is_sought and seat.is_whole) or not seat.is_usb:
            return True
        return visit.has_settled(now)

    # -- who is there --------------------------------------------------------

    async def _ask(self, visit: Visit) -> None:
        key = visit.seat.key
        await self._visits.ask(
            visit,
            ask_sim=any(one.iccid is not None for one in self._sought()),
            wants_sim=lambda found: self._twins.of(found) is not None,
        )
        is_current = self._visits.get(key) is visit and key not in self._held
        if visit.found is not None and is_current:
            await self._place(visit)

    async def _place(self, visit: Visit) -> None:
        """Give a modem that answered its port, or find out that it is not ours."""
        found, seat = visit.found, visit.seat
        if found is None:
            return
        for lease in self._sought():
            if may_be(lease, visit) and lease.fits(found, seat.key):
                extra = {"modem": lease.name, "port": visit.port, "before": lease.port}
                log.info("modem found", extra=extra)
                self._held[seat.key] = lease.name
                lease.give(visit.port, seat.key)
                return
        twin = self._twins.of(found)
        if not self._takes(seat):
            pass_by(visit, "it is not listed")
        elif twin is not None and self._twins.is_same(twin, found, seat):
            pass_by(visit, f"it is {twin.name} on one more port")
        else:
            extra = {"port": visit.port, "imei": found.imei or ""}
            if twin is not None:
                extra["modem"] = twin.name
                log.warning("two modems have one IMEI: a place names one", extra=extra)
            elif found.imei is None:
                log.warning("no usable IMEI: the place names the modem", extra=extra)
            imei = None if twin is not None else found.imei
            await self._admit(visit, self._entries.of(seat), imei)

    def _takes(self, seat: Seat) -> bool:
        """Tell whether a modem that nobody knows goes into service here."""
        return self._entries.of(seat) is not None or (
            seat.is_usb and self._entries.discovers
        )

    # -- what people should know ---------------------------------------------

    def _tell_unusable(self, sight: Sight) -> None:
        for label, why in sight.unusable.items():
            if label not in self._told:
                log.warning("USB modem not usable", extra={"modem": label, "why": why})
        self._told = set(sight.unusable)

    def _storm(self, lease: Lease, count: int) -> None:
        why = "its port comes and goes: check cable and power"
        self._tell("modem.unstable", lease, port=lease.port, losses=count, why=why)

    def _tell(self, kind: str, lease: Lease, **about: object) -> None:
        data = {"modem": lease.name, "imei": lease.imei, **about}
        tell = self._pool.announcer.announce(kind, data)
        self._group.create_task(tell, name=f"tell of {lease.name}")


async def _forever(run: Callable[[], Awaitable[None]]) -> None:
    await run()
    raise AssertionError(f"{run!r} came to an end")
