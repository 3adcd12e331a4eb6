"""`modemgw status`: one screen, an exit code, and what to type without a daemon."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from modemgw.cli.status import what_to_type
from modemgw.cli.status_text import screen
from modemgw.config.load import parse
from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli
from tests.cli.glances import SICK, modem, sim, status

WELL_SCREEN = """\
modemgw 1.0.0: well (up 2 h 2 min)

Modems
  front  ready  red  Vodafone DE  -73 dBm

SIMs
  red  ready  Vodafone DE  -73 dBm  120 today  80 of 200 left  4.20 EUR

Queue      2 scheduled, 3 queued; the oldest waits 12 s
Last hour  118 sent, 2 failed
Webhooks   2, 1 pending, 0 given up
Disk       12.3 GB free of 29.0 GB, the database has 14.2 MB
Backup     7 h ago, ok"""

SICK_SCREEN = """\
modemgw 1.0.0: works, but look at this (up 2 h 2 min)
  ! modem back is recovering: no answer (for 12 min)
      modemgw modems journal back

Modems
  back   recovering  -    Vodafone DE  -73 dBm  no answer to AT
  front  sending     red  Vodafone DE  -73 dBm"""


def test_the_screen_of_a_well_gateway() -> None:
    assert "\n".join(screen(status())) == WELL_SCREEN


def test_what_is_wrong_comes_first_with_what_to_type() -> None:
    assert "\n".join(screen(SICK)).startswith(SICK_SCREEN)


def test_nothing_there_is_said_in_words() -> None:
    bare = status(
        modems=[],
        sims=[],
        backup=None,
        queue={"states": None, "oldest_at": None, "most": 1},
        webhooks={"endpoints": 0, "pending": 0, "dead": 0, "troubled": []},
        last_hour={"seconds": 50, "outcomes": {}},
    )
    told = "\n".join(screen(bare))
    for words in (
        *("no modem was found", "no SIM was ever seen", "none is known of"),
        *("too long to be counted", "Last 50 s  nothing"),
    ):
        assert words in told


def test_of_200_modems_the_sick_ones_are_shown() -> None:
    many = [modem(f"m{index:03}") for index in range(200)]
    many[150] = modem("m150", phase="parked", why="no SIM")
    told = screen(status(modems=many))
    assert any("m150" in line for line in told)
    assert any("… and 188 more: modemgw modems list" in line for line in told)
    assert len(told) < 40


def test_hostile_names_cannot_steer_the_terminal() -> None:
    evil = "x\x1b[2J\r\nroot# \u202etxt\x07" + "A" * 5000
    told = screen(
        status(
            modems=[modem(evil, operator=evil, why=evil, phase="parked")],
            sims=[sim(evil, why=evil, state="waiting", balance=evil)],
            reasons=[evil],
        )
    )
    text = "\n".join(told)
    assert text.replace("\n", "").isprintable()
    assert max(map(len, told)) < 700


@contextmanager
def daemon(cli: Cli, found: Any) -> Iterator[None]:
    cli.data.mkdir(exist_ok=True)
    with fake_daemon(cli.data / "modemgw.sock", {"GET /local/status": (200, found)}):
        yield


@pytest.mark.parametrize(
    ("level", "code"), [("well", 0), ("degraded", 1), ("down", 2), ("new", 2)]
)
def test_the_exit_code_is_for_scripts(cli: Cli, level: str, code: int) -> None:
    with daemon(cli, status(level=level)):
        assert cli.on("status").code == code
        found = cli.on("status", "--json")
        assert (found.code, json.loads(found.out)["level"]) == (code, level)


def test_without_a_daemon_it_says_what_to_type(cli: Cli) -> None:
    cli.data.mkdir()
    found = cli.on("status")
    assert found.code == 2
    assert found.out.startswith(f"modemgw: down: no daemon is running on {cli.data}\n")
    assert f"modemgw run --config {cli.config}" in found.out
    assert "free of" in found.out
    told = json.loads(cli.on("status", "--json").out)
    assert told["level"] == "down"
    assert f"modemgw run --config {cli.config}" in told["then"]


def test_under_systemd_its_commands_are_named(tmp_path: Path) -> None:
    config = parse("{}", "x.yaml", path=tmp_path / "x.yaml")
    assert what_to_type(config, tmp_path)[0].startswith("modemgw run --config")
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "etc/systemd/system/modemgw.service").touch()
    assert what_to_type(config, tmp_path) == [
        "sudo systemctl start modemgw",
        "journalctl -u modemgw -n 50",
    ]


def test_a_wrong_configuration_is_no_outage(cli: Cli) -> None:
    cli.config.write_text("nonsense: 1\n")
    assert cli.on("status").code == 78
