"""Parts from strangers: what they may wait for, and what they cannot cost."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from modemgw.gateway import joining
from modemgw.pdu.address import Address
from modemgw.pdu.alphabet import GSM7
from modemgw.pdu.dcs import Dcs
from modemgw.pdu.decode import decode
from modemgw.pdu.deliver import Deliver
from modemgw.pdu.segment import segment
from modemgw.pdu.times import Timestamp
from modemgw.pdu.udh import Concat, Udh
from modemgw.pdu.userdata import UserData
from modemgw.policy.reassembly import (
    MAX_OPEN,
    MAX_OPEN_PER_SENDER,
    Fragment,
    Placement,
    overflow,
    place,
)
from modemgw.store import fragments, inbound, messages
from modemgw.store.database import Store
from modemgw.store.messages import MessageRow
from modemgw.store.writer import Connection
from tests.gateway.rig import gateway_rig
from tests.loop import VirtualClock, run_virtual

STRANGER = "+4915100000001"
FRIEND = "+4915100000002"
STEP_MS = 1000


class Bench:
    """Parts straight into the database, each a second after the last."""

    def __init__(self, store: Store, clock: VirtualClock) -> None:
        self.store = store
        self.now = clock.now_ms()

    async def part(
        self, sender: str, ref: int, seq: int, total: int, text: str = "x"
    ) -> list[int]:
        self.now += STEP_MS
        septets = GSM7.encode(text)
        assert septets is not None
        udh = Udh((Concat(ref, total, seq, wide=True).element(),))
        scts = Timestamp.from_unix(self.now)
        user_data = UserData(Dcs.of(), septets, udh)
        octets = Deliver(Address.dialled(sender), scts, user_data).encode()

        def job(db: Connection) -> list[int]:
            raw_id, _ = inbound.insert_raw(
                db,
                sim_id=None,
                modem="m0",
                memory=None,
                slot=None,
                octets=octets,
                read_at=self.now,
            )
            row = inbound.get_raw(db, raw_id)
            deliver = decode(octets)
            assert row is not None
            assert isinstance(deliver, Deliver)
            ids = self.store.ids
            name = ids.new("msg", self.now)
            return joining.receive(db, ids, row, deliver, lambda _: name, self.now)

        return await self.store.write(job)

    async def message(self, message_id: int) -> MessageRow:
        row = await self.store.read(lambda db: messages.get_by_id(db, message_id))
        assert row is not None
        return row

    async def waiting(self) -> list[tuple[int, str, int]]:
        return await self.store.read(fragments.open_sets)


@asynccontextmanager
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    clock = VirtualClock()
    store = await Store.open(tmp_path / "data", clock=clock, inline=True)
    try:
        yield Bench(store, clock)
    finally:
        store.close()
        await asyncio.sleep(0)


def test_a_sender_may_keep_so_many_messages_waiting_and_no_more(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as it:
            (other,) = await it.part(FRIEND, 1, 1, 2, "half a ")
            mine = []
            for ref in range(MAX_OPEN_PER_SENDER):
                (message_id,) = await it.part(STRANGER, ref, 1, 3, f"start {ref}")
                mine.append(message_id)
            newest, oldest = await it.part(STRANGER, 60_000, 2, 3, "one more")
            assert oldest == mine[0]
            row = await it.message(oldest)
            assert (row.state, row.text) == ("received", "start 0[…]")
            assert row.options["partial"] is True
            assert (await it.message(newest)).state == "receiving"
            assert len(await it.waiting()) == MAX_OPEN_PER_SENDER + 1
            # A sender that behaves is not pushed out, and nothing late is lost.
            assert await it.part(FRIEND, 1, 2, 2, "word") == [other]
            assert (await it.message(other)).text == "half a word"
            assert await it.part(STRANGER, 0, 2, 3, " goes") == [oldest]
            assert (await it.message(oldest)).text == "start 0 goes[…]"

    run_virtual(story())


def test_a_new_part_keeps_a_message_waiting_that_began_long_ago(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with bench(tmp_path) as it:
            (first,) = await it.part(STRANGER, 0, 1, 3)
            for ref in range(1, MAX_OPEN_PER_SENDER):
                (second, *_) = await it.part(STRANGER, ref, 1, 3)
                if ref == 1:
                    next_to_go = second
            assert await it.part(STRANGER, 0, 3, 3) == [first]
            _, closed = await it.part(STRANGER, 999, 1, 3)
            assert closed == next_to_go

    run_virtual(story())


def test_thousands_of_senders_with_half_a_message_each_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = 20
    assert few < MAX_OPEN
    monkeypatch.setattr(
        joining, "overflow", lambda sets: overflow(sets, per_sender=5, in_all=few)
    )

    async def story() -> None:
        async with bench(tmp_path) as it:
            for number in range(3 * few):
                await it.part(f"+49152{number:08d}", 7, 1, 2, str(number))
            assert len(await it.waiting()) == few
            wanted = messages.Filter(direction="inbound", states=("received",))
            out = await it.store.read(
                lambda db: messages.list_messages(db, wanted, limit=1000)
            )
            assert len(out) == 2 * few

    run_virtual(story())


def test_one_part_is_compared_with_a_limited_number_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 12
    seen: list[int] = []

    def counting(known: list[Fragment], new: Fragment) -> Placement:
        seen.append(len(known))
        return place(known, new)

    monkeypatch.setattr(joining, "place", counting)
    monkeypatch.setattr(joining, "KNOWN_LIMIT", limit)

    async def story() -> None:
        async with bench(tmp_path) as it:
            # The same reference over and over, each time with another text.
            for number in range(5 * limit):
                await it.part(STRANGER, 1, 1, 2, f"text {number}")
            assert max(seen) == limit
            # What came last is still found.
            (joined,) = await it.part(STRANGER, 1, 2, 2, ", the end")
            assert (await it.message(joined)).text == f"text {number}, the end"

    run_virtual(story())


def test_a_long_message_is_decoded_once_a_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded = 0

    def counting(octets: bytes) -> object:
        nonlocal decoded
        decoded += 1
        return decode(octets)

    monkeypatch.setattr(joining, "decode", counting)
    joining._decoded.cache_clear()
    total = 60

    async def story() -> None:
        async with bench(tmp_path) as it:
            for seq in range(1, total + 1):
                (message_id,) = await it.part(STRANGER, 5, seq, total, f"<{seq}>")
            row = await it.message(message_id)
            assert row.state == "received"
            assert row.text == "".join(f"<{seq}>" for seq in range(1, total + 1))
            assert decoded <= total

    run_virtual(story())


def test_a_flood_of_beginnings_reaches_customers_through_the_whole_gateway(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            (sim,) = rig.sims
            beginning = segment("y" * 200)
            for ref in range(MAX_OPEN_PER_SENDER + 10):
                rig.network.inbound(sim, STRANGER, beginning, order=[1], concat_ref=ref)
            rig.network.inbound(sim, FRIEND, "hello")
            await asyncio.sleep(600)
            rows = await rig.inbox()
            states = [row.state for row in rows if row.peer == STRANGER]
            assert states.count("receiving") == MAX_OPEN_PER_SENDER
            assert states.count("received") == 10
            assert [row.text for row in rows if row.peer == FRIEND] == ["hello"]
            assert len(await rig.pushed("message.received")) == 11
            await asyncio.sleep(2 * 3600)
            assert {row.state for row in await rig.inbox()} == {"received"}

    run_virtual(story())
