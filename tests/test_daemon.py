"""The daemon as one object: how it starts, and all the ways in which it ends."""

import asyncio
import os
import re
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path

import pytest

from modemgw.clock import SystemClock
from modemgw.config.load import parse
from modemgw.config.model import Config
from modemgw.config.paths import admin_socket
from modemgw.daemon import CannotListen, Daemon
from modemgw.daemon import run as run_daemon
from modemgw.errors import Corrupt, PortLost
from modemgw.modem.port import Port
from modemgw.store import meta
from modemgw.store.database import Store


async def no_port(path: str, on_data: object, on_lost: object) -> Port:
    raise PortLost(f"no such port: {path}")


def config(home: Path, listen: str = "127.0.0.1:0") -> Config:
    text = (
        f"data_dir: ./data\ncountry: DE\ndiscovery: off\nhttp: {{listen: '{listen}'}}\n"
        "modems:\n  - {name: m0, port: /dev/nowhere}\n"
    )
    return parse(text, "test.yaml", path=home / "test.yaml")


def run(home: Path, act: Callable[[Daemon], Awaitable[None]]) -> None:
    """Run a daemon, act on it once it is up, and let it end."""

    async def main() -> None:
        daemon = Daemon(config(home), open_port=no_port)
        acting: list[asyncio.Task[None]] = []

        async def begin() -> None:
            await act(daemon)

        def ready(_: Daemon) -> None:
            acting.append(asyncio.create_task(begin()))

        async with asyncio.timeout(20):
            await daemon.run(ready)
            await acting[0]

    asyncio.run(main())


def was_clean(home: Path) -> bool:
    async def look() -> bool:
        store = await Store.open(home / "data", clock=SystemClock(), inline=True)
        try:
            return store.was_clean
        finally:
            store.abandon(clean=store.was_clean)

    return asyncio.run(look())


def test_a_stop_is_clean(tmp_path: Path) -> None:
    async def act(daemon: Daemon) -> None:
        daemon.stop()

    run(tmp_path, act)
    assert was_clean(tmp_path)
    assert not (tmp_path / "data" / "modemgw.sock").exists()


def test_a_bug_ends_it_and_the_next_start_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(daemon: Daemon) -> None:
        daemon.gateway.dispatcher.lanes["m0"].wake()

    async def fall_over(self: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("modemgw.gateway.lane.Lane._idle", fall_over)
    with pytest.raises(ExceptionGroup):
        run(tmp_path, act)
    assert not was_clean(tmp_path)


def test_it_ends_when_its_database_is_damaged(tmp_path: Path) -> None:
    def damaged(number: int) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    async def act(daemon: Daemon) -> None:
        store = daemon.gateway.store
        store.writer.before_commit = damaged
        with pytest.raises(Corrupt):
            await store.write(lambda db: meta.put(db, "a", "b"))

    with pytest.raises(Corrupt, match="is damaged"):
        run(tmp_path, act)
    assert not was_clean(tmp_path)


def test_it_ends_when_it_reads_damage(tmp_path: Path) -> None:
    def damaged(db: sqlite3.Connection) -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    async def act(daemon: Daemon) -> None:
        with pytest.raises(Corrupt):
            await daemon.gateway.store.read(damaged)

    with pytest.raises(Corrupt, match="is damaged"):
        run(tmp_path, act)
    assert not was_clean(tmp_path)


@pytest.mark.parametrize(
    ("listen", "why"),
    [
        pytest.param("no-such-host.invalid:80", "[Nn]ame", id="unknown name"),
        pytest.param("203.0.113.7:80", "assign", id="address of another machine"),
    ],
)
def test_it_says_why_it_cannot_listen(tmp_path: Path, listen: str, why: str) -> None:
    daemon = Daemon(config(tmp_path, listen), open_port=no_port)
    with pytest.raises(CannotListen, match=f"{re.escape(listen)}: .*{why}"):
        asyncio.run(daemon.run())
    assert was_clean(tmp_path)


def test_what_lies_in_the_place_of_the_admin_socket_is_named(tmp_path: Path) -> None:
    found = config(tmp_path)
    admin_socket(found).mkdir(parents=True)
    with pytest.raises(CannotListen, match=r"modemgw\.sock': Is a directory"):
        asyncio.run(Daemon(found).run())


def test_the_admin_socket_is_for_owner_and_group(tmp_path: Path) -> None:
    async def act(daemon: Daemon) -> None:
        path = admin_socket(daemon.config)
        assert path.stat().st_mode & 0o777 == 0o660
        assert daemon.config.data_dir.stat().st_mode & 0o007 == 0
        daemon.stop()

    run(tmp_path, act)


def test_strangers_on_the_machine_read_nothing_that_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even where the data directory was made by hand, and is open to all."""
    made = tmp_path / "made"

    def start(main: Coroutine[None, None, None]) -> None:
        main.close()
        made.touch()

    before = os.umask(0)
    try:
        monkeypatch.setattr("modemgw.daemon.asyncio.run", start)
        run_daemon(config(tmp_path))
    finally:
        os.umask(before)
    assert made.stat().st_mode & 0o777 == 0o640
