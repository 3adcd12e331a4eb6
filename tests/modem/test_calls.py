"""Calls: told once each, hung up where wanted, and never inside a message."""

import asyncio

import pytest

from modemgw.modem.model import Accepted, Phase
from modemgw.sim.faults import Faults, Moment
from tests.loop import run_virtual
from tests.modem.bench import ScriptBench, SimBench


class Heard(ScriptBench):
    """Keeps who called."""

    def __init__(self, *args: object, **settings: object) -> None:
        self.callers: list[object] = []
        super().__init__(*args, **settings)  # type: ignore[arg-type]

    def notice(self, modem: str, kind: str, detail: dict[str, object]) -> None:
        super().notice(modem, kind, detail)
        if kind == "call.incoming":
            self.callers.append(detail["from"])


@pytest.mark.parametrize(
    ("lines", "callers"),
    [
        (["RING", '+CLIP: "+4915112345678",145,"",,"",0'] * 5, ["+4915112345678"]),
        (["RING", '+CLIP: "4915112345678",145'] * 2, ["+4915112345678"]),
        (["+CRING: VOICE", '+CLIP: "0151123",129'], ["0151123"]),
        (["RING", '+CLIP: "",128'], [None]),
        (["RING", "RING"], [None]),
        (["RING"], [None]),
        (["RING", "NO CARRIER", "MISSED_CALL: 02:36AM 0151123"], [None]),
        (["MISSED_CALL: 02:36AM 0151123"], ["0151123"]),
        (["NO CARRIER", "^CEND:1,0,67", "+CLIP: 1"], []),
    ],
)
def test_a_call_is_told_once_with_its_number(
    lines: list[str], callers: list[str | None]
) -> None:
    async def scenario() -> None:
        bench = Heard()
        async with bench.running():
            await bench.until_ready()
            for at in range(0, len(lines), 2):
                bench.modem.say(*lines[at : at + 2])
                await asyncio.sleep(5)
            await asyncio.sleep(30)
            assert bench.callers == callers
            assert not {"ATH", "AT+CHUP", "ATA"} & set(bench.modem.heard)

    run_virtual(scenario())


def test_the_next_call_is_another_one() -> None:
    async def scenario() -> None:
        bench = Heard()
        async with bench.running():
            await bench.until_ready()
            bench.modem.say("RING", '+CLIP: "1",129', (5, "RING"), (6, "NO CARRIER"))
            await asyncio.sleep(10)
            bench.modem.say("RING", '+CLIP: "1",129')
            await asyncio.sleep(5)
            bench.modem.say("RING", '+CLIP: "2",129')  # somebody else meanwhile
            await asyncio.sleep(60)
            bench.modem.say("RING", '+CLIP: "2",129')  # the end was never said
            await asyncio.sleep(5)
            assert bench.callers == ["1", "1", "2", "2"]

    run_virtual(scenario())


def test_the_network_shows_who_calls() -> None:
    async def scenario() -> None:
        bench = SimBench()
        async with bench.running():
            await bench.until_ready()
            await asyncio.sleep(1)
            assert "AT+CLIP=1" in bench.typed
            bench.sim.calls.ring("+4915112345678")
            await asyncio.sleep(60)
            assert bench.notices == ["call.incoming"]
            assert bench.phase is Phase.READY

    run_virtual(scenario())


@pytest.mark.parametrize("old", [False, True], ids=["chup", "ath"])
def test_a_call_is_hung_up_where_that_is_wanted(old: bool) -> None:
    async def scenario() -> None:
        answers = {"AT+CHUP": ["ERROR"]} if old else {}
        bench = Heard(answers, hang_up=True)
        async with bench.running():
            await bench.until_ready()
            bench.modem.heard.clear()
            bench.modem.say("RING", (0.05, "RING"), (0.1, '+CLIP: "1",129'))
            await asyncio.sleep(1)
            assert bench.modem.heard == (["AT+CHUP", "ATH"] if old else ["AT+CHUP"])
            assert len(bench.callers) == 1
            bench.modem.say((10, "RING"))
            await asyncio.sleep(11)
            assert len(bench.callers) == 2

    run_virtual(scenario())


@pytest.mark.parametrize("when", ["command", "prompt", "ctrl_z"])
def test_nothing_is_typed_into_a_message_because_of_a_call(when: str) -> None:
    async def scenario() -> None:
        moment = Moment(when, "ring", what={"from": "+491701", "rings": 3})
        faults = Faults(moments=(moment,), talks_in_prompt=True)
        bench = SimBench(modem={"faults": faults, "latency": 3.0}, hang_up=True)
        async with bench.running():
            await bench.until_ready()
            assert isinstance(await bench.submit(), Accepted)
            await asyncio.sleep(30)
            assert bench.notices == ["call.incoming"]
            typed = bench.typed
            body = typed[typed.index("AT+CMGS") : typed.index("\x1a")]
            assert "CHUP" not in body and "ATH" not in body
            assert typed.index("AT+CHUP") > typed.index("\x1a")
            assert bench.sim.calls.stat is None

    run_virtual(scenario())
