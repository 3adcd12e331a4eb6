"""The API over a real gateway and a real store, without a modem.

async def story(desk: Desk) -> None:
    answer = await desk.post("/v1/messages", {"to": TO, "text": "hi"})

def test_it(tmp_path: Path) -> None:
    at_desk(tmp_path, story)
"""

import asyncio
import io
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
from aiohttp.test_utils import TestClient, TestServer

from modemgw.api.app import build_app
from modemgw.api.shortcut import Runner
from modemgw.clock import SystemClock
from modemgw.config.model import Config, Http, Queue
from modemgw.gateway.gateway import Gateway
from modemgw.modem.port import Port
from tests.store.factory import open_store

TO = "+4915112345678"
SCOPES = (
    *("messages:send", "messages:read", "at:read", "sims:read", "sims:write"),
    *("modems:read", "webhooks:read", "webhooks:write", "events:read"),
)


class Server(TestServer):
    """A server as the daemon runs it: with the shortcut; who leaves ends no request."""

    async def _make_runner(self, **options: Any) -> Runner:
        options["handler_cancellation"] = False
        return Runner(self.app, **options)


@dataclass(frozen=True)
class Answer:
    """One answer of the API, read to its end."""

    status: int
    headers: Mapping[str, str]
    octets: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.octets)

    @property
    def problem(self) -> str:
        """The last part of the problem type, or '' where it is no problem."""
        if self.headers["Content-Type"] != "application/problem+json":
            return ""
        return str(self.json["type"]).rpartition("/")[2]

    @property
    def pointers(self) -> list[str]:
        """Where the problem points: body pointers, ?parameters and @headers."""
        return [
            issue.get("pointer", issue.get("parameter", issue.get("header")))
            for issue in self.json.get("errors", ())
        ]


@dataclass
class Desk:
    """A running API, one client of it, and the admin's door."""

    gateway: Gateway
    client: TestClient[Any, Any]
    admin: TestClient[Any, Any]
    key: str = ""

    async def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        admin: bool = False,
    ) -> Answer:
        """Ask with a JSON body (bytes go as they are), with `key` or the desk's."""
        sent = dict(headers or {})
        if not admin and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {self.key if key is None else key}"
        data: io.BytesIO | None = None
        if body is not None:
            sent.setdefault("Content-Type", "application/json")
            data = io.BytesIO(
                body if isinstance(body, bytes) else msgspec.json.encode(body)
            )
        client = self.admin if admin else self.client
        async with client.request(method, path, data=data, headers=sent) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def post(self, path: str, body: object = None, **options: Any) -> Answer:
        return await self.ask("POST", path, body, **options)

    async def new_key(self, *scopes: str) -> str:
        """Make a key with these scopes; return it in the clear."""
        answer = await self.post(
            "/v1/keys", {"name": "test", "scopes": list(scopes)}, admin=True
        )
        assert answer.status == 201, answer.octets
        return str(answer.json["key"])

    async def queued(self) -> int:
        """How many messages there are."""
        answer = await self.get("/v1/messages?count=true&limit=1", admin=True)
        return int(answer.json["count"])


async def _no_port(path: str, on_data: object, on_lost: object) -> Port:
    raise FileNotFoundError(path)


def octets_of(directory: Path) -> bytes:
    """Return all that the files of a directory hold."""
    return b"".join(path.read_bytes() for path in directory.iterdir() if path.is_file())


Story = Callable[[Desk], Awaitable[None]]


def at_desk(
    tmp_path: Path,
    story: Story,
    *,
    scopes: Iterable[str] = SCOPES,
    queue_max: int = 1000,
    allow: tuple[str, ...] = (),
    inline: bool = True,
    configure: Callable[[Config], Config] = lambda config: config,
) -> None:
    """Run a story at a desk whose key has `scopes`; `inline`: without threads.

    `configure` may change the configuration before it is used.
    """

    async def run() -> None:
        config = Config(
            path=None,
            data_dir=tmp_path,
            country="DE",
            discovery=False,
            http=Http(webhook_allow=allow),
            queue=Queue(max=queue_max),
        )
        config = configure(config)
        async with AsyncExitStack() as stack:
            clock = SystemClock()
            store = await stack.enter_async_context(
                open_store(tmp_path, clock=clock, inline=inline)
            )
            gateway = Gateway(config, store, clock, open_port=_no_port)
            await gateway.start()
            client, admin = [
                await stack.enter_async_context(
                    TestClient(Server(build_app(gateway, admin=admin)))
                )
                for admin in (False, True)
            ]
            desk = Desk(gateway, client, admin)
            desk.key = await desk.new_key(*scopes)
            await story(desk)

    asyncio.run(run())
