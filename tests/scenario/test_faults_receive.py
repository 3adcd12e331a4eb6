"""Faults 40 to 49 and 55 to 63, 70, 72: what goes wrong while receiving."""

import asyncio
from collections import Counter
from pathlib import Path

from modemgw.sim.storage import Storage
from modemgw.sim.troubles.receiving import LONG
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual
from tests.scenario.faulty import (
    HOUR,
    SENDER,
    delivers,
    fault,
    faulty_rig,
    full_disk,
    texts,
    typed,
)


@fault(40, "sim-full")
async def test_a_full_sim_is_drained_and_everything_goes_on(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(60)
    found = Counter(await texts(rig))
    assert sum(found.values()) == 21
    assert found["Is there room?"] == 1
    assert await rig.pushed("sim.storage_full")
    assert not rig.sims[0].me.slots
    await delivers(rig)


@fault(40, "small-memory")
async def test_more_than_fits_is_received_in_turns(rig: Rig) -> None:
    await rig.ready()
    for n in range(60):
        rig.network.inbound(rig.sims[0], SENDER, f"n{n}")
    sent = await rig.send()
    await asyncio.sleep(120)
    assert await texts(rig) == [f"n{n}" for n in range(60)]
    await rig.state(sent, "delivered")


@fault(41, "burst")
async def test_forty_at_once_are_stored_once_each(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(60)
    assert await texts(rig) == [f"Burst {n} of 40" for n in range(1, 41)]
    assert len(await rig.pushed("message.received")) == 40


@fault(42, "cmti-other-memory")
async def test_the_memory_that_is_named_is_read(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(22)
    assert await texts(rig) == ["In ME"]
    assert "AT+CMGR=0" in typed(rig)
    await asyncio.sleep(HOUR)
    assert await texts(rig) == ["In ME"]
    assert not rig.sims[0].me.slots


@fault(43, "cmti-not-stored")
async def test_an_announcement_without_a_slot_starts_a_sweep(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(25)
    assert await texts(rig) == ["Nowhere"]
    assert rig.gateway.modems()[0].faults == 0


@fault(44, "listing-empty")
async def test_the_announced_slot_is_read_whatever_the_listing_says(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(22)
    assert await texts(rig) == ["Not listed"]
    await asyncio.sleep(HOUR)
    assert await texts(rig) == ["Not listed"]


@fault(45, "cpms-lag")
async def test_a_counter_that_lags_hides_nothing(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(22)
    assert await texts(rig) == ["Not counted"]


@fault(46, "delete-fails")
async def test_what_cannot_be_deleted_is_delivered_once(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(2 * HOUR)
    assert await texts(rig) == ["Hard to delete"]
    assert len(await rig.pushed("message.received")) == 1
    assert rig.gateway.modems()[0].faults == 0
    rig.network.inbound(rig.sims[0], SENDER, "next")
    await asyncio.sleep(10)
    assert await texts(rig) == ["Hard to delete", "next"]


@fault(47, "same-memory")
async def test_one_message_in_two_memories_is_delivered_once(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(2 * HOUR)
    assert await texts(rig) == ["In both"]


@fault(48, "crash-before-delete")
async def test_a_modem_that_restarts_before_the_delete_shows_it_once(
    rig: Rig,
) -> None:
    await rig.ready()
    await asyncio.sleep(HOUR)
    assert await texts(rig) == ["Read and not deleted"]
    await delivers(rig)


def test_a_gateway_that_dies_before_the_delete_delivers_once(tmp_path: Path) -> None:
    """48 once more, with the crash on our side."""

    async def story() -> None:
        clock = VirtualClock()
        async with faulty_rig(
            tmp_path, "delete-fails", clock=clock, abandon=True
        ) as rig:
            await rig.ready()
            await asyncio.sleep(22)
            assert await texts(rig) == ["Hard to delete"]
            assert sum(len(memory.slots) for memory in _memories(rig)) == 1
        async with gateway_rig(
            tmp_path, clock=clock, world=(rig.network, rig.sims)
        ) as again:
            await again.ready()
            await asyncio.sleep(2 * HOUR)
            assert await texts(again) == ["Hard to delete"]
            assert len(await again.pushed("message.received")) == 1
            assert sum(len(memory.slots) for memory in _memories(again)) == 0

    run_virtual(story())


def test_a_disk_that_is_full_between_read_and_store_loses_nothing(
    tmp_path: Path,
) -> None:
    """48 before the commit: nothing is deleted that is not on disk."""

    async def story() -> None:
        async with faulty_rig(tmp_path, "small-memory") as rig:
            await rig.ready()
            with full_disk(rig):
                rig.network.inbound(rig.sims[0], SENDER, "keep me")
                await asyncio.sleep(30)
                assert await texts(rig) == []
                assert sum(len(memory.slots) for memory in _memories(rig)) == 1
            await asyncio.sleep(30)
            assert await texts(rig) == ["keep me"]

    run_virtual(story())


@fault(49, "ack-missed")
async def test_a_missed_acknowledgement_loses_nothing(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(HOUR / 6)
    assert Counter(await texts(rig)) == {"Acknowledge me": 1, "And me": 1}
    assert rig.sims[0].settings.cnmi == (2, 2, 0, 1, 0)
    acks = rig.sims[0].acks
    await delivers(rig)
    assert rig.sims[0].acks == acks + 1


def test_what_is_repeated_after_a_power_cut_is_one_message(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with faulty_rig(tmp_path, "ack-missed", clock=clock, abandon=True) as rig:
            await asyncio.sleep(20.5)  # stored, and its AT+CNMA got lost
            assert await texts(rig) == ["Acknowledge me"]
            world = (rig.network, rig.sims)
        async with gateway_rig(tmp_path, world=world, clock=clock) as rig:
            await asyncio.sleep(HOUR / 2)
            rig.network.inbound(rig.sims[0], SENDER, "And me")
            await asyncio.sleep(5)
            assert Counter(await texts(rig)) == {"Acknowledge me": 1, "And me": 1}
            assert not any(memory.slots for memory in _memories(rig))

    run_virtual(story())


@fault(55, "national-report")
async def test_a_report_for_the_national_number_is_matched(rig: Rig) -> None:
    await rig.ready()
    await rig.state(await rig.send("+4915112345678"), "delivered", within=10)


@fault(56, "concat-disorder")
async def test_parts_out_of_order_and_twice_are_one_message(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(60)
    assert await texts(rig) == [LONG.replace("{n}", "1")]
    assert len(await rig.pushed("message.received")) == 1


@fault(57, "concat-ref-reuse")
async def test_the_same_reference_a_day_later_is_another_message(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(60)
    long = LONG.replace("{n}", "1")
    assert await texts(rig) == ["Old. " + long, "New. " + long]


@fault(58, "missing-part")
async def test_a_missing_part_is_waited_for_and_the_rest_is_kept(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(60)
    (row,) = await rig.inbox()
    assert row.state == "receiving"
    assert await rig.pushed("message.received") == []
    await asyncio.sleep(1.1 * HOUR)
    (row,) = await rig.inbox()
    assert (row.state, row.options["partial"]) == ("received", True)
    (event,) = await rig.pushed("message.received")
    assert event.data["partial"] is True
    await asyncio.sleep(6 * HOUR)
    assert [kept.id for kept in await rig.inbox()] == [row.id]


@fault(59, "split-emoji")
async def test_an_emoji_across_two_parts_is_whole(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(30)
    assert await texts(rig) == ["Emoji: \U0001f600!"]


@fault(60, "alphanumeric-sender")
async def test_a_name_of_seven_letters_has_no_tail(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(30)
    (row,) = await rig.inbox()
    assert (row.peer, row.text) == ("InfoSMS", "From a name")


@fault(61, "bad-scts")
async def test_an_impossible_date_costs_nothing_but_the_date(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(30)
    (row,) = await rig.inbox()
    assert row.text == "No date"
    assert abs(row.created_at - rig.clock.now_ms()) < 60_000
    (event,) = await rig.pushed("message.received")
    assert event.data["smsc_time"] is None


@fault(62, "odd-classes")
async def test_flash_silent_and_voice_mail_are_what_they_are(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(60)
    rows = await rig.inbox()
    assert [row.text for row in rows if row.text] == ["Flash"]
    flash, voice_mail = rows
    assert flash.options["class"] == 0
    assert (voice_mail.text, voice_mail.options["waiting"]) == ("", "voicemail")
    assert not rig.sims[0].me.slots


@fault(63, "no-sca")
async def test_a_tpdu_without_sca_is_read(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(30)
    assert await texts(rig) == ["Phase 1"]
    await delivers(rig)


@fault(70, "no-carrier")
async def test_no_carrier_does_not_end_a_read(rig: Rig) -> None:
    await rig.ready()
    rig.network.inbound(rig.sims[0], SENDER, "read me")
    await asyncio.sleep(10)
    assert await texts(rig) == ["read me"]
    assert typed(rig).count("AT+CMGR=") == 1
    assert rig.gateway.modems()[0].faults == 0


@fault(72, "slow-listing")
async def test_a_listing_of_45_seconds_is_waited_for(rig: Rig) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "delivered", within=100)
    await asyncio.sleep(400)
    assert len(await texts(rig)) == 50
    assert rig.gateway.modems()[0].faults == 0


def _memories(rig: Rig) -> list[Storage]:
    modem = rig.sims[0]
    assert modem.card is not None
    return [modem.me, modem.card.sm]
