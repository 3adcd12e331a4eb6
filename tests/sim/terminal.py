"""A person at a terminal: types to a simulated modem and sees what it says."""

import asyncio

from modemgw.pdu.address import Address
from modemgw.pdu.segment import segment
from modemgw.pdu.submit import Rendered, render
from modemgw.sim.modem import SimModem


class Terminal:
    """Joined to one modem without a wire: everything happens at once."""

    def __init__(self, modem: SimModem) -> None:
        self.modem = modem
        self._said = bytearray()
        modem.write = self._said.extend

    def type(self, text: str) -> str:
        """Type as it is (no CR added) and return what was said since the last look."""
        self.modem.data_received(text.encode("latin-1"))
        return self.look()

    def command(self, text: str) -> str:
        """Type one command line; return the answer without the blank lines."""
        return tidy(self.type(text + "\r"))

    def look(self) -> str:
        """Return what was said since the last look, as it came."""
        said = self._said.decode("latin-1")
        self._said.clear()
        return said

    def lines(self) -> str:
        """Return what was said since the last look, without the blank lines."""
        return tidy(self.look())

    async def send(self, part: Rendered, seconds: float = 0.21) -> str:
        """Send a PDU and wait that long for the answer."""
        prompt = self.type(f"AT+CMGS={part.tpdu_length}\r")
        assert prompt.endswith("\r\n> "), prompt
        answer = self.type(part.octets.hex().upper() + "\x1a")
        await asyncio.sleep(seconds)
        return tidy(answer + self.look())


def tidy(said: str) -> str:
    """Drop the blank lines between answers; what is left is separated by one LF."""
    return "\n".join(line for line in said.split("\r\n") if line)


def pdu(to: str, text: str = "hello", *, report: bool = True) -> Rendered:
    """Return a message of one part."""
    return render(segment(text), 1, to=Address.dialled(to), report=report)
