"""`modemgw keys` with the daemon running, stopped, and starting."""

import asyncio
import json
import re
import threading
from typing import Any

import pytest

from modemgw.clock import SystemClock
from modemgw.store import keys as rows
from modemgw.store.database import Store
from modemgw.store.lock import DirectoryLock
from tests.cli.admin import fake_daemon
from tests.cli.conftest import Cli

KEY = re.compile(r"mgw_[0-9A-Za-z]{8}_[0-9A-Za-z]{43}\n")
NEW = {"id": "abcdefgh", "name": "n", "scopes": ["admin"], "key": "mgw_abcdefgh_x"}


def stored(cli: Cli) -> list[rows.KeyRow]:
    async def read() -> list[rows.KeyRow]:
        store = await Store.open(cli.data, clock=SystemClock())
        try:
            return await store.read(rows.list_keys)
        finally:
            store.close()

    return asyncio.run(read())


def test_create_with_the_daemon_stopped(cli: Cli) -> None:
    found = cli.on(
        *("keys", "create", "--name", "shop"),
        *("--scopes", "messages:send, messages:read", "--plain"),
    )
    assert (found.code, found.err) == (0, "")
    assert KEY.fullmatch(found.out)
    (row,) = stored(cli)
    assert (row.name, row.scopes) == ("shop", ("messages:read", "messages:send"))
    parsed = rows.parse(found.out.strip())
    assert parsed is not None
    assert row.opens(parsed[1], row.created_at)


def test_create_with_limits(cli: Cli) -> None:
    found = cli.on(
        *("keys", "create", "--name", "shop", "--scopes", "sender"),
        *("--limit", "100 per day", "--limit", "5.0/month"),
    )
    assert found.code == 0
    assert stored(cli)[0].limits == ("100/day", "5.00/month")
    wrong = cli.on(
        *("keys", "create", "--name", "n", "--scopes", "sender", "--limit", "5/week")
    )
    assert (wrong.code, "minute, hour, day" in wrong.err) == (2, True)


def test_limits_are_set_and_lifted(cli: Cli) -> None:
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as daemon:
        daemon.answers["PATCH /v1/keys/abcdefgh"] = (200, {"limits": ["5/day"]})
        found = cli.on("keys", "limit", "abcdefgh", "5/day")
        assert (found.code, found.out) == (0, "abcdefgh: 5/day\n")
        daemon.answers["PATCH /v1/keys/abcdefgh"] = (200, {"limits": []})
        found = cli.on("keys", "limit", "abcdefgh")
        assert found.out == "abcdefgh: no limits\n"
        assert [asked[2] for asked in daemon.asked] == [
            {"limits": ["5/day"]},
            {"limits": []},
        ]


RULES = {
    "cidrs": ["10.0.0.0/8"],
    "surfaces": ["native"],
    "sims": ["red"],
    "classes": ["otp"],
    "destinations": ["DE", "+4366"],
}
OPTIONS = (
    *("--from", "10.0.0.0/8", "--surface", "native", "--sim", "red"),
    *("--class", "otp", "--to", "DE", "--to", "+4366"),
)


def test_create_with_rules(cli: Cli) -> None:
    found = cli.on(
        *("keys", "create", "--name", "shop", "--scopes", "reader,sims:read"),
        *(*OPTIONS, "--expires", "90d"),
    )
    assert found.code == 0, found.err
    (row,) = stored(cli)
    assert row.scopes == ("events:read", "messages:read", "sims:read")
    for field, value in RULES.items():
        assert getattr(row.rules, field) == tuple(value)
    assert row.expires_at is not None
    assert round((row.expires_at - row.created_at) / 86_400_000) == 90


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--from", "10.0.0.1/8"], "/cidrs/0"),
        (["--to", "nowhere!"], "/destinations/0"),
        (["--class", "x"], "/classes/0"),
        (["--expires", "soon"], "expected 90d, 12h or a date"),
        (["--expires", "2027-13-01"], "expected 90d, 12h or a date"),
    ],
)
def test_wrong_rules_are_usage(cli: Cli, options: list[str], why: str) -> None:
    found = cli.on("keys", "create", "--name", "n", "--scopes", "sender", *options)
    assert found.code == 2
    assert why in found.err
    assert not cli.data.exists()


def test_update_says_only_what_changes(cli: Cli) -> None:
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as daemon:
        changed = {**NEW, "limits": ["5/day"], **RULES}
        daemon.answers["PATCH /v1/keys/abcdefgh"] = (200, changed)
        found = cli.on("keys", "update", "abcdefgh", *OPTIONS, "--scopes", "sender")
        assert found.code == 0
        assert "from 10.0.0.0/8" in found.out
        assert "to DE|+4366" in found.out
        cli.on(
            *("keys", "update", "abcdefgh", "--from", "any", "--expires", "never"),
            *("--limit", "any", "--name", "till", "--json"),
        )
        cli.on("keys", "update", "abcdefgh", "--expires", "2027-03-31")
        assert [asked[2] for asked in daemon.asked] == [
            {**RULES, "scopes": ["messages:send", "messages:read"]},
            {"cidrs": [], "expires_at": None, "limits": [], "name": "till"},
            {"expires_at": "2027-03-31T00:00:00+00:00"},
        ]
        nothing = cli.on("keys", "update", "abcdefgh")
        assert (nothing.code, "at least one thing" in nothing.err) == (2, True)


def test_rotate(cli: Cli) -> None:
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as daemon:
        made = {**NEW, "old_secret_until": "2026-11-23T00:00:00Z"}
        daemon.answers["POST /v1/keys/abcdefgh/rotate"] = (200, made)
        found = cli.on("keys", "rotate", "abcdefgh")
        assert found.out == "mgw_abcdefgh_x\n"
        assert "good until 2026-11-23T00:00:00Z" in found.err
        found = cli.on("keys", "rotate", "abcdefgh", "--overlap", "0", "--plain")
        assert (found.out, found.err) == ("mgw_abcdefgh_x\n", "")
        cli.on("keys", "rotate", "abcdefgh", "--overlap", "90 min", "--json")
        assert [asked[2] for asked in daemon.asked] == [
            {"overlap": 86_400},
            {"overlap": 0},
            {"overlap": 5400},
        ]
        assert cli.on("keys", "rotate", "abcdefgh", "--overlap", "x").code == 2


def test_list_shows_rules_and_ends(cli: Cli) -> None:
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as daemon:
        key = {**NEW, **RULES, "last_used_at": None, "revoked_at": None, "limits": []}
        key["expires_at"] = "2020-01-01T00:00:00Z"
        daemon.answers["GET /v1/keys"] = (200, {"data": [key]})
        assert "expired" in cli.on("keys", "list").out


def test_create_talks_on_stderr(cli: Cli) -> None:
    found = cli.on("keys", "create", "--name", "n", "--scopes", "sender")
    assert KEY.fullmatch(found.out)
    assert "shown only now" in found.err
    assert "messages:read, messages:send" in found.err


def test_create_with_the_daemon_running(cli: Cli) -> None:
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as daemon:
        daemon.answers["POST /v1/keys"] = (201, NEW)
        found = cli.on("keys", "create", "--name", "n", "--scopes", "admin", "--plain")
        assert (found.code, found.out) == (0, "mgw_abcdefgh_x\n")
        assert daemon.asked == [
            ("POST", "/v1/keys", {"name": "n", "scopes": ["admin"]})
        ]
        found = cli.on("keys", "create", "--name", "n", "--scopes", "admin", "--json")
        assert json.loads(found.out) == NEW
    assert not (cli.data / "modemgw.db").exists()


@pytest.mark.parametrize(
    ("scopes", "why"),
    [
        ("message:send", "unknown scope 'message:send'; did you mean 'messages:send'?"),
        (",", "give at least one scope"),
    ],
)
def test_unknown_scopes_are_usage(cli: Cli, scopes: str, why: str) -> None:
    found = cli.on("keys", "create", "--name", "n", "--scopes", scopes)
    assert found.code == 2
    assert why in found.err
    assert not cli.data.exists()


def test_create_while_the_daemon_starts(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lock is held and nobody listens yet: wait for the door to open."""
    cli.data.mkdir()
    lock = DirectoryLock(cli.data)
    opened = threading.Event()
    asked: list[Any] = []

    def listen() -> None:
        made = {"POST /v1/keys": (201, NEW)}
        with fake_daemon(cli.data / "modemgw.sock", made) as daemon:
            opened.wait(10)
            asked.extend(daemon.asked)

    door = threading.Thread(target=listen)
    monkeypatch.setattr("modemgw.cli.keys.time.sleep", lambda _: _start_once(door))
    found = cli.on("keys", "create", "--name", "n", "--scopes", "admin", "--plain")
    opened.set()
    door.join()
    lock.release()
    assert (found.code, found.out) == (0, "mgw_abcdefgh_x\n")
    assert len(asked) == 1


def _start_once(thread: threading.Thread) -> None:
    if not thread.is_alive():
        thread.start()


def test_a_directory_that_stays_locked_is_unreachable(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("modemgw.cli.keys.STARTING_S", -1.0)
    cli.data.mkdir()
    lock = DirectoryLock(cli.data)
    found = cli.on("keys", "create", "--name", "n", "--scopes", "admin")
    lock.release()
    assert found.code == 69


def test_list_and_revoke(cli: Cli) -> None:
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as daemon:
        key = {**NEW, "last_used_at": None, "revoked_at": None}
        daemon.answers["GET /v1/keys"] = (200, {"data": [key]})
        daemon.answers["DELETE /v1/keys/abcdefgh"] = (204, None)
        assert "abcdefgh" in cli.on("keys", "list").out
        assert json.loads(cli.on("keys", "list", "--json").out)["data"] == [key]
        assert cli.on("keys", "revoke", "abcdefgh").out == "abcdefgh revoked\n"
        missing = cli.on("keys", "revoke", "other")
        assert (missing.code, missing.err) == (1, "modemgw: HTTP 404\n")


def test_twilio_finds_the_key_by_name_or_id(cli: Cli) -> None:
    ended = {"revoked_at": "2026-01-01T00:00:00Z"}
    found = [
        {"id": "aaaaaaaa", "name": "shop", "revoked_at": None},
        {"id": "bbbbbbbb", "name": "shop", **ended},
        {"id": "cccccccc", "name": "two", "revoked_at": None},
        {"id": "dddddddd", "name": "two", "revoked_at": None},
    ]
    cli.data.mkdir()
    with fake_daemon(cli.data / "modemgw.sock") as daemon:
        daemon.answers["GET /v1/keys"] = (200, {"data": found})
        shown = {"account_sid": "AC1", "auth_token": "t1"}
        daemon.answers["GET /v1/keys/aaaaaaaa/twilio"] = (200, shown)
        for name in ("shop", "aaaaaaaa"):
            done = cli.on("keys", "twilio", name)
            assert done.out == "AccountSid  AC1\nAuthToken   t1\n"
        assert json.loads(cli.on("keys", "twilio", "shop", "--json").out) == shown
        twice = cli.on("keys", "twilio", "two")
        assert (twice.code, "2 keys are called 'two'" in twice.err) == (2, True)
