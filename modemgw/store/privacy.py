"""What is kept of one number: found for an export, replaced by a pseudonym for good.

A row that is counted stays; the number in it becomes its pseudonym, bodies go, and
so does what the sender wrote beside it. Small jobs, so that sending goes on.
"""

import re
import sqlite3
from dataclasses import dataclass
from typing import Any

import msgspec

from modemgw.ids import IdSource
from modemgw.store import events, messages, redacting, suppressions
from modemgw.store.messages import MessageRow
from modemgw.store.sql import sql
from modemgw.store.writer import Connection

OPEN_SHOWN = 100
SUFFIX = 8  # digits looked for on the air, whatever stands before them

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.decode


@dataclass(frozen=True, slots=True)
class Who:
    """One number in all the ways it is written. `national` has no calling code."""

    peer: str  # as in the rows: E.164, or a short code
    national: str  # digits
    pseudonym: str

    @property
    def pattern(self) -> "re.Pattern[str]":
        """Return what finds the number in a text, in any of its usual forms."""
        digits = re.escape(self.peer.removeprefix("+"))
        forms = rf"(?:\+|00)?{digits}|0?{re.escape(self.national)}"
        return re.compile(rf"(?<!\d)(?:{forms})(?!\d)")

    def without(self, text: str) -> str:
        """Return a text with the pseudonym for the number."""
        return self.pattern.sub(self.pseudonym, text)

    def on_air(self) -> tuple[bytes, bytes]:
        """Return the octets of its end in an address, for an even and an odd length.

        Spec: 3GPP TS 23.040, 9.1.2.5: semi-octets, the first digit in the low half.
        """
        tail = self.national[-SUFFIX:]
        return _swapped(tail), _swapped(self.national[-SUFFIX - 1 :][:SUFFIX]) + bytes(
            [0xF0 | int(tail[-1])]
        )


def _swapped(digits: str) -> bytes:
    return bytes(
        int(digits[at + 1]) << 4 | int(digits[at]) for at in range(0, len(digits), 2)
    )


def open_messages(db: sqlite3.Connection, peer: str) -> list[tuple[str, str]]:
    """Return messages to a number that are not over: id and state, some of them."""
    wanted = {"peer": peer, "limit": OPEN_SHOWN}
    return [(row[0], row[1]) for row in db.execute(sql("privacy.open"), wanted)]


def message_ids(
    db: sqlite3.Connection, peer: str, *, after: int, limit: int
) -> list[int]:
    """Return messages with a number behind a row id, oldest first."""
    wanted = {"peer": peer, "after": after, "limit": limit}
    return [int(row[0]) for row in db.execute(sql("privacy.messages"), wanted)]


def parts(db: sqlite3.Connection, message_id: int) -> list[tuple[Any, ...]]:
    """Return the parts of a message: number, state, attempts, SIM, TP-MR, instants."""
    return db.execute(sql("privacy.parts"), {"id": message_id}).fetchall()


def verifications(db: sqlite3.Connection, peer: str) -> list[tuple[str, str, int, int]]:
    """Return codes sent to a number: id, state, when, and when it was over."""
    return db.execute(sql("privacy.verifications"), {"peer": peer}).fetchall()


def events_window(
    db: sqlite3.Connection, digits: str, after: int, limit: int
) -> tuple[int | None, list[tuple[int, str, int, str]]]:
    """Return where a window of events ends, and those in it that hold some digits."""
    window = {"after": after, "limit": limit, "digits": digits}
    (last,) = db.execute(sql("privacy.event_window"), window).fetchone()
    if last is None:
        return None, []
    found = db.execute(sql("privacy.events_with"), {**window, "last": last})
    return int(last), found.fetchall()


def raw_window(
    db: sqlite3.Connection, who: Who, after: int, limit: int
) -> tuple[int | None, list[int]]:
    """Return where a window of TPDUs ends, and those in it that hold the number."""
    even, odd = who.on_air()
    window = {"after": after, "limit": limit, "even": even, "odd": odd}
    (last,) = db.execute(sql("privacy.raw_window"), window).fetchone()
    if last is None:
        return None, []
    found = db.execute(sql("privacy.raw_with"), {**window, "last": last})
    return int(last), [int(row[0]) for row in found]


Answer = tuple[int, str, bytes | None]  # its row id, key and body, where it is kept


def answers_with(db: sqlite3.Connection, digits: str) -> list[Answer]:
    """Return kept answers that hold some digits, or whose key does."""
    return db.execute(sql("privacy.answers_with"), {"digits": digits}).fetchall()


def pending_with(db: sqlite3.Connection, digits: str) -> list[str]:
    """Return batches that are not yet rows and hold some digits."""
    found = db.execute(sql("privacy.pending_with"), {"digits": digits})
    return [str(row[0]) for row in found]


# -- erasing: each is one job of the writer ------------------------------------


def erase_messages(
    db: Connection, ids: IdSource, who: Who, wanted: list[int], now: int
) -> int:
    """Erase messages that are over; return how many were."""
    count = 0
    for message_id in wanted:
        row = messages.get_by_id(db, message_id)
        if row is None or row.peer != who.peer or _is_open(row):
            continue
        _erase(db, who, row, now)
        events.append(db, "message.erased", at=now, data={}, message_id=row.id, ids=ids)
        count += 1
    return count


def _is_open(row: MessageRow) -> bool:
    return row.state in ("scheduled", "queued", "sending", "in_doubt")


def _erase(db: Connection, who: Who, row: MessageRow, now: int) -> None:
    redacting.strip(db, row, now)
    options = _scrubbed(who, row.options)
    if options.get("callback_url") != row.options.get("callback_url"):
        del options["callback_url"]  # it named the number
    tags = [who.without(tag) for tag in row.tags]
    values = {
        "id": row.id,
        "now": now,
        "pseudonym": who.pseudonym,
        "reference": None if row.reference is None else who.without(row.reference),
        "tags": _encode(tags).decode() if tags else None,
        "options": _encode(options).decode(),
    }
    db.execute(sql("privacy.rename"), values)
    told = {"id": row.id, "peer": who.peer, "pseudonym": who.pseudonym}
    db.execute(sql("privacy.rename_reactions"), told)
    for event_id, data in db.execute(sql("privacy.events_of"), told).fetchall():
        erase_event(db, who, event_id, data)


def erase_event(db: Connection, who: Who, event_id: int, data: str) -> None:
    """Take the number out of an event, and with it what goes where it is named."""
    clean = _encode(_scrubbed(who, _decode(data))).decode()
    if clean != data:
        db.execute(sql("privacy.put_event"), {"id": event_id, "data": clean})
    db.execute(sql("privacy.drop_callbacks"), {"id": event_id, "digits": who.national})


def erase_rest(db: Connection, who: Who, now: int) -> None:
    """Erase what is kept by number and is no message."""
    values = {"peer": who.peer, "pseudonym": who.pseudonym, "now": now}
    for name in ("drop_concat_ref", "drop_fragments", "rename_verifications"):
        db.execute(sql(f"privacy.{name}"), values)
    suppressions.forget_number(db, who.peer)


def blank_raw(db: Connection, wanted: list[int]) -> None:
    """Take the octets out of TPDUs."""
    for raw_id in wanted:
        db.execute(sql("privacy.blank_raw"), {"id": raw_id})


def erase_answers(db: Connection, who: Who, found: list[Answer]) -> None:
    """Take the number out of kept answers; one whose key holds it goes altogether."""
    for id, key, body in found:
        if who.without(key) != key:
            db.execute(sql("privacy.drop_answer"), {"id": id})
        elif body is not None:
            clean = who.without(body.decode()).encode()
            db.execute(sql("redacting.put_answer"), {"id": id, "body": clean})


def _scrubbed(who: Who, value: Any) -> Any:
    """Return JSON with the pseudonym for the number, and without texts."""
    match value:
        case str():
            return who.without(value)
        case dict():
            return {name: _scrubbed(who, one) for name, one in value.items()}
        case list():
            return [_scrubbed(who, one) for one in value]
        case _:
            return value
