"""SIM cards: who they are, and what each has sent."""

import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from modemgw.store.sql import row_id, sql

MINUTE_MS = 60_000


@dataclass(frozen=True, slots=True)
class SimRow:
    """One card. `is_new` is true only in the answer to its first upsert."""

    id: int
    identity: str  # ICCID; else imsi:<IMSI>; else modem:<name>
    iccid: str | None
    imsi: str | None
    name: str
    number: str | None
    modem: str | None  # where it was last seen
    first_seen_at: int
    last_seen_at: int
    is_new: bool = False


def upsert_sim(
    db: sqlite3.Connection,
    *,
    iccid: str | None,
    imsi: str | None,
    modem: str,
    now: int,
    name: str | None = None,
    number: str | None = None,
) -> SimRow:
    """Record that a card is in `modem`, and return its row.

    The same card is found by its ICCID, else by its IMSI, so that a modem that
    tells only one of them does not make a second card. A card without either is
    known by the modem it sits in. `name` and `number` come from the configuration;
    None keeps what is known. A configured name that another card has is taken
    from it: that one gets a name made from its identity.
    """
    identity = iccid or (f"imsi:{imsi}" if imsi else f"modem:{modem}")
    known = _known(db, identity, iccid, imsi)
    if known is None:
        made = _free_name(db, name, identity, own=None)
        fresh = {
            "identity": identity,
            "iccid": iccid,
            "imsi": imsi,
            "name": made,
            "number": number,
            "modem": modem,
            "now": now,
        }
        made_id = row_id(db.execute(sql("sims.insert"), fresh))
        return replace(_get(db, made_id), is_new=True)
    changed = {
        "id": known.id,
        "identity": iccid or known.identity,
        "iccid": iccid or known.iccid,
        "imsi": imsi or known.imsi,
        "name": known.name if name is None else _free_name(db, name, "", own=known.id),
        "number": number or known.number,
        "modem": modem,
        "now": now,
    }
    db.execute(sql("sims.update"), changed)
    return _get(db, known.id)


def get(db: sqlite3.Connection, sim_id: int) -> SimRow | None:
    """Return one card by its row id."""
    return _one(db, "sims.get", {"id": sim_id})


def by_name(db: sqlite3.Connection, name: str) -> SimRow | None:
    """Return one card by its name."""
    return _one(db, "sims.by_name", {"name": name})


def list_sims(db: sqlite3.Connection) -> list[SimRow]:
    """Return all cards ever seen, by name."""
    return [SimRow(*row) for row in db.execute(sql("sims.list"))]


def add_usage(db: sqlite3.Connection, sim_id: int, at: int, parts: int = 1) -> None:
    """Count `parts` as submitted by this card at the instant `at`."""
    minute = at // MINUTE_MS
    row = {"sim_id": sim_id, "minute": minute, "parts": parts}
    db.execute(sql("sims.add_usage"), row)


def load_usage(
    db: sqlite3.Connection, sim_id: int, since: int
) -> list[tuple[int, int]]:
    """Return (start of the minute, parts) since the instant `since`, oldest first.

    The minute that `since` falls into counts whole: after a restart a window is
    rather too full than too empty.
    """
    window = {"sim_id": sim_id, "minute": since // MINUTE_MS}
    rows = sorted(db.execute(sql("sims.usage_since"), window))
    return [(minute * MINUTE_MS, parts) for minute, parts in rows]


def _known(
    db: sqlite3.Connection, identity: str, iccid: str | None, imsi: str | None
) -> SimRow | None:
    known = _one(db, "sims.by_identity", {"identity": identity})
    if known is not None or imsi is None:
        return known
    other = _one(db, "sims.by_imsi", {"imsi": imsi})
    # Two cards may hold one subscription in turn (a replacement): with both
    # ICCIDs known they are two cards.
    if other is not None and iccid is not None and other.iccid is not None:
        return None
    return other


def _free_name(
    db: sqlite3.Connection, wanted: str | None, identity: str, own: int | None
) -> str:
    """Return `wanted`, taking it from another card, or a free name from `identity`."""
    if wanted is not None:
        holder = by_name(db, wanted)
        if holder is not None and holder.id != own:
            made = _made_name(db, holder.identity)
            db.execute(sql("sims.rename"), {"id": holder.id, "name": made})
        return wanted
    return _made_name(db, identity)


def _made_name(db: sqlite3.Connection, identity: str) -> str:
    # The last digits of an ICCID are a serial number and a check digit; four tell
    # the cards on one desk apart, and more are taken until they do.
    text = identity.rpartition(":")[2]
    for length in range(min(4, len(text)), len(text) + 1):
        name = f"sim-{text[-length:]}"
        if by_name(db, name) is None:
            return name
    number = 2
    while by_name(db, f"sim-{text}-{number}") is not None:
        number += 1
    return f"sim-{text}-{number}"


def _one(db: sqlite3.Connection, name: str, row: dict[str, Any]) -> SimRow | None:
    found = db.execute(sql(name), row).fetchone()
    return None if found is None else SimRow(*found)


def _get(db: sqlite3.Connection, sim_id: int) -> SimRow:
    return SimRow(*db.execute(sql("sims.get"), {"id": sim_id}).fetchone())
