"""What is done to messages that are there: canceled, sent again, redacted; batches."""

import logging
from collections.abc import Callable

from modemgw.clock import Clock
from modemgw.errors import Conflict, NotFound
from modemgw.gateway import audit
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.model import Caller, Draft, FallbackStep, IdempotencyKey, Submitted
from modemgw.gateway.routing import steps_of
from modemgw.gateway.scrubber import Scrubber
from modemgw.gateway.submit import Intake
from modemgw.policy.message import FINAL, PRIORITIES, MessageState
from modemgw.store import batches, events, messages, outbound, redacting
from modemgw.store.batches import BatchRow
from modemgw.store.database import Store
from modemgw.store.messages import VERIFICATION, MessageRow
from modemgw.store.outbound import OWN
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.gateway")

SLICE = 100  # messages of a batch canceled in one transaction

CANCELED: outbound.JsonDict = {
    "code": "canceled",
    "detail": "canceled with its batch",
    "raw": None,
    "retryable": False,
}


class Records:
    """Acts on rows, and tells the queue in memory."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        intake: Intake,
        dispatcher: Dispatcher,
        scrubber: Scrubber,
        *,
        on_change: Callable[[int], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._intake = intake
        self._dispatcher = dispatcher
        self._scrubber = scrubber
        self._on_change = on_change

    async def cancel(self, public_id: str, by: str) -> None:
        """Cancel a message of which nothing has left. Raises NotFound, Conflict."""
        now, ids = self._clock.now_ms(), self._store.ids
        message_id = await self._store.write(
            lambda db: outbound.cancel(db, ids, public_id, now)
        )
        self._dispatcher.withdraw(message_id)
        log.info("canceled", extra={"message_id": public_id, "by": by})
        self._on_change(message_id)

    async def resend(
        self, public_id: str, caller: Caller, key: IdempotencyKey | None
    ) -> Submitted:
        """Send a final message once more, as a new one that is checked like any.

        Raises NotFound; Conflict where it is not final, or its body is gone; and all
        that `submit` raises.
        """
        row = await self._store.read(lambda db: messages.get(db, public_id))
        if row is None:
            raise NotFound(f"there is no message {public_id!r}")
        draft = _again(row)
        made = await self._intake.submit(draft, caller, key)
        if made.replayed:
            return made
        now, ids = self._clock.now_ms(), self._store.ids

        def tell(db: Connection) -> None:
            data: outbound.JsonDict = {"as": made.id, "by": caller.name}
            events.append(
                db, "message.resent", at=now, data=data, message_id=row.id, ids=ids
            )
            audit.append(
                db, now, "message.resend", caller, object=public_id, new=made.id
            )

        await self._store.write(tell)
        return made

    async def redact(self, public_id: str, caller: Caller) -> None:
        """Take the body of a message away, wherever it lies.

        Raises NotFound, and Conflict while the body is needed.
        """
        now, ids = self._clock.now_ms(), self._store.ids

        def job(db: Connection) -> bool:
            gone = redacting.redact(db, ids, public_id, now, caller.name)
            if gone:
                audit.append(db, now, "message.redact", caller, object=public_id)
            return gone

        if await self._store.write(job):
            self._scrubber.soon()

    async def cancel_batch(self, public_id: str, caller: Caller) -> BatchRow:
        """Cancel what waits of a batch, and return how it stands then.

        What a SIM has taken goes on. Raises NotFound, StoreError.
        """
        batch = await self._batch(public_id)
        if batch.expanded < batch.accepted:
            await self._intake.expand()  # the disk said no, or a crash came between
        now, ids = self._clock.now_ms(), self._store.ids
        await self._store.write(lambda db: batches.mark_canceled(db, batch.id, now))

        def job(db: Connection) -> list[int]:
            found = batches.waiting_of(db, batch.id, SLICE)
            for one in found:
                outbound.close(db, ids, one, MessageState.CANCELED, CANCELED, now)
            return found

        while gone := await self._store.write(job):
            for message_id in gone:
                self._dispatcher.withdraw(message_id)
                self._on_change(message_id)
        log.info("batch canceled", extra={"batch": public_id, "by": caller.name})
        return await self._batch(public_id)

    async def _batch(self, public_id: str) -> BatchRow:
        row = await self._store.read(lambda db: batches.get(db, public_id))
        if row is None:
            raise NotFound(f"there is no batch {public_id!r}")
        return row


def _again(row: MessageRow) -> Draft:
    """Return a message as its sender wanted it; raise Conflict where it cannot be."""
    if row.direction != "outbound" or OWN in row.options:
        raise Conflict("only messages to somebody can be sent again")
    if MessageState(row.state) not in FINAL:
        hint = ": settle it" if row.state == MessageState.IN_DOUBT.value else ""
        raise Conflict(f"the message is {row.state} and not final{hint}")
    if VERIFICATION in row.options:
        raise Conflict("this was a one-time code: ask for a new one")
    if row.text is None and row.data is None:
        raise Conflict("the body of the message is gone, so it cannot be sent again")
    asked, end = row.options, row.expires_at or 0

    def word(name: str) -> str | None:
        value = asked.get(name)
        return value if isinstance(value, str) else None

    port = asked.get("port")
    return Draft(
        to=row.peer,
        text=row.text,
        data=row.data,
        port=port if isinstance(port, int) else None,
        klass=row.klass or "transactional",
        sim=word("sim"),
        modem=word("modem"),
        pool=word("pool"),
        sticky="sticky" in asked,
        fallback=tuple(
            FallbackStep(max(1, (at - row.not_before) // 1000), **{kind: name})
            for at, kind, name in steps_of(asked)
        ),
        expires_in=max(1, (end - row.not_before) // 1000),
        priority=PRIORITIES[row.priority],
        encoding=word("encoding") or "auto",
        flash=asked.get("flash") is True,
        delivery_report=asked.get("delivery_report", True) is True,
        on_in_doubt=word("on_in_doubt"),
        reference=row.reference,
        tags=row.tags,
        metadata=row.metadata,
        callback_url=word("callback_url"),
        resend_of=row.public_id,
    )
