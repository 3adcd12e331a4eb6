"""Finding the part of a report on a SIM that is so busy that references repeat."""

from pathlib import Path

import pytest

from modemgw.gateway import reports
from modemgw.ids import IdSource
from modemgw.pdu.address import Address
from modemgw.pdu.report import StatusReport
from modemgw.pdu.times import Timestamp
from modemgw.store.writer import Connection
from tests.store.factory import NOW, database
from tests.store.test_outbound import World

IDS = IdSource()
MINUTE = 60_000
TP_MR = 7
TO = "+4915112345678"


def sent(db: Connection, at: int) -> World:
    """Have one accepted with this reference at that time, all by one SIM."""
    world = World(db, to=TO, created_at=at)
    world.now = at
    world.begin()
    world.accept(tp_mr=TP_MR)
    return world


@pytest.mark.parametrize(
    ("minute", "wrong_by"),
    [
        pytest.param(0, 0, id="an hour late, behind sixty others"),
        pytest.param(59, 0, id="the newest"),
        pytest.param(30, 1_000, id="one between"),
    ],
)
def test_a_busy_sim_does_not_hide_the_part_of_a_late_report(
    tmp_path: Path, minute: int, wrong_by: int
) -> None:
    with database(tmp_path) as db:
        worlds = [sent(db, NOW + n * MINUTE * 3) for n in range(60)]
        taken = Timestamp.from_unix(NOW + minute * MINUTE * 3 + wrong_by)
        report = StatusReport(TP_MR, Address.dialled(TO), taken, taken, 0)
        now = NOW + 200 * MINUTE
        _, applied = reports.take(
            *(db, IDS, report),
            sim_id=worlds[0].sim.id,
            modem="m0",
            octets=b"\0",
            now=now,
        )
        assert applied == (worlds[minute].id, False)


def test_a_service_centre_whose_clock_is_wrong_finds_the_newest(tmp_path: Path) -> None:
    with database(tmp_path) as db:
        worlds = [sent(db, NOW + n * MINUTE) for n in range(3)]
        taken = Timestamp.from_unix(NOW - 60 * MINUTE)  # an hour: summer time
        report = StatusReport(TP_MR, Address.dialled(TO), taken, taken, 0)
        _, applied = reports.take(
            *(db, IDS, report),
            sim_id=worlds[0].sim.id,
            modem="m0",
            octets=b"\0",
            now=NOW + MINUTE,
        )
        assert applied == (worlds[-1].id, False)
