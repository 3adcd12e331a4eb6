"""Gives the SIMs in service the pace, the contract and the traits of another file.

What was sent still counts, exactly: the store is read in the writer's turn, so that
it has all that was begun before, and what is begun while it is read is remembered
and counted on top. Nothing changes until `finish`, which cannot fail.
"""

from collections.abc import Callable
from dataclasses import dataclass

from modemgw.config.model import Config
from modemgw.gateway.breaker import Breaker
from modemgw.gateway.care import SimCare
from modemgw.gateway.lane_sim import Gate, LaneSim
from modemgw.gateway.lane_sims import pace_of
from modemgw.gateway.pool import Pool
from modemgw.gateway.routing import Router
from modemgw.gateway.wallet import (
    Spent,
    Wallet,
    Wallets,
    fill,
    read_spent,
    since_of,
)
from modemgw.policy.pacing import Pace, history_from_minutes
from modemgw.policy.quota import Purse
from modemgw.store import sims
from modemgw.store.sims import SimRow
from modemgw.store.writer import Connection

Minutes = list[tuple[int, int]]
Found = tuple[list[Minutes], list[Spent]]


@dataclass(slots=True)
class _Paced:
    sim: LaneSim
    row: SimRow
    pace: Pace  # as it will be, with nothing sent


@dataclass(slots=True)
class _Agreed:
    sim: LaneSim
    row: SimRow
    purse: Purse
    wallet: Wallet | None  # None: nothing was agreed for it before
    since: int


class Renewal:
    """One change of all SIMs that were in service. Made in the turn of LaneSims."""

    def __init__(
        self,
        config: Config,
        router: Router,
        *,
        pool: Pool,
        wallets: Wallets,
        care: SimCare,
        now: int,
    ) -> None:
        self._config, self._router = config, router
        self._pool, self._wallets, self._care = pool, wallets, care
        self._now = now
        rows = {row.id: row for row in pool.known()}
        self._all = [(sim, rows[sim.sim_id]) for sim in pool.cards.values()]
        self._paced: list[_Paced] = []
        self._agreed: list[_Agreed] = []
        self._over: list[LaneSim] = []  # nothing is agreed for them any more
        for sim, row in self._all:
            self._compare(sim, row)

    def _compare(self, sim: LaneSim, row: SimRow) -> None:
        known = self._config.sims
        pace = pace_of(known, row)
        if pace.settings() != sim.pace.settings():
            self._paced.append(_Paced(sim, row, pace))
        contract = known.tariff(known.card(row.iccid)).contract()
        wallet = self._wallets.of(row.id)
        if wallet is not None and wallet.purse.contract == contract:
            return
        if contract.counts:
            purse = Purse(contract, self._wallets.zone)
            since = since_of(purse, self._now)
            self._agreed.append(_Agreed(sim, row, purse, wallet, since))
        elif wallet is not None:
            self._over.append(sim)

    def job(self) -> Callable[[Connection], Found]:
        """Return what reads the store; to be handed to the writer at once."""
        for sim, _ in self._all:
            sim.since = []
        for one in self._agreed:
            if one.wallet is not None:
                one.wallet.since = []

        def read(db: Connection) -> Found:
            minutes = [
                sims.load_usage(db, one.row.id, self._now - one.pace.longest_ms)
                for one in self._paced
            ]
            spent = [read_spent(db, one.row.id, one.since) for one in self._agreed]
            return minutes, spent

        return read

    def give_up(self) -> None:
        """Forget it; everything is as it was."""
        for sim, _ in self._all:
            sim.since = None
        for one in self._agreed:
            if one.wallet is not None:
                one.wallet.since = None

    def finish(self, found: Found) -> None:
        """Let it be so from now on."""
        minutes, spent = found
        for paced, used in zip(self._paced, minutes, strict=True):
            self._renew_pace(paced, used)
        for one, some in zip(self._agreed, spent, strict=True):
            fill(one.purse, some, one.since, self._now)
            wallet = one.wallet
            if wallet is None:
                wallet = Wallet(one.row, one.purse)
                self._wallets.adopt(wallet)
                wallet.attach(one.sim)
            wallet.replace(one.purse, self._now, one.since)
        for sim in self._over:
            self._wallets.drop(sim.sim_id)
            sim.tariff, sim.used_in_bundle = None, 0
        for sim, row in self._all:
            card = self._config.sims.card(row.iccid)
            sim.reports = self._config.sims.reports(card)
            sim.smsc = card.smsc if card else None
            sim.traits = self._router.traits(row.name, card)
            sim.gates = self._gates(sim)
        self.give_up()

    def _renew_pace(self, one: _Paced, used: Minutes) -> None:
        old, now = one.sim.pace, self._now
        pace = one.pace
        if old.remembers_for(pace):
            pace.take_over(old)
        else:
            history = history_from_minutes(used, now) + (one.sim.since or [])
            pace = pace_of(self._config.sims, one.row, history)
        one.sim.pace = pace

    def _gates(self, sim: LaneSim) -> tuple[Gate, ...]:
        """Return what may hold it back: its health first, as when it was made."""
        ours = (self._care.breaker, self._wallets.of(sim.sim_id))
        health = [one for one in sim.gates if not isinstance(one, Breaker | Wallet)]
        return (*health, *(one for one in ours if one is not None))
