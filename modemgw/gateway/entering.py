"""What a message gets only as it is written, and the form in which it then waits."""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from modemgw.gateway.queue import Entry, Slot
from modemgw.store import outbound, routing
from modemgw.store.outbound import NewMessage
from modemgw.store.waiting import ShelfKey, route_of
from modemgw.store.writer import Connection

Written = tuple[NewMessage, tuple[int, list[int]]]  # with the ids of its rows


def whole(db: Connection, new: NewMessage, start: int) -> NewMessage:
    """Add what a message gets only as it is written.

    `start` is where a recipient never written to begins to count.
    """
    if "sticky" in new.options:
        last = routing.last_sim(db, new.to)
        new = replace(new, options={**new.options, "last_sim": last})
    if new.segments > 1:
        ref = outbound.next_concat_ref(db, new.to, start)
        new = replace(new, options={**new.options, "concat_ref": ref})
    return new


def entry(new: NewMessage, made: tuple[int, list[int]]) -> Entry:
    """Return a message as it waits in memory, with the ids of its rows.

    Its wish is made as it enters the queue.
    """
    message_id, part_ids = made
    return Entry(
        message_id=message_id,
        public_id=new.public_id,
        to=new.to,
        klass=new.klass,
        priority=new.priority,
        segments=new.segments,
        encoding=new.encoding,
        expires_at=new.expires_at,
        created_at=new.created_at,
        not_before=new.not_before,
        parts=[Slot(part_id, seq, 0) for seq, part_id in enumerate(part_ids, 1)],
        text=new.text,
        data=new.data,
        options=new.options,
        key_id=new.key_id,
    )


def entries(
    rows: Sequence[Written],
    ended: Sequence[bool],
    stays: Callable[[ShelfKey, int], bool],
) -> list[Entry]:
    """Return what of many messages is to wait in memory: not all of 10,000.

    What is scheduled, or ended as it came, waits nowhere.
    """
    found = []
    for (new, made), is_over in zip(rows, ended, strict=True):
        if new.scheduled or is_over:
            continue
        key = (new.priority, new.key_id or 0, route_of(new.options))
        if not stays(key, made[1][0]):
            found.append(entry(new, made))
    return found
