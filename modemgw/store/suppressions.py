"""Numbers that want no more messages, known by a keyed hash of the number.

The number beside the hash is for people. `forget_number` erases it and leaves the
hash, so that whoever was erased is not written to again. The key is in the same
database: the hash keeps a number from those who see an export or one row of it, not
from those who have the whole file and try all numbers.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec

from modemgw.ids import IdSource
from modemgw.store import meta
from modemgw.store.messages import NEWEST
from modemgw.store.sql import sql

KEY = "suppression_key"  # of meta
KEY_OCTETS = 32
HASH_OCTETS = 16
PIECE = 5000  # rows read at once


@dataclass(frozen=True, slots=True)
class SuppressionRow:
    """One entry. `id` is the cursor; `number` None: erased; `sim` None: every SIM."""

    id: int
    public_id: str
    number: str | None
    sim_id: int | None
    sim: str | None
    source: str  # sms, api, import
    word: str | None
    note: str | None
    created_at: int


class Hasher:
    """Makes hashes of numbers with the key of one database."""

    __slots__ = ("_key",)

    def __init__(self, key: bytes) -> None:
        self._key = key

    def __call__(self, number: str) -> bytes:
        """Return the hash of a number as it is dialled."""
        octets = number.encode()
        return hashlib.blake2b(octets, key=self._key, digest_size=HASH_OCTETS).digest()


def hasher(db: sqlite3.Connection) -> Hasher:
    """Return the hasher of this database; its key is made at the first use."""
    key = meta.get(db, KEY)
    if key is None:
        key = secrets.token_hex(KEY_OCTETS)
        meta.put(db, KEY, key)
    return Hasher(bytes.fromhex(key))


def add(
    db: sqlite3.Connection,
    ids: IdSource,
    number: str,
    *,
    sim_id: int | None,
    source: str,
    now: int,
    word: str | None = None,
    note: str | None = None,
) -> str | None:
    """Enter a number; return its public id, None where that entry is there already.

    A number that was erased is shown again: who enters it knows it.
    """
    digest = hasher(db)(number)
    public_id = ids.new("sup", now)
    row = {
        "public_id": public_id,
        "hash": digest,
        "number": number,
        "sim_id": sim_id,
        "source": source,
        "word": word,
        "note": note,
        "created_at": now,
    }
    if db.execute(sql("suppressions.insert"), row).rowcount > 0:
        return public_id
    db.execute(sql("suppressions.show_again"), {"hash": digest, "number": number})
    return None


def of_number(db: sqlite3.Connection, number: str) -> list[SuppressionRow]:
    """Return every entry of a number, erased ones too."""
    if meta.get(db, KEY) is None:
        return []  # nobody was ever entered
    wanted = {"hash": hasher(db)(number)}
    return [
        SuppressionRow(*row) for row in db.execute(sql("suppressions.of_hash"), wanted)
    ]


def get(db: sqlite3.Connection, public_id: str) -> SuppressionRow | None:
    """Return one entry."""
    row = db.execute(sql("suppressions.get"), {"public_id": public_id}).fetchone()
    return None if row is None else SuppressionRow(*row)


def list_page(
    db: sqlite3.Connection, *, cursor: int | None, limit: int
) -> list[SuppressionRow]:
    """Return entries below `cursor`, newest first; None: from the newest on."""
    wanted = {"cursor": NEWEST if cursor is None else cursor, "limit": limit}
    return [
        SuppressionRow(*row) for row in db.execute(sql("suppressions.list"), wanted)
    ]


def mark_of(db: sqlite3.Connection, row_id: int) -> tuple[bytes, int | None]:
    """Return the hash of an entry, and which SIM it is for."""
    digest, sim_id = db.execute(sql("suppressions.mark"), {"id": row_id}).fetchone()
    return digest, sim_id


def remove(db: sqlite3.Connection, row_id: int) -> None:
    """Let one entry go."""
    db.execute(sql("suppressions.delete"), {"id": row_id})


def forget_number(db: sqlite3.Connection, number: str) -> int:
    """Erase a number and what was noted about it; return in how many entries.

    The entries stay in force by their hash. For the erasure of a person's data.
    """
    if meta.get(db, KEY) is None:
        return 0
    wanted = {"hash": hasher(db)(number)}
    return db.execute(sql("suppressions.forget_number"), wanted).rowcount


def hashes(db: sqlite3.Connection) -> Iterator[tuple[bytes, int | None]]:
    """Yield the hash of every entry, and which SIM it is for; None: every SIM."""
    after = 0
    while True:
        wanted = {"after": after, "limit": PIECE}
        found = db.execute(sql("suppressions.hashes"), wanted).fetchall()
        if not found:
            return
        after = found[-1][0]
        yield from ((digest, sim_id) for _, digest, sim_id in found)


def waiting_for(
    db: sqlite3.Connection,
    number: str,
    classes: Collection[str],
    *,
    limit: int,
) -> list[int]:
    """Return messages of some classes that wait for a number, oldest first."""
    wanted = {
        "peer": number,
        "classes": msgspec.json.encode(sorted(classes)).decode(),
        "limit": limit,
    }
    return [row[0] for row in db.execute(sql("suppressions.waiting_for"), wanted)]
