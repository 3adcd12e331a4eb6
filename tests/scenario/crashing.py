"""Crashes at named points, one run for each, and what became of everything.

A fault-free run writes down the points it passes: both sides of every commit, by
the jobs in it, and of every line to a modem, and every line from one. Then the
same story runs once for each point and ends there as a process does that is gone:
nothing more reaches the disk or a port. The next gateway finds what is left.

    killed    the process is gone; modems and machine go on
    cut       the power failed: the modems start anew, and so does the machine

`recovery` crashes the second gateway too, while it settles what the first left.
"""

import asyncio
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from modemgw.config.load import parse
from modemgw.errors import DiskFull, PortLost
from modemgw.gateway import recovery
from modemgw.gateway.gateway import Gateway
from modemgw.gateway.model import Draft
from modemgw.sim.fleet import make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.wire import OnData, OnLost, Wire, Wires
from modemgw.store.database import Store
from modemgw.store.slate import place
from modemgw.store.writer import Connection, Job
from tests.gateway.rig import TESTER, config_text
from tests.loop import VirtualClock, run_virtual
from tests.scenario.reckoning import Sent, reckon
from tests.scenario.soaking import CountingNetwork

READY_S = 30.0
STORY_S = 20.0  # what is sent and received in a story is through by then
SETTLE_S = 60.0
STEP_S = 0.05
VARIANTS = ("killed", "cut")
STORIES = ("outbound", "inbound", "recovery")


class Crash:
    """Counts the points that a run passes, and ends it at one of them."""

    def __init__(self, at: str | None = None) -> None:
        self.at = at
        self.passed: list[str] = []
        self.is_armed = False
        self.dead = asyncio.Event()
        self.on_death: Callable[[], None] = lambda: None
        self._counts: Counter[str] = Counter()

    def point(self, name: str) -> bool:
        """Pass a point; False where the process is gone."""
        if self.dead.is_set():
            return False
        if self.is_armed:
            self._counts[name] += 1
            number = self._counts[name]
            full = name if number == 1 else f"{name} #{number}"
            self.passed.append(full)
            if full == self.at:
                self.die()
                return False
        return True

    def die(self) -> None:
        """Let nothing be written any more, on any way."""
        self.dead.set()
        self.on_death()

    def at_commit(self, when: str, jobs: list[Job]) -> None:
        """Stand in Writer.at_commit."""
        names = "+".join(dict.fromkeys(_job(job) for job in jobs))
        if not self.point(f"{when} commit {names}") and when == "before":
            raise DiskFull("the process is gone")


class CrashWires:
    """Opens ports whose lines are points, both ways."""

    def __init__(self, wires: Wires, crash: Crash) -> None:
        self._wires = wires
        self._crash = crash

    async def __call__(self, path: str, on_data: OnData, on_lost: OnLost) -> "_Port":
        if self._crash.dead.is_set():
            raise PortLost("the process is gone")

        def hear(data: bytes) -> None:
            if all(self._crash.point(f"heard {what}") for what in _lines(data)):
                on_data(data)

        return _Port(await self._wires(path, hear, on_lost), self._crash)


class _Port:
    def __init__(self, wire: Wire, crash: Crash) -> None:
        self._wire = wire
        self._crash = crash

    def write(self, data: bytes) -> None:
        what = _line(data)
        if self._crash.point(f"before {what}"):
            self._wire.write(data)
            self._crash.point(f"after {what}")

    def close(self) -> None:
        self._wire.close()


def _job(job: Job) -> str:
    inner: Any = job
    while isinstance(inner, partial):
        inner = inner.func
    inner = getattr(inner, "__func__", inner)
    if not hasattr(inner, "__qualname__"):
        inner = type(inner)
    name = inner.__qualname__.split(".<locals>")[0]
    return f"{inner.__module__.rpartition('.')[2]}.{name}"


def _line(data: bytes) -> str:
    if data == b"\x1b":
        return "ESC"
    if data.endswith(b"\x1a"):
        return "TPDU"
    return re.split("[=?]", data.decode("latin-1").strip())[0]


def _lines(data: bytes) -> Iterable[str]:
    for line in data.decode("latin-1").split("\r\n"):
        text = line.strip()
        if text.startswith(("+", "^", "OK", ">", "ERROR")):
            yield text.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one crash came to; `problems` is empty where all is well."""

    story: str
    point: str
    variant: str
    states: dict[str, int]
    evidence: tuple[str, ...]  # what settled doubts
    problems: tuple[str, ...]


@dataclass(slots=True)
class World:
    """What goes on while gateways come and go."""

    data_dir: Path
    clock: VirtualClock
    network: CountingNetwork
    modem: SimModem
    boots: int = 1
    sent: list[Sent] = field(default_factory=list)
    arrived: list[str] = field(default_factory=list)
    recipients: int = 0


Act = Callable[[World, Gateway, Crash], Coroutine[Any, Any, None]]


async def _submit(world: World, gateway: Gateway, crash: Crash, text: str) -> None:
    world.recipients += 1
    to = f"+4915100000{world.recipients:03d}"
    accepted = await gateway.submit(Draft(to=to, text=text, expires_in=600), TESTER)
    if not crash.dead.is_set():  # otherwise nobody was told that it is accepted
        world.sent.append(Sent(accepted.id, to, "transactional"))


async def outbound(world: World, gateway: Gateway, crash: Crash) -> None:
    """Send one text, and one of two parts; their reports come back."""
    await _submit(world, gateway, crash, "first")
    await _submit(world, gateway, crash, "second " * 30)


async def inbound(world: World, gateway: Gateway, crash: Crash) -> None:
    """Receive one text, and one of two parts."""
    for text in ("in one", "in two " * 30):
        world.arrived.append(text)
        world.network.inbound(world.modem, "+4917011112222", text)
        await asyncio.sleep(5)


@asynccontextmanager
async def _gateway(world: World, crash: Crash, *, arm: bool) -> AsyncIterator[Gateway]:
    """Run a gateway until it has crashed, or the caller is through."""
    boot = world.data_dir.parent / "boot"
    boot.parent.mkdir(parents=True, exist_ok=True)
    boot.write_text(f"boot {world.boots}")
    known, recovery.BOOT_ID = recovery.BOOT_ID, boot
    config = parse(config_text(1), "test.yaml", path=world.data_dir.parent / "c.yaml")
    store = await Store.open(world.data_dir, clock=world.clock, inline=True)
    store.writer.at_commit = crash.at_commit
    crash.is_armed = arm
    wires = Wires({"/sim/modem0": world.modem})
    gateway = Gateway(
        config,
        store,
        world.clock,
        open_port=CrashWires(wires, crash),
        rng=random.Random(7),  # noqa: S311 - repeatable
    )
    crash.on_death = gateway.witnesses.close
    tasks = []
    try:
        try:
            await gateway.start()
            tasks = [
                asyncio.create_task(run(), name=name)
                for name, run in gateway.tasks()
                if name != "webhooks"
            ]
        except DiskFull:
            assert crash.dead.is_set()
        yield gateway
        if not crash.dead.is_set():
            for task in tasks:
                if task.done():
                    task.result()  # a bug ends the daemon
    finally:
        crash.die()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)
        store.abandon()
        recovery.BOOT_ID = known


async def _ready(gateway: Gateway, crash: Crash) -> None:
    loop = asyncio.get_running_loop()
    end = loop.time() + READY_S
    while not crash.dead.is_set():
        if any(lane.ready for lane in gateway.dispatcher.lanes.values()):
            return
        assert loop.time() < end, [modem.why for modem in gateway.modems()]
        await asyncio.sleep(STEP_S)


async def _until(crash: Crash, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await crash.dead.wait()
    except TimeoutError:
        return


def _trust(db: Connection) -> None:
    """Let the SIM's counter have been seen to count, as after some texts."""
    db.execute("UPDATE sim SET last_tp_mr = 255, mr_steps = 9")


async def _first_life(world: World, act: Act, crash: Crash) -> None:
    async with _gateway(world, crash, arm=False) as gateway:
        await _ready(gateway, crash)
        await asyncio.sleep(3)
        await gateway.store.write(_trust)
        crash.is_armed = True
        try:
            await act(world, gateway, crash)
        except DiskFull:
            assert crash.dead.is_set()
        await _until(crash, STORY_S)


def _strike(world: World, variant: str) -> None:
    """Let happen what a power cut does besides."""
    if variant == "cut":
        world.boots += 1
        world.modem.reboot()
        # What was not flushed is gone; the slate never is.
        slate = place(world.data_dir)
        assert slate is not None
        slate.unlink(missing_ok=True)


async def _story(
    data_dir: Path, story: str, at: str | None, variant: str
) -> tuple[list[str], Outcome]:
    clock = VirtualClock()
    network = CountingNetwork(clock=clock, latency=2.0, report_latency=3.0)
    world = World(data_dir, clock, network, make_modem(network, 0))
    crash = Crash(None if story == "recovery" else at)
    if story == "recovery":
        # The first gateway dies while a text is on the air: there is a doubt.
        crash.at = "after TPDU"
        await _first_life(world, outbound, crash)
        _strike(world, variant)
        crash = Crash(at)
        async with _gateway(world, crash, arm=True) as gateway:
            await _ready(gateway, crash)
            await _until(crash, STORY_S)
    else:
        await _first_life(world, outbound if story == "outbound" else inbound, crash)
    passed = crash.passed
    _strike(world, variant)
    last = Crash()
    async with _gateway(world, last, arm=False) as gateway:
        await _ready(gateway, last)
        await _submit(world, gateway, last, "the next one")
        await asyncio.sleep(SETTLE_S)
        reckoning = await reckon(
            gateway.store, world.sent, world.arrived, network.taken
        )
        evidence = await gateway.store.read(_evidence)
    unknown = [p for p in reckoning.problems if not p.endswith("was never accepted")]
    return passed, Outcome(
        story, at or "", variant, dict(reckoning.states), evidence, tuple(unknown)
    )


def _evidence(db: Any) -> tuple[str, ...]:
    rows = db.execute(
        "SELECT json_extract(data, '$.by') FROM event"
        " WHERE json_extract(data, '$.evidence') IS NOT NULL ORDER BY id"
    )
    return tuple(str(row[0]) for row in rows)


def points(data_dir: Path, story: str, variant: str) -> list[str]:
    """Return the points of a story, in the order in which they are passed."""
    return run_virtual(_story(data_dir, story, None, variant), debug=False)[0]


def crash(data_dir: Path, story: str, at: str, variant: str) -> Outcome:
    """Let one story crash at one point."""
    return run_virtual(_story(data_dir, story, at, variant), debug=False)[1]
