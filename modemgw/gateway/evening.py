"""Puts messages to bed whose quiet hours began before a SIM was free for them.

They leave the queue in memory at once and are scheduled on disk a moment later, so
that thousands of them neither hold a SIM up nor fill the queue until morning.
"""

from collections.abc import Callable, Sequence

from modemgw.clock import Clock
from modemgw.gateway import endings
from modemgw.gateway.barring import Bars
from modemgw.gateway.queue import Entry, QueueIndex
from modemgw.gateway.quiet import Calm
from modemgw.policy.routing import SimView
from modemgw.store.database import Store

AT_ONCE = 200  # put to bed before others have their turn, and in one transaction


class Evening:
    """Messages on their way to bed."""

    def __init__(
        self, store: Store, clock: Clock, calm: Calm, wake: Callable[[], None]
    ) -> None:
        self.on_scheduled: Callable[[], None] = wake  # there are new schedules
        self.bars: Bars | None = None  # against what is wanted no more
        self._store = store
        self._clock = clock
        self.calm = calm
        self._wake = wake
        self._sleepers: list[tuple[Entry, int]] = []  # not on disk yet

    @property
    def has_sleepers(self) -> bool:
        """Say whether `put_to_bed` has something to do."""
        return bool(self._sleepers or (self.bars and self.bars.ended))

    def is_night_for(self, entry: Entry, now: int) -> bool:
        """Say whether the recipient must not be woken now."""
        return self.calm.until(entry.klass, entry.to, now) > now

    def take(
        self, index: QueueIndex, view: SimView, now: int, rivals: Sequence[SimView]
    ) -> Entry | None:
        """Take the next message whose recipient may be woken."""
        for _ in range(AT_ONCE):
            entry = index.take(view, now, rivals)
            if entry is None or entry.wish.pinned_sim_id is not None:
                return entry  # what has begun is finished
            if self.bars and self.bars.keep(index, entry, view, rivals, now):
                continue
            until = self.calm.until(entry.klass, entry.to, now)
            if until <= now:
                return entry
            index.forget(entry.message_id)
            self._sleepers.append((entry, until))
        self._wake()
        return None

    async def put_to_bed(self) -> None:
        """Write down until when they wait. Raises StoreError; they are kept then."""
        if self.bars is not None:
            await self.bars.write()
        while self._sleepers:
            some = self._sleepers[:AT_ONCE]
            now = self._clock.now_ms()
            await self._store.write(endings.put_to_bed(self._store.ids, some, now))
            del self._sleepers[: len(some)]
            self.on_scheduled()
