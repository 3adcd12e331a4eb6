"""What each SIM has used up of its contract, and what follows for sending.

A `Wallet` is the gate of one SIM: answered from memory, loaded from the store when
the card is first seen in service, and kept while it moves from modem to modem. The
store has the same numbers: they are written with the `submitting` mark.
"""

import logging
import sqlite3
from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import tzinfo
from functools import partial
from zoneinfo import ZoneInfo

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.config.money import show_amount
from modemgw.errors import NotFound
from modemgw.gateway.key_purses import Claim, KeyPurses
from modemgw.gateway.lane_sim import LaneSim
from modemgw.gateway.model import SimView
from modemgw.gateway.queue import Entry
from modemgw.gateway.views import instant
from modemgw.gateway.wallet_resources import wallet_of
from modemgw.policy.quota import FAR, Charge, Purse, Standing
from modemgw.policy.quota import Entry as Used
from modemgw.policy.routing import SimView as RoutedSim
from modemgw.policy.tariff import Tariff
from modemgw.store import events
from modemgw.store import wallet as rows
from modemgw.store.database import Store
from modemgw.store.sims import SimRow
from modemgw.store.wallet import Counted
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.wallet")

Spent = tuple[list[rows.Spent], list[rows.MeterRow]]  # of one SIM, in the store
IsQuiet = Callable[[int], bool]  # nothing of this SIM is on the air or unwritten
SET_BACK_MS = 26 * 3_600_000  # a clock is seldom set back by more
RETRY_MS = 60_000
RELOAD_EVERY_MS = 3_600_000  # what evidence gave back in the store comes in again


class Wallet:
    """One SIM's gate; see lane_sim.Gate."""

    def __init__(self, row: SimRow, purse: Purse) -> None:
        self.row = row
        self.purse = purse
        self.changes = 0  # counts up with all that is counted
        self.loaded_at = 0
        self.known_since = 0  # what was counted before is not in memory
        self.corrections = 0  # that are being written
        self.since: list[Callable[[Purse], None]] | None = None  # during a reload
        self._sim: LaneSim | None = None

    def do(self, act: Callable[[Purse], None]) -> None:
        """Change what is counted, and remember it where another purse is made."""
        act(self.purse)
        self.changes += 1
        if self.since is not None:
            self.since.append(act)

    def replace(self, purse: Purse, now: int, known_since: int) -> None:
        """Count on in another purse, which knows all but what was done `since`."""
        for act in self.since or ():
            act(purse)
        self.purse, self.loaded_at, self.known_since = purse, now, known_since
        self.changes += 1  # a purse that is being read meanwhile is not taken

    def attach(self, sim: LaneSim) -> None:
        """Keep the tariff of the SIM in service up to date from now on."""
        self._sim = sim

    def free_at(self, now_ms: int) -> tuple[int, str]:
        """Return from when the SIM may send, and what holds it until then."""
        sim = self._sim
        if sim is not None:
            sim.tariff = self.purse.tariff(now_ms)
            sim.used_in_bundle = self.purse.used_in_bundle(now_ms)
        if now_ms < self.known_since:
            return now_ms + RETRY_MS, "what it sent then, for the clock was set back"
        return self.purse.free_at(now_ms)

    def record(self, now_ms: int, to: str) -> None:
        """Do nothing: parts are counted by `Wallets.charge`, with their key."""


@dataclass(frozen=True, slots=True)
class Bill:
    """What a part was counted as; see lane_sim.Bill."""

    counted: Counted
    charge: Charge
    wallet: Wallet | None
    claim: Claim | None

    def give_back(self) -> None:
        """Take it back from memory: the part certainly never left."""
        if self.wallet is not None:
            charge = self.charge
            self.wallet.do(lambda purse: purse.give_back(charge))
        if self.claim is not None:
            self.claim.give_back()


class Wallets:
    """The wallets of all SIMs, and the purses of the keys that have limits."""

    def __init__(self, config: Config, store: Store, clock: Clock) -> None:
        self.currency = config.sims.currency
        self.zone: tzinfo = ZoneInfo(config.timezone)
        self.keys = KeyPurses(store, clock, self.zone)
        self.config = config
        self.store = store
        self._clock = clock
        self._wallets: dict[int, Wallet] = {}

    def describe(self, view: SimView) -> SimView:
        """Add to a SIM what it may still send."""
        for wallet in self._wallets.values():
            if wallet.row.name == view.name:
                standings = wallet.purse.standings(self.now_ms())
                return replace(view, wallet=wallet_of(self.currency, standings))
        return view

    def now_ms(self) -> int:
        """Return what time it is for quotas."""
        return self._clock.now_ms()

    async def gate(self, row: SimRow) -> Wallet | None:
        """Return the gate of a SIM, None where nothing was agreed for it."""
        sims = self.config.sims
        contract = sims.tariff(sims.card(row.iccid)).contract()
        if not contract.counts:
            return None
        wallet = Wallet(row, Purse(contract, self.zone))
        await self._load(wallet)
        self._wallets[row.id] = wallet
        return wallet

    def adopt(self, wallet: Wallet) -> None:
        """Take up the wallet of a SIM that had none."""
        self._wallets[wallet.row.id] = wallet

    def drop(self, sim_id: int) -> None:
        """Forget the wallet of a SIM, with which nothing is agreed any more."""
        self._wallets.pop(sim_id, None)

    def of(self, sim_id: int) -> Wallet | None:
        """Return the wallet of a SIM in service."""
        return self._wallets.get(sim_id)

    # -- while sending --------------------------------------------------------

    def charge(self, sim_id: int, entry: Entry, now: int) -> Bill | None:
        """Count one part that is about to be submitted; None: nobody counts it."""
        wallet = self._wallets.get(sim_id)
        key = self.keys.of(entry.key_id)
        if wallet is None and key is None:
            return None
        charge, whole = Charge(now, False, None), None
        if wallet is not None:
            whole = wallet.purse.cost(now, entry.to, len(entry.parts))
            charge = wallet.purse.charge(now, entry.to)
            wallet.changes += 1
            if wallet.since is not None:
                wallet.since.append(partial(Purse.count, charge=charge, times=1))
            self._tell(wallet, now)
        claim = None
        if key is not None:
            parts = len(entry.parts)
            cost = charge.cost or 0
            claim = key.claim(entry.message_id, parts, cost, whole or cost, now)
        counted = Counted(entry.key_id or 0, charge.covered, charge.cost)
        return Bill(counted, charge, wallet, claim)

    def hold(self, entry: Entry, sim: RoutedSim, now: int) -> int:
        """Return until when a message must wait on this SIM, 0 where it may go.

        The caps of its key hold it everywhere. What has begun on this SIM is held by
        the SIM's own caps, part by part; before that, routing has asked its tariff.
        """
        wallet, key = self._wallets.get(sim.sim_id or 0), self.keys.of(entry.key_id)
        if wallet is None and key is None:
            return 0
        tariff, used = sim.tariff, sim.used_in_bundle
        begun = entry.wish.pinned_sim_id is not None
        if (
            begun
            and wallet is not None
            and tariff is not None
            and tariff.allows(entry.to, 1, used_in_bundle=used) is not None
        ):
            return max(now + 1, wallet.purse.next_turn(now))
        if begun or key is None or key.has_begun(entry.message_id):
            return 0
        parts = len(entry.parts)
        cost = None
        if isinstance(tariff, Tariff):
            cost = tariff.cost(entry.to, parts, used_in_bundle=used)
        return key.holds(parts, cost or 0, now)

    def why_blocked(self, entry: Entry, now: int) -> str | None:
        """Say which limit of its key a message waited for in vain, None: for none."""
        key = self.keys.of(entry.key_id)
        return None if key is None else key.why_held(now)

    def over(self, entry: Entry) -> None:
        """Hear that a message has left the queue: what it had claimed is free."""
        key = self.keys.of(entry.key_id)
        if key is not None:
            key.over(entry.message_id)

    def next_turn(self, now: int) -> int:
        """Return when something begins anew that is used now; FAR: nothing does."""
        turns = [wallet.purse.next_turn(now) for wallet in self._wallets.values()]
        return min((*turns, self.keys.next_turn(now)), default=FAR)

    # -- the store ------------------------------------------------------------

    async def reload(self, is_quiet: IsQuiet) -> None:
        """Read what the store has of each SIM that has been quiet meanwhile."""
        now = self._clock.now_ms()
        for wallet in list(self._wallets.values()):
            old = wallet.loaded_at <= now - RELOAD_EVERY_MS or wallet.loaded_at > now
            if old and not wallet.corrections and is_quiet(wallet.row.id):
                await self._load(wallet, is_quiet)

    async def _load(self, wallet: Wallet, is_quiet: IsQuiet | None = None) -> None:
        now, changes = self._clock.now_ms(), wallet.changes
        purse = Purse(wallet.purse.contract, self.zone)
        since, sim_id = since_of(purse, now), wallet.row.id
        found = await self.store.read(lambda db: read_spent(db, sim_id, since))
        if is_quiet is not None and not (
            wallet.changes == changes and is_quiet(sim_id)
        ):
            return  # something was counted that was not on disk yet
        fill(purse, found, since, now)
        wallet.purse, wallet.loaded_at, wallet.known_since = purse, now, since

    async def correct(self, row: SimRow, name: str, used: int, by: str) -> None:
        """Set what is used of one limit in its present period.

        Raises NotFound where the SIM is not in service or has no such limit.
        """
        wallet = self._wallets.get(row.id)
        now = self._clock.now_ms()
        standing = None
        if wallet is not None:
            standings = wallet.purse.standings(now)
            standing = next((s for s in standings if s.name == name), None)
        if wallet is None or standing is None:
            raise NotFound(f"SIM {row.name!r} has no {name!r} to correct")
        ids, change = self.store.ids, used - standing.used
        told = {
            **about(row, replace(standing, used=used)),
            "was": shown(standing, standing.used),
            "by": by,
        }

        def job(db: Connection) -> None:
            rows.adjust(db, row.id, name, standing.start_ms, change)
            kind = "sim.allowance_corrected"
            events.append(db, kind, at=now, data=told, push=True, ids=ids)

        # In memory first: what is sent while it is written counts on top of it.
        start = standing.start_ms
        wallet.do(lambda purse: purse.correct(name, start, change))
        wallet.corrections += 1
        try:
            await self.store.write(job)
        except BaseException:
            wallet.do(lambda purse: purse.correct(name, start, -change))
            raise
        finally:
            wallet.corrections -= 1
        extra = {"sim": row.name, "what": name, "was": standing.used, "is": used}
        log.warning("allowance corrected", extra={**extra, "by": by})

    def _tell(self, wallet: Wallet, now: int) -> None:
        for standing in wallet.purse.newly_low(now):
            job = partial(_write_low, self.store, wallet.row, standing, now)
            self.store.write(job).add_done_callback(_retrieve)
            log.warning(
                "allowance low",
                extra={
                    "sim": wallet.row.name,
                    "what": standing.name,
                    "left": shown(standing, standing.left),
                },
            )


def since_of(purse: Purse, now: int) -> int:
    """Return since when a purse has to know what was sent."""
    return min(purse.oldest_ms(now), now - SET_BACK_MS)


def read_spent(db: sqlite3.Connection, sim_id: int, since: int) -> Spent:
    """Read what fills a purse."""
    return rows.of_sim(db, sim_id, since), rows.meters_of(db, sim_id)


def fill(purse: Purse, found: Spent, since: int, now: int) -> None:
    """Let a purse know what was sent, and what people know better."""
    spent, meters = found
    purse.load((Used(s.at, s.parts, s.covered, s.cost) for s in spent), now)
    for meter in meters:
        if meter.start_at >= since:
            purse.correct(meter.name, meter.start_at, meter.adjust)
        if meter.told:
            purse.told(meter.name, meter.start_at)


def _write_low(
    store: Store, row: SimRow, standing: Standing, now: int, db: Connection
) -> None:
    if rows.tell(db, row.id, standing.name, standing.start_ms):
        data, ids = about(row, standing), store.ids
        events.append(db, "sim.allowance_low", at=now, data=data, push=True, ids=ids)


def shown(standing: Standing, value: int) -> int | str:
    """Return parts as a number, and money as an amount."""
    return show_amount(value) if standing.money else value


def about(row: SimRow, standing: Standing) -> dict[str, object]:
    """Return what an event tells of a limit."""
    return {
        "sim": row.name,
        "iccid": row.iccid,
        "what": standing.kind,
        "name": standing.name,
        "used": shown(standing, standing.used),
        "of": shown(standing, standing.count),
        "left": shown(standing, standing.left),
        "stops": standing.stops,
        "until": instant(standing.end_ms),
    }


def _retrieve(future: "Future[None]") -> None:
    if not future.cancelled() and (exc := future.exception()) is not None:
        log.error("cannot write to the database", extra={"error": str(exc)})
