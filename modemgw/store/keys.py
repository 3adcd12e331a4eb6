"""API keys: made once in the clear, kept as a hash.

A key is `mgw_`, eight characters of id, `_`, and a secret of 256 random bits in
base 62. The id finds the row; of the secret only the SHA-256 is stored. So many
random bits need no slow hash.
"""

import base64
import hashlib
import hmac
import secrets
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from modemgw.store.sql import row_id, sql

PREFIX = "mgw"
ID_LENGTH = 8
SECRET_OCTETS = 32
TOUCH_EVERY_MS = 60_000  # keys.touch writes no more often; also in keys.sql

_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_SECRET_LENGTH = 43  # characters that 256 bits need in base 62


class Rules(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where, what and whereto a key may; each empty list means anything.

    See gateway/key_rules.py, which reads and applies them.
    """

    cidrs: tuple[str, ...] = ()  # networks of the callers
    surfaces: tuple[str, ...] = ()
    sims: tuple[str, ...] = ()  # names of the SIMs that may carry its messages
    classes: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()  # +49151, DE, 80888, short


NO_RULES = Rules()


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as stored. `webhook_secret` signs its callback_url requests."""

    id: int
    public_id: str
    name: str
    hash: bytes
    scopes: tuple[str, ...]
    webhook_secret: str
    created_at: int
    last_used_at: int | None
    revoked_at: int | None
    limits: tuple[str, ...] = ()  # 100/day, 5.00/month; see config/money.py
    rules: Rules = NO_RULES
    expires_at: int | None = None
    old_hash: bytes | None = None
    old_until: int | None = None

    def opens(self, secret: str, now: int) -> bool:
        """Tell, in constant time, whether `secret` opens this key at `now`."""
        given = hash_secret(secret)
        if not hmac.compare_digest(self.hash, given):
            old = self.old_hash
            if old is None or not hmac.compare_digest(old, given):
                return False
            if now >= (self.old_until or 0):
                return False
        return self.in_force(now)

    def in_force(self, now: int) -> bool:
        """Tell whether the key was not revoked and has not run out."""
        ends = self.expires_at
        return self.revoked_at is None and (ends is None or now < ends)


def create(
    db: sqlite3.Connection,
    name: str,
    scopes: Iterable[str],
    now: int,
    limits: Iterable[str] = (),
    rules: Rules = NO_RULES,
    expires_at: int | None = None,
) -> tuple[KeyRow, str]:
    """Make a key; return its row and the plain key, which nothing can show again."""
    public_id = "".join(secrets.choice(_BASE62) for _ in range(ID_LENGTH))
    secret = new_secret()
    row = {
        "public_id": public_id,
        "name": name,
        "hash": hash_secret(secret),
        "scopes": _scopes(scopes),
        "webhook_secret": new_webhook_secret(),
        "created_at": now,
        "limits": _limits(limits),
        "rules": _rules(rules),
        "expires_at": expires_at,
    }
    key_id = row_id(db.execute(sql("keys.insert"), row))
    stored = _key(db.execute(sql("keys.get"), {"id": key_id}).fetchone())
    return stored, _plain(public_id, secret)


def parse(plain: str) -> tuple[str, str] | None:
    """Split a plain key into its public id and its secret; None where it is none."""
    prefix, _, rest = plain.partition("_")
    public_id, _, secret = rest.partition("_")
    if prefix != PREFIX or len(public_id) != ID_LENGTH or not secret:
        return None
    return public_id, secret


def hash_secret(secret: str) -> bytes:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def new_webhook_secret() -> str:
    """Make a secret of Standard Webhooks: `whsec_` and base64 of 32 random octets."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_OCTETS)).decode()


def find(db: sqlite3.Connection, public_id: str) -> KeyRow | None:
    """Return the key with this public id, revoked ones too."""
    row = db.execute(sql("keys.find"), {"public_id": public_id}).fetchone()
    return None if row is None else _key(row)


def get(db: sqlite3.Connection, key_id: int) -> KeyRow | None:
    """Return the key with this row id, revoked ones too."""
    row = db.execute(sql("keys.get"), {"id": key_id}).fetchone()
    return None if row is None else _key(row)


def list_keys(db: sqlite3.Connection) -> list[KeyRow]:
    """Return all keys, oldest first, revoked ones too."""
    return [_key(row) for row in db.execute(sql("keys.list"))]


def revoke(db: sqlite3.Connection, public_id: str, now: int) -> bool:
    """End a key for good; False where there is none or it was revoked before."""
    row = {"public_id": public_id, "now": now}
    return db.execute(sql("keys.revoke"), row).rowcount > 0


def change(db: sqlite3.Connection, row: KeyRow) -> bool:
    """Keep name, scopes, limits, rules and end; False where it is revoked or gone."""
    found = {
        "public_id": row.public_id,
        "name": row.name,
        "scopes": _scopes(row.scopes),
        "limits": _limits(row.limits),
        "rules": _rules(row.rules),
        "expires_at": row.expires_at,
    }
    return db.execute(sql("keys.change"), found).rowcount > 0


def rotate(db: sqlite3.Connection, public_id: str, old_until: int) -> str | None:
    """Give a key a new secret and return it in the clear; None as for `change`.

    The secret until now opens it up to `old_until`; an even older one no more.
    """
    secret = new_secret()
    row = {
        "public_id": public_id,
        "hash": hash_secret(secret),
        "old_until": old_until,
    }
    changed = db.execute(sql("keys.rotate"), row).rowcount > 0
    return _plain(public_id, secret) if changed else None


def touch(db: sqlite3.Connection, key_id: int, now: int) -> None:
    """Remember that the key was used; writes at most once a minute."""
    db.execute(sql("keys.touch"), {"id": key_id, "now": now})


def new_secret() -> str:
    """Make 256 random bits in base 62."""
    return _base62(secrets.randbits(8 * SECRET_OCTETS))


def _plain(public_id: str, secret: str) -> str:
    return f"{PREFIX}_{public_id}_{secret}"


def _scopes(scopes: Iterable[str]) -> str:
    return msgspec.json.encode(sorted(set(scopes))).decode()


def _rules(rules: Rules) -> str | None:
    return None if rules == NO_RULES else msgspec.json.encode(rules).decode()


def _limits(limits: Iterable[str]) -> str | None:
    found = list(limits)
    return msgspec.json.encode(found).decode() if found else None


def _base62(value: int) -> str:
    digits: list[str] = []
    for _ in range(_SECRET_LENGTH):
        value, digit = divmod(value, len(_BASE62))
        digits.append(_BASE62[digit])
    return "".join(reversed(digits))


def _key(row: tuple[Any, ...]) -> KeyRow:
    id, public_id, name, hash, scopes, secret, created, used, revoked, *more = row
    limits, rules, expires_at, old_hash, old_until = more
    return KeyRow(
        id,
        public_id,
        name,
        hash,
        tuple(msgspec.json.decode(scopes, type=list[str])),
        secret,
        created,
        used,
        revoked,
        tuple(msgspec.json.decode(limits, type=list[str])) if limits else (),
        msgspec.json.decode(rules, type=Rules) if rules else NO_RULES,
        expires_at,
        old_hash,
        old_until,
    )
