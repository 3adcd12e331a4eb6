"""Setup as a person meets it: at a terminal, with a real daemon on simulated modems."""

import json
import shlex
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from modemgw.cli import setup_flow
from modemgw.cli.setup_flow import start
from modemgw.cli.setup_gateway import Service
from modemgw.cli.setup_talk import Talk
from modemgw.cli.setup_wishes import Wishes
from modemgw.cli.simulated import simulated
from modemgw.config.load import load
from modemgw.modem.conflicts import Finding
from modemgw.sim.latency import Latency
from modemgw.sim.scenario import ModemPlan, Scenario
from tests.cli.conftest import Cli
from tests.cli.terminal import Terminal

pytestmark = pytest.mark.interop  # on real ptys, whose names are soon used again
PIN = "4711"
PLAN = Scenario(
    modems=(ModemPlan(options={"pin": PIN}), ModemPlan()),
    latency=Latency.of(0.02),
    report_latency=Latency.of(0.05),
)
PROGRAM = [sys.executable, "-P", "-m", "modemgw", "setup"]


def test_from_a_stick_to_a_delivered_text(directory: Path) -> None:
    config = directory / "modemgw.yaml"
    words = [*PROGRAM, "--config", str(config), "--port", f"{directory}/tty/modem*"]
    with simulated(2, directory / "tty", PLAN), Terminal(words, directory) as screen:
        screen.expect("PIN of the SIM in modemgw SIM-1")
        screen.expect("(3 tries left)")
        screen.expect(": ")
        screen.type("1111")
        screen.expect("the PIN is wrong; tries left: 2")
        screen.expect("(2 tries left)")
        screen.expect(": ")
        screen.type(PIN)
        screen.expect("the PIN is right")
        screen.expect("Country, for numbers without +")
        screen.type("AT")
        screen.expect("other machines")
        screen.type("n")
        screen.expect("when something is wrong")
        screen.type("0664 123456")
        screen.expect("written: ")
        screen.expect("for a test text")
        screen.type("")  # the sandbox number
        screen.expect("the text to +999000001 was delivered")
        screen.expect("text one another")
        screen.type("y")
        screen.expect("sim-mobile to sim-mobile-2: arrived after")
        screen.expect("sim-mobile-2 to sim-mobile: arrived after")
        screen.expect("Let the gateway run here")
        screen.type("y")
        screen.expect("Link  ")
        link = screen.expect("\n").strip()
        screen.expect("\ncurl ")
        line = "curl " + screen.expect("\n").strip()
        screen.expect("until Ctrl-C")
        url = line.split()[2]
        body = shlex.split(line)[-1].encode()
        key = shlex.split(line)[4]
        name, _, value = key.partition(": ")
        request = urllib.request.Request(  # noqa: S310 - http, to ourselves
            url, body, {name: value, "Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
            assert json.load(answer)["state"] == "queued"
        with urllib.request.urlopen(link, b"", timeout=30) as page:  # noqa: S310
            text = page.read().decode()
        assert "The first text: delivered" in text and "message.delivered" in text
        screen.press(b"\x03")
        assert screen.end() == 0
        assert screen.attributes == screen.before
        assert PIN not in screen.said and "Traceback" not in screen.said
    found = load(config)
    assert found.country == "AT"
    assert [card.name for card in found.sims.cards] == ["sim-mobile", "sim-mobile-2"]
    assert (directory / "pin-sim-mobile").read_text() == f"{PIN}\n"
    assert (directory / "pin-sim-mobile").stat().st_mode & 0o777 == 0o600
    assert PIN not in config.read_text()
    assert found.alarms.sms == ("+43664123456",)


def test_ctrl_c_at_the_pin_leaves_nothing(directory: Path) -> None:
    config = directory / "modemgw.yaml"
    words = [*PROGRAM, "--config", str(config), "--port", f"{directory}/tty/modem0"]
    with simulated(1, directory / "tty", PLAN), Terminal(words, directory) as screen:
        screen.expect("(3 tries left)")
        screen.expect(": ")
        screen.press(b"12\x03")
        assert screen.end() == 130
        assert screen.attributes == screen.before
    assert [one.name for one in directory.iterdir()] in ([], ["tty"])


def test_by_flags_alone(directory: Path) -> None:
    config, pin = directory / "modemgw.yaml", directory / "my-pin"
    (directory / "yaml.py").write_text("raise SystemExit('not mine')")
    pin.write_text(PIN)
    flags = ["--country", "DE", "--pin-file", str(pin), "--test-to", "+999000001"]
    words = [*PROGRAM, "--config", str(config), "--port", f"{directory}/tty/modem*"]
    with simulated(2, directory / "tty", PLAN):
        done = subprocess.run(  # noqa: S603 - our own program
            [*words, *flags, "--loopback", "--no-start", "--json", "--yes"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            cwd=directory,
        )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    assert found["ok"] and found["test"]["state"] == "delivered"
    assert [one["state"] for one in found["loopback"]] == ["passed", "passed"]
    assert [modem["phase"] for modem in found["modems"]] == ["ready", "ready"]
    assert found["key"] not in done.stderr and PIN not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout + done.stderr


# --- what ends it early


def test_a_question_without_an_answer_names_its_flag(
    cli: Cli, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.cli.setup_guess.country", lambda *_: "DE")
    new = directory / "new.yaml"
    with simulated(1, directory / "tty"):
        ports = ("--port", f"{directory}/tty/modem0")
        asked = cli("setup", "--config", str(new), *ports)
        assert asked.code == 2 and "Give --country." in asked.err
        there = cli.on("setup", *ports, "--country", "DE")
        assert there.code == 2 and "Give --yes or --replace." in there.err
    assert not new.exists()
    assert cli.config.read_text() == "data_dir: data\ndiscovery: off\n"


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (("--country", "QQ"), "expected a country code"),
        (("--timezone", "Berlin"), "did you mean 'Europe/Berlin'"),
        (("--listen", "8080"), "expected HOST:PORT"),
        (("--test-to", "0151"), "not a number"),
        (("--pin-file", "a", "--pin-file", "b"), "--pin-file is there twice"),
        (("--sim", "99"), "--sim"),
    ],
)
def test_wrong_flags_are_told_at_once(
    cli: Cli, flags: tuple[str, ...], told: str
) -> None:
    done = cli.on("setup", *flags)
    assert done.code == 2
    assert told in done.err


def test_no_modem_is_no_file(cli: Cli, directory: Path) -> None:
    new = directory / "new.yaml"
    done = cli("setup", "--config", str(new), "--port", f"{directory}/nothing*")
    assert done.code == 1 and "there is no serial port at" in done.err
    assert not new.exists()


def test_a_gateway_that_does_not_start_says_why(
    cli: Cli, directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    new = directory / "new.yaml"
    with simulated(1, directory / "tty"):
        port = f"{directory}/tty/modem0"
        done = cli("setup", "--config", str(new), "--port", port, "--yes",
                   "--country", "DE")  # fmt: skip
    assert done.code == 1
    assert "the gateway did not start; it said:\n  nothing" in done.err


# --- the service


def test_a_service_is_one_of_this_configuration(tmp_path: Path) -> None:
    unit = tmp_path / "etc/systemd/system/modemgw.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("")
    system = Path("/etc/modemgw/modemgw.yaml")
    assert not Service.is_there(system, tmp_path)
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    assert Service.is_there(system, tmp_path)
    assert not Service.is_there(Path("modemgw.yaml"), tmp_path)


def test_it_is_enabled_and_started(monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[tuple[str, ...]] = []
    monkeypatch.setattr(Service, "is_there", staticmethod(lambda config: True))

    def put_right(finding: Finding, talk: Talk) -> bool:
        run.extend(finding.fix_argv)
        return True

    monkeypatch.setattr(setup_flow, "put_right", put_right)
    talk = Talk(yes=True, is_interactive=False)
    assert isinstance(start(Wishes(Path("x")), talk), Service)
    assert run == [
        ("systemctl", "enable", "modemgw.service"),
        ("systemctl", "restart", "modemgw.service"),
    ]


@pytest.mark.parametrize(
    ("before", "flags", "is_replaced"),
    [
        ("country: AT\n", ("--yes",), True),
        ("webhooks: [{url: 'http://x/'}]\n", ("--yes",), False),
        ("webhooks: [{url: 'http://x/'}]\n", ("--yes", "--replace"), True),
        ("sims:\n  defaults:\n    pace: 5/min\n", ("--yes",), False),
        ("alarms:\n  sms: ['+4915112345678']\n  group: 1min\n", ("--yes",), False),
        ("modems: [{name: other, port: /dev/ttyUSB7}]\n", ("--yes",), False),
    ],
    ids=["ours", "more", "more, replaced", "a pace", "alarms", "a modem that is away"],
)
def test_what_would_be_lost_is_kept(
    cli: Cli,
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    before: str,
    flags: tuple[str, ...],
    is_replaced: bool,
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")  # no gateway is started
    cli.config.write_text(before)
    with simulated(1, directory / "tty"):
        port = f"{directory}/tty/modem0"
        done = cli.on("setup", "--port", port, "--country", "DE", *flags)
    assert "the gateway did not start" in done.err
    assert (cli.config.read_text() != before) is is_replaced
    assert ("would go" in done.out) is (before != "country: AT\n")
    copies = [one.read_text() for one in directory.glob("*.bak")]
    assert copies == ([before] if is_replaced else [])


def test_a_file_that_is_broken_is_not_lost(cli: Cli, directory: Path) -> None:
    cli.config.write_text("modems: {\n")
    with simulated(1, directory / "tty"):
        port = f"{directory}/tty/modem0"
        done = cli.on("setup", "--port", port, "--country", "DE", "--yes")
    assert done.code == 1 and "it cannot be used as it is" in done.out
    assert "--replace" in done.err
    assert cli.config.read_text() == "modems: {\n"
