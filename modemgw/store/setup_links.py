"""The one-time link that setup prints, as a row: a hash, and when it ends."""

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass

from modemgw.store.sql import sql
from modemgw.store.writer import Connection

LIFE_MS = 15 * 60_000
TOKEN_OCTETS = 24
TOKEN_LENGTH = 32  # characters of base64


@dataclass(frozen=True, slots=True)
class SetupLink:
    """A link in force. `message`: public id of the first text, None: there is none."""

    message: str | None
    expires_at: int


def create(db: Connection, message: str | None, now: int) -> tuple[str, int]:
    """Make a link, the only one from now on; return its token and when it ends."""
    token = secrets.token_urlsafe(TOKEN_OCTETS)
    ends = now + LIFE_MS
    db.execute(sql("setup_links.clear"))
    row = {"hash": _hash(token), "message": message, "created_at": now}
    db.execute(sql("setup_links.insert"), {**row, "expires_at": ends})
    return token, ends


def find(db: sqlite3.Connection, token: str, now: int) -> SetupLink | None:
    """Return the link, None where it was used, has ended or never was."""
    wanted = {"hash": _hash(token), "now": now}
    row = db.execute(sql("setup_links.find"), wanted).fetchone()
    return None if row is None else SetupLink(*row)


def use(db: Connection, token: str, now: int) -> SetupLink | None:
    """Use the link up; as `find`, and only once ever."""
    found = find(db, token, now)
    wanted = {"hash": _hash(token), "now": now}
    used = db.execute(sql("setup_links.use"), wanted).rowcount
    return found if used else None


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
