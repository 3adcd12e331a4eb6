"""Gateways that are killed, and what the next one makes of what they left."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from modemgw.store import meta, slate
from modemgw.store.writer import Connection
from tests.gateway.rig import Rig, gateway_rig


@asynccontextmanager
async def killed_and_back(
    tmp_path: Path, rig: Rig, *, power_cut: bool = False
) -> AsyncIterator[Rig]:
    """Run the next gateway on what a killed one left."""
    if power_cut:
        place = slate.place(tmp_path / "data")
        assert place is not None
        place.unlink()
    world = (rig.network, rig.sims)
    async with gateway_rig(tmp_path, clock=rig.clock, world=world) as again:
        yield again


async def of_an_earlier_boot(rig: Rig) -> None:
    """Let the machine have been started anew before the next gateway."""

    def write(db: Connection) -> None:
        meta.put(db, "boot", "the machine as it was started before")

    await rig.store.write(write)


async def by(rig: Rig, public_id: str) -> list[str]:
    """Return what settled the doubts about a message."""
    return [
        str(step.data["by"])
        for step in await rig.timeline(public_id)
        if "evidence" in step.data
    ]
