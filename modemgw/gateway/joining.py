"""From received TPDUs to inbound messages: alone, or joined from their parts.

Runs inside jobs of the writer; each call leaves the raw row, the fragments, the
message and its event in one consistent state.

Senders are strangers. What one part can cost is bounded: by how many earlier parts
it is compared with, and by how many messages may wait for parts at all.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Final

import msgspec

from modemgw.errors import PduDecodeError
from modemgw.gateway import views
from modemgw.gateway.hearing import Ear
from modemgw.ids import IdSource
from modemgw.pdu.decode import decode
from modemgw.pdu.deliver import Deliver
from modemgw.policy.reassembly import (
    PARTIAL_AFTER_MS,
    SAME_SET_READ_MS,
    Duplicate,
    Fragment,
    Join,
    NewSet,
    OpenSet,
    join,
    overflow,
    place,
)
from modemgw.store import events, fragments, inbound, messages
from modemgw.store.fragments import FragmentRow, NewInbound, SetKey
from modemgw.store.inbound import RawRow
from modemgw.store.messages import MessageRow
from modemgw.store.writer import Connection

DUE_LIMIT: Final = 100  # sets given up per transaction
KNOWN_LIMIT: Final = 510  # earlier parts looked at: two generations of 255
CACHED_PARTS: Final = 1024  # decoded: the parts of a message come one after the other


def receive(
    db: Connection,
    ids: IdSource,
    row: RawRow,
    deliver: Deliver,
    name: Callable[[Connection], str],
    now: int,
    ear: Ear | None = None,
) -> list[int]:
    """Make a message of one SMS-DELIVER, or add it to the one it belongs to.

    `ear` hears what goes out. Returns the ids of the messages that changed, its own
    first: none for a repeated part, more than one where older sets had to go out
    incomplete.
    """
    concat = deliver.concat
    if concat is None or concat.total <= 1:
        new = NewInbound(
            peer=deliver.sender.text,
            sim_id=row.sim_id,
            encoding=deliver.encoding,
            segments=1,
            complete=True,
            text=deliver.text,
            data=deliver.data,
            options=_options(deliver, row, partial=False),
        )
        new = _masked(new, ear)
        message_id = fragments.insert_message(db, name(db), new, row.read_at)
        inbound.mark_done(db, row.id, message_id=message_id)
        _announce(db, ids, message_id, row, now, ear)
        return [message_id]
    key = SetKey(deliver.sender.text, row.sim_id, concat.ref, concat.wide, concat.total)
    since = row.read_at - SAME_SET_READ_MS
    known = [
        fragment
        for found in fragments.fragments_of_set(db, key, since=since, limit=KNOWN_LIMIT)
        if (fragment := _fragment(found)) is not None
    ]
    fresh = Fragment(
        0, concat.seq, concat.total, row.read_at, deliver.scts.unix_ms, deliver
    )
    match place(known, fresh):
        case Duplicate():
            inbound.mark_done(db, row.id)
            return []
        case Join(message_id):
            pass
        case NewSet():
            new = _masked(_joined([fresh], row, give_up=False), ear)
            message_id = fragments.insert_message(db, name(db), new, row.read_at)
    mine = [one for one in known if one.message_id == message_id]
    was_out = any(
        one.deadline_at is None
        for one in fragments.fragments_of_message(db, message_id)
    )
    fragments.insert_fragment(
        db,
        key,
        raw_id=row.id,
        seq=concat.seq,
        read_at=row.read_at,
        message_id=message_id,
        deadline_at=None if was_out else row.read_at + PARTIAL_AFTER_MS,
    )
    inbound.mark_done(db, row.id, message_id=message_id)
    if mine:
        new = _masked(_joined([*mine, fresh], row, give_up=was_out), ear)
        fragments.update_message(db, message_id, new, now)
        if new.complete:
            fragments.finish_set(db, message_id)
            _announce(db, ids, message_id, row, now, ear)
        elif was_out:
            _understood(db, message_id, row, ear)
        return [message_id]
    return [message_id, *_close_excess(db, ids, now, ear)]


def give_up(
    db: Connection, ids: IdSource, now: int, ear: Ear | None = None
) -> list[int]:
    """Send out, incomplete, what has waited long enough; return the message ids."""
    due = fragments.due_messages(db, now, DUE_LIMIT)
    for message_id in due:
        _close(db, ids, message_id, now, ear)
    return due


def _close_excess(
    db: Connection, ids: IdSource, now: int, ear: Ear | None
) -> tuple[int, ...]:
    """Send out, incomplete, what nobody may keep waiting; return the message ids."""
    waiting = (OpenSet(*found) for found in fragments.open_sets(db))
    excess = overflow(waiting)
    for message_id in excess:
        _close(db, ids, message_id, now, ear)
    return excess


def _close(
    db: Connection, ids: IdSource, message_id: int, now: int, ear: Ear | None
) -> None:
    """Send out one message with the parts that are here."""
    rows = fragments.fragments_of_message(db, message_id)
    known = [one for row in rows if (one := _fragment(row)) is not None]
    fragments.finish_set(db, message_id)
    raw = inbound.get_raw(db, rows[0].raw_id)
    if known and raw is not None:
        new = _masked(_joined(known, raw, give_up=True), ear)
        fragments.update_message(db, message_id, new, now)
        _announce(db, ids, message_id, raw, now, ear)


@lru_cache(CACHED_PARTS)
def _decoded(octets: bytes) -> Deliver | None:
    try:
        deliver = decode(octets)
    except PduDecodeError:
        return None
    return deliver if isinstance(deliver, Deliver) else None


def _fragment(row: FragmentRow) -> Fragment | None:
    deliver = _decoded(row.octets)
    if deliver is None:
        return None
    return Fragment(
        row.id,
        row.seq,
        row.total,
        row.read_at,
        deliver.scts.unix_ms,
        deliver,
        row.message_id,
    )


def _joined(parts: list[Fragment], row: RawRow, *, give_up: bool) -> NewInbound:
    # join() takes the first of equal parts by id, and a fresh one has none yet.
    joined = join(parts)
    first = min(parts, key=lambda part: part.seq).deliver
    return NewInbound(
        peer=first.sender.text,
        sim_id=row.sim_id,
        encoding=joined.encoding,
        segments=parts[0].total,
        complete=joined.is_complete or give_up,
        text=joined.text,
        data=joined.data,
        options=_options(first, row, partial=not joined.is_complete),
    )


def _masked(new: NewInbound, ear: Ear | None) -> NewInbound:
    """Take out what must not be stored: the PIN of an administrator."""
    return new if ear is None else ear.mask(new)


def _options(deliver: Deliver, row: RawRow, *, partial: bool) -> dict[str, object]:
    options: dict[str, object] = {"partial": partial}
    if deliver.scts.unix_ms is not None:
        options["smsc_time"] = deliver.scts.unix_ms
    if deliver.ports is not None:
        options["port"] = deliver.ports.destination
    if row.backlog:
        options["backlog"] = True
    if deliver.message_class is not None:
        options["class"] = deliver.message_class
    if waiting := [found.kind.value for found in deliver.mwi if found.active]:
        options["waiting"] = waiting[0]
    return options


def _announce(
    db: Connection,
    ids: IdSource,
    message_id: int,
    row: RawRow,
    now: int,
    ear: Ear | None,
) -> None:
    found = _understood(db, message_id, row, ear)
    data = msgspec.to_builtins(views.message(found))
    event_id = events.append(
        db,
        "message.received",
        at=now,
        data=data,
        message_id=message_id,
        push=not row.backlog,
        ids=ids,
    )
    if ear is not None:
        ear.act(db, found, row, event_id)


def _understood(
    db: Connection, message_id: int, row: RawRow, ear: Ear | None
) -> MessageRow:
    found = messages.get_by_id(db, message_id)
    if found is None:
        raise AssertionError(f"message {message_id} is not there")
    return found if ear is None else ear.meaning(db, found, row)
