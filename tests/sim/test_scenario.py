"""Scenarios: read from YAML with every mistake told, and played."""

import asyncio
from pathlib import Path

import pytest

from modemgw.errors import ConfigError
from modemgw.sim.acts import ACTS
from modemgw.sim.fleet import imei_of, number_of
from modemgw.sim.latency import Latency
from modemgw.sim.network import Network
from modemgw.sim.personas.huawei import HUAWEI
from modemgw.sim.scenario import Event, Scenario, Stage
from modemgw.sim.scenario_file import load_scenario, parse_scenario
from modemgw.sim.wire import Wires
from tests.loop import VirtualClock, run_virtual
from tests.sim.terminal import Terminal

FULL = """
# everything at once
seed: 7
latency: lognormal(300ms, 0.4)
report_latency: 1s
lost_messages: 0.5
lost_reports: 0
modems:
  - trouble: [echo, no-cmms]
    count: 2
    latency: 1s
  - persona: {base: huawei, echo: off, capacity: {ME: 5}}
    pin: 0123
    number: +4915112345678
    credit: 500
    trouble: drip
    faults:
      drip: off
      refuse_submit: {2: 38}
      late_result: {1: 95s}
      silent_after_submit: [3, 4]
      rules:
        - {command: +CSQ, inside: "^RSSI: 3", nth: 1, late: 2s}
events:
  - {at: 1s, modem: 0, do: inbound, from: Bank, text: "Hi 😀", every: 2s, times: 3}
  - {do: signal, csq: 4}
"""


def test_everything_can_be_said() -> None:
    scenario = parse_scenario(FULL)
    assert (scenario.seed, scenario.lost_messages) == (7, 0.5)
    assert scenario.latency == Latency(0.3, 0.4)
    echo, twin, huawei = scenario.modems
    assert echo == twin
    assert echo.persona.echo and echo.latency == Latency(1.0)
    assert echo.faults.rules[0].say == ("+CMS ERROR: 500",)
    assert huawei.persona.model == HUAWEI.model
    assert huawei.persona.capacity == {**HUAWEI.capacity, "ME": 5}
    assert not huawei.faults.drip
    assert huawei.faults.refuse_submit == {2: 38}
    assert huawei.faults.late_result == {1: 95.0}
    assert huawei.faults.silent_after_submit == {3, 4}
    (rule,) = huawei.faults.rules
    assert (rule.command, list(rule.nth), rule.late_s) == ("+CSQ", [1], 2.0)
    assert huawei.options == {"pin": "0123", "number": "+4915112345678", "credit": 500}
    first, second = scenario.events
    assert (first.at_s, first.every_s, first.times, first.modems) == (1.0, 2.0, 3, (0,))
    assert second.what == {"csq": 4}


FORM = "x:1:21: events[0].form: unknown key; did you mean from?"


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("a: [", ["x:1:5: expected the node content, but found '<stream end>'"]),
        ("seed: x", ["x:1:7: seed: expected a whole number, got 'x'"]),
        ("seeed: 1", ["x:1:1: seeed: unknown key; did you mean seed?"]),
        ("seed: 1\nseed: 2", ["x:2:1: seed: is there twice"]),
        (
            "latency: 5",
            [
                "x:1:10: latency: expected 200ms, lognormal(2s, 0.5) or "
                "uniform(1s, 3s), got '5'"
            ],
        ),
        (
            "lost_reports: 2",
            ["x:1:15: lost_reports: expected a share from 0 to 1, got 2"],
        ),
        (
            "modems: [{persona: hauwei}]",
            [
                "x:1:20: modems[0].persona: expected one of the names known, "
                "got 'hauwei'; did you mean huawei?"
            ],
        ),
        (
            "modems:\n- {pin: [1], faults: {drp: on}}",
            [
                "x:2:9: modems[0].pin: expected one value",
                "x:2:23: modems[0].faults.drp: unknown key; did you mean drip?",
            ],
        ),
        (
            "modems: [{faults: {drip: maybe}}]",
            ["x:1:26: modems[0].faults.drip: expected on or off, got 'maybe'"],
        ),
        (
            "modems: [{count: 0}]",
            ["x:1:10: modems[0]: count must be from 1 to 256, not 0"],
        ),
        (
            "modems: [{count: 2, imei: 1}]",
            ["x:1:10: modems[0]: an identity belongs to one modem: leave count away"],
        ),
        (
            "modems: [{faults: {rules: [{say: OK}]}}]",
            ["x:1:28: modems[0].faults.rules[0]: a rule needs a command"],
        ),
        (
            "modems: [{persona: {default_memories: [SM]}}]",
            ["x:1:20: modems[0].persona: default_memories wants three names"],
        ),
        (
            "events: [{do: ring, at: 5}]",
            ["x:1:25: events[0].at: expected a duration such as 200ms or 5s, got '5'"],
        ),
        (
            "events: [{do: ring, form: 5}]",
            ["x:1:21: events[0].form: unknown key; did you mean from?"],
        ),
        ("events: [{do: ring, times: 5}]", ["x:1:10: events[0]: times needs every"]),
        (
            "events: [{do: inbound_octets}]",
            ["x:1:10: events[0]: inbound_octets needs octets"],
        ),
        (
            'modems: [{persona: {full_urc: "{slot}"}}]',
            [
                "x:1:31: modems[0].persona.full_urc: expected one of {memory}, "
                "{index}, {length}, {name}, {imei}, {iccid}, {swapped}, {kind}, "
                "{code} in braces: '{slot}'"
            ],
        ),
        ("[1]", ["x:1:1: file: expected a mapping"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_are_told_with_their_place(text: str, problems: list[str]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_scenario(text, "x")
    assert caught.value.problems == problems


def test_an_unknown_verb_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"got 'fly'") as caught:
        parse_scenario("events: [{do: fly}]")
    assert all(verb in str(caught.value) for verb in ACTS)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_scenario(tmp_path / "none.yaml")
    (tmp_path / "bad.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="not UTF-8"):
        load_scenario(tmp_path / "bad.yaml")
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert load_scenario(tmp_path / "empty.yaml") == Scenario()


def test_more_modems_than_planned_repeat_the_plans_with_new_identities() -> None:
    async def scenario() -> None:
        plan = parse_scenario(
            "modems: [{persona: huawei, imei: 42}, {persona: sim800}]"
        )
        modems = plan.build(Network(clock=VirtualClock()), 3)
        assert [m.persona.name for m in modems] == [
            "huawei-e3372",
            "sim800",
            "huawei-e3372",
        ]
        assert [m.imei for m in modems] == ["42", imei_of(1), imei_of(2)]
        assert [m.card and m.card.number for m in modems] == [
            number_of(at) for at in range(3)
        ]

    run_virtual(scenario())


PLAYED = """
events:
  - {at: 1s, do: faults, faults: {drip: on}}
  - {at: 2s, do: faults, faults: {drip: off}}
  - {at: 3s, modem: [0, 9], do: inbound, text: one, every: 1s, times: 2}
  - {at: 5s, modem: 0, do: ring, from: +4917, rings: 1}
  - {at: 6s, do: hang_up}
  - {at: 7s, modem: 0, do: urc, lines: ["^A", "^B"]}
  - {at: 8s, modem: 0, do: register, stat: 3}
  - {at: 9s, modem: 0, do: register}
  - {at: 10s, modem: 0, do: inbound_octets, octets: 00FF}
  - {at: 11s, do: lose_cnmi}
  - {at: 12s, do: signal, csq: 7}
  - {at: 13s, modem: 1, do: reboot}
  - {at: 14s, modem: 1, do: unplug}
  - {at: 15s, modem: 1, do: replug, as: ttyX}
"""


def test_events_happen_in_their_time() -> None:
    async def scenario() -> None:
        plan = parse_scenario(PLAYED)
        network = Network(clock=VirtualClock())
        modems = plan.build(network, 2)
        wires = Wires({f"tty{at}": modem for at, modem in enumerate(modems)})
        terminal, other = Terminal(modems[0]), Terminal(modems[1])
        terminal.command("AT+CNMI=2,1,0,0,0;+CREG=1")
        other.command("AT+CMEE=2")
        plan.play(Stage(network, modems))
        await asyncio.sleep(1.5)
        assert modems[0].faults.drip
        await asyncio.sleep(11)
        assert terminal.lines().splitlines() == [
            '+CMTI: "SM",1',
            '+CMTI: "SM",2',
            "RING",
            "NO CARRIER",
            "^A",
            "^B",
            "+CREG: 3",
            "+CREG: 1",
            '+CMTI: "SM",3',
        ]
        assert terminal.command("AT+CNMI?;+CSQ") == "+CNMI: 0,0,0,0,0\n+CSQ: 7,99\nOK"
        await asyncio.sleep(2)
        assert wires.paths == ["tty0"]
        await asyncio.sleep(1)
        assert other.command("AT+CMEE?") == "+CMEE: 0\nOK"
        assert wires.paths == ["tty0", "ttyX"]

    run_virtual(scenario())


def test_a_stopped_stage_plays_nothing_and_without_plugs_the_power_goes() -> None:
    async def scenario() -> None:
        network = Network(clock=VirtualClock())
        plan = Scenario(
            events=(
                Event(1.0, "unplug"),
                Event(2.0, "replug"),
                Event(3.0, "reboot", times=5, every_s=1.0),
            )
        )
        modems = plan.build(network)
        stage = Stage(network, modems)
        plan.play(stage)
        await asyncio.sleep(1.5)
        assert not modems[0].is_powered
        await asyncio.sleep(1)
        assert Terminal(modems[0]).command("AT") == "OK"
        stage.stop()
        terminal = Terminal(modems[0])
        terminal.command("AT+CMEE=2")
        await asyncio.sleep(10)
        assert terminal.command("AT+CMEE?") == "+CMEE: 2\nOK"

    run_virtual(scenario())
