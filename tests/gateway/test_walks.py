"""The walks of the architecture, from one end to the other, on simulated wires."""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import Conflict, FieldError
from modemgw.gateway.model import Draft
from modemgw.sim.faults import Faults
from tests.gateway.rig import RECIPIENT, TESTER, gateway_rig
from tests.loop import run_virtual


def test_a_message_is_sent_and_delivered_and_tells_its_story(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "delivered")
            row = await rig.message(sent)
            assert row.sim is not None
            assert row.sent_at is not None and row.final_at is not None
            assert row.attempts == 1
            steps = [step.type for step in await rig.timeline(sent)]
            assert steps == [
                "message.queued",
                "part.submitting",
                "part.accepted",
                "message.sent",
                "part.report",
                "message.delivered",
            ]
            accepted = (await rig.timeline(sent))[2]
            lines = [line[2] for line in accepted.data["at"]]
            assert lines[0].startswith("AT+CMGS=")
            assert any(line.startswith("+CMGS:") for line in lines)
            assert "hello" not in str(lines) and "E8329BFD06" not in str(lines)
            assert rig.on_air == 1

    run_virtual(story())


def test_a_message_accepted_before_any_modem_is_there_waits_for_one(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            modem = rig.wires.unplug("/sim/modem0")
            sent = await rig.send()
            await asyncio.sleep(60)
            assert (await rig.message(sent)).state == "queued"
            rig.wires.plug("/sim/modem0", modem)
            await rig.state(sent, "delivered")

    run_virtual(story())


def test_messages_spread_over_idle_sims(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=4) as rig:
            await rig.ready()
            ids = [await rig.send(text=f"n{n}") for n in range(40)]
            for one in ids:
                await rig.state(one, "delivered")
            counts = [len(sim.sent) for sim in rig.sims]
            assert sum(counts) == 40
            assert min(counts) >= 8

    run_virtual(story())


def test_the_parts_of_one_message_leave_through_one_sim_in_order(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=3) as rig:
            await rig.ready()
            ids = [await rig.send(text="x" * 400 + str(n)) for n in range(6)]
            for one in ids:
                await rig.state(one, "delivered")
            assert sum(len(sim.sent) for sim in rig.sims) == 18
            assert all(len(sim.sent) % 3 == 0 for sim in rig.sims)

    run_virtual(story())


def test_a_sim_to_sim_message_arrives_as_one_text(tmp_path: Path) -> None:
    text = "Grüße 👩‍👩‍👧 " * 20

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2) as rig:
            await rig.ready()
            number = rig.sims[1].card.number  # type: ignore[union-attr]
            sent = await rig.send(number, text, sim=(rig.gateway.sims()[0].name))
            await rig.state(sent, "delivered")
            await asyncio.sleep(5)
            (received,) = await rig.inbox()
            assert received.text == text
            assert received.state == "received"
            events = await rig.pushed("message.received")
            assert [event.data["text"] for event in events] == [text]

    run_virtual(story())


def test_a_bad_recipient_fails_at_once_and_blocks_nobody(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            bad = await rig.send("+999000005")
            good = await rig.send()
            await rig.state(bad, "failed")
            await rig.state(good, "delivered")
            reason = (await rig.message(bad)).reason
            assert reason is not None and reason["code"] == "recipient_unknown"

    run_virtual(story())


def test_a_report_says_that_it_was_not_delivered(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            sent = await rig.send("+999000002")
            await rig.state(sent, "undelivered")
            reason = (await rig.message(sent)).reason
            assert reason is not None and reason["raw"]["kind"] == "tp_st"

    run_virtual(story())


def test_no_report_ends_as_no_report(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            sent = await rig.send("+999000004", expires_in=600)
            await rig.state(sent, "sent")
            await rig.state(sent, "no_report", within=600 + 3700)

    run_virtual(story())


@pytest.mark.parametrize(
    ("klass", "end", "on_air"),
    [
        ("transactional", "in_doubt", 1),
        ("marketing", "failed", 1),
        ("otp", "failed", 1),
        ("alert", "delivered", 2),
    ],
)
def test_silence_after_the_tpdu_is_a_doubt_that_the_class_decides(
    tmp_path: Path, klass: str, end: str, on_air: int
) -> None:
    async def story() -> None:
        faults = {0: Faults(silent_after_submit=frozenset({1}))}
        async with gateway_rig(tmp_path, faults=faults, lost_reports=1.0) as rig:
            await rig.ready()
            rig.network.lost_reports = 1.0
            sent = await rig.send(klass=klass)
            await rig.state(sent, "in_doubt", within=400)
            rig.network.lost_reports = 0.0
            await asyncio.sleep(1800)
            await rig.ready()
            assert (await rig.message(sent)).state == end
            assert rig.on_air == on_air

    run_virtual(story())


def test_a_report_proves_that_a_part_in_doubt_left(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(silent_after_submit=frozenset({1}))}
        async with gateway_rig(tmp_path, faults=faults, report_latency=200.0) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "in_doubt", within=400)
            await rig.state(sent, "delivered", within=400)
            assert rig.on_air == 1

    run_virtual(story())


def test_a_late_answer_settles_the_doubt(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(late_result={1: 165.0})}
        async with gateway_rig(tmp_path, faults=faults, lost_reports=1.0) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "in_doubt", within=400)
            await rig.state(sent, "sent", within=100)
            assert rig.on_air == 1

    run_virtual(story())


def test_a_report_before_the_answer_is_kept_for_it(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(early_report=frozenset({1}))}
        async with gateway_rig(tmp_path, faults=faults) as rig:
            await rig.ready()
            sent = await rig.send()
            await rig.state(sent, "delivered")

    run_virtual(story())


def test_a_buffered_message_is_delivered_in_the_end(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            sent = await rig.send("+999000003")
            await rig.state(sent, "sent")
            await rig.state(sent, "delivered")
            reports = [
                step.data["tp_status"]
                for step in await rig.timeline(sent)
                if step.type == "part.report"
            ]
            assert len(reports) == 2 and 0x20 <= reports[0] < 0x40

    run_virtual(story())


def test_what_is_scheduled_waits_and_can_be_canceled(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            await rig.ready()
            at = rig.clock.now_ms() + 3_600_000
            later = await rig.send(send_at=at)
            never = await rig.send(send_at=at)
            await asyncio.sleep(1800)
            assert (await rig.message(later)).state == "scheduled"
            await rig.gateway.cancel(never, TESTER)
            await rig.state(later, "delivered", within=2400)
            assert (await rig.message(never)).state == "canceled"
            with pytest.raises(Conflict):
                await rig.gateway.cancel(later, TESTER)
            assert rig.on_air == 1

    run_virtual(story())


def test_a_message_expires_in_the_queue(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            modem = rig.wires.unplug("/sim/modem0")
            sent = await rig.send(expires_in=60)
            await rig.state(sent, "expired", within=70)
            rig.wires.plug("/sim/modem0", modem)
            await rig.ready()
            await asyncio.sleep(60)
            assert rig.on_air == 0

    run_virtual(story())


def test_the_pace_holds(tmp_path: Path) -> None:
    async def story() -> None:
        extra = "sims:\n  defaults: {pace: 10/min}\n"
        async with gateway_rig(tmp_path, extra=extra) as rig:
            await rig.ready()
            ids = [await rig.send(text=f"n{n}") for n in range(25)]
            await asyncio.sleep(30)
            assert rig.on_air == 10
            for one in ids:
                await rig.state(one, "delivered")
            assert rig.on_air == 25

    run_virtual(story())


def test_everything_wrong_with_a_draft_is_said_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path) as rig:
            draft = Draft(
                to="call me", text="", sim="nope", reference="r" * 201, expires_in=0
            )
            with pytest.raises(FieldError) as caught:
                await rig.gateway.submit(draft, TESTER)
            assert {problem.pointer for problem in caught.value.errors} == {
                "/to",
                "/text",
                "/route/sim",
                "/reference",
                "/expires_in",
            }
            assert len(rig.gateway.dispatcher.index) == 0

    run_virtual(story())


def test_a_sim_that_is_barred_rests_and_the_other_takes_over(tmp_path: Path) -> None:
    async def story() -> None:
        faults = {0: Faults(refuse_all=8)}
        async with gateway_rig(tmp_path, modems=2, faults=faults) as rig:
            await rig.ready()
            ids = [await rig.send(RECIPIENT, f"n{n}") for n in range(6)]
            for one in ids:
                await rig.state(one, "delivered")
            assert len(rig.sims[1].sent) == 6
            barred = [sim for sim in rig.gateway.sims() if sim.state == "benched"]
            assert len(barred) == 1
            assert "operator determined barring" in barred[0].why

    run_virtual(story())
