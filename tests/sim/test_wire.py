"""The joint without a tty: opening, cutting, plugging in again."""

import asyncio

import pytest

from modemgw.errors import PortLost
from modemgw.sim.fleet import make_modem, make_modems
from modemgw.sim.network import Network
from modemgw.sim.wire import Wires
from tests.loop import VirtualClock, run_virtual


class Program:
    """The other side of a port."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.pieces = 0
        self.lost: list[Exception] = []

    def on_data(self, data: bytes) -> None:
        self.heard += data
        self.pieces += 1


@pytest.mark.parametrize("drip", [False, True])
def test_octets_pass_both_ways(drip: bool) -> None:
    async def scenario() -> None:
        program = Program()
        modem = make_modem(Network(clock=VirtualClock()), 0)
        wires = Wires({"a": modem}, drip=drip)
        port = await wires("a", program.on_data, program.lost.append)
        port.write(b"AT\r")
        assert program.heard == b""  # never within the call
        await asyncio.sleep(0.001)
        assert program.heard == b"\r\nOK\r\n"
        assert program.pieces == (6 if drip else 1)
        assert port.written == b"AT\r"
        port.close()
        with pytest.raises(PortLost):
            port.write(b"AT\r")
        assert program.lost == []

    run_virtual(scenario())


def test_a_stick_is_pulled_and_plugged_in_elsewhere() -> None:
    async def scenario() -> None:
        program, again = Program(), Program()
        one, other = make_modems(Network(clock=VirtualClock()), 2)
        wires = Wires({"a": one, "b": other})
        port = await wires("a", program.on_data, program.lost.append)
        port.write(b"AT+CMEE=2\r")
        await asyncio.sleep(0.001)
        assert wires.unplug("a") is one
        await asyncio.sleep(0.001)
        assert [type(error) for error in program.lost] == [PortLost]
        with pytest.raises(PortLost):
            port.write(b"AT\r")
        with pytest.raises(PortLost):
            await wires("a", program.on_data, program.lost.append)
        wires.plug("c", one)
        port = await wires("c", again.on_data, again.lost.append)
        port.write(b"AT+CMEE?\r")
        await asyncio.sleep(0.001)
        assert again.heard == b"\r\n+CMEE: 0\r\n\r\nOK\r\n"
        assert wires.opened == ["a", "c"]

    run_virtual(scenario())


def test_a_cut_leaves_the_modem_as_it_was() -> None:
    async def scenario() -> None:
        program = Program()
        wires = Wires({"a": make_modem(Network(clock=VirtualClock()), 0)})
        port = await wires("a", program.on_data, program.lost.append)
        port.write(b"AT+CMEE=2\r")
        await asyncio.sleep(0.001)
        wires.cut("a")
        wires.cut("a")
        await asyncio.sleep(0.001)
        assert len(program.lost) == 1
        first = await wires("a", program.on_data, program.lost.append)
        second = await wires("a", program.on_data, program.lost.append)
        assert (first.is_open, second.is_open) == (False, True)
        second.write(b"AT+CMEE?\r")
        await asyncio.sleep(0.001)
        assert b"+CMEE: 2" in program.heard

    run_virtual(scenario())
