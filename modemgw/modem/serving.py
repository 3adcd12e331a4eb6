"""What an actor does while its modem serves: receive, sweep, poll, watch.

Every command waits its turn among the submits, so nothing here is ever in front
of a submit for longer than one command takes.
"""

import asyncio
from collections.abc import Awaitable, Callable

from modemgw.at import commands
from modemgw.modem import status
from modemgw.modem.aside import Aside
from modemgw.modem.asking import Asker
from modemgw.modem.channel import AtChannel
from modemgw.modem.facts import Facts
from modemgw.modem.faults import Rebooted
from modemgw.modem.receiving import Receiver
from modemgw.modem.references import References

SEARCHING_S = 3.0  # between polls while not registered …
SEARCHING_LONG_S = 10.0  # … for longer than SEARCHING_FOR_S
SEARCHING_FOR_S = 180.0
STATUS_S = 30.0  # between polls of an idle modem; they are its health check
STATUS_BUSY_S = 120.0  # of one whose submits prove its health
WATCHDOG_S = 300.0  # between looks at AT+CNMI?
POLLED_SWEEP_S = 30.0  # of a modem that announces nothing
DATA_ONLY_S = 300.0  # an attach may take its time; then people are told
_LOCKED = ("SIM PIN", "SIM PUK")  # what AT+CPIN? says


class Serving:
    """One stretch of service; `run` ends only by an exception.

    `check` raises what went wrong elsewhere, `idle` sleeps until there may be
    work, `changed` hears that registration or signal may have changed, `aside` does
    what is no message's business, `references` reads what the card remembers.
    """

    def __init__(
        self,
        channel: AtChannel,
        facts: Facts,
        receiver: Receiver,
        references: References,
        *,
        sweep_interval_s: float,
        is_sending: Callable[[], bool],
        check: Callable[[], None],
        idle: Callable[[float], Awaitable[None]],
        changed: Callable[[], None],
        aside: Aside,
    ) -> None:
        self._asker = Asker(channel)
        self._facts = facts
        self._receiver = receiver
        polled = not announces(facts.cnmi_set)
        self._sweep_s = min(sweep_interval_s, POLLED_SWEEP_S if polled else 1e9)
        self._is_sending = is_sending
        self._check = check
        self._idle = idle
        self._changed = changed
        self._aside = aside
        self._references = references
        self._registered_at = asyncio.get_running_loop().time()  # last seen so
        self._both_at: float | None = self._registered_at  # None: people were told

    async def run(self) -> None:
        """Serve until a ModemError."""
        loop, asker, facts = asyncio.get_running_loop(), self._asker, self._facts
        receiver = self._receiver
        polled_at = loop.time()
        watchdog_at = polled_at + WATCHDOG_S
        while True:
            self._check()
            now = loop.time()
            status_at = polled_at + self._status_pause(now)
            if self._aside.has_work(asker.channel):
                await self._aside.work(asker)
            elif receiver.has_work:
                await receiver.read_announced(asker, facts.memories)
            elif facts.are_doubted or now >= watchdog_at:
                facts.are_doubted = False
                watchdog_at = now + WATCHDOG_S
                await self._check_settings()
            elif receiver.sweep_wanted or now >= receiver.sweep_at:
                receiver.sweep_at = now + self._sweep_s
                await receiver.sweep(asker, facts.memories)
            elif self._references.due(facts):
                await self._references.read(asker.channel, facts)
            elif now >= status_at:
                await status.poll(asker, facts)
                self._changed()
                polled_at = loop.time()
                self._look_at_attach(polled_at)
            else:
                await self._idle(min(status_at, watchdog_at, receiver.sweep_at) - now)

    def _status_pause(self, now: float) -> float:
        if self._facts.is_registered:
            self._registered_at = now
            return STATUS_BUSY_S if self._is_sending() else STATUS_S
        is_new = now - self._registered_at < SEARCHING_FOR_S
        return SEARCHING_S if is_new else SEARCHING_LONG_S

    def _look_at_attach(self, now: float) -> None:
        """Tell of an attach for data alone, once, where it lasts."""
        if not self._facts.is_data_only:
            self._both_at = now
        elif self._both_at is not None and now - self._both_at > DATA_ONLY_S:
            self._both_at = None
            facts = self._facts
            self._aside.notice("data_only", {"creg": facts.creg, "cereg": facts.cereg})

    async def _check_settings(self) -> None:
        """Compare what a modem forgets with what was set; Rebooted if it differs.

        A restart without a word, another program, or a missed AT+CNMA changes it.
        """
        facts = self._facts
        said = await self._asker.ask(commands.ROUTING)
        is_kept = facts.cnmi is None or said in (None, facts.cnmi)
        if not is_kept and not (facts.ack_was_late and await self._repair_routing()):
            raise Rebooted(f"its settings have changed: AT+CNMI is {said}")
        facts.ack_was_late = False
        if (
            said is None
            and (await self._asker.ask(commands.PIN_STATE) or "") in _LOCKED
        ):
            raise Rebooted("it wants its PIN again")
        if await self._asker.ask(commands.PDU_MODE_STATE) == 1:
            raise Rebooted("its settings have changed: it is in text mode")

    async def _repair_routing(self) -> bool:
        """Set AT+CNMI again where a late AT+CNMA made the modem zero it."""
        facts = self._facts
        if facts.cnmi_set is None:
            return False
        await self._asker.does(commands.route(facts.cnmi_set))
        self._receiver.want_sweep()  # for what came while it was deaf
        return await self._asker.ask(commands.ROUTING) == facts.cnmi


def announces(cnmi: str | None) -> bool:
    """Tell whether the modem says by itself that something arrived: <mt>."""
    return cnmi is not None and cnmi.split(",")[1:2] != ["0"]
