"""Make every request that the documentation shows, at a gateway in virtual time.

    python -m tests.api.exampling

writes what came of them into modemgw/api/examples.json, where the OpenAPI document
has its answers from; test_examples.py holds that file against what comes now.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import StreamReader, web
from aiohttp.base_protocol import BaseProtocol
from aiohttp.test_utils import make_mocked_request

from modemgw.api import problems
from modemgw.api.app import ROUTES
from modemgw.api.auth import AUTHENTICATOR, Authenticator
from modemgw.api.openapi import EXAMPLES
from modemgw.api.openapi import route as document_route
from modemgw.api.routing import Call, Example, Route
from modemgw.errors import RequestError
from modemgw.sim.faults import Faults
from modemgw.sim.fleet import iccid_of, make_modem, number_of
from modemgw.sim.network import Network
from modemgw.store import deliveries, events
from tests.gateway.rig import RECIPIENT, TESTER, Rig, config_text, gateway_rig
from tests.gateway.test_verifications import code_in
from tests.loop import VirtualClock, run_virtual

NAMES = ("red", "blue", "doubt0", "doubt1", "doubt2")
CARDS = "".join(
    f"    - {{name: {name}, iccid: '{iccid_of(n)}', number: '{number_of(n)}'}}\n"
    for n, name in enumerate(NAMES)
)
EXTRA = f"""\
sims:
  currency: EUR
  defaults:
    pace: off
    reports: on
    balance: {{ussd: "*100#"}}
    tariff: {{price: 0.09, bundle: {{parts: 500, per: month}}, spend: [5.00/month]}}
  cards:
{CARDS}"""
MOST = 8  # items of a list that are kept
REQUEST_ID = "req_01KA7M2Z8Q4T6V8X0B2D4F6H8K"


@dataclass
class Staged:
    """What an example needs to be true: ids of the path, and words of its body."""

    ids: dict[str, str] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Came:
    """What an example was answered."""

    status: int
    octets: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.octets) if self.octets else None


def all_examples() -> list[tuple[Route, str, Example]]:
    """Every example of every route that answers with JSON, or with nothing."""
    return [
        (route, name, example)
        for route in (*ROUTES, document_route(lambda: b"{}"))
        for name, example in route.shown.items()
        if route.media in ("", "application/json") and "{file}" not in route.path
    ]


class World:
    """The gateway, and what the examples find there."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self._doubts: list[str] = []
        self._codes = 0
        self._app = web.Application()
        gateway = rig.gateway
        self._app[AUTHENTICATOR] = Authenticator(gateway.keys, gateway.clock)

    async def ask(self, route: Route, example: Example, staged: Staged) -> Came:
        """Answer one example as the application would, behind its door."""
        loop = asyncio.get_running_loop()
        content = StreamReader(BaseProtocol(loop), 2**16, loop=loop)
        headers = {}
        if example.body is not None:
            octets, kind = msgspec.json.encode(example.body), "application/json"
            if route.form is not None:
                octets = urlencode(example.body).encode()
                kind = "application/x-www-form-urlencoded"
            for word, real in staged.words.items():
                octets = octets.replace(word.encode(), real.encode())
            content.feed_data(octets)
            headers["Content-Type"] = kind
        content.feed_eof()
        path = route.path.format(**staged.ids)
        request = make_mocked_request(
            *(route.method, path + example.query, headers),
            match_info=staged.ids,
            payload=content,
            app=self._app,
        )
        try:
            answer = await route.handler(Call(request, self.rig.gateway, TESTER))
        except RequestError as exc:
            answer = problems.response(exc, path=path, request_id=REQUEST_ID)
        assert isinstance(answer, web.Response)
        said = answer.body or b""
        assert isinstance(said, bytes)
        return Came(answer.status, said)

    async def do(self, path: str, body: object = None, **ids: str) -> Any:
        """POST something that an example needs, and return the answer."""
        [route] = [r for r in ROUTES if (r.method, r.path) == ("POST", path)]
        came = await self.ask(route, Example("", body), Staged(ids))
        assert came.status < 300, came.octets
        return came.json

    async def message(self) -> Staged:
        return Staged({"id": await self.rig.send(text="Your bike is ready.")})

    async def over(self) -> Staged:
        staged = await self.message()
        await self.rig.state(staged.ids["id"], "delivered")
        return staged

    async def waits(self) -> Staged:
        later = self.rig.clock.now_ms() + 3_600_000
        return Staged({"id": await self.rig.send(send_at=later)})

    async def get_doubts(self) -> None:
        """Send what nobody knows about afterwards, one by each of the SIMs for it."""
        for name in NAMES[2:]:
            self._doubts.append(await self.rig.send(sim=name, text="Hello"))
        for sent in self._doubts:
            await self.rig.state(sent, "in_doubt", within=900)

    async def doubt(self) -> Staged:
        return Staged({"id": self._doubts.pop()})

    async def batch(self) -> Staged:
        items = [{"to": RECIPIENT, "text": f"No. {n}"} for n in range(3)]
        made = await self.do("/v1/messages/batch", {"messages": items})
        return Staged({"id": made["batch_id"]})

    async def code(self) -> Staged:
        self._codes += 1  # one number gets only so many
        body = {"to": f"+49151987654{self._codes:02}", "app": "Shop"}
        made = await self.do("/v1/verifications", body)
        code = await code_in(self.rig, made["message_id"])
        return Staged({"id": made["id"]}, {"123456": code})

    async def sim(self) -> Staged:
        return Staged({"id": "red"})

    async def calm(self) -> Staged:
        await asyncio.sleep(120)  # what was on its way has arrived
        return Staged()

    async def free_sim(self) -> Staged:
        await self.do("/v1/sims/{id}/bench", {}, id="doubt0")
        return Staged({"id": "doubt0"})

    async def benched(self) -> Staged:
        return await self.free_sim()

    async def rested_sim(self) -> Staged:
        await asyncio.sleep(120)  # one pair is tested once at a time
        return await self.sim()

    async def tested(self) -> Staged:
        await self.rested_sim()
        made = await self.do("/v1/sims/{id}/selftest", {"to": "blue"}, id="red")
        return Staged({"id": made["id"]})

    async def session(self) -> Staged:
        menu = await self.do("/v1/sims/{id}/ussd", {"code": "*101#"}, id="blue")
        return Staged({"id": "blue", "session": menu["session"]})

    async def modem(self) -> Staged:
        return Staged({"id": self.rig.gateway.modems()[0].name})

    async def last_modem(self) -> Staged:
        return Staged({"id": self.rig.gateway.modems()[-1].name})

    async def hook(self) -> Staged:
        body = {"url": "http://10.0.0.5/hooks/sms", "events": ["message.*"]}
        return Staged({"id": (await self.do("/v1/webhooks", body))["id"]})

    async def pinged(self) -> Staged:
        staged = await self.hook()
        sent = await self.do("/v1/webhooks/{id}/test", {}, **staged.ids)
        now, store = self.rig.clock.now_ms(), self.rig.store
        [due] = [
            one
            for one in await store.read(lambda db: deliveries.due(db, now, limit=100))
            if one.public_id == sent["id"]
        ]
        await store.write(
            lambda db: deliveries.record_attempt(
                db,
                due.id,
                at=now,
                status=200,
                error=None,
                state="done",
                next_attempt_at=None,
            )
        )
        return Staged({**staged.ids, "delivery": sent["id"]})

    async def stopped(self) -> Staged:
        made = await self.do("/v1/suppressions", {"number": "+4915199999999"})
        return Staged({"id": made["id"]})

    async def key(self) -> Staged:
        made = await self.do("/v1/keys", {"name": "shop", "scopes": ["sender"]})
        secret = made["key"].rpartition("_")[2]
        public = made["key"].split("_")[1]
        words = {"k7k7k7k7": public, "its-secret": secret}
        return Staged({"id": made["id"]}, words)

    async def other_file(self) -> Staged:
        path = self.rig.gateway.config.path
        assert path is not None
        changed = "queue: {max: 5000}\nhttp: {listen: 0.0.0.0:8080}\n"
        path.write_text(config_text(len(NAMES), EXTRA + changed), "utf-8")
        return Staged()

    async def nothing(self) -> Staged:
        return Staged()


Stage = Callable[[World], Awaitable[Staged]]
_ITEM, _SIM, _HOOK = "/v1/messages/{id}", "/v1/sims/{id}", "/v1/webhooks/{id}"
# What has to be there before an example can be asked, by "METHOD path".
STAGES: Mapping[str, Stage] = {
    f"GET {_ITEM}": World.over,
    f"GET {_ITEM}/timeline": World.over,
    f"POST {_ITEM}/cancel": World.waits,
    f"POST {_ITEM}/settle": World.doubt,
    f"POST {_ITEM}/resend": World.over,
    f"DELETE {_ITEM}/body": World.over,
    "GET /v1/batches/{id}": World.batch,
    "POST /v1/batches/{id}/cancel": World.batch,
    "POST /v1/verifications": World.calm,
    "GET /v1/verifications/{id}": World.code,
    "POST /v1/verifications/{id}/check": World.code,
    "POST /v1/privacy/erase": World.calm,
    "POST /v1/reload": World.other_file,
    f"GET {_SIM}": World.sim,
    f"PATCH {_SIM}": World.sim,
    f"POST {_SIM}/bench": World.free_sim,
    f"POST {_SIM}/parole": World.benched,
    f"POST {_SIM}/pause": World.free_sim,
    f"POST {_SIM}/resume": World.free_sim,
    f"POST {_SIM}/balance": World.sim,
    f"GET {_SIM}/balance": World.sim,
    f"POST {_SIM}/selftest": World.rested_sim,
    f"GET {_SIM}/selftest": World.sim,
    "GET /v1/selftests/{id}": World.tested,
    f"POST {_SIM}/ussd": World.sim,
    f"POST {_SIM}/ussd/{{session}}": World.session,
    f"DELETE {_SIM}/ussd/{{session}}": World.session,
    "GET /v1/modems/{id}": World.modem,
    "GET /v1/modems/{id}/transcript": World.modem,
    "GET /v1/modems/{id}/journal": World.modem,
    "POST /v1/modems/{id}/restart": World.last_modem,
    "POST /v1/modems/{id}/at": World.modem,
    f"GET {_HOOK}": World.hook,
    f"PATCH {_HOOK}": World.hook,
    f"DELETE {_HOOK}": World.hook,
    f"POST {_HOOK}/test": World.hook,
    f"POST {_HOOK}/rotate": World.hook,
    f"GET {_HOOK}/deliveries": World.pinged,
    f"POST {_HOOK}/deliveries/{{delivery}}/replay": World.pinged,
    "GET /v1/suppressions/{id}": World.stopped,
    "DELETE /v1/suppressions/{id}": World.stopped,
    "PATCH /v1/keys/{id}": World.key,
    "POST /v1/keys/{id}/rotate": World.key,
    "GET /v1/keys/{id}/twilio": World.key,
    "DELETE /v1/keys/{id}": World.key,
    "POST /oauth/token": World.key,
    "POST /oauth/revoke": World.key,
}


@asynccontextmanager
async def world(home: Path) -> AsyncIterator[World]:
    """Build the gateway that answers them."""
    clock = VirtualClock()
    network = Network(clock=clock)
    silent = Faults(silent_after_submit=frozenset({1}))
    sims = [
        make_modem(network, n, faults=silent if n > 1 else Faults(), credit=100_000)
        for n in range(len(NAMES))
    ]
    async with gateway_rig(
        home, world=(network, sims), clock=clock, extra=EXTRA
    ) as rig:
        await rig.ready()
        here = World(rig)
        await here.get_doubts()
        yield here


async def answers(
    home: Path,
) -> tuple[dict[str, dict[str, Came]], list[tuple[str, Any]]]:
    """Make every example; return the answers by route and name, and the events."""
    found: dict[str, dict[str, Came]] = {}
    async with world(home) as here:
        for route, name, example in all_examples():
            key = f"{route.method} {route.path}"
            try:
                staged = await STAGES.get(key, World.nothing)(here)
                came = await here.ask(route, example, staged)
            except Exception as exc:
                exc.add_note(f"{key}, example {name}")
                raise
            found.setdefault(key, {})[name] = came
        await here.do("/v1/resume", {})
        pushed = await here.rig.store.read(lambda db: events.since(db, 0, limit=1000))
    return found, [(one.type, one.data) for one in pushed]


def cut(value: Any) -> Any:
    """Cut long lists: an example shows what is in them, not how much."""
    if isinstance(value, dict):
        return {name: cut(item) for name, item in value.items()}
    return [cut(item) for item in value[:MOST]] if isinstance(value, list) else value


def main() -> None:
    """Write the file anew."""
    with tempfile.TemporaryDirectory() as home:
        found, _ = run_virtual(answers(Path(home)))
    kept = [
        (route, {name: cut(came.json) for name, came in named.items()})
        for route, named in found.items()
        if not route.endswith(".json")
    ]
    lines = [msgspec.json.encode({route: named})[1:-1] for route, named in kept]
    lines = [line.replace(f"{home}/test".encode(), b"modemgw") for line in lines]
    EXAMPLES.write_bytes(b"{\n" + b",\n".join(lines) + b"\n}\n")


if __name__ == "__main__":
    main()
