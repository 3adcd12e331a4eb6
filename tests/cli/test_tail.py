"""`modemgw messages tail`: the last messages, and what becomes of those that follow."""

import json
from typing import Any

import pytest

from modemgw.cli import tail
from modemgw.client.models import Event
from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

MESSAGE = {
    "id": "msg_1",
    "direction": "outbound",
    "state": "failed",
    "to": "+4915112345678",
    "sim": "red",
    "segments": 1,
    "text": "secret",
    "created_at": "2026-11-22T10:00:00Z",
    "reason": {"code": "no_credit", "detail": "no credit", "retryable": False},
}
INBOUND = {
    "id": "msg_2",
    "direction": "inbound",
    "state": "received",
    "from": "Evil\x1b[2J",
    "sim": "red",
    "segments": 1,
    "text": "secret",
    "received_at": "2026-11-22T10:00:01Z",
}


def event(type: str, **data: Any) -> Event:
    import msgspec  # noqa: PLC0415

    made = {
        "id": "evt_1",
        "type": type,
        "timestamp": "2026-11-22T10:00:09Z",
        "data": data,
    }
    return msgspec.convert(made, Event)


def test_the_last_messages_are_shown_without_texts(cli: Cli) -> None:
    cli.data.mkdir()
    answers = {
        "GET /v1/messages?limit=10": (200, {"data": [INBOUND, MESSAGE]}),
        "GET /v1/messages?limit=1&state=failed&sim=red": (200, {"data": [MESSAGE]}),
    }
    with fake_daemon(cli.data / "modemgw.sock", answers):
        out = cli.on("messages", "tail").out.splitlines()
        assert "failed" in out[0]  # oldest first
        assert "> +4915…78" in out[0]
        assert out[0].endswith("msg_1  no credit")
        assert "< Evil\\x1b[2J" in out[1]
        assert "secret" not in "".join(out)
        wanted = ("--state", "failed", "--sim", "red", "-n", "1", "--full", "--json")
        (line,) = cli.on("messages", "tail", *wanted).out.splitlines()
        assert json.loads(line)["peer"] == "+4915112345678"
        wrong = cli.on("messages", "tail", "--state", "gone")
        assert (wrong.code, "delivered" in wrong.err) == (2, True)


@pytest.mark.parametrize(
    ("found", "state"),
    [
        (
            event("message.delivered", id="msg_1", to="+49", latency_ms=8120),
            "delivered",
        ),
        (event("message.received", id="msg_2", **{"from": "+49"}), "received"),
        (event("message.opt_out", number="+49"), None),
        (event("message.sent"), None),
    ],
)
def test_an_event_becomes_a_line(found: Event, state: str | None) -> None:
    line = tail.of_event(found)
    assert (line and line["state"]) == state
    if line and state == "delivered":
        assert tail.written(line).endswith("msg_1  8.1 s")


def test_following_keeps_to_what_is_asked_for(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []

    def events(admin: Any, since: str | None) -> Any:
        asked.append(since)
        yield event("message.sent", id="msg_3", to="+4915112345678", sim="red")
        yield event("message.failed", id="msg_4", to="+4915112345678", sim="blue")
        yield event("message.failed", id="msg_5", to="+4915112345678", sim="red")

    monkeypatch.setattr(tail, "_events", events)
    cli.data.mkdir()
    answers = {"GET /local/status?recent=1": (200, {"recent": [{"id": "evt_0"}]})}
    with fake_daemon(cli.data / "modemgw.sock", answers):
        found = cli.on(
            *("messages", "tail", "-f", "-n", "0", "--state", "failed", "--sim", "red")
        )
    assert asked == ["evt_0"]  # from where the list was made: nothing falls between
    (line,) = found.out.splitlines()
    assert "msg_5" in line
