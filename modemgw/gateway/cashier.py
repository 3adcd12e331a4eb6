"""Wakes the lanes when a quota, a bundle or a cap begins anew, or the clock is set."""

import asyncio
import logging
from functools import partial

from modemgw.errors import StoreError
from modemgw.gateway.dispatch import Dispatcher
from modemgw.gateway.wallet import Wallets
from modemgw.policy.periods import Period
from modemgw.store import wallet as rows
from modemgw.store.keys import KeyRow
from modemgw.store.sims import MINUTE_MS

log = logging.getLogger("modemgw.wallet")

LONGEST_SLEEP_S = 600.0  # the wall clock may jump: look again at least this often
LEAST_SLEEP_S = 0.05
DAY_MS = 86_400_000
FINE_MS = 62 * DAY_MS  # so long each minute is kept
KEPT_MS = 396 * DAY_MS  # 13 months: a year's accounts can be closed
JUMP_MS = 60_000  # a wall clock that is so far off was set


class Cashier:
    """The task behind the wallets."""

    def __init__(self, wallets: Wallets, dispatcher: Dispatcher) -> None:
        self._wallets = wallets
        self._dispatcher = dispatcher

    async def run(self) -> None:
        """Wait for turns of periods, for life."""
        while True:
            now = self._wallets.now_ms()
            turn = self._wallets.next_turn(now)
            left_s = (turn - now) / 1000
            sleep_s = max(LEAST_SLEEP_S, min(left_s, LONGEST_SLEEP_S))
            await asyncio.sleep(sleep_s)
            later = self._wallets.now_ms()
            if later >= turn or abs(later - now - sleep_s * 1000) > JUMP_MS:
                self._dispatcher.reconsider()
            try:
                await self._wallets.reload(self._is_quiet)
            except StoreError as exc:
                log.error("cannot read the database", extra={"error": str(exc)})

    async def tidy(self) -> None:
        """Make the minutes of old days one row each, and forget what is very old.

        Days are those of the gateway's zone, so no quota or bundle is cut. Raises
        StoreError.
        """
        wallets, store = self._wallets, self._wallets.store
        now, day = wallets.now_ms(), Period("day")
        await store.write(partial(rows.forget, before=now - KEPT_MS))
        young, _ = day.bounds(now - FINE_MS, wallets.zone)
        at = await store.read(partial(rows.oldest, since=0))
        while at is not None and at < young:
            start, end = day.bounds(at, wallets.zone)
            after = start + MINUTE_MS
            at = await store.read(partial(rows.oldest, since=after))
            if at is not None and at < end:
                await store.write(partial(rows.fold, start=start, end=end))
                at = await store.read(partial(rows.oldest, since=after))

    async def limit(self, row: KeyRow) -> None:
        """Take up new limits of a key."""
        await self._wallets.keys.refresh(row)
        self._dispatcher.reconsider()

    def _is_quiet(self, sim_id: int) -> bool:
        """Tell whether nothing of a SIM is on the air or not written yet."""
        lanes = self._dispatcher.lanes.values()
        return all(
            lane.quiet.is_set()
            for lane in lanes
            if lane.sim is not None and lane.sim.sim_id == sim_id
        )
