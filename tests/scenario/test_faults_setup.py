"""Faults 50 to 53, 64 to 66, 68 and 73 to 75: reports, settings, USSD, clocks."""

import asyncio

import pytest

from modemgw.modem.model import Phase
from tests.gateway.rig import TESTER, Rig
from tests.scenario.faulty import HOUR, SENDER, delivers, fault, steps, texts, typed


@fault(50, "cdsi-wrong-memory")
async def test_a_report_announced_in_the_wrong_memory_is_found_in_sr(
    rig: Rig,
) -> None:
    await rig.ready()
    rig.network.inbound(rig.sims[0], SENDER, "a stranger")
    await delivers(rig, within=20)
    assert await texts(rig) == ["a stranger"]
    assert not rig.sims[0].sr.slots


@fault(51, "cds-comma")
async def test_a_comma_before_the_length_is_read(rig: Rig) -> None:
    await rig.ready()
    await delivers(rig, within=10)


@fault(52, "padded-reports")
async def test_a_report_is_read_by_what_it_says_not_by_its_length(rig: Rig) -> None:
    await rig.ready()
    await delivers(rig, within=10)


@fault(53, "buffered-report")
async def test_still_trying_is_not_final(rig: Rig) -> None:
    await rig.ready()
    sent = await rig.send()
    await rig.state(sent, "sent")
    await asyncio.sleep(20)
    assert (await rig.message(sent)).state == "sent"
    assert len(await steps(rig, sent, "part.report")) == 1
    await rig.state(sent, "delivered", within=20)


@fault(64, "cnmi-refused")
async def test_the_next_choice_of_cnmi_is_taken(rig: Rig) -> None:
    await rig.ready()
    assert rig.sims[0].settings.cnmi == (1, 1, 0, 2, 0)
    assert rig.gateway.modems()[0].cnmi == "1,1,0,2,0"
    await delivers(rig)
    rig.network.inbound(rig.sims[0], SENDER, "announced")
    await asyncio.sleep(5)
    assert await texts(rig) == ["announced"]


@fault(65, "cnmi-lost")
async def test_lost_settings_are_noticed_and_made_again(rig: Rig) -> None:
    await rig.ready()
    kept = rig.sims[0].settings.cnmi
    await asyncio.sleep(HOUR - 1)
    for _ in range(200):  # it is lost at the hour, and found when it is asked for
        if rig.sims[0].settings.cnmi != kept:
            break
        await asyncio.sleep(0.01)
    assert rig.sims[0].settings.cnmi == (0, 0, 0, 0, 0)
    rig.network.inbound(rig.sims[0], SENDER, "unannounced")
    await asyncio.sleep(310)
    await rig.ready()
    assert rig.sims[0].settings.cnmi == kept
    assert await texts(rig) == ["unannounced"]
    await delivers(rig, within=10)


@fault(66, "cpms-three", "cpms-one")
async def test_memories_are_chosen_in_whatever_way_is_taken(rig: Rig) -> None:
    await rig.ready()
    await delivers(rig)
    for n in range(3):
        rig.network.inbound(rig.sims[0], SENDER, f"n{n}")
    await asyncio.sleep(10)
    assert await texts(rig) == ["n0", "n1", "n2"]
    assert rig.gateway.modems()[0].faults == 0


@fault(68, "ussd-before-ok", "ussd-packed", "ussd-dcs-lies", "ussd-ascii-hex")
async def test_the_balance_is_read_whatever_the_coding(rig: Rig) -> None:
    await rig.ready()
    said = await rig.gateway.ussd.start(_sim(rig), "*100#", TESTER)
    assert said.state == "done"
    assert said.text is not None and "balance" in said.text.lower()
    await delivers(rig)


@fault(68, "ussd-multiline")
async def test_an_answer_of_three_lines_is_one_text(rig: Rig) -> None:
    await rig.ready()
    said = await rig.gateway.ussd.start(_sim(rig), "*100#", TESTER)
    assert said.text == "Balance:\n12.34 EUR\nThank you"
    await delivers(rig)


@fault(68, "ussd-menu")
async def test_a_menu_waits_for_a_reply_and_messages_go_meanwhile(rig: Rig) -> None:
    await rig.ready()
    said = await rig.gateway.ussd.start(_sim(rig), "*101#", TESTER)
    assert (said.state, said.text) == ("reply", "1 Balance 2 Data 0 Exit")
    await delivers(rig)
    more = await rig.gateway.ussd.reply(_sim(rig), said.session, "1", TESTER)
    assert more.state == "reply"
    await rig.gateway.ussd.cancel(_sim(rig), said.session, TESTER)


@fault(68, "ussd-timeout", "ussd-never")
async def test_no_answer_is_said_within_two_minutes(rig: Rig) -> None:
    await rig.ready()
    began = rig.clock.monotonic()
    said = await rig.gateway.ussd.start(_sim(rig), "*100#", TESTER)
    assert said.state == "timeout"
    assert rig.clock.monotonic() - began == pytest.approx(60, abs=62)
    await delivers(rig)
    assert rig.gateway.modems()[0].faults == 0


@fault(73, "intrusion")
async def test_another_program_on_the_port_is_noticed_and_undone(rig: Rig) -> None:
    await rig.ready()
    kept = rig.sims[0].settings.cnmi
    await asyncio.sleep(25)
    assert rig.sims[0].settings.cnmi != kept
    rig.network.inbound(rig.sims[0], SENDER, "in between")
    await asyncio.sleep(310)
    await rig.ready()
    assert rig.sims[0].settings.cnmi == kept
    assert await texts(rig) == ["in between"]
    assert typed(rig).count("AT+CNMI=") >= 1
    assert len(await rig.pushed("modem.recovered")) == 1
    (lost,) = await rig.pushed("modem.lost")
    assert "settings have changed" in str(lost.data["why"])
    await delivers(rig, within=10)


@fault(74, "clock-jump")
async def test_fifty_years_of_modem_and_network_change_nothing_here(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(25)
    await delivers(rig, within=10)
    rig.network.inbound(rig.sims[0], SENDER, "from the future")
    await asyncio.sleep(5)
    (row,) = await rig.inbox()
    assert row.text == "from the future"
    assert abs(row.created_at - rig.clock.now_ms()) < 10_000
    await asyncio.sleep(60)
    await delivers(rig, within=10)
    assert rig.gateway.modems()[0].faults == 0


FIFTY_YEARS_MS = 50 * 365 * 86_400_000


@fault(74, "clock-jump")
async def test_our_own_clock_goes_fifty_years_ahead_and_back(rig: Rig) -> None:
    """Time spans are monotonic: no rest, no poll and no deadline is 50 years off."""
    await rig.ready()
    await delivers(rig, "before")
    rig.clock.offset_ms += FIFTY_YEARS_MS
    await delivers(rig, "ahead", within=20)
    rig.sims[0].set_faults(refuse_all=8)
    waits = await rig.send(text="waits", expires_in=100_000)
    await asyncio.sleep(30)
    rig.sims[0].set_faults(refuse_all=None)
    rig.clock.offset_ms -= FIFTY_YEARS_MS
    await delivers(rig, "back", within=1000)
    await rig.state(waits, "delivered", within=3000)
    assert rig.gateway.modems()[0].faults == 0
    assert rig.on_air == 4


@fault(75, "data-only")
async def test_a_module_without_sms_is_parked_with_a_clear_word(rig: Rig) -> None:
    await asyncio.sleep(HOUR)
    (found,) = rig.gateway.modems()
    assert found.phase is Phase.PARKED
    assert "cannot do SMS" in found.why
    sent = await rig.send()
    await asyncio.sleep(HOUR)
    assert (await rig.message(sent)).state == "queued"
    assert any("cannot do SMS" in why for why in rig.gateway.readiness().reasons)


def _sim(rig: Rig) -> str:
    (sim,) = rig.gateway.sims()
    return sim.name
