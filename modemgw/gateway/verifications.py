"""One-time codes: sent, checked, and gone from every text once they are over.

A code comes from the system's random source and is kept as a keyed hash; the text
that carries it is the only copy, shown to nobody and deleted at the end. How many
go to a number, and to numbers like it, is limited for all keys together.
"""

import asyncio
import logging
import secrets
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from modemgw import number
from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.errors import (
    Conflict,
    FieldError,
    FieldProblem,
    NotFound,
    QuotaExceeded,
    RequestError,
    StoreError,
)
from modemgw.gateway import ratelimit
from modemgw.gateway.model import Caller, Draft, SimView
from modemgw.gateway.records import Records
from modemgw.gateway.scrubber import Scrubber
from modemgw.gateway.submit import Intake
from modemgw.policy import otp
from modemgw.policy.message import CANCELABLE, MessageState
from modemgw.store import messages, redacting
from modemgw.store import verifications as rows
from modemgw.store.database import Store
from modemgw.store.pepper import Pepper
from modemgw.store.verifications import VerificationRow
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.verify")

ALIKE = 4  # digits in which numbers of one block differ
LOOK_AGAIN_MS = 5_000  # at a text that is just being sent
LONGEST_SLEEP_S = 3600.0
STORE_RETRY_S = 5.0
KEPT_MS = 90 * 86_400_000  # rows that are over, without any code
# Where nobody can say that the code arrived.
UNARRIVED = frozenset({"sent", "undelivered", "no_report", "failed", "in_doubt"})
ON_ITS_WAY = frozenset({"sending", "in_doubt"})


class TooManyCodes(QuotaExceeded):
    """The number, or numbers like it, were sent enough codes for now."""

    problem = "too-many-codes"
    title = "Too many codes"

    def __init__(self, held: rows.Held, now: int) -> None:
        left_s = (held.until - now) / 1000
        super().__init__(held.why, retry_after=left_s)
        self.headers = ratelimit.used_up(
            held.name, held.most, held.within / 1000, left_s
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """What an application wants of a code."""

    to: str
    app: str
    length: int = otp.DIGITS
    ttl: int = 300  # seconds
    domain: str | None = None
    locale: str | None = None
    fallback_after: int | None = None  # seconds; 0: never; None: as configured


class Verifications:
    """Every code that is open, and the task that ends them."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        *,
        intake: Intake,
        records: Records,
        pepper: Pepper,
        scrubber: Scrubber,
        sims: Callable[[], list[SimView]],
    ) -> None:
        self._country = config.country
        self._config = config.verify
        self._store = store
        self._clock = clock
        self._intake = intake
        self._records = records
        self._pepper = pepper
        self._scrubber = scrubber
        self._sims = sims
        self._changed = asyncio.Event()
        self._callers: dict[str, Caller] = {}  # who asked, while it is open

    def configure(self, config: Config) -> None:
        """Take up what a reload changed; codes that are open keep their terms."""
        self._country, self._config = config.country, config.verify

    # -- requests ------------------------------------------------------------

    async def start(self, asked: Asked, caller: Caller) -> VerificationRow:
        """Send a code. Raises FieldError, TooManyCodes and all that `submit` raises."""
        to, language = self._check(asked)
        now, ids = self._clock.now_ms(), self._store.ids
        public_id = ids.new("ver", now)
        code = f"{secrets.randbelow(10**asked.length):0{asked.length}d}"
        text = otp.text(code, app=asked.app, language=language, domain=asked.domain)
        draft = Draft(
            to=to,
            text=text,
            klass="otp",
            expires_in=asked.ttl,
            verification=public_id,
        )
        self._intake.check(draft, caller)  # before anything is kept
        digest = self._pepper.digest("otp", public_id, code)
        seconds = asked.fallback_after
        after = self._config.fallback_after if seconds is None else seconds
        job = partial(
            rows.insert,
            public_id=public_id,
            key_id=caller.key_id,
            peer=to,
            digest=digest,
            locale=language,
            fallback_at=now + round(after * 1000) if after else None,
            now=now,
            expires_at=now + asked.ttl * 1000,
        )
        id = await self._store.write(partial(self._reserve, to=to, now=now, job=job))
        try:
            made = await self._intake.submit(draft, caller, None)
        except BaseException:
            await self._store.write(lambda db: rows.withdraw(db, id))
            raise
        await self._store.write(lambda db: rows.sent(db, id, made.id))
        self._callers[public_id] = caller
        self._changed.set()
        return await self._get(public_id)

    async def check(self, public_id: str, code: str, caller: Caller) -> VerificationRow:
        """Compare a code; five wrong ones end it.

        Raises NotFound, and Conflict where it was approved before: a code is good once.
        """
        before = await self.find(public_id, caller)
        if before.state == "approved":
            raise Conflict("this code was used: it is good for one approval")
        digest = self._pepper.digest("otp", public_id, code)
        now, ids = self._clock.now_ms(), self._store.ids
        found, mine = await self._store.write(
            lambda db: _checked(
                db, partial(rows.check, db, ids, public_id, digest, now)
            )
        )
        if found is None:
            raise NotFound(f"there is no verification {public_id!r}")
        if found.state == "approved" and not mine:
            raise Conflict("this code was used: it is good for one approval")
        self._changed.set()
        return found

    async def find(self, public_id: str, caller: Caller) -> VerificationRow:
        """Return a verification of this key. Raises NotFound."""
        row = await self._get(public_id)
        if row.key_id != caller.key_id and not caller.may("admin"):
            raise NotFound(f"there is no verification {public_id!r}")
        return row

    async def _get(self, public_id: str) -> VerificationRow:
        row = await self._store.read(lambda db: rows.get(db, public_id))
        if row is None:
            raise NotFound(f"there is no verification {public_id!r}")
        return row

    def _check(self, asked: Asked) -> tuple[str, str]:
        """Return the number and the language. Raises FieldError."""
        problems: list[FieldProblem] = []
        to = ""
        try:
            to = number.parse(asked.to, self._country).e164 or ""
            if not to:
                why = "codes go to people, and this is a short code"
                problems.append(FieldProblem("/to", "invalid_number", why))
        except number.InvalidNumber as exc:
            why = f"not a number that can be dialled: {exc}"
            problems.append(FieldProblem("/to", "invalid_number", why))
        language = otp.language(asked.locale)
        if language is None:
            why = "must be a language such as de or de-AT"
            problems.append(FieldProblem("/locale", "invalid_value", why))
        faults = {"/app": otp.app_fault(asked.app)}
        if asked.domain is not None:
            faults["/autofill_domain"] = otp.domain_fault(asked.domain)
        problems += [
            FieldProblem(pointer, "invalid_value", why)
            for pointer, why in faults.items()
            if why is not None
        ]
        if problems:
            raise FieldError(problems[0].detail, errors=tuple(problems))
        return to, language or otp.DEFAULT

    def _reserve(
        self, db: Connection, *, to: str, now: int, job: Callable[[Connection], int]
    ) -> int:
        most = self._config.per_prefix
        held = rows.held(
            db,
            to,
            to[:-ALIKE],
            most=most.count,
            within=most.seconds * 1000,
            now=now,
        )
        if held is not None:
            raise TooManyCodes(held, now)
        return job(db)

    # -- for life ------------------------------------------------------------

    async def run(self) -> None:
        """End codes as they fall due, send again what did not arrive, delete texts."""
        while True:
            self._changed.clear()
            try:
                next_at = await self._look()
            except StoreError as exc:
                log.error("cannot look after codes", extra={"error": str(exc)})
                await asyncio.sleep(STORE_RETRY_S)
                continue
            seconds = LONGEST_SLEEP_S
            if next_at is not None:
                left = (next_at - self._clock.now_ms()) / 1000
                seconds = min(max(left, 0.02), LONGEST_SLEEP_S)
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._changed.wait()

    async def tidy(self) -> None:
        """Forget what is long over."""
        before = self._clock.now_ms() - KEPT_MS
        await self._store.write(lambda db: rows.purge(db, before))

    async def _look(self) -> int | None:
        """Do what is due; return when to look again."""
        now, ids = self._clock.now_ms(), self._store.ids
        times: list[int] = []
        for row in await self._store.read(rows.uncleaned):
            if row.state != "pending":
                if not await self._clean(row):
                    times.append(now + LOOK_AGAIN_MS)
            elif row.expires_at <= now:
                await self._store.write(
                    partial(rows.finish, ids=ids, row=row, state="expired", now=now)
                )
                times.append(now)
            elif row.fallback_at is not None and row.fallback_at <= now:
                times.append(now + LOOK_AGAIN_MS)
                await self._fall_back(row, now)
            else:
                times += [row.fallback_at or row.expires_at]
        return min(times, default=None)

    async def _clean(self, row: VerificationRow) -> bool:
        """Delete the texts of a code that is over; False while one is being sent."""
        for message, state in (
            (row.message, row.message_state),
            (row.second, row.second_state),
        ):
            if message is None or state is None:
                continue
            if MessageState(state) in CANCELABLE:
                with suppress(Conflict, NotFound):
                    await self._records.cancel(message, "verification")
            elif state in ON_ITS_WAY:
                return False
        now = self._clock.now_ms()

        def job(db: Connection) -> bool:
            found = [messages.get(db, one) for one in (row.message, row.second) if one]
            there = [one for one in found if one is not None]
            if any(
                MessageState(one.state) not in redacting.REDACTABLE for one in there
            ):
                return False
            for one in there:
                redacting.strip(db, one, now)
            rows.cleaned(db, row.id)
            return True

        done = await self._store.write(job)
        if done:
            self._callers.pop(row.public_id, None)
            self._scrubber.soon()
        return done

    async def _fall_back(self, row: VerificationRow, now: int) -> None:
        """Send the same code once by another SIM, where it seems not to arrive."""
        if row.message_state in ("queued", "scheduled", "sending"):
            return  # nothing is lost yet: any SIM may take it
        if not await self._store.write(lambda db: rows.take_fallback(db, row.id)):
            return
        sim = self._other_sim(row)
        if row.message is None or row.message_state not in UNARRIVED or sim is None:
            return
        carrier = row.message
        text = await self._store.read(lambda db: messages.secret_text(db, carrier))
        left = (row.expires_at - now) // 1000
        if text is None or left < 1:
            return
        draft = Draft(
            to=row.peer,
            text=text,
            klass="otp",
            sim=sim,
            expires_in=left,
            resend_of=carrier,
            verification=row.public_id,
        )
        caller = self._callers.get(row.public_id)
        if caller is None:  # of before a restart: what its key may is not known here
            return
        try:
            made = await self._intake.submit(draft, caller, None)
        except RequestError as exc:
            log.warning(
                "code not sent again",
                extra={"verification": row.public_id, "why": exc.detail},
            )
            return
        await self._store.write(lambda db: rows.sent(db, row.id, made.id, again=True))
        log.info("code sent again", extra={"verification": row.public_id, "sim": sim})

    def _other_sim(self, row: VerificationRow) -> str | None:
        """Return a SIM in service that has not sent this code, if it is worth it."""
        views = {view.name: view for view in self._sims()}
        first = None if row.sim is None else views.get(row.sim)
        if row.message_state == "sent" and (first is None or not first.reports):
            return None  # without reports none that is missing tells anything
        others = [
            view
            for view in views.values()
            if view.name != row.sim and view.state in ("ready", "paced")
        ]
        others.sort(key=lambda view: view.state != "ready")
        return others[0].name if others else None


def _checked(
    db: Connection, check: Callable[[], VerificationRow | None]
) -> tuple[VerificationRow | None, bool]:
    """Return what came of a check, and whether it was this one that decided."""
    changes = db.total_changes
    found = check()
    return found, db.total_changes != changes
