"""The TPDU goes out inside of what makes it due, and never once that is over."""

import asyncio
from collections.abc import Callable

import pytest

from modemgw.at import commands
from modemgw.errors import PortLost
from modemgw.modem.channel import AtChannel
from modemgw.modem.journal import Tape
from modemgw.modem.model import Accepted, NotSent
from modemgw.modem.submit import Habits, Submitter
from modemgw.modem.typist import GATE_S
from modemgw.modem.witness import NoWitness
from tests.loop import VirtualClock, run_virtual
from tests.modem.channel_bench import Bench

PROMPT = b"\r\n> "


class _Wired(Bench):
    """A bench whose modem says nothing by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []
        self.channel.write = self.written.append

    def is_typed(self) -> bool:
        return any(data.endswith(commands.CTRL_Z) for data in self.written)


def test_an_open_gate_lets_the_prompt_type_at_once() -> None:
    async def scenario() -> None:
        bench = _Wired()
        gate = asyncio.get_running_loop().create_future()
        gate.set_result(None)
        task = asyncio.ensure_future(bench.submit(gate=gate))
        await asyncio.sleep(0)
        bench.channel.data_received(PROMPT)
        assert bench.is_typed()
        bench.channel.data_received(b"\r\n+CMGS: 3\r\n\r\nOK\r\n")
        assert isinstance(await task, Accepted)

    run_virtual(scenario())


def test_a_gate_types_in_the_turn_after_it_opened() -> None:
    async def scenario() -> None:
        bench = _Wired()
        gate = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(bench.submit(gate=gate))
        await asyncio.sleep(0)
        bench.channel.data_received(PROMPT)
        await asyncio.sleep(1)
        assert not bench.is_typed()
        gate.set_result(None)
        await asyncio.sleep(0)
        assert bench.is_typed()
        bench.channel.data_received(PROMPT)  # once more: it is typed but once
        bench.channel.data_received(b"\r\nOK\r\n")
        assert isinstance(await task, Accepted)
        assert len(bench.written) == 2

    run_virtual(scenario())


def test_a_prompt_in_the_turn_of_its_deadline_gets_nothing() -> None:
    async def scenario() -> None:
        bench = _Wired()
        task = asyncio.ensure_future(bench.submit())
        await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        loop.call_later(commands.PROMPT_S, bench.channel.data_received, PROMPT)
        assert isinstance(await task, NotSent)
        assert not bench.is_typed() and not bench.channel.in_step

    run_virtual(scenario())


def _lose(bench: _Wired, task: "asyncio.Task[object]") -> None:
    bench.channel.connection_lost(PortLost("gone"))


def _interrupt(bench: _Wired, task: "asyncio.Task[object]") -> None:
    bench.channel.interrupt(PortLost("it restarted"))


def _leave(bench: _Wired, task: "asyncio.Task[object]") -> None:
    bench.channel.data_received(b"\r\n+CMS ERROR: 500\r\n")


def _cancel(bench: _Wired, task: "asyncio.Task[object]") -> None:
    task.cancel()


@pytest.mark.parametrize("end", [_lose, _interrupt, _leave, _cancel])
@pytest.mark.parametrize("at_gate", [True, False], ids=["at the gate", "at the prompt"])
def test_what_opens_in_the_turn_of_an_end_comes_too_late(
    end: Callable[[_Wired, "asyncio.Task[object]"], None], at_gate: bool
) -> None:
    async def scenario() -> None:
        bench = _Wired()
        gate = asyncio.get_running_loop().create_future()
        task = asyncio.ensure_future(bench.submit(gate=gate))
        await asyncio.sleep(0)
        if at_gate:
            bench.channel.data_received(PROMPT)
        await asyncio.sleep(1)
        end(bench, task)
        gate.set_result(None)
        if not at_gate:
            bench.channel.data_received(PROMPT)
        if end is _cancel:
            with pytest.raises(asyncio.CancelledError):
                await task
            assert not bench.channel.in_step
        else:
            assert not isinstance(await task, Accepted)
        await asyncio.sleep(2 * GATE_S)
        assert not bench.is_typed()

    run_virtual(scenario())


def test_a_final_code_in_the_turn_of_a_gate_that_fails_is_not_waited_for() -> None:
    async def scenario() -> None:
        bench = _Wired()
        loop = asyncio.get_running_loop()
        gate = loop.create_future()
        task = asyncio.ensure_future(bench.submit(gate=gate))
        await asyncio.sleep(0)
        bench.channel.data_received(PROMPT)
        gate.set_exception(OSError("disk full"))
        loop.call_soon(bench.channel.data_received, b"\r\n+CMS ERROR: 500\r\n")
        outcome = await task
        assert isinstance(outcome, NotSent) and not outcome.modem_fault
        assert len(bench.written) == 1 and bench.channel.in_step

    run_virtual(scenario())


class _Broken(NoWitness):
    def typed(self, token: object) -> None:
        raise ValueError("a bug")


class _Full(NoWitness):
    def typed(self, token: object) -> None:
        raise OSError("no space left")


def test_a_bug_of_the_witness_ends_the_submit_and_nothing_is_typed() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.submitter = Submitter(bench.channel, Habits(_Broken()))
        with pytest.raises(ValueError, match="a bug"):
            await bench.submit()
        assert bench.modem.heard == ["AT+CMGS=15"]

    run_virtual(scenario())


def test_what_cannot_be_noted_is_not_typed() -> None:
    async def scenario() -> None:
        bench = Bench({"ESC": ["OK"]})
        bench.submitter = Submitter(bench.channel, Habits(_Full()))
        outcome = await bench.submit()
        assert isinstance(outcome, NotSent) and outcome.modem_fault
        assert "no space left" in outcome.why
        assert bench.modem.heard == ["AT+CMGS=15", "ESC"] and bench.channel.in_step

    run_virtual(scenario())


def test_a_gate_that_opens_while_the_prompt_is_left_types_nothing() -> None:
    async def scenario() -> None:
        bench = _Wired()
        loop = asyncio.get_running_loop()
        gate = loop.create_future()
        task = asyncio.ensure_future(bench.submit(gate=gate))
        await asyncio.sleep(0)
        bench.channel.data_received(PROMPT)
        await asyncio.sleep(GATE_S + 0.1)
        assert bench.written[-1] == commands.ESCAPE
        gate.set_result(None)
        await asyncio.sleep(0.1)
        bench.channel.data_received(PROMPT + b"\r\nOK\r\n")
        outcome = await task
        assert isinstance(outcome, NotSent) and not outcome.modem_fault
        assert bench.written == [b"AT+CMGS=15\r", commands.ESCAPE]

    run_virtual(scenario())


class _Torn(Tape):
    def __init__(self, clock: VirtualClock) -> None:
        super().__init__(clock)
        self.keep = self._tear

    def _tear(self, line: tuple[float, str, str]) -> None:
        if "TPDU" in line[2]:
            raise ValueError("a bug")


def test_a_bug_in_our_notes_ends_the_submit_as_well() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.channel = AtChannel(
            lambda urc: None, lambda token, mr: None, tape=_Torn(VirtualClock())
        )
        bench.channel.write = bench.modem.write
        bench.modem.hear = bench.channel.data_received
        bench.submitter = Submitter(bench.channel)
        with pytest.raises(ValueError, match="a bug"):
            await bench.submit()

    run_virtual(scenario())
