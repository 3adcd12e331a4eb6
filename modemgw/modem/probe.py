"""Asks a port who is there, and lets go of it.

Nothing is set that outlives the question: an unknown modem may be somebody else's.
"""

import asyncio
from dataclasses import dataclass

from modemgw.at import commands
from modemgw.at.profile import GENERIC
from modemgw.errors import AtTimeout, ModemError
from modemgw.modem.asking import Asker
from modemgw.modem.channel import AtChannel
from modemgw.modem.port import OpenPort

PROBE_S = 20.0  # for the whole of it; a port without a modem is known after 10
SILENCES = 2  # of the commands behind the handshake
_IMEI_DIGITS = 14  # the fifteenth is a check digit, or a software version
_MIN_ICCID = 18


@dataclass(frozen=True, slots=True)
class Found:
    """A modem that answered. None: it would not say, or was not asked."""

    imei: str | None = None
    iccid: str | None = None
    imsi: str | None = None


async def probe(
    path: str,
    open_port: OpenPort,
    *,
    ask_sim: bool = False,
    first_words: tuple[str, ...] = (),
) -> Found:
    """Return who answers at `path`; `ask_sim` asks for its card too.

    Raises ModemError: PortLost where it cannot be opened, AtTimeout where nobody
    answers in bounded time.
    """
    channel = AtChannel(_ignore, _ignore, name=path)
    port = await open_port(path, channel.data_received, channel.connection_lost)
    channel.write = port.write
    try:
        async with asyncio.timeout(PROBE_S):
            return await _ask(channel, ask_sim, first_words)
    except TimeoutError:
        raise AtTimeout("AT", PROBE_S) from None
    finally:
        channel.connection_lost(ModemError("asked"))
        port.close()
        for _ in range(3):  # the transport closes in a turn of its own
            await asyncio.sleep(0)


async def _ask(
    channel: AtChannel, ask_sim: bool, first_words: tuple[str, ...]
) -> Found:
    await channel.resync()  # ESC, AT: at most three tries of three seconds
    asker = Asker(channel, silences=SILENCES)
    for text in first_words:
        await asker.does(commands.plain(text))
    imei = await asker.ask(commands.IMEI) or await asker.ask(commands.IMEI_OTHER)
    if not ask_sim:
        return Found(named(imei))
    iccid: str | None = None
    for text in GENERIC.iccid:
        iccid = iccid or await asker.ask(commands.iccid(text))
    return Found(named(imei), iccid, await asker.ask(commands.IMSI))


def named(imei: str | None) -> str | None:
    """Return an IMEI that can name a modem; None for 000000000000000 and its like."""
    if imei is None or len(imei) < _IMEI_DIGITS:
        return None
    return None if len(set(imei[:_IMEI_DIGITS])) == 1 else imei


def same_imei(one: str | None, other: str | None) -> bool:
    """Compare two IMEIs; check digit and software version do not count."""
    if one is None or other is None:
        return False
    return one[:_IMEI_DIGITS] == other[:_IMEI_DIGITS]


def same_iccid(one: str | None, other: str | None) -> bool:
    """Compare two ICCIDs, of which one may lack the check digit."""
    if one is None or other is None:
        return False
    shorter, longer = sorted(
        (one.upper().rstrip("F"), other.upper().rstrip("F")), key=len
    )
    return (
        len(shorter) >= _MIN_ICCID
        and longer.startswith(shorter)
        and len(longer) - len(shorter) <= 1
    )


def _ignore(*_: object) -> None:
    """Unasked lines are for whoever serves the modem."""
