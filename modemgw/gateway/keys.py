"""API keys: made, checked, revoked; one ring for every door of the daemon.

The ring keeps the keys in use in memory, so that a request costs a hash and not
a read of the database. It is bounded, and a revocation empties its entry before
it is answered, whichever door it came through.
"""

import logging
from asyncio import Future
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence

from modemgw.clock import Clock
from modemgw.errors import NotFound
from modemgw.gateway.model import Caller
from modemgw.store import keys as rows
from modemgw.store.database import Store
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.keys")

MAX_CACHED = 1024  # keys; the one not used for longest goes first


class _Known:
    """A key in memory, and the caller that it stands for."""

    __slots__ = ("caller", "row", "touched")

    def __init__(self, row: rows.KeyRow) -> None:
        self.row = row
        self.touched = row.last_used_at or 0
        self.caller = Caller(row.id, row.name, frozenset(row.scopes), "")


class KeyRing:
    """Every key that may be used, as far as it was used lately."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._revocations = 0
        self.on_limits: Callable[[rows.KeyRow], Awaitable[None]] = _unheard

    def cached(self, plain: str, address: str) -> Caller | None:
        """Return the caller of a key that is in memory; None: look it up, or refuse."""
        parsed = rows.parse(plain)
        known = None if parsed is None else self._known.get(parsed[0])
        if parsed is None or known is None or not known.row.opens(parsed[1]):
            return None
        self._known.move_to_end(parsed[0])
        return self._used(known, address)

    async def find(self, plain: str, address: str) -> Caller | None:
        """Look a key up in the database; None where it opens nothing."""
        parsed = rows.parse(plain)
        if parsed is None or not plain.isascii():
            return None
        public_id, secret = parsed
        seen = self._revocations
        row = await self._store.read(lambda db: rows.find(db, public_id))
        if row is None or not row.opens(secret):
            return None
        known = _Known(row)
        if seen == self._revocations:  # else this row may be older than a revocation
            self._known[public_id] = known
            while len(self._known) > MAX_CACHED:
                self._known.popitem(last=False)
        return self._used(known, address)

    async def create(
        self, name: str, scopes: Sequence[str], limits: Sequence[str] = ()
    ) -> tuple[rows.KeyRow, str]:
        """Make a key; return its row and the plain key, shown only now."""
        now = self._clock.now_ms()
        row, plain = await self._store.write(
            lambda db: rows.create(db, name, scopes, now, limits)
        )
        await self.on_limits(row)
        extra = {"key": row.public_id, "scopes": row.scopes, "limits": row.limits}
        log.info("key created", extra=extra)
        return row, plain

    async def limit(self, public_id: str, limits: Sequence[str]) -> rows.KeyRow:
        """Set what a key may have sent. Raises NotFound where it is not in force."""

        def job(db: Connection) -> rows.KeyRow | None:
            changed = rows.limit(db, public_id, limits)
            return rows.find(db, public_id) if changed else None

        row = await self._store.write(job)
        if row is None:
            raise NotFound(f"there is no key {public_id!r} in force")
        await self.on_limits(row)
        log.info("key limited", extra={"key": public_id, "limits": row.limits})
        return row

    async def all(self) -> list[rows.KeyRow]:
        """Return every key, oldest first, revoked ones too."""
        return await self._store.read(rows.list_keys)

    async def revoke(self, public_id: str) -> None:
        """End a key for good. Raises NotFound where no such key is in force."""
        now = self._clock.now_ms()
        ended = await self._store.write(lambda db: rows.revoke(db, public_id, now))
        self._revocations += 1
        self._known.pop(public_id, None)
        if not ended:
            raise NotFound(f"there is no key {public_id!r} in force")
        log.info("key revoked", extra={"key": public_id})

    def _used(self, known: _Known, address: str) -> Caller:
        now = self._clock.now_ms()
        if not 0 <= now - known.touched < rows.TOUCH_EVERY_MS:
            known.touched = now
            key_id = known.row.id
            # Nobody waits for this write; it rides on some later commit.
            self._store.write(lambda db: rows.touch(db, key_id, now)).add_done_callback(
                _ignore
            )
        if known.caller.address != address:
            old = known.caller
            known.caller = Caller(old.key_id, old.name, old.scopes, address)
        return known.caller


async def _unheard(row: rows.KeyRow) -> None:
    """Nobody counts by key yet."""


def _ignore(touched: "Future[None]") -> None:
    """Let a failed note of use pass: the request itself tells of a broken store."""
    if not touched.cancelled() and touched.exception() is not None:
        log.debug("use of a key not noted", exc_info=touched.exception())
