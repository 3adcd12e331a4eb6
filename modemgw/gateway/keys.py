"""API keys: made, checked, revoked; one ring for every door of the daemon.

The ring keeps the keys in use in memory, so that a request costs a hash and not
a read of the database. It is bounded, and a revocation empties its entry before
it is answered, whichever door it came through.
"""

import logging
from asyncio import Future
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from modemgw.clock import Clock
from modemgw.errors import NotFound
from modemgw.gateway.key_rules import compiled, refused_from
from modemgw.gateway.model import Caller
from modemgw.gateway.tokens import LIFE_S, PREFIX, Lease, Tokens
from modemgw.store import keys as rows
from modemgw.store.database import Store
from modemgw.store.writer import Connection

log = logging.getLogger("modemgw.keys")

Opens = Callable[[rows.KeyRow, int], bool]  # whether it opens the key at an instant
MAX_CACHED = 1024  # keys; the one not used for longest goes first


class _Known:
    """A key in memory, and the caller that it stands for."""

    __slots__ = ("caller", "row", "rules", "touched")

    def __init__(
        self,
        row: rows.KeyRow,
        scopes: Iterable[str] | None = None,
        lease: Lease | None = None,
    ) -> None:
        self.row = row
        self.rules = compiled(row.rules)
        self.touched = row.last_used_at or 0
        may = frozenset(row.scopes if scopes is None else scopes)
        # No address yet: the first one is always looked at.
        self.caller = Caller(row.id, row.name, may, "nowhere", self.rules, lease)


class ScopeRefused(ValueError):
    """A token was asked for with a scope that its key lacks."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A token as it goes to its client."""

    plain: str
    scopes: tuple[str, ...]
    seconds: int


class KeyRing:
    """Every key that may be used, as far as it was used lately."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._tokens: Tokens[_Known] = Tokens(clock)
        self.changes = 0  # counts up whenever a key in force becomes another one
        self.on_limits: Callable[[rows.KeyRow], Awaitable[None]] = _unheard

    def cached(self, plain: str, address: str) -> Caller | None:
        """Return the caller of a key that is in memory; None: look it up, or refuse.

        Raises KeyRestricted where the key may not be used from there.
        """
        parsed = rows.parse(plain)
        now = self._clock.now_ms()
        if parsed is None:
            return self._of_token(plain, address, now)
        known = self._known.get(parsed[0])
        if known is None or not known.row.opens(parsed[1], now):
            return None
        self._known.move_to_end(parsed[0])
        return self._used(known, address, now)

    def passing(self, plain: str, address: str) -> Caller | None:
        """As `cached`, and None, too, where it would raise or has to look closer."""
        parsed = rows.parse(plain)
        known = None if parsed is None else self._known.get(parsed[0])
        if parsed is None or known is None:
            return None
        if known.rules is not None and known.caller.address != address:
            return None
        now = self._clock.now_ms()
        if not (plain.isascii() and known.row.opens(parsed[1], now)):
            return None
        self._known.move_to_end(parsed[0])
        return self._used(known, address, now)

    async def find(self, plain: str, address: str) -> Caller | None:
        """Look a key up in the database; None where it opens nothing.

        Raises KeyRestricted where the key may not be used from there.
        """
        parsed = rows.parse(plain)
        if parsed is None or not plain.isascii():
            return None
        public_id, secret = parsed
        return await self.find_by(
            public_id, lambda row, now: row.opens(secret, now), address
        )

    def cached_by(self, public_id: str, opens: Opens, address: str) -> Caller | None:
        """As `cached`, for who proves in another way that a key is theirs."""
        known = self._known.get(public_id)
        if known is None or not opens(known.row, self._clock.now_ms()):
            return None
        self._known.move_to_end(public_id)
        return self._used(known, address, self._clock.now_ms())

    async def find_by(
        self, public_id: str, opens: Opens, address: str
    ) -> Caller | None:
        """As `find`, for who proves in another way that a key is theirs."""
        seen = self.changes
        row = await self._store.read(lambda db: rows.find(db, public_id))
        now = self._clock.now_ms()
        if row is None or not opens(row, now):
            return None
        known = _Known(row)
        if seen == self.changes:  # else this row may be older than a revocation
            self._known[public_id] = known
            while len(self._known) > MAX_CACHED:
                self._known.popitem(last=False)
        return self._used(known, address, now)

    async def token(self, public_id: str, scopes: Sequence[str]) -> Issued | None:
        """Make a token of a key for these of its scopes; none named: for all.

        None where the key is not in force. Raises ScopeRefused, StoreError.
        """
        seen = self.changes
        row = await self._store.read(lambda db: rows.find(db, public_id))
        now = self._clock.now_ms()
        if row is None or not row.in_force(now) or seen != self.changes:
            return None
        own = frozenset(row.scopes)
        wanted = tuple(dict.fromkeys(scopes)) or row.scopes
        for scope in wanted:
            if scope not in own and "admin" not in own:
                raise ScopeRefused(scope)
        life_s = LIFE_S
        if row.expires_at is not None:
            life_s = min(life_s, max(1, (row.expires_at - now) // 1000))
        plain = self._tokens.issue(
            public_id, lambda lease: _Known(row, wanted, lease), life_s
        )
        return Issued(plain, wanted, life_s)

    def end_token(self, plain: str, public_id: str) -> None:
        """End a token of this key; anything else is let be."""
        self._tokens.revoke(plain, public_id)

    def _of_token(self, plain: str, address: str, now: int) -> Caller | None:
        if not plain.startswith(PREFIX):
            return None
        known = self._tokens.bearer(plain)
        if known is None or not known.row.in_force(now):
            return None
        return self._used(known, address, now)

    async def create(
        self,
        name: str,
        scopes: Sequence[str],
        limits: Sequence[str] = (),
        rules: rows.Rules = rows.NO_RULES,
        expires_at: int | None = None,
    ) -> tuple[rows.KeyRow, str]:
        """Make a key; return its row and the plain key, shown only now."""
        now = self._clock.now_ms()
        row, plain = await self._store.write(
            lambda db: rows.create(db, name, scopes, now, limits, rules, expires_at)
        )
        await self.on_limits(row)
        extra = {"key": row.public_id, "scopes": row.scopes, "limits": row.limits}
        log.info("key created", extra=extra)
        return row, plain

    async def change(
        self, public_id: str, step: Callable[[rows.KeyRow], rows.KeyRow]
    ) -> rows.KeyRow:
        """Change a key, from this moment on and at every door.

        Its tokens end. Raises NotFound where it is not in force.
        """

        def job(db: Connection) -> rows.KeyRow | None:
            row = rows.find(db, public_id)
            if row is None or not rows.change(db, step(row)):
                return None
            return rows.find(db, public_id)

        row = await self._store.write(job)
        self._forget(public_id)
        if row is None:
            raise _none(public_id)
        await self.on_limits(row)
        extra = {"key": public_id, "scopes": row.scopes, "limits": row.limits}
        log.info("key changed", extra=extra)
        return row

    async def rotate(self, public_id: str, overlap_s: int) -> tuple[rows.KeyRow, str]:
        """Give a key a new secret; the one until now is good for a while longer.

        Returns the row and the plain key, shown only now. Without overlap its
        tokens end, too. Raises NotFound where the key is not in force.
        """
        now = self._clock.now_ms()

        def job(db: Connection) -> tuple[rows.KeyRow, str] | None:
            row = rows.find(db, public_id)
            if row is None or not row.in_force(now):
                return None
            plain = rows.rotate(db, public_id, now + overlap_s * 1000)
            row = rows.find(db, public_id)
            return None if row is None or plain is None else (row, plain)

        made = await self._store.write(job)
        self._forget(public_id, tokens=overlap_s == 0)
        if made is None:
            raise _none(public_id)
        log.info("key rotated", extra={"key": public_id, "overlap_s": overlap_s})
        return made

    async def all(self) -> list[rows.KeyRow]:
        """Return every key, oldest first, revoked ones too."""
        return await self._store.read(rows.list_keys)

    async def get(self, public_id: str) -> rows.KeyRow:
        """Return one key. Raises NotFound where it is not in force."""
        row = await self._store.read(lambda db: rows.find(db, public_id))
        if row is None or not row.in_force(self._clock.now_ms()):
            raise _none(public_id)
        return row

    async def revoke(self, public_id: str) -> None:
        """End a key for good. Raises NotFound where no such key is in force."""
        now = self._clock.now_ms()
        ended = await self._store.write(lambda db: rows.revoke(db, public_id, now))
        self._forget(public_id)
        if not ended:
            raise _none(public_id)
        log.info("key revoked", extra={"key": public_id})

    def _forget(self, public_id: str, *, tokens: bool = True) -> None:
        self.changes += 1
        self._known.pop(public_id, None)
        if tokens:
            self._tokens.forget(public_id)

    def _used(self, known: _Known, address: str, now: int) -> Caller:
        if known.caller.address != address:
            if known.rules is not None and not known.rules.admits(address):
                log.warning(
                    "key used from elsewhere",
                    extra={"key": known.row.public_id, "address": address},
                )
                raise refused_from(known.row.name, address)
            known.caller = replace(known.caller, address=address)
        if not 0 <= now - known.touched < rows.TOUCH_EVERY_MS:
            known.touched = now
            key_id = known.row.id
            # Nobody waits for this write; it rides on some later commit.
            self._store.write(lambda db: rows.touch(db, key_id, now)).add_done_callback(
                _ignore
            )
        return known.caller


def _none(public_id: str) -> NotFound:
    return NotFound(f"there is no key {public_id!r} in force")


async def _unheard(row: rows.KeyRow) -> None:
    """Nobody counts by key yet."""


def _ignore(touched: "Future[None]") -> None:
    """Let a failed note of use pass: the request itself tells of a broken store."""
    if not touched.cancelled() and touched.exception() is not None:
        log.debug("use of a key not noted", exc_info=touched.exception())
