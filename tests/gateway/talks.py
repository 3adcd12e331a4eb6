"""A gateway whose SIMs are written to: rules, opt-outs, and who gets what."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from modemgw.gateway.model import Draft
from modemgw.sim.fleet import iccid_of, make_modem, number_of
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.store.messages import MessageRow
from tests.gateway.rig import TESTER, Rig, gateway_rig
from tests.loop import VirtualClock

RED, BLUE = number_of(0), number_of(1)
ALICE, BOB = "+4915112345678", "+4915187654321"
CARDS = f"""\
sims:
  defaults: {{pace: off, reports: on}}
  cards:
    - {{name: red, iccid: "{iccid_of(0)}", number: "{RED}"}}
    - {{name: blue, iccid: "{iccid_of(1)}", number: "{BLUE}"}}
"""
NAMELESS = CARDS.replace(f', number: "{RED}"', "").replace(f', number: "{BLUE}"', "")


def world(clock: VirtualClock, count: int = 2) -> tuple[Network, list[SimModem]]:
    made = Network(clock=clock)
    return made, [make_modem(made, index) for index in range(count)]


@asynccontextmanager
async def talk(
    tmp_path: Path,
    extra: str = "",
    *,
    cards: str = CARDS,
    clock: VirtualClock | None = None,
    met: tuple[Network, list[SimModem]] | None = None,
    abandon: bool = False,
) -> AsyncIterator[Rig]:
    clock = clock or VirtualClock()
    async with gateway_rig(
        tmp_path,
        world=met or world(clock),
        clock=clock,
        extra=cards + extra,
        abandon=abandon,
    ) as rig:
        await rig.ready()
        yield rig


async def hear(
    rig: Rig, text: str, sender: str = ALICE, *, sim: int = 0, wait: float = 10
) -> MessageRow:
    """Let a SIM receive a text; return it after a while."""
    before = {row.id for row in await rig.inbox()}
    rig.network.inbound(rig.sims[sim], sender, text)
    await asyncio.sleep(wait)
    (fresh,) = [
        row
        for row in await rig.inbox()
        if row.id not in before and row.peer == sender and row.text == text
    ]
    return fresh


async def outbox(rig: Rig, to: str = ALICE) -> list[MessageRow]:
    """Return what was sent, or was to be, to a number; oldest first."""
    return await rig.listed(direction="outbound", to=to)


async def texts(rig: Rig, to: str = ALICE) -> list[str | None]:
    return [row.text for row in await outbox(rig, to)]


async def why(rig: Rig, message: MessageRow) -> list[str]:
    """Return why something was not done about a received message."""
    steps = await rig.timeline(message.public_id)
    return [step.data["why"] for step in steps if step.type == "message.left"]


async def submit(rig: Rig, to: str = ALICE, **more: Any) -> str:
    """Accept a campaign's message."""
    options = {"klass": "marketing", "text": "Sale!", **more}
    return (await rig.gateway.submit(Draft(to=to, **options), TESTER)).id
