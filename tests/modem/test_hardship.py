"""Hours of bad luck from a seed: the actor survives, nothing is lost or doubled."""

import asyncio
from random import Random

import pytest

from modemgw.modem.model import Accepted, InDoubt, NotSent, Refused
from modemgw.sim.faults import NO_FAULTS, Faults, Rule
from modemgw.sim.persona import PERSONAS, STUBBORN
from tests.loop import run_virtual
from tests.modem.bench import PORT, SimBench

HOURS = 1
COMMANDS = ("+CMGR", "+CMGL", "+CMGD", "+CPMS", "+CREG", "+CSQ", "+CMGS", "+CNMI", "AT")
SAYINGS: tuple[tuple[str, ...], ...] = (
    *((), ("ERROR",), ("+CME ERROR: 14",), ("+CMS ERROR: 500",), ("OK",)),
    *(("COMMAND NOT SUPPORT",), ("+CMS ERROR: 321",), ("x" * 5000,), ("> ", "OK")),
)


def misfortune(luck: Random) -> Faults:
    """Some of the things that can go wrong, at random."""
    rules = tuple(
        Rule(
            luck.choice(COMMANDS),
            say=luck.choice((None, luck.choice(SAYINGS))),
            before=luck.choice(((), ("^RSSI: 9",), ("\x00\xff> ",), ("NO CARRIER",))),
            inside=luck.choice(((), ("+CREG: 1",), ("RING",))),
            late_s=luck.choice((0.0, 0.0, 1.0, 12.0, 40.0)),
        )
        for _ in range(luck.randrange(3))
    )
    return Faults(
        zombie=luck.random() < 0.15,
        drip=luck.random() < 0.3,
        interleave=luck.random() < 0.3,
        urc_before_prompt=luck.choice(((), ("^BOOT:1,0,0,0,72",))),
        answer_late_s=luck.choice((0.0, 0.0, 0.5, 4.0)),
        rules=rules,
    )


async def live(bench: SimBench, luck: Random) -> tuple[int, int]:
    """Let things happen; return how many texts came in and how many went out."""
    inbound = accepted = 0
    sends: list[asyncio.Future[object]] = []
    end = asyncio.get_running_loop().time() + HOURS * 3600
    while asyncio.get_running_loop().time() < end:
        await asyncio.sleep(luck.uniform(0.1, 120))
        match luck.randrange(4):
            case 0:
                bench.sim.set_faults(
                    **{
                        name: getattr(misfortune(luck), name)
                        for name in Faults.__dataclass_fields__
                    }
                )
            case 1:
                bench.sim.faults = NO_FAULTS
            case 2:
                bench.sim.reboot()
            case 3 if PORT not in bench.wires.modems:
                pass  # it restarts and is away by itself
            case 3:
                stick = bench.wires.unplug(PORT)
                await asyncio.sleep(luck.uniform(0, 30))
                bench.wires.plug(PORT, stick)
            case 4:
                bench.wires.cut(PORT)
            case 5 | 6:
                inbound += 1
                bench.network.inbound(bench.sim, "+491701", f"Message {inbound}")
            case _:
                sends.append(asyncio.ensure_future(bench.submit()))
    bench.sim.faults = NO_FAULTS
    for outcome in await asyncio.gather(*sends):
        assert isinstance(outcome, Accepted | Refused | NotSent | InDoubt)
        accepted += isinstance(outcome, Accepted)
    return inbound, accepted


@pytest.mark.parametrize("seed", range(4))
def test_hours_of_bad_luck(seed: int) -> None:
    async def scenario() -> None:
        luck = Random(seed)  # noqa: S311 - it must be repeatable
        personas = [*PERSONAS.values(), STUBBORN]
        bench = SimBench(modem={"persona": luck.choice(personas)}, sweep_interval_s=60)
        async with bench.running():
            inbound, accepted = await live(bench, luck)
            await bench.until_ready(within_s=300)
            await asyncio.sleep(300)
            assert isinstance(await bench.submit(), Accepted)
        texts = bench.sink.octets
        assert len(set(texts)) == inbound, "an inbound message was lost"
        assert len(bench.sim.sent) > accepted, "accepted means that it was sent"

    run_virtual(scenario())
