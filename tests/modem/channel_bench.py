"""A channel in virtual time, joined to a scripted modem."""

import asyncio
from typing import Any

from modemgw.at.parser import Urc
from modemgw.modem.channel import AtChannel
from modemgw.modem.model import SubmitOutcome
from modemgw.modem.submit import Submitter
from tests.modem.wire import ScriptedModem

TPDU = bytes.fromhex("0011000B919471214365F70000AA0161")


BODY = "^Z:" + TPDU.hex().upper()


class Bench:
    """A channel joined to a scripted modem."""

    def __init__(self, answers: dict[str, Any] | None = None) -> None:
        self.modem = ScriptedModem(answers)
        self.urcs: list[Urc] = []
        self.late: list[tuple[object, int]] = []
        self.channel = AtChannel(
            self.urcs.append,
            lambda token, mr: self.late.append((token, mr)),
        )
        self.channel.write = self.modem.write
        self.modem.hear = self.channel.data_received
        self.submitter = Submitter(self.channel)

    async def submit(
        self, gate: Any = None, token: object = 0, more: bool = False
    ) -> SubmitOutcome:
        return await self.submitter.submit(
            TPDU, len(TPDU) - 1, gate=gate, token=token, more=more
        )


def now() -> float:
    return asyncio.get_running_loop().time()
