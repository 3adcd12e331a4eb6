"""Reading messages: one by its id, or pages by filter, newest first."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from modemgw.ids import encode
from modemgw.store import sims
from modemgw.store.sql import sql

VERIFICATION = "verification"  # an option: the text holds the code of this one
NEWEST = 2**63 - 1  # a cursor above every row
LOOK = 20_000  # rows that one page looks at where no index answers
UNLISTED = frozenset({"sent", "delivered"})  # not in the index of states
LOOK_TEXT = 4_000  # and where it reads their texts: some 20 ms each
ID_SLACK_MS = 8 * 86_400_000  # how far the time in an id is from when it was written

_object = msgspec.json.Decoder(dict[str, Any]).decode
_strings = msgspec.json.Decoder(list[str]).decode


@dataclass(frozen=True, slots=True)
class MessageRow:
    """One message of either direction, with everything that is shown of it.

    `id` is the cursor. `peer` is the other end: recipient, or sender. `text` and
    `data` are None where the body was deleted, and the text of a one-time code always
    is: no front end can show it by mistake. Instants in Unix milliseconds.
    """

    id: int
    public_id: str
    direction: str
    state: str
    sequence: int
    peer: str
    sim: str | None  # name of the card that carried or received it
    sim_number: str | None
    klass: str | None  # None for inbound
    priority: int
    encoding: str
    segments: int
    attempts: int
    reason: dict[str, Any] | None
    reference: str | None
    tags: tuple[str, ...]
    metadata: dict[str, Any]
    options: dict[str, Any]
    key_id: int | None
    batch: str | None  # public id
    created_at: int
    not_before: int
    expires_at: int | None
    sent_at: int | None
    final_at: int | None
    text: str | None
    data: bytes | None
    cost: int | None  # micro-units, the last attempt of each part; None: not known
    redacted_at: int | None  # when its body was taken away by request


@dataclass(frozen=True, slots=True)
class Filter:
    """Which messages a list shows; every field that is given must hold.

    `to` and `from_` mean the ends as people see them: our end is the number of
    the SIM. `sim` is the name of a card, `batch` a public id, `since` (included)
    and `until` (not included) look at created_at, `text` is a part of the text or
    of the other end's number, in either case for A to Z.
    """

    direction: str | None = None
    states: tuple[str, ...] = ()
    to: str | None = None
    from_: str | None = None
    sim: str | None = None
    tag: str | None = None
    reference: str | None = None
    batch: str | None = None
    since: int | None = None
    until: int | None = None
    text: str | None = None


@dataclass(frozen=True, slots=True)
class _Branch:
    """One statement's worth of a filter: a direction, a state, an exact peer."""

    direction: str | None
    peer: str | None = None
    sims: tuple[int, ...] | None = None  # None: any card, or none yet
    state: str | None = None
    fixed: dict[str, Any] = field(default_factory=dict)


def get(db: sqlite3.Connection, public_id: str) -> MessageRow | None:
    """Return one message by its public id."""
    row = db.execute(sql("messages.get"), {"public_id": public_id}).fetchone()
    return None if row is None else shown(row)


def get_by_id(db: sqlite3.Connection, message_id: int) -> MessageRow | None:
    """Return one message by its row id."""
    row = db.execute(sql("messages.get_by_id"), {"id": message_id}).fetchone()
    return None if row is None else shown(row)


def secret_text(db: sqlite3.Connection, public_id: str) -> str | None:
    """Return the text of a message even where it holds a one-time code."""
    wanted = {"public_id": public_id}
    row = db.execute(sql("messages.secret_text"), wanted).fetchone()
    return None if row is None else row[0]


def id_of(db: sqlite3.Connection, public_id: str) -> int | None:
    """Return the row id of a message."""
    row = db.execute(sql("messages.id_of"), {"public_id": public_id}).fetchone()
    return None if row is None else int(row[0])


def list_messages(
    db: sqlite3.Connection,
    wanted: Filter,
    *,
    limit: int,
    cursor: int | None = None,
    floor: int = 0,
) -> list[MessageRow]:
    """Return up to `limit` messages below `cursor` and above `floor`, newest first.

    Ask for one more than a page to learn whether there are more. Filters for
    state, peer, reference and batch are answered from an index; sim, tag, time,
    text, and the states in which most messages end, are looked at row by row:
    `page` bounds how many rows.
    """
    return _list(db, list(_branches(db, wanted)), limit, cursor, floor)


@dataclass(frozen=True, slots=True)
class Page:
    """Some messages, and the cursor for what is behind them; None: nothing is."""

    rows: list[MessageRow]
    next: int | None


def page(
    db: sqlite3.Connection, wanted: Filter, *, limit: int, cursor: int | None = None
) -> Page:
    """Return a page of up to `limit` messages, at a bounded price.

    Where rows are looked at one by one, only so many are: the page may hold fewer
    than `limit`, even none, and have a cursor all the same.
    """
    branches = list(_branches(db, wanted))
    least = _least(db, wanted)
    floor = _floor(db, wanted, branches, cursor, least)
    rows = _list(db, branches, limit + 1, cursor, floor)
    if len(rows) > limit:
        return Page(rows[:limit], rows[limit - 1].id)
    # Nothing older fits; else the next page begins where this one stopped looking.
    return Page(rows, floor + 1 if floor > least else None)


_FLOORS = {
    "list_by_state": "messages.floor_by_state",
    "list_by_peer": "messages.floor_by_peer",
    "list_by_reference": "messages.floor_by_reference",
    "list_by_batch": "messages.floor_by_batch",
}


def _floor(
    db: sqlite3.Connection,
    wanted: Filter,
    branches: "list[_Branch]",
    cursor: int | None,
    least: int,
) -> int:
    """Return the row behind which one page does not look."""
    text = wanted.text is not None
    by_row = text or wanted.tag or wanted.sim or wanted.since or wanted.until
    if not by_row and not UNLISTED.intersection(wanted.states):
        return least
    look = LOOK_TEXT if text else LOOK
    floors = [least]
    for branch in branches:
        driver = _driver(branch)
        if driver == "list":
            top = db.execute(sql("messages.newest")).fetchone()[0] or 0
            floors.append(min(top, NEWEST if cursor is None else cursor) - look)
            continue
        values = {
            "cursor": NEWEST if cursor is None else cursor,
            "look": look,
            "state": branch.state,
            "peer": branch.peer,
            **branch.fixed,
        }
        row = db.execute(sql(_FLOORS[driver]), values).fetchone()
        floors.append(0 if row is None else row[0])
    return max(floors)


def _least(db: sqlite3.Connection, wanted: Filter) -> int:
    """Return a row below which nothing is as young as wanted.

    Public ids tell the time, and rise with the rows but for received messages, whose
    id has the time of the service centre.
    """
    if wanted.since is None:
        return 0
    at = max(0, wanted.since - ID_SLACK_MS)
    values = {"public_id": f"msg_{encode(at << 80)}"}
    (lowest,) = db.execute(sql("messages.since"), values).fetchone()
    if lowest is None:
        return int(db.execute(sql("messages.newest")).fetchone()[0] or 0)
    return int(lowest) - 1


def _list(
    db: sqlite3.Connection,
    branches: "list[_Branch]",
    limit: int,
    cursor: int | None,
    floor: int,
) -> list[MessageRow]:
    found: list[MessageRow] = []
    # Row by row only what no index answers, and no further than the page will go:
    # `sent`, of which there may be few, behind `delivered`.
    branches.sort(key=lambda branch: (_driver(branch) == "list", branch.state or ""))
    for branch in branches:
        statement = sql(f"messages.{_driver(branch)}")
        values = {
            "cursor": NEWEST if cursor is None else cursor,
            "floor": floor,
            "limit": limit,
            "direction": branch.direction,
            "state": branch.state,
            "peer": branch.peer,
            "sims": None
            if branch.sims is None
            else msgspec.json.encode(branch.sims).decode(),
            **branch.fixed,
        }
        # Branches exclude one another: the newest of all are among the newest of each.
        found += map(shown, db.execute(statement, values))
        found.sort(key=lambda row: row.id, reverse=True)
        del found[limit:]
        if found and len(found) == limit:
            floor = found[-1].id
    return found


def _driver(branch: _Branch) -> str:
    """Choose the statement whose index leaves the fewest rows to look at."""
    if branch.fixed["reference"] is not None:
        return "list_by_reference"
    if branch.fixed["batch_id"] is not None:
        return "list_by_batch"
    if branch.peer is not None:
        return "list_by_peer"
    if branch.state is not None and branch.state not in UNLISTED:
        return "list_by_state"
    return "list"


def _branches(db: sqlite3.Connection, wanted: Filter) -> Iterator[_Branch]:
    """Split a filter into statements that each fix one direction and one state."""
    batch_id = None
    if wanted.batch is not None:
        row = db.execute(
            sql("messages.batch_id"), {"public_id": wanted.batch}
        ).fetchone()
        if row is None:
            return
        (batch_id,) = row
    fixed = {
        "reference": wanted.reference,
        "batch_id": batch_id,
        "tag": wanted.tag,
        "since": wanted.since,
        "until": wanted.until,
        "pattern": None if wanted.text is None else _contains(wanted.text),
    }
    states: tuple[str | None, ...] = tuple(dict.fromkeys(wanted.states)) or (None,)
    for ends in _ends(db, wanted):
        for state in states:
            yield replace(ends, state=state, fixed=fixed)


def _ends(db: sqlite3.Connection, wanted: Filter) -> Iterator[_Branch]:
    """Say for each direction who the peer and which the cards must be."""
    named = (wanted.to, wanted.from_, wanted.sim) != (None, None, None)
    cards = sims.list_sims(db) if named else []

    def ours(number: str | None) -> tuple[int, ...] | None:
        if number is None and wanted.sim is None:
            return None
        return tuple(
            card.id
            for card in cards
            if number in (None, card.number) and wanted.sim in (None, card.name)
        )

    if wanted.to is None and wanted.from_ is None:
        either = _Branch(wanted.direction, sims=ours(None))
        ends = [either]
    else:
        ends = [
            _Branch("outbound", peer=wanted.to, sims=ours(wanted.from_)),
            _Branch("inbound", peer=wanted.from_, sims=ours(wanted.to)),
        ]
    for branch in ends:
        if wanted.direction in (None, branch.direction) and branch.sims != ():
            yield branch


def _contains(text: str) -> str:
    for special in "\\%_":
        text = text.replace(special, f"\\{special}")
    return f"%{text}%"


def shown(row: tuple[Any, ...]) -> MessageRow:
    """Return a row as it may be shown: never the text of a one-time code."""
    # By place, in one go: pages of hundreds are made of these.
    fields = list(row)
    reason, tags, metadata = row[13], row[15], row[16]
    asked = _object(row[17])
    fields[13] = None if reason is None else _object(reason)
    fields[15] = () if tags is None else tuple(_strings(tags))
    fields[16] = {} if metadata is None else _object(metadata)
    fields[17] = asked
    if VERIFICATION in asked:
        fields[25] = None  # its text holds the code
    return MessageRow(*fields)
