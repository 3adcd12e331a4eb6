"""Carries out what administrators asked for by SMS, and answers in one part.

Each command is a row (see admin_hearing.py), so it survives a crash; done twice it
does the same. The answer goes through `submit` with a key of its own.
"""

import hashlib
import logging
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from modemgw.config.admins import AdminConfig
from modemgw.errors import RequestError, StoreError
from modemgw.gateway import audit
from modemgw.gateway.admin_hearing import LOCKED, caller_of
from modemgw.gateway.model import Caller, Draft, IdempotencyKey
from modemgw.gateway.status_resources import SimAtAGlance, Status
from modemgw.policy import admin_text
from modemgw.policy.admin_sms import HELP, REPLIES_PER_HOUR
from modemgw.policy.admin_text import SimLine
from modemgw.policy.correlate import same_number
from modemgw.store import admin_locks
from modemgw.store.reactions import ReactionRow

if TYPE_CHECKING:
    from modemgw.gateway.gateway import Gateway

log = logging.getLogger("modemgw.admin")

HOUR_MS = 3_600_000
VALID_S = 900  # an answer is of no use later
LEAVES_S = 60.0  # the answer to `pause` goes out before it holds
_KEY = "\x1fadmin/"


class NotNow(Exception):
    """The queue is full, or the disk says no."""


class AdminDesk:
    """Does what it is told, by whom it may be told."""

    def __init__(self, gateway: "Gateway") -> None:
        self._gateway = gateway
        self._replies: dict[str, deque[int]] = {}  # instants, by number

    async def carry_out(self, row: ReactionRow) -> str | None:
        """Do one thing and answer it; return why not, None where it was done.

        Raises NotNow.
        """
        now = self._gateway.clock.now_ms()
        if not 0 <= now - row.asked_at <= HOUR_MS:
            return "it is too late for it"
        admin = self._admin(row.peer)
        if admin is None:
            return "the number is listed no more"
        if any(
            sim.number and same_number(sim.number, row.peer)
            for sim in self._gateway.sims()
        ):
            return "it comes from a SIM of ours"
        if not self._may_reply(row.peer, now):
            return f"{REPLIES_PER_HOUR} commands came within the hour"
        word = row.text or HELP
        try:
            await self._do(word, admin, row)
        except StoreError as exc:
            raise NotNow(str(exc)) from None
        except RequestError as exc:
            if exc.status >= 500:  # noqa: PLR2004 - the queue is full, we are stopping
                raise NotNow(exc.detail) from None
            return exc.detail
        self._replies[row.peer].append(now)
        return None

    async def _do(self, word: str, admin: AdminConfig, row: ReactionRow) -> None:
        gateway, caller = self._gateway, caller_of(admin)
        if word not in (*admin.may, HELP, LOCKED):
            word = HELP
        if word == "pause":
            # Nothing leaves while sending is paused, an answer neither. An answer
            # that cannot be given holds up no pause.
            with suppress(RequestError):
                id = await self._reply(row, admin_text.paused(), caller)
                await gateway.wait_state(id, LEAVES_S)
            await gateway.care.pause_all(caller, on=True)
        elif word == "resume":
            await gateway.care.pause_all(caller, on=False)
            text = admin_text.resumed(await self._queued())
            with suppress(RequestError):  # or it would be resumed again and again
                await self._reply(row, text, caller)
        else:
            await self._reply(row, await self._answer(word, admin), caller)
        await audit.note(gateway.store, f"admin_sms.{word}", caller)
        log.info("admin SMS", extra={"by": admin.name, "word": word})

    async def _answer(self, word: str, admin: AdminConfig) -> str:
        if word == LOCKED:
            store, now = self._gateway.store, self._gateway.clock.now_ms()
            known = await store.read(lambda db: admin_locks.get(db, admin.number))
            minutes = max(1, round((known.lock.until_at - now) / 60_000))
            return admin_text.locked(minutes)
        if word == HELP:
            return admin_text.help_text(admin.may)
        found = await self._gateway.watch.status(0)
        sims = [_line(one) for one in found.sims if one.state != "absent"]
        if word == "balance":
            return admin_text.balance(sims)
        return admin_text.status(
            level=_LEVELS.get(found.level, found.level),
            sims=sims,
            queued=_waiting(found),
            outcomes=found.last_hour.outcomes,
            troubles=[one.what for one in found.troubles],
        )

    async def _reply(self, row: ReactionRow, text: str, caller: Caller) -> str:
        draft = Draft(
            to=row.peer,
            text=text,
            klass="alert",
            sticky=True,
            expires_in=VALID_S,
            reference=row.public_id,
            tags=("admin-sms",),
            past_opt_out=True,
        )
        digest = hashlib.sha256(f"{row.id}/{row.public_id}".encode()).digest()
        key = IdempotencyKey(f"{_KEY}{row.public_id}", digest)
        sent = await self._gateway.intake.submit(draft, caller, key)
        return sent.id

    async def _queued(self) -> int | None:
        return _waiting(await self._gateway.watch.status(0))

    def _admin(self, peer: str) -> AdminConfig | None:
        admins = self._gateway.config.admins
        return next((one for one in admins if one.number == peer), None)

    def _may_reply(self, peer: str, now: int) -> bool:
        lately = self._replies.setdefault(peer, deque())
        while lately and not 0 <= now - lately[0] < HOUR_MS:
            lately.popleft()
        return len(lately) < REPLIES_PER_HOUR


_LEVELS = {
    "well": "all well",
    "degraded": "works, needs a look",
    "down": "SENDS NOTHING",
}


def _waiting(found: Status) -> int | None:
    states = found.queue.states
    return None if states is None else states.get("queued", 0) + states["sending"]


def _line(sim: SimAtAGlance) -> SimLine:
    least = min(
        sim.left,
        key=lambda one: float(one.left) / max(float(one.of), 1e-9),
        default=None,
    )
    return SimLine(
        name=sim.name,
        is_ready=sim.state in ("ready", "paced"),
        balance=sim.balance,
        is_low=sim.balance_low,
        left=f"{least.left} of {least.of} left" if least is not None else "",
    )
