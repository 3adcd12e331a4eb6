"""A gateway whose SIMs test each other, in virtual time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from modemgw.sim.faults import Faults
from modemgw.sim.fleet import iccid_of, make_modem, number_of
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.store import selftest as rows
from modemgw.store.selftest import SelftestRow
from tests.gateway.rig import TESTER, Rig, gateway_rig
from tests.loop import VirtualClock

RED, BLUE = number_of(0), number_of(1)


EXTRA = """\
timezone: Europe/Berlin
sims:
  defaults: {{pace: {pace}, reports: on}}
  cards:
    - {{name: red, iccid: "{iccids[0]}", number: "{numbers[0]}"}}
    - {{name: blue, iccid: "{iccids[1]}", number: "{numbers[1]}"}}
selftest: {{{selftest}}}
"""


HOURLY = "every: 1h, paid: on"


def extra(selftest: str, pace: str = "off") -> str:
    return EXTRA.format(
        selftest=selftest,
        pace=pace,
        iccids=[iccid_of(0), iccid_of(1)],
        numbers=[RED, BLUE],
    )


def world(
    clock: VirtualClock, faults: dict[int, Faults] | None = None, **network: Any
) -> tuple[Network, list[SimModem]]:
    made = Network(clock=clock, **network)
    found = faults or {}
    return made, [make_modem(made, i, faults=found.get(i, Faults())) for i in range(2)]


@asynccontextmanager
async def rig(
    tmp_path: Path,
    selftest: str = HOURLY,
    *,
    pace: str = "off",
    faults: dict[int, Faults] | None = None,
    **network: Any,
) -> AsyncIterator[Rig]:
    clock = VirtualClock()
    met = world(clock, faults, **network)
    async with gateway_rig(
        tmp_path, world=met, clock=clock, extra=extra(selftest, pace)
    ) as found:
        await found.ready()
        yield found


def in_turn(
    tmp_path: Path, selftest: str, **network: Any
) -> Callable[..., AbstractAsyncContextManager[Rig]]:
    """Return what runs one gateway after the other, with the same SIMs."""
    clock = VirtualClock()
    met = world(clock, **network)
    return partial(gateway_rig, tmp_path, world=met, clock=clock, extra=extra(selftest))


async def skip(rig: Rig, hours: float) -> None:
    """Let the wall clock pass without every poll of the modems."""
    rig.clock.offset_ms += int(hours * 3_600_000)
    await asyncio.sleep(5)


async def every(rig: Rig) -> list[SelftestRow]:
    """Return every self-test, oldest first."""
    sims = list(rig.gateway.upkeep.names())
    found: dict[int, SelftestRow] = {}
    for sim in sims:
        listed = await rig.store.read(partial(rows.recent, sim_id=sim, limit=100))
        found |= {row.id: row for row in listed}
    return [found[key] for key in sorted(found)]


async def run(rig: Rig, name: str = "red", **options: Any) -> SelftestRow:
    """Run one self-test for a person, to its verdict."""
    desk = rig.gateway.upkeep.selftest
    begun = await desk.ask(name, None, paid=True, caller=TESTER, **options)
    return await desk.wait(begun.public_id, 2000)


def named(rig: Rig, sim_id: int) -> str:
    return rig.gateway.upkeep.names()[sim_id]
