"""The faults of the field guide, played by name under a whole gateway.

@fault(7, "cms-500", modems=2)
async def test_a_refusal_at_once_is_tried_again(rig: Rig) -> None: ...

Each name becomes a run of its own, with number and name in the id of the test:
`[07-cms-500]`. PLAYED remembers which were asked for.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from modemgw.errors import DiskFull
from modemgw.sim.builder import troubled
from modemgw.sim.fleet import imei_of
from modemgw.sim.named import NAMED
from modemgw.sim.network import Network
from modemgw.sim.scenario import Stage
from modemgw.store.events import EventRow
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

Story = Callable[[Rig], Awaitable[None]]
Test = Callable[..., None]
PORT = "/sim/modem0"
SENDER = "+491701234567"  # who writes to us in the scenarios
HOUR = timedelta(hours=1).total_seconds()

PLAYED: dict[int, set[str]] = {}
_CASES: dict[Story | Test, list[Any]] = {}


def fault(
    number: int, *names: str, besides: tuple[str, ...] = (), **options: Any
) -> Callable[[Story | Test], Test]:
    """Run a story once under each of these faults, all of this number.

    `besides` are troubles that go with every one of them; `options` are those of
    `faulty_rig`. May stand over one story several times; the lowest has the options.
    """
    wrong = [name for name in names if NAMED[name].number != number]
    assert not wrong, f"not number {number}: {wrong}"
    PLAYED.setdefault(number, set()).update(names)
    cases = [pytest.param(name, id=f"{number:02}-{name}") for name in names]

    def mark(story: Story | Test) -> Test:
        if story in _CASES:
            _CASES[story].extend(cases)
            return cast(Test, story)

        @pytest.mark.parametrize("trouble", cases)
        def run(tmp_path: Path, trouble: str) -> None:
            async def played() -> None:
                async with faulty_rig(tmp_path, trouble, *besides, **options) as rig:
                    await cast(Story, story)(rig)

            run_virtual(played())

        _CASES[run] = cases
        return run

    return mark


@asynccontextmanager
async def faulty_rig(
    tmp_path: Path,
    *names: str,
    modems: int | None = None,
    extra: str = "",
    listed: str | None = None,
    clock: VirtualClock | None = None,
    abandon: bool = False,
    **network_options: Any,
) -> AsyncIterator[Rig]:
    """Run a gateway on modems of which the first has these troubles."""
    clock = clock or VirtualClock()
    network = Network(clock=clock, **network_options)
    scenario = troubled(*names, modems=modems)
    sims = scenario.build(network)
    stage = Stage(network, sims)
    async with gateway_rig(
        tmp_path,
        world=(network, sims),
        clock=clock,
        extra=extra,
        listed=listed,
        usb=SEATS,
        abandon=abandon,
    ) as rig:
        scenario.play(stage)
        try:
            yield rig
        finally:
            stage.stop()


NO_PACE = "sims:\n  defaults: {pace: off, reports: on}\n"
_MODEMS = "discovery: off\nmodems:\n"
WITH_PIN = f'{_MODEMS}  - {{name: m0, port: {PORT}, pin: "1234"}}\n'
BY_IMEI = tuple(f'  - {{name: m{at}, imei: "{imei_of(at)}"}}\n' for at in range(2))
ONE, TWO = _MODEMS + BY_IMEI[0], _MODEMS + "".join(BY_IMEI)
SEATS = {f"/sim/modem{at}": f"1-{at + 1}" for at in range(4)}  # on the USB


@contextmanager
def full_disk(rig: Rig) -> Iterator[None]:
    """Let the database refuse every write meanwhile."""

    def refuse(number: int) -> None:
        raise DiskFull("no space left on device")

    rig.store.writer.before_commit = refuse
    yield
    rig.store.writer.before_commit = None


async def steps(rig: Rig, public_id: str, kind: str) -> list[EventRow]:
    """Return the steps of one kind in the story of a message."""
    return [step for step in await rig.timeline(public_id) if step.type == kind]


async def texts(rig: Rig) -> list[str | None]:
    """Return the texts in the inbox, oldest first."""
    return [row.text for row in await rig.inbox()]


async def delivers(rig: Rig, text: str = "still well", within: float = 300) -> None:
    """Send one more message, to see that everything is in service."""
    await rig.state(await rig.send(text=text), "delivered", within=within)


def typed(rig: Rig, port: str = PORT) -> str:
    """Return everything the gateway wrote since it opened this port last."""
    return rig.wires.open[port].written.decode("latin-1")
