"""For whom a message waits, and where a draft would go: said when somebody asks."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from modemgw.config.load import parse
from modemgw.gateway.model import Draft
from modemgw.gateway.routing import Router, Traits
from modemgw.gateway.shapes import Cost, Routing
from modemgw.policy.routing import Wish
from modemgw.sim.faults import Faults
from tests.gateway.rig import RECIPIENT, TESTER, Rig, gateway_rig
from tests.gateway.test_routing import CHAIN, carried, sims
from tests.loop import run_virtual


async def waits(rig: Rig, public_id: str) -> Routing | None:
    return await rig.gateway.explainer.waiting(await rig.message(public_id))


def test_a_message_says_for_whom_it_waits(tmp_path: Path) -> None:
    pace = "sims:\n  defaults: {pace: 1/min}\n"
    extra = sims().replace("sims:\n  defaults: {pace: off}\n", pace)

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=extra) as rig:
            await rig.ready()
            gone = rig.wires.unplug("/sim/modem1")
            await asyncio.sleep(5)
            first = await rig.send(sim="red")
            second = await rig.send(sim="red")
            blue = await rig.send(sim="blue")
            planned = await rig.send(send_at=rig.clock.now_ms() + 3_600_000)
            await rig.state(first, "delivered")
            now = rig.clock.now_ms()
            found = await waits(rig, second)
            assert found is not None and found.sim is None
            assert found.why.startswith("waits for SIM red: its pace allows the next")
            assert found.leaves_at is not None
            found = await waits(rig, blue)
            assert found is not None and found.leaves_at is None
            assert found.why.startswith("waits for SIM blue: ")
            assert found.others["red"] == "the message asks for SIM 'blue'"
            found = await waits(rig, planned)
            assert found is not None and found.sim is None
            assert found.why.startswith("not before ")
            assert found.leaves_at is not None
            assert await waits(rig, first) is None
            assert rig.clock.now_ms() == now  # nothing waited for the answer
            rig.wires.plug("/sim/modem1", gone)
            await rig.state(blue, "delivered")
            assert await waits(rig, blue) is None

    run_virtual(story())


def test_what_lies_on_the_disk_is_explained_too(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=1, extra=sims()) as rig:
            await rig.ready()
            modem = rig.wires.unplug("/sim/modem0")
            await asyncio.sleep(5)
            sent = await rig.send(sim="red", fallback=CHAIN)
            row = await rig.message(sent)
            rig.gateway.dispatcher.index.forget(row.id)
            found = await waits(rig, sent)
            assert found is not None
            assert found.why.startswith("waits for SIM red: ")
            rig.wires.plug("/sim/modem0", modem)
            await rig.gateway.dispatcher.reload_message(row.id)
            await rig.state(sent, "delivered")

    run_virtual(story())


def test_a_sim_that_was_never_here(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=1, extra=sims()) as rig:
            await rig.ready()
            never = await rig.send(sim="green")
            found = await waits(rig, never)
            assert found is not None
            assert found.why == "no SIM may take it"
            assert found.others == {"red": "the message asks for SIM 'green'"}
            await rig.gateway.cancel(never, TESTER)

    run_virtual(story())


TARIFFS = {
    "red": "tariff: {price: 0.09, allow: [DE]}",
    "blue": "tariff: {price: 0.19, prices: [{to: [+49151], price: 0.05}]}",
}


async def preview(
    rig: Rig, to: str = RECIPIENT, text: str = "x", **more: object
) -> Routing:
    draft = Draft(to=to, text=text, **more)  # type: ignore[arg-type]
    answer = await rig.gateway.preview(draft, TESTER)
    shown = msgspec.json.decode(answer.body)["routing"]
    return msgspec.convert(shown, Routing)


def test_a_dry_run_counts_the_cost_and_the_cheapest_sends(tmp_path: Path) -> None:
    extra = sims(**TARIFFS).replace("sims:\n", "sims:\n  currency: EUR\n", 1)

    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=extra) as rig:
            await rig.ready()
            found = await preview(rig, text="x" * 200)
            assert found.sim == "blue"
            assert found.why == "cheapest: 0.05 a part"
            assert found.others == {"red": "dearer: 0.09 a part"}
            assert found.cost == Cost("0.10", "EUR")
            assert found.leaves_at is not None
            found = await preview(rig, "+4917012345678")
            assert (found.sim, found.cost) == ("red", Cost("0.09", "EUR"))
            found = await preview(rig, "+33612345678")
            assert (found.sim, found.cost) == ("blue", Cost("0.19", "EUR"))
            assert found.why == "the only one that may"
            for to, sim in ((RECIPIENT, "blue"), ("+4917012345678", "red")):
                sent = await rig.send(to)
                await rig.state(sent, "delivered")
                assert await carried(rig, sent) == sim
            first = await rig.send("+4917099999999", sim="blue")
            await rig.state(first, "delivered")
            found = await preview(rig, "+4917099999999", sticky=True)
            assert found.sim == "red"  # price comes first
            assert await rig.listed(to="+33612345678") == []

    run_virtual(story())


def test_a_weak_signal_is_second_choice(tmp_path: Path) -> None:
    async def story() -> None:
        async with gateway_rig(tmp_path, modems=2, extra=sims()) as rig:
            await rig.ready()
            lanes = rig.gateway.dispatcher.lanes
            lanes["m0"].weak = rig.gateway.pool.router.weak(-111)
            found = await preview(rig)
            assert found.sim == "blue"
            assert found.others == {"red": "weak signal (-111 dBm)"}
            sent = [await rig.send() for _ in range(2)]
            for one in sent:
                await rig.state(one, "delivered")
                assert await carried(rig, one) == "blue"

    run_virtual(story())


def test_a_message_between_two_sims_is_never_without_one(tmp_path: Path) -> None:
    """The preferred SIM vanishes while it is waited for."""
    rule = "routing: {patience: 15s, rules: [{to: DE, prefer: [blue]}]}\n"
    slow = {1: Faults(late_result={1: 60.0})}

    async def story() -> None:
        async with gateway_rig(
            tmp_path, modems=2, extra=sims(rule), faults=slow
        ) as rig:
            await rig.ready()
            await rig.send()
            second = await rig.send()
            await asyncio.sleep(3)
            found = await waits(rig, second)
            assert found is not None and found.sim == "blue"
            assert found.others == {"red": "less preferred for DE"}
            rig.wires.unplug("/sim/modem1")
            await rig.state(second, "delivered", within=20)
            assert await carried(rig, second) == "red"

    run_virtual(story())


# -- the wishes themselves ---------------------------------------------------------


def wish(router: Router, to: str = RECIPIENT, **more: Any) -> Wish:
    asked = {"priority": 1, "validity_ms": 86_400_000, "parts": 1, **more}
    return router.wish_of(asked.pop("options", {}), to=to, **asked)


def router(text: str = "") -> Router:
    return Router(parse("data_dir: ./d\n" + text, "m.yaml"))


def test_without_a_word_in_the_file_every_message_is_alike() -> None:
    found = router()
    first = wish(found)
    assert first.plain and first == wish(found, "+4917012345678", parts=3)
    assert wish(found) is first  # made once
    assert found.traits("red", None) == Traits(frozenset({"default"}), (), 1)
    assert not found.has_default


def test_zones_are_told_apart_where_somebody_speaks_of_them() -> None:
    found = router(sims("routing: {rules: [{to: AT, only: red}]}\n", **TARIFFS))
    here = wish(found)
    assert not here.plain
    assert here == wish(found, "+4915199999999")
    assert here != wish(found, "+4917012345678") != wish(found, "+436641234567")
    assert here != wish(found, parts=2)  # a quota may have room for one only


@pytest.mark.parametrize(
    ("more", "patience"),
    [
        ({}, 15_000),
        ({"priority": 2}, 0),
        ({"validity_ms": 60_000}, 15_000),
        ({"validity_ms": 59_999}, 0),
    ],
)
def test_who_has_patience(more: dict[str, Any], patience: int) -> None:
    assert wish(router(), **more).patience_ms == patience


def test_more_wishes_than_are_kept() -> None:
    found = router()
    first = wish(found, options={"last_sim": 0})
    for last in range(1, 5_000):
        wish(found, options={"last_sim": last})
    again = wish(found, options={"last_sim": 0})
    assert again == first and again is not first


def test_odd_options_are_nothing() -> None:
    """What was stored by another version asks for less, and stops nothing."""
    odd = {"sim": 7, "fallback": "x", "fallback_step": "y", "last_sim": "z"}
    found = wish(router(), options=odd)
    assert (found.sim, found.also, found.last_sim_id) == (None, (), None)


def test_signals() -> None:
    assert router().weak(-109) == router().weak(None) == ""
    assert router().weak(-110) == "weak signal (-110 dBm)"
    assert router("routing: {weak_signal: -113}\n").weak(-113) == ""
