"""Does what the ladder wants next for one modem, and writes down that it did.

Every rung is bounded in time, and none raises: what does not work leaves the next
one to try. Which rung it is decides modem/ladder.py.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from modemgw.at import commands
from modemgw.errors import ModemError
from modemgw.modem.channel import AtChannel
from modemgw.modem.facts import Facts
from modemgw.modem.journal import Journal
from modemgw.modem.ladder import HEAVY, Ladder, Rung
from modemgw.modem.model import ModemSettings
from modemgw.modem.rescue import Place

RESET_S = 5.0  # for the OK to a reset command
PULL_S = 5.0  # from that OK to the loss of the port
ESCAPED_S = 0.3

Idle = Callable[[float], Awaitable[None]]

_LEVELS = {False: logging.INFO, True: logging.WARNING}
_log = logging.getLogger("modemgw.modem")


class Climber:
    """Climbs for one modem. `close` closes its port, `is_free`: no submit is there."""

    def __init__(
        self,
        settings: ModemSettings,
        ladder: Ladder,
        journal: Journal,
        *,
        close: Callable[[], None],
        is_free: Callable[[], bool],
    ) -> None:
        self._name = settings.name
        self._ladder = ladder
        self._journal = journal
        self._rescue = settings.rescue
        self._close = close
        self._is_free = is_free

    async def climb(
        self, channel: AtChannel, facts: Facts, port: str, idle: Idle
    ) -> None:
        """Wait, then do the rung whose turn it is; the port is reopened afterwards.

        The port stays open during the pause: late answers still count.
        """
        now = asyncio.get_running_loop().time
        end = now() + self._ladder.pause_s
        while channel.lost is None and now() < end:
            await idle(end - now())
        if channel.lost is not None:
            return
        place = Place() if self._rescue is None else await self._rescue.place(port)
        for rung in self._ladder.heavy(now(), self._heavy_ones(facts, place)):
            why = await self._why_not(place)
            if why is None:
                why = await self._try(rung, channel, facts, place)
                if why is None:
                    self._ladder.did(rung, now(), facts.profile.boot_s)
                    self._note(rung, "done")
                    return
            self._note(rung, why)
        rung = self._ladder.light(now(), can_poke=bool(place.siblings))
        if rung is Rung.POKE:
            self._close()
            heard = await self._tell(place, "AT")
            self._note(rung, "a sibling port answered" if heard else "no answer")
        else:
            self._note(rung, "done")
        self._ladder.did(rung, now())

    def _heavy_ones(self, facts: Facts, place: Place) -> tuple[Rung, ...]:
        # A port where nobody ever said who he is may not be a modem at all.
        reset = (Rung.RESET,) if facts.imei and facts.profile.reset else ()
        if self._rescue is None:
            return reset
        return (*reset, *self._rescue.tools(self._name, place))

    async def _why_not(self, place: Place) -> str | None:
        if not self._is_free():
            return "a message is on the air"
        if self._rescue is None:
            return None
        return await self._rescue.begin(self._name, place)

    async def _try(
        self, rung: Rung, channel: AtChannel, facts: Facts, place: Place
    ) -> str | None:
        """Do a heavy rung; return why it did not work."""
        try:
            if rung is Rung.RESET or self._rescue is None:
                return await self._reset(channel, facts, place)
            self._close()
            if rung is Rung.REAUTHORISE:
                await self._rescue.reauthorise(place)
            else:
                await self._rescue.cut_power(self._name, place)
        except ModemError as exc:
            return str(exc)
        return None

    async def _reset(
        self, channel: AtChannel, facts: Facts, place: Place
    ) -> str | None:
        """Say the family's reset command here, else at a sibling port."""
        if await self._say_reset(channel, facts.profile.reset):
            await asyncio.sleep(PULL_S)  # the port goes, or the modem just restarts
            return None
        self._close()
        for text in facts.profile.reset[:1]:
            if await self._tell(place, text):
                await asyncio.sleep(PULL_S)
                return None
        return "it does not hear the command"

    async def _say_reset(self, channel: AtChannel, reset: tuple[str, ...]) -> bool:
        if channel.lost is not None:
            return False
        async with channel.turn:
            try:
                channel.send(commands.ESCAPE)
                await asyncio.sleep(ESCAPED_S)
                for text in reset:
                    flight = channel.begin(text, ())
                    final = await channel.wait(flight, RESET_S)
                    if final == "OK" or isinstance(final, ModemError):
                        return True  # taken, or gone while it was at it
                    if final is None:
                        return False
            except ModemError:
                return channel.lost is not None
        return False

    async def _tell(self, place: Place, line: str) -> bool:
        if self._rescue is None:
            return False
        for sibling in place.siblings:
            if await self._rescue.say(sibling, line):
                return True
        return False

    def _note(self, rung: Rung, what: str) -> None:
        self._journal.add("rung", f"{rung.value}: {what}")
        extra = {"modem": self._name, "rung": rung.value, "outcome": what}
        _log.log(_LEVELS[rung in HEAVY], "recovery", extra=extra)
