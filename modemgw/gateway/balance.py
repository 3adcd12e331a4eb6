"""Asks for the balance of SIMs over USSD: in turn, seldom, and never in the way.

One SIM at a time. A SIM that is sending, or that customers wait for, is asked a
little later; one whose network does not answer, seldom; one that was refused as
without credit, early. Each answer is read by policy/balance.py and kept, with
sim.balance_low in the same transaction.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from contextlib import suppress

from modemgw.clock import Clock
from modemgw.config.balance import BalanceConfig
from modemgw.config.model import Config
from modemgw.errors import Conflict, ModemRefused, NotFound, RequestError, StoreError
from modemgw.gateway.balance_steps import judge, known_of, money
from modemgw.gateway.lane import Lane
from modemgw.gateway.model import Caller
from modemgw.gateway.ussd import Said, UssdDesk
from modemgw.gateway.verdict import Attempt, Verdict
from modemgw.gateway.views import sim_id
from modemgw.policy.asking import (
    FRESH_MS,
    PERSON_MS,
    due_at,
)
from modemgw.policy.health import Probed
from modemgw.store import balance as rows
from modemgw.store import sims
from modemgw.store.balance import BalanceRow
from modemgw.store.database import Store
from modemgw.store.sims import SimRow
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.balance")

OURSELVES = Caller(None, "balance", frozenset({"admin"}), "internal")
SETTLE_S = 60.0  # a SIM that has just come into service has better things to do
BUSY_S = 60.0  # until a SIM that was busy is looked at again …
PATIENCE_MS = 3_600_000  # … and so long at most it is put off
LONGEST_SLEEP_S = 3600.0  # the wall clock may jump
JITTER_S = 60.0  # that not all SIMs of an operator are asked in one second
SUSPICIOUS = frozenset({"network_rejected", "sim_barred"})  # like without credit


class BalanceDesk:
    """What is known of every SIM's balance, and the task that asks."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        config: Config,
        *,
        ussd: UssdDesk,
        lanes: Mapping[str, Lane],
        is_quiet: Callable[[], bool],
        rng: random.Random,
    ) -> None:
        self._store = store
        self._clock = clock
        self.config = config
        self._ussd = ussd
        self._lanes = lanes
        self._is_quiet = is_quiet  # no customer waits
        self._rng = rng
        self._rows: dict[int, BalanceRow] = {}
        self._early: set[int] = set()
        self._met: dict[int, float] = {}  # monotonic: since when each is in service
        self._not_before: dict[int, float] = {}  # monotonic: busy, or spread
        self._asking: set[int] = set()
        self._look = asyncio.Event()

    async def load(self) -> None:
        """Read what was known when the last run ended."""
        self._rows = await self._store.read(rows.load)

    def known(self, sim_row_id: int) -> BalanceRow | None:
        """Return what is known of one SIM."""
        return self._rows.get(sim_row_id)

    def look(self) -> None:
        """Look again who is in service."""
        self._look.set()

    def recorded(self, attempt: Attempt, verdict: Verdict) -> None:
        """Hear of an outcome; a refusal like without credit makes it ask early."""
        if verdict.refusal in SUSPICIOUS:
            self._early.add(attempt.ref.sim_id)
            self._look.set()

    async def run(self) -> None:
        """Ask whoever is due, for life."""
        while True:
            self._look.clear()
            try:
                seconds = await self._round()
            except StoreError as exc:
                log.error("cannot use the database", extra={"error": str(exc)})
                seconds = BUSY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._look.wait()

    async def _round(self) -> float:
        """Ask every SIM that is due; return the seconds until another is."""
        present = self._present()
        for gone in self._met.keys() - present.keys():
            del self._met[gone]
        seconds = LONGEST_SLEEP_S
        if not present or not self._is_wanted():
            return seconds
        known = {row.id: row for row in await self._store.read(sims.list_sims)}
        for sim in sorted(present):
            row = known.get(sim)
            config = None if row is None else self.config_of(row)
            if row is None or config is None or config.code is None:
                continue
            wait = self._wait_s(row, config, present[sim])
            if wait <= 0:
                await self._ask_quietly(row, config)
                wait = max(1.0, self._wait_s(row, config, present[sim]))
            seconds = min(seconds, wait)
        return seconds

    def _is_wanted(self) -> bool:
        everyone = self.config.sims
        return any(
            everyone.balance(card).code is not None for card in (None, *everyone.cards)
        )

    def _present(self) -> dict[int, Lane]:
        now = self._clock.monotonic()
        found = {
            lane.sim.sim_id: lane
            for lane in self._lanes.values()
            if lane.ready and lane.sim is not None
        }
        for sim in found:
            if sim not in self._met:
                self._met[sim] = now
                spread = SETTLE_S + self._rng.random() * JITTER_S
                self._not_before[sim] = now + spread
        return found

    def _wait_s(self, row: SimRow, config: BalanceConfig, lane: Lane) -> float:
        now = self._clock.now_ms()
        due = due_at(
            known_of(self._rows.get(row.id)),
            every_ms=round(config.every_s * 1000),
            early=row.id in self._early,
            now=now,
        )
        held_s = self._not_before.get(row.id, 0.0) - self._clock.monotonic()
        wait_s = max((due - now) / 1000, held_s)
        if wait_s > 0 or now - due >= PATIENCE_MS:
            return wait_s
        if lane.busy or not self._is_quiet():
            return BUSY_S
        return 0.0

    async def _ask_quietly(self, row: SimRow, config: BalanceConfig) -> None:
        try:
            await self._ask(row, config, OURSELVES)
        except RequestError as exc:
            # Somebody else has the SIM, or it has gone: no failure of the network.
            log.info("balance not asked", extra={"sim": row.name, "why": exc.detail})
            self._not_before[row.id] = self._clock.monotonic() + BUSY_S

    # -- what others ask for -------------------------------------------------

    async def ask(self, name: str, caller: Caller) -> tuple[SimRow, BalanceRow]:
        """Ask now, because a person wants it.

        Raises NotFound, and Conflict where nothing is configured, where it was asked
        just now, or where the SIM is busy.
        """
        row = await self.find(name)
        config = self.config_of(row)
        if config.code is None:
            raise Conflict(
                f"no USSD code is configured for {row.name!r}: set balance.ussd or "
                "balance.preset under sims.cards or sims.defaults"
            )
        before = self._rows.get(row.id)
        now = self._clock.now_ms()
        if before is not None and 0 <= now - before.asked_at < PERSON_MS:
            raise Conflict(
                "it was asked just now; networks block who asks too often",
                retry_after=PERSON_MS // 1000,
            )
        return row, await self._ask(row, config, caller)

    async def probe(self, sim: int) -> Probed:
        """Say whether a SIM has money, for who wonders why it is refused.

        Only an amount that is surely too small is a failure: below `low`, else zero.
        """
        row = await self._store.read(lambda db: sims.get(db, sim))
        config = None if row is None else self.config_of(row)
        if row is None or config is None or config.code is None:
            return Probed(None, "no balance is asked for")
        found = self._rows.get(sim)
        fresh = (
            found is not None
            and 0 <= (self._clock.now_ms() - found.asked_at) < FRESH_MS
        )
        if not fresh:
            try:
                found = await self._ask(row, config, OURSELVES)
            except (RequestError, StoreError) as exc:
                return Probed(None, f"its balance could not be asked: {exc}")
        if found is None or found.outcome != "read" or found.amount is None:
            return Probed(None, f"its balance: {found.why if found else 'unknown'}")
        left = money(found.amount, found.currency)
        if found.amount <= 0:
            return Probed(False, f"its balance is {left}")
        return Probed(True, f"its balance is {left}")

    async def find(self, name: str) -> SimRow:
        """Return the card that a client means. Raises NotFound."""
        for row in await self._store.read(sims.list_sims):
            if name in (row.name, sim_id(row.name), row.iccid):
                return row
        raise NotFound(f"there is no SIM {name!r}")

    # -- inside --------------------------------------------------------------

    def config_of(self, row: SimRow) -> BalanceConfig:
        """Return how this card is asked."""
        everyone = self.config.sims
        return everyone.balance(everyone.card(row.iccid))

    async def _ask(
        self, row: SimRow, config: BalanceConfig, caller: Caller
    ) -> BalanceRow:
        """Ask, read and keep. Raises Conflict where the SIM cannot be asked now."""
        if row.id in self._asking:
            raise Conflict("its balance is being asked already", retry_after=30)
        self._asking.add(row.id)
        try:
            answer = await self._exchange(row, config, caller)
            return await self._keep(row, config, answer)
        finally:
            self._asking.discard(row.id)

    async def _exchange(
        self, row: SimRow, config: BalanceConfig, caller: Caller
    ) -> Said | str:
        """Return the last answer of the network, or why there is none."""
        code = config.code or ""
        try:
            said = await self._ussd.start(row.name, code, caller)
            for reply in config.reply:
                if said.state != "reply":
                    break
                said = await self._ussd.reply(row.name, said.session, reply, caller)
        except ModemRefused as exc:
            return exc.detail
        if said.state == "reply":  # it would wait for us, and messages for it
            with suppress(RequestError):
                await self._ussd.cancel(row.name, said.session, caller)
        return said

    async def _keep(
        self, row: SimRow, config: BalanceConfig, answer: Said | str
    ) -> BalanceRow:
        now = self._clock.now_ms()
        made, event = judge(row, config, self._rows.get(row.id), answer, now)
        ids = self._store.ids

        def job(db: Connection) -> None:
            rows.put(db, made)
            if event is not None:
                rows.tell_low(db, ids, now, event)

        await self._store.write(job)
        self._rows[row.id] = made
        if made.outcome != "doubted":
            self._early.discard(row.id)
        extra = {"sim": row.name, "outcome": made.outcome, "why": made.why}
        if made.outcome == "read":
            log.info("balance read", extra=extra)
        else:
            log.warning("balance not known", extra=extra)
        if event is not None:
            log.warning("balance low", extra={"sim": row.name, "low": event["low"]})
        return made
