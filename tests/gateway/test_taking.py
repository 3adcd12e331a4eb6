"""What is taken from a modem, with the real writer thread and its late commits."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from modemgw.clock import SystemClock
from modemgw.errors import DiskFull
from modemgw.gateway import reports
from modemgw.gateway.inbound import Inbound, SimFacts
from modemgw.modem.model import ReceivedTpdu, SimIdentity
from modemgw.store import inbound, sims
from modemgw.store.database import Store
from modemgw.store.inbound import RawRow
from tests.store.factory import open_store

CARD = SimIdentity("8949000000000000001", "262010000000001", None, None)
# SMS-DELIVER from +491234567 with the text "hi"; SMS-STATUS-REPORT of TP-MR 7.
DELIVER = bytes.fromhex(
    "00040991" + "94214365F7" + "0000" + "62112221436500" + "02E834"
)
REPORT = bytes.fromhex(
    "0006070991" + "94214365F7" + "62112221436500" + "62112221436500" + "00"
)


def received(octets: bytes, memory: str | None = "SM") -> ReceivedTpdu:
    slot = None if memory is None else 1
    return ReceivedTpdu("m0", CARD, memory, slot, octets, memory is None, None)


def with_inbound(
    tmp_path: Path, story: Callable[[Inbound, Store], Awaitable[None]]
) -> None:
    async def run() -> None:
        clock = SystemClock()
        async with open_store(tmp_path, clock=clock, inline=False) as store:
            now = clock.now_ms()
            card = await store.write(
                lambda db: sims.upsert_sim(
                    db, iccid=CARD.iccid, imsi=CARD.imsi, modem="m0", now=now
                )
            )

            async def sim_of(modem: str, sim: SimIdentity | None) -> SimFacts:
                return SimFacts(card.id, now)

            taking = Inbound(
                store,
                clock,
                sim_of=sim_of,
                on_change=lambda _: None,
                known_sim=lambda *_: card.id,
            )
            await story(taking, store)

    asyncio.run(run())


async def rows(store: Store, *receipts: int | None) -> list[RawRow | None]:
    return [
        await store.read(partial(inbound.get_raw, raw_id=one))
        for one in receipts
        if one is not None
    ]


def test_two_equal_texts_in_one_second_through_one_slot_are_two(
    tmp_path: Path,
) -> None:
    async def story(taking: Inbound, store: Store) -> None:
        receipts = []
        for _ in range(20):
            receipt = await taking.take(received(DELIVER))
            assert receipt is not None
            again = await taking.take(received(DELIVER))  # the sweep found it, too
            assert again == receipt
            taking.deleted(receipt)
            receipts.append(receipt)
        assert len(set(receipts)) == 20

    with_inbound(tmp_path, story)


def test_a_report_that_we_stumble_over_leaves_the_modem_and_harms_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    async def story(taking: Inbound, store: Store) -> None:
        with monkeypatch.context() as broken:
            broken.setattr(reports, "take", stumble)
            receipt = await taking.take(received(REPORT, None))
        (row,) = await rows(store, receipt)
        assert row is not None and row.state == "undecodable"
        fine = await taking.take(received(REPORT, None))
        (row,) = await rows(store, fine)
        assert row is not None and row.state != "undecodable"

    with_inbound(tmp_path, story)


async def taken_soon(taking: Inbound, tpdu: ReceivedTpdu) -> bool | None:
    """Return what is told of a TPDU, None where it is not for this way."""
    told: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
    return await told if taking.take_soon(tpdu, told.set_result) else None


def test_a_routed_report_is_kept_without_anybody_who_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(commit: int) -> None:
        raise DiskFull("no room")

    def stumble(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    async def kept(store: Store) -> int:
        found = await store.read(
            lambda db: db.execute("SELECT count(*) FROM raw_tpdu").fetchone()
        )
        return int(found[0])

    async def story(taking: Inbound, store: Store) -> None:
        report = received(REPORT, None)
        assert await taken_soon(taking, report) is True
        assert await kept(store) == 1
        assert await taken_soon(taking, received(DELIVER, None)) is None
        assert await taken_soon(taking, report._replace(sim=None)) is None
        store.writer.before_commit = no_room
        assert await taken_soon(taking, report) is False
        store.writer.before_commit = None
        with monkeypatch.context() as broken:
            broken.setattr(reports, "take", stumble)
            assert await taken_soon(taking, report) is False
        assert await kept(store) == 1

    with_inbound(tmp_path, story)
