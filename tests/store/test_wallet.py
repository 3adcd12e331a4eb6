"""What is used up, in the store: counted once, given back once, kept for good."""

from datetime import datetime
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from modemgw.store import messages, outbound, outcomes, wallet
from modemgw.store.outbound import Stale
from modemgw.store.wallet import Counted, MeterRow, Spent, Total
from modemgw.store.writer import Connection
from tests.gateway.rig import gateway_rig
from tests.loop import VirtualClock, run_virtual
from tests.store.factory import NOW, database
from tests.store.test_outbound import IDS, REASON, World

DAY_MS = 86_400_000
MINUTE = NOW - NOW % 60_000
PAID = Counted(0, covered=True, cost=50_000)


def begin(world: World, counted: Counted | None = PAID) -> None:
    outbound.begin(
        world.db,
        IDS,
        part_id=world.parts[0],
        message_id=world.id,
        seq=1,
        segments=world.segments,
        sim_id=world.sim.id,
        sim="s",
        modem="m0",
        attempt=1,
        because="test",
        now=NOW,
        counted=counted,
    )


def spent(world: World) -> list[Spent]:
    return wallet.of_sim(world.db, world.sim.id, NOW)


def cost(world: World) -> int | None:
    row = messages.get_by_id(world.db, world.id)
    assert row is not None
    return row.cost


def test_a_part_is_counted_with_its_mark(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        begin(world)
        assert spent(world) == [Spent(MINUTE, 1, 1, 50_000)]
        assert wallet.of_key(db, 0, NOW) == [Spent(MINUTE, 1, 1, 50_000)]
        assert wallet.of_key(db, 1, NOW) == []
        assert cost(world) == 50_000
        with pytest.raises(Stale):
            begin(world)
        assert spent(world) == [Spent(MINUTE, 1, 1, 50_000)]


def test_what_nobody_counts_leaves_no_row(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        begin(world, None)
        assert spent(world) == []
        world.requeue()
        assert cost(world) is None
        assert db.execute("SELECT count(*) FROM spending").fetchone() == (0,)


def test_what_never_left_is_given_back_once(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        begin(world)
        world.requeue()
        wallet.give_back(db, world.parts[0])
        assert spent(world) == [Spent(MINUTE, 0, 0, 0)]
        assert cost(world) is None
        begin(world, Counted(0, covered=False, cost=None))
        assert spent(world) == [Spent(MINUTE, 1, 0, 0)]
        world.fail()
        assert spent(world) == [Spent(MINUTE, 0, 0, 0)]


def test_what_may_have_left_stays_counted(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        world = World(db)
        begin(world)
        outcomes.doubt(
            db, IDS, world.ref(), why="silence", decide_at=None, now=NOW, detail={}
        )
        outcomes.requeue(
            db,
            IDS,
            world.ref(),
            not_before=NOW,
            reason=REASON,
            now=NOW,
            kind=outcomes.RESENT,
            detail={},
            keep_pinned=True,
        )
        begin(world)
        assert spent(world) == [Spent(MINUTE, 2, 2, 100_000)]


def test_corrections_add_up_and_telling_happens_once(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        sim_id = World(db).sim.id
        wallet.adjust(db, sim_id, "bundle", NOW, 5)
        wallet.adjust(db, sim_id, "bundle", NOW, -2)
        assert wallet.tell(db, sim_id, "bundle", NOW)
        assert not wallet.tell(db, sim_id, "bundle", NOW)
        assert wallet.tell(db, sim_id, "200/day", NOW)
        assert wallet.meters_of(db, sim_id) == [
            MeterRow("200/day", NOW, 0, True),
            MeterRow("bundle", NOW, 3, True),
        ]


def test_totals_are_per_card_and_key(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        sim_id = World(db).sim.id
        for minute, key_id in ((0, 0), (1, 0), (1, 7), (60, 7)):
            counted = Counted(key_id, covered=False, cost=1)
            wallet.count(db, sim_id, counted, NOW + minute * 60_000)
        assert wallet.totals(db, NOW, NOW + 3_600_000) == [
            Total(sim_id, 0, 2, 0, 2),
            Total(sim_id, 7, 1, 0, 1),
        ]


def test_old_minutes_become_days_and_very_old_ones_go(tmp_path: Path) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = int(datetime(2026, 10, 24, tzinfo=berlin).timestamp()) * 1000

    def fill(db: Connection) -> int:
        sim_id = World(db).sim.id
        for hour in range(-400 * 24, 24 * 5, 7):  # over the end of summer time
            at = first + hour * 3_600_000
            if hour >= 0 or hour < -396 * 24:
                wallet.count(db, sim_id, PAID, at)
                wallet.count(db, sim_id, Counted(1, covered=False, cost=3), at)
        return sim_id

    async def story() -> None:
        clock = VirtualClock()
        extra = "timezone: Europe/Berlin\nsims:\n  defaults: {pace: off}\n"
        async with gateway_rig(tmp_path, extra=extra, clock=clock) as rig:
            sim_id = await rig.store.write(fill)
            then = first + 66 * DAY_MS + DAY_MS // 2
            await rig.set_clock(then - clock.offset_ms)
            days = [
                int(datetime(2026, 10, day, tzinfo=berlin).timestamp()) * 1000
                for day in range(24, 30)
            ]
            stretches = list(pairwise(days))

            def read(db: Connection) -> list[list[Total]]:
                return [wallet.totals(db, *stretch) for stretch in stretches]

            before = await rig.store.write(read)
            for _ in range(2):
                await rig.gateway.housekeeping.go_round()
                assert await rig.store.write(read) == before
            left = await rig.store.read(lambda db: wallet.of_sim(db, sim_id, 0))
            assert [row.at for row in left[:4]] == days[:4]
            assert len(left) > 4 + 2  # the young day keeps its minutes

    run_virtual(story())


def test_intake_is_counted_by_the_minute(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        db.execute(
            "INSERT INTO api_key (public_id, name, hash, scopes, webhook_secret,"
            " created_at) VALUES ('abcdefgh', 'n', x'00', '[]', '', 0)"
        )
        for at, parts in ((0, 2), (59_999, 3), (60_000, 4)):
            wallet.accept(db, 1, parts, MINUTE + at)
        assert wallet.accepted(db, 1, NOW) == [(MINUTE, 5), (MINUTE + 60_000, 4)]
        wallet.forget(db, MINUTE + 60_000)
        assert wallet.accepted(db, 1, NOW) == [(MINUTE + 60_000, 4)]
