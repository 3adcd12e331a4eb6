"""Wrong PINs of administrators' numbers, and the last command of each."""

import sqlite3
from dataclasses import dataclass, field

from modemgw.policy.admin_sms import Lock
from modemgw.store.sql import sql
from modemgw.store.suppressions import hasher
from modemgw.store.writer import Connection


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one number; the last command by its SMSC time and word."""

    lock: Lock = field(default_factory=Lock)
    last_at: int = 0
    last_word: str = ""


def get(db: sqlite3.Connection, number: str) -> Known:
    """Return what is known of a number."""
    row = db.execute(sql("admin_locks.get"), {"hash": hasher(db)(number)}).fetchone()
    if row is None:
        return Known()
    failures, locks, until_at, last_at, last_word = row
    return Known(Lock(failures, locks, until_at), last_at, last_word)


def put(db: Connection, number: str, known: Known) -> None:
    """Keep what is known of a number."""
    row = {
        "hash": hasher(db)(number),
        "failures": known.lock.failures,
        "locks": known.lock.locks,
        "until_at": known.lock.until_at,
        "last_at": known.last_at,
        "last_word": known.last_word,
    }
    db.execute(sql("admin_locks.put"), row)
