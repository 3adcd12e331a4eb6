"""AT+CNMA, owed for every routed TPDU where AT+CSMS=1 cannot be left.

It goes out as soon as the TPDU is stored, before everything that waits for the
channel. Where a submit on the air made it late, the modem may have zeroed its own
AT+CNMI: that is then read back and repaired (modem/serving.py). So it is with what
came while the modem was being set up: it is paid first when it serves.

Spec: 3GPP TS 27.005, 3.4.4 (CNMA), 3.4.1 (CNMI).
"""

import asyncio
from collections.abc import Callable

from modemgw.at import commands
from modemgw.errors import AtError, ModemError
from modemgw.modem.channel import AtChannel
from modemgw.modem.facts import Facts

IN_TIME_S = 1.5  # modems wait about two seconds for it


class Acknowledger:
    """Pays what is owed at one modem.

    `session` gives channel and facts of the modem in service, None while it is
    not; `failed` hears what went wrong.
    """

    def __init__(
        self,
        session: Callable[[], tuple[AtChannel, Facts] | None],
        failed: Callable[[ModemError], None],
        wake: Callable[[], None],
    ) -> None:
        self._session = session
        self._failed = failed
        self._wake = wake
        self._early: tuple[int, float] | None = None  # came before the service began

    async def __call__(self, owed: int, came_at: float) -> None:
        """Acknowledge `owed` TPDUs, the first of which came at loop time `came_at`."""
        session = self._session()
        if not owed:
            return
        if session is None:
            before, since = self._early or (0, came_at)
            self._early = (before + owed, since)
            return
        channel, facts = session
        if not (facts.must_acknowledge and facts.profile.csms1_ok):
            return
        for _ in range(owed):
            try:
                await channel.run(commands.ACKNOWLEDGE, urgent=True)
            except AtError:
                pass  # CMS 340: nothing was owed
            except ModemError as exc:
                self._failed(exc)
                return
        if asyncio.get_running_loop().time() - came_at > IN_TIME_S:
            facts.ack_was_late = facts.are_doubted = True
            self._wake()

    async def begin(self) -> None:
        """Pay what came before the service began."""
        early, self._early = self._early, None
        if early is not None:
            await self(*early)
