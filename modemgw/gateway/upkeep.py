"""What SIMs are asked and made to do for our own sake: balances and self-tests.

Holds both desks together, so that the gateway has one place to load, run and tell.
"""

import random
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.gateway import upkeep_resources as resources
from modemgw.gateway.balance import BalanceDesk
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.health import HealthWatch
from modemgw.gateway.inbound import Inbound
from modemgw.gateway.lane_sim import Gate
from modemgw.gateway.model import SimView
from modemgw.gateway.pool import Pool
from modemgw.gateway.selftest import Selftests
from modemgw.gateway.ussd import UssdDesk
from modemgw.gateway.verdict import Attempt, Verdict
from modemgw.pdu.deliver import Deliver
from modemgw.policy.selftest import token_in
from modemgw.store import inbound as raw
from modemgw.store import selftest, sims
from modemgw.store.database import Store
from modemgw.store.inbound import RawRow
from modemgw.store.sims import SimRow
from modemgw.store.writer import Connection


class Upkeep:
    """The balances and self-tests of all SIMs."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        config: Config,
        ussd: UssdDesk,
        dispatcher: Dispatcher,
        rng: random.Random,
    ) -> None:
        def is_quiet() -> bool:
            return not len(dispatcher.index)

        lanes = dispatcher.lanes
        self.balance = BalanceDesk(
            store,
            clock,
            config,
            ussd=ussd,
            lanes=lanes,
            is_quiet=is_quiet,
            rng=rng,
        )
        self.selftest = Selftests(
            store,
            clock,
            config,
            lanes=lanes,
            is_quiet=is_quiet,
            withdraw=dispatcher.withdraw,
            rng=rng,
        )
        self.probes = (self.balance.probe, self.selftest.probe)
        self._store = store
        self._sims = config.sims
        self._cards: dict[str, SimRow] = {}  # by name

    def join(self, pool: Pool, health: HealthWatch, inbound: Inbound) -> None:
        """Hear of cards and what they receive; help to judge those on the bench."""
        look = pool.on_change

        def changed() -> None:
            look()
            self.look()

        pool.on_change = changed
        pool.gate_for.append(self.meet)
        pool.lane_sims.on_rename.append(self.rename)
        health.probes.extend(self.probes)
        inbound.take_own = self.take

    async def load(self) -> None:
        """Read what was known; end what had not left. Before the queue is loaded."""
        self._cards = {row.name: row for row in await self._store.read(sims.list_sims)}
        await self.balance.load()
        await self.selftest.load()

    def tasks(self) -> list[tuple[str, Callable[[], Coroutine[Any, Any, None]]]]:
        """Return what lives as long as the gateway."""
        return [("balances", self.balance.run), ("self-tests", self.selftest.run)]

    async def meet(self, row: SimRow) -> Gate | None:
        """Hear of a card that came into service; nothing of ours holds it back."""
        self._cards[row.name] = row
        self.look()
        return None

    def look(self) -> None:
        """Hear that SIMs came or went."""
        self.balance.look()
        self.selftest.course.tell_all()

    def recorded(self, attempt: Attempt, verdict: Verdict) -> None:
        """Hear of an outcome on disk; cheap where it is nobody's business here."""
        if verdict.refusal:
            self.balance.recorded(attempt, verdict)
        self.selftest.course.tell(attempt.entry.message_id)

    def changed(self, message_id: int) -> None:
        """Hear that a message changed otherwise: a report, a doubt."""
        self.selftest.course.tell(message_id)

    async def take(self, row: RawRow, deliver: Deliver) -> bool:
        """Take the text of a self-test before it becomes a message; False: it is none.

        Raises StoreError.
        """
        token = token_in(deliver.text) if deliver.concat is None else None
        if token is None:
            return False
        sender = deliver.sender.text

        def job(db: Connection) -> bool:
            test_id = selftest.arrive(
                db, token=token, sender=sender, sim_id=row.sim_id, at=row.read_at
            )
            if test_id is not None:
                raw.mark_done(db, row.id)
            return test_id is not None

        taken = await self._store.write(job)
        if taken:
            self.selftest.course.tell_all()
        return taken

    def describe(self, view: SimView) -> SimView:
        """Add what is known of its balance and its self-tests to a SIM."""
        row = self._cards.get(view.name)
        if row is None:
            return view
        config = self._sims.balance(self._sims.card(row.iccid))
        return replace(
            view,
            balance=resources.balance(self.balance.known(row.id), config),
            selftest=resources.selftest_of_sim(self.selftest.record(row.id)),
        )

    def configure(self, config: Config) -> None:
        """Take up what a reload changed, and look who is due under it."""
        self._sims = config.sims
        self.balance.config = config
        self.selftest.configure(config.selftest)
        self.balance.look()

    def rename(self, row: SimRow) -> None:
        """Hear that a card has another name now."""
        old = [name for name, known in self._cards.items() if known.id == row.id]
        for name in old:
            del self._cards[name]
        self._cards[row.name] = row

    def names(self) -> dict[int, str]:
        """Return the names of all cards, by row."""
        return {row.id: name for name, row in self._cards.items()}
