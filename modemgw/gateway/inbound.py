"""Everything that modems receive: kept first, understood afterwards.

`take` commits the TPDU as it came; only then may the modem delete it. What it
means is worked out by one task behind it. Work on one TPDU is an edge: whatever
goes wrong with it, it is marked and the next one goes on.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from modemgw.clock import Clock
from modemgw.errors import PduDecodeError, StoreError
from modemgw.gateway import joining, reports
from modemgw.gateway.hearing import Ear, Hearing, OnHeard
from modemgw.gateway.naming import Namer
from modemgw.modem.model import ReceivedTpdu, SimIdentity
from modemgw.pdu.decode import Tpdu, decode
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.report import StatusReport
from modemgw.store import inbound
from modemgw.store.database import Store
from modemgw.store.inbound import RawRow
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.inbound")

Keep = Callable[[Connection], tuple[int, bool]]  # a job: its row id, and if it is new
Applied = tuple[int, tuple[int, bool] | None]  # a row id, and as `reports.apply`

STORE_RETRY_S = 2.0  # between tries to work while the disk says no
BACKLOG_AGE_MS = 86_400_000  # older than this on a SIM just met: nobody waits for it
JUST_MET_MS = 900_000  # how long a SIM counts as just met: its first sweep is over
REPEATED_MS = 900_000  # how long the network repeats what was not acknowledged


@dataclass(frozen=True, slots=True)
class SimFacts:
    """What inbound needs to know of the SIM that received something."""

    sim_id: int
    first_seen_at: int


class Inbound:
    """The sink of all modems, and the task that makes messages of what it keeps."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        sim_of: Callable[[str, SimIdentity | None], Awaitable[SimFacts | None]],
        on_change: Callable[[int], None],
        on_proof: Callable[[int], None] = lambda message_id: None,
        on_report: Callable[[int, StatusReport, int], None] = lambda *report: None,
        known_sim: Callable[[str, SimIdentity], int | None] = lambda *card: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._sim_of = sim_of
        self._known_sim = known_sim  # without asking the store; None: ask it
        self._on_change = on_change
        self._on_proof = on_proof  # a doubt is settled, other parts may wait
        self._on_report = on_report  # by SIM, of one of its parts, and when
        # Takes what is nobody's message: the text of a self-test.
        self.take_own: Callable[[RawRow, Deliver], Awaitable[bool]] | None = None
        # What messages mean, and who follows in memory; set before anything comes.
        self.hearing: Hearing | None = None
        self.on_heard: OnHeard = lambda heard: None
        self._open: asyncio.Queue[int] = asyncio.Queue()  # raw ids, all on disk
        self._deleted: set[int] = set()  # receipts whose deletion is not on disk yet

    # -- modem.model.TpduSink ------------------------------------------------

    async def take(self, tpdu: ReceivedTpdu) -> int | None:
        """Keep a TPDU; return its receipt once it is on disk.

        None where the store says no: then it must stay in the modem.
        """
        now = self._clock.now_ms()
        try:
            sim = await self._sim_of(tpdu.modem, tpdu.sim)
            report = _report_in(tpdu)
            if report is not None:
                return await self._take_report(tpdu, report, sim, now)
            raw_id, is_new = await self._store.write(self._keeping(tpdu, sim, now))
        except StoreError as exc:
            log.error(
                "cannot keep what a modem received",
                extra={"modem": tpdu.modem, "error": str(exc)},
            )
            return None
        if is_new:
            self._open.put_nowait(raw_id)
        return raw_id

    def take_soon(self, tpdu: ReceivedTpdu, told: Callable[[bool], None]) -> bool:
        """Keep and apply a routed report with the next commit; False: it is none."""
        sim_id = None if tpdu.sim is None else self._known_sim(tpdu.modem, tpdu.sim)
        report = None if sim_id is None else _report_in(tpdu)
        if report is None:
            return False
        now = self._clock.now_ms()
        job = self._applying(tpdu, report, sim_id, now)
        kept = self._store.write_soon(job)
        kept.listen(partial(self._took, report, sim_id, now, told))
        return True

    def _took(
        self,
        report: StatusReport,
        sim_id: int | None,
        now: int,
        told: Callable[[bool], None],
        future: "asyncio.Future[Applied]",
    ) -> None:
        # What went wrong is said when `take` has tried it as well.
        is_kept = not future.cancelled() and future.exception() is None
        told(is_kept)
        if is_kept:
            self._reported(future.result()[1], report, sim_id, now)

    def deleted(self, receipt: int) -> None:
        """Hear that the modem has deleted it; written with a later commit."""
        self._deleted.add(receipt)
        future = self._store.write_soon(lambda db: inbound.mark_deleted(db, receipt))
        future.add_done_callback(partial(self._noted, receipt))

    # -- inside --------------------------------------------------------------

    def _noted(self, receipt: int, future: "asyncio.Future[None]") -> None:
        """Forget a deletion once it is on disk; else the next TPDU brings it along."""
        if future.cancelled():
            return
        if (exc := future.exception()) is None:
            self._deleted.discard(receipt)
        else:
            log.warning("cannot note a deletion", extra={"error": str(exc)})

    def _keeping(self, tpdu: ReceivedTpdu, sim: SimFacts | None, now: int) -> Keep:
        # Equal octets in a slot that was emptied are a new message, and what says
        # that it was emptied may still wait for a commit to ride on.
        deleted = tuple(self._deleted)
        backlog = _is_backlog(tpdu, sim, now)

        def keep(db: Connection) -> tuple[int, bool]:
            for receipt in deleted:
                inbound.mark_deleted(db, receipt)
            return inbound.insert_raw(
                db,
                sim_id=sim.sim_id if sim else None,
                modem=tpdu.modem,
                memory=tpdu.memory,
                slot=tpdu.slot,
                octets=tpdu.octets,
                read_at=now,
                backlog=backlog,
                sweep_began_at=tpdu.sweep_began_at,
                repeated_since=now - REPEATED_MS if tpdu.wants_ack else None,
            )

        return keep

    async def _take_report(
        self,
        tpdu: ReceivedTpdu,
        report: StatusReport,
        sim: SimFacts | None,
        now: int,
    ) -> int:
        """Keep and apply a report in one transaction."""
        sim_id = sim.sim_id if sim else None
        # Nothing is asked or awaited for a routed one: it cannot come again.
        is_plain = tpdu.memory is None and not tpdu.wants_ack
        keep = None if is_plain else self._keeping(tpdu, sim, now)
        # Routed reports wait for no confirmation: they ride on the next commit.
        try:
            raw_id, applied = await self._store.write_soon(
                self._applying(tpdu, report, sim_id, now, keep)
            )
        except StoreError:
            raise
        except Exception:
            # Not our caller's fault: its modem must go on, and get rid of it.
            log.exception("status report cannot be worked on")
            keep = keep or self._keeping(tpdu, sim, now)
            raw_id, _ = await self._store.write(keep)
            await self._set_aside(raw_id, "an error of ours; see the log")
            return raw_id
        self._reported(applied, report, sim_id, now)
        return raw_id

    def _applying(
        self,
        tpdu: ReceivedTpdu,
        report: StatusReport,
        sim_id: int | None,
        now: int,
        keep: Keep | None = None,
    ) -> Callable[[Connection], Applied]:
        """Return the job that applies a report and keeps it: by `keep`, else at once.

        At once is for one that cannot have come before.
        """
        ids = self._store.ids

        def job(db: Connection) -> Applied:
            if keep is None:
                raw_id, applied = reports.take(
                    *(db, ids, report),
                    sim_id=sim_id,
                    modem=tpdu.modem,
                    octets=tpdu.octets,
                    now=now,
                )
            else:
                raw_id, is_new = keep(db)
                if not is_new:
                    return raw_id, None
                applied = reports.apply(
                    db, ids, report, raw_id=raw_id, sim_id=sim_id, now=now
                )
            if applied is None:
                log.info(
                    "status report fits no part",
                    extra={"modem": tpdu.modem, "tp_mr": report.tp_mr},
                )
            return raw_id, applied

        return job

    def _reported(
        self,
        applied: tuple[int, bool] | None,
        report: StatusReport,
        sim_id: int | None,
        now: int,
    ) -> None:
        """Let those know who follow a message of which a report has come."""
        if applied is None:
            return
        self._change(*applied)
        if sim_id is not None:
            self._on_report(sim_id, report, now)

    def _change(self, message_id: int, goes_on: bool) -> None:
        self._on_change(message_id)
        if goes_on:
            self._on_proof(message_id)

    async def resume(self, *, crashed: bool) -> None:
        """Take up what was kept and not worked on when the daemon stopped."""
        rows = await self._store.write(
            lambda db: inbound.open_items(db, crashed=crashed)
        )
        for row in rows:
            self._open.put_nowait(row.id)

    async def run(self) -> None:
        """Make messages of what is kept, one after the other, for life."""
        while True:
            raw_id = await self._open.get()
            done = await self._work(raw_id)
            while not done:
                await asyncio.sleep(STORE_RETRY_S)
                done = await self._work(raw_id)

    async def _work(self, raw_id: int) -> bool:
        """Work on one TPDU; False where only the store stands in the way."""
        try:
            row = await self._store.read(lambda db: inbound.get_raw(db, raw_id))
            if row is None or row.state != "new":
                return True
            changed = await self._understand(row)
        except StoreError as exc:
            log.error("cannot write to the database", extra={"error": str(exc)})
            return False
        except PduDecodeError as exc:
            log.warning("TPDU cannot be decoded", extra={"raw": raw_id})
            return await self._set_aside(raw_id, str(exc))
        except Exception:
            # The octets come from the air and are hostile until shown otherwise.
            log.exception("TPDU cannot be worked on", extra={"raw": raw_id})
            return await self._set_aside(raw_id, "an error of ours; see the log")
        for message_id in changed:
            self._on_change(message_id)
        return True

    async def _set_aside(self, raw_id: int, why: str) -> bool:
        try:
            await self._store.write(
                lambda db: inbound.mark_undecodable(db, raw_id, why)
            )
        except StoreError:
            return False
        return True

    async def _understand(self, row: RawRow) -> list[int]:
        """Work on one TPDU; return the ids of the messages that it changed."""
        tpdu: Tpdu = decode(row.octets)
        now = self._clock.now_ms()
        ids = self._store.ids
        match tpdu:
            case StatusReport():
                reported = await self._store.write(
                    lambda db: reports.apply(
                        db, ids, tpdu, raw_id=row.id, sim_id=row.sim_id, now=now
                    )
                )
                if reported is not None:
                    self._change(*reported)
                return []
            case Deliver() if not (tpdu.is_silent or _only_clears(tpdu)):
                if self.take_own is not None and await self.take_own(row, tpdu):
                    return []
                changed = await self._heard(
                    lambda db, ear: joining.receive(
                        db, ids, row, tpdu, Namer(row, tpdu), now, ear
                    )
                )
                if len(changed) > 1:
                    log.warning(
                        "too many messages wait for parts, the oldest go out without",
                        extra={"modem": row.modem, "sender": tpdu.sender.text},
                    )
                if changed:
                    log.info(
                        "message received",
                        extra={
                            "modem": row.modem,
                            "sender": tpdu.sender.text,
                            "encoding": tpdu.encoding,
                        },
                    )
                return changed
            case _:
                # A stored draft, a silent message (TP-PID 0x40), or the end of an
                # indication: kept, not shown.
                await self._store.write(lambda db: inbound.mark_done(db, row.id))
                return []

    async def _heard(
        self, job: Callable[[Connection, Ear | None], list[int]]
    ) -> list[int]:
        """Run a job that may finish messages, with an ear for what they say.

        A mistake of ours in what they ask for must not hide the message itself.
        """
        if self.hearing is None:
            return await self._store.write(lambda db: job(db, None))
        ear = self.hearing.ear()
        try:
            changed = await self._store.write(lambda db: job(db, ear))
        except (StoreError, PduDecodeError):
            raise
        except Exception:
            log.exception("what a message asks for cannot be worked out")
            return await self._store.write(lambda db: job(db, ear.deaf()))
        self.on_heard(ear.heard)
        return changed

    async def finish_due(self) -> int:
        """Deliver what waits for parts longer than it should; return how many."""
        now = self._clock.now_ms()
        ids = self._store.ids
        due = await self._heard(lambda db, ear: joining.give_up(db, ids, now, ear))
        for message_id in due:
            self._on_change(message_id)
        return len(due)


def _report_in(tpdu: ReceivedTpdu) -> StatusReport | None:
    """Return the report in a TPDU, None where it is none or is damaged."""
    try:
        found = decode(tpdu.octets, tpdu_length=tpdu.length)
    except PduDecodeError:
        return None
    return found if isinstance(found, StatusReport) else None


def _only_clears(deliver: Deliver) -> bool:
    """Say whether it is but the network's word that nothing waits any more."""
    waiting = deliver.mwi
    return bool(waiting) and not deliver.text and not any(w.active for w in waiting)


def _is_backlog(tpdu: ReceivedTpdu, sim: SimFacts | None, now: int) -> bool:
    if sim is None or tpdu.memory is None or now - sim.first_seen_at > JUST_MET_MS:
        return False
    try:
        found = decode(tpdu.octets, tpdu_length=tpdu.length)
    except PduDecodeError:
        return False
    if not isinstance(found, Deliver) or found.scts.unix_ms is None:
        return False
    return now - found.scts.unix_ms > BACKLOG_AGE_MS
