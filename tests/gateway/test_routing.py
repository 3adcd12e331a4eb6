"""Which SIM carries what, from the file and the request to the air and the timeline."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from modemgw.errors import FieldError
from modemgw.gateway import fallbacks
from modemgw.gateway.model import FallbackStep
from modemgw.sim.faults import Faults
from modemgw.sim.identity import iccid_of
from modemgw.store.events import EventRow
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

NAMES = ("red", "blue", "green")


def sims(rules: str = "", **more: str) -> str:
    """Name the SIMs of the rig; `more` are further keys of one of them."""
    cards = "".join(
        f'    - {{name: {name}, iccid: "{iccid_of(index)}", {more.get(name, "")}}}\n'
        for index, name in enumerate(NAMES)
    )
    return f"sims:\n  defaults: {{pace: off}}\n  cards:\n{cards}{rules}"


async def submitting(rig: Rig, public_id: str) -> list[EventRow]:
    steps = await rig.timeline(public_id)
    return [step for step in steps if step.type == "part.submitting"]


async def carried(rig: Rig, public_id: str) -> str:
    return str((await submitting(rig, public_id))[-1].data["sim"])


def test_a_rule_prefers_and_says_so(tmp_path: Path) -> None:
    rule = "routing: {rules: [{to: [+49151], prefer: [blue], never: [green]}]}\n"

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=3, extra=sims(rule)) as rig:
            await rig.ready()
            sent = [await rig.send() for _ in range(3)]
            other = await rig.send("+4917012345678")
            for one in (*sent, other):
                await rig.state(one, "delivered")
            assert {await carried(rig, one) for one in sent} == {"blue"}
            assert await carried(rig, other) != "blue"
            (step,) = await submitting(rig, sent[0])
            assert step.data["because"] == "preferred for +49151"
            assert step.data["others"] == {
                "red": "less preferred for +49151",
                "green": "it must not write to +49151",
            }
            (step,) = await submitting(rig, other)
            assert "others" not in step.data

    run_virtual(story())


def test_after_the_patience_the_second_choice_takes_over(tmp_path: Path) -> None:
    rule = "routing: {patience: 15s, rules: [{to: DE, prefer: [blue, red]}]}\n"
    slow = {1: Faults(late_result={1: 40.0})}

    async def story() -> None:
        async with gateway_rig(
            tmp_path, modems=2, extra=sims(rule), faults=slow
        ) as rig:
            await rig.ready()
            first = await rig.send()
            await asyncio.sleep(1)
            second = await rig.send()
            urgent = await rig.send(klass="alert")
            await rig.state(urgent, "sent", within=2)
            assert await carried(rig, urgent) == "red"
            await asyncio.sleep(12)
            assert (await rig.message(second)).state == "queued"
            await rig.state(second, "sent", within=4)
            assert await carried(rig, second) == "red"
            (step,) = await submitting(rig, second)
            assert step.data["because"] == (
                "SIM blue is better, and was not free in time"
            )
            await rig.state(first, "delivered")
            assert await carried(rig, first) == "blue"

    run_virtual(story())


def test_pools_and_their_default(tmp_path: Path) -> None:
    rules = (
        "routing:\n"
        "  pools:\n"
        "    - {name: default, sims: [red, blue]}\n"
        "    - {name: backup, sims: []}\n"
    )

    async def story() -> None:
        extra = sims(rules, green="pools: [backup]")
        async with gateway_rig(tmp_path, modems=3, extra=extra) as rig:
            await rig.ready()
            plain = [await rig.send() for _ in range(6)]
            backup = [await rig.send(pool="backup") for _ in range(2)]
            named = await rig.send(pool="default")
            asked = await rig.send(sim="green")
            for one in (*plain, *backup, named, asked):
                await rig.state(one, "delivered")
            assert {await carried(rig, one) for one in plain} == {"red", "blue"}
            assert {await carried(rig, one) for one in (*backup, asked)} == {"green"}
            assert await carried(rig, named) in ("red", "blue")
            with pytest.raises(FieldError) as caught:
                await rig.send(pool="nobody")
            assert "no pool 'nobody': backup, default" in str(caught.value)

    run_virtual(story())


def test_the_own_network_and_the_weights(tmp_path: Path) -> None:
    extra = sims(red='network_prefixes: ["+49151"]', green="weight: 4")

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=3, extra=extra) as rig:
            await rig.ready()
            onnet = [await rig.send() for _ in range(3)]
            for one in onnet:
                await rig.state(one, "delivered")
                assert await carried(rig, one) == "red"
            others = []
            for _ in range(24):
                others.append(await rig.send("+4917012345678"))
                await asyncio.sleep(10)
            names = [await carried(rig, one) for one in others]
            assert 14 <= names.count("green") <= 18  # 4 of 6
            assert min(names.count("red"), names.count("blue")) >= 3

    run_virtual(story())


def test_a_correspondence_stays_with_its_sim(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=3, extra=sims()) as rig:
            await rig.ready()
            first = await rig.send(sim="blue")
            await rig.state(first, "delivered")
            again = [await rig.send(sticky=True) for _ in range(3)]
            for one in again:
                await rig.state(one, "delivered")
                assert await carried(rig, one) == "blue"
            (step,) = await submitting(rig, again[0])
            assert step.data["because"] == "in touch with this number last"
            # … and so where they wrote first, and nobody has written to them yet.
            rig.network.inbound(rig.sims[2], "+4917012345678", "hello?")
            await asyncio.sleep(5)
            answer = await rig.send("+4917012345678", sticky=True)
            await rig.state(answer, "delivered")
            assert await carried(rig, answer) == "green"
            stranger = await rig.send("+4917099999999", sticky=True)
            await rig.state(stranger, "delivered")

    run_virtual(story())


def test_all_is_sticky_where_the_file_says_so(tmp_path: Path) -> None:
    async def story() -> None:
        extra = sims("routing: {sticky: on}\n")
        async with gateway_rig(tmp_path, modems=2, extra=extra) as rig:
            await rig.ready()
            first = await rig.send(sim="blue")
            await rig.state(first, "delivered")
            for sticky in (None, None, False):
                sent = await rig.send(sticky=sticky)
                await rig.state(sent, "delivered")
                found = await carried(rig, sent)
                assert found == ("red" if sticky is False else "blue")

    run_virtual(story())


# -- fallback --------------------------------------------------------------------

CHAIN = (FallbackStep(120, sim="blue"), FallbackStep(300, pool="default"))


async def widened(rig: Rig, public_id: str) -> list[dict[str, Any]]:
    steps = await rig.timeline(public_id)
    return [step.data for step in steps if step.type == "message.route_widened"]


def test_a_fallback_widens_step_by_step(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=3, extra=sims()) as rig:
            await rig.ready()
            for index in (0, 1):
                rig.wires.unplug(f"/sim/modem{index}")
            sent = await rig.send(sim="red", fallback=CHAIN)
            long = await rig.send(text="x" * 300, sim="red", fallback=CHAIN)
            await asyncio.sleep(119)
            assert await widened(rig, sent) == []
            await asyncio.sleep(3)
            assert await widened(rig, sent) == [{"step": 1, "sim": "blue"}]
            assert (await rig.message(sent)).state == "queued"
            await rig.state(sent, "delivered", within=200)
            await rig.state(long, "delivered", within=10)
            assert await carried(rig, sent) == "green"
            assert await widened(rig, sent) == [
                {"step": 1, "sim": "blue"},
                {"step": 2, "pool": "default"},
            ]
            assert rig.on_air == 3

    run_virtual(story())


def test_a_message_that_left_has_no_fallback(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=sims()) as rig:
            await rig.ready()
            sent = await rig.send(sim="red", fallback=CHAIN)
            await rig.state(sent, "delivered")
            await asyncio.sleep(600)
            assert await widened(rig, sent) == []
            assert rig.on_air == 1

    run_virtual(story())


def test_messages_that_are_long_gone_are_not_kept_for_their_fallback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fallbacks, "FEW", 4)

    async def story() -> None:
        chain = (FallbackStep(86_000, sim="blue"),)
        async with gateway_rig(tmp_path, modems=2, extra=sims()) as rig:
            await rig.ready()
            rig.gateway.fallbacks._enough = 4
            for n in range(20):
                one = await rig.send(text=f"n{n}", sim="red", fallback=chain)
                await rig.state(one, "delivered")
            assert len(rig.gateway.fallbacks._due) <= 5
            rig.wires.unplug("/sim/modem0")
            waits = await rig.send(sim="red", fallback=CHAIN)
            await rig.state(waits, "delivered", within=200)
            assert await widened(rig, waits) == [{"step": 1, "sim": "blue"}]

    run_virtual(story())


def test_a_fallback_waits_for_what_is_on_the_wire(tmp_path: Path) -> None:
    """The first SIM refuses it at last: only then may the other one have it."""
    faults = {0: Faults(late_result={1: 130.0}, refuse_submit={1: 21})}

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=sims(), faults=faults) as rig:
            await rig.ready()
            sent = await rig.send(sim="red", fallback=CHAIN)
            await asyncio.sleep(125)
            assert (await rig.message(sent)).state == "sending"
            assert await widened(rig, sent) == []
            await asyncio.sleep(600)
            found = await rig.message(sent)
            assert found.state in ("delivered", "in_doubt")
            assert rig.on_air <= 1

    run_virtual(story())


@pytest.mark.parametrize("after", [60, 200])
def test_a_fallback_survives_a_power_cut(tmp_path: Path, after: int) -> None:
    async def story() -> None:
        clock = VirtualClock()
        async with gateway_rig(
            tmp_path, modems=2, extra=sims(), clock=clock, abandon=True
        ) as rig:
            await rig.ready()
            rig.wires.unplug("/sim/modem0")
            blue = rig.wires.unplug("/sim/modem1")
            sent = await rig.send(sim="red", fallback=CHAIN)
            await asyncio.sleep(after)
            world = rig.network, rig.sims
        async with gateway_rig(tmp_path, extra=sims(), clock=clock, world=world) as rig:
            rig.wires.unplug("/sim/modem0")
            rig.wires.plug("/sim/modem1", blue)
            await rig.state(sent, "delivered", within=150)
            assert await carried(rig, sent) == "blue"
            assert await widened(rig, sent) == [{"step": 1, "sim": "blue"}]
            assert rig.on_air == 1

    run_virtual(story())


@pytest.mark.parametrize(
    ("steps", "pointers"),
    [
        ((FallbackStep(0, sim="red"),), ["/fallback/0/after"]),
        ((FallbackStep(86_400, sim="red"),), ["/fallback/0/after"]),
        (
            (FallbackStep(20, sim="red"), FallbackStep(10, sim="red")),
            ["/fallback/1/after"],
        ),
        ((FallbackStep(20),), ["/fallback/0"]),
        ((FallbackStep(20, sim="red", pool="default"),), ["/fallback/0"]),
        (
            (
                FallbackStep(20, sim="x"),
                FallbackStep(21, modem="x"),
                FallbackStep(22, pool="x"),
            ),
            ["/fallback/0/sim", "/fallback/1/modem", "/fallback/2/pool"],
        ),
        (tuple(FallbackStep(n, sim="red") for n in range(1, 12)), ["/fallback"]),
    ],
)
def test_what_is_wrong_with_a_fallback(
    tmp_path: Path, steps: tuple[FallbackStep, ...], pointers: list[str]
) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, extra=sims()) as rig:
            with pytest.raises(FieldError) as caught:
                await rig.send(fallback=steps)
            assert [one.pointer for one in caught.value.errors] == pointers

    run_virtual(story())


# -- failover within pools and pins ------------------------------------------------


def test_failover_stays_within_the_pool(tmp_path: Path) -> None:
    """A refusal by one SIM: another one of the pool has it at once."""
    rules = "routing: {pools: [{name: two, sims: [red, blue]}]}\n"
    faults = {0: Faults(refuse_submit={1: 21})}

    async def story() -> None:
        async with gateway_rig(
            tmp_path, modems=3, extra=sims(rules), faults=faults
        ) as rig:
            await rig.ready()
            sent = [await rig.send(pool="two") for _ in range(2)]
            for one in sent:
                await rig.state(one, "delivered")
            moved = [one for one in sent if len(await submitting(rig, one)) == 2]
            assert len(moved) == 1
            steps = await submitting(rig, moved[0])
            assert [step.data["sim"] for step in steps] == ["red", "blue"]
            assert steps[1].data["others"]["red"] == "it refused this message before"
            assert not rig.sims[2].sent

    run_virtual(story())


def test_failover_of_a_pinned_message_is_a_retry(tmp_path: Path) -> None:
    faults = {0: Faults(refuse_submit={1: 21})}

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=sims(), faults=faults) as rig:
            await rig.ready()
            sent = await rig.send(sim="red")
            await rig.state(sent, "delivered")
            names = [step.data["sim"] for step in await submitting(rig, sent)]
            assert names == ["red", "red"]

    run_virtual(story())


def test_who_refused_it_may_have_it_again_where_nobody_else_is(tmp_path: Path) -> None:
    faults = {0: Faults(refuse_submit={1: 21}), 1: Faults(late_result={1: 140.0})}

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=sims(), faults=faults) as rig:
            await rig.ready()
            await rig.send(sim="blue")
            sent = await rig.send()
            await asyncio.sleep(30)
            assert (await rig.message(sent)).state == "queued"
            found = await rig.gateway.explainer.waiting(await rig.message(sent))
            assert found is not None and found.sim == "blue"
            assert found.others == {"red": "it refused this message before"}
            rig.wires.unplug("/sim/modem1")
            await rig.state(sent, "delivered", within=130)
            names = [step.data["sim"] for step in await submitting(rig, sent)]
            assert names[0] == names[-1] == "red"  # blue was gone before it left

    run_virtual(story())
