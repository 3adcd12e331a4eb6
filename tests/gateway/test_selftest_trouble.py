"""The self-test when something gets in its way."""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import Conflict, NotFound
from modemgw.policy.selftest import text_of
from modemgw.sim.faults import Faults
from modemgw.store import selftest as rows
from tests.gateway.rig import RECIPIENT, TESTER, gateway_rig
from tests.gateway.selftesting import (
    HOURLY,
    RED,
    every,
    extra,
    in_turn,
    named,
    rig,
    run,
    skip,
    world,
)
from tests.loop import VirtualClock, run_virtual


def test_a_restart_in_the_middle_goes_on_waiting(tmp_path: Path) -> None:
    async def story() -> None:
        gateway = in_turn(tmp_path, "every: off", report_latency=20.0)
        async with gateway(abandon=True) as before:
            await before.ready()
            desk = before.gateway.upkeep.selftest
            begun = await desk.ask("red", "blue", paid=True, caller=TESTER)
            await asyncio.sleep(5)
            assert before.on_air == 1
        async with gateway() as after:
            await after.ready()
            desk = after.gateway.upkeep.selftest
            done = await desk.wait(begun.public_id, 400)
            assert done.result == "passed"
            assert after.on_air == 1
            assert await after.inbox() == []

    run_virtual(story())


def test_a_text_that_had_not_left_is_not_sent_after_a_restart(tmp_path: Path) -> None:
    async def story() -> None:
        gateway = in_turn(tmp_path, "every: off")
        async with gateway(abandon=True) as before:
            await before.ready()
            desk = before.gateway.upkeep.selftest
            begun = await desk.ask("red", "blue", paid=True, caller=TESTER)
        async with gateway() as after:
            await after.ready()
            await asyncio.sleep(120)
            done = await after.gateway.upkeep.selftest.wait(begun.public_id, 0)
            assert (done.result, done.leg) == ("unknown", None)
            assert after.on_air == 0

    run_virtual(story())


def test_a_forged_text_passes_nothing_and_hides_nothing(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, "every: off, within: 1min") as gateway:
            blue, red = gateway.sims[1], gateway.sims[0]
            gateway.network.inbound(blue, RED, text_of("A" * 16))  # a guess
            gateway.network.lost_messages = 1.0
            desk = gateway.gateway.upkeep.selftest
            begun = await desk.ask("red", "blue", paid=True, caller=TESTER)
            await asyncio.sleep(5)
            text = text_of(begun.token)
            gateway.network.inbound(blue, RECIPIENT, text)  # from outside
            gateway.network.inbound(blue, "Bank", text)  # from a name
            gateway.network.inbound(red, RED, text)  # to another SIM
            gateway.network.inbound(blue, RED, f"{text} and more")
            gateway.network.inbound(blue, RED, "modemgw self-test")
            done = await desk.wait(begun.public_id, 300)
            assert (done.result, done.leg) == ("failed", "delivery")
            assert "another number" in done.why
            await asyncio.sleep(5)
            assert len(await gateway.inbox()) == 6
            assert len(await gateway.pushed("message.received")) == 6

    run_virtual(story())


def test_a_national_sender_is_the_sim_itself(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, "every: off, within: 1min") as gateway:
            gateway.network.lost_messages = 1.0
            gateway.network.lost_reports = 1.0
            desk = gateway.gateway.upkeep.selftest
            begun = await desk.ask("red", "blue", paid=True, caller=TESTER)
            await asyncio.sleep(5)
            national = "0" + RED[4:]
            text = text_of(begun.token)
            gateway.network.inbound(gateway.sims[1], national, text)
            done = await desk.wait(begun.public_id, 300)
            assert done.arrived_at is not None
            assert (done.result, done.leg) == ("failed", "report")
            assert await gateway.inbox() == []

    run_virtual(story())


def test_a_modem_lost_in_the_middle_says_nothing_about_the_sims(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        lost = {0: Faults(silent_after_submit=frozenset({1}))}
        async with rig(
            tmp_path, "every: off, within: 3min", faults=lost, lost_messages=1.0
        ) as gateway:
            done = await run(gateway)
            assert (done.result, done.leg) == ("unknown", None)
            assert await gateway.pushed("sim.selftest_failed") == []

    run_virtual(story())


def test_a_receiver_that_goes_away_is_no_failure_of_the_sender(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, "every: off, within: 2min") as gateway:
            desk = gateway.gateway.upkeep.selftest
            begun = await desk.ask("red", "blue", paid=True, caller=TESTER)
            gateway.wires.unplug("/sim/modem1")
            done = await desk.wait(begun.public_id, 300)
            assert done.result == "unknown"
            assert "not in service" in done.why
            with pytest.raises(Conflict, match="no other SIM"):
                await desk.ask("red", None, paid=True, caller=TESTER)

    run_virtual(story())


def test_a_doubt_is_cleared_by_the_arrival(tmp_path: Path) -> None:
    async def story() -> None:
        silent = {0: Faults(silent_after_submit=frozenset({1}))}
        async with rig(tmp_path, "every: off", faults=silent) as gateway:
            done = await run(gateway)
            assert done.arrived_at is not None
            assert done.result == "passed"

    run_virtual(story())


def test_customers_come_first(tmp_path: Path) -> None:
    async def story() -> None:
        slow = Faults(late_result={n: 40.0 for n in range(1, 40)})
        pair = "every: 6h, paid: on, pairs: [[red, blue]]"
        async with rig(tmp_path, pair, faults={0: slow, 1: slow}) as gateway:
            sent = [await gateway.send(f"+491511234{n:04}") for n in range(20)]
            await asyncio.sleep(400)
            assert await every(gateway) == []
            await gateway.state(sent[-1], "delivered", within=900)
            await asyncio.sleep(900)
            found = await every(gateway)
            assert {t.result for t in found} == {"passed"}

    run_virtual(story())


def test_the_pace_keeps_room_for_customers(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, HOURLY, pace="2/h") as gateway:
            lane = gateway.gateway.upkeep.selftest.course.lane_of(1)
            assert lane is not None
            for sim in (1, 2):
                found = gateway.gateway.upkeep.selftest.course.lane_of(sim)
                assert found is not None
                assert found.sim is not None
                found.sim.pace.record(gateway.clock.now_ms())
            await asyncio.sleep(700)
            assert await every(gateway) == []

    run_virtual(story())


def test_what_a_person_asks_for_wrongly_is_explained(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, "every: off") as gateway:
            desk = gateway.gateway.upkeep.selftest
            with pytest.raises(NotFound):
                await desk.ask("green", None, paid=True, caller=TESTER)
            with pytest.raises(NotFound):
                await desk.ask("red", "green", paid=True, caller=TESTER)
            with pytest.raises(Conflict, match="itself"):
                await desk.ask("red", "red", paid=True, caller=TESTER)
            with pytest.raises(NotFound):
                await desk.wait("tst_nonsense", 0)
            first = await desk.ask("red", "blue", paid=True, caller=TESTER)
            with pytest.raises(Conflict, match="under way"):
                await desk.ask("red", "blue", paid=True, caller=TESTER)
            done = await desk.wait(first.public_id, 60)
            assert done.result == "passed"
            assert (await desk.history("blue", 10))[0].public_id == first.public_id

    run_virtual(story())


def test_a_probe_passes_by_the_bench(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, "every: off, paid: on, within: 1min") as gateway:
            await gateway.gateway.care.bench("red", "to see", None, TESTER)
            red = next(
                id
                for id, name in gateway.gateway.upkeep.names().items()
                if name == "red"
            )
            desk = gateway.gateway.upkeep.selftest
            found = await desk.probe(red)
            assert found.passed is True
            gateway.network.lost_messages = 1.0
            found = await desk.probe(red)
            assert found.passed is False
            assert "did not arrive" in found.why
            await gateway.gateway.care.pause("red", TESTER, on=True)
            assert (await desk.probe(red)).passed is None
            assert (await desk.probe(99)).passed is None

    run_virtual(story())


def test_old_tests_are_forgotten_with_their_messages(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, "every: off") as gateway:
            done = await run(gateway)
            gateway.clock.offset_ms += 91 * 86_400_000
            before = gateway.clock.now_ms() - 90 * 86_400_000
            assert await gateway.store.write(lambda db: rows.purge(db, before)) == 1
            assert await every(gateway) == []
            message_id = done.message_id
            assert message_id is not None
            left = await gateway.store.read(lambda db: rows.sending(db, message_id))
            assert left is None

    run_virtual(story())


def test_what_the_tariff_gives_for_nothing_needs_no_leave(tmp_path: Path) -> None:
    async def story() -> None:
        bundle = "{parts: 1, per: 30 days, since: 2026-11-01, then: 0.05}"
        text = extra("every: 1h").replace(
            f'number: "{RED}"', f'number: "{RED}", tariff: {{bundle: {bundle}}}'
        )
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, world=world(clock), clock=clock, extra=text
        ) as gateway:
            await gateway.ready()
            await asyncio.sleep(330)
            (only,) = await every(gateway)
            assert (named(gateway, only.from_sim_id), only.result) == ("red", "passed")
            # The bundle is used up: the next one would cost money.
            await skip(gateway, 1.2)
            await asyncio.sleep(700)
            assert len(await every(gateway)) == 1
            assert gateway.on_air == 1

    run_virtual(story())
