"""Alarms: tells people of troubles, once each, over SMS, mail and webhooks.

The watch says every few seconds what is wrong. What lasts becomes an alarm: a row and
an event, which webhooks get. What is to be texted or mailed waits a moment, so that
all that comes at once is one message. A disk that takes no writes stops no alarm: it
is told from memory, and written down later.
"""

import asyncio
import hashlib
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec

from modemgw.config.alarms import OFF, AlarmsConfig
from modemgw.errors import RequestError, StoreError
from modemgw.gateway.alarm_resources import AlarmOfGateway, Told, shown
from modemgw.gateway.envelopes import wanting
from modemgw.gateway.model import Caller, Draft, FallbackStep, IdempotencyKey
from modemgw.policy import alarm_text
from modemgw.policy.alarm_book import NEVER_MS, Alarm, Step, Terms, is_done, look, news
from modemgw.policy.alarm_text import Notice
from modemgw.policy.correlate import same_number
from modemgw.policy.hours import next_allowed
from modemgw.policy.trouble import KINDS, Trouble
from modemgw.store import alarms as rows
from modemgw.store import events, meta, pings, webhooks
from modemgw.store.alarms import AlarmRow
from modemgw.store.writer import Connection

if TYPE_CHECKING:
    from modemgw.gateway.gateway import Gateway

log = logging.getLogger("modemgw.alarms")

DAY_MS = 86_400_000
KEPT_MS = 90 * DAY_MS
VALID_S = 3600  # a text about it is of no use later
OTHER_SIM_AFTER_S = 120
MAIL_AGAIN_S = (60.0, 300.0, 900.0, 3600.0)  # after failures in a row
WATCHMAN = Caller(None, "alarms", frozenset(), "inside")
BUDGET = "alarm.texts"  # in meta: instants of the texts of the last day
# Clients give printable ASCII alone, so that none can have used this key.
_KEY = "\x1falarm/"


class Alarms:
    """Knows the open alarms, and what of them was told to whom."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._open: dict[str, Alarm] = {}  # open, or still to be told; by id
        self._unwritten: list[tuple[Step | None, Alarm]] = []
        self._writes = asyncio.Lock()  # looks and mails write the same list
        self._texts: deque[int] = deque()  # instants
        self._said_budget = False
        self._news_at: float | None = None  # since when there is news, monotonic
        self._mail_failures = 0
        self._mail_due = 0.0
        self._mail_wake = asyncio.Event()

    @property
    def _config(self) -> AlarmsConfig:
        return self._gateway.config.alarms

    async def load(self) -> None:
        """Take up what the last run left: nothing of it is told again."""
        store = self._gateway.store
        found = await store.read(rows.unfinished)
        self._open = {row.public_id: _alarm(row) for row in found}
        texts = await store.read(lambda db: meta.get(db, BUDGET))
        self._texts = deque(msgspec.json.decode(texts, type=list[int]) if texts else ())

    # -- what the watch says --------------------------------------------------

    async def heard(self, troubles: Sequence[Trouble]) -> None:
        """Take what is wrong now; raise, remind and clear."""
        now, ids = self._gateway.clock.now_ms(), self._gateway.store.ids
        past = {id: one for id, one in self._open.items() if one.cleared_at is not None}
        current = [one for one in self._open.values() if one.cleared_at is None]
        found = look(current, troubles, self._terms(), now, lambda: ids.new("alm", now))
        self._open = past | {one.id: one for _, one in found}
        steps = [(step, one) for step, one in found if step is not None]
        for step, alarm in steps:
            extra = {"kind": alarm.kind, "subject": alarm.subject, "what": alarm.what}
            log.warning(f"alarm {step.value}", extra=extra)
        self._unwritten.extend(steps)
        await self._write()
        await self._tell()

    def _terms(self) -> Terms:
        config = self._config
        after = {
            kind: NEVER_MS if seconds == OFF else int(seconds * 1000)
            for kind in KINDS
            for seconds in [config.when.of(kind)]
        }
        # The threshold of the queue is its age already.
        after["queue_old"] = min(after["queue_old"], 0)
        remind = NEVER_MS if config.remind == OFF else int(config.remind * 1000)
        return Terms(after, remind)

    async def _write(self) -> None:
        """Bring steps to disk, with their events; where it says no, later."""
        async with self._writes:
            if not self._unwritten:
                return
            steps = list(self._unwritten)
            try:
                await self._gateway.store.write(partial(self._put, steps))
            except StoreError as exc:
                log.error("cannot write an alarm down", extra={"error": str(exc)})
                return
            del self._unwritten[: len(steps)]
            self._forget_done()

    def _put(self, steps: list[tuple[Step | None, Alarm]], db: Connection) -> None:
        for step, alarm in steps:
            rows.put(db, _row(alarm), done=is_done(alarm))
            if step is None:
                continue
            events.append(
                db,
                f"alarm.{step.value}",
                at=alarm.stage_at,
                data=msgspec.to_builtins(shown(alarm)),
                push=True,
                ids=self._gateway.store.ids,
            )

    def _forget_done(self) -> None:
        self._open = {id: one for id, one in self._open.items() if not is_done(one)}

    # -- telling --------------------------------------------------------------

    async def _tell(self) -> None:
        """Tell what has waited long enough for company."""
        self._skip_who_is_not_told()
        texts, mails = self._for_sms(), self._for_mail()
        if not texts and not mails:
            self._news_at = None
            return
        now = self._gateway.clock.monotonic()
        if self._news_at is None:
            self._news_at = now
        if now - self._news_at < self._config.group:
            return
        if mails:
            self._mail_wake.set()
        if texts and await self._text(texts):
            self._news_at = None

    def _skip_who_is_not_told(self) -> None:
        config = self._config
        for alarm in self._open.values():
            sms, mails = alarm.told_sms, alarm.told_mail
            if not config.sms or alarm.kind in config.mail_only:
                sms = alarm.stage
            if not config.mail.to:
                mails = alarm.stage
            if (sms, mails) != (alarm.told_sms, alarm.told_mail):
                self._note(replace(alarm, told_sms=sms, told_mail=mails))

    def _for_sms(self) -> list[tuple[Step, Alarm]]:
        config, now = self._config, self._gateway.clock.now_ms()
        is_quiet = next_allowed(now, config.quiet, (self._zone,)) > now
        return [
            (step, one)
            for one in self._open.values()
            if (step := news(one, one.told_sms)) is not None
            and not (is_quiet and one.kind not in config.urgent)
        ]

    def _for_mail(self) -> list[tuple[Step, Alarm]]:
        return [
            (step, one)
            for one in self._open.values()
            if (step := news(one, one.told_mail)) is not None
        ]

    def _note(self, alarm: Alarm) -> None:
        """Keep how far an alarm was told, in memory and with the next write."""
        if alarm.id in self._open:
            self._open[alarm.id] = alarm
            self._unwritten.append((None, alarm))

    async def _text(self, told: list[tuple[Step, Alarm]]) -> bool:
        """Text everybody; False: not now, and then all of it again later."""
        if not self._gateway.readiness().ready:
            return False  # it would only wait, and tell old news in the end
        text = alarm_text.sms(Notice(told, self._zone))
        stages = ",".join(f"{one.id}/{one.stage}" for _, one in told)
        wanted = [to for to in self._config.sms if not self._is_own(to)]
        if not self._may_text(len(wanted)):
            return False
        sims = self._well_sims(told)
        for to in wanted:
            try:
                await self._submit(to, text, stages, sims)
            except RequestError as exc:
                log.error("alarm not texted", extra={"why": exc.detail})
                if exc.status >= 500:  # noqa: PLR2004 - the queue is full, we are stopping
                    return False
            except StoreError as exc:
                log.error("alarm not texted", extra={"why": str(exc)})
                return False
        for _, alarm in told:
            now_open = self._open.get(alarm.id)
            if now_open is not None:
                self._note(replace(now_open, told_sms=alarm.stage))
        await self._spent(len(wanted))
        await self._write()
        return True

    async def _submit(self, to: str, text: str, about: str, sims: list[str]) -> str:
        """Hand one text over, to go by these SIMs; return the id of the message."""
        draft = Draft(
            to=to,
            text=text,
            klass="alert",
            sim=sims[0] if sims else None,
            fallback=tuple(
                FallbackStep(OTHER_SIM_AFTER_S * place, sim=sim)
                for place, sim in enumerate(sims[1:3], 1)
            ),
            expires_in=VALID_S,
            tags=("alarm",),
            past_opt_out=True,
        )
        digest = hashlib.sha256(f"{about}/{text}".encode()).digest()
        key = IdempotencyKey(f"{_KEY}{digest.hex()}/{to}", digest)
        sent = await self._gateway.intake.submit(draft, WATCHMAN, key)
        return sent.id

    def _well_sims(self, told: Sequence[tuple[Step, Alarm]]) -> list[str]:
        """Return the SIMs to text by, where some are sick; [] where any will do."""
        sick = {one.subject for one in self._open.values() if one.cleared_at is None}
        sick |= {one.subject for _, one in told}
        well = [
            (view.state != "ready", view.name)
            for view in self._gateway.sims()
            if view.state in ("ready", "paced")
            and not {view.name, view.modem} & sick
            and (view.health is None or view.health.state == "active")
        ]
        return [name for _, name in sorted(well)] if sick - {""} else []

    def _is_own(self, to: str) -> bool:
        """Say whether a number is a SIM of ours: its text would come in here again."""
        numbers = [view.number for view in self._gateway.sims() if view.number]
        return any(same_number(number, to) for number in numbers)

    def _may_text(self, count: int) -> bool:
        now = self._gateway.clock.now_ms()
        while self._texts and not 0 <= now - self._texts[0] < DAY_MS:
            self._texts.popleft()
        may = len(self._texts) + count <= self._config.sms_per_day
        if not may and not self._said_budget:
            log.error(
                "no more alarms are texted today (alarms.sms_per_day)",
                extra={"texts": len(self._texts)},
            )
        self._said_budget = not may
        return may

    async def _spent(self, count: int) -> None:
        now = self._gateway.clock.now_ms()
        self._texts.extend([now] * count)
        spent = msgspec.json.encode(list(self._texts)).decode()
        try:
            await self._gateway.store.write(lambda db: meta.put(db, BUDGET, spent))
        except StoreError as exc:
            log.error("cannot write to the database", extra={"error": str(exc)})

    @property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._gateway.config.timezone)

    # -- mail -----------------------------------------------------------------

    async def run(self) -> None:
        """Send mails, for life; a server that hangs holds up nothing else."""
        while True:
            await self._mail_wake.wait()
            self._mail_wake.clear()
            wait = self._mail_due - self._gateway.clock.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            await self._mail()

    async def _mail(self) -> None:
        from modemgw.gateway import mail  # noqa: PLC0415 (not everybody has it)

        told, config = self._for_mail(), self._config.mail
        if not told or not config.to:
            return
        notice, now = Notice(told, self._zone), self._gateway.clock.now_ms()
        subject, body = alarm_text.subject(notice), alarm_text.body(notice)
        try:
            await mail.send(config, subject, body, now_ms=now)
        except mail.MailError as exc:
            log.error("alarm not mailed", extra={"why": str(exc)})
            step = min(self._mail_failures, len(MAIL_AGAIN_S) - 1)
            self._mail_failures += 1
            self._mail_due = self._gateway.clock.monotonic() + MAIL_AGAIN_S[step]
            return  # the next look wakes us again
        self._mail_failures, self._mail_due = 0, 0.0
        for _, alarm in told:
            now_open = self._open.get(alarm.id)
            if now_open is not None:
                self._note(replace(now_open, told_mail=alarm.stage))
        await self._write()

    # -- for people -----------------------------------------------------------

    async def listed(self, limit: int) -> list[AlarmOfGateway]:
        """Return the last alarms, newest first."""
        found = await self._gateway.store.read(lambda db: rows.latest(db, limit))
        return [shown(_alarm(row)) for row in found]

    async def test(self) -> list[Told]:
        """Tell that this is a test, over every way there is."""
        from modemgw.gateway import mail  # noqa: PLC0415

        now, config = self._gateway.clock.now_ms(), self._config
        text = "modemgw: a test of the alarms. All is well"
        found: list[Told] = []
        for to in config.sms:
            if self._is_own(to):
                found.append(Told("sms", to, False, "this is a SIM of the gateway"))
                continue
            try:
                id = await self._submit(to, text, f"test/{now}", [])
            except (RequestError, StoreError) as exc:
                found.append(Told("sms", to, False, str(exc)))
            else:
                found.append(Told("sms", to, True, id))
        if config.mail.to:
            target = ", ".join(config.mail.to)
            try:
                await mail.send(config.mail, text, f"{text}.\n", now_ms=now)
            except mail.MailError as exc:
                found.append(Told("mail", target, False, str(exc)))
            else:
                found.append(Told("mail", target, True, f"taken by {config.mail.host}"))
        return found + await self._ping(now)

    async def _ping(self, now: int) -> list[Told]:
        """Post a test event to every endpoint that gets alarms."""
        ids = self._gateway.store.ids

        def job(db: Connection) -> list[Told]:
            found: list[Told] = []
            for one in webhooks.list_webhooks(db):
                where = urlsplit(one.url).hostname or one.public_id
                if not any(wanting(one.events)(kind) for kind in _EVENTS):
                    continue
                if one.state != "active":
                    told = Told("webhook", where, False, f"it is {one.state}")
                else:
                    data: dict[str, object] = {
                        "webhook": one.public_id,
                        "by": WATCHMAN.name,
                    }
                    id = pings.ping(db, ids, one.id, at=now, data=data)
                    told = Told("webhook", where, True, f"on its way: {id}")
                found.append(told)
            return found

        return await self._gateway.store.write(job)

    async def tidy(self) -> None:
        """Forget what was over long ago. Raises StoreError."""
        before = self._gateway.clock.now_ms() - KEPT_MS
        await self._gateway.store.write(lambda db: rows.forget(db, before))


_FIELDS = {"public_id": "id"}
_EVENTS = ("alarm.raised", "alarm.reminded", "alarm.cleared")


def _alarm(row: AlarmRow) -> Alarm:
    return Alarm(**{_FIELDS.get(k, k): v for k, v in asdict(row).items()})


def _row(alarm: Alarm) -> AlarmRow:
    values = asdict(alarm)
    values["public_id"] = values.pop("id")
    values.pop("gone_at")
    return AlarmRow(**values)
