"""Contests for the modems: a whole gateway in virtual time, and who goes when.

Each story returns figures. The tests of fairness run them small, the benchmark
(`scripts/bench/fairness`) with the sizes that are promised.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from modemgw.gateway.model import Caller, Draft
from modemgw.store import keys
from tests.gateway.rig import RECIPIENT, TESTER, Rig, gateway_rig

MODEMS = 4
LATENCY_S = 3.0  # what one modem needs for one part


@dataclass(frozen=True)
class Submit:
    """One part that was given to a modem. Instants in seconds of the story."""

    at: float
    accepted_at: float
    key: int | None
    priority: int
    segments: int

    @property
    def wait(self) -> float:
        return self.at - self.accepted_at


@asynccontextmanager
async def contest(home: Path, window: int | None = None) -> AsyncIterator[Rig]:
    """Give a gateway on four modems that need seconds for each part."""
    async with gateway_rig(home, modems=MODEMS, latency=LATENCY_S) as rig:
        if window is not None:
            rig.gateway.dispatcher.index.window = window
        await rig.ready()
        try:
            yield rig
        finally:
            rig.gateway.dispatcher.stopping = True  # the rest need not leave


async def key(rig: Rig, name: str) -> Caller:
    """Make an API key that may send."""
    row, _ = await rig.store.write(
        lambda db: keys.create(db, name, ["messages:send"], rig.clock.now_ms())
    )
    return Caller(row.id, name, frozenset({"messages:send"}), "test")


async def campaign(rig: Rig, who: Caller, count: int, **more: Any) -> None:
    """Hand in many messages at once."""
    drafts = [Draft(to=RECIPIENT, text=f"offer {n}", **more) for n in range(count)]
    await rig.gateway.submit_batch(drafts, who)


async def submits(rig: Rig) -> list[Submit]:
    """Return every part that was given to a modem, in order."""
    rows = await rig.store.read(
        lambda db: db.execute(
            "SELECT part.submitting_at, message.created_at, message.key_id,"
            " message.priority, message.segments"
            " FROM part JOIN message ON message.id = part.message_id"
            " WHERE part.submitting_at IS NOT NULL ORDER BY part.submitting_at"
        ).fetchall()
    )
    began = rig.clock.offset_ms
    return [
        Submit((row[0] - began) / 1000, (row[1] - began) / 1000, row[2], row[3], row[4])
        for row in rows
    ]


async def overtaking(home: Path, behind: int, window: int | None = None) -> list[float]:
    """Return how long urgent messages wait behind a campaign, in seconds."""
    async with contest(home, window) as rig:
        await campaign(rig, await key(rig, "shop"), behind, klass="marketing")
        alarm = await key(rig, "alarm")
        await asyncio.sleep(LATENCY_S * 2)
        for _ in range(6):
            await asyncio.sleep(LATENCY_S * 1.37)  # at another moment each time
            draft = Draft(to=RECIPIENT, text="fire", klass="alert", priority="urgent")
            await rig.gateway.submit(draft, alarm)
        await asyncio.sleep(LATENCY_S * 2)
        return [one.wait for one in await submits(rig) if one.priority == 3]


@dataclass(frozen=True)
class Shares:
    """What two keys got while both had messages waiting."""

    first_wait: float  # of the key that came second
    early: int  # parts of the one that came first …
    late: int  # … and of the other, since the other came


async def sharing(
    home: Path,
    early: int,
    late: int,
    window: int | None = None,
    text: str = "offer",
) -> Shares:
    """Let one key hand in a campaign, and another one later; `text` is the other's."""
    async with contest(home, window) as rig:
        first, second = await key(rig, "first"), await key(rig, "second")
        await campaign(rig, first, early)
        await asyncio.sleep(LATENCY_S * 5.5)
        came = asyncio.get_running_loop().time()
        drafts = [Draft(to=RECIPIENT, text=text) for _ in range(late)]
        await rig.gateway.submit_batch(drafts, second)
        await asyncio.sleep(LATENCY_S * 15)
        since = [one for one in await submits(rig) if one.at >= came]
        waits = [one.wait for one in since if one.key == second.key_id]
        return Shares(
            min(waits),
            sum(one.key == first.key_id for one in since),
            sum(one.key == second.key_id for one in since),
        )


@dataclass(frozen=True)
class Progress:
    """What a campaign got beside urgent messages that kept every modem busy."""

    urgent: int
    campaign: int
    longest_gap: int  # urgent ones between two of the campaign


async def progress(
    home: Path, size: int, turns: int, window: int | None = None
) -> Progress:
    """Let urgent messages wait all the time, and a campaign of low priority, too."""
    async with contest(home, window) as rig:
        await campaign(rig, await key(rig, "shop"), size, priority="low")
        alarm = await key(rig, "alarm")
        await campaign(rig, alarm, MODEMS * turns * 2, priority="urgent")
        await asyncio.sleep(LATENCY_S * turns)
        done = (await submits(rig))[MODEMS:]  # those began before the urgent ones came
        gap = longest = 0
        for one in done:
            gap = 0 if one.priority == 0 else gap + 1
            longest = max(longest, gap)
        low = sum(one.priority == 0 for one in done)
        return Progress(len(done) - low, low, longest)


async def hiding(home: Path, each: int, window: int | None = None) -> float:
    """Return how long a message waits behind many that cannot leave, in seconds."""
    extra = (
        "sims:\n  defaults: {pace: off, reports: on}\n"
        "  cards: [{iccid: '8949000000000099999', name: away}]\n"
    )
    async with gateway_rig(home, modems=MODEMS, latency=LATENCY_S, extra=extra) as rig:
        if window is not None:
            rig.gateway.dispatcher.index.window = window
        await rig.ready()
        await campaign(rig, TESTER, each, sim="away")
        await campaign(rig, TESTER, each, modem="m0", expires_in=20)
        await campaign(rig, TESTER, each, sim="away", priority="urgent")
        sent = await rig.send()
        await rig.state(sent, "sent")
        (wait,) = [
            (event.at - (await rig.message(sent)).created_at) / 1000
            for event in await rig.timeline(sent)
            if event.type == "part.submitting"
        ]
        rig.gateway.dispatcher.stopping = True
        return wait


@dataclass(frozen=True)
class Waits:
    """How long messages waited in seconds: on disk, new ones, and after a restart."""

    behind: float
    afterwards: float
    restarted: float


async def barred(home: Path, count: int, window: int) -> Waits:
    """Let messages wait that no SIM may send, and others of their key behind them."""
    extra = (
        "sims: {defaults: {pace: off, reports: on}}\n"
        "routing:\n  rules:\n    - {to: [FR], only: [nowhere]}\n"
        "  pools: [{name: nowhere, sims: []}]\n"
    )
    waits = []
    async with gateway_rig(home, modems=1, latency=LATENCY_S, extra=extra) as rig:
        rig.gateway.dispatcher.index.window = window
        await rig.ready()
        drafts = [Draft(to="+33612345678", text="offer") for _ in range(count)]
        await rig.gateway.submit_batch([*drafts, Draft(to=RECIPIENT, text="x")], TESTER)
        assert len(rig.gateway.dispatcher.index) <= 2 * window + 16
        await asyncio.sleep(20)
        waits.append((await submits(rig))[-1].wait)
        await rig.send()
        await asyncio.sleep(20)
        waits.append((await submits(rig))[-1].wait)
        drafts = [Draft(to="+33612345678", text="offer") for _ in range(count)]
        await rig.gateway.submit_batch(drafts, TESTER)
        rig.gateway.dispatcher.stopping = True
        await rig.gateway.submit(Draft(to=RECIPIENT, text="y"), TESTER)
        world = rig.network, rig.sims
        began = rig.clock.now_ms()
    async with gateway_rig(home, world=world, extra=extra, clock=rig.clock) as rig:
        rig.gateway.dispatcher.index.window = window
        await rig.ready()
        await asyncio.sleep(30)
        done = await submits(rig)
        assert len(done) == 3
        waits.append(done[-1].at - (began - rig.clock.offset_ms) / 1000)
        rig.gateway.dispatcher.stopping = True
    return Waits(*waits)
