"""An actor on real pseudo terminals, in real time: the few things only they show."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from modemgw.clock import SystemClock
from modemgw.modem.actor import ModemActor
from modemgw.modem.model import (
    Accepted,
    ModemSettings,
    ModemSnapshot,
    Phase,
    SubmitOutcome,
)
from modemgw.modem.port import open_serial
from modemgw.pdu.address import Address
from modemgw.pdu.segment import segment
from modemgw.pdu.submit import render
from modemgw.sim.fleet import make_modems
from modemgw.sim.network import Network
from modemgw.sim.persona import PERSONAS, Persona
from modemgw.sim.pty import PtyModems
from tests.modem.bench import Sink


class Watcher:
    """An actor on a port, and a way to wait for its snapshots."""

    def __init__(self, link: Path) -> None:
        self.sink = Sink()
        self._changed = asyncio.Event()
        self.actor = ModemActor(
            ModemSettings("modem0", str(link), lambda _: None, lambda _: None, True),
            open_port=open_serial,
            sink=self.sink,
            observer=self,
            clock=SystemClock(),
        )

    def changed(self, snapshot: ModemSnapshot) -> None:
        self._changed.set()

    def late_accept(self, modem: str, token: object, tp_mr: int) -> None: ...

    def notice(self, modem: str, kind: str, detail: dict[str, object]) -> None: ...

    async def until(self, *, sendable: bool) -> float:
        """Wait for it and return how many seconds that took."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        while self.actor.snapshot.sendable is not sendable:
            self._changed.clear()
            await self._changed.wait()
        return loop.time() - began

    async def submit(self) -> SubmitOutcome:
        to = Address.dialled("+999000004")
        made = render(segment("Hello"), 1, to=to)
        return await self.actor.submit(made.octets, made.tpdu_length)


def run(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(debug=True) as runner:
        runner.run(asyncio.wait_for(scenario, 20))


def slow(persona: Persona) -> bool:
    """Tell whether it needs a pause between commands."""
    return persona.name.startswith("wavecom")


AT_ONCE = 6  # modems in one process that also simulates them


@pytest.mark.parametrize("first", range(0, len(PERSONAS), AT_ONCE))
def test_every_persona_on_a_pty_is_ready_well_within_a_second(
    tmp_path: Path, first: int
) -> None:
    personas = [*PERSONAS.values()][first : first + AT_ONCE]

    async def scenario() -> None:
        modems = make_modems(Network(latency=0.01), len(personas))
        for modem, persona in zip(modems, personas, strict=True):
            modem.persona = persona
            modem.reboot()
        async with PtyModems(modems, tmp_path) as ptys:
            watchers = [Watcher(link) for link in ptys.links]
            tasks = [asyncio.ensure_future(w.actor.run()) for w in watchers]
            seconds = [await w.until(sendable=True) for w in watchers]
            quick = [s for s, p in zip(seconds, personas, strict=True) if not slow(p)]
            assert max(quick) < 1.0
            assert max(seconds) < 5.0
            outcomes = await asyncio.gather(*(w.submit() for w in watchers))
            assert all(isinstance(outcome, Accepted) for outcome in outcomes)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0.01)

    run(scenario())


def test_a_stick_pulled_and_put_back_is_in_service_within_a_second(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        modems = make_modems(Network(latency=0.01), 1)
        async with PtyModems(modems, tmp_path) as ptys:
            watcher = Watcher(ptys.links[0])
            task = asyncio.ensure_future(watcher.actor.run())
            await watcher.until(sendable=True)
            ptys.unplug(0)
            assert await watcher.until(sendable=False) < 0.1
            assert watcher.actor.snapshot.phase is Phase.ABSENT
            await asyncio.sleep(0.7)
            ptys.replug(0)
            assert await watcher.until(sendable=True) < 1.0
            assert isinstance(await watcher.submit(), Accepted)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0.01)

    run(scenario())
