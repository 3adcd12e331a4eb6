"""Faults 1 to 10, 29, 34 to 39, 54, 67 and 69: what goes wrong while sending."""

import asyncio

import pytest

from modemgw.modem.model import Phase
from modemgw.sim.troubles.sending import BAD_NUMBERS
from tests.gateway.rig import Rig
from tests.scenario.faulty import (
    HOUR,
    NO_PACE,
    PORT,
    delivers,
    fault,
    steps,
    texts,
    typed,
)


@fault(1, "happy-send")
async def test_it_is_sent_with_the_reference_of_the_modem(rig: Rig) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "sent")
    (accepted,) = await steps(rig, sent, "part.accepted")
    assert accepted.data["tp_mr"] == 0
    assert accepted.data["ms"] == pytest.approx(3000, abs=100)
    await rig.state(sent, "delivered")
    assert rig.on_air == 1


@fault(2, "no-prompt")
async def test_without_a_prompt_nothing_went_out_and_it_is_tried_again(
    rig: Rig,
) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "delivered")
    assert len(await steps(rig, sent, "part.not_sent")) == 1
    assert "\x1b" in typed(rig)
    assert "\x1a" not in typed(rig).partition("\x1b")[0]
    assert rig.sims[0].submits == rig.on_air == 1


@fault(3, "silence", "silence-unsent", lost_reports=1.0)
async def test_silence_after_the_tpdu_is_in_doubt_and_not_sent_again(rig: Rig) -> None:
    await rig.ready()
    sent = await rig.send()
    await asyncio.sleep(140)
    assert (await rig.message(sent)).state == "sending"
    await rig.state(sent, "in_doubt", within=30)
    await rig.ready()
    assert rig.gateway.modems()[0].faults == 1
    await asyncio.sleep(6 * HOUR)
    assert (await rig.message(sent)).state == "in_doubt"
    assert rig.sims[0].submits == 1


@fault(4, "late-result")
async def test_a_result_after_95_seconds_counts(rig: Rig) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "delivered")
    (accepted,) = await steps(rig, sent, "part.accepted")
    assert accepted.data["ms"] == pytest.approx(95_200, abs=100)
    assert rig.gateway.modems()[0].faults == 0
    assert rig.on_air == 1


@fault(5, "result-after-timeout", lost_reports=1.0)
async def test_a_result_after_the_deadline_settles_the_doubt(rig: Rig) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "in_doubt", within=160)
    await rig.state(sent, "sent", within=30)
    (accepted,) = await steps(rig, sent, "part.accepted")
    assert "late" in str(accepted.data["evidence"])
    await asyncio.sleep(HOUR)
    assert rig.on_air == 1


@fault(6, "late-refusal")
async def test_a_timeout_of_the_network_after_40_seconds_is_a_doubt(rig: Rig) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "in_doubt", within=60)
    reason = (await rig.message(sent)).reason
    assert reason is not None and "332" in reason["detail"]
    await asyncio.sleep(HOUR)
    assert rig.sims[0].submits == 1
    await delivers(rig)


@fault(7, "cms-500", modems=2)
async def test_500_at_once_is_tried_again_and_sent_once(rig: Rig) -> None:
    await rig.ready()
    ids = [await rig.send(text=f"n{n}") for n in range(2)]
    for one in ids:
        await rig.state(one, "delivered")
    refusals = [step for one in ids for step in await steps(rig, one, "part.refused")]
    assert [step.data["code"] for step in refusals] == [500]
    assert rig.on_air == 2
    await rig.ready()


@fault(8, "urc-before-prompt")
async def test_what_arrives_before_the_prompt_is_read_behind_the_send(
    rig: Rig,
) -> None:
    await rig.ready()
    await rig.state(await rig.send(), "delivered")
    await asyncio.sleep(5)
    assert await texts(rig) == ["Just now"]
    assert rig.gateway.modems()[0].faults == 0
    assert rig.on_air == 1


@fault(9, "report-during-send")
async def test_a_report_behind_ctrl_z_of_the_next_message_is_heard(rig: Rig) -> None:
    await rig.ready()
    first = await rig.send(text="first")
    await rig.state(first, "sent")
    await asyncio.sleep(30)
    assert (await rig.message(first)).state == "sent"
    second = await rig.send(text="second")
    await rig.state(second, "sent")
    await rig.state(first, "delivered", within=2)
    assert rig.gateway.modems()[0].faults == 0


@fault(10, "early-report")
async def test_a_report_before_its_reference_is_matched(rig: Rig) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "delivered", within=10)
    story = [step.type for step in await rig.timeline(sent)]
    assert story.count("part.report") == 1


@fault(29, "unplug-mid-send", lost_reports=1.0)
async def test_a_stick_pulled_behind_ctrl_z_leaves_a_doubt_and_comes_back(
    rig: Rig,
) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "in_doubt", within=5)
    assert rig.gateway.modems()[0].phase is Phase.ABSENT
    await rig.ready(within=20)
    rig.network.lost_reports = 0.0
    await delivers(rig)
    await asyncio.sleep(HOUR)
    assert (await rig.message(sent)).state == "in_doubt"
    assert rig.sims[0].submits == 2
    assert len(await rig.pushed("modem.lost")) == 1
    assert len(await rig.pushed("modem.recovered")) == 1


@fault(34, "late-registration")
async def test_what_is_queued_waits_for_the_network(rig: Rig) -> None:
    sent = await rig.send()
    await asyncio.sleep(55)
    assert (await rig.message(sent)).state == "queued"
    assert "searching" in rig.gateway.modems()[0].why
    assert not rig.gateway.readiness().ready
    await rig.state(sent, "delivered", within=10)
    assert rig.sims[0].submits == 1


@fault(35, "sms-only")
async def test_registered_for_sms_only_is_enough(rig: Rig) -> None:
    await rig.ready()
    assert rig.gateway.modems()[0].registration == "home"
    await delivers(rig)
    await asyncio.sleep(60)
    assert rig.gateway.modems()[0].registration == "roaming"
    await delivers(rig)


@fault(36, "registered-331", modems=2)
async def test_no_service_goes_through_the_other_sim(rig: Rig) -> None:
    await rig.ready()
    for n in range(4):
        await delivers(rig, f"n{n}")
    assert len(rig.sims[1].sent) == rig.on_air == 4


@fault(36, "registered-331")
async def test_no_service_on_the_only_sim_is_tried_less_and_less_often(
    rig: Rig,
) -> None:
    await rig.ready()
    sent = await rig.send()
    await asyncio.sleep(90)
    assert 2 <= rig.sims[0].submits <= 4
    rig.sims[0].lift_faults()
    await rig.state(sent, "delivered", within=600)
    assert rig.on_air == 1


@fault(37, "no-credit", modems=2)
async def test_a_sim_without_credit_is_benched_and_the_others_go_on(rig: Rig) -> None:
    await rig.ready()
    for n in range(20):
        await delivers(rig, f"n{n}")
    assert len(rig.sims[1].sent) == rig.on_air == 20
    (benched,) = [sim for sim in rig.gateway.sims() if sim.state == "benched"]
    assert benched.iccid == rig.sims[0].card.iccid  # type: ignore[union-attr]
    assert "rejected" in benched.why
    assert rig.sims[0].submits == 3
    (told,) = await rig.pushed("sim.bench")
    assert told.data["sim"] == benched.name
    assert told.data["cause"] == "refused"
    assert "credit" in told.data["advice"]


@fault(38, "barred", "not-subscribed", "no-sc-subscription", modems=2)
async def test_a_barred_sim_is_benched_and_says_so(rig: Rig) -> None:
    await rig.ready()
    for n in range(6):
        await delivers(rig, f"n{n}")
    assert len(rig.sims[1].sent) == rig.on_air == 6
    assert rig.sims[0].submits == 1
    (benched,) = [sim for sim in rig.gateway.sims() if sim.state == "benched"]
    assert benched.next_at is not None
    assert benched.next_at - rig.clock.now_ms() > 3_000_000
    assert "bar" in benched.why or "subscri" in benched.why
    (told,) = await rig.pushed("sim.bench")
    assert (told.data["sim"], told.data["cause"]) == (benched.name, "barred")


@fault(39, "bad-recipient")
async def test_a_bad_recipient_fails_and_the_sim_is_not_to_blame(rig: Rig) -> None:
    await rig.ready()
    for number in BAD_NUMBERS:
        bad = await rig.send(number)
        await rig.state(bad, "failed", within=10)
        reason = (await rig.message(bad)).reason
        assert reason is not None and reason["retryable"] is False
        assert reason["code"] in ("recipient_unknown", "invalid_number")
    assert rig.sims[0].submits == len(BAD_NUMBERS)
    assert [sim.state for sim in rig.gateway.sims()] == ["ready"]
    await delivers(rig)


@fault(54, "same-mr", lost_reports=0.0, report_latency=20.0)
async def test_equal_references_are_told_apart_by_the_recipient(rig: Rig) -> None:
    await rig.ready()
    good = await rig.send("+4915112345678")
    bad = await rig.send("+999000002")
    await rig.state(good, "sent")
    await rig.state(bad, "sent")
    await rig.state(bad, "undelivered", within=60)
    await rig.state(good, "delivered", within=60)


@fault(67, "no-cmms")
async def test_a_modem_without_cmms_sends_long_messages_all_the_same(rig: Rig) -> None:
    await rig.ready()
    await delivers(rig, "x" * 400)
    assert "AT+CMMS=1" in typed(rig)
    assert rig.on_air == 3
    assert rig.gateway.modems()[0].faults == 0


@fault(69, "call-during-send", extra="calls: {hang_up: on}\n" + NO_PACE)
async def test_a_call_in_the_middle_of_a_send_does_not_reach_the_text(
    rig: Rig,
) -> None:
    await rig.ready()
    await delivers(rig, "untouched")
    assert rig.on_air == 1
    whole = typed(rig, PORT).upper()
    before, _, after = whole.partition("\x1a")
    body = before.rpartition("\r")[2]
    assert body and all(digit in "0123456789ABCDEF" for digit in body)
    assert "AT+CHUP" in after and "AT+CHUP" not in before
    await asyncio.sleep(60)
    assert len(await rig.pushed("call.incoming")) == 1
    await delivers(rig)
    assert rig.gateway.modems()[0].faults == 0
