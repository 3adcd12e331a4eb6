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
                "x:1:31: modems[0].persona.full_urc: expected {memory} in braces: "
                "'{slot}'"
            ],
        ),
        (
            "modems: [{persona: {ports: 0, ussd_coding: morse, says: {A: '{x}'}}}]",
            [
                "x:1:28: modems[0].persona.ports: expected 1 to 8 ports, got 0",
                "x:1:44: modems[0].persona.ussd_coding: expected one of text, packed, "
                "ucs2, hex, got 'morse'",
                "x:1:61: modems[0].persona.says.A: expected {manufacturer}, {model}, "
                "{revision}, {imei}, {iccid}, {wants}, {pin}, {puk} in braces: '{x}'",
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


EVERYTHING = r"""
spread: 10s
latency: uniform(1s, 3s)
modems:
  - persona:
      base: siemens-mc75
      cnmi: [[1, 2], [0, 1], 0, [0, 2], 1]
      csms: [0, 128]
      memories: [[SM, MT], SM, SM]
      noise_off: {+CMER=0: +CIEV}
      says: {"+QPINC?": '+QPINC: {pin}'}
      refuses: {+CMMS: "+CMS ERROR:500"}
      error_format: "+{kind} ERROR:{code}"
      iccid_format: "{name}: {iccid}F"
      line_end: \r\r\n
      information: ["{model}"]
      reset_commands: [^RESET]
      restart: 2s
      vanishes: on
      ports: 2
      ussd_asked: [packed]
      ussd_coding: ucs2
      ussd_dcs: 7
    trouble: [no-cmms, urc-before-prompt]
    faults:
      refuse_number: {+4917: 8}
      garbage: 00FF
      filled: {ME: 3}
      report_statuses: [34, 0]
      ussd_says: []
      moments:
        - {when: ctrl_z, do: vanish, nth: [2], back: 10s, renumber: on}
events:
  - {at: 1s, do: inbound, text: "No. {n}", every: 1s, times: 3, jitter: 500ms}
  - {at: 9s, do: vanish, back: 1s}
"""


def test_the_newer_keys_mean_what_they_say() -> None:
    scenario = parse_scenario(EVERYTHING)
    (plan,) = scenario.modems
    persona, faults = plan.persona, plan.faults
    assert scenario.spread_s == 10.0
    assert scenario.latency == Latency(2.0, jitter_s=1.0)
    assert persona.cnmi == ((1, 2), (0, 1), (0,), (0, 2), (1,))
    assert persona.memories == (("SM", "MT"), ("SM",), ("SM",))
    assert persona.noise_off == {"+CMER=0": "+CIEV"}
    assert persona.says == {"+QPINC?": ("+QPINC: {pin}",)}
    assert persona.line_end == "\r\r\n" and persona.ussd_asked == {"packed"}
    assert [moment.do for moment in faults.moments] == ["vanish"]
    assert faults.moments[0].what == {"back": 10.0, "renumber": True}
    assert faults.garbage == b"\x00\xff" and faults.filled == {"ME": 3}
    assert faults.ussd_says == () and faults.report_statuses == (34, 0)
    assert scenario.events[0].jitter_s == 0.5


def test_moments_that_cannot_be_are_told() -> None:
    text = "modems: [{faults: {moments: [{when: never, do: ring}, {when: prompt}]}}]"
    with pytest.raises(ConfigError) as caught:
        parse_scenario(text, "x")
    assert [problem.partition("moments")[2] for problem in caught.value.problems] == [
        "[0]: when: expected one of command, prompt, ctrl_z, result",
        "[1]: do: expected one of " + ", ".join(ACTS),
    ]


def test_modems_start_apart_and_events_are_not_on_the_beat() -> None:
    async def scenario() -> None:
        plan = parse_scenario(
            "spread: 10s\nmodems: [{count: 8}]\nevents:\n"
            "  - {at: 20s, do: inbound, text: '{n}', every: 5s, times: 3, jitter: 4s}\n"
        )
        network = plan.network(clock=VirtualClock(), seed=3)
        modems = plan.build(network)
        Wires({f"tty{at}": modem for at, modem in enumerate(modems)})
        plan.play(Stage(network, modems))
        powered = []
        for _ in range(5):
            powered.append(sum(modem.is_powered for modem in modems))
            await asyncio.sleep(2.1)
        assert powered[0] == 0 and sorted(powered) == powered
        assert len(set(powered)) > 3 and all(modem.is_powered for modem in modems)
        await asyncio.sleep(11.5)  # 22 s: not everybody has had the first one
        had = sum(1 for modem in modems if modem.storage("SM").slots)
        assert 0 < had < 8
        await asyncio.sleep(20)
        assert all(len(modem.storage("SM").slots) == 3 for modem in modems)

    run_virtual(scenario())


def test_a_stick_that_is_pulled_while_it_restarts_stays_away() -> None:
    async def scenario() -> None:
        network = Network(clock=VirtualClock())
        plan = parse_scenario("modems: [{persona: {restart: 5s, vanishes: on}}]")
        (modem,) = plan.build(network)
        wires = Wires({"tty0": modem})
        modem.restart()
        await asyncio.sleep(1)
        assert wires.paths == []
        modem.power_off()
        await asyncio.sleep(10)
        assert wires.paths == [] and not modem.is_powered
        wires.plug("tty5", modem)
        assert wires.paths == ["tty5"] and modem.is_powered

    run_virtual(scenario())
