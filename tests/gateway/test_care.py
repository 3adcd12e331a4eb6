"""What people do about SIMs, what outlasts a restart, and who is told lost."""

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from modemgw.errors import DiskFull, NotFound, StoreError
from modemgw.gateway.health_gate import SimHealth
from modemgw.gateway.model import Caller
from modemgw.policy.blame import Cause
from modemgw.policy.health import Condition, Probed
from modemgw.sim.faults import Faults
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import run_virtual

ADMIN = Caller(None, "anna", frozenset({"admin"}), "unix")
HASTY = """\
sims:
  defaults: {pace: off, reports: on}
health: {first: 2min, parole: 3, spacing: 10s, down_after: 3min}
"""


def health(rig: Rig, index: int = 0) -> SimHealth:
    sim = rig.gateway.dispatcher.lanes[f"m{index}"].sim
    assert sim is not None
    return rig.gateway.health.sims[sim.sim_id]


def stands(sim: SimHealth) -> Condition:
    return sim.state.condition


def states(rig: Rig) -> list[str]:
    views = {view.modem: view.state for view in rig.gateway.sims()}
    return [views[modem] for modem in sorted(views, key=str)]


async def told(rig: Rig, *types: str) -> list[str]:
    """The events of these types, in order."""
    found = [event for type in types for event in await rig.pushed(type)]
    return [event.type for event in sorted(found, key=lambda event: event.id)]


@contextmanager
def full_disk(rig: Rig) -> Iterator[None]:
    def refuse(number: int) -> None:
        raise DiskFull("no space left on device")

    rig.store.writer.before_commit = refuse
    yield
    rig.store.writer.before_commit = None


def test_a_sim_benched_by_hand_sends_nothing_until_it_is_taken_back(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=HASTY) as rig:
            await rig.ready()
            care, sim = rig.gateway.care, health(rig)
            await care.bench(sim.name, "smells burnt", None, ADMIN)
            assert states(rig) == ["benched", "ready"]
            for n in range(6):
                await rig.state(await rig.send(text=f"n{n}"), "delivered")
            assert (rig.sims[0].submits, rig.sims[1].submits) == (0, 6)
            (event,) = await rig.pushed("sim.bench")
            assert event.data["why"] == "smells burnt (by anna)"
            assert (event.data["cause"], event.data["until"]) == ("admin", None)
            await asyncio.sleep(1800)  # longer than any first bench
            assert stands(sim) is Condition.BENCHED
            await care.parole(sim.iccid or "", 1, ADMIN)
            assert states(rig) == ["ready", "ready"]
            for n in range(4):
                await rig.state(await rig.send(text=f"m{n}"), "delivered")
            assert stands(sim) is Condition.ACTIVE
            assert await told(rig, "sim.bench", "sim.parole", "sim.up") == (
                ["sim.up"] * 2 + ["sim.bench", "sim.parole", "sim.up"]
            )

    run_virtual(story())


def test_a_message_does_not_wait_for_a_sim_that_is_benched_meanwhile(
    tmp_path: Path,
) -> None:
    """The one refused it, and the other, which was to have it, is taken away."""

    async def story() -> None:
        faults = {0: Faults(refuse_submit={1: 21})}
        async with gateway_rig(tmp_path, modems=2, extra=HASTY, faults=faults) as rig:
            await rig.ready()
            other = health(rig, 1).name
            long = await rig.send(text="x" * 1200, sim=other)
            sent = await rig.send()
            await asyncio.sleep(1)
            assert rig.sims[0].submits == 1
            assert (await rig.message(sent)).state == "queued"
            await rig.gateway.care.bench(other, "", None, ADMIN)
            await rig.state(sent, "delivered", within=20)
            assert len(rig.sims[0].sent) == 1
            assert (await rig.message(long)).state == "sending"
            await rig.gateway.care.parole(other, 0, ADMIN)
            await rig.state(long, "delivered", within=20)

    run_virtual(story())


def test_a_bench_for_a_time_ends_by_itself(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=HASTY) as rig:
            await rig.ready()
            await rig.gateway.care.bench(health(rig).name, "", 600, ADMIN)
            waits = await rig.send()
            await asyncio.sleep(590)
            assert (await rig.message(waits)).state == "queued"
            await rig.state(waits, "delivered", within=20)
            assert stands(health(rig)) is Condition.PAROLE
            await rig.gateway.care.parole(health(rig).name, 0, ADMIN)
            assert stands(health(rig)) is Condition.ACTIVE

    run_virtual(story())


def test_what_a_person_decides_while_a_probe_runs_counts(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=HASTY) as rig:
            await rig.ready()

            async def slow(sim_id: int) -> Probed:
                await asyncio.sleep(60)
                return Probed(False, "no credit")

            rig.gateway.health.probes.append(slow)
            care, sim = rig.gateway.care, health(rig)
            await care.bench(sim.name, "", 10, ADMIN)
            await asyncio.sleep(30)
            await care.parole(sim.name, 0, ADMIN)
            await asyncio.sleep(60)
            assert stands(sim) is Condition.ACTIVE

    run_virtual(story())


def test_a_probe_that_never_ends_is_given_up(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=HASTY) as rig:
            await rig.ready()

            async def stuck(sim_id: int) -> Probed:
                await asyncio.sleep(86_400)
                return Probed(False, "never seen")

            rig.gateway.health.probes.append(stuck)
            await rig.gateway.care.bench(health(rig).name, "", 10, ADMIN)
            await asyncio.sleep(920)
            assert stands(health(rig)) is Condition.PAROLE

    run_virtual(story())


def test_a_pause_stops_one_sim_and_outlasts_its_bench(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=HASTY) as rig:
            await rig.ready()
            care, sim = rig.gateway.care, health(rig)
            await care.pause(sim.name, ADMIN, on=True)
            assert states(rig) == ["paused", "ready"]
            await care.bench(sim.name, "", 10, ADMIN)
            await asyncio.sleep(60)
            assert stands(sim) is Condition.PAROLE
            for n in range(4):
                await rig.state(await rig.send(text=f"n{n}"), "delivered")
            assert rig.sims[0].submits == 0
            await care.pause(sim.name, ADMIN, on=False)
            await care.pause(sim.name, ADMIN, on=False)  # twice does no harm
            for n in range(2):
                await rig.state(await rig.send(text=f"m{n}"), "delivered")
            assert rig.sims[0].submits > 0

    run_virtual(story())


def test_a_paused_gateway_accepts_and_sends_nothing_over_a_restart(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=HASTY) as rig:
            await rig.ready()
            long = await rig.send(text="x" * 1200)
            await rig.state(long, "sending")
            await rig.gateway.care.pause_all(ADMIN, on=True)
            waits = await rig.send()
            await asyncio.sleep(600)
            assert (await rig.message(waits)).state == "queued"
            sent = rig.on_air
            assert 0 < sent < 8  # of the long one not even the rest
            readiness = rig.gateway.readiness()
            assert not readiness.ready
            assert readiness.reasons == ("sending is paused by anna",)
            world, clock = (rig.network, rig.sims), rig.clock
        async with gateway_rig(tmp_path, world=world, clock=clock, extra=HASTY) as rig:
            await rig.ready()
            await asyncio.sleep(600)
            assert rig.on_air == sent
            assert not rig.gateway.readiness().ready
            await rig.gateway.care.pause_all(ADMIN, on=False)
            await rig.state(waits, "delivered")
            await rig.state(long, "delivered")
            assert rig.gateway.readiness().ready
            assert rig.on_air == 9
        async with gateway_rig(tmp_path, world=world, clock=clock, extra=HASTY) as rig:
            await rig.ready()
            assert rig.gateway.readiness().ready

    run_virtual(story())


@pytest.mark.parametrize("abandon", [False, True], ids=["stop", "power cut"])
def test_where_a_sim_stands_outlasts_a_restart(tmp_path: Path, abandon: bool) -> None:
    async def story() -> None:
        faults = {0: Faults(refuse_all=50)}
        async with gateway_rig(
            tmp_path, modems=3, extra=HASTY, faults=faults, abandon=abandon
        ) as rig:
            await rig.ready()
            for n in range(6):
                await rig.state(await rig.send(text=f"n{n}"), "delivered")
            benched = health(rig, 0).state
            await rig.gateway.care.parole(health(rig, 1).name, 40, ADMIN)
            await rig.gateway.care.pause(health(rig, 2).name, ADMIN, on=True)
            await rig.state(await rig.send(), "delivered")
            await asyncio.sleep(1)
            paroled = health(rig, 1).state
            assert paroled.successes > 0
            world, clock = (rig.network, rig.sims), rig.clock
        async with gateway_rig(tmp_path, world=world, clock=clock, extra=HASTY) as rig:
            await rig.ready()
            assert health(rig, 0).state == benched
            assert health(rig, 1).state == paroled
            assert health(rig, 2).state.paused
            assert states(rig) == ["benched", "ready", "paused"]
            before = rig.sims[0].submits, rig.sims[2].submits
            await rig.state(await rig.send(), "delivered")
            assert (rig.sims[0].submits, rig.sims[2].submits) == before
            assert len(await rig.pushed("sim.up")) == 3  # of the first start

    run_virtual(story())


def test_what_the_disk_refuses_has_not_happened(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=HASTY) as rig:
            await rig.ready()
            care, sim = rig.gateway.care, health(rig)
            with full_disk(rig):
                with pytest.raises(StoreError):
                    await care.bench(sim.name, "", None, ADMIN)
                with pytest.raises(StoreError):
                    await care.pause_all(ADMIN, on=True)
            assert stands(sim) is Condition.ACTIVE
            await rig.state(await rig.send(), "delivered")
            assert await rig.pushed("sim.bench") == []

    run_virtual(story())


def test_a_bench_that_the_disk_refuses_is_written_later(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=HASTY) as rig:
            await rig.ready()
            watch, sim = rig.gateway.health, health(rig)
            with full_disk(rig):
                watch.bench(sim, Cause.REFUSED, "rejected")
                await asyncio.sleep(30)
            await asyncio.sleep(30)
            assert len(await rig.pushed("sim.bench")) == 1

    run_virtual(story())


def test_nobody_knows_a_sim_of_that_name(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=HASTY) as rig:
            await rig.ready()
            with pytest.raises(NotFound):
                await rig.gateway.care.pause("nobody", ADMIN, on=True)

    run_virtual(story())


def test_a_sim_is_told_lost_after_a_while_and_found_at_once(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=HASTY) as rig:
            await rig.ready()
            await asyncio.sleep(1)
            first = rig.sims[0]
            card = first.card
            for _ in range(3):  # hiccups
                first.restart()
                await asyncio.sleep(90)
            assert await told(rig, "sim.up", "sim.down") == ["sim.up"] * 2
            first.insert(None)
            await asyncio.sleep(400)
            (down,) = await rig.pushed("sim.down")
            assert down.data["iccid"] == card.iccid if card else None
            assert down.data["why"]
            first.insert(card)
            await rig.ready()
            await asyncio.sleep(1)
            assert await told(rig, "sim.up", "sim.down") == (
                ["sim.up"] * 2 + ["sim.down", "sim.up"]
            )
            back = (await rig.pushed("sim.up"))[-1].data
            assert (back["sim"], back["why"]) == (down.data["sim"], "in service again")

    run_virtual(story())


def test_a_sim_that_does_not_come_back_after_a_restart_is_told_lost(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=HASTY) as rig:
            await rig.ready()
            await asyncio.sleep(1)
            lost = health(rig).name
            world, clock = (rig.network, rig.sims), rig.clock
        rig.sims[0].insert(None)
        for _ in range(2):
            async with gateway_rig(
                tmp_path, world=world, clock=clock, extra=HASTY
            ) as rig:
                await rig.ready(1)
                await asyncio.sleep(400)
                (down,) = await rig.pushed("sim.down")
                assert down.data["sim"] == lost
                assert len(await rig.pushed("sim.up")) == 2

    run_virtual(story())


def wire(lines: Iterable[list[object]]) -> list[str]:
    return [f"{direction} {text}" for _, direction, text in lines]


def test_every_attempt_of_a_part_keeps_its_sim_its_code_and_its_wire(
    tmp_path: Path,
) -> None:
    """A rejected one, one without a network, one that gave no prompt, and it is out."""

    async def story() -> None:
        faults = {
            0: Faults(refuse_all=21),
            1: Faults(refuse_submit={1: 331, 2: 331}),
            2: Faults(no_prompt=frozenset({1})),
        }
        async with gateway_rig(tmp_path, modems=3, extra=HASTY, faults=faults) as rig:
            await rig.ready()
            first = [await rig.send("+4915100000001", text="x" * 200)]
            more = [await rig.send(f"+491510000010{n}") for n in range(4)]
            kinds = set()
            for one in first + more:
                await rig.state(one, "delivered")
                steps = [
                    step
                    for step in await rig.timeline(one)
                    if step.type.startswith("part.") and step.type != "part.report"
                ]
                begun = [step for step in steps if step.type == "part.submitting"]
                ended = [step for step in steps if step.type != "part.submitting"]
                assert len(begun) == len(ended) >= 1
                assert [
                    step.data["attempt"] for step in begun if step.part_seq == 1
                ] == (list(range(1, 1 + sum(step.part_seq == 1 for step in begun))))
                for start, end in zip(begun, ended, strict=True):
                    assert start.data["sim"] == end.data["sim"]
                    assert start.data["modem"] == end.data["modem"]
                    assert start.part_seq == end.part_seq
                    lines = wire(end.data["at"])
                    assert any(line.startswith("> AT+CMGS=") for line in lines)
                    kinds.add(end.type)
                    if end.type == "part.refused":
                        assert end.data["code"] in (21, 331)
                        assert f"< +CMS ERROR: {end.data['code']}" in lines
                        assert end.data["sentence"]
                    if end.type == "part.accepted":
                        assert any(line.startswith("< +CMGS: ") for line in lines)
            assert kinds == {"part.refused", "part.accepted", "part.not_sent"}

    run_virtual(story())


def test_an_act_and_its_line_in_the_audit_log_are_on_disk_together_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that fills up in between: nobody is told no, and has it all the same."""

    def refuse(*_: object, **__: object) -> int:
        raise DiskFull("no space left on device")

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=1, extra=HASTY) as rig:
            await rig.ready()
            care, [view] = rig.gateway.care, rig.gateway.sims()
            with monkeypatch.context() as full:
                full.setattr("modemgw.gateway.audit.rows.append", refuse)
                with pytest.raises(DiskFull):
                    await care.pause_all(ADMIN, on=True)
                with pytest.raises(DiskFull):
                    await care.pause(view.name, ADMIN, on=True)
            assert states(rig) == ["ready"]
            await rig.state(await rig.send(), "delivered")
            await care.pause_all(ADMIN, on=True)
            assert states(rig) == ["paused"]
        async with gateway_rig(tmp_path, modems=1, extra=HASTY) as rig:
            await rig.ready()
            assert states(rig) == ["paused"], "it outlasts a restart"

    run_virtual(story())
