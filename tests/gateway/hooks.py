"""A real receiver of webhooks on 127.0.0.1, and the engine beside it.

    async def story(bench: Bench) -> None:
        hook = await bench.endpoint()
        await bench.event("message.sent", {"id": "msg_1"})
        await bench.quiet()
        assert bench.receiver.got[0].json["type"] == "message.sent"

    def test_it(tmp_path: Path) -> None:
        run(tmp_path, story)

Requests are real; due times are virtual: `bench.clock.advance` moves them.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from modemgw.gateway.resolve import UnknownHost
from modemgw.gateway.targets import Address, TargetGuard, literal
from modemgw.gateway.webhook_lanes import Lanes
from modemgw.gateway.webhooks import Deliverer
from modemgw.store import deliveries, events, webhooks
from modemgw.store.database import Store
from modemgw.store.deliveries import DeliveryRow
from modemgw.store.webhooks import WebhookRow

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
PATIENCE_S = 20.0  # real time; a test that needs more has hung


class SetClock:
    """Wall time that moves only when told to; starts at the real one."""

    def __init__(self) -> None:
        self.ms = time.time_ns() // 1_000_000

    def now_ms(self) -> int:
        return self.ms

    def monotonic(self) -> float:
        return self.ms / 1000


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


@dataclass
class Receiver:
    """Keeps what it is sent; answers by path what it was told to, else 204."""

    got: list[Received] = field(default_factory=list)
    answers: dict[str, list[int | Answer | web.Response]] = field(default_factory=dict)
    always: dict[str, int | Answer] = field(default_factory=dict)
    at_once: dict[str, int] = field(default_factory=dict)
    most_at_once: dict[str, int] = field(default_factory=dict)
    port: int = 0

    def url(self, path: str = "/hook", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def to(self, path: str) -> list[Received]:
        return [one for one in self.got if one.path == path]

    async def take(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.got.append(Received(path, headers, await request.read()))
        self.at_once[path] = self.at_once.get(path, 0) + 1
        self.most_at_once[path] = max(
            self.most_at_once.get(path, 0), self.at_once[path]
        )
        try:
            script = self.answers.get(path)
            answer = script.pop(0) if script else self.always.get(path, 204)
            if isinstance(answer, int):
                return web.Response(status=answer)
            if isinstance(answer, web.Response):
                return answer
            return await answer(request)
        finally:
            self.at_once[path] -= 1


class Bench:
    """One store, one receiver, one engine that can be stopped and started."""

    def __init__(self, data_dir: Path, receiver: Receiver) -> None:
        self.receiver = receiver
        self.clock = SetClock()
        self.names: dict[str, list[Address]] = {}
        self.allow: tuple[str, ...] = ()
        self.lanes = Lanes()
        self._data_dir = data_dir
        self._task: asyncio.Task[None] | None = None
        self.store: Store
        self.engine: Deliverer

    async def lookup(self, host: str) -> list[Address]:
        address = literal(host)
        if address is not None:
            return [address]
        if host not in self.names:
            raise UnknownHost(f"{host} has no address")
        return self.names[host]

    async def start(self) -> None:
        self.store = await Store.open(self._data_dir, clock=self.clock)
        self.engine = Deliverer(
            self.store,
            TargetGuard(self.allow),
            clock=self.clock,
            rng=random.Random(1),  # noqa: S311 - the same jitter each time
            lookup=self.lookup,
            lanes=self.lanes,
            linger_s=0,
            store_retry_s=0.01,
        )
        self.store.writer.on_pushed = self.engine.wake
        self._task = asyncio.create_task(self.engine.run())

    async def stop(self, *, clean: bool = True) -> None:
        if self._task is None:
            return
        task, self._task = self._task, None
        if not clean:  # what happens from here on does not reach the disk
            self.store.writer.before_commit = _power_cut
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        self.store.abandon(clean=clean)

    async def restart(self, *, clean: bool = True) -> None:
        await self.stop(clean=clean)
        self.lanes = Lanes()
        self.clock.ms += 1  # nothing restarts within a millisecond
        await self.start()

    async def endpoint(
        self,
        path: str = "/hook",
        events: Sequence[str] = ("*",),
        *,
        url: str | None = None,
        declared: bool = True,
        secret: str | None = None,
    ) -> WebhookRow:
        store, now = self.store, self.clock.ms
        return await store.write(
            lambda db: webhooks.create(
                db,
                store.ids,
                url=url or self.receiver.url(path),
                events=events,
                now=now,
                secret=secret,
                declared=declared,
            )
        )

    async def event(
        self, type: str = "message.sent", data: dict[str, object] | None = None
    ) -> None:
        await self.events(1, type, data)

    async def events(
        self,
        count: int,
        type: str = "message.sent",
        data: dict[str, object] | None = None,
        **callback: Any,
    ) -> None:
        store, at = self.store, self.clock.ms
        await asyncio.gather(
            *(
                store.write(
                    lambda db, number=number: events.append(  # type: ignore[misc] # defaults
                        db,
                        type,
                        at=at,
                        data=data or {"number": number},
                        ids=store.ids,
                        push=True,
                        **callback,
                    )
                )
                for number in range(count)
            )
        )

    async def quiet(self) -> None:
        """Wait until everything that is due now was tried and written down."""
        async with asyncio.timeout(PATIENCE_S):
            await self.engine.quiet()

    async def later(self, seconds: float) -> None:
        """Let virtual time pass, and wait for what falls due by then."""
        self.clock.ms += round(seconds * 1000)
        self.engine.wake()
        await self.quiet()

    async def hook(self, row: WebhookRow) -> WebhookRow:
        found = await self.store.read(lambda db: webhooks.get(db, row.public_id))
        assert found is not None
        return found

    async def deliveries(self, row: WebhookRow) -> list[DeliveryRow]:
        """Return the deliveries of one endpoint, oldest first."""
        found = await self.store.read(
            lambda db: deliveries.list_deliveries(db, row.id, limit=10_000)
        )
        return found[::-1]


def _power_cut(_: int) -> None:
    raise OSError("the power is gone")


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/{tail:.*}", receiver.take)
    async with TestServer(app, host="127.0.0.1") as server:
        receiver.port = server.port or 0
        yield receiver


def run(
    data_dir: Path,
    story: Callable[[Bench], Awaitable[None]],
    *,
    allow: bool = False,
    lanes: Lanes | None = None,
) -> None:
    """Run `story`; with `allow` endpoints made over the API may reach the receiver."""

    async def whole() -> None:
        async with receiving() as receiver:
            bench = Bench(data_dir, receiver)
            bench.lanes = lanes or bench.lanes
            if allow:
                bench.allow = (f"127.0.0.1:{receiver.port}",)
            await bench.start()
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await story(bench)
            finally:
                await bench.stop()

    asyncio.run(whole())
