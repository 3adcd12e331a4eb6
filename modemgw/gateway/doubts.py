"""Settles messages in doubt by what comes later: an answer that was late, a person."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Protocol, TypeVar

from modemgw.clock import Clock
from modemgw.errors import Conflict, StoreError
from modemgw.gateway import audit
from modemgw.gateway.deadlines import settle
from modemgw.gateway.model import Caller
from modemgw.gateway.verdict import REPORT_GRACE_MS
from modemgw.ids import IdSource
from modemgw.policy.message import MessageState, OnInDoubt
from modemgw.store import outbound, outcomes, settling
from modemgw.store.database import Store
from modemgw.store.outcomes import PartRef
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.gateway")

T = TypeVar("T")

STORE_RETRY_S = 2.0


class Settling(Protocol):
    """A job of the writer; returns the messages that may go on."""

    def __call__(self, db: Connection, now: int) -> list[int]:
        """Do it in the transaction that is open."""


class Doubts:
    """What settles a doubt beside the next submit, a report and the deadline."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        *,
        on_change: Callable[[int], None],
        give_back: Callable[[int], Awaitable[None]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._on_change = on_change
        self._give_back = give_back
        self._open: asyncio.Queue[Settling] = asyncio.Queue()

    async def settle(self, public_id: str, as_: str, caller: Caller) -> None:
        """Decide a message in doubt: `sent`, `failed` or `resend`.

        Raises NotFound, or Conflict where it is not in doubt.
        """
        now, ids = self._clock.now_ms(), self._store.ids

        def job(db: Connection) -> tuple[int, MessageState]:
            done = _settle(db, ids=ids, public_id=public_id, as_=as_, now=now)
            audit.append(
                db, now, "message.settle", caller, object=public_id, decision=as_
            )
            return done

        message_id, state = await self._store.write(job)
        self._on_change(message_id)
        if state is not MessageState.FAILED:
            await self._give_back(message_id)

    def late_accept(self, token: object, tp_mr: int) -> None:
        """Hear of a `+CMGS:` that came after its deadline."""
        if isinstance(token, PartRef):
            ids = self._store.ids
            self.settle_by(partial(_accept_late, ids=ids, ref=token, tp_mr=tp_mr))

    def settle_by(self, settling: "Settling") -> None:
        """Let evidence speak, in the order in which it came in."""
        self._open.put_nowait(settling)

    async def run(self) -> None:
        """Settle doubts by evidence, for life."""
        while True:
            settling = await self._open.get()
            changed = await self._persist(partial(self._write, settling))
            for message_id in changed:
                self._on_change(message_id)
                await self._persist(partial(self._give_back, message_id))

    async def _write(self, settling: "Settling") -> list[int]:
        return await self._store.write(partial(settling, now=self._clock.now_ms()))

    async def _persist(self, step: Callable[[], Awaitable[T]]) -> T:
        """Do it again for as long as the database does not let us."""
        while True:
            try:
                return await step()
            except StoreError as exc:
                log.error("cannot use the database", extra={"error": str(exc)})
                await asyncio.sleep(STORE_RETRY_S)


def _accept_late(
    db: Connection, *, ids: IdSource, ref: PartRef, tp_mr: int, now: int
) -> list[int]:
    attempt = {"part_id": ref.part_id, "begun_at": ref.begun_at}
    if db.execute(sql("outbound.is_doubted"), attempt).fetchone() is None:
        # Settled meanwhile, and perhaps under way again: only the counter hears of it.
        return settling.weigh(db, ids, ref, tp_mr, now)
    outcomes.accept(
        db,
        ids,
        ref,
        tp_mr=tp_mr,
        report_due_at=now + REPORT_GRACE_MS,
        now=now,
        detail={
            "evidence": "the answer of the modem came late",
            "by": "late_answer",
        },
    )
    return [ref.message_id, *settling.weigh(db, ids, ref, tp_mr, now)]


def _settle(
    db: Connection, *, ids: IdSource, public_id: str, as_: str, now: int
) -> tuple[int, MessageState]:
    found = outbound.find(db, public_id)
    if found.state is not MessageState.IN_DOUBT:
        raise Conflict(f"the message is {found.state.value}, and not in doubt")
    if as_ == "sent":
        return found.id, outcomes.settle_as_sent(db, ids, found.id, now)
    choice = OnInDoubt.RESEND if as_ == "resend" else OnInDoubt.DROP
    return found.id, settle(db, ids, found.id, choice, now)
