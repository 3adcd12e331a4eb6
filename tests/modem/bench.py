"""One actor joined to one modem in virtual time, with everything it says kept."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from modemgw.errors import PortLost
from modemgw.modem.actor import ModemActor
from modemgw.modem.model import (
    ModemSettings,
    ModemSnapshot,
    Phase,
    ReceivedTpdu,
    SubmitOutcome,
)
from modemgw.pdu.address import Address
from modemgw.pdu.segment import segment
from modemgw.pdu.submit import render
from modemgw.sim.fleet import make_modem
from modemgw.sim.modem import SimModem
from modemgw.sim.network import Network
from modemgw.sim.wire import Wires
from tests.loop import VirtualClock
from tests.modem.wire import ScriptedModem

PORT = "/dev/modem0"


def now() -> float:
    return asyncio.get_running_loop().time()


class Sink:
    """Keeps what it takes; `is_down` makes it refuse as a full disk does.

    With `rides` it takes routed reports as they are heard, as a commit would.
    """

    def __init__(self) -> None:
        self.taken: list[ReceivedTpdu] = []
        self.confirmed: list[int] = []
        self.is_down = False
        self.takes_s = 0.0
        self.rides = False

    async def take(self, tpdu: ReceivedTpdu) -> int | None:
        await asyncio.sleep(self.takes_s)
        if self.is_down:
            return None
        self.taken.append(tpdu)
        return len(self.taken)

    def take_soon(self, tpdu: ReceivedTpdu, told: Callable[[bool], None]) -> bool:
        def end() -> None:
            if not self.is_down:
                self.taken.append(tpdu)
            told(not self.is_down)

        if self.rides:
            asyncio.get_running_loop().call_later(self.takes_s, end)
        return self.rides

    def deleted(self, receipt: int) -> None:
        self.confirmed.append(receipt)

    @property
    def octets(self) -> list[bytes]:
        return [tpdu.octets for tpdu in self.taken]


class Bench:
    """An actor, its sink, and what its observer heard."""

    def __init__(self, open_port: Any, **settings: Any) -> None:
        self.sink = Sink()
        self.phases: list[tuple[float, Phase, str]] = []
        self.late: list[tuple[object, int]] = []
        self.notices: list[str] = []
        values: dict[str, Any] = {
            "pin": lambda iccid: None,
            "smsc": lambda iccid: None,
            "reports": True,
            **settings,
        }
        self.actor = ModemActor(
            ModemSettings("modem0", PORT, **values),
            open_port=open_port,
            sink=self.sink,
            observer=self,
            clock=VirtualClock(),
        )

    # the Observer

    def changed(self, snapshot: ModemSnapshot) -> None:
        assert snapshot is self.actor.snapshot
        entry = (now(), snapshot.phase, snapshot.why)
        if not self.phases or self.phases[-1][1:] != entry[1:]:
            self.phases.append(entry)

    def late_accept(self, modem: str, token: object, tp_mr: int) -> None:
        self.late.append((token, tp_mr))

    def notice(self, modem: str, kind: str, detail: dict[str, object]) -> None:
        self.notices.append(kind)

    # what tests do with it

    @property
    def phase(self) -> Phase:
        return self.actor.snapshot.phase

    # methods, not properties: their values change while a test waits

    def is_busy(self) -> bool:
        return self.actor.snapshot.busy

    def can_send(self) -> bool:
        return self.actor.snapshot.sendable

    def registration(self) -> str | None:
        return self.actor.snapshot.registration

    @property
    def path(self) -> list[str]:
        """The phases gone through, without repetitions."""
        names = [phase.value for _, phase, _ in self.phases]
        return [n for i, n in enumerate(names) if i == 0 or names[i - 1] != n]

    async def until(self, is_true: Callable[[], bool], within_s: float) -> None:
        end = now() + within_s
        while not is_true():
            assert now() < end, (now(), self.phases)
            await asyncio.sleep(0.05)

    async def until_ready(self, within_s: float = 5) -> None:
        await self.until(lambda: self.actor.snapshot.sendable, within_s)

    async def submit(
        self, to: str = "+999000004", *, token: object = None, **options: Any
    ) -> SubmitOutcome:
        made = render(segment("Hello"), 1, to=Address.dialled(to), report=True)
        return await self.actor.submit(
            made.octets, made.tpdu_length, token=token, **options
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.ensure_future(self.actor.run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert task.cancelled() or task.exception() is None, task.exception()


class SimBench(Bench):
    """With a modem of the simulator."""

    def __init__(self, *, drip: bool = False, modem: Any = None, **settings: Any):
        self.network = Network(clock=VirtualClock())
        self.sim: SimModem = make_modem(self.network, 0, **(modem or {}))
        self.wires = Wires({PORT: self.sim}, drip=drip)
        super().__init__(self.wires, **settings)

    @property
    def typed(self) -> str:
        """Everything that was written to the port that is open now."""
        return bytes(self.wires.open[PORT].written).decode("latin-1")


class ScriptBench(Bench):
    """With a scripted modem; `is_plugged` says whether the port can be opened."""

    def __init__(self, answers: dict[str, Any] | None = None, **settings: Any) -> None:
        self.modem = ScriptedModem(answers)
        self.is_plugged = True
        self.opened = 0
        super().__init__(self._open, **settings)

    async def _open(self, path: str, on_data: Any, on_lost: Any) -> ScriptedModem:
        if not self.is_plugged:
            raise PortLost("waiting for the port")
        self.opened += 1
        self.modem.closed = False
        self.modem.hear, self.modem.lose = on_data, on_lost
        return self.modem

    def unplug(self) -> None:
        self.is_plugged = False
        self.modem.closed = True
        self.modem.lose(PortLost("the port is gone"))
