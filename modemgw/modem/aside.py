"""What one modem does beside sending and receiving messages.

Calls, USSD, the network's time, the console and a restart on request, with the
tape and the journal. The actor hands over URCs and changes of phase; whatever
goes out takes its turn among the submits, and what would disturb one on the air
waits for it by holding `air`.
"""

import asyncio
import logging
from collections.abc import Callable

from modemgw.at import commands, nettime
from modemgw.at.parser import Urc
from modemgw.at.quirks import STORAGE_FULL
from modemgw.at.ussd import Answered
from modemgw.clock import Clock
from modemgw.errors import ModemError
from modemgw.modem import console
from modemgw.modem.acknowledging import Acknowledger
from modemgw.modem.asking import Asker
from modemgw.modem.calls import Calls
from modemgw.modem.channel import AtChannel
from modemgw.modem.console import Reply
from modemgw.modem.facts import Facts
from modemgw.modem.faults import Asked, Unavailable
from modemgw.modem.fullness import Fullness
from modemgw.modem.journal import Journal, Tape
from modemgw.modem.model import ModemSettings, Observer, Phase
from modemgw.modem.receiving import Receiver
from modemgw.modem.turn import Turn
from modemgw.modem.ussd import AIR_S, Ussd, holding

CLOCK_FLOOR_MS = 1_767_225_600_000  # 2026-01-01: this program is younger than that
BEHIND_MS = 3_600_000  # a host clock so far behind the network's is wrong
PATIENT_S = 0.1  # between commands at a start that follows a failed one
NOTICE_S = 600.0  # between two notices of the same kind
ORDERS = {
    "auto": ("text", "packed", "ucs2"),
    "text": ("text", "packed", "ucs2"),
    "packed": ("packed", "text", "ucs2"),
    "ucs2": ("ucs2", "text", "packed"),
}
SHOW_CALLER = commands.plain("AT+CLIP=1")

_log = logging.getLogger("modemgw.modem")


State = Callable[[], tuple[Phase, AtChannel | None, Facts]]


class Aside:
    """The side room of one actor, for life.

    `state` tells what the actor is and has at this moment, `poke` makes it look
    for work, `report` makes it heed a fault, or a wish to begin anew.
    """

    def __init__(
        self,
        settings: ModemSettings,
        observer: Observer,
        clock: Clock,
        *,
        state: State,
        poke: Callable[[], None],
        report: Callable[[ModemError], None],
    ) -> None:
        self.air = Turn()  # held while something is on the air
        self.tape = Tape(clock)
        self.journal = Journal(clock)
        self._name = settings.name
        self._observer = observer
        self._clock = clock
        self._state = state
        self._poke = poke
        self._report = report
        self._noticed: dict[str, float] = {}  # loop time, by kind
        self._before = Phase.ABSENT
        self._has_stumbled = False  # over its last start
        self._greeted: AtChannel | None = None  # where callers are shown
        self._acknowledger: Acknowledger | None = None
        self._calls = Calls(self._ringing, hang_up=settings.hang_up, wake=poke)
        self.ussd = Ussd(
            self.air,
            usable=self._serving,
            codings=lambda: ORDERS.get(state()[2].profile.ussd, ORDERS["auto"]),
            finish=self._finish,
            unasked=self._unasked,
        )

    # --- what the actor calls

    def channel(
        self, on_urc: Callable[[Urc], None], on_late: Callable[[object, int], None]
    ) -> AtChannel:
        """Make the channel of a new session; what passes it is kept on the tape."""
        channel = AtChannel(on_urc, on_late, name=self._name, tape=self.tape)
        # Perhaps it was too quick for this modem; its profile says, once it is known.
        channel.turn.gap_s = PATIENT_S if self._has_stumbled else 0.0
        return channel

    def served(self) -> tuple[AtChannel, Facts] | None:
        """Return channel and facts where the modem serves."""
        phase, channel, facts = self._state()
        return (channel, facts) if channel and phase is Phase.READY else None

    def hear(self, urc: Urc) -> bool:
        """Take a URC that is not about messages; tell whether it was one of these."""
        if self.ussd.hear(urc) or self._calls.hear(urc.text):
            return True
        if urc.text.startswith(STORAGE_FULL):
            return True  # the receiver sweeps
        if urc.text.startswith(nettime.NETWORK_TIME):
            self._time(nettime.time_of(urc.text))
            return True
        return False

    def moved(self, phase: Phase, why: str) -> None:
        """Note a change of phase; a request under way ends with the service."""
        self.journal.add("phase", f"{phase.value}: {why}")
        self.tape.add("=", f"{phase.value}: {why}")
        if phase is Phase.READY or self._before is Phase.STARTING:
            self._has_stumbled = phase is Phase.RECOVERING
        self._before = phase
        if phase is not Phase.READY:
            self._greeted = None
            self.ussd.fail(Unavailable(f"the modem is {phase.value}: {why}"))

    def has_work(self, channel: AtChannel) -> bool:
        """Something is to be said to the modem."""
        return self._calls.has_work or self._greeted is not channel

    async def work(self, asker: Asker) -> None:
        """Say it; called by the serving task, between two commands."""
        if self._calls.has_work:
            await self._calls.work(asker)
            self.journal.add("act", "hung up an incoming call")
        if self._greeted is not asker.channel:
            self._greeted = asker.channel
            if self._acknowledger is not None:
                await self._acknowledger.begin()
            await asker.does(SHOW_CALLER)
            if self._clock.now_ms() < CLOCK_FLOOR_MS:
                self._time(await asker.ask(nettime.CLOCK))

    def adopt(self, receiver: Receiver) -> None:
        """Hear what the receiver has to tell, and do what it may not do itself."""
        self._acknowledger = Acknowledger(self.served, self._report, self._poke)
        receiver.routed.acknowledge = self._acknowledger
        receiver.fullness = Fullness(self._tell)
        receiver.tell = self._tell
        receiver.now_ms = self._clock.now_ms

    def hang_up(self, *, on: bool) -> None:
        """Hang up on the calls to come, or let them ring."""
        self._calls.hangs_up = on

    def notice(self, kind: str, detail: dict[str, object]) -> None:
        """Tell the gateway, the same thing not more often than now and then."""
        now = asyncio.get_running_loop().time()
        if now - self._noticed.get(kind, -NOTICE_S) < NOTICE_S:
            return
        self._noticed[kind] = now
        self._tell(kind, detail)

    # --- what the gateway calls

    async def run(self, line: str, seconds: float, *, by: str) -> Reply:
        """Run one command that a person typed; it was checked already.

        Raises Unavailable where that cannot be done now, ModemError where the
        modem fails meanwhile.
        """
        async with holding(self.air, AIR_S):
            channel = self._open()
            self.journal.add("act", f"{by} typed {console.shown(line)}")
            failure: BaseException | None = None
            try:
                return await console.run(channel, line, seconds)
            except BaseException as exc:
                failure = exc
                raise
            finally:
                self._finish(channel, failure)
                self._state()[2].are_doubted = True  # who knows what was changed
                self._poke()

    async def restart(self, *, by: str) -> None:
        """Set the modem up again once nothing is on the air."""
        self._open()
        async with holding(self.air, AIR_S):
            self._open()
            self.journal.add("act", f"{by} asked for a restart")
            self._report(Asked(f"a restart was asked for by {by}"))

    # --- inside

    def _open(self) -> AtChannel:
        phase, channel, _ = self._state()
        if channel is None or phase not in (Phase.READY, Phase.PARKED):
            raise Unavailable(f"the modem is {phase.value}")
        return channel

    def _serving(self) -> AtChannel:
        phase, channel, _ = self._state()
        if channel is None or phase is not Phase.READY:
            raise Unavailable(f"the modem is {phase.value}")
        return channel

    def _finish(self, channel: AtChannel, failure: BaseException | None) -> None:
        if not channel.in_step and channel is self._state()[1]:
            why = str(failure or "a command was given up")
            self._report(channel.lost or ModemError(why))

    def _tell(self, kind: str, detail: dict[str, object]) -> None:
        self.journal.add("notice", kind.replace("_", " "))
        self._observer.notice(self._name, kind, detail)

    def _ringing(self, number: str | None) -> None:
        self.journal.add("notice", "a call comes in")
        detail: dict[str, object] = {"from": number}
        self._observer.notice(self._name, "call.incoming", detail)

    def _unasked(self, answered: Answered) -> None:
        """Hear of USSD that nobody asked for; its text is nobody's here."""
        self.journal.add("notice", f"USSD from the network: {answered.value}")
        _log.info("ussd from the network", extra={"modem": self._name})

    def _time(self, at_ms: int | None) -> None:
        """Take the network's time for one thing: to see that ours is wrong."""
        if at_ms is not None and at_ms - self._clock.now_ms() > BEHIND_MS:
            self.notice("clock_behind", {"network_ms": at_ms})
