"""Hours of chance on many modems, and what must be true when they are over.

Everything is drawn from one seed: the traffic both ways, what goes wrong at each
modem, and when the power of the gateway is cut. The world goes on meanwhile; the
next gateway finds the same database, and the modems wherever they are by then.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from modemgw.config.load import parse
from modemgw.errors import DiskFull
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Draft
from modemgw.modem.discovery import Sight, Wanted
from modemgw.modem.model import Phase
from modemgw.pdu.submit import Submit
from modemgw.sim.card import Card
from modemgw.sim.fleet import imei_of, make_modem
from modemgw.sim.latency import Latency
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.wire import Wires
from modemgw.store import meta
from modemgw.store.database import Store
from modemgw.store.writer import Connection
from tests.gateway.rig import TESTER
from tests.gateway.sockets import Sockets
from tests.loop import VirtualClock, run_virtual
from tests.scenario import fortune, upheaval
from tests.scenario.reckoning import Reckoning, Sent, reckon

HOUR = 3600.0
FAULT_EVERY_S = 1200.0  # per modem, on average
UPHEAVAL_EVERY_S = 1.5 * HOUR
SEND_EVERY_S = 60.0
ARRIVE_EVERY_S = 90.0
CUT_EVERY_S = 3.0 * HOUR
SETTLE_S = 2.5 * HOUR  # longer than any validity here and the hour of grace
CLASSES = ("transactional", "transactional", "otp", "marketing", "alert")
FILLER = "lorem ipsum dolor sit amet consetetur sadipscing elitr sed diam "
FEW = 10  # messages that fit into a memory
QUOTA = 12  # parts an hour and card: reached now and then


class CountingNetwork(Network):
    """Remembers how often it took each part, and how many of each card in an hour."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.taken: Counter[tuple[str, int]] = Counter()
        self.hours: Counter[tuple[str, int]] = Counter()  # by card and hour of the day

    def submit(
        self,
        modem: SimModem,
        card: Card,
        submit: Submit,
        octets: bytes,
        tp_mr: int,
        *,
        after_s: float,
        early_report: bool = False,
    ) -> int | None:
        """Take a message as a network does, and count it."""
        cause = super().submit(
            modem,
            card,
            submit,
            octets,
            tp_mr,
            after_s=after_s,
            early_report=early_report,
        )
        if cause is None:
            concat = submit.user_data.concat
            self.taken[submit.recipient.text, concat.seq if concat else 1] += 1
            self.hours[card.iccid, self.clock.now_ms() // 3_600_000] += 1
        return cause


@dataclass(slots=True)
class World:
    """Everything that goes on while gateways come and go."""

    seed: int
    data_dir: Path
    clock: VirtualClock
    network: CountingNetwork
    modems: list[SimModem]
    sockets: Sockets
    gateway: Gateway | None = None
    sent: list[Sent] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    cuts: int = 0
    jumps: int = 0
    _seen: tuple[object, Sight] | None = None

    async def look(self, wanted: Wanted) -> Sight:
        """See the ports that there are; cheaply while nothing has changed."""
        now = (wanted, *self.sockets.wires.modems.items())
        if self._seen is None or self._seen[0] != now:
            self._seen = (now, await self.sockets.look(wanted))
        return self._seen[1]

    def dice(self, what: str) -> Random:
        """Return dice of their own for one actor, so that none disturbs another."""
        return Random(f"{self.seed} {what}")  # noqa: S311 - repeatable


@dataclass(frozen=True, slots=True)
class Soaked:
    """What one seed came to."""

    seed: int
    faults: Counter[str]
    cuts: int
    reckoning: Reckoning
    problems: tuple[str, ...]

    def __str__(self) -> str:
        states = ", ".join(f"{n} {s}" for s, n in sorted(self.reckoning.states.items()))
        return (
            f"seed {self.seed}: {self.faults.total()} faults, {self.cuts} power cuts; "
            f"{states}; {self.reckoning.doubts} doubts, "
            f"{self.reckoning.resent} resent; {self.reckoning.received} received; "
            f"{len(self.problems)} problems"
        )


def soak(seed: int, data_dir: Path, *, hours: float = 24, modems: int = 8) -> Soaked:
    """Live through the hours of one seed; the same seed is the same story."""
    return run_virtual(_live(seed, data_dir, hours * HOUR, modems), debug=False)


async def _live(seed: int, data_dir: Path, span_s: float, count: int) -> Soaked:
    clock = VirtualClock()
    network = CountingNetwork(
        clock=clock,
        seed=seed,
        latency=Latency(2.0, 0.5),
        report_latency=Latency(6.0, 0.8),
        lost_messages=0.01,
        lost_reports=0.05,
    )
    modems = [make_modem(network, at) for at in range(count)]
    for modem in modems:
        if modem.card is not None:
            for memory in (modem.me, modem.sr, modem.card.sm):
                memory.capacity = FEW
    wires = Wires({f"/sim/modem{at}": modem for at, modem in enumerate(modems)})
    usb = {f"/sim/modem{at}": f"1-{at + 1}" for at in range(50 * count)}
    world = World(seed, data_dir, clock, network, modems, Sockets(wires, usb))
    chance = [
        asyncio.create_task(_send(world)),
        asyncio.create_task(_arrive(world)),
        asyncio.create_task(_upheave(world)),
        *(asyncio.create_task(_suffer(world, at)) for at in range(count)),
    ]
    dice = world.dice("cuts")
    end = clock.monotonic() + span_s
    while (left := end - clock.monotonic()) > 0:
        async with _gateway(world, dice):
            await asyncio.sleep(min(dice.expovariate(1 / CUT_EVERY_S), left))
        world.cuts += 1
        await asyncio.sleep(dice.uniform(1, 60))
    for task in chance:
        task.cancel()
    await asyncio.gather(*chance, return_exceptions=True)
    for modem in modems:
        fortune.heal(modem)
    async with _gateway(world, dice) as gateway:
        await asyncio.sleep(SETTLE_S)
        reckoning = await reckon(
            gateway.store, world.sent, world.arrived, network.taken
        )
        idle = [
            f"{one.name} is {one.phase.value}: {one.why}"
            for one in gateway.modems()
            if not (one.phase is Phase.READY and one.sendable)
        ]
    over = [
        f"card {iccid[-4:]} sent {parts} in one hour"
        for (iccid, _), parts in network.hours.items()
        if parts > QUOTA + 1  # the clock was set between the mark and the network
    ]
    problems = (*reckoning.problems, *idle, *over)
    return Soaked(seed, world.faults, world.cuts, reckoning, problems)


async def _send(world: World) -> None:
    dice = world.dice("sending")
    while True:
        await asyncio.sleep(dice.expovariate(1 / SEND_EVERY_S))
        number = len(world.sent)
        to = f"+49151{number:08d}"
        klass = dice.choice(CLASSES)
        text = f"{number} " + FILLER * dice.choice((0, 0, 0, 1, 3, 6))
        expires_in = dice.choice((600, 1800, 3600))
        if world.gateway is not None and world.gateway.started:
            draft = Draft(to=to, text=text, klass=klass, expires_in=expires_in)
            accepted = await world.gateway.submit(draft, TESTER)
            world.sent.append(Sent(accepted.id, to, klass))


async def _arrive(world: World) -> None:
    dice = world.dice("arriving")
    while True:
        await asyncio.sleep(dice.expovariate(1 / ARRIVE_EVERY_S))
        modem = dice.choice(world.modems)
        for _ in range(dice.choice((1, 1, 1, 1, 1, 1, 2, 15))):
            number = len(world.arrived)
            long = dice.choice((0, 0, 0, 1, 4))
            text = f"in {number} " + FILLER * long
            order = None
            if long == 4:  # two parts
                order = dice.choice((None, (2, 1), (1, 1, 2), (2, 1, 2)))
            world.arrived.append(text)
            world.network.inbound(modem, f"+49171{number:08d}", text, order=order)


async def _suffer(world: World, at: int) -> None:
    dice, modem = world.dice(f"modem {at}"), world.modems[at]
    while True:
        await asyncio.sleep(dice.expovariate(1 / FAULT_EVERY_S))
        happens = fortune.draw(dice)
        world.faults[happens.__name__] += 1
        await happens(modem, dice)


async def _upheave(world: World) -> None:
    dice = world.dice("upheavals")
    while True:
        await asyncio.sleep(dice.expovariate(1 / UPHEAVAL_EVERY_S))
        happens = upheaval.draw(dice)
        world.faults[happens.__name__] += 1
        await happens(world, dice)


@asynccontextmanager
async def _gateway(world: World, dice: Random) -> AsyncIterator[Gateway]:
    """Run a gateway until its power is cut: nothing more reaches the disk."""
    listed = "".join(
        f'  - {{name: m{at}, imei: "{imei_of(at)}"}}\n'
        for at in range(len(world.modems))
    )
    text = (
        f"data_dir: {world.data_dir}\ncountry: DE\ndiscovery: off\nmodems:\n{listed}"
        "sims:\n"
        f"  defaults: {{pace: 20/min, tariff: {{quotas: [{QUOTA}/hour]}}}}\n"
    )
    config = parse(text, "soak.yaml", path=world.data_dir / "soak.yaml")
    store = await Store.open(config.data_dir, clock=world.clock, inline=True)
    if dice.random() < 0.5:  # the machine was without power, not the process alone

        def other(db: Connection) -> None:
            meta.put(db, "boot", "the machine as it was started before")

        await store.write(other)
    if dice.random() < 0.5:
        upheaval.slow_disk(store.writer, world.dice(f"disk {world.cuts}"))
    gateway = Gateway(
        config,
        store,
        world.clock,
        open_port=world.sockets.wires,
        look=world.look,
        place=world.sockets.place,
        rng=random.Random(dice.random()),  # noqa: S311 - repeatable
    )
    await gateway.start()
    tasks = [
        asyncio.create_task(run(), name=name)
        for name, run in gateway.tasks()
        if name != "webhooks"
    ]
    world.gateway = gateway
    try:
        yield gateway
        for task in tasks:
            if task.done():
                task.result()  # a bug ends the daemon
    finally:
        world.gateway = None

        def refuse(number: int) -> None:
            raise DiskFull("the power is cut")

        store.writer.before_commit = refuse
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        store.abandon()
