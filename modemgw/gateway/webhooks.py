"""The delivery engine of webhooks: due rows in, requests out, outcomes written.

The rows of `delivery` are the outbox: written with the event, due at once, and due
again at `next_attempt_at` until an attempt is answered with 2xx. The engine is
woken by a commit, by the next instant that is due, and by an attempt that ends;
nothing polls.

    commit ──────────▶ fresh rows ─┐
                                   ├─▶ lanes ─▶ attempt ─▶ outcome ─▶ one commit
    next_attempt_at ─▶ due rows ───┘                                  for many

A crash between an answer and its commit repeats the attempt with the same
webhook-id and the same octets: receivers drop what they have seen.
"""

import asyncio
import logging
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from random import Random

from modemgw.clock import Clock
from modemgw.config.model import WebhookConfig
from modemgw.errors import StoreError
from modemgw.gateway import signing, twilio
from modemgw.gateway.post import Answer, Sender, open_session
from modemgw.gateway.resolve import Lookup, Resolver, TargetFinder
from modemgw.gateway.targets import Refusal, TargetGuard, parse
from modemgw.gateway.views import instant
from modemgw.gateway.webhook_due import DueFinder
from modemgw.gateway.webhook_lanes import Lane, Lanes, Start
from modemgw.gateway.webhook_schedule import PAUSE_AFTER_MS, Next, Verdict, judge
from modemgw.store import events, outbox, webhooks
from modemgw.store.database import Store
from modemgw.store.outbox import Outcome, Paused, Request
from modemgw.store.pepper import Pepper
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.webhooks")

LINGER_S = 0.05  # outcomes of this long share a commit; a crash repeats them
UNWRITTEN = 256  # outcomes that may wait for the store before no more are made
LOOK_AT_CLOCK_S = 60.0  # wall time may jump while we sleep; no row is read for this
STORE_RETRY_S = 5.0  # a store that failed gets this much time


def envelope(type: str, at: int, data: str) -> bytes:
    """Return the body of a request: made of the stored text, so always the same.

    >>> envelope("test.ping", 1_795_341_600_000, '{"a":1}')
    b'{"type":"test.ping","timestamp":"2026-11-22T10:00:00Z","data":{"a":1}}'
    """
    head = f'{{"type":"{type}","timestamp":"{instant(at)}","data":'
    return head.encode("ascii") + data.encode("utf-8") + b"}"


class Deliverer:
    """Works through the delivery rows for as long as the daemon lives."""

    def __init__(
        self,
        store: Store,
        guard: TargetGuard,
        *,
        clock: Clock,
        rng: Random,
        pepper: Pepper | None = None,
        lookup: Lookup | None = None,
        tls: ssl.SSLContext | None = None,
        lanes: Lanes | None = None,
        linger_s: float = LINGER_S,
        store_retry_s: float = STORE_RETRY_S,
    ) -> None:
        self._store = store
        self._clock = clock
        self._rng = rng
        self._pepper = pepper
        self._tls = tls
        self._linger_s = linger_s
        self._store_retry_s = store_retry_s
        self.finder = TargetFinder(guard, lookup or Resolver())
        self._lanes = lanes or Lanes()
        self._due = DueFinder(store, self._lanes, clock)
        self._woken = asyncio.Event()
        self._quiet = asyncio.Event()
        self._unwritten: list[Outcome] = []
        self._to_write = asyncio.Event()
        self._writing: asyncio.Future[list[Paused]] | None = None
        self._store_fails = False
        self._asleep = False
        self.on_paused: list[Callable[[Paused], None]] = []  # tell a person, too

    def wake(self) -> None:
        """Say that a commit brought new deliveries. Cheap; call it in the loop."""
        self._due.fresh()
        self._poke()

    def look_again(self) -> None:
        """Say that old deliveries may be due: after a replay, a test or a resume.

        Somebody asked for this, so endpoints that wanted quiet are tried anyway.
        """
        self._lanes.release()
        self._due.from_the_start()
        self._poke()

    async def sync_declared(self, declared: Sequence[WebhookConfig]) -> None:
        """Bring the endpoints in line with the configuration.

        Raises ConfigError where a secret cannot be read, StoreError.
        """
        job = await self.declaring(declared)
        self.declared(await self._store.write(job))

    async def declaring(
        self, declared: Sequence[WebhookConfig]
    ) -> Callable[[Connection], webhooks.Synced]:
        """Return the job that brings the endpoints in line; see `declared`.

        Raises ConfigError where a secret cannot be read.
        """

        def reveal() -> list[webhooks.Declared]:
            return [
                webhooks.Declared(
                    one.url, one.events, one.secret.reveal() if one.secret else None
                )
                for one in declared
            ]

        wanted = await asyncio.to_thread(reveal)  # secrets may be files
        now, ids = self._clock.now_ms(), self._store.ids
        return lambda db: webhooks.sync_declared(db, ids, wanted, now)

    def declared(self, done: webhooks.Synced) -> None:
        """Hear what such a job did, once it is on disk."""
        for what, rows in (
            ("webhook declared", done.added),
            ("webhook changed", done.changed),
            ("webhook no longer declared", done.removed),
        ):
            for row in rows:
                log.info(
                    what, extra={"webhook": row.public_id, "target": _where(row.url)}
                )
        self.look_again()

    async def quiet(self) -> None:
        """Wait until nothing is under way and every outcome is on disk.

        What is due later stays where it is. For an orderly stop, and for tests.
        """
        while self._busy():
            self._quiet.clear()
            await self._quiet.wait()

    async def run(self) -> None:
        """Deliver until cancelled."""
        async with open_session() as session:
            sender = Sender(session, self.finder, self._clock, tls=self._tls)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._write_for_ever())
                    while True:
                        self._woken.clear()
                        await self._turn(sender, group)
            finally:
                with suppress(StoreError):  # then these attempts are repeated
                    await self._write()

    def _poke(self) -> None:
        self._woken.set()

    def _busy(self) -> bool:
        now = self._clock.now_ms()
        due = self._due.next_due
        return bool(
            not self._asleep
            or self._woken.is_set()
            or (due is not None and due <= now)
            or self._lanes.working(now)
            or self._unwritten
            or self._writing is not None
        )

    async def _turn(self, sender: Sender, group: asyncio.TaskGroup) -> None:
        """Start what is due, then sleep until there may be more."""
        wait_s: float = self._store_retry_s
        try:
            if not self._store_fails:
                await self._due.look()
                await self._start(sender, group)
                wait_s = self._seconds_to_next()
        except StoreError as exc:
            log.warning("webhooks wait for the store", extra={"why": str(exc)})
            await asyncio.sleep(self._store_retry_s)
            return
        self._asleep = True
        if not self._busy():
            self._quiet.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_s):
                await self._woken.wait()
        self._asleep = False

    def _seconds_to_next(self) -> float:
        now = self._clock.now_ms()
        times = (self._due.next_due, self._lanes.next_hold(now))
        known = [at for at in times if at is not None]
        if not known:
            return LOOK_AT_CLOCK_S
        return min(max(min(known) - now, 0) / 1000, LOOK_AT_CLOCK_S)

    async def _start(self, sender: Sender, group: asyncio.TaskGroup) -> None:
        """Start attempts as long as there are slots and deliveries for them."""
        while len(self._unwritten) < UNWRITTEN:
            now = self._clock.now_ms()
            started = self._lanes.take(now)
            if not started:
                return
            wanted = [start.delivery for start in started]
            try:
                found = await self._store.read(
                    partial(outbox.requests, wanted=wanted, now=now)
                )
            except StoreError:
                for start in started:
                    self._skip(start)
                    key = start.lane.key
                    self._due.again(key if isinstance(key, int) else None)
                raise
            requests = {request.delivery: request for request in found}
            for start in started:
                if (request := requests.get(start.delivery)) is not None:
                    group.create_task(self._attempt(sender, request, start))
                else:  # delivered, ended or put off since it was seen
                    self._skip(start)

    def _skip(self, start: Start) -> None:
        self._lanes.ended(start.lane, failed=None, about=start.about)
        self._lanes.forget(start.delivery)

    async def _attempt(self, sender: Sender, request: Request, start: Start) -> None:
        began = self._clock.monotonic()
        answer = await self._post(sender, request)
        ms = round((self._clock.monotonic() - began) * 1000)
        at = self._clock.now_ms()
        verdict = judge(answer, attempts=request.attempts + 1, now=at, rng=self._rng)
        self._unwritten.append(
            Outcome(
                delivery=request.delivery,
                webhook_id=request.webhook_id,
                at=at,
                status=answer.status,
                error=answer.error,
                state=verdict.next.value,
                next_attempt_at=verdict.at,
                ms=ms,
                gone=answer.gone,
            )
        )
        self._log(request, answer, verdict, start.lane)
        self._lanes.ended(
            start.lane,
            failed=not answer.delivered,
            about=start.about,
            now=at,
            hold_until=verdict.at if answer.retry_after_s else 0,
        )
        self._to_write.set()
        self._poke()

    async def _post(self, sender: Sender, request: Request) -> Answer:
        if request.dialect == twilio.NAME and self._pepper is not None:
            body, headers = twilio.posted(self._pepper, request)
            return await sender.post(request.url, body, headers, trusted=False)
        if request.secret is None:
            return Answer(None, "there is no secret to sign this request with")
        secrets = [request.secret]
        if request.old_secret is not None:
            secrets.append(request.old_secret)
        body = envelope(request.type, request.at, request.data)
        timestamp = self._clock.now_ms() // 1000
        try:
            headers = signing.headers(secrets, request.event, timestamp, body)
        except ValueError as exc:
            return Answer(None, f"the request could not be signed: {exc}")
        return await sender.post(request.url, body, headers, trusted=request.declared)

    def _log(
        self, request: Request, answer: Answer, verdict: Verdict, lane: Lane
    ) -> None:
        was_failing = lane.failing or request.failing
        fields = {
            "target": _where(request.url),
            "event": request.event,
            "attempt": request.attempts + 1,
            "why": answer.error,
        }
        if verdict.next is Next.DEAD:
            log.warning("webhook given up", extra=fields)
        elif not answer.delivered and not was_failing:
            log.warning("webhook failing", extra=fields)
        elif answer.delivered and was_failing:
            log.info("webhook works again", extra=fields)

    async def _write_for_ever(self) -> None:
        while True:
            await self._to_write.wait()
            await asyncio.sleep(self._linger_s)
            try:
                await self._write()
                self._store_fails = False
            except StoreError as exc:
                # No attempt is made whose outcome could not be kept.
                self._store_fails = True
                log.warning("webhook outcomes wait", extra={"why": str(exc)})
                await asyncio.sleep(self._store_retry_s)
            self._poke()

    async def _write(self) -> None:
        """Put every outcome on disk. May raise StoreError, and then keeps them."""
        while self._writing is not None or self._unwritten:
            if self._writing is None:
                batch = self._unwritten[:]
                self._to_write.clear()
                self._writing = self._store.write(partial(self._record, batch=batch))
                self._writing.add_done_callback(partial(self._wrote, batch))
            if self._writing.done():
                await asyncio.sleep(0)  # `_wrote` is due, and needs the loop to turn
                continue
            # The job runs to its end, so an abandoned wait must not lose its result.
            await asyncio.shield(self._writing)

    def _record(self, db: Connection, batch: list[Outcome]) -> list[Paused]:
        paused = outbox.record(db, batch, pause_after_ms=PAUSE_AFTER_MS)
        for endpoint in paused:
            events.append(
                db,
                "webhook.paused",
                at=batch[-1].at,
                data={
                    "id": endpoint.public_id,
                    "state": endpoint.state,
                    "target": _where(endpoint.url),
                    "failing_since": instant(endpoint.failing_since),
                    "detail": endpoint.error,
                },
                ids=self._store.ids,
                push=True,
            )
        return paused

    def _wrote(
        self, batch: list[Outcome], writing: "asyncio.Future[list[Paused]]"
    ) -> None:
        self._writing = None
        if writing.cancelled() or writing.exception() is not None:
            self._to_write.set()
            return
        del self._unwritten[: len(batch)]
        for one in batch:
            self._lanes.forget(one.delivery)
            if one.state == Next.RETRY.value:
                self._due.again(one.webhook_id, one.next_attempt_at)
        for endpoint in writing.result():
            log.error(
                f"webhook {endpoint.state}: it gets nothing until it is made active",
                extra={"webhook": endpoint.public_id, "target": _where(endpoint.url)},
            )
            for tell in self.on_paused:
                tell(endpoint)


def _where(url: str) -> str:
    """Return host and port: the rest of a URL may hold secrets."""
    target = parse(url)
    return "?" if isinstance(target, Refusal) else f"{target.host}:{target.port}"
