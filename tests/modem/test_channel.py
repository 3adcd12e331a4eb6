"""The channel in virtual time: deadlines, late answers, submits and their gate."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from modemgw.at import commands
from modemgw.at.parser import Urc
from modemgw.errors import AtError, AtTimeout, CmeError, CmsError, PortLost
from modemgw.modem.channel import AtChannel
from modemgw.modem.model import Accepted, InDoubt, NotSent, Refused, SubmitOutcome
from modemgw.modem.submit import NO_REFERENCE, Submitter
from modemgw.modem.transcript import masked
from tests.loop import run_virtual
from tests.modem.wire import Say, ScriptedModem

TPDU = bytes.fromhex("0011000B919471214365F70000AA0161")
BODY = "^Z:" + TPDU.hex().upper()


class Bench:
    """A channel joined to a scripted modem."""

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.modem = ScriptedModem(answers)
        self.urcs: list[Urc] = []
        self.late: list[tuple[object, int]] = []
        self.channel = AtChannel(
            self.urcs.append,
            lambda token, mr: self.late.append((token, mr)),
        )
        self.channel.write = self.modem.write
        self.modem.hear = self.channel.data_received
        self.submitter = Submitter(self.channel)

    async def submit(
        self, gate: Any = None, token: object = 0, more: bool = False
    ) -> SubmitOutcome:
        return await self.submitter.submit(
            TPDU, len(TPDU) - 1, gate=gate, token=token, more=more
        )


def now() -> float:
    return asyncio.get_running_loop().time()


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


# --- submits


def test_a_submit_is_accepted_and_its_wire_is_masked() -> None:
    async def scenario() -> None:
        bench = Bench({"^Z": [(3, "+CMGS: 12"), (3, "OK")]})
        outcome = await bench.submit()
        assert isinstance(outcome, Accepted)
        assert (outcome.tp_mr, outcome.seconds) == (12, 3)
        assert bench.modem.heard == ["AT+CMGS=15", BODY]
        assert [(line.direction, line.text) for line in outcome.wire] == [
            (">", "AT+CMGS=15"),
            ("<", ">"),
            (">", "<TPDU 16 octets>"),
            ("<", "+CMGS: 12"),
            ("<", "OK"),
        ]
        assert outcome.wire[-1].at_ms == 3000

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
