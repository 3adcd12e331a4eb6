"""Looks whether a modem still waits at its prompt for a text that it was given.

The Ctrl-Z of a submit can get lost: in a driver that drops octets, or with the
process that was about to type it. The modem then waits, ESC takes the text back,
and OK says so: nothing was sent. That OK is believed only if

- a submit was given up and no other AT+CMGS went out since: it is its prompt;
- the line was silent before ESC, and the OK came alone;
- a second ESC is not answered: some modems say OK to every one of them;
- no answer of that submit came meanwhile.

Spec: 3GPP TS 27.005, 4.3 (<ESC> cancels, and the final result is OK).
"""

import asyncio
from typing import TYPE_CHECKING

from modemgw.at import commands

if TYPE_CHECKING:
    from modemgw.modem.channel import AtChannel

ANSWER_S = 1.0  # from ESC to the OK of a modem that has left its prompt
STEP_S = 0.05


async def look(channel: "AtChannel") -> None:
    """Tell `on_prompt` where the submit given up last still waits for its text.

    The caller holds the turn. Leaves the prompt in any case; raises PortLost.
    """
    token = channel.hung.pop()
    await channel.quiet()
    stood = await _says(channel) == ["OK"] and await _says(channel) == []
    if stood and token in channel.late:
        channel.late.remove(token)
        channel.on_prompt(token)


async def _says(channel: "AtChannel") -> list[str]:
    """Return the final codes that come after ESC."""
    strays: list[str] = []
    channel.strays = strays
    loop = asyncio.get_running_loop()
    end = loop.time() + ANSWER_S
    try:
        channel.send(commands.ESCAPE)
        while not strays and loop.time() < end:
            if channel.lost is not None:
                raise channel.lost
            await asyncio.sleep(STEP_S)
        await channel.quiet()
        return strays
    finally:
        channel.strays = None
