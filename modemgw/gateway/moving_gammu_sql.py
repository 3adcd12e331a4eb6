"""What gammu-smsd keeps in SQLite: outbox, sentitems and inbox, schema 13 to 18.

The servers it can use instead (MySQL, PostgreSQL) are not read: export there to SQLite.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from modemgw.gateway.moving import MAX_OCTETS, Found, Item, Wrong
from modemgw.gateway.moving_gammu import utf16
from modemgw.store.foreign import GAMMU

MAGIC = b"SQLite format 3\0"
# What its sentitems.Status means for us.
_STATES = {
    "SendingOK": "no_report",
    "SendingOKNoReport": "sent",
    "DeliveryOK": "delivered",
    "DeliveryPending": "no_report",
    "DeliveryUnknown": "no_report",
    "DeliveryFailed": "undelivered",
    "SendingError": "failed",
    "Error": "failed",
}
_Row = dict[str, Any]


def read(file: Path, zone: tzinfo) -> Iterator[Item]:
    """Yield everything in the database: what waits first. Raises ValueError."""
    try:
        uri = f"{file.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as db:
            db.row_factory = sqlite3.Row
            db.text_factory = lambda octets: octets.decode("utf-8", "replace")
            tables = {row[0] for row in db.execute(GAMMU["tables"])}
            if "outbox" not in tables or "sentitems" not in tables:
                raise ValueError(f"{file}: no database of gammu-smsd")
            yield from _outbox(db, zone)
            yield from _sent(db, zone)
            yield from _inbox(db, zone)
    except sqlite3.Error as exc:
        raise ValueError(f"{file}: cannot be read: {exc}") from None


def _outbox(db: sqlite3.Connection, zone: tzinfo) -> Iterator[Item]:
    for one in map(dict, db.execute(GAMMU["outbox"])):
        name = f"outbox {one['ID']}"
        more = [dict(row) for row in db.execute(GAMMU["parts"], {"id": one["ID"]})]
        at = _time(one["InsertIntoDB"], zone) or 0
        send_at = _time(one["SendingDateTime"], zone)
        try:
            text, data = _body([one, *more])
            yield Found(
                kind="waiting",
                name=name,
                peer=str(one["DestinationNumber"] or ""),
                at=at,
                text=text,
                data=data,
                report=str(one["DeliveryReport"]).lower() != "no",
                flash=str(one["Class"]) == "0",
                urgent=_number(one.get("Priority")) > 0,
                send_at=send_at,
                mark=f"id {one['ID']}",
            )
        except ValueError as exc:
            yield Wrong(name, str(exc))


def _sent(db: sqlite3.Connection, zone: tzinfo) -> Iterator[Item]:
    """Yield what was sent; the parts of one message are rows of the same ID."""
    group: list[_Row] = []
    for row in map(dict, db.execute(GAMMU["sent"])):
        if group and group[0]["ID"] != row["ID"]:
            yield _of_sent(group, zone)
            group = []
        group.append(row)
    if group:
        yield _of_sent(group, zone)


_WORST = ("failed", "undelivered", "no_report", "sent", "delivered")


def _of_sent(rows: list[_Row], zone: tzinfo) -> Item:
    first = rows[0]
    name = f"sentitems {first['ID']}"
    states = {_STATES.get(str(row["Status"]), "no_report") for row in rows}
    try:
        text, data = _body(rows)
    except ValueError as exc:
        return Wrong(name, str(exc))
    return Found(
        kind=min(states, key=_WORST.index),
        name=name,
        peer=str(first["DestinationNumber"] or ""),
        at=_time(first["SendingDateTime"], zone) or 0,
        text=text,
        data=data,
        mark=f"id {first['ID']}",
    )


def _inbox(db: sqlite3.Connection, zone: tzinfo) -> Iterator[Item]:
    """Yield what was received; parts are neighbours with the same header but one."""
    group: list[_Row] = []
    for row in map(dict, db.execute(GAMMU["inbox"])):
        if group and _set_of(group[0]) != _set_of(row):
            yield _of_inbox(group, zone)
            group = []
        group.append(row)
    if group:
        yield _of_inbox(group, zone)


def _set_of(row: _Row) -> tuple[object, ...]:
    udh = str(row["UDH"] or "").upper()
    if udh[:6] == "050003" and len(udh) >= 12:  # noqa: PLR2004 - concatenation
        return row["SenderNumber"], udh[6:10]
    return (row["ID"],)


def _of_inbox(rows: list[_Row], zone: tzinfo) -> Item:
    rows = sorted(rows, key=lambda row: str(row["UDH"] or ""))
    first = rows[0]
    name = f"inbox {first['ID']}"
    try:
        text, data = _body(rows)
    except ValueError as exc:
        return Wrong(name, str(exc))
    peer = str(first["SenderNumber"] or "")
    at = _time(first["ReceivingDateTime"], zone) or 0
    return Found("received", name, peer, at, text, data, mark=f"id {first['ID']}")


def _body(rows: list[_Row]) -> tuple[str | None, bytes | None]:
    if sum(len(str(row["TextDecoded"] or "")) for row in rows) > MAX_OCTETS:
        raise ValueError(f"is longer than {MAX_OCTETS >> 10} KiB")
    if any(str(row["UDH"] or "")[2:4] == "05" for row in rows):
        raise ValueError("is for an application (a port), and no text")
    if str(rows[0]["Coding"]) == "8bit":
        octets = "".join(str(row["Text"] or "") for row in rows)
        return None, bytes.fromhex(octets)
    pieces = [
        str(row["TextDecoded"] or "") or utf16(bytes.fromhex(str(row["Text"] or "")))
        for row in rows
    ]
    return "".join(pieces), None


def _number(value: object) -> int:
    try:
        return int(str(value or 0))
    except ValueError:
        return 0


def _time(text: object, zone: tzinfo) -> int | None:
    """Read one of its times, which are local to its machine."""
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    local = at if at.tzinfo else at.replace(tzinfo=zone)
    return max(0, round(local.astimezone(UTC).timestamp() * 1000))
