"""Asks a modem and its card everything that a person wants to know before service.

Only reads, but for `unlock`, which a person asked for. Nothing is kept in the modem,
the port is let go after each call. What a modem says about itself is not to be
trusted: whoever prints it takes out what steers a terminal.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import Enum

from modemgw.at import codes, commands
from modemgw.at.quirks import profile_for
from modemgw.errors import AtError, AtTimeout, ModemError
from modemgw.modem import status
from modemgw.modem.asking import Asker
from modemgw.modem.channel import AtChannel
from modemgw.modem.facts import Facts
from modemgw.modem.model import SimIdentity
from modemgw.modem.port import OpenPort
from modemgw.modem.probe import named

SURVEY_S = 60.0  # for the whole of it; a healthy modem needs one or two
SILENCES = 3  # commands without any answer that are survived
LAST_TRY = 1  # the one that is never used up for a person
READY, WANTS_PIN, WANTS_PUK, NO_SIM = "ready", "pin", "puk", "none"
READY_PAUSE_S = 1.0
BUSY_TRIES = 10
READY_TRIES = 20  # a card needs 5 to 30 s after its PIN
_GONE = ("SIM not inserted", "SIM failure", "SIM wrong", "NOT INSERTED")
_BUSY = ("SIM busy", "NOT READY")
_WRONG = frozenset({11, 12, 16})  # CME: still asked for, now the PUK, wrong


@dataclass(frozen=True, slots=True)
class Surveyed:
    """One modem at one port. None: it would not say.

    `sim` is ready, pin, puk or none, else what the modem itself said (PH-NET PIN).
    `tries` is how many are left for the PIN.
    """

    port: str
    manufacturer: str | None = None
    model: str | None = None
    imei: str | None = None
    sim: str = NO_SIM
    tries: int | None = None
    iccid: str | None = None
    imsi: str | None = None
    number: str | None = None
    smsc: str | None = None
    registration: str | None = None
    operator: str | None = None
    signal_dbm: int | None = None


class Entered(Enum):
    """What became of a PIN."""

    ACCEPTED = "accepted"
    WRONG = "wrong"
    UNKNOWN = "unknown"  # no answer: it may have been taken
    LAST_TRY = "last try"  # it was not sent: a wrong one would block the card
    NOT_ASKED = "not asked"  # the card wants none


async def survey(
    port: str, open_port: OpenPort, *, first_words: tuple[str, ...] = ()
) -> Surveyed:
    """Ask who is at `port`, and everything about its card.

    Raises ModemError: PortLost where it cannot be opened, AtTimeout where nobody
    answers.
    """
    async with _asking(port, open_port) as asker:
        return await _survey(port, asker, first_words)


async def unlock(
    port: str, pin: str, open_port: OpenPort
) -> tuple[Entered, int | None]:
    """Give the card its PIN, once; return what came of it and the tries left.

    Nothing goes out where it would be the last try. Raises as `survey` does.
    """
    async with _asking(port, open_port) as asker:
        facts = await _identity(asker)
        if await _sim_state(asker) != WANTS_PIN:
            return Entered.NOT_ASKED, None
        count = commands.pin_tries(facts.profile)
        tries = await asker.ask(count)
        if tries is not None and tries <= LAST_TRY:
            return Entered.LAST_TRY, tries
        try:
            await asker.channel.run(commands.enter_pin(pin))
        except AtTimeout:
            await asker.channel.resync()
        except AtError as exc:
            if codes.refusal(exc.code, exc.text).number in _WRONG:
                return Entered.WRONG, await asker.ask(count)
        # Some say ERROR and have taken it, some say OK and need a while.
        for _ in range(READY_TRIES):
            state = await _sim_state(asker)
            if state == READY:
                return Entered.ACCEPTED, None
            if state == WANTS_PUK:
                return Entered.WRONG, 0
            await asyncio.sleep(READY_PAUSE_S)
        return Entered.UNKNOWN, await asker.ask(count)


@asynccontextmanager
async def _asking(path: str, open_port: OpenPort) -> AsyncIterator[Asker]:
    channel = AtChannel(_ignore, _ignore, name=path)
    port = await open_port(path, channel.data_received, channel.connection_lost)
    channel.write = port.write
    try:
        async with asyncio.timeout(SURVEY_S):
            await channel.resync()
            yield Asker(channel, silences=SILENCES)
    except TimeoutError:
        raise AtTimeout("AT", SURVEY_S) from None
    finally:
        channel.connection_lost(ModemError("asked"))
        port.close()
        for _ in range(3):  # the transport closes in a turn of its own
            await asyncio.sleep(0)


async def _survey(port: str, asker: Asker, first_words: tuple[str, ...]) -> Surveyed:
    for text in first_words:
        await asker.does(commands.plain(text))
    facts = await _identity(asker)
    sim = await _settled_state(asker)
    tries: int | None = None
    if sim in (WANTS_PIN, WANTS_PUK):
        tries = await asker.ask(commands.pin_tries(facts.profile))
    iccid: str | None = None
    if sim != NO_SIM:
        for text in facts.profile.iccid:
            iccid = iccid or await asker.ask(commands.iccid(text))
    card = SimIdentity(iccid)
    if sim == READY:
        card = SimIdentity(
            iccid,
            await asker.ask(commands.IMSI),
            await asker.ask(commands.OWN_NUMBER),
            await asker.ask(commands.CENTRE),
        )
        await status.poll(asker, facts)
    return Surveyed(
        port,
        facts.manufacturer,
        facts.model,
        facts.imei,
        sim,
        tries,
        *(card.iccid, card.imsi, card.number, card.smsc),
        facts.registration,
        facts.operator,
        facts.signal_dbm,
    )


async def _identity(asker: Asker) -> Facts:
    await asker.does(commands.ECHO_OFF)
    if not await asker.does(commands.NUMERIC_ERRORS):
        await asker.does(commands.VERBOSE_ERRORS)
    facts = Facts()
    facts.manufacturer = await asker.ask(commands.MANUFACTURER)
    facts.model = await asker.ask(commands.MODEL)
    if facts.manufacturer is None and facts.model is None:
        facts.model = await asker.ask(commands.INFORMATION)
    imei = await asker.ask(commands.IMEI) or await asker.ask(commands.IMEI_OTHER)
    facts.imei = named(imei)
    facts.profile = profile_for(facts.manufacturer, facts.model)
    asker.channel.noise = (*facts.profile.noise, *facts.profile.booted)
    return facts


async def _settled_state(asker: Asker) -> str:
    """Ask again for a while where the card is busy, as it is after a start."""
    for _ in range(BUSY_TRIES):
        state = await _sim_state(asker)
        if state not in _BUSY:
            break
        await asyncio.sleep(READY_PAUSE_S)
    return state


async def _sim_state(asker: Asker) -> str:
    try:
        said = await asker.channel.run(commands.PIN_STATE)
    except AtError as exc:
        code = codes.refusal(exc.code, exc.text)
        said = code.sentence
        if code.number == codes.NO_NUMBER:  # it has no AT+CPIN: what follows will tell
            return READY
    except AtTimeout:
        await asker.channel.resync()
        return "no answer to AT+CPIN?"
    known = {"": READY, "READY": READY, "SIM PIN2": READY, "SIM PUK2": READY}
    known |= {"SIM PIN": WANTS_PIN, "SIM PUK": WANTS_PUK, "SIM PIN REQUIRED": WANTS_PIN}
    if said.upper() in known:
        return known[said.upper()]
    if said.startswith(_GONE):
        return NO_SIM
    return WANTS_PUK if said.upper() == "SIM PUK REQUIRED" else said


def _ignore(*_: object) -> None:
    """Unasked lines are for whoever serves the modem."""
