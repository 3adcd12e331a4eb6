"""The daemon: builds the parts, owns every task, and takes them down in order.

Start: store, gateway, recovery, doors (HTTP, admin socket), modems. The doors
open before any modem is ready: accepted is durable, sending comes later.

Stop: intake answers 503, lanes begin nothing new, what is on the air may finish
within `DRAIN_S`, then modems are let go, and the writer is closed last.
"""

import asyncio
import gc
import logging
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from types import TracebackType

from aiohttp import web

from modemgw import __version__
from modemgw.api.app import build_app
from modemgw.api.door import BACKLOG, Door, most_connections
from modemgw.api.shortcut import Runner
from modemgw.api.tls import Tls, TlsSite, open_tls
from modemgw.clock import Clock, SystemClock
from modemgw.config.model import Config
from modemgw.config.paths import admin_socket
from modemgw.errors import Corrupt, ModemgwError, StoreError
from modemgw.gateway.backups import Backups
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.metrics import HttpTally
from modemgw.modem.discovery import Look, Scanner
from modemgw.modem.port import OpenPort, open_serial
from modemgw.store import events
from modemgw.store.database import Store
from modemgw.systemd import Notifier, watchdog_interval_s
from modemgw.words import counted

log = logging.getLogger("modemgw.daemon")

DRAIN_S = 160.0  # the deadline after Ctrl-Z is 150 s; TimeoutStopSec is 180
HTTP_STOP_S = 2.0  # for answers that are being written
GC_THRESHOLD = (10_000, 20, 20)  # a message makes hundreds of objects and no cycle
WATCHDOG_S = 30.0  # what the database has to answer within where no watchdog asks
PROOF_S = 10.0  # how often it is asked, and so how soon /readyz sees room again


class CannotListen(ModemgwError):
    """An address of the configuration cannot be bound."""


class _Stop(Exception):
    """Ends the task group from inside: the way out of a clean run."""


class Daemon:
    """One running gateway with its doors."""

    def __init__(
        self,
        config: Config,
        *,
        clock: Clock | None = None,
        open_port: OpenPort = open_serial,
        look: Look | None = None,
    ) -> None:
        self.config = config
        self.addresses: list[tuple[str, int]] = []  # bound, with the real port
        self.gateway: Gateway
        self.tls: Tls | None = None
        self._clock = clock or SystemClock()
        self._open_port = open_port
        self._look = look or Scanner().look
        self._stop = asyncio.Event()
        self._at_once = asyncio.Event()
        self._damage: Corrupt | None = None
        self._notifier = Notifier()

    def reload(self) -> None:
        """Read the configuration again; a start that is not done reads it itself."""
        if hasattr(self, "gateway"):
            self.gateway.reloader.ask()

    def stop(self) -> None:
        """Drain and end; a second call ends without draining."""
        if self._stop.is_set():
            self._at_once.set()
        self._stop.set()

    async def run(self, ready: "Callable[[Daemon], None] | None" = None) -> None:
        """Run until `stop`.

        Raises ModemgwError where it cannot even start, Corrupt where the database
        turns out to be damaged.
        """
        async with AsyncExitStack() as stack:
            store = await Store.open(self.config.data_dir, clock=self._clock)
            stack.push(partial(_close, store))
            store.on_damage = self._damaged
            self.gateway = Gateway(
                self.config,
                store,
                self._clock,
                open_port=self._open_port,
                look=self._look,
            )
            reloader = self.gateway.reloader
            reloader.on_begin, reloader.on_end = self._notifier.reloading, self._ready
            reloader.also.append(_log_level)
            await self.gateway.webhooks.sync_declared(self.config.endpoints())
            await self.gateway.start()
            await self._open_doors(stack)
            try:
                async with asyncio.TaskGroup() as group:
                    self._start_tasks(group)
                    await self._announce()
                    gc.collect()
                    gc.freeze()  # what lives for ever need not be looked at again
                    gc.set_threshold(*GC_THRESHOLD)
                    if ready is not None:
                        ready(self)
                    await self._stop.wait()
                    await self._drain()
                    raise _Stop
            except* _Stop:
                log.info("stopped")
            if self._damage is not None:
                raise self._damage

    def _damaged(self, damage: Corrupt) -> None:
        """Stop at once: what a damaged file takes from here on may be lost."""
        self._damage = damage
        self._at_once.set()
        self._stop.set()

    def _start_tasks(self, group: asyncio.TaskGroup) -> None:
        for name, run in self.gateway.tasks():
            group.create_task(_forever(run), name=name)
        group.create_task(self._prove_progress(), name="watchdog")
        group.create_task(self.gateway.store.finish_check(), name="check")
        backups = Backups(self.gateway.store, self._clock, self.config)
        self.gateway.reloader.also.append(backups.prepare)
        group.create_task(_forever(backups.run), name="backup")
        if self.tls is not None:
            group.create_task(_forever(self.tls.run), name="tls")

    async def _open_doors(self, stack: AsyncExitStack) -> None:
        listen = self.config.http.listen
        door, tally = Door(), HttpTally()
        runner = Runner(
            build_app(self.gateway, door=door, tally=tally),
            access_log=None,
            shutdown_timeout=HTTP_STOP_S,
        )
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        if runner.server is not None:  # it is, since setup
            door.watch(runner.server, most_connections())
        self.tls = await open_tls(self.config, self._clock)
        if self.tls is not None:
            self.gateway.reloader.also.append(self.tls.prepare)
        for address in listen:
            where = runner, address.host, address.port
            site = (
                TlsSite(*where, self.tls, door)
                if self.tls
                else web.TCPSite(*where, backlog=BACKLOG)
            )
            try:
                await site.start()
            except OSError as exc:
                raise CannotListen(
                    f"cannot listen on {address.host}:{address.port}: {_why(exc)}"
                ) from exc
        self.addresses = [(str(name[0]), int(name[1])) for name in runner.addresses]
        for host, port in self.addresses:
            extra = {"address": _written(host, port), "tls": self.config.http.tls.mode}
            log.info("listening", extra=extra)
        self.gateway.webhooks.finder.guard.listening(self.addresses)
        admin = web.AppRunner(
            build_app(self.gateway, admin=True, tally=tally),
            access_log=None,
            shutdown_timeout=HTTP_STOP_S,
        )
        await admin.setup()
        stack.push_async_callback(admin.cleanup)
        path = admin_socket(self.config)
        await web.SockSite(admin, _admin_socket(path)).start()
        stack.callback(path.unlink, missing_ok=True)

    async def _announce(self) -> None:
        store, now = self.gateway.store, self._clock.now_ms()
        await store.write(
            lambda db: events.append(
                db,
                "gateway.started",
                at=now,
                data={"version": __version__, "clean": store.was_clean},
                push=True,
                ids=store.ids,
            )
        )
        self._ready()
        log.info(
            "started",
            extra={"version": __version__, "modems": len(self.gateway.pool.actors)},
        )

    def _ready(self, said: str = "") -> None:
        modems = counted(len(self.gateway.pool.actors), "modem")
        self._notifier.ready(f"{modems}; {said}" if said else modems)

    async def _prove_progress(self) -> None:
        """Feed the watchdog, but only when the loop turns and the store commits."""
        patience = watchdog_interval_s() or WATCHDOG_S
        store = self.gateway.store
        while True:
            await asyncio.sleep(min(patience, PROOF_S))
            try:
                async with asyncio.timeout(patience):
                    await store.prove()
            except TimeoutError:
                log.error("the database has not answered", extra={"seconds": patience})
                continue
            except StoreError:
                pass  # it says no, but it answers; intake and lanes know already
            self._notifier.alive()

    async def _drain(self) -> None:
        self._notifier.stopping("letting what is on the air finish")
        log.info("stopping")
        drain = asyncio.ensure_future(self.gateway.drain(DRAIN_S))
        hurry = asyncio.ensure_future(self._at_once.wait())
        try:
            await asyncio.wait({drain, hurry}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hurry.cancel()
            if not drain.done():
                drain.cancel()
                log.warning("stopped before everything on the air had its answer")


def _close(
    store: Store,
    kind: type[BaseException] | None,
    error: BaseException | None,
    trace: TracebackType | None,
) -> None:
    """Close the store; after a bug as after a crash, which the next start looks into.

    What was in work then may be what did it: see `store.inbound.open_items`.
    """
    store.abandon(clean=kind is None or issubclass(kind, ModemgwError))


def _why(error: OSError) -> str:
    """Say what the system said; asyncio wraps errors of bind in words of its own."""
    if isinstance(error, socket.gaierror):
        return error.strerror or "the name has no address"
    return os.strerror(error.errno or 0)


async def _log_level(config: Config) -> Callable[[], None]:
    """Prepare what a reload changes of the log."""
    return partial(logging.getLogger("modemgw").setLevel, config.log.level.upper())


def _written(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def _forever(run: Callable[[], Awaitable[None]]) -> None:
    await run()
    raise AssertionError(f"{run!r} came to an end")


def _admin_socket(path: Path) -> socket.socket:
    """Bind the admin socket: owner and group may open it, nobody else.

    The lock on the data directory is ours, so a socket that is there is stale.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        path.unlink(missing_ok=True)
        door.bind(str(path))
    except OSError as exc:
        door.close()
        raise CannotListen(f"cannot listen on {str(path)!r}: {exc.strerror}") from exc
    finally:
        os.umask(before)
    door.setblocking(False)
    return door


def run(config: Config, *, ready: Callable[[Daemon], None] | None = None) -> None:
    """Run the daemon until SIGTERM or SIGINT. Raises ModemgwError."""

    async def main() -> None:
        daemon = Daemon(config)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, daemon.stop)
        loop.add_signal_handler(signal.SIGHUP, daemon.reload)
        await daemon.run(ready)

    # Whatever is made from here on, strangers on this machine do not read it.
    os.umask(os.umask(0o077) | 0o027)
    asyncio.run(main())
