"""The audit log as the API shows it."""

import msgspec

from modemgw.gateway.shapes import Json
from modemgw.gateway.views import instant
from modemgw.store.audit import AuditRow, Standing


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `before` and `after` are SHA-256 digests of the resource it changed.

    `hash` is the SHA-256 of the hash of the entry before and of this one.
    """

    id: int
    at: str
    who: str
    key: str | None
    address: str
    action: str
    object: str | None
    before: str | None
    after: str | None
    detail: Json
    hash: str


class AuditPage(msgspec.Struct, frozen=True):
    """Acts, newest first."""

    data: list[AuditEntry]
    next_cursor: str | None
    has_more: bool


class AuditVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the chain holds: `rows` of it do, the last with the hash `head`.

    `fault` says where it breaks: a row was changed, put in or taken out.
    """

    sound: bool
    rows: int
    head: str
    fault: str | None


def entry(row: AuditRow) -> AuditEntry:
    """Render one act."""
    return AuditEntry(
        id=row.id,
        at=instant(row.at),
        who=row.who,
        key=row.key,
        address=row.address,
        action=row.action,
        object=row.object,
        before=row.before,
        after=row.after,
        detail=msgspec.json.decode(row.detail),
        hash=row.hash.hex(),
    )


def verdict(found: Standing) -> AuditVerdict:
    """Render how far the chain holds."""
    return AuditVerdict(
        sound=found.fault is None,
        rows=found.rows,
        head=found.head.hex(),
        fault=found.fault,
    )
