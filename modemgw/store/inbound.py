"""TPDUs as modems gave them, from the first read to what was made of them.

A row goes `new` → `done`, `unmatched` (a report without its part) or
`undecodable`; what was open while the daemon died twice goes to `set_aside`.
Whether the modem still has it is told apart, by `deleted`.
"""

import sqlite3
from dataclasses import dataclass

from modemgw.store.messages import NEWEST
from modemgw.store.sql import row_id, sql, sql_placed

_INSERT_REPORT = sql_placed(
    "inbound.insert_report", "sim_id", "modem", "octets", "read_at", "state", "tp_mr"
)


@dataclass(frozen=True, slots=True)
class RawRow:
    """One TPDU. `memory` and `slot` are None where it came routed."""

    id: int
    sim_id: int | None
    modem: str
    memory: str | None
    slot: int | None
    octets: bytes
    read_at: int
    state: str
    deleted: int
    crashes: int
    backlog: int
    tp_mr: int | None
    error: str | None
    message_id: int | None


def insert_raw(
    db: sqlite3.Connection,
    *,
    sim_id: int | None,
    modem: str,
    memory: str | None,
    slot: int | None,
    octets: bytes,
    read_at: int,
    backlog: bool = False,
    sweep_began_at: int | None = None,
    repeated_since: int | None = None,
) -> tuple[int, bool]:
    """Keep a TPDU; return its row id and whether it is new.

    It is known where the same octets were read from the same slot of the same
    card and their deletion was never confirmed: URC and sweep, or a crash before
    AT+CMGD. During a sweep, give its start: a storage that shows another one's
    messages (MT, SM and ME) is seen through. Nothing else makes two TPDUs one, for
    two equal texts in one second are two messages.

    A routed TPDU (`memory` None) needs no deletion. Where AT+CNMA is owed for such
    ones, the network repeats what it saw none for, and the repetition may be stored:
    give since when it may have come.
    """
    place = {"sim_id": sim_id, "memory": memory, "slot": slot}
    if repeated_since is not None:
        routed = {"sim_id": sim_id, "octets": octets, "since": repeated_since}
        known = db.execute(sql("inbound.find_routed"), routed).fetchone()
        if known is not None:
            return int(known[0]), False
    if memory is not None:
        same = {**place, "octets": octets}
        known = db.execute(sql("inbound.find_undeleted"), same).fetchone()
        if known is None and sweep_began_at is not None:
            alias = {**same, "sweep_began_at": sweep_began_at}
            known = db.execute(sql("inbound.find_alias"), alias).fetchone()
        if known is not None:
            return int(known[0]), False
        db.execute(sql("inbound.free_slot"), place)
    row = {
        **place,
        "modem": modem,
        "octets": octets,
        "read_at": read_at,
        "deleted": int(memory is None),
        "backlog": int(backlog),
    }
    return row_id(db.execute(sql("inbound.insert_raw"), row)), True


def insert_report(
    db: sqlite3.Connection,
    *,
    sim_id: int | None,
    modem: str,
    octets: bytes,
    read_at: int,
    tp_mr: int,
    matched: bool,
) -> int:
    """Keep a routed status report that is worked on already; return its row id.

    Where it is not `matched` it waits for its part.
    """
    state = "done" if matched else "unmatched"
    row = (sim_id, modem, octets, read_at, state, tp_mr)
    return row_id(db.execute(_INSERT_REPORT, row))


def get_raw(db: sqlite3.Connection, raw_id: int) -> RawRow | None:
    """Return one TPDU by its row id."""
    row = db.execute(sql("inbound.get_raw"), {"id": raw_id}).fetchone()
    return None if row is None else RawRow(*row)


def mark_deleted(db: sqlite3.Connection, raw_id: int) -> None:
    """Record that the modem confirmed AT+CMGD: equal octets there are new ones."""
    db.execute(sql("inbound.mark_deleted"), {"id": raw_id})


def mark_done(
    db: sqlite3.Connection,
    raw_id: int,
    *,
    message_id: int | None = None,
    tp_mr: int | None = None,
) -> None:
    """Record that a message was made of it, or a part found its report."""
    _settle(db, raw_id, "done", message_id=message_id, tp_mr=tp_mr)


def mark_undecodable(db: sqlite3.Connection, raw_id: int, error: str) -> None:
    """Record why nothing could be made of it; it is kept and shown."""
    _settle(db, raw_id, "undecodable", error=error)


def mark_unmatched(db: sqlite3.Connection, raw_id: int, tp_mr: int) -> None:
    """Keep a status report until the part it belongs to is known."""
    _settle(db, raw_id, "unmatched", tp_mr=tp_mr)


def unmatched_reports(db: sqlite3.Connection, sim_id: int, tp_mr: int) -> list[RawRow]:
    """Return reports of one card for one TP-MR that still wait, oldest first.

    A report may come before the `+CMGS:` of its part. Who takes one calls
    mark_done in the same transaction.
    """
    wanted = {"sim_id": sim_id, "tp_mr": tp_mr}
    return [RawRow(*row) for row in db.execute(sql("inbound.unmatched"), wanted)]


def open_items(db: sqlite3.Connection, *, crashed: bool) -> list[RawRow]:
    """Return what was read and not worked on, oldest first; for the start.

    After a crash each open item counts it. Work goes in order, so of those open
    during two crashes the oldest was in work both times: it is set aside and
    the innocent ones behind it stay. After a third everything that was open all
    the time is set aside: the daemon must come up.
    """
    if crashed:
        db.execute(sql("inbound.count_crash"))
        oldest = {"error": "open while the daemon died twice"}
        db.execute(sql("inbound.set_aside_oldest"), oldest).fetchall()
        rest = {"error": "open while the daemon died three times"}
        db.execute(sql("inbound.set_aside_rest"), rest).fetchall()
    return [RawRow(*row) for row in db.execute(sql("inbound.open_items"))]


def reopen(db: sqlite3.Connection, raw_id: int) -> bool:
    """Give an item another try that was set aside or undecodable."""
    return db.execute(sql("inbound.reopen"), {"id": raw_id}).rowcount > 0


def list_raw(
    db: sqlite3.Connection, state: str, *, limit: int, cursor: int | None = None
) -> list[RawRow]:
    """Return TPDUs in one state below `cursor`, newest first."""
    wanted = {
        "state": state,
        "cursor": NEWEST if cursor is None else cursor,
        "limit": limit,
    }
    return [RawRow(*row) for row in db.execute(sql("inbound.list_by_state"), wanted)]


def _settle(
    db: sqlite3.Connection,
    raw_id: int,
    state: str,
    *,
    message_id: int | None = None,
    tp_mr: int | None = None,
    error: str | None = None,
) -> None:
    row = {
        "id": raw_id,
        "state": state,
        "message_id": message_id,
        "tp_mr": tp_mr,
        "error": error,
    }
    db.execute(sql("inbound.settle"), row)
