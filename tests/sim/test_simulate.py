"""modemgw simulate as a process: the ready line, the links, the exit."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from modemgw.cli.demo import demo
from modemgw.cli.simulate import simulate
from modemgw.cli.simulated import simulated
from modemgw.errors import ConfigError
from modemgw.sim.catalogue import listing
from modemgw.sim.scenario_file import parse_scenario
from tests.sim.terminal import pdu

DEADLINE_S = 20.0


def start(*arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-m", "modemgw.cli.simulate", *arguments],
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_is_ready_when_it_says_so_and_leaves_nothing(
    tmp_path: Path, number: signal.Signals
) -> None:
    directory, journal = tmp_path / "ptys", tmp_path / "journal"
    process = start(
        "--modems=3", f"--dir={directory}", "--latency=1ms", f"--journal={journal}"
    )
    assert process.stderr is not None
    assert process.stderr.readline() == f"ready: 3 modems in {directory}\n"
    assert sorted(p.name for p in directory.iterdir()) == ["modem0", "modem1", "modem2"]
    with (directory / "modem2").open("r+b", buffering=0) as port:
        part = pdu("+491701234567", "counted")
        port.write(b"AT+CMGS=%d\r" % part.tpdu_length)
        port.write(part.octets.hex().encode() + b"\x1a")
        heard = b""
        while not heard.endswith(b"+CMGS: 0\r\n\r\nOK\r\n"):
            heard += port.read(100)
    process.send_signal(number)
    assert process.wait(DEADLINE_S) == 0
    process.stderr.close()
    assert list(directory.iterdir()) == []
    assert journal.read_text().count('"text": "counted"') == 1


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--modems", "0"], 2, "0 is not in the range"),
        (["--latency", "fast"], 2, "expected a duration such as 200ms or 5s"),
        (["--scenario", "/nowhere.yaml"], 2, "does not exist"),
        (["--nonsense"], 2, "No such option"),
    ],
)
def test_usage_errors_say_what_is_wrong(
    arguments: list[str], code: int, said: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(simulate, ["--dir", str(tmp_path), *arguments])
    assert (result.exit_code, said in result.output) == (code, True)


def test_a_broken_scenario_exits_with_78(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("modems: [{persona: nobody}]\nseed: x\n")
    result = CliRunner().invoke(
        simulate, ["--dir", str(tmp_path), "--scenario", str(scenario)]
    )
    assert result.exit_code == os.EX_CONFIG
    assert result.output.count(f"{scenario}:") == 2


def test_a_scenario_alone_says_how_many_modems(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("modems: [{persona: huawei, count: 2}, {persona: sim800}]\n")
    process = start(f"--dir={tmp_path / 'ptys'}", f"--scenario={scenario}")
    assert process.stderr is not None
    assert process.stderr.readline().startswith("ready: 3 modems")
    process.terminate()
    assert process.wait(DEADLINE_S) == 0
    process.stderr.close()


def test_the_list_needs_no_directory() -> None:
    result = CliRunner().invoke(simulate, ["--list"])
    assert result.exit_code == 0
    assert result.output == listing()
    assert "29 unplug-mid-send" in result.output


def test_the_demo_takes_its_modems_from_a_scenario(tmp_path: Path) -> None:
    plan = parse_scenario("modems: [{persona: sim800}, {persona: siemens-mc75}]")
    with (
        simulated(2, tmp_path / "ptys", plan),
        (tmp_path / "ptys" / "modem1").open("r+b", buffering=0) as port,
    ):
        port.write(b"ATE0+CGMM\r")
        heard = b""
        while not heard.endswith(b"OK\r\n"):
            heard += port.read(100)
    assert b"MC75i" in heard


def test_the_demo_tells_the_mistakes_of_a_scenario(tmp_path: Path) -> None:
    scenario = tmp_path / "s.yaml"
    scenario.write_text("modems: [{persona: nobody}]\n")
    with pytest.raises(ConfigError, match="persona"):
        demo.main(["--scenario", str(scenario)], standalone_mode=False)
