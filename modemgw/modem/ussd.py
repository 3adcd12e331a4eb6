"""USSD with one modem: one request at a time, never while a message is sent.

    AT+CUSD=1,"<code>",15  ▶
                           ◀  OK              at once, or behind the answer
                           ◀  +CUSD: 1,"1 Balance …",15

The network takes up to two minutes. Until it has answered, nothing is sent
through this modem: both need the one signalling channel. While a menu waits for
a person's reply, messages go out as always.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from modemgw.at import commands
from modemgw.at import ussd as cusd
from modemgw.at.parser import Urc
from modemgw.at.ussd import Answered
from modemgw.errors import AtError, ModemError
from modemgw.modem.asking import Asker
from modemgw.modem.channel import AtChannel
from modemgw.modem.faults import Unavailable
from modemgw.modem.turn import Turn
from modemgw.pdu import ussd as codec
from modemgw.pdu.ussd import Coding

ANSWER_S = 120.0  # from the request to the network's answer
EMPTY_S = 3.0  # an empty +CUSD: 0 may come in front of the answer
AIR_S = 30.0  # for a message that is being sent

_UCS2_SET = commands.plain('AT+CSCS="UCS2"')
_GSM_SET = commands.CHARSET_GSM
# CME codes of modems that did not like how the string was written.
_WRITTEN_WRONG = frozenset({None, 3, 4, 24, 25, 26, 27, 50, 100})


@dataclass(frozen=True, slots=True)
class Answer:
    """What the network said. `raw` is the string as the modem gave it."""

    answered: Answered
    text: str | None
    raw: str | None = None
    coding: str = ""


class Ussd:
    """The USSD session of one modem's SIM.

    `usable` gives the channel or raises Unavailable, `codings` the ways to write
    a string, best first, `finish` hears when a request is over.
    """

    def __init__(
        self,
        air: Turn,
        *,
        usable: Callable[[], AtChannel],
        codings: Callable[[], tuple[str, ...]],
        finish: Callable[[AtChannel, BaseException | None], None],
        unasked: Callable[[Answered], None],
    ) -> None:
        self.is_open = False  # the network waits for a reply
        self._air = air
        self._usable = usable
        self._codings = codings
        self._finish = finish
        self._unasked = unasked
        self._answer: asyncio.Future[cusd.Cusd] | None = None
        self._enabled: AtChannel | None = None  # where AT+CUSD=1 was said
        self._worked: tuple[AtChannel, Coding] | None = None

    @property
    def is_waiting(self) -> bool:
        """A request is on its way."""
        return self._answer is not None

    async def ask(self, text: str) -> Answer:
        """Send a code, or the reply to a menu, and return the network's answer.

        Raises Unavailable where that cannot be done now, AtError where the modem
        or the network refuses, another ModemError where the modem fails.
        """
        if self.is_waiting:
            raise Unavailable("another USSD request is on its way through this SIM")
        async with holding(self._air, AIR_S):
            channel = self._usable()
            failure: BaseException | None = None
            try:
                return await self._exchange(channel, text)
            except BaseException as exc:
                failure = exc
                raise
            finally:
                answer, self._answer = self._answer, None
                if answer is not None and answer.done() and not answer.cancelled():
                    answer.exception()  # nobody else will ask for it
                self._finish(channel, failure)

    async def cancel(self) -> None:
        """End the session, or the request that is on its way."""
        channel = self._usable()
        self.is_open = False
        await Asker(channel).does(cusd.CANCEL)
        waiting = self._answer
        if waiting is not None and not waiting.done():
            waiting.set_result(cusd.Cusd(Answered.ENDED, None, None))

    def hear(self, urc: Urc) -> bool:
        """Take a +CUSD; tell whether it was one."""
        found = cusd.parse(urc.text)
        if found is None:
            return urc.text.startswith("+CUSD:")
        waiting = self._answer
        self.is_open = found.answered is Answered.REPLY
        if waiting is None or waiting.done():
            self._unasked(found.answered)
        elif found.answered is Answered.DONE and not found.raw:
            # Sony Ericsson says this first and the answer behind it.
            loop = asyncio.get_running_loop()
            loop.call_later(EMPTY_S, _settle, waiting, found)
        else:
            waiting.set_result(found)
        return True

    def fail(self, exc: ModemError) -> None:
        """Hear that the modem is out of service: no answer will come."""
        self.is_open = False
        waiting = self._answer
        if waiting is not None and not waiting.done():
            waiting.set_exception(exc)

    async def _exchange(self, channel: AtChannel, text: str) -> Answer:
        loop = asyncio.get_running_loop()
        asker = Asker(channel)
        if self._enabled is not channel:
            await asker.does(cusd.ENABLE)
            self._enabled = channel
        self._answer = waiting = loop.create_future()
        coding = await self._send(asker, text, waiting)
        self._worked = (channel, coding)
        try:
            async with asyncio.timeout(ANSWER_S):
                said = await waiting
        except TimeoutError:
            self.is_open = False
            await asker.does(cusd.CANCEL)
            return Answer(Answered.TIMEOUT, None)
        if said.raw is None:
            return Answer(said.answered, None)
        decoded = codec.decode(said.raw, said.dcs)
        return Answer(said.answered, decoded.text, said.raw, decoded.coding.value)

    async def _send(
        self, asker: Asker, text: str, waiting: "asyncio.Future[cusd.Cusd]"
    ) -> Coding:
        """Send the string in the first way of writing that the modem takes."""
        written = [
            (coding, made)
            for coding in self._order(asker.channel)
            if (made := codec.encode(text, coding)) is not None
        ]
        if not written:
            raise Unavailable("no way of writing this text is known to the modem")
        for coding, (string, dcs) in written:
            if coding is Coding.UCS2:
                await asker.does(_UCS2_SET)
            try:
                await asker.channel.run(cusd.ask(string, dcs))
            except AtError as exc:
                is_last = coding is written[-1][0]
                if waiting.done():  # answered before the refusal: it was heard
                    return coding
                if is_last or exc.code not in _WRITTEN_WRONG:
                    raise
            else:
                return coding
            finally:
                if coding is Coding.UCS2 and asker.channel.in_step:
                    await asker.does(_GSM_SET)
        raise AssertionError("the last way of writing neither worked nor failed")

    def _order(self, channel: AtChannel) -> list[Coding]:
        order = [Coding(name) for name in self._codings()]
        if self._worked is not None and self._worked[0] is channel:
            order.insert(0, self._worked[1])
        return list(dict.fromkeys(order))


@asynccontextmanager
async def holding(air: Turn, seconds: float) -> AsyncIterator[None]:
    """Keep submits off the air; Unavailable where it is not free in time."""
    try:
        async with asyncio.timeout(seconds):
            await air.acquire()
    except TimeoutError:
        why = "a message is being sent: try again in a moment"
        raise Unavailable(why) from None
    try:
        yield
    finally:
        air.release()


def _settle(waiting: "asyncio.Future[cusd.Cusd]", said: cusd.Cusd) -> None:
    if not waiting.done():
        waiting.set_result(said)
