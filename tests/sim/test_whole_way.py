"""The whole way through two simulated modems: sent, delivered, reported."""

import asyncio

from modemgw.pdu.address import Address
from modemgw.pdu.segment import segment
from modemgw.pdu.submit import render
from modemgw.sim.fleet import make_modems
from modemgw.sim.network import Network
from tests.loop import VirtualClock, run_virtual


def test_a_message_from_sim_to_sim_is_delivered_and_reported() -> None:
    async def scenario() -> None:
        sender, receiver = make_modems(Network(clock=VirtualClock()), 2)
        said, heard = bytearray(), bytearray()
        sender.write, receiver.write = said.extend, heard.extend
        receiver.data_received(b"AT+CNMI=2,1,0,0,0\r")
        sender.data_received(b"AT+CNMI=2,1,0,1,0\r")
        part = render(
            segment("hello"), 1, to=Address.dialled("+999010000001"), report=True
        )
        sender.data_received(b"AT+CMGS=%d\r" % part.tpdu_length)
        assert said.endswith(b"\r\n> ")
        sender.data_received(part.octets.hex().encode() + b"\x1a")
        assert sender.sent == [part.octets]
        await asyncio.sleep(0.21)
        assert said.endswith(b"\r\n+CMGS: 0\r\n\r\nOK\r\n")
        await asyncio.sleep(1.1)
        assert b'\r\n+CMTI: "SM",1\r\n' in heard
        assert b"\r\n+CDS: 25\r\n" in said

    run_virtual(scenario())
