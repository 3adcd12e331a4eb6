"""Accepted messages on their way to the disk, each with what its sender may ask for."""

import msgspec

from modemgw.gateway import barred, entering, key_purses, once
from modemgw.gateway.key_purses import KeyPurse
from modemgw.gateway.model import Caller, IdempotencyKey
from modemgw.gateway.queue import Entry
from modemgw.ids import IdSource
from modemgw.store import arrivals
from modemgw.store.idempotency import Kept
from modemgw.store.outbound import NewMessage
from modemgw.store.writer import Connection


class Arrival(msgspec.Struct, frozen=True):
    """One message on its way to the disk."""

    new: NewMessage
    start: int
    caller: Caller
    key: IdempotencyKey | None
    answer: bytes
    tells: bool  # its row can tell the answer later, which need not be kept
    twin: str | None
    limits: KeyPurse | None  # of its key, which it counts against
    barred: bool = False  # its recipient wants none: it ends as it is written


def keep(db: Connection, ids: IdSource, arrived: list[Arrival]) -> list[Entry]:
    """Write messages, each with the answer that its sender may ask for again."""
    news = [entering.whole(db, one.new, one.start) for one in arrived]
    made = arrivals.insert_all(db, ids, news)
    answers: list[Kept] = []
    counted: dict[int | None, list[Arrival]] = {}
    for one, (id, _) in zip(arrived, made, strict=True):
        if one.key is not None:
            answers.append(_kept(one, one.key, id))
        if one.limits is not None:
            counted.setdefault(one.caller.key_id, []).append(one)
        if one.barred:
            barred.close(db, ids, id, one.new.created_at)
    once.keep(db, answers)
    for mine in counted.values():
        written = [one.new for one in mine]
        key_purses.keep_count(db, mine[0].caller, written, written[0].created_at)
    return list(map(entering.entry, news, made))


def _kept(one: Arrival, key: IdempotencyKey, message_id: int) -> Kept:
    """Return what is kept of the answer to a message."""
    caller, at = one.caller, one.new.created_at
    if not one.tells:
        return once.row(caller, key, at, body=one.answer)
    return once.row(caller, key, at, message_id=message_id, twin=one.twin)
