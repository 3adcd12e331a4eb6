"""Keeps what waits in the queue from people who opted out while it waited.

Asked as a SIM takes a message: the last look before the air. What has begun is
finished. Where the recipient opted out of one SIM alone, another one may take it.
"""

from collections.abc import Sequence
from dataclasses import replace

from modemgw.clock import Clock
from modemgw.gateway import barred
from modemgw.gateway.queue import Entry, QueueIndex
from modemgw.gateway.suppressions import Suppressions
from modemgw.policy.routing import SimView, why_never
from modemgw.store.database import Store
from modemgw.store.writer import Connection

AT_ONCE = 200  # in one transaction
AGAIN_MS = 60_000  # a message that this SIM must not carry rests so long before it asks


class Bars:
    """Messages that end because nobody wants them."""

    def __init__(self, register: Suppressions, store: Store, clock: Clock) -> None:
        self.ended: list[Entry] = []  # not on disk yet
        self._register = register
        self._store = store
        self._clock = clock

    def keep(
        self,
        index: QueueIndex,
        entry: Entry,
        view: SimView,
        rivals: Sequence[SimView],
        now: int,
    ) -> bool:
        """Take a message from this SIM that it must not carry; False: it may."""
        register = self._register
        if not register.bars(entry.klass, entry.to, view.sim_id):
            return False
        if barred.is_past(entry):
            return False
        was_here = view.sim_id in entry.wish.excluded
        if view.sim_id is not None:
            excluded = entry.wish.excluded | {view.sim_id}
            entry.wish = replace(entry.wish, excluded=excluded)
        if any(
            not register.bars(entry.klass, entry.to, rival.sim_id)
            and rival.sim_id is not None
            and why_never(entry.wish, rival) is None
            for rival in rivals
        ):
            if was_here:
                entry.not_before = now + AGAIN_MS
            index.put_back(entry, now)
        else:
            index.forget(entry.message_id)
            self.ended.append(entry)
        return True

    async def write(self) -> None:
        """Write down what ended. Raises StoreError; it is kept then."""
        ids = self._store.ids
        while self.ended:
            some, now = self.ended[:AT_ONCE], self._clock.now_ms()

            def job(
                db: Connection, some: Sequence[Entry] = some, now: int = now
            ) -> None:
                for entry in some:
                    barred.close(db, ids, entry.message_id, now)

            await self._store.write(job)
            del self.ended[: len(some)]
            self._register.apply((), (), [entry.message_id for entry in some])
