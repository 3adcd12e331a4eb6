"""`modemgw modems probe`: through the daemon, at a port, and what is cut."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from modemgw.at import guard
from modemgw.at.dump import DUMP, IDENTITY, cut
from modemgw.cli.main import UNREACHABLE
from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

START_S = 30


def listed(**more: Any) -> dict[str, Any]:
    front = {"name": "front", "port": "/dev/nothing", "phase": "ready"}
    return {"data": [{**front, "profile": "zte", **more}]}


def test_a_modem_in_service_is_asked_between_its_messages(cli: Cli) -> None:
    cli.data.mkdir()
    answer = {"lines": ["350000000123456"], "final": "OK", "seconds": 0.1}
    answers = {
        "GET /v1/modems": (200, listed()),
        "POST /v1/modems/front/at": (200, answer),
    }
    with fake_daemon(cli.data / "modemgw.sock", answers) as daemon:
        done = cli.on("modems", "probe", "front", "--dump")
        asked = [body["command"] for method, _, body in daemon.asked if body]
        assert asked == list(DUMP)
        assert done.code == 0
        assert "profile: zte" in done.out and "> AT+CNMI=?" in done.out
        assert "35000000…" in done.out and "350000000123456" not in done.out
        short = cli.on("modems", "probe", "/dev/nothing", "--json", "--whole")
        (report,) = json.loads(short.out)["data"]
        assert [a["command"] for a in report["answers"]] == list(IDENTITY)
        assert report["answers"][0]["lines"] == ["350000000123456"]


def test_a_name_that_nobody_has_is_a_mistake(cli: Cli) -> None:
    cli.data.mkdir()
    with fake_daemon(
        cli.data / "modemgw.sock", {"GET /v1/modems": (200, listed(phase="absent"))}
    ):
        assert cli.on("modems", "probe", "front").code == 2
        nobody = cli.on("modems", "probe")
        assert nobody.code == 0 and "give a port" in nobody.err


def test_a_port_that_is_not_there(cli: Cli) -> None:
    done = cli.on("modems", "probe", "/dev/nothing")
    assert done.code not in (0, UNREACHABLE)
    assert "waiting for the port" in done.err


def test_a_free_port_is_opened(cli: Cli, directory: Path) -> None:
    ports = directory / "ports"
    simulator = subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "modemgw", "simulate", "--dir", str(ports)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + START_S
        while not (ports / "modem0").exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        done = cli.on("modems", "probe", str(ports / "modem0"), "--dump")
        assert done.code == 0, done.err
        assert "profile: generic" in done.out
        assert '+CPMS: ("SM","ME","SR")' in done.out.replace(" (", " (")
    finally:
        simulator.terminate()
        simulator.wait()


def test_nothing_that_is_asked_needs_to_be_unsafe() -> None:
    assert [line for line in DUMP if guard.refusal(line) is not None] == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("350000000123456", "35000000…"),
        ("+CCID: 8949000000000000001F", "+CCID: 89490000…"),
        ('+CSCA: "+491710760000",145', '+CSCA: "+49171076…",145'),
        ("+CNMI: (0-2),(0-3),(0,2)", "+CNMI: (0-2),(0-3),(0,2)"),
        ("21.180.01.00.00", "21.180.01.00.00"),
    ],
)
def test_long_numbers_lose_their_tail(line: str, shown: str) -> None:
    assert cut(line) == shown
