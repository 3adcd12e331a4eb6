"""The upper rungs at a modem that stays silent, in virtual time."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from modemgw.errors import ModemError
from modemgw.modem.ladder import Rung
from modemgw.modem.model import NotSent, Phase
from modemgw.modem.power import Power
from modemgw.modem.rescue import HUB_GAP_S, Place, Rescue
from modemgw.sim.faults import Faults, Rule
from tests.loop import run_virtual
from tests.modem.bench import SimBench, now

PLACE = Place("1-1.3", ("/dev/sibling",))


class Switch(Power):
    """Power that a test holds in its hand."""

    def __init__(self, *there: Rung) -> None:
        super().__init__(lambda modem: None, None)
        self.there = there
        self.done: list[tuple[float, str]] = []
        self.acts: Callable[[str], None] = lambda what: None

    def tools(self, modem: str, usb: str | None) -> tuple[Rung, ...]:
        return self.there

    async def reauthorise(self, usb: str) -> None:
        self._do("reauthorise")

    async def cycle(self, modem: str, usb: str | None) -> None:
        self._do("power")

    def _do(self, what: str) -> None:
        self.done.append((now(), what))
        self.acts(what)


class Sibling:
    """A port beside the modem's own; answers where `wakes`."""

    def __init__(self, wakes: Callable[[str], bool]) -> None:
        self.heard: list[str] = []
        self.wakes = wakes
        self.is_open = False

    async def open(self, path: str, on_data: Any, on_lost: Any) -> "Sibling":
        assert path == "/dev/sibling"
        self.on_data, self.is_open = on_data, True
        return self

    def write(self, data: bytes) -> None:
        self.heard.append(data.decode().strip())
        if self.wakes(self.heard[-1]):
            self.on_data(b"\r\nOK\r\n")

    def close(self) -> None:
        self.is_open = False


def rescued(switch: Switch, sibling: Sibling, **more: Any) -> Rescue:
    async def place(port: str) -> Place:
        return PLACE

    return Rescue(sibling.open, power=switch, place=place, **more)


def rungs(bench: SimBench) -> list[tuple[str, str]]:
    found = [e.text for e in bench.actor.aside.journal.entries() if e.kind == "rung"]
    return [(text.partition(":")[0], text.partition(": ")[2]) for text in found]


def test_every_rung_is_climbed_until_one_helps() -> None:
    async def scenario() -> None:
        switch = Switch(Rung.REAUTHORISE, Rung.POWER)
        sibling = Sibling(lambda line: False)
        bench = SimBench(rescue=rescued(switch, sibling))
        switch.acts = lambda what: (
            bench.sim.set_faults(zombie=False) if what == "power" else None
        )
        async with bench.running():
            await bench.until_ready()
            bench.sim.set_faults(zombie=True, noise=("^RSSI: 9",), noise_interval_s=0.1)
            began = now()
            await bench.until(lambda: bench.phase is Phase.RECOVERING, 60)
            await bench.until_ready(within_s=2000)
            assert bench.actor.snapshot.rung == "power"
            names = [name for name, _ in rungs(bench)]
            order = ["poke", "restart", "radio", "reset", "reauthorise", "power"]
            assert [*dict.fromkeys(names)] == order
            (_, first), (_, second) = switch.done
            assert (first, second) == ("reauthorise", "power")
            assert switch.done[0][0] - began < 180  # the reset was not even heard
            assert switch.done[1][0] - switch.done[0][0] >= 600
            assert "AT" in sibling.heard and "AT+CFUN=1,1" in sibling.heard
            assert not sibling.is_open

    run_virtual(scenario())


def test_a_frozen_modem_is_woken_at_its_sibling_port() -> None:
    async def scenario() -> None:
        switch = Switch()

        def wakes(line: str) -> bool:
            bench.sim.set_faults(zombie=False)
            return True

        bench = SimBench(rescue=rescued(switch, Sibling(wakes)))
        async with bench.running():
            await bench.until_ready()
            bench.sim.set_faults(zombie=True)
            await bench.until(lambda: bench.phase is Phase.RECOVERING, 60)
            await bench.until_ready(within_s=30)
            assert bench.actor.snapshot.rung == "poke"
            assert rungs(bench) == [("poke", "a sibling port answered")]

    run_virtual(scenario())


def test_a_modem_that_answers_and_cannot_send_is_reset_by_command() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            bench.sim.set_faults(rules=(Rule("+CMGS", say=()),))
            reboots, reboot = 0, bench.sim.restart

            def counted() -> None:
                nonlocal reboots
                reboots += 1
                bench.sim.set_faults(rules=())
                reboot()

            bench.sim.restart = counted  # type: ignore[method-assign]
            while not reboots:
                await bench.until_ready(within_s=120)
                outcome = await bench.submit()
                assert isinstance(outcome, NotSent) or reboots
            assert ("reset", "done") in rungs(bench)
            await bench.until_ready(within_s=120)
            assert bench.actor.snapshot.rung == "reset"
            assert bench.phase is Phase.READY

    run_virtual(scenario())


def test_nothing_heavy_happens_before_the_outcome_is_on_disk() -> None:
    async def scenario() -> None:
        recorded = asyncio.Event()

        async def settled(modem: str) -> None:
            await recorded.wait()

        rescue = rescued(Switch(), Sibling(lambda line: False), settled=settled)
        began = now()
        why = await rescue.begin("m0", PLACE)
        assert why == "the outcome of what it was given is not on disk yet"
        assert now() - began == pytest.approx(10)
        asyncio.get_running_loop().call_later(3, recorded.set)
        assert await rescue.begin("m0", PLACE) is None
        assert now() - began == pytest.approx(13)

    run_virtual(scenario())


def test_one_modem_of_a_hub_at_a_time() -> None:
    async def scenario() -> None:
        rescue = rescued(Switch(), Sibling(lambda line: False))
        assert await rescue.begin("m0", Place("1-1.3")) is None
        assert await rescue.begin("m0", Place("1-1.3")) is None
        why = await rescue.begin("m1", Place("1-1.4"))
        assert why == "m0 on the same hub is being recovered"
        assert await rescue.begin("m2", Place("1-2.1")) is None
        assert await rescue.begin("m3", Place()) is None
        await asyncio.sleep(HUB_GAP_S)
        assert await rescue.begin("m1", Place("1-1.4")) is None

    run_virtual(scenario())


def test_a_silent_neighbour_changes_nothing_for_the_others() -> None:
    async def scenario() -> None:
        calm, broken = SimBench(), SimBench()
        async with calm.running(), broken.running():
            await calm.until_ready()
            await broken.until_ready()
            broken.sim.set_faults(zombie=True)
            await asyncio.sleep(3600)
            assert calm.path == ["absent", "starting", "ready"]
            assert broken.phase is not Phase.READY

    run_virtual(scenario())


def test_a_flood_of_lines_does_not_keep_a_dead_command_alive() -> None:
    async def scenario() -> None:
        noise = Faults(noise=("^RSSI: 9", "^HCSQ: 1"), noise_interval_s=0.1)
        bench = SimBench(modem={"faults": noise})
        async with bench.running():
            await bench.until_ready()
            bench.sim.set_faults(rules=(Rule("+CSQ", say=()),))
            await bench.until(lambda: bench.phase is Phase.RECOVERING, 60)

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("place", "hub"),
    [("1-1.3", "1-1"), ("1-1.4.2", "1-1.4"), ("3-2", "3"), (None, None)],
)
def test_what_a_modem_is_plugged_into(place: str | None, hub: str | None) -> None:
    assert Place(place).hub == hub


def test_without_tools_there_is_nothing_to_do() -> None:
    async def scenario() -> None:
        rescue = Rescue(Sibling(lambda line: False).open)
        assert rescue.tools("m0", PLACE) == ()
        with pytest.raises(ModemError, match="nothing can do that here"):
            await rescue.reauthorise(PLACE)
        with pytest.raises(ModemError, match="nothing can do that here"):
            await rescue.cut_power("m0", PLACE)

    run_virtual(scenario())
