"""Hears commands of administrators in received texts, and takes their PINs out.

Runs inside the job that makes the message. The PIN is gone before anything is
stored: out of the text, and of the TPDU that was kept as it came. What is asked for
is planned as a reaction, without the PIN, and carried out by admin_desk.py.

    who sends              what is in it           what becomes of it
    a listed number        right PIN and a word    planned, answered
                           wrong PIN               counted; the fifth locks the number
                           no PIN                  a text like any other
    anybody else           a listed PIN, a word    masked; a text like any other

Who may read texts and forges a sender must not find a PIN by what is masked. So of a
listed number every figure goes, right or wrong; and of others few texts a day are
looked at.
"""

import hmac
import logging
from collections.abc import Iterable
from dataclasses import dataclass, replace

from modemgw.config.admins import AdminConfig
from modemgw.errors import ConfigError
from modemgw.gateway import audit
from modemgw.gateway.model import Caller
from modemgw.number import mask
from modemgw.policy.admin_sms import (
    HELP,
    SHORT,
    STRANGERS_A_DAY,
    Command,
    Lock,
    read,
    redacted,
    without_digits,
    wrong,
)
from modemgw.store import admin_locks, reactions
from modemgw.store.admin_locks import Known
from modemgw.store.fragments import NewInbound
from modemgw.store.messages import MessageRow
from modemgw.store.reactions import NewReaction
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.admin")

KIND = "admin"  # of the reaction
LOCKED = "locked"  # planned instead of a word: the number is told of it, once
DAY_MS = 86_400_000
NONE = Command(None, None)


@dataclass(frozen=True, slots=True)
class Overheard:
    """What a text was before its PIN was taken out."""

    command: Command = NONE
    was_masked: bool = False


class AdminHearing:
    """Knows the administrators of one configuration."""

    def __init__(self, admins: Iterable[AdminConfig]) -> None:
        self._admins = {one.number: one for one in admins}
        self._day, self._guesses = 0, 0  # of strangers, on this day of the network

    def mask(self, new: NewInbound, peer: str | None) -> tuple[NewInbound, Overheard]:
        """Take what may be a PIN out of a text from `peer`, a number as dialled."""
        text = new.text
        if not self._admins or not text:
            return new, Overheard()
        command = read(text)
        if peer in self._admins:
            if (masked := without_digits(text)) == text:
                return new, Overheard()
            is_meant = command.word is not None or len(text) <= SHORT
            heard = Overheard(command if is_meant else NONE, was_masked=True)
            return replace(new, text=masked), heard
        if not self._is_of_an_admin(command, new):
            return new, Overheard()
        return replace(new, text=redacted(text)), Overheard(command, was_masked=True)

    def _is_of_an_admin(self, command: Command, new: NewInbound) -> bool:
        """Say whether an administrator seems to use the wrong phone."""
        if command.pin is None or command.word is None:
            return False
        at = new.options.get("smsc_time")
        day = at // DAY_MS if isinstance(at, int) else 0
        if day > self._day:
            self._day, self._guesses = day, 0
        if self._guesses >= STRANGERS_A_DAY:
            return False
        if any([_is_right(one, command.pin) for one in self._admins.values()]):
            return True
        self._guesses += 1
        return False

    def act(
        self,
        db: Connection,
        found: MessageRow,
        peer: str,
        overheard: Overheard,
        now: int,
    ) -> bool:
        """Plan what an administrator asks for; False: it is a text like any other."""
        admin, command = self._admins.get(peer), overheard.command
        if admin is None or command.pin is None or found.segments != 1:
            return False
        if "backlog" in found.options:
            return True  # from before; nobody waits for it
        known = admin_locks.get(db, peer)
        if known.lock.is_shut(now):
            log.warning("admin SMS while locked", extra={"by": admin.name})
            return True
        if not _is_right(admin, command.pin):
            self._refuse(db, found, admin, known, now)
            return True
        at = found.options.get("smsc_time")
        last = (at if isinstance(at, int) else now), command.word or HELP
        if last == (known.last_at, known.last_word):
            return True  # the same text once more: read twice, or brought twice
        admin_locks.put(db, peer, Known(Lock(), *last))
        self._plan(db, found, peer, command.word or HELP, now)
        return True

    def _refuse(
        self,
        db: Connection,
        found: MessageRow,
        admin: AdminConfig,
        known: Known,
        now: int,
    ) -> None:
        lock = wrong(known.lock, now)
        admin_locks.put(db, admin.number, replace(known, lock=lock))
        is_shut = lock.is_shut(now)
        audit.append(
            db,
            now,
            "admin_sms.locked" if is_shut else "admin_sms.refused",
            caller_of(admin),
            why="wrong PIN",
        )
        if is_shut:
            self._plan(db, found, admin.number, LOCKED, now)

    def _plan(
        self, db: Connection, found: MessageRow, peer: str, word: str, now: int
    ) -> None:
        new = NewReaction(
            message_id=found.id,
            kind=KIND,
            target=peer,
            peer=peer,
            asked_at=now,
            text=word,
            sim=found.sim,
        )
        reactions.plan(db, new)


def blank(db: Connection, found: MessageRow) -> None:
    """Take the PIN out of the TPDUs as well, which were kept as they came."""
    db.execute(sql("redacting.blank_raw"), {"id": found.id})


def caller_of(admin: AdminConfig) -> Caller:
    """Return who stands in the audit log."""
    scopes = frozenset({"admin"})
    return Caller(None, f"{admin.name} by SMS", scopes, mask(admin.number))


def _is_right(admin: AdminConfig, given: str) -> bool:
    """Compare in a time that does not tell how much of it is right."""
    pin = _pin(admin)
    return hmac.compare_digest((pin or "").encode(), given.encode()) and bool(pin)


def _pin(admin: AdminConfig) -> str | None:
    try:
        return None if admin.pin is None else admin.pin.reveal()
    except ConfigError as exc:
        log.error("PIN not available", extra={"by": admin.name, "why": str(exc)})
        return None
