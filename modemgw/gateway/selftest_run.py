"""One self-test from its text to its verdict.

Written before it goes out, handed to the lane past the queue, watched in the
database, judged by policy/selftest.py. What a crash leaves is watched on from there.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.gateway import loading
from modemgw.gateway.lane import Lane
from modemgw.gateway.views import instant
from modemgw.ids import IdSource
from modemgw.policy.message import MessageState
from modemgw.policy.selftest import (
    TOKEN_OCTETS,
    Leg,
    Result,
    Seen,
    judge,
    text_of,
    token_of,
)
from modemgw.store import outbound, sims
from modemgw.store import selftest as rows
from modemgw.store.database import Store
from modemgw.store.outbound import OWN, NewMessage
from modemgw.store.selftest import NewTest, SelftestRow, Sending, Verdict
from modemgw.store.sims import SimRow
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.selftest")

HAND_S = 20.0  # for the lane to become idle
LOOK_S = 30.0  # a look at least so often: the wall clock, a report without a word
PAUSE_S = 0.2  # between two looks: traffic of others wakes us, too
STORE_RETRY_S = 2.0
NETWORK_CODES = 300  # CMS codes below are the network's word, not the modem's
_UNSENT = ("queued", "scheduled")
_REPORTED = {"delivered": "delivered", "undelivered": "undelivered"}


@dataclass(frozen=True, slots=True)
class Pair:
    """Who writes to whom."""

    sender: SimRow
    to: SimRow


class Course:
    """Runs self-tests, several at a time; `within_s` is how long each may take."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        lanes: Mapping[str, Lane],
        *,
        within_s: float,
        withdraw: Callable[[int], None],
        octets: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._store = store
        self._clock = clock
        self._lanes = lanes
        self.within_s = within_s
        self._withdraw = withdraw  # takes a message out of the queue in memory
        self._octets = octets
        self._by_message: dict[int, asyncio.Event] = {}

    def tell(self, message_id: int) -> None:
        """Hear that a message changed; costs nothing while no self-test runs."""
        if self._by_message and (event := self._by_message.get(message_id)):
            event.set()

    def tell_all(self) -> None:
        """Hear that something arrived, or that a SIM came or went."""
        for event in self._by_message.values():
            event.set()

    def lane_of(self, sim: int) -> Lane | None:
        """Return the lane that has a card."""
        for lane in self._lanes.values():
            if lane.sim is not None and lane.sim.sim_id == sim:
                return lane
        return None

    async def begin(self, pair: Pair, cause: str, attempt: int) -> SelftestRow:
        """Write a self-test and hand it over. Raises StoreError."""
        now, ids = self._clock.now_ms(), self._store.ids
        token = token_of(self._octets(TOKEN_OCTETS))
        test = NewTest(
            ids.new("tst", now), token, pair.sender.id, pair.to.id, cause, attempt
        )
        message = NewMessage(
            public_id=ids.new("msg", now),
            to=pair.to.number or "",
            text=text_of(token),
            data=None,
            klass="transactional",
            priority=0,
            encoding="gsm7",
            segments=1,
            not_before=now,
            expires_at=now + round(self.within_s * 1000),
            created_at=now,
            options={OWN: True, "sim": pair.sender.name, "on_in_doubt": "drop"},
        )

        def job(db: Connection) -> None:
            rows.begin(db, ids, test, message)

        await self._store.write(job)
        made = await self._find(test.public_id)
        log.info(
            "self-test",
            extra={
                "sim": pair.sender.name,
                "to_sim": pair.to.name,
                "test": test.public_id,
            },
        )
        return made

    async def watch(self, test: SelftestRow) -> SelftestRow:
        """Wait for the verdict and return the self-test with it."""
        while True:
            try:
                return await self._watch(test)
            except StoreError as exc:
                log.error("cannot use the database", extra={"error": str(exc)})
                await asyncio.sleep(STORE_RETRY_S)

    async def hand_over(self, test: SelftestRow) -> bool:
        """Give the message to its lane once that is idle; False: it was never."""
        if test.message_id is None:
            return False
        entry = await self._store.read(partial(loading.one, message_id=test.message_id))
        if entry is None:
            return True  # something else has sent or closed it
        end = self._clock.monotonic() + HAND_S
        while self._clock.monotonic() < end:
            lane = self.lane_of(test.from_sim_id)
            if lane is not None and lane.hand(entry):
                return True
            await asyncio.sleep(PAUSE_S)
        return False

    async def give_up(self, test: SelftestRow, why: str) -> None:
        """End a self-test whose text has not left; nothing where it has."""
        message_id = test.message_id
        if message_id is None:
            return
        found = await self._store.read(lambda db: rows.sending(db, message_id))
        if found is not None and found.state in _UNSENT:
            await self._end(test, found, Result.UNKNOWN, None, why)

    async def _watch(self, test: SelftestRow) -> SelftestRow:
        left_s = self.within_s - (self._clock.now_ms() - test.started_at) / 1000
        # A clock that jumped makes it neither endless nor over before it began.
        end = self._clock.monotonic() + min(max(left_s, 1.0), self.within_s)
        was_there = True
        async with self._watching(test) as changed:
            while True:
                changed.clear()
                was_there = was_there and self._is_in_service(test.to_sim_id)
                now_left = end - self._clock.monotonic()
                done = await self._look(test, final=now_left <= 0, there=was_there)
                if done is not None:
                    return done
                with suppress(TimeoutError):
                    async with asyncio.timeout(min(LOOK_S, now_left)):
                        await changed.wait()
                await asyncio.sleep(PAUSE_S)

    @asynccontextmanager
    async def _watching(self, test: SelftestRow) -> AsyncIterator[asyncio.Event]:
        event = asyncio.Event()
        key = test.message_id or -test.id
        self._by_message[key] = event
        try:
            yield event
        finally:
            del self._by_message[key]

    def _is_in_service(self, sim: int) -> bool:
        lane = self.lane_of(sim)
        return lane is not None and lane.ready

    async def _look(
        self, test: SelftestRow, *, final: bool, there: bool
    ) -> SelftestRow | None:
        """Judge what is known; the self-test once it has its verdict."""
        known = await self._find(test.public_id)
        if known.result != Result.RUNNING.value:
            return known
        message_id = known.message_id
        found = None
        if message_id is not None:
            found = await self._store.read(lambda db: rows.sending(db, message_id))
        if found is None:
            return await self._end(
                known, None, Result.UNKNOWN, None, "its text is gone"
            )
        if found.sim_id not in (None, known.from_sim_id):
            why = "another card was in the modem when it went out"
            return await self._end(known, found, Result.UNKNOWN, None, why)
        lane = self.lane_of(known.from_sim_id)
        seen = _seen(known, found, reports=_wants_report(lane), there=there)
        result, leg, why = judge(seen, final=final)
        if result is Result.RUNNING:
            return None
        return await self._end(known, found, result, leg, why)

    async def _end(
        self,
        test: SelftestRow,
        found: Sending | None,
        result: Result,
        leg: Leg | None,
        why: str,
    ) -> SelftestRow:
        """Write the verdict, and let nothing of an unsent text go out later."""
        now, ids = self._clock.now_ms(), self._store.ids
        _, _, noted = test.why.partition("; ")  # what was odd about its arrival
        why = f"{why}; {noted}" if noted else why
        verdict = Verdict(result.value, leg.value if leg else None, why, *_spans(found))
        confirmed = result is Result.FAILED and test.attempt > 1
        told = await self._told(test, leg, why, now) if confirmed and leg else None
        unsent = found is not None and found.state in _UNSENT

        def job(db: Connection) -> None:
            rows.end(db, ids, test.id, verdict, now, told=told)
            if unsent and test.message_id is not None:
                _close(db, ids, test.message_id, now)

        await self._store.write(job)
        if unsent and test.message_id is not None:
            self._withdraw(test.message_id)
        level = logging.INFO if result is Result.PASSED else logging.WARNING
        log.log(
            level,
            f"self-test {result.value}",
            extra={"test": test.public_id, "leg": verdict.leg, "why": why},
        )
        return await self._find(test.public_id)

    async def _told(
        self, test: SelftestRow, leg: Leg, why: str, now: int
    ) -> dict[str, object]:
        def both(db: Connection) -> tuple[SimRow | None, SimRow | None]:
            return sims.get(db, test.from_sim_id), sims.get(db, test.to_sim_id)

        sender, to = await self._store.read(both)  # type: ignore[arg-type]  # only reads
        return {
            "sim": sender.name if sender else None,
            "iccid": sender.iccid if sender else None,
            "to_sim": to.name if to else None,
            "leg": leg.value,
            "why": why,
            "test": test.public_id,
            "at": instant(now),
        }

    async def _find(self, public_id: str) -> SelftestRow:
        found = await self._store.read(lambda db: rows.find(db, public_id))
        if found is None:
            raise AssertionError(f"self-test {public_id} is not there")
        return found


def close_unsent(db: Connection, ids: IdSource, now: int) -> int:
    """End texts of self-tests that had not left when the daemon stopped."""
    closed = 0
    for test in rows.running(db):
        if test.message_id is None:
            continue
        found = rows.sending(db, test.message_id)
        if found is not None and found.state in _UNSENT:
            _close(db, ids, test.message_id, now)
            why = "the gateway was restarted before it went out"
            end = Verdict(Result.UNKNOWN.value, None, why, None, None)
            closed += rows.end(db, ids, test.id, end, now, told=None)
    return closed


def _close(db: Connection, ids: IdSource, message_id: int, now: int) -> None:
    reason: outbound.JsonDict = {
        "code": "canceled",
        "detail": "the self-test is over",
        "raw": None,
        "retryable": False,
    }
    outbound.close(db, ids, message_id, MessageState.CANCELED, reason, now)


def _wants_report(lane: Lane | None) -> bool:
    return lane is not None and lane.sim is not None and lane.sim.reports


def _spans(found: Sending | None) -> tuple[int | None, int | None]:
    """Return how long the submit and the report took, from when it went out."""
    if found is None or found.submitting_at is None:
        return None, None
    began = found.submitting_at
    submit = None if found.accepted_at is None else max(0, found.accepted_at - began)
    reported = found.part_state in _REPORTED and found.final_at is not None
    report = max(0, (found.final_at or began) - began) if reported else None
    return submit, report


def _seen(test: SelftestRow, found: Sending, *, reports: bool, there: bool) -> Seen:
    refused, by_network = _refusal(found)
    # Of a part in doubt nobody knows the reference, and so no report is matched.
    doubtful = found.accepted_at is None and found.state not in ("sending", *_UNSENT)
    return Seen(
        state=found.state,
        refused=refused,
        is_sim_refusal=by_network,
        arrived_at=test.arrived_at,
        report_wanted=reports and not doubtful,
        report=_REPORTED.get(found.part_state),
        receiver_was_there=there,
    )


def _refusal(found: Sending) -> tuple[str | None, bool]:
    """Return why it was not taken, and whether the network itself said so."""
    if found.accepted_at is not None or found.state in ("sent", "delivered"):
        return None, False
    if found.state in _UNSENT and found.submitting_at is None:
        return None, False
    if found.state in ("sending", "in_doubt"):
        return None, False
    reason = found.reason or {}
    detail = str(reason.get("detail") or "it was not taken")
    raw = reason.get("raw")
    text = str(raw.get("value", "")) if isinstance(raw, dict) else ""
    number = text.rpartition(":")[2].strip()
    by_network = "CMS" in text and number.isdigit() and int(number) < NETWORK_CODES
    if found.state in _UNSENT and not reason:
        return "the modem did not take it", False  # nobody said no, and none left
    return (f"{detail} ({text})" if text else detail), by_network
