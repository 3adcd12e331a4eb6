"""Carries out what received messages ask for: replies, HELP, forwarding to a number.

What is to be done is a row (see hearing.py). Each is looked at by the guard, goes
through `submit` like every message, with an idempotency key of its own, and is
settled behind it. A crash between the two submits again, and gets the first answer.
So each is done once at most, and what is older than the key is good for is left.
"""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.errors import RequestError, StoreError
from modemgw.gateway.admin_desk import NotNow
from modemgw.gateway.admin_hearing import KIND
from modemgw.gateway.hearing import Heard
from modemgw.gateway.model import Caller, Draft, IdempotencyKey, SimView, Submitted
from modemgw.gateway.suppressions import Suppressions
from modemgw.policy import reply_guard
from modemgw.policy.answering import Echo
from modemgw.policy.correlate import same_recipient
from modemgw.policy.reply_guard import HOUR_MS, MACHINE, MUTE_MS, Answered, Ledger
from modemgw.store import events, reactions
from modemgw.store.database import Store
from modemgw.store.reactions import ReactionRow
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.answering")

AT_ONCE = 50  # rows read at once
RETRY_S = 5.0  # while the queue is full, or the disk says no
LATE_MS = HOUR_MS  # a reply that comes later confuses more than it helps
FORWARD_LATE_MS = 12 * HOUR_MS  # an idempotency key is good for a day
REPLY_VALID_S = 3600
ANSWERER = Caller(None, "auto-reply", frozenset(), "inside")
# Clients give printable ASCII alone, so that none can have used this key.
_KEY = "\x1freaction/"

Submit = Callable[[Draft, Caller, IdempotencyKey], Awaitable[Submitted]]


class Answerer:
    """The one task that answers; wakes where something was planned."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        config: Config,
        *,
        register: Suppressions,
        sims: Callable[[], list[SimView]],
        submit: Submit,
    ) -> None:
        self._store = store
        self._clock = clock
        self._zone = ZoneInfo(config.timezone)
        self._register = register
        self._sims = sims
        self._submit = submit
        self._ledger = Ledger(config.inbound.limits())
        self._forwards: deque[int] = deque()  # instants
        self.configure(config)
        self._planned = asyncio.Event()
        # What administrators ask for, and the end of what held a PIN.
        self.desk: Callable[[ReactionRow], Awaitable[str | None]] | None = None
        self.on_masked: Callable[[], None] = _nobody_cleans

    def configure(self, config: Config) -> None:
        """Take up what a reload changed; what was answered still counts."""
        inbound, opt_out = config.inbound, config.opt_out
        self._class = inbound.class_
        self._ledger.limits = inbound.limits()
        texts = (rule.reply for rule in inbound.rules)
        ours = (*texts, opt_out.confirm, opt_out.welcome, opt_out.help)
        self._echo = Echo([text for text in ours if text is not None])

    async def load(self) -> None:
        """Read what was answered lately; the guard goes on where it was."""
        since = self._clock.now_ms() - MUTE_MS
        found = await self._store.read(lambda db: reactions.answers_since(db, since))
        self._ledger.load(
            Answered(one.peer, one.asked_at, one.at, one.state == "muted")
            for one in found
            if one.kind not in ("forward", KIND)
        )
        self._forwards = deque(one.at for one in found if one.kind == "forward")
        self._planned.set()  # what the last run left

    def heard(self, heard: Heard) -> None:
        """Take over what received messages changed on disk."""
        self._register.apply(heard.added, heard.removed, heard.ended)
        if heard.masked:
            self.on_masked()
        if heard.planned:
            self._planned.set()

    async def run(self) -> None:
        """Answer, for life."""
        while True:
            await self._planned.wait()
            self._planned.clear()
            try:
                await self._work()
            except StoreError as exc:
                log.error("cannot use the database", extra={"error": str(exc)})
                await asyncio.sleep(RETRY_S)
                self._planned.set()

    async def _work(self) -> None:
        while rows := await self._store.read(lambda db: reactions.planned(db, AT_ONCE)):
            for row in rows:
                if not await self._carry_out(row):
                    await asyncio.sleep(RETRY_S)
                    self._planned.set()
                    return

    async def _carry_out(self, row: ReactionRow) -> bool:
        """Do one thing, or say why not; False: not now."""
        if row.kind == KIND:
            return await self._obey(row)
        now = self._clock.now_ms()
        why = self._why_not(row, now)
        if why is not None:
            found = why == MACHINE and not self._ledger.is_muted(row.peer)
            await self._settle(row, "muted" if found else "skipped", why=why)
            return True
        digest = hashlib.sha256(f"{row.id}/{row.public_id}".encode()).digest()
        key = IdempotencyKey(f"{_KEY}{row.public_id}/{row.kind}/{row.target}", digest)
        try:
            sent = await self._submit(self._draft(row), ANSWERER, key)
        except RequestError as exc:
            if exc.status >= 500:  # noqa: PLR2004 - the queue is full, we are stopping
                return False
            await self._settle(row, "skipped", why=exc.detail)
            return True
        await self._settle(row, "done", message=sent.id)
        return True

    async def _obey(self, row: ReactionRow) -> bool:
        """Do what an administrator asked for; False: not now."""
        try:
            why = "nobody does it" if self.desk is None else await self.desk(row)
        except NotNow as exc:
            log.error("admin SMS waits", extra={"why": str(exc)})
            return False
        if why is None:
            await self._settle(row, "done")
        else:
            await self._settle(row, "skipped", why=why)
        return True

    # -- whether -------------------------------------------------------------

    def _why_not(self, row: ReactionRow, now: int) -> str | None:
        late = FORWARD_LATE_MS if row.kind == "forward" else LATE_MS
        if not 0 <= now - row.asked_at <= late:
            return "it is too late for it"
        own = [sim.number for sim in self._sims() if sim.number]
        if row.kind == "forward":
            return self._why_no_forward(row, own, now)
        if row.body is None:
            return "its text is gone"
        return (
            reply_guard.who_is_no_person(row.peer, own, self._ledger.limits)
            or reply_guard.what_is_no_question(row.body)
            or ("it says what we say" if self._echo.knows(row.body) else None)
            or self._ledger.why_not(row.peer, row.asked_at, now)
        )

    def _why_no_forward(self, row: ReactionRow, own: list[str], now: int) -> str | None:
        if row.body is None:
            return "its text is gone"
        if any(same_recipient(number, row.target) for number in own):
            return "it would come back to a SIM of ours"
        if same_recipient(row.target, row.peer):
            return "it comes from where it would go"
        if (why := reply_guard.is_forwarded(row.body)) is not None:
            return why
        while self._forwards and self._forwards[0] <= now - HOUR_MS:
            self._forwards.popleft()
        most = self._ledger.limits.in_all
        if len(self._forwards) >= most:
            return f"{most} messages were forwarded within the hour"
        return None

    # -- what ----------------------------------------------------------------

    def _draft(self, row: ReactionRow) -> Draft:
        if row.kind == "forward":
            local = datetime.fromtimestamp(row.created_at / 1000, self._zone)
            head = f"{reply_guard.FORWARD_HEAD} {row.sender} {local:%Y-%m-%d %H:%M}"
            return Draft(
                to=row.target,
                text=f"{head}: {row.body}",
                klass=self._class,
                reference=row.public_id,
                tags=("forwarded",),
            )
        return Draft(
            to=row.target,
            text=row.text,
            klass=self._class,
            sticky=True,
            expires_in=REPLY_VALID_S,
            reference=row.public_id,
            tags=("auto-reply",),
            past_opt_out=row.kind != "reply",
        )

    async def _settle(self, row: ReactionRow, state: str, **about: str) -> None:
        now, ids = self._clock.now_ms(), self._store.ids
        done = state == "done"
        type = "message.answered" if row.kind != "forward" else "message.forwarded"
        data: dict[str, object] = {"kind": row.kind, **about}
        if row.rule is not None:
            data["rule"] = row.rule

        def job(db: Connection) -> bool:
            if not reactions.settle(db, row.id, state, now):
                return False
            events.append(
                db,
                type if done else "message.left",
                at=now,
                data=data,
                message_id=row.message_id,
                ids=ids,
            )
            return True

        if not await self._store.write(job):
            return
        if row.kind == "forward":
            if done:
                self._forwards.append(now)
        elif row.kind != KIND and (done or state == "muted"):
            muted = state == "muted"
            self._ledger.note(Answered(row.peer, row.asked_at, now, muted))
        extra = {"message_id": row.public_id, "kind": row.kind, **about}
        log.info("answered" if done else "not answered", extra=_plain(extra))


def _nobody_cleans() -> None:
    """Nobody empties the write-ahead log."""


def _plain(extra: dict[str, str]) -> dict[str, str]:
    """Rename the field that names the message sent: `message` is taken in a record."""
    return {("sent" if name == "message" else name): v for name, v in extra.items()}
