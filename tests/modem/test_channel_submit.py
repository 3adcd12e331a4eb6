"""Submits over the channel: every answer, and the late ones."""

import asyncio
from typing import Any

import pytest

from modemgw.at import commands
from modemgw.errors import AtError, PortLost
from modemgw.modem.channel import AtChannel
from modemgw.modem.model import Accepted, InDoubt, Refused
from modemgw.modem.submit import NO_REFERENCE
from tests.loop import run_virtual
from tests.modem.channel_bench import BODY, TPDU, Bench, now
from tests.modem.wire import Say


def test_a_submit_is_accepted_and_its_wire_is_masked() -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": [(3, "+CMGS: 12"), (3, "OK")]})
        outcome = await bench.submit()
        assert isinstance(outcome, Accepted)
        assert (outcome.tp_mr, outcome.seconds) == (12, 3)
        assert bench.modem.heard == ["AT+CMGS=15", BODY]
        assert [(way, text) for _, way, text in outcome.wire] == [
            (">", "AT+CMGS=15"),
            ("<", ">"),
            (">", "<TPDU 16 octets>"),
            ("<", "+CMGS: 12"),
            ("<", "OK"),
        ]
        assert outcome.wire[-1][0] == 3000

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("answer", "tp_mr"),
    [
        (["+CMGS:7", "OK"], 7),
        (["+CMGS: 0", "OK"], 0),
        (['+CMGS: 255,"26/11/22,10:00:00+04"', "OK"], 255),
        (['+CMTI: "SM",3', "+CMGS: 9", "+CDS: 25", "00AABBCC", "OK"], 9),
        (["RING", "+CMGS: 9", "NO CARRIER", "OK"], 9),
        (["OK"], NO_REFERENCE),
        (["+CMGS: 999", "OK"], NO_REFERENCE),
        ([(95, "+CMGS: 7"), (95, "OK")], 7),
        (["+CMGS: 7"], 7),
        ([b"0011AA\r\n> \r\n+CMGS: 7\r\nOK\r\n"], 7),
        (["+CMGS: 7", "ERROR"], 7),
    ],
)
def test_every_way_to_say_accepted(answer: list[Say], tp_mr: int) -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": answer})
        outcome = await bench.submit()
        assert isinstance(outcome, Accepted) and outcome.tp_mr == tp_mr

    run_virtual(scenario())


def test_an_ok_without_the_reference_it_used_to_give_is_a_doubt() -> None:
    """What another program typed meanwhile is answered with OK, too."""

    async def scenario() -> None:
        bench = Bench({"^Z": [["+CMGS: 7", "OK"], ["OK", (9, "+CMGS: 8")]]})
        assert isinstance(await bench.submit(token=1), Accepted)
        outcome = await bench.submit(token=2)
        assert isinstance(outcome, InDoubt) and "without a reference" in outcome.why
        await asyncio.sleep(10)
        assert bench.late == [(2, 8)]

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("seconds", "kind"),
    [pytest.param(9, Accepted, id="soon"), pytest.param(100, InDoubt, id="late")],
)
def test_an_ok_without_a_reference_counts_where_it_comes_in_time(
    seconds: float, kind: type
) -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": [(seconds, "OK")]})
        assert isinstance(await bench.submit(), kind)

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("answers", "code", "text", "seconds"),
    [
        ({"AT+CMGS=15": ["ERROR"]}, None, "ERROR", 0),
        ({"AT+CMGS=15": ["+CMS ERROR: 302"]}, 302, "+CMS ERROR: 302", 0),
        ({"^Z": [(2, "+CMS ERROR: 38")]}, 38, "+CMS ERROR: 38", 2),
        ({"^Z": [(40, "+CMS ERROR: network timeout")]}, None, "network timeout", 40),
    ],
)
def test_a_no_is_a_value(
    answers: dict[str, Any], code: int | None, text: str, seconds: float
) -> None:
    async def scenario() -> None:
        bench = Bench(answers)
        outcome = await bench.submit()
        assert isinstance(outcome, Refused)
        assert (outcome.code, outcome.seconds) == (code, seconds)
        assert outcome.text.endswith(text)
        bench.modem.in_body = False
        assert bench.channel.in_step

    run_virtual(scenario())


def test_silence_after_ctrl_z_is_in_doubt_and_a_late_reference_settles_it() -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": [(170, "+CMGS: 7"), (170, "OK")]})
        outcome = await bench.submit(token=9)
        assert isinstance(outcome, InDoubt) and now() == 150
        assert "150 s" in outcome.why
        await asyncio.sleep(30)
        assert bench.late == [(9, 7)]

    run_virtual(scenario())


def test_a_late_reference_in_front_of_the_next_prompt_is_the_earlier_ones() -> None:
    async def scenario() -> None:
        bench = Bench(
            {
                "^Z": [[], ["+CMGS: 8", "OK"]],
                "AT+CMEE?": ["+CMEE: 1", "OK"],
                "AT+CMGS=15": [[">"], ["+CMGS: 7", "OK", (0.1, ">")]],
            }
        )
        assert isinstance(await bench.submit(token=1), InDoubt)
        await bench.channel.resync()
        second = await bench.submit(token=2)
        assert isinstance(second, Accepted) and second.tp_mr == 8
        assert bench.late == [(1, 7)]

    run_virtual(scenario())


def test_a_late_reference_during_another_command_takes_its_own_ok_with_it() -> None:
    async def scenario() -> None:
        bench = Bench(
            {
                "^Z": [],
                "AT+CMEE?": ["+CMEE: 1", "OK"],
                "AT+CMGF=0": ["+CMGS: 7", "OK", (1, "ERROR")],
            }
        )
        assert isinstance(await bench.submit(token=1), InDoubt)
        await bench.channel.resync()
        with pytest.raises(AtError):
            await bench.channel.run(commands.PDU_MODE)
        assert bench.late == [(1, 7)]

    run_virtual(scenario())


def test_a_reference_that_nobody_ever_waited_for_is_dropped() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.modem.say("+CMGS: 7", "OK")
        await asyncio.sleep(1)
        assert bench.late == []

    run_virtual(scenario())


def test_a_late_no_in_the_next_submit_does_not_make_that_one_refused() -> None:
    async def scenario() -> None:
        bench = Bench(
            {
                "^Z": [[(160, "+CMS ERROR: 38")], [(60, "+CMGS: 9"), (60, "OK")]],
                "AT+CMEE?": ["+CMEE: 1", "OK"],
            }
        )
        assert isinstance(await bench.submit(token=1), InDoubt)
        await bench.channel.resync()
        second = await bench.submit(token=2)
        assert isinstance(second, InDoubt) and "38" in second.why
        await asyncio.sleep(200)
        assert bench.late == []
        bench.modem.answers["^Z"] = [["+CMS ERROR: 38"]]
        assert isinstance(await bench.submit(token=3), Refused)

    run_virtual(scenario())


def test_a_late_no_ends_the_waiting_for_a_late_yes() -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": [(160, "+CMS ERROR: 38")]})
        assert isinstance(await bench.submit(token=1), InDoubt)
        await asyncio.sleep(30)
        assert bench.channel.late == []

    run_virtual(scenario())


def test_a_channel_without_a_port_refuses_everything() -> None:
    async def scenario() -> None:
        channel = AtChannel(lambda urc: None, lambda token, tp_mr: None)
        with pytest.raises(PortLost, match="not open"):
            await channel.run(commands.ATTENTION)

    run_virtual(scenario())


def test_the_next_submit_goes_out_in_the_turn_that_brings_the_answer() -> None:
    async def scenario() -> None:
        bench = Bench()
        written = list[bytes]()
        bench.channel.write = written.append

        async def lane() -> None:
            for _ in range(2):
                assert isinstance(await bench.submit(), Accepted)

        def answer(read: bytes, expected: bytes) -> None:
            bench.channel.data_received(read)
            assert written[-1].startswith(expected)

        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(lane())
        await asyncio.sleep(0)
        reads = [
            (b"\r\n> ", TPDU.hex().upper().encode()),
            (b"\r\n+CMGS: 1\r\n\r\nOK\r\n", b"AT+CMGS="),
            (b"\r\n> ", TPDU.hex().upper().encode()),
            (b"\r\n+CMGS: 2\r\n\r\nOK\r\n", b""),
        ]
        for read, expected in reads:
            loop.call_soon(answer, read, expected)
            await asyncio.sleep(0)
        await task
        assert len(written) == 4

    run_virtual(scenario())


def test_what_comes_behind_the_answer_in_one_read_ends_nothing_that_follows() -> None:
    async def scenario() -> None:
        bench = Bench()
        written = list[bytes]()
        bench.channel.write = written.append

        async def lane() -> list[object]:
            return [await bench.submit() for _ in range(2)]

        loop, task = asyncio.get_running_loop(), asyncio.ensure_future(lane())
        await asyncio.sleep(0)
        for read in (
            b"\r\n> ",
            b'\r\n+CMGS: 1\r\n\r\nOK\r\n\r\nERROR\r\n+CMTI: "SM",3\r\n',
            b"\r\n> ",
            b"\r\n+CMGS: 2\r\n\r\nOK\r\n",
        ):
            loop.call_soon(bench.channel.data_received, read)
            await asyncio.sleep(0)
        first, second = await task
        assert isinstance(first, Accepted) and first.tp_mr == 1
        assert isinstance(second, Accepted) and second.tp_mr == 2
        assert [urc.text for urc in bench.urcs] == ['+CMTI: "SM",3']

    run_virtual(scenario())
