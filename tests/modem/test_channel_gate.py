"""Submits that end early: at the prompt, the gate, with the port, by cancellation."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from modemgw.at import commands
from modemgw.errors import PortLost
from modemgw.modem.model import Accepted, InDoubt, NotSent, SubmitOutcome
from modemgw.modem.transcript import masked
from tests.loop import run_virtual
from tests.modem.channel_bench import Bench, now
from tests.modem.wire import Say


def test_no_prompt_means_not_sent() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMGS=15": []})
        gate = asyncio.get_running_loop().create_future()
        gate.set_exception(ValueError("nobody asks"))
        outcome = await bench.submit(gate=gate)
        assert isinstance(outcome, NotSent) and outcome.modem_fault
        assert now() == commands.PROMPT_S
        assert not bench.channel.in_step

    run_virtual(scenario())


def test_only_the_tpdu_waits_for_the_gate() -> None:
    async def scenario() -> None:
        bench = Bench()
        loop = asyncio.get_running_loop()
        gate = loop.create_future()
        loop.call_later(1, gate.set_result, None)
        task = asyncio.ensure_future(bench.submit(gate=gate))
        await asyncio.sleep(0.5)
        assert bench.modem.heard == ["AT+CMGS=15"]
        assert isinstance(await task, Accepted)
        assert now() == 1

    run_virtual(scenario())


async def _refuse() -> None:
    raise OSError("disk full")


@pytest.mark.parametrize("escaped", [["OK"], []], ids=["esc-answered", "esc-silent"])
def test_a_gate_that_fails_leaves_no_prompt_and_sends_nothing(
    escaped: list[Say],
) -> None:
    async def scenario() -> None:
        answers = {"ESC": escaped, "AT+CMEE?": ["+CMEE: 1", "OK"]}
        bench = Bench(answers)
        outcome = await bench.submit(gate=_refuse())
        assert isinstance(outcome, NotSent) and not outcome.modem_fault
        assert "disk full" in outcome.why
        assert bench.channel.in_step
        assert bench.modem.heard[:2] == ["AT+CMGS=15", "ESC"]
        assert isinstance(await bench.submit(), Accepted)

    run_virtual(scenario())


def test_a_gate_that_never_opens_is_given_up() -> None:
    async def scenario() -> None:
        bench = Bench({"ESC": ["OK"]})
        gate = asyncio.get_running_loop().create_future()
        outcome = await bench.submit(gate=gate)
        assert isinstance(outcome, NotSent) and not outcome.modem_fault
        assert now() == 30 and not gate.cancelled()

    run_virtual(scenario())


@pytest.mark.parametrize("when", [0.0, 1.0])
def test_a_gate_that_is_withdrawn_sends_nothing(when: float) -> None:
    async def scenario() -> None:
        bench = Bench({"ESC": ["OK"]})
        loop = asyncio.get_running_loop()
        gate = loop.create_future()
        loop.call_later(when, gate.cancel)
        outcome = await bench.submit(gate=gate)
        assert isinstance(outcome, NotSent) and "withdrawn" in outcome.why

    run_virtual(scenario())


def test_a_submit_cancelled_at_its_gate_leaves_the_gate_alone() -> None:
    async def scenario() -> None:
        bench = Bench()
        gate = asyncio.get_running_loop().create_future()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await bench.submit(gate=gate)
        assert not gate.cancelled()
        await asyncio.sleep(0.1)
        assert bench.modem.heard == ["AT+CMGS=15", "ESC"]

    run_virtual(scenario())


@pytest.mark.parametrize("fails", [True, False])
def test_a_gate_that_is_done_already_costs_no_turn(fails: bool) -> None:
    async def scenario() -> None:
        bench = Bench({"ESC": ["OK"]})
        gate = asyncio.get_running_loop().create_future()
        if fails:
            gate.set_exception(OSError("disk full"))
        else:
            gate.set_result(None)
        outcome = await bench.submit(gate=gate)
        assert isinstance(outcome, NotSent if fails else Accepted)

    run_virtual(scenario())


def test_a_modem_that_dies_at_the_prompt_of_a_failing_gate() -> None:
    async def scenario() -> None:
        bench = Bench({"ESC": [], "AT+CMEE?": []})
        outcome = await bench.submit(gate=_refuse())
        assert isinstance(outcome, NotSent) and not bench.channel.in_step

    run_virtual(scenario())


@pytest.mark.parametrize("opens", [True, False])
def test_a_prompt_that_goes_away_behind_the_gate(opens: bool) -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMGS=15": [">", (1, "+CMS ERROR: 500")]})

        async def gate() -> None:
            await asyncio.sleep(2)
            if not opens:
                raise OSError("disk full")

        outcome = await bench.submit(gate=gate())
        assert isinstance(outcome, NotSent) and outcome.modem_fault is opens
        assert bench.modem.heard == ["AT+CMGS=15"]

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("lost_at", "expected"), [(0.5, NotSent), (1.5, InDoubt)], ids=["before", "after"]
)
def test_a_port_lost_before_and_after_ctrl_z(
    lost_at: float, expected: type[SubmitOutcome]
) -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMGS=15": [(1, ">")], "^Z": []})
        loop = asyncio.get_running_loop()
        loop.call_later(lost_at, bench.channel.connection_lost, PortLost("gone"))
        assert isinstance(await bench.submit(), expected)

    run_virtual(scenario())


def test_a_port_that_refuses_the_tpdu_means_not_sent() -> None:
    async def scenario() -> None:
        bench = Bench()

        async def gate() -> None:
            bench.modem.close()

        outcome = await bench.submit(gate=gate())
        assert isinstance(outcome, NotSent) and outcome.modem_fault
        assert bench.modem.heard == ["AT+CMGS=15"] and bench.channel.in_step

    run_virtual(scenario())


def test_a_port_lost_after_the_reference_is_accepted_all_the_same() -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": ["+CMGS: 5"]})
        loop = asyncio.get_running_loop()
        loop.call_later(1, bench.channel.connection_lost, PortLost("gone"))
        outcome = await bench.submit()
        assert isinstance(outcome, Accepted) and outcome.tp_mr == 5

    run_virtual(scenario())


def _cancelled_after(seconds: float, bench: Bench) -> Coroutine[Any, Any, None]:
    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(seconds):
                await bench.submit(token=5)

    return run()


def test_a_submit_cancelled_at_the_prompt_types_escape() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMGS=15": []})
        await _cancelled_after(1, bench)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert bench.modem.heard == ["AT+CMGS=15", "ESC"]
        assert not bench.channel.in_step

    run_virtual(scenario())


def test_a_submit_cancelled_on_a_closed_port() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMGS=15": []})
        asyncio.get_running_loop().call_later(0.5, bench.modem.close)
        await _cancelled_after(1, bench)

    run_virtual(scenario())


def test_a_submit_cancelled_after_ctrl_z_can_still_be_settled() -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": [(5, "+CMGS: 3"), (5, "OK")]})
        await _cancelled_after(1, bench)
        await asyncio.sleep(10)
        assert bench.late == [(5, 3)] and "ESC" not in bench.modem.heard

    run_virtual(scenario())


def test_the_link_is_held_open_between_parts() -> None:
    async def scenario() -> None:
        bench = Bench()
        for more in (True, True, False, True):
            assert isinstance(await bench.submit(more=more), Accepted)
        await asyncio.sleep(5)
        await bench.submit(more=True)
        assert bench.modem.heard.count("AT+CMMS=1") == 2

    run_virtual(scenario())


def test_a_modem_without_cmms_is_asked_once() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMMS=1": ["+CMS ERROR: 500"]})
        for _ in range(3):
            assert isinstance(await bench.submit(more=True), Accepted)
            await asyncio.sleep(5)
        assert bench.modem.heard.count("AT+CMMS=1") == 1

    run_virtual(scenario())


def test_a_modem_that_hangs_in_cmms_has_sent_nothing() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMMS=1": []})
        outcome = await bench.submit(more=True, gate=_refuse())
        assert isinstance(outcome, NotSent) and outcome.modem_fault

    run_virtual(scenario())


def test_an_interrupted_submit_is_in_doubt_at_once() -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": []})
        loop = asyncio.get_running_loop()
        loop.call_later(2, bench.channel.interrupt, PortLost("it restarted"))
        outcome = await bench.submit()
        assert isinstance(outcome, InDoubt) and now() == 2

    run_virtual(scenario())


def test_a_reference_that_comes_while_nothing_is_in_flight_is_still_told() -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": [], "AT+CMEE?": ["+CMEE: 1", "OK"]})
        assert isinstance(await bench.submit(token=4), InDoubt)
        await bench.channel.resync()
        bench.modem.say("+CMGS: 6", "OK")
        await asyncio.sleep(1)
        assert bench.late == [(4, 6)]

    run_virtual(scenario())


def test_a_port_lost_in_the_handshake_of_a_resync() -> None:
    async def scenario() -> None:
        bench = Bench({"ATQ0V1E0": []})
        loop = asyncio.get_running_loop()
        loop.call_later(1, bench.channel.connection_lost, PortLost("gone"))
        with pytest.raises(PortLost):
            await bench.channel.resync()

    run_virtual(scenario())


def test_what_a_transcript_must_not_show_is_masked() -> None:
    assert masked("07919471227210244405850121F7000062") == "<TPDU 17 octets>"
    assert masked('+CUSD: 0,"Your code is 1234",15') == "+CUSD: <masked>"
    assert masked('^NUMBER: "+4915112345678"') == '^NUMBER: "+<digits>"'
    assert masked("+CSQ: 17,99") == "+CSQ: 17,99"
