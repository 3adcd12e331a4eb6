"""Self-tests between own SIMs: on a schedule, for a person, and as a probe.

The schedule sends one text at a time, while no customer waits, and never one that
costs money without leave. A failure is confirmed by a second try before
sim.selftest_failed is told. What arrives is taken by `take`, before it could become
anybody's message.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any
from zoneinfo import ZoneInfo

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.config.selftest import SelftestConfig
from modemgw.errors import Conflict, NotFound, StoreError
from modemgw.gateway.audit import note
from modemgw.gateway.lane import Lane
from modemgw.gateway.model import Caller
from modemgw.gateway.selftest_record import SHOWN, Record, record_of
from modemgw.gateway.selftest_rules import Terms, named, objection, quiet_s
from modemgw.gateway.selftest_run import Course, Pair, close_unsent
from modemgw.policy.health import Probed
from modemgw.policy.selftest import Result, Station, auto_pairs
from modemgw.store import selftest as rows
from modemgw.store import sims
from modemgw.store.database import Store
from modemgw.store.selftest import SelftestRow
from modemgw.store.sims import SimRow

log = logging.getLogger("modemgw.selftest")

FIRST_S = 300.0  # after the start: modems and customers first
LATER_S = 300.0  # until a pair that could not be tested is looked at again
UNKNOWN_S = 1800.0  # … and one whose test said nothing
LONGEST_SLEEP_S = 3600.0  # the wall clock may jump
CONFIRM_S = 30.0  # between the first try and the second
STORE_RETRY_S = 5.0
SPREAD = 0.1  # of the interval, at random: not every day at the same second
KEPT_MS = 90 * 86_400_000
PURGE_S = 86_400.0


class Selftests:
    """The schedule, the requests of people, and what came of all of them."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        config: Config,
        *,
        lanes: Mapping[str, Lane],
        is_quiet: Callable[[], bool],
        withdraw: Callable[[int], None],
        rng: random.Random,
    ) -> None:
        self.course = Course(
            store,
            clock,
            lanes,
            within_s=config.selftest.within,
            withdraw=withdraw,
        )
        self._store = store
        self._clock = clock
        self._config = config.selftest
        self._zone = ZoneInfo(config.timezone)
        self._is_quiet = is_quiet
        self._rng = rng
        self._work: asyncio.Queue[Callable[[], Coroutine[Any, Any, None]]] = (
            asyncio.Queue()
        )
        self._tested: set[tuple[int, int]] = set()  # pairs under way
        self._not_before: dict[tuple[int, int], float] = {}  # monotonic
        self._spread: dict[int, float] = {}  # by sender, seconds
        self._waiting: dict[str, asyncio.Event] = {}  # by public id
        self._records: dict[int, Record] = {}
        self._whys: dict[int, str] = {}
        self._purged_at: float | None = None
        self._poke = asyncio.Event()

    # -- life ----------------------------------------------------------------

    async def load(self) -> None:
        """Take up what the last run left: before the queue is loaded."""
        now, ids = self._clock.now_ms(), self._store.ids
        await self._store.write(lambda db: close_unsent(db, ids, now))
        left = await self._store.read(rows.running)
        for test in left:
            self._later(test)
        for row in await self._store.read(sims.list_sims):
            await self._refresh(row.id)

    async def run(self) -> None:
        """Run what is asked for and what is due, for life."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_schedule(), name="self-test schedule")
            while True:
                work = await self._work.get()
                group.create_task(work(), name="self-test")

    def configure(self, config: SelftestConfig) -> None:
        """Take up what a reload changed, and look what is due under it."""
        self._config = config
        self.course.within_s = config.within
        self._poke.set()

    def record(self, sim: int) -> Record | None:
        """Return how the last self-tests of a SIM went."""
        return self._records.get(sim)

    def arrived(self) -> None:
        """Hear that the text of a self-test has arrived, however late."""
        self.course.tell_all()

    # -- requests ------------------------------------------------------------

    async def ask(
        self, name: str, to: str | None, *, paid: bool, caller: Caller
    ) -> SelftestRow:
        """Begin a self-test because a person wants it; returns at once.

        Raises NotFound, and Conflict where it cannot, or may not, go out now.
        """
        known = await self._store.read(sims.list_sims)
        sender = named(known, name)
        receiver = named(known, to) if to is not None else None
        pair = self._pair(sender, receiver, known)
        terms = Terms(paid=paid or self._config.paid, polite=False)
        why = self._objection(pair, terms)
        if why is not None:
            raise Conflict(why[0], retry_after=LATER_S if why[1] else None)
        about = {"to_sim": pair.to.name, "paid": paid}
        begun = await self._begin(pair, "asked")
        await note(self._store, "sim.selftest", caller, object=sender.name, **about)
        return begun

    async def wait(self, public_id: str, seconds: float) -> SelftestRow:
        """Return a self-test, once it has its verdict or after a while.

        Raises NotFound.
        """
        event = self._waiting.get(public_id)
        if event is not None and seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await event.wait()
        found = await self._store.read(lambda db: rows.find(db, public_id))
        if found is None:
            raise NotFound(f"there is no self-test {public_id!r}")
        return found

    async def history(self, name: str, limit: int) -> list[SelftestRow]:
        """Return the last self-tests of a SIM, newest first. Raises NotFound."""
        row = named(await self._store.read(sims.list_sims), name)
        found = await self._store.read(lambda db: rows.recent(db, row.id, limit))
        return found[:limit]

    async def probe(self, sim: int) -> Probed:
        """Say whether a benched SIM can send, by a text to a sister SIM."""
        try:
            return await self._probe(sim)
        except StoreError as exc:
            return Probed(None, f"no self-test: {exc}")

    async def _probe(self, sim: int) -> Probed:
        known = await self._store.read(sims.list_sims)
        sender = next((row for row in known if row.id == sim), None)
        if sender is None:
            return Probed(None, "the SIM is not known")
        terms = Terms(paid=self._config.paid, polite=False, benched=True)
        found: SelftestRow | None = None
        for attempt in (1, 2):
            try:
                pair = self._pair(sender, None, known)
            except Conflict as exc:
                return Probed(None, exc.detail)
            why = self._objection(pair, terms)
            if why is not None:
                return Probed(None, f"no self-test: {why[0]}")
            found = await self._run_one(pair, "probe", attempt)
            if found.result != Result.FAILED.value:
                break
            if attempt == 1:
                await asyncio.sleep(CONFIRM_S)
        if found is None or found.result == Result.UNKNOWN.value:
            return Probed(None, f"self-test: {found.why if found else 'none'}")
        passed = found.result == Result.PASSED.value
        return Probed(passed, f"a self-test: {found.why}")

    # -- the schedule --------------------------------------------------------

    async def _keep_schedule(self) -> None:
        await asyncio.sleep(FIRST_S)
        while True:
            self._poke.clear()
            try:
                seconds = await self._round()
                await self._purge()
            except StoreError as exc:
                log.error("cannot use the database", extra={"error": str(exc)})
                seconds = STORE_RETRY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(min(max(seconds, 1.0), LONGEST_SLEEP_S)):
                    await self._poke.wait()

    async def _round(self) -> float:
        """Run what is due, one after the other; return the seconds until more is."""
        if not self._config.every:
            return LONGEST_SLEEP_S
        if held := quiet_s(self._config, self._zone, self._clock.now_ms()):
            return held
        known = await self._store.read(sims.list_sims)
        seconds = LONGEST_SLEEP_S
        for pair in self._pairs(known):
            wait = await self._wait_s(pair)
            if wait <= 0:
                why = self._objection(pair, Terms(paid=self._config.paid))
                self._whys[pair.sender.id] = "" if why is None else why[0]
                if why is None and not quiet_s(
                    self._config, self._zone, self._clock.now_ms()
                ):
                    await self._confirmed(pair, "schedule")
                else:
                    self._put_off(pair, LATER_S)
                wait = await self._wait_s(pair)
                await self._refresh(pair.sender.id)
            seconds = min(seconds, wait)
        return seconds

    def _pairs(self, known: list[SimRow]) -> list[Pair]:
        by_name = {row.name: row for row in known}
        if self._config.pairs:
            both = [one for a, b in self._config.pairs for one in ((a, b), (b, a))]
            return [
                Pair(by_name[a], by_name[b])
                for a, b in dict.fromkeys(both)
                if a in by_name and b in by_name and by_name[b].number
            ]
        stations = [
            Station(row.id, row.name, row.number, self._is_in_service(row.id))
            for row in known
        ]
        return [
            Pair(by_name[sender.name], by_name[to.name])
            for sender, to in auto_pairs(stations)
        ]

    async def _wait_s(self, pair: Pair) -> float:
        to = pair.to.id if self._config.pairs else None
        last = await self._store.read(lambda db: rows.last_from(db, pair.sender.id, to))
        held = self._not_before.get(_key(pair), 0.0) - self._clock.monotonic()
        if last is None:
            return held
        spread = self._spread.setdefault(pair.sender.id, self._rng.random() * SPREAD)
        now = self._clock.now_ms()
        passed_s = max(0, now - last) / 1000  # a clock set back: counted from now
        return max(self._config.every * (1 + spread) - passed_s, held)

    def _put_off(self, pair: Pair, seconds: float) -> None:
        self._not_before[_key(pair)] = self._clock.monotonic() + seconds

    async def _purge(self) -> None:
        now = self._clock.monotonic()
        if self._purged_at is not None and now - self._purged_at < PURGE_S:
            return
        self._purged_at = now
        before = self._clock.now_ms() - KEPT_MS
        gone = await self._store.write(lambda db: rows.purge(db, before))
        if gone == rows.PURGED:
            self._purged_at = None  # there is more: next time round

    # -- one self-test -------------------------------------------------------

    def _is_in_service(self, sim: int) -> bool:
        lane = self.course.lane_of(sim)
        return lane is not None and lane.ready

    def _pair(self, sender: SimRow, to: SimRow | None, known: list[SimRow]) -> Pair:
        """Return who writes to whom. Raises Conflict with what is missing."""
        if to is None:
            to = next(
                (
                    row
                    for row in sorted(known, key=lambda row: row.name <= sender.name)
                    if row.id != sender.id
                    and row.number
                    and self._is_in_service(row.id)
                ),
                None,
            )
            if to is None:
                raise Conflict(
                    "no other SIM is in service whose number is known: set `number` "
                    "under sims.cards"
                )
        if to.id == sender.id:
            raise Conflict("a SIM cannot test itself")
        if not to.number:
            raise Conflict(f"the number of {to.name!r} is not known: set `number`")
        if not self._is_in_service(to.id):
            raise Conflict(f"the SIM {to.name!r} is not in service")
        return Pair(sender, to)

    def _objection(self, pair: Pair, terms: Terms) -> tuple[str, bool] | None:
        lane = self.course.lane_of(pair.sender.id)
        if lane is None:
            return f"the SIM {pair.sender.name!r} is in no modem", True
        if not self._is_in_service(pair.to.id):
            return f"the SIM {pair.to.name!r} is not in service", True
        if _key(pair) in self._tested:
            return "a self-test of this pair is under way", True
        return objection(lane, pair.to.number or "", terms, self._clock, self._is_quiet)

    async def _begin(self, pair: Pair, cause: str) -> SelftestRow:
        """Begin in the background; the verdict comes later."""
        self._tested.add(_key(pair))
        try:
            test = await self.course.begin(pair, cause, 1)
        except StoreError:
            self._tested.discard(_key(pair))
            raise
        self._later(test, hand=True)
        return test

    def _later(self, test: SelftestRow, *, hand: bool = False) -> None:
        """Watch a self-test from the task that owns all of them."""
        self._waiting[test.public_id] = asyncio.Event()

        async def work() -> None:
            done = await self._finish(test, hand=hand)
            if done.result == Result.FAILED.value and test.cause == "schedule":
                with suppress(StoreError):  # then nobody is told; next time
                    await self._confirm(done)

        self._work.put_nowait(work)

    async def _confirmed(self, pair: Pair, cause: str) -> None:
        """Run a self-test, and once more where it failed."""
        done = await self._run_one(pair, cause, 1)
        if done.result == Result.FAILED.value:
            await self._confirm(done)
        elif done.result == Result.UNKNOWN.value:
            self._put_off(pair, UNKNOWN_S)

    async def _confirm(self, first: SelftestRow) -> None:
        """Try once more what failed; only then anybody is told."""
        if first.attempt > 1:
            return
        await asyncio.sleep(CONFIRM_S)
        known = {row.id: row for row in await self._store.read(sims.list_sims)}
        sender, to = known.get(first.from_sim_id), known.get(first.to_sim_id)
        if sender is None or to is None or not to.number:
            return
        pair = Pair(sender, to)
        # The first may have had the SIM benched: the second asks what is the matter.
        terms = Terms(paid=self._config.paid, polite=False, benched=True)
        if self._objection(pair, terms) is None:
            await self._run_one(pair, first.cause, 2)

    async def _run_one(self, pair: Pair, cause: str, attempt: int) -> SelftestRow:
        test = await self.course.begin(pair, cause, attempt)
        self._waiting[test.public_id] = asyncio.Event()
        return await self._finish(test, hand=True)

    async def _finish(self, test: SelftestRow, *, hand: bool) -> SelftestRow:
        key = (test.from_sim_id, test.to_sim_id)
        self._tested.add(key)
        try:
            with suppress(StoreError):  # its verdict waits for the disk all the same
                if hand and not await self.course.hand_over(test):
                    await self.course.give_up(test, "the SIM was busy")
            done = await self.course.watch(test)
        finally:
            self._tested.discard(key)
            if (event := self._waiting.pop(test.public_id, None)) is not None:
                event.set()
        for sim in key:
            await self._refresh(sim)
        return done

    async def _refresh(self, sim: int) -> None:
        """Count anew how the last self-tests of a SIM went."""
        with suppress(StoreError):
            found = await self._store.read(lambda db: rows.recent(db, sim, SHOWN))
            self._records[sim] = record_of(sim, found, self._whys.get(sim, ""))


def _key(pair: Pair) -> tuple[int, int]:
    return pair.sender.id, pair.to.id
