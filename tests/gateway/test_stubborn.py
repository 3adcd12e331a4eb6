"""The whole gateway on a modem that shares no habit with the usual simulated one.

Echo on, the first two choices of CNMI refused, CPMS only with three arguments,
neither CMMS nor CCID nor CNUM, slots from 0; indications wait for the middle of
another answer, and every octet comes by itself.
"""

import asyncio
import re
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from modemgw.sim.faults import Faults
from modemgw.sim.fleet import make_modem
from modemgw.sim.network import Network
from modemgw.sim.persona import STUBBORN
from tests.gateway.rig import Rig, gateway_rig
from tests.loop import VirtualClock, run_virtual

SENDER = "+4915198765432"
# Between the prompt and the result of the message that was given behind it.
CUT_IN = re.compile(
    rb'> \r\n\+CMTI: "ME",\d+\r\n(?:\r\n\+CMTI: [^\r]*\r\n)*\r\n\+CMGS: '
)


def stubborn(tmp_path: Path) -> AbstractAsyncContextManager[Rig]:
    clock = VirtualClock()
    network = Network(clock=clock)
    faults = Faults(interleave=True, drip=True)
    modem = make_modem(network, 0, persona=STUBBORN, faults=faults)
    return gateway_rig(tmp_path, world=(network, [modem]), clock=clock, drip=True)


def tap(rig: Rig) -> bytearray:
    """Return what the modem says from here on."""
    said = bytearray()
    modem = rig.sims[0]
    onwards = modem.write

    def write(data: bytes) -> None:
        said.extend(data)
        onwards(data)

    modem.write = write
    return said


def test_it_sends_short_and_long_texts_and_gets_their_reports(tmp_path: Path) -> None:
    texts = ["hello", "Grüße 🚲 " * 25, "x" * 300]

    async def story() -> None:
        async with stubborn(tmp_path) as rig:
            await rig.ready()
            (snapshot,) = rig.gateway.modems()
            assert snapshot.cnmi not in (None, "2,1,0,1,0", "2,1,0,1,1")
            ids = [await rig.send(text=text) for text in texts]
            for one in ids:
                await rig.state(one, "delivered")
            assert rig.on_air == 1 + 4 + 2
            refused = await rig.send("+999000005")
            await rig.state(refused, "failed")

    run_virtual(story())


def test_it_receives_while_it_sends_and_nothing_twice(tmp_path: Path) -> None:
    long = "Three parts with a 🎉 in it. " * 6
    texts = [long, *(f"note {n}" for n in range(20))]

    async def story() -> None:
        async with stubborn(tmp_path) as rig:
            await rig.ready()
            said = tap(rig)
            ids = []
            for text in texts:
                rig.network.inbound(rig.sims[0], SENDER, text)
                ids.append(await rig.send(text=f"answer to {text[:10]}"))
                await asyncio.sleep(0.4)
            for one in ids:
                await rig.state(one, "delivered")
            await asyncio.sleep(30)
            assert CUT_IN.search(bytes(said)), "nothing came in the middle"
            received = await rig.inbox()
            assert sorted(str(row.text) for row in received) == sorted(texts)
            assert {row.state for row in received} == {"received"}
            assert len(await rig.pushed("message.received")) == len(texts)
            assert rig.on_air == len(texts)

    run_virtual(story())
