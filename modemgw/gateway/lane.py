"""One modem's sending: take the best message, mark it, send it, note what became of it.

A lane is the only caller of its actor's `submit`. It starts the next part before
it does the bookkeeping of the last one, so the SIM never waits for the disk: the
outcome of the previous part and the `submitting` mark of the next one share a
commit, and AT+CMGS goes out while that commit is being flushed.
"""

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import assert_never

from modemgw.clock import Clock
from modemgw.errors import PduEncodeError, StoreError
from modemgw.gateway import verdict as verdicts
from modemgw.gateway.lane_sides import Source, Submitter
from modemgw.gateway.lane_sim import Bill, LaneSim
from modemgw.gateway.queue import Entry
from modemgw.gateway.rendering import render_part, wants_report
from modemgw.gateway.verdict import Attempt, Fate, Job, Verdict
from modemgw.ids import IdSource
from modemgw.modem.model import Accepted, InDoubt, NotSent, Refused, SubmitOutcome
from modemgw.policy.routing import SimView, because
from modemgw.promise import Promise
from modemgw.store import meta
from modemgw.store.database import Store
from modemgw.store.outbound import Stale, begin
from modemgw.store.outcomes import PartRef
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.dispatch")

STORE_RETRY_S = (0.5, 1.0, 2.0, 5.0, 15.0)  # between tries while the disk says no


class Lane:
    """Sends through one modem, one part at a time, until it is canceled."""

    def __init__(
        self,
        modem: str,
        actor: Submitter,
        *,
        source: Source,
        store: Store,
        ids: IdSource,
        clock: Clock,
    ) -> None:
        self.modem = modem
        self.sim: LaneSim | None = None
        self.ready = False
        self.why_not_ready = "starting"
        self.weak = ""  # its signal is weak, and how much
        self.told: tuple[str, dict[str, str]] | None = None  # why it has what is next
        self.busy = False
        self.leaving = False  # its modem goes out of service: nothing new is begun
        self.quiet = asyncio.Event()  # nothing on the air, nothing left to write
        self.last_used_at = 0
        self.current: Entry | None = None  # a message whose next part is due here
        self._actor = actor
        self._source = source
        self._store = store
        self._ids = ids
        self._clock = clock
        self._wake = asyncio.Event()
        self._unrecorded: list[tuple[Attempt, Verdict]] = []
        self._writing: list[Promise[object]] = []  # and not yet on disk
        self._mistake: BaseException | None = None  # of ours, in what was written
        self._store_faults = 0
        self._bill: Bill | None = None  # of the part on the air

    def view(self, now: int) -> SimView:
        """Return what routing needs to know now."""
        sim = self.sim
        if sim is None:
            return SimView(None, "", self.modem, False, self.why_not_ready)
        monotonic = self._clock.monotonic() if sim.rests_until else 0.0
        free_at, why = sim.free_at(now, monotonic)
        traits = sim.traits
        health, health_because = sim.health, sim.health_because
        if self.weak:
            health, health_because = health + 1, health_because or self.weak
        return SimView(
            sim_id=sim.sim_id,
            name=sim.name,
            modem=self.modem,
            ready=self.ready,
            why_not_ready=self.why_not_ready,
            busy=self.busy,
            free_at=free_at,
            free_because=why,
            last_used_at=self.last_used_at,
            pools=traits.pools,
            networks=traits.networks,
            tariff=sim.tariff,
            used_in_bundle=sim.used_in_bundle,
            health=health,
            health_because=health_because,
            load=sim.load(now) if sim.pace.windows else 0,
            weight=traits.weight,
        )

    def free_at(self, now: int) -> tuple[int, str]:
        """Return from when the SIM may send, and what holds it until then."""
        sim = self.sim
        if sim is None:
            return 0, ""
        return sim.free_at(now, self._clock.monotonic() if sim.rests_until else 0.0)

    def wake(self) -> None:
        """Look for work again."""
        self._wake.set()

    def hand(self, entry: Entry) -> bool:
        """Send one message next, past the queue and what holds the SIM back.

        For self-tests, whose sender has looked at what holds it. False, and nothing
        happens, where the lane is not idle: customers come first.
        """
        is_idle = self.ready and self.quiet.is_set() and self.current is None
        is_idle = is_idle and not self.leaving
        if not is_idle or self.sim is None or self._source.stopping:
            return False
        self.current = entry
        self.quiet.clear()
        self.wake()
        return True

    async def run(self) -> None:
        """Send for life. Ends by cancellation, or when the source is stopping."""
        while True:
            self._wake.clear()
            if self._store_faults:
                await self._wait_for_store()
                continue
            now = self._clock.now_ms()
            entry = self._next(now)
            if entry is None:
                if self._unrecorded:
                    self._flush()
                await self._collect()
                if not self._store_faults:
                    self.quiet.set()
                    await self._idle()
                continue
            self.quiet.clear()
            await self._send(entry, now)
            if self._writing or self._mistake is not None:
                await self._collect()

    def _next(self, now: int) -> Entry | None:
        current, self.current = self.current, None
        if self.leaving or (current is not None and self._source.stopping):
            if current is not None:
                self._source.postponed(current)
            return None
        return current or self._source.take(self, now)

    async def _idle(self) -> None:
        now = self._clock.now_ms()
        free_at, _ = self.free_at(now)
        delay = max(0.01, (free_at - now) / 1000) if free_at > now else None
        with suppress(TimeoutError):
            async with asyncio.timeout(delay):
                await self._wake.wait()

    async def _send(self, entry: Entry, now: int) -> None:
        sim = self.sim
        told, self.told = self.told, None
        if sim is None or not entry.parts:
            self._source.postponed(entry)
            return
        slot = entry.parts[0]
        ref = PartRef(
            slot.part_id,
            entry.message_id,
            slot.seq,
            entry.segments,
            sim.sim_id,
            sim.name,
            self.modem,
            now,
        )
        report = sim.reports and wants_report(entry)
        attempt = Attempt(entry, slot, ref, now, report)
        try:
            pdu = render_part(entry, slot.seq, now=now, report=report, smsc=sim.smsc)
        except PduEncodeError as exc:
            verdict = verdicts.unencodable(self._ids, attempt, str(exc), now)
            self._apply(attempt, verdict, now)
            return
        self.busy = True
        self.last_used_at = now
        sim.record(now, entry.to)
        self._bill = sim.charge(sim.sim_id, entry, now)
        why, others = told or (because(entry.wish), None)
        (gate,) = self._flush(self._mark(attempt, why, others, now))
        try:
            outcome = await self._actor.submit(
                pdu.octets,
                pdu.tpdu_length,
                gate=gate,
                token=ref,
                more=entry.segments > 1 and slot.seq < entry.segments,
            )
        finally:
            self.busy = False
        await self._conclude(attempt, gate, outcome)

    def _mark(
        self, attempt: Attempt, why: str, others: dict[str, str] | None, now: int
    ) -> Job:
        ref, entry = attempt.ref, attempt.entry
        counted = None if self._bill is None else self._bill.counted

        def job(db: Connection) -> object:
            begin(
                db,
                self._ids,
                part_id=ref.part_id,
                message_id=ref.message_id,
                seq=ref.seq,
                segments=ref.segments,
                sim_id=ref.sim_id,
                sim=ref.sim,
                modem=ref.modem,
                attempt=attempt.slot.attempts + 1,
                because=why,
                others=others,
                now=now,
                counted=counted,
            )
            return entry.message_id

        return job

    async def _conclude(
        self,
        attempt: Attempt,
        gate: "asyncio.Future[object]",
        outcome: SubmitOutcome,
    ) -> None:
        if not gate.done():
            # The modem failed before the commit was through: its mark may still
            # come, and must be there before the outcome is written behind it.
            await asyncio.wait([gate])
        failure = gate.exception()
        if failure is not None and self._bill is not None:
            self._bill.give_back()  # nothing was counted on disk
        if isinstance(failure, Stale):
            self._source.dropped(attempt.entry)
            return
        if isinstance(failure, StoreError):
            self._store_faults += 1
            log.error("cannot write to the database", extra={"error": str(failure)})
            self._source.postponed(attempt.entry)
            return
        if failure is not None:
            raise failure
        now = self._clock.now_ms()
        verdict = self._judge(attempt, outcome, now)
        if self._bill is not None and not (verdict.sent or verdict.doubt):
            self._bill.give_back()
        self._apply(attempt, verdict, now)

    def _judge(self, attempt: Attempt, outcome: SubmitOutcome, now: int) -> Verdict:
        match outcome:
            case Accepted():
                return verdicts.accepted(self._ids, attempt, outcome, now)
            case InDoubt():
                return verdicts.in_doubt(self._ids, attempt, outcome, now)
            case NotSent():
                return verdicts.not_sent(
                    self._ids, attempt, outcome, now, jitter=self._source.jitter()
                )
            case Refused():
                return verdicts.refused(
                    self._ids,
                    attempt,
                    outcome,
                    now,
                    other_sims=self._source.other_sims(self, attempt.entry),
                    blame=partial(self._source.blame, self, attempt),
                    jitter=self._source.jitter(),
                )
            case _ as unreachable:
                assert_never(unreachable)

    def _apply(self, attempt: Attempt, verdict: Verdict, now: int) -> None:
        entry, sim = attempt.entry, self.sim
        if verdict.rest_ms and sim is not None and sim.sim_id == attempt.ref.sim_id:
            sim.rests_until = self._clock.monotonic() + verdict.rest_ms / 1000
            sim.rests_because = verdict.rest_because
        self._unrecorded.append((attempt, verdict))
        if verdict.fate is Fate.NEXT:
            entry.parts.pop(0)
            entry.wish = replace(entry.wish, pinned_sim_id=attempt.ref.sim_id)
            if self.ready and self.free_at(now)[0] == 0:
                self.current = entry
        self._source.settled(self, attempt, verdict, now)

    def _flush(self, *more: Job) -> list[Promise[object]]:
        """Hand over what is not yet written, and `more` behind it, for one commit."""
        unrecorded, self._unrecorded = self._unrecorded, []
        jobs = [verdict.job for _, verdict in unrecorded]
        promises = self._store.write_all([*jobs, *more])
        for outcome, promise in zip(unrecorded, promises, strict=False):
            self._writing.append(promise)
            promise.listen(partial(self._note, *outcome))
        return promises[len(unrecorded) :]

    async def _collect(self) -> None:
        """Wait for the writes that are on their way, where nothing else is to do."""
        if self._writing and self.current is None:
            await asyncio.wait(self._writing)
        if self._mistake is not None:
            raise self._mistake

    def _note(
        self, attempt: Attempt, verdict: Verdict, done: "asyncio.Future[object]"
    ) -> None:
        self._writing = [one for one in self._writing if not one.done()]
        failure = done.exception()
        if failure is None:
            self._source.recorded(attempt, verdict, done.result())
        elif isinstance(failure, StoreError):
            # What happened on the air must not be forgotten: written again first.
            self._unrecorded.insert(0, (attempt, verdict))
            self._store_faults += 1
            self._wake.set()
        else:
            self._mistake = failure
            self._wake.set()

    async def _wait_for_store(self) -> None:
        """Hold everything until the database takes what we know."""
        if not self._unrecorded and not self._writing:
            self.quiet.set()  # a stop need not wait for a disk that owes us nothing
        step = min(self._store_faults, len(STORE_RETRY_S)) - 1
        await asyncio.sleep(STORE_RETRY_S[step])
        (probe,) = self._flush(meta.prove)
        done = await asyncio.gather(*self._writing, probe, return_exceptions=True)
        await self._collect()
        if not any(isinstance(result, StoreError) for result in done):
            self._store_faults = 0
            log.warning("the database takes writes again")
