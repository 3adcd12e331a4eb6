"""`modemgw send` and the lists, against a scripted daemon."""

import asyncio
import io
import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from modemgw.clock import SystemClock
from modemgw.store import webhooks
from modemgw.store.database import Store
from modemgw.store.webhooks import WebhookRow
from tests.cli.admin import FakeDaemon, fake_daemon
from tests.cli.conftest import Cli

NUMBER = "+4915112345678"
POST = "POST /v1/messages"


def message(state: str = "queued", **more: Any) -> dict[str, Any]:
    return {"id": "msg_1", "state": state, "to": NUMBER, "reason": None, **more}


@pytest.fixture
def daemon(cli: Cli) -> Iterator[FakeDaemon]:
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as found:
        yield found


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modemgw.cli.send.POLL_S", 0)


def send(cli: Cli, *more: str) -> Any:
    return cli.on("send", "--to", NUMBER, "--text", "Hello", *more)


def test_a_message_is_posted(cli: Cli, daemon: FakeDaemon) -> None:
    daemon.answers[POST] = (202, message())
    found = send(cli, "--sim", "red", "--class", "alert", "--reference", "r")
    assert (found.code, found.out) == (0, f"msg_1 queued {NUMBER}\n")
    assert daemon.asked == [
        (
            "POST",
            "/v1/messages",
            {
                "to": NUMBER,
                "text": "Hello",
                "class": "alert",
                "reference": "r",
                "route": {"sim": "red"},
            },
        )
    ]


def test_where_it_may_go_and_where_it_would(cli: Cli, daemon: FakeDaemon) -> None:
    routing = {
        "sim": "red",
        "why": "cheapest: 0.05 a part",
        "others": {"blue": "dearer: 0.09 a part"},
        "leaves_at": "2026-11-22T10:00:00Z",
        "cost": {"amount": "0.10", "currency": "EUR"},
    }
    daemon.answers[POST + "?dry_run=true"] = (200, message(routing=routing))
    found = send(cli, "--pool", "cheap", "--sticky", "--dry-run")
    assert found.out.splitlines() == [
        f"msg_1 queued {NUMBER}",
        "now: red (cheapest: 0.05 a part)",
        "  leaves at 2026-11-22T10:00:00Z at the earliest",
        "  costs 0.10 EUR",
        "  not blue: dearer: 0.09 a part",
    ]
    assert daemon.asked[0][2]["route"] == {"pool": "cheap", "sticky": True}


def test_a_message_that_waits_says_for_whom(cli: Cli, daemon: FakeDaemon) -> None:
    routing = {
        "sim": None,
        "why": "waits for SIM red: no network",
        "others": {"red": "no network"},
        "leaves_at": None,
    }
    told = {"data": [], "routing": routing}
    daemon.answers["GET /v1/messages/msg_1"] = (200, message())
    daemon.answers["GET /v1/messages/msg_1/timeline"] = (200, told)
    lines = [
        "now: no SIM (waits for SIM red: no network)",
        "  not red: no network",
    ]
    assert cli.on("messages", "timeline", "msg_1").out.splitlines() == lines
    assert cli.on("messages", "show", "msg_1").out.splitlines()[-2:] == lines
    shown = json.loads(cli.on("messages", "show", "msg_1", "--json").out)
    assert shown["routing"] == routing


def test_the_text_may_come_from_standard_input(
    cli: Cli, daemon: FakeDaemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.answers[POST] = (202, message())
    monkeypatch.setattr(sys, "stdin", io.StringIO("two\nlines\n"))
    assert cli.on("send", "--to", NUMBER, "--text", "-").code == 0
    assert daemon.asked[0][2]["text"] == "two\nlines"


@pytest.mark.parametrize(
    ("options", "states", "code"),
    [
        pytest.param([], ["sending", "sent", "delivered"], 0, id="delivered"),
        pytest.param([], ["sent", "undelivered"], 1, id="undelivered"),
        pytest.param([], ["failed"], 1, id="failed"),
        pytest.param([], ["in_doubt"], 75, id="in-doubt"),
        pytest.param([], ["no_report"], 75, id="no-report-came"),
        pytest.param(["--timeout", "0"], ["queued"], 75, id="timeout"),
        pytest.param(["--no-report"], ["sending", "sent"], 0, id="sent-is-enough"),
    ],
)
def test_wait_tells_what_became_of_it(
    cli: Cli, daemon: FakeDaemon, options: list[str], states: list[str], code: int
) -> None:
    left = list(states)
    daemon.answers[POST] = (202, message())
    daemon.answers["GET /v1/messages/msg_1"] = lambda: (200, message(left.pop(0)))
    found = send(cli, "--wait", *options)
    assert found.code == code
    assert found.out == f"msg_1 {states[-1]} {NUMBER}\n"


def test_the_reason_is_told(cli: Cli, daemon: FakeDaemon) -> None:
    reason = {"code": "recipient_unknown", "detail": "unassigned number"}
    daemon.answers[POST] = (202, message("failed", reason=reason))
    assert send(cli).out.endswith("(recipient_unknown: unassigned number)\n")


def test_several_recipients_and_json(cli: Cli, daemon: FakeDaemon) -> None:
    daemon.answers[POST] = (202, message())
    found = send(cli, "--to", "+49151", "--json")
    assert [json.loads(line)["id"] for line in found.out.splitlines()] == ["msg_1"] * 2
    assert [body["to"] for _, _, body in daemon.asked] == [NUMBER, "+49151"]


def test_dry_run(cli: Cli, daemon: FakeDaemon) -> None:
    daemon.answers[POST + "?dry_run=true"] = (200, message(id=""))
    assert send(cli, "--dry-run", "--wait").out == f"- queued {NUMBER}\n"


@pytest.mark.parametrize(
    ("status", "code"), [(422, 1), (404, 1), (429, 75), (503, 75), (500, 1)]
)
def test_a_refusal_names_the_field(
    cli: Cli, daemon: FakeDaemon, status: int, code: int
) -> None:
    daemon.answers[POST] = (
        status,
        {
            "detail": "to is not a number",
            "errors": [{"pointer": "/to", "code": "x", "detail": "too short"}],
        },
    )
    found = send(cli)
    assert (found.code, found.out) == (code, "")
    assert found.err == "modemgw: to is not a number\n  /to: too short\n"


def test_a_refusal_is_not_said_twice(cli: Cli, daemon: FakeDaemon) -> None:
    issue = {"pointer": "/to", "code": "x", "detail": "too short"}
    daemon.answers[POST] = (422, {"detail": "too short", "errors": [issue]})
    assert send(cli).err == "modemgw: /to: too short\n"


def test_without_a_daemon(cli: Cli) -> None:
    found = send(cli)
    assert found.code == 69
    assert found.err == (
        f"modemgw: no daemon is running on {cli.data}; start it:"
        f" modemgw run --config {cli.config}\n"
    )


def test_a_daemon_that_dies_in_between(cli: Cli, daemon: FakeDaemon) -> None:
    def die() -> tuple[int, Any]:
        raise ConnectionAbortedError

    daemon.answers[POST] = die
    found = send(cli)
    assert found.code == 69
    assert "the daemon did not answer" in found.err


STEPS = [
    {"at": "2026-11-22T10:00:00Z", "type": "message.queued", "part": None, "data": {}},
    {
        "at": "2026-11-22T10:00:01Z",
        "type": "part.accepted",
        "part": 1,
        "data": {"tp_mr": 41, "sim": "red\x1b[31m"},
        "wire": [{"ms": 12, "direction": ">", "text": "AT+CMGS=23"}],
    },
]


def test_a_message_and_its_story(cli: Cli, daemon: FakeDaemon) -> None:
    daemon.answers["GET /v1/messages/msg_1"] = (200, message("sent"))
    daemon.answers["GET /v1/messages/msg_1/timeline"] = (200, {"data": STEPS})
    shown = cli.on("messages", "show", "msg_1")
    assert "state          sent" in shown.out
    assert "part 1 part.accepted  tp_mr=41 sim=red\\x1b[31m" in shown.out
    told = cli.on("messages", "timeline", "msg_1", "--wire")
    assert told.out.splitlines()[-1].endswith("12 ms  > AT+CMGS=23")
    assert "AT+CMGS" not in cli.on("messages", "timeline", "msg_1").out
    both = json.loads(cli.on("messages", "show", "msg_1", "--json").out)
    assert both["timeline"] == STEPS
    assert json.loads(cli.on("messages", "timeline", "msg_1", "--json").out) == {
        "data": STEPS
    }


def test_messages_are_listed(cli: Cli, daemon: FakeDaemon) -> None:
    out = message(
        "failed",
        direction="outbound",
        sim=None,
        text="x" * 40,
        created_at="2026-11-22T10:00:00Z",
        reason={"code": "no_service", "detail": ""},
    )
    into = {**out, "direction": "inbound", "from": "+4917", "text": "\x1b]0;evil\x07"}
    path = "GET /v1/messages?limit=20&state=failed&from=%2B4917"
    daemon.answers[path] = (200, {"data": [out, into]})
    found = cli.on("messages", "list", "--state", "failed", "--from", "+4917")
    assert found.code == 0
    assert f"11-22 10:00  failed  > {NUMBER}" in found.out
    assert "x" * 29 + "…" in found.out
    assert "\x1b" not in found.out


def test_cancel_and_settle(cli: Cli, daemon: FakeDaemon) -> None:
    daemon.answers["POST /v1/messages/msg_1/cancel"] = (200, message("canceled"))
    daemon.answers["POST /v1/messages/msg_1/settle"] = (200, message("sent"))
    assert cli.on("messages", "cancel", "msg_1").out == "msg_1 canceled\n"
    assert cli.on("messages", "settle", "msg_1", "--as", "sent").out == "msg_1 sent\n"
    assert daemon.asked[-1][2] == {"as": "sent"}


def test_modems_and_sims_are_listed(cli: Cli, daemon: FakeDaemon) -> None:
    modem = {
        "name": "front",
        "phase": "ready",
        "sim": "red",
        "operator": "Sim Mobile",
        "registration": "home",
        "signal_dbm": -67,
        "port": "/dev/ttyUSB2",
        "why": "",
    }
    sim = {
        "name": "red",
        "state": "ready",
        "modem": "front",
        "number": NUMBER,
        "pace": [{"count": 10, "seconds": 60, "used": 3}],
        "why": "",
    }
    daemon.answers["GET /v1/modems"] = (200, {"data": [modem]})
    daemon.answers["GET /v1/sims"] = (200, {"data": [sim, {**sim, "pace": []}]})
    assert "-67 dBm" in cli.on("modems", "list").out
    assert "3/10 in 60 s" in cli.on("sims", "list").out
    assert json.loads(cli.on("modems", "list", "--json").out)["data"] == [modem]
    assert json.loads(cli.on("sims", "list", "--json").out)["data"][0] == sim


def test_webhooks(cli: Cli, daemon: FakeDaemon) -> None:
    hook = {
        "id": "whk_1",
        "url": "http://a/",
        "events": ["message.*"],
        "state": "active",
        "declared": False,
    }
    row = {
        "id": "dlv_1",
        "event_id": "evt_1",
        "event_type": "message.sent",
        "state": "done",
        "attempts": 1,
        "next_attempt_at": None,
        "last_status": 204,
        "last_ms": 12,
        "last_error": None,
    }
    daemon.answers["POST /v1/webhooks"] = (201, {**hook, "secret": "whsec_x"})
    daemon.answers["GET /v1/webhooks"] = (200, {"data": [hook]})
    daemon.answers["DELETE /v1/webhooks/whk_1"] = (204, None)
    daemon.answers["GET /v1/webhooks/whk_1/deliveries?limit=20"] = (
        200,
        {"data": [row]},
    )
    made = cli.on("webhooks", "add", "--url", "http://a/")
    assert made.out == "whk_1 http://a/\nsecret whsec_x\n"
    assert "message.*" in cli.on("webhooks", "list").out
    assert "204" in cli.on("webhooks", "deliveries", "whk_1").out
    assert cli.on("webhooks", "remove", "whk_1").out == "whk_1 removed\n"
    for command in (["list"], ["deliveries", "whk_1"]):
        assert json.loads(cli.on("webhooks", *command, "--json").out)["data"]


def test_the_secret_of_an_endpoint(cli: Cli) -> None:
    async def make() -> WebhookRow:
        store = await Store.open(cli.data, clock=SystemClock())
        try:
            return await store.write(
                lambda db: webhooks.create(
                    db, store.ids, url="http://a/", events=["*"], now=1, secret=None
                )
            )
        finally:
            store.close()

    missing = cli.on("webhooks", "secret", "whk_0")
    assert (missing.code, missing.out) == (1, "")
    assert "cannot read" in missing.err
    made = asyncio.run(make())
    assert cli.on("webhooks", "secret", made.public_id).out == made.secret + "\n"
    assert "there is no webhook" in cli.on("webhooks", "secret", "whk_0").err
