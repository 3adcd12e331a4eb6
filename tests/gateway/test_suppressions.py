"""STOP, START and HELP, by a whole gateway in virtual time."""

import asyncio
import sys
from pathlib import Path

import pytest

from modemgw.config.optout import OptOutConfig
from modemgw.errors import DiskFull, NotFound
from modemgw.gateway.model import Draft
from modemgw.gateway.suppressions import IMPORT, Suppressions, Wanted
from modemgw.store import audit, batches, suppressions
from modemgw.store.writer import Connection
from tests.gateway.rig import TESTER, Rig
from tests.gateway.talks import ALICE, BOB, hear, outbox, submit, talk, texts, world
from tests.loop import VirtualClock, run_virtual
from tests.store.factory import NOW, open_store

BLOCKED = ("blocked", "opted_out")


async def end(rig: Rig, public_id: str) -> tuple[str, str | None]:
    row = await rig.message(public_id)
    return row.state, (row.reason or {}).get("code")


async def enter(rig: Rig, number: str, sim_id: int | None = None) -> tuple[int, int]:
    register = rig.gateway.conversation.suppressions
    return await register.enter([Wanted(number, sim_id)], "api", TESTER)


def test_after_stop_a_campaign_is_blocked_at_the_door(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            asked = await hear(rig, "Stop!")
            (event,) = await rig.pushed("message.opt_out")
            assert event.data == {
                "id": asked.public_id,
                "number": ALICE,
                "sim": "red",
                "scope": "all",
                "source": "sms",
                "word": "stop",
                "blocked": 0,
            }
            sale = await submit(rig)
            assert await end(rig, sale) == BLOCKED
            steps = [step.type for step in await rig.timeline(sale)]
            assert steps == ["message.queued", "message.blocked"]
            for klass in ("transactional", "otp", "alert"):
                await rig.state(await submit(rig, klass=klass), "delivered")
            await rig.state(await submit(rig, BOB), "delivered")
            assert rig.on_air == 4
            assert rig.gateway.intake.open_count <= 4

    run_virtual(story())


def test_a_queued_campaign_is_blocked_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        extra = ""
        async with talk(tmp_path, extra) as rig:
            later = rig.clock.now_ms() + 600_000
            planned = [await submit(rig, send_at=later) for _ in range(3)]
            mine = await submit(rig, klass="transactional", send_at=later)
            others = await submit(rig, BOB, send_at=later)
            for lane in rig.gateway.dispatcher.lanes.values():
                lane.ready = False
            waiting = await submit(rig)
            await hear(rig, "STOP", wait=2)
            for one in (*planned, waiting):
                assert await end(rig, one) == BLOCKED
            assert (await end(rig, mine))[0] == "scheduled"
            assert (await end(rig, others))[0] == "scheduled"
            (event,) = await rig.pushed("message.opt_out")
            assert event.data["blocked"] == 4
            assert not len(rig.gateway.dispatcher.index)
            assert rig.on_air == 0

    run_virtual(story())


def test_a_long_text_that_has_begun_is_finished(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            long = await submit(rig, text="long " * 200)
            await rig.state(long, "sending")
            await enter(rig, ALICE)
            await rig.state(long, "delivered")

    run_virtual(story())


def test_what_comes_from_the_disk_is_blocked_as_its_turn_comes(
    tmp_path: Path,
) -> None:
    """A batch that was on disk and no row yet, while the recipient opted out."""

    async def story() -> None:
        clock = VirtualClock()
        met = world(clock)
        async with talk(tmp_path, clock=clock, met=met, abandon=True) as rig:
            intake = rig.gateway.intake
            intake.bars = lambda new: False  # as if STOP came a moment later
            for lane in rig.gateway.dispatcher.lanes.values():
                lane.ready = False
            drafts = [
                Draft(to=ALICE, text=f"n{n}", klass="marketing") for n in range(5)
            ]
            result = await intake.submit_batch(drafts, TESTER, None)

            def behind_its_back(db: Connection) -> None:
                suppressions.add(
                    db, rig.store.ids, ALICE, sim_id=None, source="api", now=NOW
                )

            await rig.store.write(behind_its_back)
        async with talk(tmp_path, clock=clock, met=met) as rig:
            await asyncio.sleep(10)
            rows = await outbox(rig)
            assert [(row.state, (row.reason or {})["code"]) for row in rows] == [
                BLOCKED
            ] * 5
            batch = await rig.store.read(lambda db: batches.get(db, result.id))
            assert batch is not None
            assert batch.states == {"blocked": 5}
            assert rig.on_air == 0

    run_virtual(story())


def test_a_batch_is_blocked_item_by_item(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            await enter(rig, ALICE)
            drafts = [
                Draft(to=to, text=f"n{n}", klass="marketing")
                for n, to in enumerate((ALICE, BOB, ALICE))
            ]
            await rig.gateway.submit_batch(drafts, TESTER)
            await asyncio.sleep(10)
            assert [row.state for row in await outbox(rig)] == ["blocked"] * 2
            assert [row.state for row in await outbox(rig, BOB)] == ["delivered"]

    run_virtual(story())


def test_start_lets_messages_through_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            await hear(rig, "STOP")
            await hear(rig, "Start please")
            (event,) = await rig.pushed("message.opt_in")
            assert (event.data["number"], event.data["word"]) == (ALICE, "start")
            await rig.state(await submit(rig), "delivered")
            await hear(rig, "START")
            assert len(await rig.pushed("message.opt_in")) == 1
            assert len(rig.gateway.conversation.suppressions) == 0

    run_virtual(story())


def test_an_opt_out_survives_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        met = world(clock)
        async with talk(tmp_path, clock=clock, met=met, abandon=True) as rig:
            await hear(rig, "STOP", wait=2)
        async with talk(tmp_path, clock=clock, met=met) as rig:
            assert await end(rig, await submit(rig)) == BLOCKED
            await hear(rig, "stop")
            assert len(await rig.pushed("message.opt_out")) == 1

    run_virtual(story())


ANSWERS = """\
opt_out:
  confirm: "You get no more messages of ours."
  welcome: "Welcome back."
  help: "Call +49 30 1234."
"""


def test_the_first_stop_is_confirmed_once(tmp_path: Path) -> None:
    async def story() -> None:
        strict = ANSWERS + "  classes: [marketing, transactional]\n"
        async with talk(tmp_path, strict) as rig:
            await hear(rig, "STOP")
            await hear(rig, "stop!")
            assert await texts(rig) == ["You get no more messages of ours."]
            (confirmation,) = await outbox(rig)
            assert confirmation.state == "delivered"
            assert await end(rig, await submit(rig, klass="transactional")) == BLOCKED
            await hear(rig, "HELP")
            assert (await texts(rig))[-1] == "Call +49 30 1234."
            assert (await outbox(rig))[-1].state == "delivered"
            await hear(rig, "START")
            assert (await texts(rig))[-1] == "Welcome back."

    run_virtual(story())


def test_stop_is_told_to_nobody_by_a_rule(tmp_path: Path) -> None:
    async def story() -> None:
        extra = "inbound: {rules: [{match: any, reply: 'Thank you for your text.'}]}\n"
        async with talk(tmp_path, extra) as rig:
            await hear(rig, "STOP")
            assert await texts(rig) == []
            await hear(rig, "HELP")  # nothing is configured: a word like any other
            assert await texts(rig) == ["Thank you for your text."]

    run_virtual(story())


def test_reading_can_be_turned_off(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, "opt_out: {read: off}\n") as rig:
            await hear(rig, "STOP")
            await rig.state(await submit(rig), "delivered")
            assert await enter(rig, ALICE) == (1, 0)
            assert await end(rig, await submit(rig)) == BLOCKED

    run_virtual(story())


@pytest.mark.parametrize("sender", ["MyBank", "INFO"])
def test_a_name_cannot_opt_out(tmp_path: Path, sender: str) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            await hear(rig, "STOP", sender)
            assert await rig.pushed("message.opt_out") == []

    run_virtual(story())


def test_a_number_written_nationally_is_the_same_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            await hear(rig, "STOP", "015112345678")
            assert await end(rig, await submit(rig)) == BLOCKED

    run_virtual(story())


def test_a_part_of_a_long_text_is_no_opt_out(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            await hear(rig, "Please stop by at 5, and bring the keys")
            await hear(rig, "stop " * 80)
            assert await rig.pushed("message.opt_out") == []

    run_virtual(story())


PER_SIM = "opt_out: {scope: sim}\n"


def test_stop_to_one_sim_leaves_the_other_ones(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, PER_SIM) as rig:
            await hear(rig, "STOP", sim=0)
            for _ in range(3):
                sent = await submit(rig)
                await rig.state(sent, "delivered")
                assert (await rig.message(sent)).sim == "blue"
            bound = await submit(rig, sim="red")
            await asyncio.sleep(5)
            assert await end(rig, bound) == BLOCKED
            await hear(rig, "STOP", sim=1)
            nobody = await submit(rig)
            await asyncio.sleep(5)
            assert await end(rig, nobody) == BLOCKED
            await hear(rig, "START", sim=1)
            back = await submit(rig)
            await rig.state(back, "delivered")
            assert (await rig.message(back)).sim == "blue"

    run_virtual(story())


def test_stop_all_is_said_to_every_sim(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path, PER_SIM) as rig:
            await hear(rig, "STOP ALL")
            assert await end(rig, await submit(rig)) == BLOCKED
            (event,) = await rig.pushed("message.opt_out")
            assert event.data["scope"] == "all"

    run_virtual(story())


def test_a_message_that_one_sim_must_not_carry_waits_for_another(
    tmp_path: Path,
) -> None:
    """The other SIM is paused: the first one neither sends nor spins."""

    async def story() -> None:
        async with talk(tmp_path, PER_SIM) as rig:
            await hear(rig, "STOP", sim=0)
            await rig.gateway.care.pause("blue", TESTER, on=True)
            sent = await submit(rig)
            await asyncio.sleep(200)
            assert (await rig.message(sent)).state == "queued"
            await rig.gateway.care.pause("blue", TESTER, on=False)
            await rig.state(sent, "delivered")
            assert (await rig.message(sent)).sim == "blue"

    run_virtual(story())


def test_entries_are_made_and_taken_off_by_hand(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            register = rig.gateway.conversation.suppressions
            waiting = await submit(rig, send_at=rig.clock.now_ms() + 60_000)
            assert await enter(rig, ALICE) == (1, 1)
            assert await enter(rig, ALICE) == (0, 0)
            assert await end(rig, waiting) == BLOCKED
            (row,) = await register.of_number(ALICE)
            assert (row.number, row.source, row.word) == (ALICE, "api", None)
            await register.remove(row.public_id, TESTER)
            with pytest.raises(NotFound):
                await register.remove(row.public_id, TESTER)
            await rig.state(await submit(rig), "delivered")

    run_virtual(story())


def test_nothing_is_entered_or_taken_off_that_is_not_in_the_audit_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(db: Connection, **row: object) -> int:
        raise DiskFull("no room")

    async def story() -> None:
        async with talk(tmp_path) as rig:
            register = rig.gateway.conversation.suppressions
            await enter(rig, BOB)
            (row,) = await register.of_number(BOB)
            monkeypatch.setattr(audit, "append", full)
            for source in ("api", IMPORT):
                with pytest.raises(DiskFull):
                    await register.enter([Wanted(ALICE)], source, TESTER)
            with pytest.raises(DiskFull):
                await register.remove(row.public_id, TESTER)
            assert await register.of_number(ALICE) == []
            assert await register.of_number(BOB) == [row]
            await rig.state(await submit(rig, ALICE), "delivered")
            assert await end(rig, await submit(rig, BOB)) == BLOCKED

    run_virtual(story())


def test_an_erased_number_stays_opted_out(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        met = world(clock)
        async with talk(tmp_path, clock=clock, met=met) as rig:
            await enter(rig, ALICE)
            erased = await rig.store.write(
                lambda db: suppressions.forget_number(db, ALICE)
            )
            assert erased == 1
        async with talk(tmp_path, clock=clock, met=met) as rig:
            assert await end(rig, await submit(rig)) == BLOCKED
            register = rig.gateway.conversation.suppressions
            (row,) = await register.of_number(ALICE)
            assert row.number is None
            assert await enter(rig, ALICE) == (0, 0)
            (row,) = await register.of_number(ALICE)
            assert row.number == ALICE
            await hear(rig, "START")
            await rig.state(await submit(rig), "delivered")

    run_virtual(story())


def test_a_dry_run_enters_nothing_and_opt_outs_cost_no_quota(tmp_path: Path) -> None:
    async def story() -> None:
        async with talk(tmp_path) as rig:
            await enter(rig, ALICE)
            before = rig.gateway.intake.open_count
            await submit(rig)
            assert rig.gateway.intake.open_count == before

    run_virtual(story())


def test_a_hundred_thousand_opt_outs_fit(tmp_path: Path) -> None:
    """Loaded in one go at start, within a few octets each; hashes alone decide."""
    count = 100_000

    async def story() -> None:
        async with open_store(tmp_path, clock=VirtualClock(), inline=True) as store:

            def fill(db: Connection) -> None:
                hasher = suppressions.hasher(db)
                db.executemany(
                    "INSERT INTO suppression (public_id, hash, number, source,"
                    " created_at) VALUES (?, ?, NULL, 'import', 0)",
                    ((f"sup_{n}", hasher(f"+4915{n:08}")) for n in range(count)),
                )

            await store.write(fill)
            register = Suppressions(
                store,
                store.clock,
                OptOutConfig(),
                withdraw=lambda message_id: None,
                on_change=lambda message_id: None,
            )
            await register.load()
            assert len(register) == count
            kept = register._every
            assert sys.getsizeof(kept) + sum(map(sys.getsizeof, kept)) < 10e6
            assert register.bars("marketing", "+491500000007", None)
            assert not register.bars("marketing", "+491600000007", None)
            assert not register.bars("otp", "+491500000007", None)

    run_virtual(story())
