"""The JSON resource of an API key."""

import msgspec

from modemgw.gateway.shapes import Json
from modemgw.gateway.views import instant, maybe_instant
from modemgw.store.keys import KeyRow


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, without its secret; an empty list means anything.

    `old_secret_until`: the secret before the last rotation opens it until then.
    """

    id: str
    name: str
    scopes: list[str]
    limits: list[str]
    cidrs: list[str]
    surfaces: list[str]
    sims: list[str]
    classes: list[str]
    destinations: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    revoked_at: str | None
    old_secret_until: str | None


class KeyList(msgspec.Struct, frozen=True):
    """Every key, revoked ones too."""

    data: list[Key]


class NewKey(Key, frozen=True, kw_only=True):
    """A key at the only moment its secrets are shown."""

    key: str
    webhook_secret: str


class TwilioCredentials(msgspec.Struct, frozen=True):
    """What opens the twilio surface for a key; the same until the key is rotated."""

    account_sid: str
    auth_token: str


def key(row: KeyRow, now: int) -> Key:
    """Render a key."""
    return Key(**_key(row, now))


def new_key(row: KeyRow, plain: str, now: int) -> NewKey:
    """Render a key with its secrets: once, where they were made."""
    return NewKey(**_key(row, now), key=plain, webhook_secret=row.webhook_secret)


def _key(row: KeyRow, now: int) -> Json:
    old = row.old_until
    return {
        "id": row.public_id,
        "name": row.name,
        "scopes": list(row.scopes),
        "limits": list(row.limits),
        "cidrs": list(row.rules.cidrs),
        "surfaces": list(row.rules.surfaces),
        "sims": list(row.rules.sims),
        "classes": list(row.rules.classes),
        "destinations": list(row.rules.destinations),
        "created_at": instant(row.created_at),
        "expires_at": maybe_instant(row.expires_at),
        "last_used_at": maybe_instant(row.last_used_at),
        "revoked_at": maybe_instant(row.revoked_at),
        "old_secret_until": instant(old) if old is not None and old > now else None,
    }
