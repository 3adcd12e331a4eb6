"""The way in: from a draft to rows on the disk, and only then an answer.

One message is one transaction with its event and its idempotency key. A batch
is one durable row first, then its messages in slices, so that no `submitting`
mark waits behind ten thousand inserts.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from modemgw.clock import Clock
from modemgw.errors import (
    Conflict,
    FieldError,
    ModemgwError,
    QuotaExceeded,
    RequestError,
    StoreError,
)
from modemgw.gateway import barred, entering, key_purses, once, views
from modemgw.gateway.accept import Checker
from modemgw.gateway.arriving import Arrival, keep
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.drain import Drain
from modemgw.gateway.key_purses import KeyPurse
from modemgw.gateway.model import BatchResult, Caller, Draft, IdempotencyKey, Submitted
from modemgw.gateway.queue import Entry
from modemgw.gateway.repeats import Repeats
from modemgw.store import arrivals, batches, waiting
from modemgw.store.database import Store
from modemgw.store.outbound import NewMessage
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.submit")

SLICE = 500  # messages of a batch per transaction
YIELD_EVERY_S = 0.02  # checking ten thousand drafts must not hold the loop
RESTART_S = 10  # a restart usually takes less
RECOUNT_S = 1.0  # how often a full queue is counted again


class QueueFull(RequestError):
    """The queue has reached queue.max; nothing was kept."""

    problem = "queue-full"
    title = "Queue full"
    status = 503


class Stopping(RequestError):
    """The gateway is on its way out; nothing was kept."""

    problem = "stopping"
    title = "Gateway stopping"
    status = 503


class Repeated(Conflict):
    """The same text went to the same number lately, and the client wants no second."""

    problem = "duplicate"
    title = "Duplicate message"


class Intake:
    """Accepts messages and batches."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        dispatcher: Dispatcher,
        checker: Checker,
        *,
        queue_max: int,
        rng: random.Random,
    ) -> None:
        self.repeats = Repeats(0)
        self.bars: Callable[[NewMessage], bool] = lambda new: False  # who opted out
        self.on_scheduled: Callable[[int], None] = lambda at: None  # for an instant
        self.open_count = 0  # messages that wait, as last counted, plus those since
        self.closed = False  # takes nothing any more
        self.unexpanded = False  # a batch on disk waits for its rows
        self.limits_of: Callable[[int | None], KeyPurse | None] = key_purses.unlimited
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self.checker = checker
        self.queue_max = queue_max
        self._rng = rng
        self._counted_at = 0.0
        self._drain = Drain(clock)
        self._in_flight: set[tuple[int | None, str]] = set()
        self._expanding = asyncio.Lock()

    async def submit(
        self, draft: Draft, caller: Caller, key: IdempotencyKey | None
    ) -> Submitted:
        """Accept one message; it is on disk when this returns.

        Raises FieldError, QueueFull, QuotaExceeded, IdempotencyMismatch, Conflict
        (the same key is being worked on) and StoreError; then nothing was kept.
        """
        if key is None:
            return await self._submit(draft, caller, None)
        held = self._hold(caller, key)
        try:
            return await self._submit(draft, caller, key)
        except StoreError:
            raise
        except ModemgwError:
            # Perhaps only the first of two was right: nobody else is asked twice.
            old = await self._answer(caller, key)
            if old is None:
                raise
        finally:
            self._in_flight.discard(held)
        message_id = msgspec.json.decode(old)["id"]
        return Submitted(message_id, once.ACCEPTED, old, replayed=True)

    async def _submit(
        self, draft: Draft, caller: Caller, key: IdempotencyKey | None
    ) -> Submitted:
        now = self._clock.now_ms()
        public_id = self._store.ids.new("msg", now)
        new = self.checker.check(draft, caller, public_id=public_id, now=now)
        await self._room_for(1)
        arrival = self._arrive(new, draft, caller, key)
        limits = arrival.limits
        try:
            if limits is None:
                entry = await self._store.gather(self._keep, arrival)
            else:
                with key_purses.Counting(limits, new.segments, now):
                    entry = await self._store.gather(self._keep, arrival)
        except BaseException:
            self.repeats.forget(new)
            raise
        self._written(arrival, entry)
        return Submitted(public_id, once.ACCEPTED, arrival.answer)

    def submit_soon(
        self,
        draft: Draft,
        caller: Caller,
        key: IdempotencyKey | None,
        told: Callable[[Submitted | None], None],
    ) -> bool:
        """Accept one message as `submit` does, without a task that waits.

        False: that cannot be, or is not allowed, and `submit` knows better. Else
        `told` hears of it as soon as the message is on disk; of None where nothing
        was kept, for `submit` to try again and say why. What is raised comes of the
        handing over: it may be kept or not, and is not to be tried again.
        """
        if self.closed or self.open_count >= self.queue_max:
            return False
        if self.limits_of(caller.key_id) is not None:
            return False
        held = None if key is None else (caller.key_id, key.key)
        if held in self._in_flight:
            return False
        now = self._clock.now_ms()
        public_id = self._store.ids.new("msg", now)
        try:
            new = self.checker.check(draft, caller, public_id=public_id, now=now)
            arrival = self._arrive(new, draft, caller, key)
        except Exception:
            return False  # nothing was handed over
        handed = self._store.gather(self._keep, arrival)
        if held is not None:
            self._in_flight.add(held)

        def written(done: "asyncio.Future[Entry]") -> None:
            if held is not None:
                self._in_flight.discard(held)
            if done.exception() is not None:
                self.repeats.forget(new)
                told(None)
                return
            try:
                self._written(arrival, done.result())
            finally:  # it is on disk, whatever fails here
                told(Submitted(public_id, once.ACCEPTED, arrival.answer))

        handed.listen(written)
        return True

    def _arrive(
        self,
        new: NewMessage,
        draft: Draft,
        caller: Caller,
        key: IdempotencyKey | None,
    ) -> Arrival:
        """Return a message on its way to the disk. Raises Repeated."""
        twin = self._meet(new, draft)
        try:
            made, bars = views.created(new, twin=twin), self.bars(new)
            answer = barred.shown(made) if bars else views.encode(made)
        except BaseException:
            self.repeats.forget(new)
            raise
        start = self._rng.randrange(1, 256) if new.segments > 1 else 0
        limits = None if bars else self.limits_of(caller.key_id)
        is_plain = not (bars or new.scheduled or new.data)
        tells = is_plain and self.checker.stays(new.klass)
        return Arrival(new, start, caller, key, answer, tells, twin, limits, bars)

    def _written(self, arrival: Arrival, entry: Entry) -> None:
        """Let a message wait that is on the disk now."""
        new = arrival.new
        self.open_count += not arrival.barred
        if new.scheduled:
            self.on_scheduled(new.not_before)
        elif not arrival.barred:
            self._dispatcher.offer([entry])

    def _meet(self, new: NewMessage, draft: Draft) -> str | None:
        """Return the message that this one repeats. Raises Repeated."""
        twin = self.repeats.meet(new, refuse=draft.refuse_duplicate)
        if twin is not None and draft.refuse_duplicate:
            raise Repeated(f"the same text was accepted for this number as {twin}")
        return twin

    def check(self, draft: Draft, caller: Caller) -> NewMessage:
        """Check a draft and return it as it would be written; nothing is kept."""
        now = self._clock.now_ms()
        public_id = self._store.ids.new("msg", now)
        return self.checker.check(draft, caller, public_id=public_id, now=now)

    def _keep(self, db: Connection, arrived: list[Arrival]) -> list[Entry]:
        return keep(db, self._store.ids, arrived)

    def _hold(self, caller: Caller, key: IdempotencyKey) -> tuple[int | None, str]:
        """Hold a key while a request with it is worked on. Raises Conflict."""
        held = (caller.key_id, key.key)
        if held in self._in_flight:
            raise once.in_progress()
        self._in_flight.add(held)
        return held

    async def _answer(self, caller: Caller, key: IdempotencyKey) -> bytes | None:
        """Return what is kept under a key; raises as `once.find` does."""
        now = self._clock.now_ms()
        return await self._store.read(lambda db: once.find(db, caller, key, now))

    async def _room_for(self, count: int) -> None:
        if self.closed:
            raise Stopping("the gateway is stopping", retry_after=RESTART_S)
        if self.open_count + count <= self.queue_max:
            return
        # What has left since is not subtracted; count before saying no.
        now = self._clock.monotonic()
        if now - self._counted_at >= RECOUNT_S:
            self._counted_at, before = now, self.open_count
            self.open_count = await self._store.read(waiting.count_open)
            self._drain.counted(before - self.open_count)
        over = self.open_count + count - self.queue_max
        if over > 0:
            raise QueueFull(
                f"{self.open_count} messages wait and queue.max is {self.queue_max}",
                retry_after=self._drain.seconds_until(over, self._dispatcher.views()),
            )

    async def submit_batch(
        self,
        drafts: Sequence[Draft | FieldError],
        caller: Caller,
        key: IdempotencyKey | None,
    ) -> BatchResult:
        """Accept what is right of a batch; all of it is on disk when this returns."""
        if key is None:
            return await self._submit_batch(drafts, caller, None)
        held = self._hold(caller, key)
        try:
            old = await self._answer(caller, key)
            if old is not None:
                batch_id = msgspec.json.decode(old)["batch_id"]
                return BatchResult(batch_id, once.ACCEPTED, old, replayed=True)
            return await self._submit_batch(drafts, caller, key)
        finally:
            self._in_flight.discard(held)

    async def _submit_batch(
        self,
        drafts: Sequence[Draft | FieldError],
        caller: Caller,
        key: IdempotencyKey | None,
    ) -> BatchResult:
        now = self._clock.now_ms()
        ids = self._store.ids
        public_id = ids.new("bat", now)
        results: list[str | RequestError] = []
        accepted: list[NewMessage] = []
        twins: dict[int, str] = {}
        limits, room = self.limits_of(caller.key_id), 0
        breather = self._clock.monotonic()
        for draft in drafts:
            if self._clock.monotonic() - breather > YIELD_EVERY_S:
                await asyncio.sleep(0)
                breather = self._clock.monotonic()
            if isinstance(draft, FieldError):
                results.append(draft)
                continue
            try:
                new = self.checker.check(
                    draft, caller, public_id=ids.new("msg", now), now=now
                )
                if limits is not None:
                    limits.refuse(room + new.segments, now, of=new.segments)
                    room += new.segments
                twin = self._meet(new, draft)
            except (FieldError, QuotaExceeded, Repeated) as exc:
                results.append(exc)
            else:
                if twin is not None:
                    twins[len(results)] = twin
                results.append(new.public_id)
                accepted.append(new)
        await self._room_for(len(accepted))
        body = views.batch_body(public_id, results, twins)
        pending = msgspec.json.encode(accepted) if accepted else None

        def job(db: Connection) -> int:
            if key is not None:
                once.keep(db, [once.row(caller, key, now, body=body)])
            if limits is not None:
                key_purses.keep_count(db, caller, accepted, now)
            return batches.insert(
                db,
                public_id=public_id,
                key_id=caller.key_id,
                accepted=len(accepted),
                rejected=len(results) - len(accepted),
                pending=pending,
                now=now,
            )

        if limits is None:
            batch_id = await self._store.write(job)
        else:
            parts = sum(new.segments for new in accepted)
            with key_purses.Counting(limits, parts, now):
                batch_id = await self._store.write(job)
        try:
            async with self._expanding:
                await self._expand(batch_id, accepted, 0)
        except StoreError as exc:
            # The batch is on disk, so it is accepted; its rows come later.
            log.error("cannot expand a batch yet", extra={"error": str(exc)})
            self.unexpanded = True
        return BatchResult(public_id, once.ACCEPTED, body)

    async def expand(self) -> None:
        """Make rows of every batch that has none yet: at start, after a full disk."""
        async with self._expanding:
            self.unexpanded = False
            while (
                batch := await self._store.read(batches.next_unexpanded)
            ) is not None:
                news = msgspec.json.decode(batch.pending, type=list[NewMessage])
                await self._expand(batch.id, news, batch.expanded)

    async def _expand(self, batch_id: int, news: list[NewMessage], done: int) -> None:
        while done < len(news):
            part = [
                replace(new, batch_id=batch_id) for new in news[done : done + SLICE]
            ]
            done += len(part)
            await self._expand_slice(part, batch_id, done)

    async def _expand_slice(
        self, part: list[NewMessage], batch_id: int, done: int
    ) -> None:
        start = self._rng.randrange(1, 256)
        ends = [self.bars(new) for new in part]

        def job(db: Connection) -> list[entering.Written]:
            news = [entering.whole(db, new, start) for new in part]
            made = arrivals.insert_all(db, self._store.ids, news)
            batches.advance(db, batch_id, done)
            barred.close_some(db, self._store.ids, news, made, ends)
            return list(zip(news, made, strict=True))

        rows = await self._store.write(job)
        self.open_count += len(rows) - sum(ends)
        entries = entering.entries(rows, ends, self._dispatcher.index.stays)
        self._dispatcher.offer(entries, more=len(entries) < len(rows))
        for at in {new.not_before for new in part if new.scheduled}:
            self.on_scheduled(at)
