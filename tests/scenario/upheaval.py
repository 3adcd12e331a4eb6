"""What happens by chance to the world as a whole, drawn from a seed.

Cards change places, the clock is set, the disk is slow or stands still, octets come
from the air that no phone would send.
"""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import TYPE_CHECKING, Any

from modemgw.sim import plugging
from modemgw.store.writer import Writer

if TYPE_CHECKING:
    from tests.scenario.soaking import World

HOUR_MS = 3_600_000
SLOW_S = 0.02  # a flush on a tired card
STALL_S = 2.0  # and now and then
STALLS = 0.002  # of all flushes
POISON = (
    b"",
    b"\x00",
    b"\xff" * 20,
    bytes(range(160)),
    bytes.fromhex("0004" + "FF" * 30),
    bytes.fromhex("07919471227210F6440C91"),
)

Upheaval = Callable[["World", Random], Awaitable[None]]


async def cards_swapped(world: "World", dice: Random) -> None:
    """Somebody takes two sticks out and exchanges their cards."""
    one, other = dice.sample(world.modems, 2)
    for modem in (one, other):
        plugging.unplug(modem)
    await asyncio.sleep(dice.uniform(5, 60))
    one.card, other.card = other.card, one.card
    for modem in (one, other):
        plugging.replug(modem)


async def clock_set(world: "World", dice: Random) -> None:
    """The clock of the machine jumps; the network's does not."""
    jump_ms = int(dice.choice((-1, 1)) * dice.choice((1_000, 60_000, HOUR_MS)))
    world.clock.offset_ms += jump_ms
    world.network.clock_offset_ms -= jump_ms
    world.jumps += 1


async def poisoned(world: "World", dice: Random) -> None:
    """Somebody sends what is no TPDU, or half of one."""
    modem = dice.choice(world.modems)
    for octets in dice.sample(POISON, 3):
        world.network.inbound_octets(modem, octets)


UPHEAVALS: tuple[tuple[Upheaval, int], ...] = (
    (cards_swapped, 2),
    (clock_set, 2),
    (poisoned, 2),
)


def draw(dice: Random) -> Upheaval:
    """Return what happens next."""
    kinds, weights = zip(*UPHEAVALS, strict=True)
    found: Upheaval = dice.choices(kinds, weights)[0]
    return found


def slow_disk(writer: Writer, dice: Random) -> None:
    """Let every flush take its time, in order: nobody hears of it sooner."""
    loop = asyncio.get_running_loop()
    resolve, last = writer._resolve, 0.0

    def later(*outcome: Any) -> None:
        nonlocal last
        takes_s = STALL_S if dice.random() < STALLS else SLOW_S
        last = max(last, loop.time() + takes_s)
        loop.call_at(last, resolve, *outcome)

    writer._resolve = later  # type: ignore[assignment, method-assign]  # of the machine
