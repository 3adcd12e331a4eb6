"""One AT command that a person typed, run in its turn, with its answer as it came.

Whether it may be run at all is at/guard.py's business.
"""

import asyncio
from dataclasses import dataclass

from modemgw.at import guard
from modemgw.errors import AtTimeout, ModemError
from modemgw.modem.channel import AtChannel
from modemgw.modem.transcript import masked_command

MAX_LINES = 500  # of an answer that are given back


@dataclass(frozen=True, slots=True)
class Reply:
    """What the modem said; `final` is None where no result code came in time."""

    lines: tuple[str, ...]
    final: str | None
    seconds: float


def shown(line: str) -> str:
    """Return the command as journal and log show it."""
    return masked_command(line)


async def run(channel: AtChannel, line: str, seconds: float) -> Reply:
    """Send `line` and wait for its result code, `seconds` at most.

    A modem that does not answer in time is brought back into step before anything
    else goes out. Raises ModemError where that fails.
    """
    loop = asyncio.get_running_loop()
    async with channel.turn:
        channel.check(line)
        flight = channel.begin(line, guard.prefixes(line), shown=shown(line))
        final = await channel.wait(flight, seconds)
        took = loop.time() - flight.began
        lines = tuple(flight.lines[:MAX_LINES])
        if isinstance(final, ModemError):
            raise final
        if final is None:
            try:
                await channel.resync_now()
            except AtTimeout:
                raise AtTimeout(shown(line), seconds) from None
        return Reply(lines, final, took)
