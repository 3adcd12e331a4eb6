"""SIMs at fault in the middle of traffic: benched, probed, on parole, in service."""

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from modemgw.gateway.health_gate import SimHealth
from modemgw.policy.blame import Cause
from modemgw.policy.health import Condition, Probed
from modemgw.sim.card import Card
from modemgw.sim.faults import Faults
from modemgw.store.events import EventRow
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import run_virtual

HASTY = """\
sims:
  defaults: {pace: off, reports: on}
health: {first: 2min, longest: 40min, parole: 3, spacing: 10s}
"""
MINUTE = 60_000


def health(rig: Rig, index: int = 0) -> SimHealth:
    """The health of the card in the modem with this index."""
    sim = rig.gateway.dispatcher.lanes[f"m{index}"].sim
    assert sim is not None
    return rig.gateway.health.sims[sim.sim_id]


def stands(sim: SimHealth) -> Condition:
    return sim.state.condition


def card(rig: Rig, index: int = 0) -> Card:
    found = rig.sims[index].card
    assert found is not None
    return found


def number(n: int) -> str:
    return f"+49151000{n:05}"


async def condition(rig: Rig, wanted: Condition, within: float) -> None:
    """Let time pass until the first SIM stands there."""
    for _ in range(int(within / 2)):
        if stands(health(rig)) is wanted:
            return
        await asyncio.sleep(2)
    raise AssertionError(health(rig).state)


async def story_of(rig: Rig, sim: str) -> list[EventRow]:
    """What was told of one SIM's health, in order."""
    types = ("sim.bench", "sim.parole", "sim.up", "sim.down")
    found = [event for type in types for event in await rig.pushed(type)]
    found = [event for event in found if event.data["sim"] == sim]
    return sorted(found, key=lambda event: event.id)


async def all_delivered(rig: Rig, ids: Sequence[str], within: float = 300) -> None:
    for one in ids:
        await rig.state(one, "delivered", within=within)


def test_one_of_four_runs_out_of_credit_in_the_middle_of_traffic(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=4, extra=HASTY) as rig:
            await rig.ready()
            credit = Probed(False, "credit 0.04 EUR")

            async def balance(sim_id: int) -> Probed:
                assert sim_id == health(rig).sim_id
                asked.append(rig.clock.now_ms())
                return credit

            asked: list[int] = []
            rig.gateway.health.probes.append(balance)
            card(rig).credit = 4 * card(rig).price
            ids = [await rig.send(number(n)) for n in range(60)]
            await all_delivered(rig, ids)
            assert rig.on_air == 60  # nothing lost, nothing doubled
            assert rig.sims[0].submits <= 4 + 3
            sim = health(rig)
            assert stands(sim) is Condition.BENCHED
            assert [stands(health(rig, n)) for n in (1, 2, 3)] == (
                [Condition.ACTIVE] * 3
            )

            await asyncio.sleep(200)  # the probe objects: a longer bench
            assert len(asked) == 1
            assert stands(sim) is Condition.BENCHED
            assert sim.state.reason == "credit 0.04 EUR"
            card(rig).credit = 900
            credit = Probed(True, "credit 9.00 EUR")
            await condition(rig, Condition.PAROLE, 600)
            before = rig.sims[0].submits
            ids = [await rig.send(number(n)) for n in range(100, 140)]
            await all_delivered(rig, ids)
            assert rig.sims[0].submits - before < 5  # a low rate
            for n in range(200, 220):
                await all_delivered(rig, [await rig.send(number(n))])
                await asyncio.sleep(5)
            assert stands(sim) is Condition.ACTIVE
            assert rig.on_air == 60 + 40 + 20

            told = await story_of(rig, sim.name)
            assert [event.type for event in told] == [
                *("sim.up", "sim.bench", "sim.bench", "sim.parole", "sim.up")
            ]
            first, second = told[1].data, told[2].data
            assert (first["cause"], first["benches"]) == ("refused", 1)
            assert first["why"] == "short message transfer rejected"
            assert "credit" in first["advice"]
            assert (second["why"], second["benches"]) == ("credit 0.04 EUR", 2)
            assert told[-1].data["why"] == "restored: it sends again"

    run_virtual(story())


def test_a_sim_barred_for_ever_is_tried_less_and_less_often(tmp_path: Path) -> None:
    extra = HASTY.replace("first: 2min, longest: 40min", "first: 1min, longest: 12min")

    async def story() -> None:
        barred = {0: Faults(refuse_all=50)}
        async with gateway_rig(tmp_path, modems=2, extra=extra, faults=barred) as rig:
            await rig.ready()
            ids = []
            for n in range(45):  # one a minute
                ids.append(await rig.send(number(n)))
                await asyncio.sleep(60)
            await all_delivered(rig, ids)
            assert rig.on_air == len(rig.sims[1].sent) == 45
            told = await rig.pushed("sim.bench")
            starts = [event.at for event in told]
            # Each is followed by one message on parole.
            gaps = [round((b - a) / MINUTE) for a, b in pairwise(starts)]
            assert gaps == pytest.approx([4, 12, 12, 12], abs=1)
            assert rig.sims[0].submits == len(told) == 5
            assert len(await rig.pushed("sim.parole")) == 4

    run_virtual(story())


@pytest.mark.parametrize("code", [21, 8, 30])
def test_a_bad_recipient_is_given_up_early_and_benches_nobody(
    tmp_path: Path, code: int
) -> None:
    bad = "+4915199999999"

    async def story() -> None:
        faults = {n: Faults(refuse_number={bad: code}) for n in range(3)}
        async with gateway_rig(tmp_path, modems=3, extra=HASTY, faults=faults) as rig:
            await rig.ready()
            for n in range(6):
                lost = await rig.send(bad)
                await rig.state(lost, "failed", within=10)
                reason = (await rig.message(lost)).reason
                assert reason is not None
                assert reason["retryable"] is False
                if n % 3 == 0:
                    await all_delivered(rig, [await rig.send(number(n))], within=10)
            submits = sum(modem.submits for modem in rig.sims)
            assert submits <= 2 * 6 + rig.on_air
            assert await rig.pushed("sim.bench") == []
            assert all(
                not sim.state.benches for sim in rig.gateway.health.sims.values()
            )

    run_virtual(story())


def test_the_last_sim_is_not_benched_for_a_bad_recipient(tmp_path: Path) -> None:
    bad = "+4915199999999"

    async def story() -> None:
        faults = {0: Faults(refuse_number={bad: 21})}
        async with gateway_rig(tmp_path, extra=HASTY, faults=faults) as rig:
            await rig.ready()
            hopeless = [await rig.send(bad) for _ in range(3)]
            well = [await rig.send(number(n)) for n in range(10)]
            await all_delivered(rig, well, within=20)  # nobody waits behind it
            for one in hopeless:
                await rig.state(one, "failed", within=1000)
            assert await rig.pushed("sim.bench") == []

    run_virtual(story())


def test_one_unreachable_number_slows_nothing(tmp_path: Path) -> None:
    lost = "+4915199999999"

    async def story() -> None:
        faults = {n: Faults(refuse_number={lost: 41}) for n in range(2)}
        async with gateway_rig(tmp_path, modems=2, extra=HASTY, faults=faults) as rig:
            await rig.ready()
            stuck = [await rig.send(lost) for _ in range(5)]
            began = rig.clock.now_ms()
            await all_delivered(rig, [await rig.send(number(n)) for n in range(100)])
            # 100 at 0.2 s on two modems, and five refusals that took as long.
            assert rig.clock.now_ms() - began < 14_000
            assert {(await rig.message(one)).state for one in stuck} == {"queued"}
            assert await rig.pushed("sim.bench") == []

    run_virtual(story())


def test_an_outage_of_the_network_benches_nobody_and_fails_nothing(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=3, extra=HASTY) as rig:
            await rig.ready()
            await all_delivered(rig, [await rig.send(number(n)) for n in range(6)])
            for modem in rig.sims:
                modem.set_faults(refuse_all=38)
            before = sum(modem.submits for modem in rig.sims)
            ids = [await rig.send(number(n)) for n in range(100, 140)]
            await asyncio.sleep(900)
            tries = sum(modem.submits for modem in rig.sims) - before
            assert tries <= 3 * 3 + 7  # together at first, then one probe at a time
            assert {(await rig.message(one)).state for one in ids} == {"queued"}
            (view, *_) = rig.gateway.sims()
            assert view.health is not None
            assert view.health.outage is not None
            assert "out of order" in view.why
            for modem in rig.sims:
                modem.lift_faults()
            await all_delivered(rig, ids, within=1200)
            assert await rig.pushed("sim.bench") == []
            assert [
                view.health.outage for view in rig.gateway.sims() if view.health
            ] == ([None] * 3)
            assert rig.on_air == 46

    run_virtual(story())


def test_a_network_that_is_out_leaves_the_others_alone(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=3, extra=HASTY) as rig:
            await rig.ready()
            rig.gateway.health.join(
                rig.gateway.dispatcher.lanes,
                wake=rig.gateway.dispatcher.wake,
                operator_of=lambda modem: "other" if modem == "m2" else "out",
            )
            for modem in rig.sims[:2]:
                modem.set_faults(refuse_all=42)
            ids = [await rig.send(number(n)) for n in range(40)]
            await all_delivered(rig, ids, within=60)
            assert len(rig.sims[2].sent) == 40
            assert sum(modem.submits for modem in rig.sims[:2]) <= 8
            assert await rig.pushed("sim.bench") == []

    run_virtual(story())


def test_a_sim_on_parole_is_not_spared_for_what_it_was_benched_for(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=HASTY) as rig:
            await rig.ready()
            rig.sims[0].set_faults(refuse_all=331)
            lane_sim = rig.gateway.dispatcher.lanes["m0"].sim
            assert lane_sim is not None
            for n in range(40):
                await all_delivered(rig, [await rig.send(number(n))])
                if lane_sim.health:
                    break
            assert "others get through" in lane_sim.health_because
            watch, sim = rig.gateway.health, health(rig)
            watch.bench(sim, Cause.UNREACHABLE, "no network service")
            assert (lane_sim.health, lane_sim.health_because) == (0, "")
            rig.sims[0].lift_faults()
            await condition(rig, Condition.PAROLE, 300)
            for n in range(100, 120):
                await all_delivered(rig, [await rig.send(number(n))])
                await asyncio.sleep(10)
            assert stands(sim) is Condition.ACTIVE

    run_virtual(story())


def test_a_failure_on_parole_benches_again(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=HASTY) as rig:
            await rig.ready()
            card(rig).credit = 0
            ids = [await rig.send(number(n)) for n in range(12)]
            await all_delivered(rig, ids)
            await condition(rig, Condition.PAROLE, 300)
            card(rig).credit = card(rig).price  # enough for one
            for n in range(20, 30):
                await all_delivered(rig, [await rig.send(number(n))])
                await asyncio.sleep(10)
            state = health(rig).state
            assert (state.condition, state.benches) == (Condition.BENCHED, 2)
            assert rig.on_air == 22

    run_virtual(story())


def test_a_sim_whose_messages_never_arrive_is_benched_by_its_reports(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        filtered = {0: Faults(report_statuses=(0x46,))}
        async with gateway_rig(tmp_path, modems=2, extra=HASTY, faults=filtered) as rig:
            await rig.ready()
            for n in range(40):
                await rig.send(number(n))
            await asyncio.sleep(60)
            sim = health(rig)
            assert stands(sim) is Condition.BENCHED
            assert sim.state.cause is Cause.UNDELIVERED
            assert stands(health(rig, 1)) is Condition.ACTIVE
            (told,) = await rig.pushed("sim.bench")
            assert "spammer" in told.data["advice"]
            await condition(rig, Condition.PAROLE, 300)
            await rig.send(number(90))  # accepted, and that does not count
            await asyncio.sleep(30)
            assert (stands(sim), sim.state.benches) == (Condition.BENCHED, 2)
            rig.sims[0].lift_faults()
            await condition(rig, Condition.PAROLE, 1000)
            for n in range(100, 112):
                await all_delivered(rig, [await rig.send(number(n))])
                await asyncio.sleep(10)
            assert stands(sim) is Condition.ACTIVE

    run_virtual(story())


def test_a_bench_can_be_left_to_people(tmp_path: Path) -> None:
    async def story() -> None:
        extra = "sims: {defaults: {pace: off}}\nhealth: {bench: off}\n"
        faults = {0: Faults(refuse_all=50)}
        async with gateway_rig(tmp_path, modems=2, extra=extra, faults=faults) as rig:
            await rig.ready()
            ids = [await rig.send(number(n)) for n in range(10)]
            await all_delivered(rig, ids)
            assert await rig.pushed("sim.bench") == []
            assert stands(health(rig)) is Condition.ACTIVE

    run_virtual(story())
