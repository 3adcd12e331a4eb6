"""The channel in virtual time: commands, deadlines, late answers."""

import asyncio

import pytest

from modemgw.at import commands
from modemgw.at.parser import Urc
from modemgw.clock import SystemClock
from modemgw.errors import AtError, AtTimeout, CmeError, CmsError, PortLost
from modemgw.modem.channel import AtChannel
from modemgw.modem.journal import Tape
from modemgw.modem.model import NotSent
from tests.loop import run_virtual
from tests.modem.channel_bench import Bench, now


def test_an_answer_becomes_a_value() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CSQ": ["^RSSI: 9", "+CSQ: 17,99", "OK"]})
        assert await bench.channel.run(commands.SIGNAL) == -79
        assert bench.urcs == [Urc("^RSSI: 9")]

    run_virtual(scenario())


@pytest.mark.parametrize(
    ("final", "error", "code"),
    [
        ("ERROR", AtError, None),
        ("COMMAND NOT SUPPORT", AtError, None),
        ("+CME ERROR: 14", CmeError, 14),
        ("+CME ERROR: SIM busy", CmeError, None),
        ("+CMS ERROR: 321", CmsError, 321),
    ],
)
def test_a_refusal_carries_its_code(
    final: str, error: type[AtError], code: int | None
) -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CSQ": [final]})
        with pytest.raises(error) as caught:
            await bench.channel.run(commands.SIGNAL)
        assert (caught.value.code, caught.value.text) == (code, final)
        assert bench.channel.in_step

    run_virtual(scenario())


def test_noise_does_not_move_the_deadline() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CSQ": [(n / 10, "^RSSI: 9") for n in range(100)]})
        with pytest.raises(AtTimeout):
            await bench.channel.run(commands.SIGNAL)
        assert now() == pytest.approx(commands.SIGNAL.timeout_s)

    run_virtual(scenario())


def test_after_a_timeout_nothing_goes_out_before_the_step_is_found() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CSQ": [[], ["+CSQ: 5,99", "OK"]]})
        with pytest.raises(AtTimeout):
            await bench.channel.run(commands.SIGNAL)
        with pytest.raises(AtTimeout):
            await bench.channel.run(commands.OPERATOR)
        assert bench.modem.heard == ["AT+CSQ"]
        bench.modem.answers["AT+CMEE?"] = [["+CMEE: 1", "OK"]]
        await bench.channel.resync()
        assert await bench.channel.run(commands.SIGNAL) == -103
        assert "ESC" in bench.modem.heard

    run_virtual(scenario())


@pytest.mark.parametrize("late_s", [5.01, 5.049, 5.06, 5.5, 7.9])
def test_a_late_answer_is_never_the_next_commands(late_s: float) -> None:
    """The answer of command N arrives during N+1, at any moment."""

    async def scenario() -> None:
        bench = Bench(
            {
                "AT+CSQ": [(late_s, "+CSQ: 31,99"), (late_s, "OK")],
                "AT+CMEE?": [(max(late_s - 5, 0.2), "+CMEE: 1"), (late_s - 4.5, "OK")],
                "AT+COPS?": ['+COPS: 0,0,"A"', "OK"],
            }
        )
        with pytest.raises(AtTimeout):
            await bench.channel.run(commands.SIGNAL)
        await bench.channel.resync()
        assert await bench.channel.run(commands.OPERATOR) == "A"

    run_virtual(scenario())


def test_the_step_is_found_on_a_modem_without_the_probe() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMEE?": ["ERROR"]})
        await bench.channel.resync()
        assert bench.channel.in_step and now() < 1

    run_virtual(scenario())


def test_a_deaf_modem_is_given_up_in_time() -> None:
    async def scenario() -> None:
        bench = Bench()
        bench.modem.deaf = True
        with pytest.raises(AtTimeout):
            await bench.channel.resync()
        assert not bench.channel.in_step and now() < 15

    run_virtual(scenario())


def test_endless_final_codes_are_no_step() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMEE?": [(n / 10, "OK") for n in range(1, 60)]})
        with pytest.raises(AtTimeout):
            await bench.channel.resync()

    run_virtual(scenario())


def test_probing_starts_even_under_a_flood() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMEE?": ["+CMEE: 1", "OK"]})
        bench.modem.say(*[(n / 50, "^RSSI: 3") for n in range(100)])
        await bench.channel.resync()
        assert now() < 2

    run_virtual(scenario())


def test_stray_final_codes_while_idle_belong_to_nobody() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CSQ": [(0.1, "+CSQ: 17,99"), (0.1, "OK")]})
        bench.modem.say("OK", "ERROR", "+CSQ", ">")
        await asyncio.sleep(0.1)
        assert await bench.channel.run(commands.SIGNAL) == -79

    run_virtual(scenario())


def test_commands_run_one_at_a_time_in_the_order_of_asking() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CSQ": [(1, "+CSQ: 1,99"), (1, "OK")]})
        async with asyncio.TaskGroup() as group:
            for command in (commands.SIGNAL, commands.ATTENTION, commands.PDU_MODE):
                group.create_task(bench.channel.run(command))
        assert bench.modem.heard == ["AT+CSQ", "AT", "AT+CMGF=0"]

    run_virtual(scenario())


def test_a_lost_port_ends_every_wait() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CSQ": []})
        loop = asyncio.get_running_loop()
        loop.call_later(1, bench.channel.connection_lost, OSError(5, "I/O error"))
        with pytest.raises(PortLost, match="I/O error"):
            await bench.channel.run(commands.SIGNAL)
        bench.channel.connection_lost(PortLost("again"))
        for attempt in (bench.channel.run(commands.SIGNAL), bench.channel.resync()):
            with pytest.raises(PortLost, match="I/O error"):
                await attempt
        outcome = await bench.submit()
        assert isinstance(outcome, NotSent) and outcome.modem_fault

    run_virtual(scenario())


def test_a_port_lost_while_the_step_is_searched() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CMEE?": []})
        loop = asyncio.get_running_loop()
        loop.call_later(1, bench.channel.connection_lost, PortLost("gone"))
        with pytest.raises(PortLost):
            await bench.channel.resync()

    run_virtual(scenario())


def test_a_cancelled_command_leaves_the_channel_out_of_step() -> None:
    async def scenario() -> None:
        bench = Bench({"AT+CSQ": []})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await bench.channel.run(commands.SIGNAL)
        assert not bench.channel.in_step

    run_virtual(scenario())


@pytest.mark.parametrize("octets", [b"\r\nbabble\r\n", b"\r\nOK\r\n"])
def test_what_comes_before_the_first_command_is_on_the_tape(octets: bytes) -> None:
    async def scenario() -> None:
        tape = Tape(SystemClock())
        channel = AtChannel(lambda urc: None, lambda token, mr: None, tape=tape)
        channel.data_received(octets)
        assert [line.text for line in tape.lines()] == [octets.decode().strip()]

    run_virtual(scenario())
