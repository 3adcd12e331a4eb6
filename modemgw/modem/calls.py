"""Voice calls that come in: told once each, and hung up where that is wanted.

RING comes every five seconds, +CLIP behind it where the caller shows a number.
Nobody here answers. The hang-up waits its turn among the commands, so it can
never be typed between a prompt and Ctrl-Z.
"""

import asyncio
import re
from collections.abc import Callable

from modemgw.at import commands
from modemgw.modem.asking import Asker

CALL_S = 20.0  # between rings of one call, at most
NUMBER_S = 0.5  # from RING to the +CLIP that says who calls
AFTERGLOW_S = 2.0  # a RING that was on its way when we hung up

_RINGS = ("RING", "+CRING:", '+CLIP: "', "^RING")
_ENDS = ("NO CARRIER", "^CEND:", "VOICE CALL: END", "VOICE CALL:END", "MISSED_CALL:")
_NUMBER = re.compile(r'\+CLIP: *"([0-9*#+A-Za-z]{1,40})" *,? *(\d{3})?')
_MISSED = re.compile(r"MISSED_CALL:.*?([0-9+]{3,20})\s*$")
_INTERNATIONAL = 145

HANG_UP = commands.plain("AT+CHUP", commands.SIM_S)
HANG_UP_OLD = commands.plain("ATH", commands.SIM_S)


class Calls:
    """The incoming calls of one modem.

    `tell` hears of each call once, with the number or None; `wake` is called
    when there is one to hang up.
    """

    def __init__(
        self,
        tell: Callable[[str | None], None],
        *,
        hang_up: bool,
        wake: Callable[[], None],
    ) -> None:
        self._tell = tell
        self.hangs_up = hang_up
        self._wake = wake
        self._rang_at = -CALL_S  # loop time, as the next
        self._ended_at = -CALL_S
        self._is_told = True
        self._number: str | None = None
        self._wait: asyncio.TimerHandle | None = None
        self.has_work = False

    def hear(self, text: str) -> bool:
        """Take a line about a call; tell whether it was one."""
        if text.startswith(_RINGS):
            self._ring(_number_of(text))
        elif text.startswith(_ENDS):
            if text.startswith("MISSED_CALL:") and self._is_over() and self._is_news():
                missed = _MISSED.match(text)
                self._tell(missed[1] if missed else None)
            self._end()
        else:
            return False
        return True

    async def work(self, asker: Asker) -> None:
        """Hang up."""
        self.has_work = False
        self._say()
        if await asker.does(HANG_UP) or await asker.does(HANG_UP_OLD):
            self._end()

    def _is_over(self) -> bool:
        return asyncio.get_running_loop().time() - self._rang_at > CALL_S

    def _is_news(self) -> bool:
        return asyncio.get_running_loop().time() - self._ended_at > CALL_S

    def _ring(self, number: str | None) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now - self._ended_at < AFTERGLOW_S:
            return
        other = number is not None and self._number not in (None, number)
        if self._is_over() or other:
            self._say()
            self._is_told, self._number = False, None
            self._wait = loop.call_later(NUMBER_S, self._say)
            if self.hangs_up:
                self.has_work = True
                self._wake()
        self._rang_at = now
        self._number = number or self._number
        if number is not None:
            self._say()

    def _say(self) -> None:
        """Tell of the call, with what is known of the caller by now."""
        if self._wait is not None:
            self._wait.cancel()
            self._wait = None
        if not self._is_told:
            self._is_told = True
            self._tell(self._number)

    def _end(self) -> None:
        self._say()
        self._ended_at = asyncio.get_running_loop().time()
        self._rang_at = -CALL_S
        self._number = None
        self.has_work = False


def _number_of(text: str) -> str | None:
    found = _NUMBER.match(text)
    if found is None:
        return None
    number = found[1]
    if found[2] and int(found[2]) == _INTERNATIONAL and not number.startswith("+"):
        number = "+" + number
    return number
