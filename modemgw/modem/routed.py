"""What a modem routes to us instead of keeping it (+CMT, +CDS).

It needs the store alone, so it has a task of its own, but for a report that all goes
well with: the store takes that as it is heard. What is routed is nowhere else: it is
taken before the port is closed, and a report waits until it is known which SIM it came
to, for without that nobody finds the text that it is about.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

from modemgw.modem.model import ReceivedTpdu, SimIdentity

MAX_ROUTED = 1000  # TPDUs waiting for the store; a busy modem needs an hour for that
STORE_PAUSE_S = 5.0  # after the sink did not take something
FINISH_S = 3.0  # how long the store may need at the end
LAST_TURNS = 3  # of the loop, in which what lies in the driver is read
_STATUS_REPORT = 0b10  # TP-MTI. Spec: 3GPP TS 23.040, 9.2.3.1

Acknowledge = Callable[[int, float], Awaitable[None]]  # how many, the first since
Take = Callable[[ReceivedTpdu], Awaitable[int | None]]
TakeSoon = Callable[[ReceivedTpdu, Callable[[bool], None]], bool]


class Routed:
    """The queue between what hears them and the store."""

    def __init__(self, take: Take, take_soon: TakeSoon) -> None:
        self.acknowledge: Acknowledge = _nothing  # after they are stored
        self._take = take
        self._take_soon = take_soon
        self._soon = 0  # how many the store has taken without a task, and not yet told
        self._waiting: deque[ReceivedTpdu] = deque(maxlen=MAX_ROUTED)
        self._early: deque[ReceivedTpdu] = deque(maxlen=MAX_ROUTED)  # of no SIM yet
        self._came = asyncio.Event()
        self._came_at = 0.0  # loop time when the first of them came
        self._is_ending = False

    def hear(self, tpdu: ReceivedTpdu) -> None:
        """Take one over from the modem."""
        if tpdu.sim is None and is_report(tpdu.octets):
            self._early.append(tpdu)
            return
        in_line = self._waiting or self._soon >= MAX_ROUTED
        if in_line or tpdu.wants_ack or not self._offer(tpdu):
            self._queue(tpdu)

    def _offer(self, tpdu: ReceivedTpdu) -> bool:
        is_taken = self._take_soon(tpdu, partial(self._told, tpdu))
        self._soon += is_taken
        return is_taken

    def _told(self, tpdu: ReceivedTpdu, is_kept: bool) -> None:
        self._soon -= 1
        if not is_kept:
            self._queue(tpdu)
        elif self._is_ending:
            self._came.set()

    def _queue(self, tpdu: ReceivedTpdu) -> None:
        if not self._waiting:
            self._came_at = asyncio.get_running_loop().time()
        self._waiting.append(tpdu)
        self._came.set()

    def moved_to(self, sim: SimIdentity | None, *, wants_ack: bool) -> None:
        """Hear which SIM it is that early reports came to."""
        if sim is not None:
            early, self._early = self._early, deque(maxlen=MAX_ROUTED)
            for tpdu in early:
                self.hear(tpdu._replace(sim=sim, wants_ack=wants_ack))

    async def serve(self, live: Callable[[], Awaitable[None]]) -> None:
        """Run `live`, and beside it what hands them to the store.

        Cancelled, it first hands over what has come by then.
        """
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(self._run())
            try:
                await live()
            except asyncio.CancelledError:
                if not taking.done():
                    await self._finish(taking)
                raise

    async def _run(self) -> None:
        """Hand them over, for life; the bursts together."""
        while True:
            await self._came.wait()
            self._came.clear()
            while self._waiting:
                await self._take_all()
            if self._is_ending and not self._soon:
                return

    async def _take_all(self) -> None:
        batch, came_at = list(self._waiting), self._came_at
        self._waiting.clear()
        if len(batch) == 1:  # nearly always: no task for it
            receipts = [await self._take(batch[0])]
        else:
            receipts = await asyncio.gather(*map(self._take, batch))
        kept = [
            tpdu
            for tpdu, receipt in zip(batch, receipts, strict=True)
            if receipt is None
        ]
        await self.acknowledge(len(batch) - len(kept), came_at)
        if kept:
            self._waiting.extendleft(reversed(kept))
            await asyncio.sleep(STORE_PAUSE_S)

    async def _finish(self, taking: "asyncio.Task[None]") -> None:
        for _ in range(LAST_TURNS):
            await asyncio.sleep(0)
        self._waiting.extend(self._early)  # kept at least, if for no SIM
        self._early.clear()
        self._is_ending = True
        self._came.set()
        await asyncio.wait({taking}, timeout=FINISH_S)


async def _nothing(owed: int, came_at: float) -> None:
    """Acknowledge nothing: the modem does it by itself."""


def is_report(octets: bytes) -> bool:
    """Tell a STATUS-REPORT by TP-MTI behind the service centre's address."""
    first = 1 + octets[0]
    return first < len(octets) and octets[first] & 3 == _STATUS_REPORT
