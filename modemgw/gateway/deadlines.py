"""What time alone decides: doubts, missing reports, schedules, missing parts.

One task with one timer. Every deadline is a column, so a restart forgets none.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway.inbound import Inbound
from modemgw.gateway.submit import Intake
from modemgw.gateway.verdict import REPORT_GRACE_MS, on_in_doubt
from modemgw.ids import IdSource
from modemgw.policy.message import AFTER_WAITING, MessageState, OnInDoubt
from modemgw.store import fragments, outbound, outcomes
from modemgw.store.database import Store
from modemgw.store.outbound import JsonDict
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.deadlines")

LIMIT = 200  # rows per transaction
NOT_ASLEEP = 1 << 62  # any instant is before it
LONGEST_SLEEP_S = 900.0  # the wall clock may jump: look again at least this often
STORE_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose waiting is over."""

    id: int
    state: MessageState
    klass: str
    options: JsonDict
    expires_at: int


def settle(
    db: Connection, ids: IdSource, message_id: int, choice: OnInDoubt, now: int
) -> MessageState:
    """Carry out what was chosen about a doubt; return the state it leads to.

    `RESEND` puts the parts in doubt back into the queue, `DROP` ends the message
    as failed. The others change nothing here.
    """
    if choice is OnInDoubt.RESEND:
        parts = db.execute(
            sql("outbound.doubtful_parts"), {"message_id": message_id}
        ).fetchall()
        segments = db.execute(
            sql("outbound.brief"), {"message_id": message_id}
        ).fetchone()[1]
        for part_id, seq, sim_id, modem in parts:
            outcomes.requeue(
                db,
                ids,
                outcomes.PartRef(
                    *(part_id, message_id, seq, segments),
                    *(sim_id or 0, "", modem or ""),  # none: held by a restore
                ),
                not_before=now,
                reason=None,
                now=now,
                kind=outcomes.RESENT,
                detail={"why": "in doubt, and a resend was asked for"},
                keep_pinned=True,
            )
        return MessageState.QUEUED
    if choice is OnInDoubt.DROP:
        reason: JsonDict = {
            "code": "modem_timeout",
            "detail": "nobody can say whether it left, and no resend was asked for",
            "raw": None,
            "retryable": True,
        }
        outbound.close(db, ids, message_id, MessageState.FAILED, reason, now)
        return MessageState.FAILED
    return MessageState.IN_DOUBT


def decide(db: Connection, ids: IdSource, due: Due, now: int) -> MessageState:
    """Decide about one message whose waiting is over; return its state."""
    end = due.expires_at + REPORT_GRACE_MS
    if now >= end and _is_torn(db, due.id):
        torn: JsonDict = {
            "code": "expired",
            "detail": "one part was in doubt until the end, the rest was never sent",
            "raw": None,
            "retryable": True,
        }
        outbound.close(db, ids, due.id, MessageState.FAILED, torn, now)
        return MessageState.FAILED
    if due.state is MessageState.SENT or now >= end:
        reason: JsonDict = {
            "code": "unknown",
            "detail": "its validity ended and no report came",
            "raw": None,
            "retryable": False,
        }
        outbound.close(db, ids, due.id, MessageState.NO_REPORT, reason, now)
        return MessageState.NO_REPORT
    choice = on_in_doubt(due.options, due.klass)
    if choice is OnInDoubt.WAIT_REPORT:
        choice = AFTER_WAITING[due.klass]
    if choice is OnInDoubt.HOLD or (
        choice is OnInDoubt.RESEND and now >= due.expires_at
    ):
        db.execute(
            sql("outbound.postpone_decision"), {"message_id": due.id, "decide_at": end}
        )
        return MessageState.IN_DOUBT
    return settle(db, ids, due.id, choice, now)


def _is_torn(db: Connection, message_id: int) -> bool:
    """Say whether parts never left, so that nobody can have read the message."""
    found = db.execute(sql("outbound.never_sent_parts"), {"message_id": message_id})
    return bool(found.fetchone()[0])


def due_decisions(db: Connection, now: int) -> list[Due]:
    """Return messages whose waiting is over."""
    rows = db.execute(sql("outbound.due_decisions"), {"now": now, "limit": LIMIT})
    return [
        Due(
            row[0],
            MessageState(row[2]),
            row[3],
            json.loads(row[4]),
            row[5] or row[7],
        )
        for row in rows
    ]


class Deadlines:
    """The one task for everything that falls due."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        inbound: Inbound,
        intake: Intake,
        reload_message: Callable[[int], Awaitable[None]],
        on_change: Callable[[int], None],
        clock_is_sane: Callable[[], bool],
    ) -> None:
        self._store = store
        self._clock = clock
        self._inbound = inbound
        self._intake = intake
        self._reload_message = reload_message
        self._on_change = on_change
        self._clock_is_sane = clock_is_sane
        self._changed = asyncio.Event()
        self._sleeps_until = 0  # Unix ms
        intake.on_scheduled = self.fall_due

    def wake(self) -> None:
        """Look again: a deadline was written."""
        self._changed.set()

    def fall_due(self, at: int) -> None:
        """Hear of a deadline that was written; cheap where it is not the next one."""
        if at < self._sleeps_until:
            self._sleeps_until = at
            self._changed.set()

    async def run(self) -> None:
        """Work off deadlines, for life."""
        while True:
            self._changed.clear()
            self._sleeps_until = NOT_ASLEEP
            try:
                delay = await self._turn()
            except StoreError as exc:
                log.error("cannot write to the database", extra={"error": str(exc)})
                delay = STORE_RETRY_S
            try:
                async with asyncio.timeout(delay):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _turn(self) -> float:
        now = self._clock.now_ms()
        await self._decide(now)
        if self._clock_is_sane():
            await self._release(now)
        await self._inbound.finish_due()
        if self._intake.unexpanded:
            await self._intake.expand()
        times = await self._store.read(
            lambda db: (
                db.execute(sql("outbound.next_decision")).fetchone()[0],
                outbound.next_schedule(db),
                fragments.next_deadline(db),
            )
        )
        now = self._clock.now_ms()
        due = [at for at in times if at is not None]
        left = (min(due) - now) / 1000 if due else LONGEST_SLEEP_S
        delay = min(max(left, 0.05), LONGEST_SLEEP_S)
        self._sleeps_until = now + int(delay * 1000)
        return delay

    async def _decide(self, now: int) -> None:
        ids = self._store.ids

        def job(db: Connection) -> list[tuple[int, MessageState]]:
            return [
                (due.id, decide(db, ids, due, now)) for due in due_decisions(db, now)
            ]

        if not await self._store.read(
            lambda db: db.execute(
                sql("outbound.due_decisions"), {"now": now, "limit": 1}
            ).fetchone()
        ):
            return
        decided = await self._store.write(job)
        for message_id, state in decided:
            log.info("deadline", extra={"row": message_id, "state": state.value})
            self._on_change(message_id)
            if state is MessageState.QUEUED:
                await self._reload_message(message_id)
        if len(decided) == LIMIT:
            self._changed.set()

    async def _release(self, now: int) -> None:
        ids = self._store.ids
        next_at = await self._store.read(outbound.next_schedule)
        if next_at is None or next_at > now:
            return
        due = await self._store.write(
            lambda db: outbound.release_due(db, ids, now, LIMIT)
        )
        for message_id in due:
            self._on_change(message_id)
            await self._reload_message(message_id)
        if len(due) == LIMIT:
            self._changed.set()
