"""`modemgw alarms` against a scripted daemon."""

import json

from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

ALARM = {
    "id": "alm_1",
    "kind": "modem_lost",
    "subject": "front",
    "what": "modem front is absent\x1b[2J",
    "advice": "modemgw doctor",
    "since": "2026-11-22T10:02:00Z",
    "raised_at": "2026-11-22T10:07:00Z",
    "cleared_at": None,
}
TOLD = {"way": "sms", "to": "+4915112345678", "ok": True, "detail": "msg_1"}


def test_alarms_are_listed(cli: Cli) -> None:
    cli.data.mkdir()
    over = {**ALARM, "cleared_at": "2026-11-22T11:00:00Z"}
    path = "GET /local/alarms?limit=20"
    answers = {path: (200, {"data": [ALARM, over]})}
    with fake_daemon(cli.data / "modemgw.sock", answers) as daemon:
        lines = cli.on("alarms", "list").out.splitlines()
        assert "open" in lines[1]
        assert "2026-11-22 11:00" in lines[2]
        assert lines[1].isprintable()
        assert json.loads(cli.on("alarms", "list", "--json").out)["data"][0] == ALARM
        daemon.answers[path] = (200, {"data": []})
        assert "nothing was wrong" in cli.on("alarms", "list").err


def test_a_test_fails_where_one_way_does(cli: Cli) -> None:
    cli.data.mkdir()
    path = "POST /local/alarms/test"
    bad = {"way": "mail", "to": "ann@example.org", "ok": False, "detail": "no answer"}
    with fake_daemon(
        cli.data / "modemgw.sock", {path: (200, {"data": [TOLD]})}
    ) as daemon:
        found = cli.on("alarms", "test")
        assert (found.code, "ok" in found.out) == (0, True)
        daemon.answers[path] = (200, {"data": [TOLD, bad]})
        found = cli.on("alarms", "test")
        assert (found.code, "FAILED" in found.out) == (1, True)
        daemon.answers[path] = (200, {"data": []})
        found = cli.on("alarms", "test", "--json")
        assert (found.code, json.loads(found.out)) == (1, {"data": []})
        assert "nobody is told" in cli.on("alarms", "test").err
