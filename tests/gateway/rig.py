"""A whole gateway in virtual time: inline store, simulated modems on wires.

async def story() -> None:
    async with gateway_rig(tmp_path, modems=2) as rig:
        sent = await rig.send("+4915112345678", "hello")
        await rig.state(sent, "delivered")

run_virtual(story())
"""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from modemgw.config.load import parse
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Caller, Draft
from modemgw.sim.faults import NO_FAULTS, Faults
from modemgw.sim.fleet import make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.wire import Wires
from modemgw.store import events, messages
from modemgw.store.database import Store
from modemgw.store.events import EventRow
from modemgw.store.messages import MessageRow
from tests.gateway.event_check import event_difference
from tests.gateway.sockets import Sockets
from tests.loop import VirtualClock

TESTER = Caller(None, "tester", frozenset({"admin"}), "test")
RECIPIENT = "+4915112345678"


class Rig:
    """The gateway under test, and the world around it."""

    def __init__(
        self,
        gateway: Gateway,
        network: Network,
        sims: list[SimModem],
        wires: Wires,
        clock: VirtualClock,
        sockets: Sockets,
    ) -> None:
        self.gateway = gateway
        self.network = network
        self.sims = sims
        self.wires = wires
        self.clock = clock
        self.sockets = sockets

    @property
    def store(self) -> Store:
        return self.gateway.store

    async def send(self, to: str = RECIPIENT, text: str = "hello", **more: Any) -> str:
        """Accept one message and return its id."""
        draft = Draft(to=to, text=text, **more)
        return (await self.gateway.submit(draft, TESTER)).id

    async def message(self, public_id: str) -> MessageRow:
        row = await self.store.read(lambda db: messages.get(db, public_id))
        assert row is not None
        return row

    async def timeline(self, public_id: str) -> list[EventRow]:
        row = await self.message(public_id)
        return await self.store.read(lambda db: events.timeline(db, row.id))

    async def state(self, public_id: str, wanted: str, within: float = 300) -> None:
        """Let time pass until the message is in this state, or fail."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        while (found := (await self.message(public_id)).state) != wanted:
            left = end - loop.time()
            assert left > 0, f"still {found} after {within} s"
            # Virtual time: a look each twentieth of a second, rarer in long waits.
            await asyncio.sleep(min(left, max(0.05, within / 5000)))

    async def set_clock(self, by_ms: int) -> None:
        """Set the wall clock, and let the gateway see it."""
        self.clock.offset_ms += by_ms
        self.gateway.clock.now_ms()
        await asyncio.sleep(0.2)

    async def ready(self, count: int | None = None, within: float = 120) -> None:
        """Let time pass until this many modems can send."""
        loop = asyncio.get_running_loop()
        end = loop.time() + within
        wanted = len(self.sims) if count is None else count
        while True:
            lanes = self.gateway.dispatcher.lanes.values()
            if sum(lane.ready for lane in lanes) >= wanted:
                return
            why = [snapshot.why for snapshot in self.gateway.modems()]
            assert loop.time() < end, f"modems not ready after {within} s: {why}"
            await asyncio.sleep(0.05)

    async def inbox(self) -> list[MessageRow]:
        """Return received messages, oldest first."""
        return await self.listed(direction="inbound")

    async def listed(self, **filters: Any) -> list[MessageRow]:
        """Return messages that fit, oldest first."""
        wanted = messages.Filter(**filters)
        rows = await self.store.read(
            lambda db: messages.list_messages(db, wanted, limit=1000)
        )
        return rows[::-1]

    async def pushed(self, type: str) -> list[EventRow]:
        """Return pushed events of one type, oldest first."""
        return await self.store.read(
            lambda db: events.since(db, 0, types=(type,), limit=1000)
        )

    @property
    def on_air(self) -> int:
        """How many TPDUs the network has accepted."""
        return self.network.submitted


def config_text(modems: int, extra: str = "", listed: str | None = None) -> str:
    ports = "".join(
        f"  - {{name: m{index}, port: /sim/modem{index}}}\n" for index in range(modems)
    )
    listed = f"discovery: off\nmodems:\n{ports}" if listed is None else listed
    return f"data_dir: ./data\ncountry: DE\n{listed}" + (
        extra or "sims:\n  defaults: {pace: off, reports: on}\n"
    )


@asynccontextmanager
async def gateway_rig(
    tmp_path: Path,
    *,
    modems: int = 1,
    extra: str = "",
    faults: dict[int, Faults] | None = None,
    world: tuple[Network, list[SimModem]] | None = None,
    drip: bool = False,
    clock: VirtualClock | None = None,
    abandon: bool = False,
    listed: str | None = None,
    usb: Mapping[str, str] | None = None,
    **network_options: Any,
) -> AsyncIterator[Rig]:
    """Run a gateway on simulated modems; `world` lets it meet the same ones again.

    With `abandon` it ends as by a power cut: nothing is drained or marked clean.
    `listed` replaces the section of modems, and `discovery`; the machine is looked
    at then, and `usb` says which of its ports are on USB (path -> device).
    """
    clock = clock or VirtualClock()
    if world is None:
        network = Network(clock=clock, **network_options)
        sims = [
            make_modem(network, index, faults=(faults or {}).get(index, NO_FAULTS))
            for index in range(modems)
        ]
    else:
        network, sims = world
    wires = Wires(
        {f"/sim/modem{index}": sim for index, sim in enumerate(sims)}, drip=drip
    )
    config = parse(
        config_text(len(sims), extra, listed), "test.yaml", path=tmp_path / "test.yaml"
    )
    sockets = Sockets(wires, usb or {})
    async with AsyncExitStack() as stack:
        store = await Store.open(config.data_dir, clock=clock, inline=True)
        stack.callback(store.abandon if abandon else store.close)
        dice = random.Random(7)  # noqa: S311 - repeatable
        look = None if listed is None else sockets.look
        gateway = Gateway(
            config,
            store,
            clock,
            open_port=wires,
            look=look,
            place=sockets.place,
            rng=dice,
        )
        await gateway.start()
        tasks = [
            asyncio.create_task(run(), name=name)
            for name, run in gateway.tasks()
            if name != "webhooks"
        ]
        rig = Rig(gateway, network, sims, wires, clock, sockets)
        try:
            yield rig
            for task in tasks:
                if task.done() and not task.cancelled():
                    task.result()  # a bug ends the daemon, and so the test
            if not abandon:
                assert await gateway.drain(300)
                await _check_events(store)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)  # results of the writer's last jobs arrive


async def _check_events(store: Store) -> None:
    """Whatever a test is about: what was pushed is as the API describes it."""
    pushed = await store.read(lambda db: events.since(db, 0, limit=1000))
    wrong = {event_difference(event.type, event.data) for event in pushed} - {""}
    assert not wrong, sorted(wrong)
