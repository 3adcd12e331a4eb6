"""The configuration changes while everything runs: a whole gateway in virtual time."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from modemgw.gateway.reloading import ConfigRefused, Reloaded
from modemgw.sim.identity import iccid_of
from modemgw.store import audit
from tests.gateway.rig import TESTER, Rig, config_text, gateway_rig
from tests.loop import run_virtual

UNPACED = "sims:\n  defaults: {pace: off, reports: on}\n"


class Box(Rig):
    """A rig, and the file that it was configured by."""

    file: Path
    count: int

    def write(self, extra: str = UNPACED, listed: str | None = None) -> None:
        text = config_text(self.count, extra, listed)
        self.file.write_text(text, "utf-8")

    async def reload(self, *written: str | None) -> Reloaded:
        if written:
            self.write(*(text for text in written if text is not None))
        return await self.gateway.reloader.reload(TESTER)


Story = Callable[[Box], Coroutine[Any, Any, None]]


def boxed(tmp_path: Path, story: Story, *, modems: int = 1, **more: Any) -> None:
    async def run() -> None:
        async with gateway_rig(tmp_path, modems=modems, **more) as rig:
            rig.__class__ = Box
            assert isinstance(rig, Box)
            rig.file, rig.count = tmp_path / "test.yaml", modems
            rig.write(more.get("extra", "") or UNPACED, more.get("listed"))
            await rig.ready()
            await story(rig)

    run_virtual(run())


def keys(done: Reloaded) -> list[str]:
    return [change.key for change in done.applied]


def test_nothing_changed(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        actors = dict(box.gateway.pool.actors)
        done = await box.reload()
        assert (done.applied, done.needs_restart) == ((), ())
        assert box.gateway.pool.actors == actors
        sent = await box.send()
        await box.state(sent, "delivered")

    boxed(tmp_path, story)


def test_a_pace_holds_at_once_and_what_was_sent_counts(tmp_path: Path) -> None:
    async def story(box: Box) -> None:
        for _ in range(3):
            await box.state(await box.send(), "delivered")
        done = await box.reload("sims:\n  defaults: {pace: 4/hour}\n")
        assert keys(done) == [
            "sims.defaults.pace",
        ]
        await box.state(await box.send(), "delivered")
        fifth = await box.send()
        await asyncio.sleep(1800)
        assert (await box.message(fifth)).state == "queued"
        await box.reload("sims:\n  defaults: {pace: 5/hour}\n")
        await box.state(fifth, "delivered")

    boxed(tmp_path, story)
