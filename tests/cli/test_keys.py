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
