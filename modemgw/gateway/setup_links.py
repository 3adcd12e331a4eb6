"""The one-time link of setup: whoever opens it first, in time, gets a key.

The key is made when the link is used, in the same transaction: a link that nobody
opens leaves none behind, and two who open it at once get one between them.
"""

from dataclasses import dataclass

import msgspec

from modemgw.clock import Clock
from modemgw.gateway import audit, key_resources
from modemgw.gateway.model import Caller
from modemgw.policy.scopes import PRESETS
from modemgw.store import keys, setup_links
from modemgw.store.database import Store
from modemgw.store.setup_links import SetupLink
from modemgw.store.writer import Connection

KEY_NAME = "setup link"
SCOPES = (*PRESETS["sender"], "sims:read", "modems:read", "events:read")


@dataclass(frozen=True, slots=True)
class Used:
    """What came of a link: the key, shown only now, and the first text."""

    key: str
    key_id: str
    message: str | None


class SetupLinks:
    """Makes links and takes them."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store, self._clock = store, clock

    async def make(self, message: str | None) -> tuple[str, int]:
        """Return the token of a new link and when it ends; those before it end."""
        now = self._clock.now_ms()
        return await self._store.write(lambda db: setup_links.create(db, message, now))

    async def find(self, token: str) -> SetupLink | None:
        """Look whether a link is in force; it stays so."""
        if len(token) != setup_links.TOKEN_LENGTH:
            return None
        now = self._clock.now_ms()
        return await self._store.read(lambda db: setup_links.find(db, token, now))

    async def use(self, token: str, address: str) -> Used | None:
        """Use a link up and make its key; None where it is not in force."""
        if await self.find(token) is None:  # else every guess were a write
            return None
        now = self._clock.now_ms()
        caller = Caller(None, KEY_NAME, frozenset(), address)

        def job(db: Connection) -> Used | None:
            link = setup_links.use(db, token, now)
            if link is None:
                return None
            row, plain = keys.create(db, KEY_NAME, SCOPES, now)
            made = msgspec.structs.replace(
                key_resources.key(row, now), last_used_at=None
            )
            audit.append(db, now, "key.create", caller, object=made.id, after=made)
            return Used(plain, row.public_id, link.message)

        return await self._store.write(job)
