"""Which modems keep the last reference of a card true: EF_SMSS.

Only a modem that was seen to write it, `TRUSTED_READINGS` times in a row and for
this card, is believed. One that refuses, or says something else, is soon not asked
any more.

Spec: 3GPP TS 31.102, 4.2.9.
"""

import sqlite3

from modemgw.store.sql import sql
from modemgw.store.writer import Connection

TRUSTED_READINGS = 3  # in a row, each after another accepted text
MISSES = 3  # readings that were wrong, until it is not asked any more

Trust = tuple[int, int]  # held, missed


def learn(db: Connection, sim_id: int, imei: str, *, held: bool) -> None:
    """Note a reading after an accepted text: was it that text's reference."""
    row = {"sim_id": sim_id, "imei": imei, "held": held}
    db.execute(sql("sims.note_reference"), row)


def is_trusted(db: sqlite3.Connection, sim_id: int, imei: str) -> bool:
    """Say whether this modem keeps the reference of this card."""
    row = {"sim_id": sim_id, "imei": imei}
    found = db.execute(sql("sims.reference_trust"), row).fetchone()
    return found is not None and found[0] >= TRUSTED_READINGS


def is_proven(db: sqlite3.Connection, sim_id: int) -> bool:
    """Say whether any modem keeps the reference of this card."""
    row = {"sim_id": sim_id, "held": TRUSTED_READINGS}
    return db.execute(sql("sims.reference_proven"), row).fetchone() is not None


def known(db: sqlite3.Connection) -> dict[tuple[int, str], Trust]:
    """Return what was learned of all pairs of card and modem."""
    rows = db.execute(sql("sims.references_known"))
    return {(row[0], row[1]): (row[2], row[3]) for row in rows}
