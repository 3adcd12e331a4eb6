"""What a start makes of what the last run left half way, and faults of the disk."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from modemgw.errors import DiskFull, StoreError
from modemgw.gateway.model import Draft
from modemgw.sim.faults import Faults
from tests.gateway.rig import RECIPIENT, TESTER, gateway_rig
from tests.loop import VirtualClock, run_virtual


def test_a_part_on_its_way_at_a_power_cut_is_in_doubt_and_not_sent_again(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, clock=clock, abandon=True, latency=5.0, lost_reports=1.0
        ) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "sending")
            await asyncio.sleep(1)
        async with gateway_rig(
            tmp_path, clock=clock, world=(rig.network, rig.sims)
        ) as again:
            row = await again.message(sent)
            assert row.state == "in_doubt"
            assert row.reason is not None
            assert "stopped while the part was being sent" in row.reason["detail"]
            await again.ready()
            await asyncio.sleep(600)
            assert again.on_air == 1

    run_virtual(story())


def test_what_was_accepted_and_not_begun_is_sent_after_the_cut(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        faults = {0: Faults(lost_after_submit=frozenset({1}))}
        async with gateway_rig(
            tmp_path, clock=clock, abandon=True, latency=5.0, faults=faults
        ) as rig:
            await rig.ready()
            ids = [await rig.send(text="y" * 300 + str(n)) for n in range(3)]
            await rig.state(ids[0], "sending")
        async with gateway_rig(
            tmp_path, clock=clock, world=(rig.network, rig.sims)
        ) as again:
            await again.ready()
            for one in ids[1:]:
                await again.state(one, "delivered")
            assert (await again.message(ids[0])).state == "in_doubt"
            await again.gateway.settle(ids[0], "resend", TESTER)
            await again.state(ids[0], "delivered")

    run_virtual(story())


def test_a_batch_that_was_promised_becomes_messages_after_the_cut(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock, abandon=True) as rig:
            drafts = [Draft(to=f"+49151{n:08d}", text="t") for n in range(1200)]
            commits = rig.store.writer.commits

            def die(number: int) -> None:
                if number > commits + 2:  # the batch and its first slice are there
                    raise OSError(28, "no space left on device")

            rig.store.writer.before_commit = die
            result = await rig.gateway.submit_batch(drafts, TESTER)
            assert result.status == 202
        async with gateway_rig(tmp_path, clock=clock) as again:
            assert again.gateway.intake.open_count == 1200

    run_virtual(story())


def test_a_full_disk_stops_intake_and_sending_and_loses_nothing(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, latency=1.0) as rig:
            await rig.ready()
            ids = [await rig.send(text=f"n{n}") for n in range(5)]
            await rig.state(ids[0], "sending")

            def full(number: int) -> None:
                raise DiskFull("no space left on device")

            rig.store.writer.before_commit = full
            with pytest.raises(StoreError):
                await rig.send(text="refused")
            await asyncio.sleep(120)
            assert rig.on_air == 1, "a part went out without its mark"
            assert not rig.gateway.readiness().ready
            rig.store.writer.before_commit = None
            for one in ids:
                await rig.state(one, "delivered")
            assert rig.on_air == 5
            texts = [row.text for row in await rig.listed(direction="outbound")]
            assert sorted(map(str, texts)) == [f"n{n}" for n in range(5)]

    run_virtual(story())


def test_a_stop_while_the_disk_is_full_waits_for_what_is_on_the_air_alone(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, latency=1.0, abandon=True) as rig:
            await rig.ready()

            def full(number: int) -> None:
                raise DiskFull("no space left on device")

            await rig.send()
            rig.store.writer.before_commit = full  # its mark does not come through
            await asyncio.sleep(30)
            assert rig.on_air == 0
            assert await rig.gateway.drain(5)

    run_virtual(story())


def test_received_while_the_disk_is_full_stays_in_the_modem(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()

            def full(number: int) -> None:
                raise DiskFull("no space left on device")

            rig.store.writer.before_commit = full
            rig.network.inbound(rig.sims[0], "+4917011112222", "keep me")
            await asyncio.sleep(60)
            rig.store.writer.before_commit = None
            assert await rig.inbox() == []
            await asyncio.sleep(700)
            assert [row.text for row in await rig.inbox()] == ["keep me"]

    run_virtual(story())


def test_hostile_octets_stop_nothing_not_even_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        hostile = [
            b"",
            b"\x00",
            b"\xff" * 20,
            bytes(range(160)),
            bytes.fromhex("0004" + "FF" * 30),
            bytes.fromhex("07919471227210F6440C91"),
        ]
        async with gateway_rig(tmp_path, clock=clock, abandon=True) as rig:
            await rig.ready()
            for octets in hostile:
                rig.network.inbound_octets(rig.sims[0], octets)
            rig.network.inbound(rig.sims[0], "+4917011112222", "fine")
            await asyncio.sleep(30)
            assert [row.text for row in await rig.inbox()][-1] == "fine"
        async with gateway_rig(
            tmp_path, clock=clock, world=(rig.network, rig.sims)
        ) as again:
            await again.ready()
            again.network.inbound(again.sims[0], "+4917011112222", "still fine")
            await asyncio.sleep(30)
            assert [row.text for row in await again.inbox()][-1] == "still fine"

    run_virtual(story())


def test_old_texts_of_a_sim_met_for_the_first_time_are_backlog(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            modem = rig.wires.unplug("/sim/modem0")
            rig.wires.plug("/sim/modem0", modem)
            rig.network.inbound(modem, "+491701", "years ago", ago=timedelta(days=400))
            rig.network.inbound(modem, "+491702", "just now")
            await rig.ready()
            await asyncio.sleep(60)
            texts = {row.text: row.options.get("backlog") for row in await rig.inbox()}
            assert texts == {"years ago": True, "just now": None}
            pushed = await rig.pushed("message.received")
            assert [event.data["text"] for event in pushed] == ["just now"]

    run_virtual(story())


def test_the_same_text_twice_in_one_second_is_two_messages(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            for _ in range(2):
                rig.network.inbound(rig.sims[0], "+4917011112222", "OK")
            await asyncio.sleep(30)
            rows = await rig.inbox()
            assert [row.text for row in rows] == ["OK", "OK"]
            assert len({row.public_id for row in rows}) == 2

    run_virtual(story())


def test_a_missing_part_goes_out_as_partial_and_is_completed_later(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            text = "Grüße 😀 " * 20
            rig.network.inbound(
                rig.sims[0], "+4917011112222", text, concat_ref=9, order=[3, 1]
            )
            await asyncio.sleep(60)
            (row,) = await rig.inbox()
            assert row.state == "receiving"
            await asyncio.sleep(3700)
            (row,) = await rig.inbox()
            assert (row.state, row.options["partial"]) == ("received", True)
            rig.network.inbound(
                rig.sims[0], "+4917011112222", text, concat_ref=9, order=[2, 2]
            )
            await asyncio.sleep(60)
            (row,) = await rig.inbox()
            assert (row.text, row.options["partial"]) == (text, False)
            pushed = await rig.pushed("message.received")
            assert [event.data["partial"] for event in pushed] == [True, False]
            assert pushed[0].data["id"] == pushed[1].data["id"]

    run_virtual(story())


def test_a_clock_in_the_past_sends_what_is_queued_and_holds_what_is_scheduled(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(tmp_path, clock=clock) as rig:
            await rig.ready()
            soon = clock.now_ms() + 60_000
            later = await rig.send(text="later", send_at=soon)
        clock.offset_ms -= 365 * 86_400_000
        async with gateway_rig(
            tmp_path, clock=clock, world=(rig.network, rig.sims)
        ) as again:
            assert any(
                "clock" in reason for reason in again.gateway.readiness().reasons
            )
            await again.ready()
            now = await again.send(text="now")
            await again.state(now, "delivered")
            await asyncio.sleep(600)
            assert (await again.message(later)).state == "scheduled"
            clock.offset_ms += 365 * 86_400_000
            await again.state(later, "delivered", within=2000)

    run_virtual(story())


def test_a_canceled_message_is_taken_back_at_the_prompt(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, latency=1.0) as rig:
            await rig.ready()
            first = await rig.send(text="first")
            second = await rig.send(text="second")
            await rig.state(first, "sending")
            await rig.gateway.cancel(second, TESTER)
            await rig.state(first, "delivered")
            await asyncio.sleep(60)
            assert (await rig.message(second)).state == "canceled"
            assert rig.on_air == 1

    run_virtual(story())


def test_a_modem_unplugged_in_the_middle_of_a_long_message(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, latency=2.0) as rig:
            await rig.ready()
            sent = await rig.send(text="z" * 450)
            await asyncio.sleep(3)
            carrier = next(i for i, sim in enumerate(rig.sims) if sim.sent)
            modem = rig.wires.unplug(f"/sim/modem{carrier}")
            other = await rig.send(RECIPIENT, "other")
            await rig.state(other, "delivered")
            assert not [p for p in rig.sims[1 - carrier].sent if b"z" in p]
            rig.wires.plug(f"/sim/modem{carrier}", modem)
            await asyncio.sleep(1000)
            row = await rig.message(sent)
            assert row.state in ("in_doubt", "delivered")
            concat = len(rig.sims[carrier].sent)
            assert concat <= 3

    run_virtual(story())


def test_the_rest_of_a_message_follows_when_a_report_settles_its_doubt(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        faults = {0: Faults(silent_after_submit=frozenset({2}))}
        async with gateway_rig(tmp_path, faults=faults, report_latency=200.0) as rig:
            await rig.ready()
            sent = await rig.send(text="z" * 400)
            await rig.state(sent, "in_doubt", within=400)
            await rig.state(sent, "delivered", within=600)
            assert rig.on_air == 3

    run_virtual(story())


def test_a_message_of_which_a_part_never_left_does_not_end_as_sent(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        faults = {0: Faults(silent_after_submit=frozenset({1}))}
        async with gateway_rig(tmp_path, faults=faults, lost_reports=1.0) as rig:
            await rig.ready()
            torn = await rig.send(text="z" * 300, expires_in=600)
            await rig.state(torn, "in_doubt", within=400)
            await rig.state(torn, "failed", within=5000)
            reason = (await rig.message(torn)).reason
            assert reason is not None and "never sent" in reason["detail"]

    run_virtual(story())


def test_a_modem_that_gives_no_prompt_costs_nobody_a_message(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(no_prompt=frozenset({1, 2}))}
        async with gateway_rig(tmp_path, modems=2, faults=faults) as rig:
            await rig.ready()
            ids = [await rig.send(text=f"n{n}") for n in range(4)]
            for one in ids:
                await rig.state(one, "delivered")
            assert rig.on_air == 4

    run_virtual(story())


def test_a_queue_longer_than_memory_leaves_in_order(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, latency=0.01) as rig:
            modems = [rig.wires.unplug(f"/sim/modem{n}") for n in range(2)]
            rig.gateway.dispatcher.index.window = 20
            drafts = [Draft(to=f"+49151{n:08d}", text=f"{n}") for n in range(300)]
            await rig.gateway.submit_batch(drafts, TESTER)
            urgent = await rig.send(text="urgent", priority="urgent")
            assert len(rig.gateway.dispatcher.index) < 100
            for n, modem in enumerate(modems):
                rig.wires.plug(f"/sim/modem{n}", modem)
            await rig.state(urgent, "sent")
            assert rig.on_air < 50, "what is urgent overtakes"
            await asyncio.sleep(30)
            assert rig.on_air == 301
            rows = await rig.listed(direction="outbound", states=("queued", "sending"))
            assert rows == []

    run_virtual(story())


def test_what_expires_while_the_disk_is_full_expires_afterwards(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            rig.wires.unplug("/sim/modem0")
            ids = [await rig.send(text=f"n{n}", expires_in=60) for n in range(3)]

            def full(number: int) -> None:
                raise DiskFull("no space left on device")

            rig.store.writer.before_commit = full
            await asyncio.sleep(120)
            assert (await rig.message(ids[0])).state == "queued"
            rig.store.writer.before_commit = None
            for one in ids:
                await rig.state(one, "expired", within=10)

    run_virtual(story())
