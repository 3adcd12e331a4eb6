"""Everything about one number: shown to the person, or taken away from all places.

An erasure leaves what is counted: the number becomes a pseudonym, keyed with a
secret of this gateway, the texts go. It works through the tables in small jobs.
"""

import asyncio
import logging
import sqlite3
from functools import partial

import msgspec
from msgspec import UNSET

from modemgw import number
from modemgw.clock import Clock
from modemgw.config.model import Config
from modemgw.errors import Conflict, FieldError, FieldProblem, NotFound
from modemgw.gateway import audit, views
from modemgw.gateway import privacy_resources as resources
from modemgw.gateway.model import Caller
from modemgw.gateway.privacy_resources import (
    ExportedEvent,
    ExportedMessage,
    PrivacyErased,
    PrivacyExport,
)
from modemgw.gateway.records import Records
from modemgw.gateway.scrubber import Scrubber
from modemgw.policy.message import CANCELABLE, MessageState
from modemgw.store import events, messages, sims, suppressions
from modemgw.store import privacy as rows
from modemgw.store.database import Store
from modemgw.store.pepper import Pepper
from modemgw.store.privacy import Who

log = logging.getLogger("modemgw.privacy")

SLICE = 50  # messages erased in one transaction
WINDOW = 5_000  # events or TPDUs looked at in one read
READ_S = 30.0  # for one window, on a slow card
ROUNDS = 20  # what comes in while we erase is erased, too, but not for ever
RETRY_S = 60


class StillWaiting(Conflict):
    """Messages to the number are not over; nothing was erased."""

    problem = "still-waiting"
    title = "Messages are still waiting"


class Privacy:
    """Exports and erasures."""

    def __init__(
        self,
        config: Config,
        store: Store,
        clock: Clock,
        *,
        records: Records,
        pepper: Pepper,
        scrubber: Scrubber,
    ) -> None:
        self.config = config
        self._store = store
        self._clock = clock
        self._records = records
        self._pepper = pepper
        self._scrubber = scrubber
        self._erasing = asyncio.Lock()

    # -- export --------------------------------------------------------------

    async def export(
        self, text: str, caller: Caller, *, after: int, limit: int, as_csv: bool
    ) -> tuple[PrivacyExport, int | None]:
        """Return what is kept of a number, and the cursor behind it for more."""
        who = self._who(text)
        wanted = await self._store.read(
            partial(rows.message_ids, peer=who.peer, after=after, limit=limit + 1)
        )
        shown: list[ExportedMessage] = []
        for message_id in wanted[:limit]:
            found = await self._store.read(
                partial(self._message, message_id=message_id)
            )
            if found is not None:
                shown.append(found)
        more = wanted[limit - 1] if len(wanted) > limit else None
        first = not after
        told, codes, opted = [], [], []
        if first:
            told = await self._events(who)
            codes = await self._store.read(
                lambda db: list(
                    map(resources.verification, rows.verifications(db, who.peer))
                )
            )
            opted = await self._store.read(
                lambda db: list(
                    map(resources.suppression, suppressions.of_number(db, who.peer))
                )
            )
            await audit.note(
                self._store, "privacy.export", caller, object=who.pseudonym
            )
        export = PrivacyExport(
            number=who.peer,
            exported_at=views.instant(self._clock.now_ms()),
            messages=shown,
            other_events=told,
            verifications=codes,
            suppressions=opted,
            next_cursor=None,
            has_more=more is not None,
            csv=resources.as_csv(one.message for one in shown) if as_csv else UNSET,
        )
        return export, more

    def _message(
        self, db: sqlite3.Connection, message_id: int
    ) -> ExportedMessage | None:
        row = messages.get_by_id(db, message_id)
        if row is None:
            return None
        steps = events.timeline(db, message_id)
        return ExportedMessage(
            message=views.message(row, self.config.sims.currency),
            parts=list(map(resources.part, rows.parts(db, message_id))),
            events=[views.step(event, False) for event in steps],
        )

    async def _events(self, who: Who) -> list[ExportedEvent]:
        """Find what else names the number: calls, codes."""
        found: list[ExportedEvent] = []
        for _, type, at, data in await self._walk_events(who):
            if type.startswith("message.") or who.without(data) == data:
                continue
            shown = msgspec.json.decode(data)
            found.append(ExportedEvent(at=views.instant(at), type=type, data=shown))
        return found

    async def _walk_events(self, who: Who) -> list[tuple[int, str, int, str]]:
        found: list[tuple[int, str, int, str]] = []
        after: int | None = 0
        while after is not None:
            query = partial(
                rows.events_window, digits=who.national, after=after, limit=WINDOW
            )
            after, some = await self._store.read(query, deadline_s=READ_S)
            found += some
        return found

    # -- erase ---------------------------------------------------------------

    async def erase(self, text: str, caller: Caller, *, cancel: bool) -> PrivacyErased:
        """Take a number and its texts away from everywhere; return what was done.

        Raises FieldError; StillWaiting while messages to it are not over (with
        `cancel` those that can be are canceled); StoreError: then call it again.
        """
        who = self._who(text)
        async with self._erasing:
            await self._refuse_own(who)
            canceled = await self._close(who, cancel=cancel)
            done = await self._erase(who)
            erased = PrivacyErased(
                pseudonym=who.pseudonym, canceled=canceled, on_disk=False, **done
            )
            await audit.note(
                self._store,
                "privacy.erase",
                caller,
                object=who.pseudonym,
                canceled=canceled,
                **done,
            )
            on_disk = await self._scrubber.now()
        log.info("number erased", extra={"pseudonym": who.pseudonym, **done})
        return msgspec.structs.replace(erased, on_disk=on_disk)

    async def _refuse_own(self, who: Who) -> None:
        for sim in await self._store.read(sims.list_sims):
            if sim.number == who.peer:
                raise _wrong(f"is the number of our SIM {sim.name}")

    async def _close(self, who: Who, *, cancel: bool) -> int:
        """See to it that nothing waits for it; return how many were canceled."""
        canceled = 0
        while waiting := await self._store.read(
            lambda db: rows.open_messages(db, who.peer)
        ):
            able = [id for id, state in waiting if MessageState(state) in CANCELABLE]
            if not cancel or not able:
                raise _still(waiting, cancel=cancel)
            for public_id in able:
                try:
                    await self._records.cancel(public_id, "privacy.erase")
                except (Conflict, NotFound):
                    continue  # a SIM was quicker; the next look tells
                canceled += 1
        batches = await self._store.read(lambda db: rows.pending_with(db, who.national))
        if batches:
            raise StillWaiting(
                f"the batch {batches[0]} is still being taken in and names the number",
                retry_after=RETRY_S,
            )
        return canceled

    async def _erase(self, who: Who) -> dict[str, int]:
        store, now, ids = self._store, self._clock.now_ms(), self._store.ids
        count = 0
        for _ in range(ROUNDS):
            after = 0
            while wanted := await store.read(
                partial(rows.message_ids, peer=who.peer, after=after, limit=SLICE)
            ):
                count += await store.write(
                    partial(
                        rows.erase_messages, ids=ids, who=who, wanted=wanted, now=now
                    )
                )
                after = wanted[-1]
            if waiting := await store.read(lambda db: rows.open_messages(db, who.peer)):
                raise _still(waiting, cancel=False)
            if not after:
                break
        await store.write(lambda db: rows.erase_rest(db, who, now))
        told = await self._walk_events(who)
        for event_id, _, _, data in told:
            await store.write(
                partial(rows.erase_event, who=who, event_id=event_id, data=data)
            )
        tpdus = await self._erase_raw(who)
        found = await store.read(
            lambda db: rows.answers_with(db, who.national), deadline_s=READ_S
        )
        await store.write(lambda db: rows.erase_answers(db, who, found))
        return {"messages": count, "other_events": len(told), "tpdus": tpdus}

    async def _erase_raw(self, who: Who) -> int:
        if len(who.national) <= rows.SUFFIX:
            return (
                0  # too short to be told from other octets; those of messages are gone
            )
        count, after = 0, 0
        while True:
            query = partial(rows.raw_window, who=who, after=after, limit=WINDOW)
            last, found = await self._store.read(query, deadline_s=READ_S)
            if found:
                await self._store.write(partial(rows.blank_raw, wanted=found))
                count += len(found)
            if last is None:
                return count
            after = last

    def _who(self, text: str) -> Who:
        """Read a number as the rows have it. Raises FieldError."""
        try:
            found = number.parse(text, self.config.country)
        except number.InvalidNumber as exc:
            raise _wrong(f"not a number: {exc}") from None
        peer, national = found.text, found.text.removeprefix("+")
        if found.e164 is not None and (region := number.region_of(peer)) is not None:
            national = peer.removeprefix(number.calling_code(region))
        return Who(peer, national, self._pepper.pseudonym(peer))


def _wrong(why: str) -> FieldError:
    return FieldError(
        f"number: {why}", errors=(FieldProblem("/number", "invalid_number", why),)
    )


def _still(waiting: list[tuple[str, str]], *, cancel: bool) -> StillWaiting:
    shown = ", ".join(f"{public_id} ({state})" for public_id, state in waiting[:5])
    more = " and more" if len(waiting) > 5 else ""  # noqa: PLR2004
    hint = "ask again in a minute, and settle what is in doubt"
    if not cancel:
        hint = 'cancel them, or ask with "waiting": "cancel"'
    return StillWaiting(
        f"messages to this number are not over: {shown}{more}; {hint}",
        retry_after=RETRY_S,
    )
