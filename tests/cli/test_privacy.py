"""`modemgw privacy`, `modemgw audit` and what is done to messages, scripted."""

import io
import json
import stat
from typing import Any

import pytest

from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

NUMBER = "+4915112345678"


def page(text: str, cursor: str | None) -> dict[str, Any]:
    return {
        "number": NUMBER,
        "messages": [{"message": {"text": text}}],
        "suppressions": [],
        "next_cursor": cursor,
        "has_more": cursor is not None,
        "csv": f"id,text\r\n1,{text}\r\n",
    }


def test_an_export_is_followed_to_its_end(cli: Cli) -> None:
    cli.data.mkdir()
    pages = iter([page("one", "c1"), page("two", None)])
    answers = {"POST /v1/privacy/export": lambda: (200, next(pages))}
    with fake_daemon(cli.data / "modemgw.sock", answers) as daemon:
        found = cli.on("privacy", "export", NUMBER, "--out", str(cli.data / "anna"))
        assert found.code == 0, found.err
        assert "2 messages" in found.err
        assert [body for *_, body in daemon.asked] == [
            {"number": NUMBER, "csv": True},
            {"number": NUMBER, "csv": True, "cursor": "c1"},
        ]
    written = cli.data / "anna.json"
    shown = json.loads(written.read_text("utf-8"))
    assert [one["message"]["text"] for one in shown["messages"]] == ["one", "two"]
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    assert (cli.data / "anna.csv").read_bytes() == b"id,text\r\n1,one\r\n1,two\r\n"


def test_an_erasure_wants_a_yes(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    cli.data.mkdir()
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    done = {
        "pseudonym": "erased_1",
        "messages": 3,
        "canceled": 1,
        "other_events": 0,
        "tpdus": 0,
        "on_disk": False,
    }
    answers = {"POST /v1/privacy/erase": (200, done)}
    with fake_daemon(cli.data / "modemgw.sock", answers) as daemon:
        refused = cli.on("privacy", "erase", NUMBER)
        assert refused.code != 0
        assert daemon.asked == []
        found = cli.on("privacy", "erase", NUMBER, "--yes", "--cancel")
        assert (found.code, "3 messages erased" in found.out) == (0, True)
        assert "within minutes" in found.err
        assert daemon.asked[0][2] == {"number": NUMBER, "waiting": "cancel"}


ENTRY = {
    "id": 2,
    "at": "2026-11-22T10:00:00Z",
    "who": "anna",
    "key": "k",
    "address": "10.0.0.7",
    "action": "modem.at",
    "object": "front",
    "before": None,
    "after": None,
    "detail": {"command": "AT+CSQ"},
    "hash": "ab" * 32,
}


def test_the_audit_log_is_listed_exported_and_verified(cli: Cli) -> None:
    cli.data.mkdir()
    older = {**ENTRY, "id": 1, "hash": "cd" * 32}
    sound = {"sound": True, "rows": 2, "head": ENTRY["hash"], "fault": None}
    broken = {"sound": False, "rows": 1, "head": "x", "fault": "row 2 was changed"}
    answers: dict[str, Any] = {
        "GET /v1/audit?action=modem.%2A&limit=20": (200, {"data": [ENTRY]}),
        "GET /v1/audit?limit=200": (200, {"data": [ENTRY], "next_cursor": "c2"}),
        "GET /v1/audit?limit=200&cursor=c2": (
            200,
            {"data": [older], "next_cursor": None},
        ),
        "GET /v1/audit/verify": (200, sound),
    }
    with fake_daemon(cli.data / "modemgw.sock", answers) as daemon:
        listed = cli.on("audit", "list", "--action", "modem.*")
        assert "command=AT+CSQ" in listed.out, listed.err
        exported = cli.on("audit", "export").out.splitlines()
        assert [json.loads(line)["id"] for line in exported] == [1, 2]
        assert "2 rows hold" in cli.on("audit", "verify").out
        known = cli.on("audit", "verify", "--head", "CD" * 32)
        assert known.code == 0
        lost = cli.on("audit", "verify", "--head", "ee" * 32)
        assert (lost.code, "no row with hash" in lost.err) == (1, True)
        daemon.answers["GET /v1/audit/verify"] = (200, broken)
        found = cli.on("audit", "verify")
        assert (found.code, "row 2 was changed" in found.err) == (1, True)


def test_messages_are_sent_again_and_redacted(cli: Cli) -> None:
    cli.data.mkdir()
    batch = {"states": {"queued": 2, "sent": 1}, "open": 3, "finished": 0}
    answers: dict[str, Any] = {
        "POST /v1/messages/msg_1/resend": (202, {"id": "msg_2", "state": "queued"}),
        "DELETE /v1/messages/msg_1/body": (200, {"id": "msg_1"}),
        "GET /v1/batches/bat_1": (200, batch),
        "POST /v1/batches/bat_1/cancel": (200, {**batch, "states": {"canceled": 2}}),
    }
    with fake_daemon(cli.data / "modemgw.sock", answers):
        assert cli.on("messages", "resend", "msg_1").out == "msg_2 queued\n"
        assert cli.on("messages", "redact", "msg_1").out == "msg_1 redacted\n"
        assert "3 open, 0 finished" in cli.on("messages", "batch", "bat_1").out
        canceled = cli.on("messages", "batch", "bat_1", "--cancel").out
        assert "canceled     2" in canceled
