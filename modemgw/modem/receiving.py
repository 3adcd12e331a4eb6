"""Everything that arrives: read, handed to the sink, and only then deleted.

A TPDU leaves the modem in four ways: announced (+CMTI, +CDSI) and read, found by
a sweep, or routed (+CMT, +CDS). All end in `TpduSink.take`; nothing is deleted
before the sink has given its receipt. A deletion may fail, also behind an OK:
the record is then known by memory, slot and octets, and only deleted, not taken,
the next time.

Announcements get lost and counters lie, so the storages are swept as well; the
announced slot is read whatever the counters say.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from modemgw.at import answers, commands
from modemgw.at.answers import Row
from modemgw.at.parser import Urc
from modemgw.at.quirks import STORAGE_FULL
from modemgw.modem.asking import Asker
from modemgw.modem.facts import Facts, Memories
from modemgw.modem.fullness import Fullness, Tell
from modemgw.modem.memories import select
from modemgw.modem.model import ReceivedTpdu, SimIdentity, TpduSink
from modemgw.modem.routed import STORE_PAUSE_S, Routed, is_report

MAX_DELETES = 5  # tries before a record that will not go is left alone
MAX_UNPROVED = 300  # deletions remembered until a listing proves them
MAX_SCANNED = 255  # slots read one by one where listing does not work
MAX_PASSES = 10  # over one memory in one sweep: what arrives meanwhile
SECOND_LOOK_S = 0.5  # Huawei announces before it has stored
_MINE = (0, 1, None)  # <stat>: received; 2 and 3 are drafts of the SIM's owner
REPEAT_S = 900.0  # how long the network repeats what it saw no AT+CNMA for
_Key = tuple[str | None, int, bytes]  # memory, slot, octets


@dataclass(slots=True, eq=False)
class _Announced:
    memory: str | None
    slot: int
    is_report: bool
    looks: int = 0


@dataclass(slots=True)
class _Stuck:
    """A record that was taken and is not deleted yet."""

    receipt: int
    failures: int = 0


class Receiver:
    """What arrives at one modem, over all its sessions.

    `wake` is called when there is work for `read_announced` or a sweep.
    """

    def __init__(self, name: str, sink: TpduSink, wake: Callable[[], None]) -> None:
        self.sweep_wanted = False
        self.sweep_at = 0.0  # loop time of the next one
        self._name = name
        self._sink = sink
        self._wake = wake
        self._announced: deque[_Announced] = deque()
        self.routed = Routed(self._take_once, self._take_soon)
        self.fullness = Fullness(_untold)
        self.tell: Tell = _untold  # what a person should know
        self.now_ms: Callable[[], int] | None = None  # wall time, where it is known
        self._sweep_began_at: int | None = None
        self._acknowledges = True  # until we know: a repetition is then found out
        self._paid: dict[bytes, tuple[int, float]] = {}  # receipt and time, by octets
        self._stuck: dict[_Key, _Stuck] = {}
        self._deleted: dict[_Key, _Stuck] = {}  # the modem said so; not proved yet
        self._sim: SimIdentity | None = None
        self._sims_iccid: str | None = None

    # --- called in the loop, by URCs

    def hear(self, urc: Urc, sim: SimIdentity | None) -> bool:
        """Take an announcement or a routed TPDU; tell whether it was one."""
        text = urc.text
        if text.startswith(("+CMTI:", "+CDSI:")):
            memory, slot = answers.announced(text)
            if slot is None:
                self.want_sweep()
            else:
                entry = _Announced(memory, slot, text.startswith("+CDSI:"))
                self._announced.append(entry)
            self._wake()
            return True
        if text.startswith(("+CMT:", "+CDS:")):
            octets = answers.octets_of(urc.pdu or "")
            if octets:
                length = answers.announced_length(text)
                name, owed = self._name, self._acknowledges
                self.routed.hear(
                    ReceivedTpdu(
                        name, sim, None, None, octets, True, length, None, owed
                    )
                )
            return True
        if text.startswith(STORAGE_FULL):
            self.fullness.said(text)
            self.want_sweep()
            self._wake()
        return text.startswith("+CBM:")

    def want_sweep(self) -> None:
        """Ask for a sweep of all storages at the next occasion."""
        self.sweep_wanted = True

    # --- routed TPDUs

    async def _take_once(self, tpdu: ReceivedTpdu) -> int | None:
        """Hand a TPDU over, unless it comes again because an AT+CNMA got lost."""
        known = self._repeated(tpdu.octets)
        receipt = known if known is not None else await self._sink.take(tpdu)
        if self._acknowledges and receipt is not None:
            self._paid[tpdu.octets] = (receipt, asyncio.get_running_loop().time())
        return receipt

    def _take_soon(self, tpdu: ReceivedTpdu, told: Callable[[bool], None]) -> bool:
        return not self._paid and self._sink.take_soon(tpdu, told)

    def _repeated(self, octets: bytes) -> int | None:
        """Return the receipt of a TPDU that was routed and acknowledged lately.

        The time stamp of the service centre is a part of the octets.
        """
        now = asyncio.get_running_loop().time()
        for old in [o for o, (_, at) in self._paid.items() if now - at > REPEAT_S]:
            del self._paid[old]
        return self._paid[octets][0] if octets in self._paid else None

    # --- stored TPDUs: all of this runs in the actor's one task

    @property
    def has_work(self) -> bool:
        """Something was announced."""
        return bool(self._announced)

    def moved_to(self, facts: Facts) -> None:
        """Start with another card, or again with the same."""
        sim, self._acknowledges = facts.sim, facts.must_acknowledge
        if sim is None or sim.iccid is None or sim.iccid != self._sims_iccid:
            self._stuck.clear()
            self._deleted.clear()
            self._paid.clear()
        self._sims_iccid = sim.iccid if sim is not None else None
        self._sim = sim
        self.routed.moved_to(sim, wants_ack=self._acknowledges)
        self._announced.clear()  # the sweep at every start finds them
        self.want_sweep()

    async def read_announced(self, asker: Asker, memories: Memories) -> None:
        """Read what was announced so far, each from the slot that was named."""
        for _ in range(len(self._announced)):
            entry = self._announced[0]
            memory = entry.memory or memories.arriving
            row = await self._read(asker, memories, memory, entry.slot)
            if entry.is_report and not (row and is_report(row.octets)):
                # EC25 announces a report in SM that lies in SR. What is in the
                # announced slot is a stranger, which the sweep will take.
                row = None
                if memory != "SR" and "SR" in memories.all:
                    memory = "SR"
                    row = await self._read(asker, memories, memory, entry.slot)
            self._announced.popleft()
            if row is not None:
                await self._take(asker, memory, entry.slot, row)
            elif entry.looks == 0:
                entry.looks += 1
                loop = asyncio.get_running_loop()
                loop.call_later(SECOND_LOOK_S, self._look_again, entry)
            else:
                self.want_sweep()

    def _look_again(self, entry: _Announced) -> None:
        self._announced.append(entry)
        self._wake()

    async def sweep(self, asker: Asker, memories: Memories) -> None:
        """Read, hand over and delete everything in all storages.

        Announced messages go first whenever there are some, so that a long
        listing does not hold them up.
        """
        self.sweep_wanted = False
        self._sweep_began_at = self.now_ms() if self.now_ms else None
        taken: dict[tuple[int, bytes], str | None] = {}
        for memory in memories.all or (None,):
            for number in range(MAX_PASSES):
                await self.read_announced(asker, memories)
                first = number == 0
                if not await self._drain(asker, memories, memory, taken, first):
                    break
        self.fullness.swept()

    async def _drain(
        self,
        asker: Asker,
        memories: Memories,
        memory: str | None,
        taken: dict[tuple[int, bytes], str | None],
        first: bool,
    ) -> bool:
        """List one memory once; tell whether another listing is worth it."""
        counts = await select(asker, memories, memory)
        if counts is None:
            return False
        used = counts[0].used if counts else 0
        if counts:
            self.fullness.counted(memory, used, counts[0].total)
        if counts and not (first or used):
            return False  # slow where it is slow: not once more for nothing
        rows = await asker.ask(commands.read_all(used))
        is_whole = rows is not None and len(rows) == used and bool(counts)
        if rows is None or (first and len(rows) < used):  # refused, or known to lie
            total = counts[0].total if counts else 0
            rows = await self._scan(asker, used, total) if used or not counts else ()
        new = 0
        seen: set[_Key] = set()
        announced = self._take_announced(memory, {row.slot for row in rows})
        for row in rows:
            if row.slot is None or row.stat not in _MINE:
                continue
            key = (memory, row.slot, row.octets)
            seen.add(key)
            if key in self._deleted and row.slot not in announced:
                self._stuck[key] = self._deleted.pop(key)  # it said OK and kept it
            if key not in self._stuck:
                alias = taken.get((row.slot, row.octets), memory) != memory
                if alias or self._is_stuck_elsewhere(
                    key
                ):  # ME and SM are one store: already taken under SM
                    await asker.does(commands.delete(row.slot))
                    continue
                new += 1
            taken[row.slot, row.octets] = memory
            began = self._sweep_began_at
            if not await self._take(asker, memory, row.slot, row, began):
                return False
        if is_whole:
            self._forget_gone(memory, seen)
        return new > 0

    async def _scan(self, asker: Asker, used: int, total: int) -> tuple[Row, ...]:
        """Read slot by slot, until as many were found as there should be."""
        found: list[Row] = []
        for slot in range(min(total or MAX_SCANNED, MAX_SCANNED) + 1):
            for row in await asker.ask(commands.read(slot)) or ():
                found.append(Row(slot, row.stat, row.length, row.octets))
            if used and len(found) >= used:
                break
        return tuple(found)

    async def _read(
        self, asker: Asker, memories: Memories, memory: str | None, slot: int
    ) -> Row | None:
        """Read one slot; None where nothing is in it, however the modem says so."""
        is_read = memory == memories.reading
        if not is_read and await select(asker, memories, memory) is None:
            return None
        rows = await asker.ask(commands.read(slot))
        return rows[0] if rows else None

    async def _take(
        self,
        asker: Asker,
        memory: str | None,
        slot: int,
        row: Row,
        sweep_began_at: int | None = None,
    ) -> bool:
        """Hand one record over and delete it; False where the store is down."""
        key = (memory, slot, row.octets)
        stuck = self._stuck.get(key)
        if stuck is None:
            tpdu = ReceivedTpdu(
                *(self._name, self._sim, memory, slot, row.octets, False, row.length),
                sweep_began_at=sweep_began_at,
                wants_ack=self._acknowledges,
            )
            receipt = self._repeated(row.octets)
            if receipt is None:
                receipt = await self._sink.take(tpdu)
            if receipt is None:
                loop = asyncio.get_running_loop()
                self.sweep_at = min(self.sweep_at, loop.time() + STORE_PAUSE_S)
                return False
            # Known before AT+CMGD goes out: its answer may never come.
            stuck = self._stuck[key] = _Stuck(receipt)
        if stuck.failures < MAX_DELETES:
            stuck.failures += 1
            if await asker.does(commands.delete(slot)):
                self._deleted[key] = self._stuck.pop(key)
                if len(self._deleted) > MAX_UNPROVED:
                    del self._deleted[next(iter(self._deleted))]
                self._sink.deleted(stuck.receipt)
            elif stuck.failures == MAX_DELETES:
                self.tell("storage_stuck", {"memory": memory, "slot": slot})
        return True

    def _is_stuck_elsewhere(self, key: _Key) -> bool:
        """Tell whether the same record was taken from a memory that is this one."""
        memory, slot, octets = key
        return any(
            other != memory and (at, what) == (slot, octets)
            for other, at, what in self._stuck
        )

    def _take_announced(self, memory: str | None, slots: set[int | None]) -> set[int]:
        """Return which announced slots a listing has shown; they are read by that."""
        taken: set[int] = set()
        for entry in [*self._announced]:
            if entry.memory == memory and entry.slot in slots and not entry.is_report:
                self._announced.remove(entry)
                taken.add(entry.slot)
        return taken

    def _forget_gone(self, memory: str | None, seen: set[_Key]) -> None:
        """What a whole listing does not show any more was deleted after all."""
        for known in (self._stuck, self._deleted):
            for key in [k for k in known if k[0] == memory and k not in seen]:
                receipt = known.pop(key).receipt
                if known is self._stuck:
                    self._sink.deleted(receipt)


def _untold(kind: str, detail: dict[str, object]) -> None:
    """Nobody listens yet."""
