"""Balances over USSD, asked by a whole gateway in virtual time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from modemgw.errors import Conflict, NotFound
from modemgw.sim.faults import Faults
from modemgw.sim.fleet import iccid_of, make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.store.balance import BalanceRow
from tests.gateway.rig import RECIPIENT, TESTER, Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

EURO = 1_000_000
EXTRA = """\
sims:
  defaults:
    pace: off
    reports: on
    balance: {{{balance}}}
  cards:
    - {{name: red, iccid: "{iccid}"}}
"""


def extra(balance: str) -> str:
    return EXTRA.format(balance=balance, iccid=iccid_of(0))


def world(
    clock: VirtualClock, *, faults: Faults | None = None, **options: Any
) -> tuple[Network, list[SimModem]]:
    network = Network(clock=clock)
    modem = make_modem(network, 0, faults=faults or Faults(), **options)
    return network, [modem]


@asynccontextmanager
async def rig(
    tmp_path: Path,
    how: str = 'ussd: "*100#"',
    *,
    faults: Faults | None = None,
    **options: Any,
) -> AsyncIterator[Rig]:
    clock = VirtualClock()
    met = world(clock, faults=faults, **{"credit": 500, **options})
    async with gateway_rig(tmp_path, world=met, clock=clock, extra=extra(how)) as found:
        await found.ready()
        yield found


def row(rig: Rig) -> BalanceRow | None:
    return next(
        (
            found
            for sim in range(1, 3)
            if (found := rig.gateway.upkeep.balance.known(sim)) is not None
        ),
        None,
    )


def card(rig: Rig) -> Any:
    found = rig.sims[0].card
    assert found is not None
    return found


async def skip(rig: Rig, hours: float) -> None:
    """Let the wall clock pass without every poll of the modems, and a little more."""
    await rig.set_clock(int(hours * 3_600_000))
    rig.gateway.upkeep.look()
    await asyncio.sleep(90)


async def asked(rig: Rig, within: float = 400) -> BalanceRow:
    """Let time pass until a balance is known."""
    for _ in range(int(within)):
        if (found := row(rig)) is not None:
            return found
        await asyncio.sleep(1)
    raise AssertionError("nothing was asked")


def test_a_sim_is_asked_soon_and_then_once_a_day(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path) as gateway:
            first = await asked(gateway)
            assert (first.amount, first.currency, first.outcome) == (
                5 * EURO,
                "EUR",
                "read",
            )
            await skip(gateway, 23)
            assert row(gateway) == first
            card(gateway).charge()
            await skip(gateway, 2)
            second = row(gateway)
            assert second is not None
            assert second.amount == 4_910_000
            assert second.asked_at - first.asked_at >= 86_400_000

    run_virtual(story())


def test_nothing_is_asked_where_nothing_is_configured(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, "every: 2h") as gateway:
            await skip(gateway, 24)
            assert row(gateway) is None
            (view,) = gateway.gateway.sims()
            assert view.balance is None
            with pytest.raises(Conflict, match="no USSD code"):
                await gateway.gateway.upkeep.balance.ask("red", TESTER)

    run_virtual(story())


def test_low_is_told_once_per_crossing(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, 'ussd: "*100#", every: 1h, low: 2.00') as gateway:
            await asked(gateway)
            card(gateway).credit = 150
            for _ in range(3):
                await skip(gateway, 1)
            (told,) = await gateway.pushed("sim.balance_low")
            assert told.data["sim"] == "red"
            assert told.data["amount"] == "1.50"
            assert told.data["low"] == "2.00"
            assert told.data["currency"] == "EUR"
            card(gateway).credit = 900  # topped up
            await skip(gateway, 2)
            assert len(await gateway.pushed("sim.balance_low")) == 1
            card(gateway).credit = 180
            await skip(gateway, 2)
            assert len(await gateway.pushed("sim.balance_low")) == 2
            found = row(gateway)
            assert found is not None
            assert found.is_low

    run_virtual(story())


def test_an_impossible_jump_is_asked_again_before_it_is_believed(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        async with rig(tmp_path, 'ussd: "*100#", every: 6h') as gateway:
            await asked(gateway)
            card(gateway).credit = 50_000
            await skip(gateway, 6.05)
            found = row(gateway)
            assert found is not None
            assert (found.outcome, found.amount) == ("doubted", 5 * EURO)
            await skip(gateway, 0.5)
            found = row(gateway)
            assert found is not None
            assert (found.outcome, found.amount) == ("read", 500 * EURO)

    run_virtual(story())


def test_an_answer_without_a_figure_keeps_the_last_one(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, 'ussd: "*100#", every: 2h') as gateway:
            await asked(gateway)
            card(gateway).balance = "broken"
            await skip(gateway, 2.1)
            found = row(gateway)
            assert found is not None
            assert (found.outcome, found.amount) == ("unreadable", 5 * EURO)
            assert found.text is not None
            assert "1234567" not in found.text
            (view,) = gateway.gateway.sims()
            assert view.balance is not None
            assert "could not be read" in view.balance.why

    run_virtual(story())


def test_a_menu_is_answered_and_left(tmp_path: Path) -> None:
    async def story() -> None:
        menu = 'ussd: "*101#", reply: ["1"]'
        async with rig(tmp_path, menu, balance="german") as gateway:
            assert (await asked(gateway)).amount == 5 * EURO
            assert not gateway.sims[0].ussd_menu

    run_virtual(story())


def test_a_menu_nobody_expected_is_closed(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, 'ussd: "*101#"') as gateway:
            assert (await asked(gateway)).outcome == "unreadable"
            assert not gateway.sims[0].ussd_menu

    run_virtual(story())


def test_a_network_without_ussd_is_remembered(tmp_path: Path) -> None:
    async def story() -> None:
        says = Faults(ussd_says=("+CUSD: 4",))
        async with rig(tmp_path, 'ussd: "*100#", every: 1h', faults=says) as gateway:
            first = await asked(gateway)
            assert first.outcome == "unsupported"
            assert "LTE" in first.why
            await skip(gateway, 48)
            assert row(gateway) == first
            gateway.sims[0].lift_faults()
            _, again = await gateway.gateway.upkeep.balance.ask("red", TESTER)
            assert again.outcome == "read"

    run_virtual(story())


def test_failures_are_repeated_less_and_less(tmp_path: Path) -> None:
    async def story() -> None:
        never = Faults(ussd_says=("+CUSD: 5",))
        async with rig(tmp_path, faults=never) as gateway:
            before = await asked(gateway)
            for wait_h in (0.25, 1.0, 4.0, 24.0):
                await skip(gateway, wait_h * 0.8)
                assert row(gateway) == before
                await skip(gateway, wait_h * 0.2)
                after = row(gateway)
                assert after is not None
                assert after.failures == before.failures + 1
                before = after

    run_virtual(story())


def test_a_refusal_like_without_credit_makes_it_ask_early(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, 'ussd: "*100#", low: 1.00') as gateway:
            first = await asked(gateway)
            await skip(gateway, 1)
            card(gateway).credit = 5
            await gateway.send(RECIPIENT)
            await skip(gateway, 0.2)
            found = row(gateway)
            assert found is not None
            assert found.asked_at > first.asked_at
            assert found.amount == 50_000
            assert await gateway.pushed("sim.balance_low")

    run_virtual(story())


def test_it_is_never_asked_while_customers_wait(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path) as gateway:
            gateway.sims[0].set_faults(late_result={n: 30.0 for n in range(1, 40)})
            for index in range(20):
                await gateway.send(f"+49151123456{index:02}")
            await asyncio.sleep(300)
            assert row(gateway) is None  # 20 texts of half a minute each
            found = await asked(gateway, 900)
            assert found.outcome == "read"

    run_virtual(story())


def test_a_person_may_ask_and_not_too_often(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path, 'ussd: "*100#"', balance="british") as gateway:
            desk = gateway.gateway.upkeep.balance
            sim, found = await desk.ask("sim_red", TESTER)
            assert (sim.name, found.amount, found.currency) == ("red", 5 * EURO, "GBP")
            with pytest.raises(Conflict, match="just now"):
                await desk.ask("red", TESTER)
            with pytest.raises(NotFound):
                await desk.ask("blue", TESTER)
            await asyncio.sleep(31)
            both = await asyncio.gather(
                desk.ask("red", TESTER), desk.ask("red", TESTER), return_exceptions=True
            )
            assert sum(isinstance(one, Conflict) for one in both) == 1

    run_virtual(story())


def test_a_modem_that_is_lost_in_the_middle_is_no_word_of_the_network(
    tmp_path: Path,
) -> None:
    async def story() -> None:
        never = Faults(ussd_says=())
        async with rig(tmp_path, 'ussd: "*100#"', faults=never) as gateway:
            desk = gateway.gateway.upkeep.balance
            asking = asyncio.create_task(desk.ask("red", TESTER))
            await asyncio.sleep(1)
            unplugged = gateway.wires.unplug("/sim/modem0")
            result = await asyncio.gather(asking, return_exceptions=True)
            assert isinstance(result[0], tuple | Conflict)
            gateway.sims[0].lift_faults()
            gateway.wires.plug("/sim/modem0", unplugged)
            await gateway.ready(within=300)
            await asyncio.sleep(1200)
            found = row(gateway)
            assert found is not None
            assert found.outcome == "read"

    run_virtual(story())


def test_it_is_known_after_a_restart_and_not_asked_again(tmp_path: Path) -> None:
    async def story() -> None:
        clock = VirtualClock()
        met = world(clock, credit=500)
        options: dict[str, Any] = {
            "world": met,
            "clock": clock,
            "extra": extra('ussd: "*100#", low: 9'),
        }
        async with gateway_rig(tmp_path, **options, abandon=True) as before:
            await before.ready()
            first = await asked(before)
        async with gateway_rig(tmp_path, **options) as after:
            await after.ready()
            await skip(after, 2)
            assert row(after) == first
            assert len(await after.pushed("sim.balance_low")) == 1
            (view,) = after.gateway.sims()
            assert view.balance is not None
            assert (view.balance.amount, view.balance.is_low) == ("5.00", True)

    run_virtual(story())


def test_a_probe_tells_whether_there_is_money(tmp_path: Path) -> None:
    async def story() -> None:
        async with rig(tmp_path) as gateway:
            first = await asked(gateway)
            desk = gateway.gateway.upkeep.balance
            found = await desk.probe(first.sim_id)
            assert found.passed is True
            card(gateway).credit = 0
            assert (await desk.probe(first.sim_id)).passed is True  # known just now
            await asyncio.sleep(601)
            assert (await desk.probe(first.sim_id)).passed is False
            assert (await desk.probe(99)).passed is None

    run_virtual(story())
