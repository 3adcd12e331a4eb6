"""A backup made mid-flight, put back later: nothing doubled, nothing lost unnamed."""

import asyncio
from pathlib import Path

import msgspec
import pytest

from modemgw.errors import StoreError
from modemgw.gateway import reports
from modemgw.gateway.model import Draft
from modemgw.gateway.restored import Done, bring_back
from modemgw.gateway.restoring import Choice
from modemgw.pdu.address import Address
from modemgw.pdu.report import StatusReport
from modemgw.pdu.times import Timestamp
from modemgw.store import batches, events
from modemgw.store.backup import Luggage, make
from modemgw.store.outbound import NewMessage
from modemgw.store.shelf import Place
from modemgw.store.writer import Connection
from tests.gateway.rig import RECIPIENT, TESTER, Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

HOUR_MS = 3_600_000

TO = "+49151123456{:02}"
SLOW = "sims:\n  defaults: {pace: 1/min, reports: on}\n"


def back_up(rig: Rig, shelf: Path) -> Path:
    shelf.mkdir(exist_ok=True)
    about = Luggage("test")
    now = rig.clock.now_ms()
    return make(rig.store.data_dir, Place(shelf), about, now_ms=now, rest=0).path


def put_back(
    tmp_path: Path, file: Path, clock: VirtualClock, choice: Choice = Choice.HOLD
) -> Done:
    return bring_back(tmp_path / "data", file, choice=choice, now_ms=clock.now_ms())


def test_nothing_is_sent_twice_after_a_restore(tmp_path: Path) -> None:
    """Queued at the backup, sent since, restored: held, and settled by a person."""

    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock, extra=SLOW, abandon=True) as rig:
            await rig.ready()
            first = await rig.send(TO.format(0), "first")
            await rig.state(first, "delivered")
            waiting = [await rig.send(TO.format(n), f"no {n}") for n in range(1, 5)]
            file = back_up(rig, tmp_path / "shelf")
            for public_id in waiting[:3]:  # the box goes on after its backup
                await rig.state(public_id, "delivered", within=600)
            late = await rig.send(TO.format(9), "after the backup", priority="urgent")
            await rig.state(late, "delivered", within=600)
            with pytest.raises(StoreError, match="in use"):
                put_back(tmp_path, file, clock)
            world, on_air = (rig.network, rig.sims), rig.on_air
        done = put_back(tmp_path, file, clock)
        assert done.settled.held == 4
        assert done.missing is not None and done.missing.whole
        assert (done.missing.outbound, done.missing.inbound) == (1, 0)
        assert done.missing.listed is not None
        assert late in done.missing.listed.read_text()
        async with gateway_rig(tmp_path, clock=clock, world=world) as rig:
            await rig.ready()
            await asyncio.sleep(120)
            assert rig.on_air == on_air, "a restored message was sent by itself"
            assert (await rig.message(first)).state == "delivered"
            for public_id in waiting:
                row = await rig.message(public_id)
                assert (row.state, row.reason and row.reason["detail"]) == (
                    "in_doubt",
                    f"restored from a backup of {instant_of(done)}: it may have left"
                    " since then",
                )
                assert row.sequence > 1000
            # A person asks around, and decides.
            await rig.gateway.settle(waiting[0], "sent", TESTER)
            await rig.gateway.settle(waiting[1], "failed", TESTER)
            await rig.gateway.settle(waiting[3], "resend", TESTER)
            await rig.state(waiting[3], "delivered")
            assert rig.on_air == on_air + 1
            assert (await rig.message(waiting[0])).state == "sent"
            assert (await rig.message(waiting[1])).state == "failed"
            assert (await rig.message(waiting[2])).state == "in_doubt"

    run_virtual(story())


def instant_of(done: Done) -> str:
    return str(done.as_dict()["made_at"])


def test_what_was_promised_otherwise_is_held_too(tmp_path: Path) -> None:
    """Schedules, batches without rows, doubts that a policy would resend."""

    async def story() -> None:
        clock = VirtualClock()
        now = clock.now_ms()
        async with gateway_rig(tmp_path, clock=clock, abandon=True) as rig:
            await rig.ready()
            rig.gateway.dispatcher.stopping = True
            soon = await rig.send(text="soon", send_at=now + HOUR_MS)
            later = await rig.send(text="later", send_at=now + 50 * HOUR_MS)
            alert = await rig.send(text="alert", klass="alert")
            pending = [new_message(rig, f"of a batch {n}") for n in range(3)]

            def promise(db: Connection) -> None:
                about = {"public_id": "bat_1", "key_id": None, "now": now}
                batches.insert(
                    db,
                    **about,  # type: ignore[arg-type]
                    accepted=3,
                    rejected=0,
                    pending=msgspec.json.encode(pending),
                )
                for part, message in db.execute(
                    "SELECT part.id, message.id FROM part JOIN message"
                    " ON message.id = message_id WHERE public_id = ?",
                    (alert,),
                ).fetchall():
                    db.execute(
                        "UPDATE part SET state = 'in_doubt', sim_id = 1,"
                        " modem = 'm0', submitting_at = ?, expected_mr = 7"
                        " WHERE id = ?",
                        (now, part),
                    )
                    db.execute(
                        "UPDATE message SET state = 'in_doubt', decide_at = ?"
                        " WHERE id = ?",
                        (now + 1000, message),
                    )

            await rig.store.write(promise)
            before = await rig.store.read(events.newest)
            file = back_up(rig, tmp_path / "shelf")
            world = (rig.network, rig.sims)
        clock.offset_ms += 9 * 3600 * 1000
        done = put_back(tmp_path, file, clock)
        assert done.settled.held == 4, "the batch, and what was due meanwhile"
        assert (done.settled.scheduled, done.settled.doubts) == (1, 1)
        assert done.settled.batches == 1
        told = " ".join(done.sentences())
        assert "5 messages held as in_doubt" in told
        assert "What was canceled since the backup is not known" in told
        async with gateway_rig(tmp_path, clock=clock, world=world) as rig:
            await rig.ready()
            await asyncio.sleep(60)
            assert rig.on_air == 0
            assert (await rig.message(soon)).state == "in_doubt"
            assert (await rig.message(later)).state == "scheduled"
            assert (await rig.message(alert)).state == "in_doubt"
            assert len(await rig.listed(batch="bat_1", states=("in_doubt",))) == 3
            # Cursors that were given out since the backup are behind everything new.
            assert await rig.store.read(events.newest) > before + 10**9
            assert [e.data["id"] for e in await rig.pushed("message.in_doubt")]

    run_virtual(story())


def new_message(rig: Rig, text: str) -> NewMessage:
    return rig.gateway.intake.check(Draft(to=RECIPIENT, text=text), TESTER)


@pytest.mark.parametrize("choice", [Choice.SEND, Choice.FAIL])
def test_a_person_may_choose_otherwise(choice: Choice, tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock, abandon=True) as rig:
            await rig.ready()
            rig.gateway.dispatcher.stopping = True
            sent = await rig.send()
            file = back_up(rig, tmp_path / "shelf")
            world = (rig.network, rig.sims)
        done = put_back(tmp_path, file, clock, choice)
        async with gateway_rig(tmp_path, clock=clock, world=world) as rig:
            await rig.ready()
            if choice is Choice.SEND:
                assert done.settled.sending == 1
                await rig.state(sent, "delivered")
                assert rig.on_air == 1
            else:
                assert done.settled.failed == 1
                row = await rig.message(sent)
                assert row.state == "failed" and row.reason is not None
                assert "restored" in row.reason["detail"]
                await asyncio.sleep(60)
                assert rig.on_air == 0

    run_virtual(story())


def test_a_report_that_comes_later_settles_what_is_held(tmp_path: Path) -> None:
    """It was sent after the backup; its report lay on the card until the restore."""

    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock, abandon=True) as rig:
            await rig.ready()
            rig.gateway.dispatcher.stopping = True
            one = await rig.send(TO.format(1), "one")
            twins = [await rig.send(TO.format(2), f"twin {n}") for n in range(2)]
            file = back_up(rig, tmp_path / "shelf")
            world = (rig.network, rig.sims)
        clock.offset_ms += 600 * 1000
        put_back(tmp_path, file, clock)
        async with gateway_rig(tmp_path, clock=clock, world=world) as rig:
            await rig.ready()
            for number in (1, 2, 3):
                await report_on(rig, TO.format(number), clock.now_ms() - 300_000)
            await rig.state(one, "delivered")
            timeline = await rig.timeline(one)
            proofs = [e.data for e in timeline if e.type == "part.report"]
            assert proofs[0]["by"] == "report"
            for twin in twins:  # either may be meant: never guess
                assert (await rig.message(twin)).state == "in_doubt"
            await report_on(rig, TO.format(2), clock.now_ms() - 20 * 86_400_000)
            await rig.gateway.settle(twins[0], "failed", TESTER)
            await report_on(rig, TO.format(2), clock.now_ms() - 300_000)
            await rig.state(twins[1], "delivered")
            assert rig.on_air == 0

    run_virtual(story())


async def report_on(rig: Rig, to: str, taken_at: int) -> None:
    """Let a status report come in, as the network would have sent it."""
    stamp = Timestamp.from_unix(taken_at)
    report = StatusReport(77, Address.dialled(to), stamp, stamp, 0)

    def job(db: Connection) -> None:
        db.execute(
            "INSERT INTO raw_tpdu (sim_id, modem, octets, read_at, state)"
            " VALUES (1, 'm0', x'00', 0, 'new')"
        )
        (raw_id,) = db.execute("SELECT max(id) FROM raw_tpdu").fetchone()
        now = rig.clock.now_ms()
        ids = rig.store.ids
        reports.apply(db, ids, report, raw_id=raw_id, sim_id=1, now=now)

    await rig.store.write(job)
