"""`sims bench, parole, pause, resume` and `pause, resume`, at a scripted daemon."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

HEALTH = {"state": "active", "paused": False, "parole": None, "until": None}
UNTIL = "2026-11-22T10:15:00Z"


def sim(**health: Any) -> dict[str, Any]:
    return {"name": "red one", "state": "ready", "health": {**HEALTH, **health}}


def socket_of(cli: Cli) -> Path:
    cli.data.mkdir(exist_ok=True)
    return cli.data / "modemgw.sock"


@pytest.mark.parametrize(
    ("arguments", "asked", "health", "said"),
    [
        (
            ("bench", "--for", "2h", "--reason", "tariff"),
            {"for": 7200, "reason": "tariff"},
            {"state": "benched", "until": UNTIL},
            f"benched until {UNTIL}",
        ),
        (
            ("bench",),
            {"for": None, "reason": ""},
            {"state": "benched"},
            "benched until `parole`",
        ),
        (
            ("parole",),
            {},
            {"state": "parole", "parole": {"passed": 0, "wanted": 5}},
            "on parole, 0 of 5 messages",
        ),
        (("parole", "--now"), {"messages": 0}, {}, "active"),
        (("pause",), {}, {"paused": True}, "active, paused"),
        (("resume",), {}, {}, "active"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_a_sim_is_moved(
    cli: Cli,
    arguments: tuple[str, ...],
    asked: dict[str, Any],
    health: dict[str, Any],
    said: str,
) -> None:
    verb, *options = arguments
    path, answer = f"/v1/sims/red%20one/{verb}", sim(**health)
    with fake_daemon(socket_of(cli), {f"POST {path}": (200, answer)}) as daemon:
        result = cli.on("sims", verb, "red one", *options)
        assert (result.code, result.out) == (0, f"red one: ready, {said}\n")
        assert daemon.asked == [("POST", path, asked)]
        result = cli.on("sims", verb, "red one", *options, "--json")
        assert json.loads(result.out) == answer


@pytest.mark.parametrize("span", ["2", "soon", "0s", "0.2s"])
def test_a_time_needs_a_unit_and_a_second_at_least(cli: Cli, span: str) -> None:
    with fake_daemon(socket_of(cli)) as daemon:
        result = cli.on("sims", "bench", "red", "--for", span)
        assert result.code == 2
        assert span in result.err
        assert daemon.asked == []


def test_everything_is_paused_and_resumed(cli: Cli) -> None:
    verbs = ("pause", "resume")
    answers: dict[str, Any] = {f"POST /v1/{verb}": (200, {}) for verb in verbs}
    with fake_daemon(socket_of(cli), answers) as daemon:
        assert "modemgw resume" in cli.on("pause").out
        assert cli.on("resume").out == "sending again\n"
        assert [path for _, path, _ in daemon.asked] == ["/v1/pause", "/v1/resume"]


def test_the_list_shows_the_score(cli: Cli) -> None:
    row = {**sim(score=40), "modem": "m", "number": None, "pace": [], "why": "free"}
    data = {"data": [row, {**row, "name": "blue", "health": None}]}
    with fake_daemon(socket_of(cli), {"GET /v1/sims": (200, data)}):
        lines = cli.on("sims", "list").out.splitlines()
    assert "40 %" in lines[-2]
    assert "%" not in lines[-1]
