"""The modems' memory of PINs, in the database: a restart does not try one again."""

import logging
import sqlite3
from collections.abc import Sequence

from modemgw.clock import Clock
from modemgw.errors import StoreError
from modemgw.modem.pins import Tried
from modemgw.store import pins
from modemgw.store.database import Store
from modemgw.store.pins import Latched
from modemgw.store.writer import Connection

_log = logging.getLogger("modemgw.pool")


class StoredPins:
    """A `PinLatch` for all modems of one gateway."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        # Cards that may hold something to forget, None: not looked yet.

    async def tried(self, cards: Sequence[str], pin: str) -> Tried:
        """Return the worst that is known of `pin` at any of `cards`."""
        try:
            found = await self._store.read(lambda db: pins.known(db, cards, pin))
        except StoreError as exc:
            _log.error("cannot look for tried PINs", extra={"error": str(exc)})
            return Tried.NOT_READABLE
        if not found:
            return Tried.NEVER
        return Tried.REFUSED if any(each.refused for each in found) else Tried.UNKNOWN

    async def latch(self, cards: Sequence[str], pin: str) -> bool:
        """Write down that `pin` goes out now; False: the disk says no."""
        return await self._write(cards, pin, refused=False)

    async def refused(self, cards: Sequence[str], pin: str) -> None:
        """Write down that it was wrong. Where that fails, that it went out stays."""
        await self._write(cards, pin, refused=True)

    async def accepted(self, cards: Sequence[str], pin: str | None) -> None:
        """Forget what went out to `cards` with an unknown outcome, and `pin`."""

        def look(db: sqlite3.Connection) -> tuple[list[str], list[Latched]]:
            right = pins.known(db, cards, pin) if pin is not None else []
            return pins.unproved(db, cards), right

        try:
            unproved, right = await self._store.read(look)
            if unproved or right:
                await self._store.write(lambda db: pins.forget(db, unproved, right))
        except StoreError as exc:
            _log.error("cannot forget tried PINs", extra={"error": str(exc)})

    async def _write(self, cards: Sequence[str], pin: str, *, refused: bool) -> bool:
        now = self._clock.now_ms()
        try:
            known = await self._store.read(lambda db: pins.known(db, cards, pin))
            missing = set(cards) - {each.card for each in known}
            if missing:  # made where reading is done: the writer has no time for it
                made = await self._store.read(lambda _: pins.new([*missing], pin))
                known += made

            def job(db: Connection) -> None:
                pins.latch(db, known, at=now, refused=refused)

            await self._store.write(job)
        except StoreError as exc:
            _log.error("cannot write down a tried PIN", extra={"error": str(exc)})
            return False
        return True
