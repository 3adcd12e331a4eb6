"""Faults 11 to 28 and 71: what goes wrong on the wire and at the start."""

import asyncio

from modemgw.modem.model import Phase
from tests.gateway.rig import Rig
from tests.scenario.faulty import (
    HOUR,
    PORT,
    SENDER,
    WITH_PIN,
    delivers,
    fault,
    texts,
    typed,
)


async def serves(rig: Rig) -> None:
    """See that it is set up without a fault, sends, and receives."""
    await rig.ready(within=60)
    await delivers(rig, within=60)
    await delivers(rig, "x" * 200, within=60)
    rig.network.inbound(rig.sims[0], SENDER, "and back")
    await asyncio.sleep(20)
    assert (await texts(rig))[-1] == "and back"
    assert rig.on_air == 3
    assert rig.gateway.modems()[0].faults == 0


@fault(11, "noise")
async def test_a_flood_of_vendor_lines_disturbs_nothing(rig: Rig) -> None:
    await serves(rig)
    for n in range(20):
        await delivers(rig, f"n{n}", within=3)
    await asyncio.sleep(HOUR / 2)
    assert rig.gateway.modems()[0].faults == 0


@fault(12, "urc-inside-csq")
async def test_the_signal_is_that_of_csq(rig: Rig) -> None:
    await serves(rig)
    await asyncio.sleep(60)
    assert rig.gateway.modems()[0].signal_dbm == -113 + 2 * rig.sims[0].csq


@fault(13, "zombie")
async def test_lines_without_answers_are_no_sign_of_life(rig: Rig) -> None:
    await asyncio.sleep(60)
    found = rig.gateway.modems()[0]
    assert found.phase is Phase.RECOVERING or "no final result" in found.why
    assert found.faults >= 1
    sent = await rig.send()
    rig.sims[0].lift_faults()
    await rig.state(sent, "delivered", within=200)
    assert rig.on_air == 1


@fault(13, "zombie")
async def test_a_modem_that_falls_silent_is_found_within_a_minute(rig: Rig) -> None:
    noise = rig.sims[0].faults
    rig.sims[0].lift_faults()
    await rig.ready()
    rig.sims[0].faults = noise
    await asyncio.sleep(60)
    found = rig.gateway.modems()[0]
    assert found.phase is not Phase.READY and found.faults >= 1
    sent = await rig.send()
    rig.sims[0].lift_faults()
    await rig.state(sent, "delivered", within=200)
    assert len(await rig.pushed("modem.lost")) == 1
    assert len(await rig.pushed("modem.recovered")) == 1


@fault(14, "stuck-prompt")
async def test_somebodys_prompt_is_left_and_nothing_is_sent(rig: Rig) -> None:
    await serves(rig)
    assert typed(rig).startswith("\x1b")
    assert rig.sims[0].submits == 3


@fault(15, "echo", "doubled-echo")
@fault(16, "numeric")
@fault(17, "quiet")
@fault(18, "drip")
@fault(19, "glued-answers")
@fault(20, "garbage")
@fault(23, "command-not-support")
@fault(24, "verbose-errors")
async def test_it_is_set_up_without_a_fault_and_serves(rig: Rig) -> None:
    await serves(rig)


@fault(21, "operator-named-ok")
async def test_a_name_like_a_result_code_is_a_name(rig: Rig) -> None:
    await serves(rig)
    await asyncio.sleep(60)
    assert rig.gateway.modems()[0].operator == "OK ERROR > "


@fault(22, "skewed-answer")
async def test_an_answer_that_comes_too_late_is_nobody_elses(rig: Rig) -> None:
    await rig.ready()
    await asyncio.sleep(120)
    found = rig.gateway.modems()[0]
    assert found.phase is Phase.READY
    assert found.faults <= 1
    assert found.signal_dbm == -113 + 2 * rig.sims[0].csq
    assert (found.registration, found.operator) == ("home", rig.network.name)
    await delivers(rig)
    assert rig.on_air == 1


@fault(25, "sim-busy")
async def test_a_busy_sim_is_waited_for(rig: Rig) -> None:
    await serves(rig)


@fault(26, "wrong-pin", listed=WITH_PIN)
async def test_a_wrong_pin_is_tried_once_and_never_again(rig: Rig) -> None:
    await asyncio.sleep(HOUR / 6)
    found = rig.gateway.modems()[0]
    assert found.phase is Phase.PARKED
    assert "PIN" in found.why
    card = rig.sims[0].card
    assert card is not None and card.pin_tries == 2
    modem = rig.wires.unplug("/sim/modem0")
    await asyncio.sleep(5)
    rig.wires.plug("/sim/modem0", modem)
    await asyncio.sleep(HOUR / 6)
    assert card.pin_tries == 2
    assert not rig.gateway.readiness().ready


@fault(27, "puk")
async def test_a_blocked_card_parks_the_modem(rig: Rig) -> None:
    await asyncio.sleep(HOUR / 2)
    found = rig.gateway.modems()[0]
    assert found.phase is Phase.PARKED
    assert "PUK" in found.why
    card = rig.sims[0].card
    assert card is not None and (card.pin_tries, card.puk_tries) == (0, 10)


@fault(28, "reboot", listed=WITH_PIN)
async def test_a_restart_in_mid_service_is_set_up_again_with_its_pin(
    rig: Rig,
) -> None:
    await rig.ready()
    await delivers(rig)
    await asyncio.sleep(20)
    await rig.ready(within=30)
    await delivers(rig)
    rig.network.inbound(rig.sims[0], SENDER, "after it")
    await asyncio.sleep(5)
    assert await texts(rig) == ["after it"]
    card = rig.sims[0].card
    assert card is not None and card.pin_tries == 3
    assert rig.on_air == 2


@fault(71, "sibling-freeze")
async def test_a_word_to_its_sibling_wakes_a_frozen_port(rig: Rig) -> None:
    await rig.ready()
    await delivers(rig)
    await asyncio.sleep(20)
    sent = await rig.send()
    await rig.state(sent, "delivered", within=120)
    assert rig.gateway.modems()[0].rung == "poke"
    assert PORT + ".1" in rig.wires.opened
    assert rig.on_air == 2
