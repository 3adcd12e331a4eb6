"""Modems that lose what comes too soon behind an answer."""

import asyncio

import pytest

from modemgw.at.families import FAMILIES
from modemgw.modem.model import Accepted, Phase
from modemgw.modem.turn import Turn
from tests.loop import run_virtual
from tests.modem.bench import ScriptBench, now
from tests.modem.wire import ScriptedModem

NEEDS_S = 0.08  # this modem does not listen for so long after an answer


class HastyLosesModem(ScriptedModem):
    """Drops every line that begins too soon after its last word."""

    spoke_at = -1.0
    dropped = 0

    def _say_now(self, item: str | bytes) -> None:
        super()._say_now(item)
        self.spoke_at = now()

    def write(self, data: bytes) -> None:
        is_command = data.startswith(b"AT")
        if is_command and now() - self.spoke_at < NEEDS_S:
            self.dropped += 1
        else:
            super().write(data)


@pytest.mark.parametrize("maker", ["WAVECOM MODEM", "Acme"])
def test_a_modem_that_needs_time_is_given_it(maker: str) -> None:
    async def scenario() -> None:
        answers = {"AT+CGMI": [maker, "OK"], "^Z": ["+CMGS: 7", "OK"]}
        bench = ScriptBench()
        bench.modem = HastyLosesModem(answers)
        async with bench.running():
            await bench.until(lambda: bench.phase is Phase.READY, 120)
            before = bench.modem.dropped
            sent = [await bench.submit() for _ in range(3)]
            assert all(isinstance(one, Accepted) for one in sent)
            assert bench.modem.dropped == before, "at the first start alone"

    run_virtual(scenario())


def test_whoever_gives_up_in_the_pause_hands_the_turn_on() -> None:
    async def scenario() -> None:
        turn = Turn()
        turn.gap_s = 1.0

        async def take() -> float:
            async with turn:
                return now()

        assert await take() == 0
        patient, hasty = (asyncio.ensure_future(take()) for _ in range(2))
        await asyncio.sleep(0.5)
        patient.cancel()
        assert await hasty == 1
        assert not turn.locked()
        assert await take() == 2

    run_virtual(scenario())


def test_who_is_known_to_need_it() -> None:
    assert {one.name for one in FAMILIES if one.gap_s} == {"wavecom"}
