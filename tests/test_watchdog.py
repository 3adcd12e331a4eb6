"""The watchdog is fed by progress alone: what hangs is restarted, a refusal is not."""

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from modemgw.daemon import Daemon
from modemgw.errors import StoreError
from modemgw.systemd import Notifier
from tests.test_daemon import run

PATIENCE_S = 0.05


class Fed:
    """Counts what the service manager would hear, and lets a test wait for more."""

    def __init__(self) -> None:
        self.times = 0
        self._more = asyncio.Event()

    def __call__(self) -> None:
        self.times += 1
        self._more.set()

    async def again(self) -> None:
        self._more.clear()
        await self._more.wait()


class Heard(logging.Handler):
    """Sets an event when a phrase is logged."""

    def __init__(self, phrase: str) -> None:
        super().__init__()
        self._phrase = phrase
        self.event = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage() == self._phrase:
            self.event.set()


@pytest.fixture
def live(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Daemon, Fed], Awaitable[None]]], None]:
    """Run a daemon that is watched closely, with what is done to it."""
    monkeypatch.setenv("WATCHDOG_USEC", str(int(PATIENCE_S * 2_000_000)))

    def begin(act: Callable[[Daemon, Fed], Awaitable[None]]) -> None:
        async def acting(daemon: Daemon) -> None:
            fed = Fed()
            monkeypatch.setattr(Notifier, "alive", lambda _: fed())
            try:
                await fed.again()
                await act(daemon, fed)
            finally:
                daemon.stop()

        run(tmp_path, acting)

    return begin


Live = Callable[[Callable[[Daemon, Fed], Awaitable[None]]], None]


def test_a_writer_that_hangs_feeds_nothing(live: Live) -> None:
    async def act(daemon: Daemon, fed: Fed) -> None:
        stuck, freed = threading.Event(), threading.Event()

        def hang(number: int) -> None:
            stuck.set()
            freed.wait(10)

        heard = Heard("the database has not answered")
        logging.getLogger("modemgw.daemon").addHandler(heard)
        store = daemon.gateway.store
        store.writer.before_commit = hang
        held = store.write(lambda db: None)
        try:
            await asyncio.to_thread(stuck.wait, 10)
            times = fed.times
            await heard.event.wait()
            heard.event.clear()
            await heard.event.wait()
            assert fed.times == times
        finally:
            store.writer.before_commit = None
            freed.set()
            logging.getLogger("modemgw.daemon").removeHandler(heard)
        await held
        await fed.again()

    live(act)


def test_a_loop_that_hangs_feeds_nothing(live: Live) -> None:
    async def act(daemon: Daemon, fed: Fed) -> None:
        times = fed.times
        threading.Event().wait(PATIENCE_S * 4)  # not awaited: everything stands still
        assert fed.times == times
        await fed.again()

    live(act)


def test_a_database_that_refuses_has_answered(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def act(daemon: Daemon, fed: Fed) -> None:
        def refuse() -> None:
            raise StoreError("the disk is full")

        monkeypatch.setattr(daemon.gateway.store, "prove", refuse)
        await fed.again()

    live(act)
