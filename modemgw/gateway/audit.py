"""Who did what: the one place that acts are told to, for the log and for the chain.

Every act of an administrator, and every act on somebody's data, is one row of the
audit log and one line of the program's log. Texts, secrets and numbers are never
in either: numbers lose their middle, people are named by their pseudonym.
"""

import hashlib
import json
import logging
import re
from asyncio import Future

from modemgw.clock import Clock
from modemgw.gateway import views
from modemgw.gateway.model import Caller
from modemgw.number import mask
from modemgw.store import audit as rows
from modemgw.store.database import Store
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.audit")

MAX_DETAIL = 400  # characters of one value
BURSTS = 20  # told of in one hour: strangers must not fill the disk
HOUR_MS = 3_600_000
# Digits inside of an id are no number.
_NUMBER = re.compile(r"(?<![A-Za-z0-9_])\+?\d{7,}(?![A-Za-z0-9])")
_NOBODY = Caller(None, "nobody", frozenset(), "")


def note(
    store: Store,
    action: str,
    caller: Caller,
    *,
    object: str | None = None,
    before: object = None,
    after: object = None,
    **about: object,
) -> "Future[int]":
    """Append an act to the audit log; the future is done when it is on disk.

    `before` and `after` are resources: only their digests are kept. Wait for it
    before an act that leaves no other trace, so that none happens unseen: it raises
    StoreError where it cannot be written.
    """
    now = store.clock.now_ms()
    future = store.write(
        lambda db: append(
            db, now, action, caller, object=object, before=before, after=after, **about
        )
    )
    future.add_done_callback(_look)
    return future


def append(
    db: Connection,
    now: int,
    action: str,
    caller: Caller,
    *,
    object: str | None = None,
    before: object = None,
    after: object = None,
    **about: object,
) -> int:
    """Append an act in the transaction that makes it true; see `note`."""
    detail = {name: _shown(value) for name, value in about.items() if value is not None}
    shown = None if object is None else _masked(object)
    log.info(
        action,
        extra={"by": caller.name, "address": caller.address, "object": shown, **detail},
    )
    return rows.append(
        db,
        at=now,
        who=caller.name,
        key_id=caller.key_id,
        address=caller.address,
        action=action,
        object=shown,
        before=_digest(before),
        after=_digest(after),
        detail=json.dumps(detail, ensure_ascii=False, separators=(",", ":")),
    )


def _digest(resource: object) -> str | None:
    if resource is None:
        return None
    octets = resource if isinstance(resource, bytes) else views.encode(resource)
    return hashlib.sha256(octets).hexdigest()


def _shown(value: object) -> object:
    if isinstance(value, bool | int):
        return value
    if isinstance(value, list | tuple | set | frozenset):
        return [_shown(one) for one in value]
    return _masked(str(value))[:MAX_DETAIL]


def _masked(text: str) -> str:
    return _NUMBER.sub(lambda found: mask(found[0]), text)


def _look(done: "Future[int]") -> None:
    """Fetch the exception, for callers that do not wait; the writer has logged it."""
    if not done.cancelled() and done.exception() is not None:
        log.error("act not written down", extra={"why": str(done.exception())})


class Bursts:
    """Tells of addresses that try many wrong keys: once per burst, not endlessly."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._told: list[int] = []  # when, within the last hour

    def failed(self, address: str, count: int) -> None:
        """Hear that `address` has failed so often in a row that it is slowed now."""
        now = self._clock.now_ms()
        self._told = [at for at in self._told if abs(now - at) < HOUR_MS]
        if len(self._told) < BURSTS:
            self._told.append(now)
            caller = Caller(None, _NOBODY.name, frozenset(), address)
            note(self._store, "auth.failures", caller, object=address, failures=count)
