"""Owns one modem for life: the only code that ever touches its port.

`run` reads like a modem's day: wait for the port, start, serve, recover. What
else runs in the program asks for submits and hears back through their outcome
and the observer; received TPDUs go to the sink. A ModemError never leaves this
file; any other exception is our bug and ends the daemon.
"""

import asyncio
import logging
from dataclasses import replace
from functools import partial

from modemgw.at import quirks
from modemgw.at.parser import Urc
from modemgw.clock import Clock
from modemgw.errors import ModemError, PortLost
from modemgw.modem import status
from modemgw.modem.aside import Aside
from modemgw.modem.channel import AtChannel
from modemgw.modem.climbing import Climber
from modemgw.modem.facts import Facts, picture
from modemgw.modem.faults import Asked, Blocked, Rebooted
from modemgw.modem.ladder import Ladder, Rung
from modemgw.modem.model import (
    ModemSettings,
    ModemSnapshot,
    NotSent,
    Observer,
    Phase,
    Refused,
    SubmitOutcome,
    TpduSink,
)
from modemgw.modem.port import OpenPort, Port
from modemgw.modem.receiving import Receiver
from modemgw.modem.references import References
from modemgw.modem.remedy import Remedy, remedy
from modemgw.modem.serving import Serving
from modemgw.modem.startup import Remembered, Startup
from modemgw.modem.submit import Habits, Submitter
from modemgw.modem.typist import Gate, neglect
from modemgw.policy.lifecycle import Trigger, advance

PORT_RETRY_S = 0.5  # between looks at a port that is not there
PARKED_S = 30.0  # between looks at what keeps it parked
BOOT_PAUSE_S = 1.0  # after a restart, times the faults in a row
RESTART_PAUSE_S = 30.0  # at least, between starts that a refusal asked for

_log = logging.getLogger("modemgw.modem")


class ModemActor:
    """One modem. `run` ends only by cancellation; it closes the port then."""

    def __init__(
        self,
        settings: ModemSettings,
        *,
        open_port: OpenPort,
        sink: TpduSink,
        observer: Observer,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._open_port = open_port
        self._observer = observer
        self._clock = clock
        self._extra = {"modem": settings.name}
        self._phase, self._why = Phase.ABSENT, "not looked for yet"
        self._since_ms = clock.now_ms()
        self._facts = Facts()
        self._remembered, self._habits = Remembered(), Habits(settings.witness)
        self._references = References(self._habits)
        self._poked = asyncio.Event()
        self._receiver = Receiver(settings.name, sink, self._poked.set)
        self._port: Port | None = None
        self._channel: AtChannel | None = None
        self._submitter: Submitter | None = None
        self._trouble: ModemError | None = None  # found outside the serving task
        self._submits = 0  # running or waiting for their turn
        self._ladder = Ladder(settings.name)
        self._restarted_at = 0.0  # loop time, as the next
        self._snapshots: dict[bool, ModemSnapshot] = {}
        self.aside = Aside(
            *(settings, observer, clock),
            state=lambda: (self._phase, self._channel, self._facts),
            poke=self._poked.set,
            report=self._report,
        )
        self._climber = Climber(
            *(settings, self._ladder, self.aside.journal),
            close=self._close,
            is_free=lambda: self._submits == 0,
        )
        self.aside.adopt(self._receiver)

    # --- what the gateway uses

    @property
    def snapshot(self) -> ModemSnapshot:
        """The modem as it is now; the same object until something changes."""
        busy = self._submits > 0
        known = self._snapshots.get(busy)
        if known is None:
            known = self._snapshots[busy] = self._picture(busy)
        return known

    async def submit(
        self,
        octets: bytes,
        tpdu_length: int,
        *,
        gate: Gate | None = None,
        token: object = None,
        more: bool = False,
    ) -> SubmitOutcome:
        """Submit SCA and TPDU in their turn; see modem/submit.py.

        AT+CMGS goes out at once where the modem is idle; only the TPDU waits for
        `gate`. Never raises ModemError. After a cancellation the outcome is
        unknown: shield what must be recorded.
        """
        submitter, channel = self._submitter, self._channel
        if submitter is None or channel is None or self._phase is not Phase.READY:
            neglect(gate)
            return NotSent(f"the modem is {self._phase.value}", (), modem_fault=False)
        self._submits += 1
        outcome: SubmitOutcome | None = None
        try:
            async with self.aside.air:
                outcome = await submitter.submit(
                    octets, tpdu_length, gate=gate, token=token, more=more
                )
        finally:
            self._submits -= 1
            if not channel.in_step and channel is self._channel:
                why = getattr(outcome, "why", "a submit was not finished")
                self._report(channel.lost or ModemError(why))
        if isinstance(outcome, Refused):
            outcome = replace(outcome, vendor=self._facts.profile.codes)
            self._heed(outcome)
        return outcome

    def move_to(self, port: str) -> None:
        """Look for the modem at this port from now on; an open one is kept."""
        self._settings = replace(self._settings, port=port)
        self._poked.set()
        self._publish_changes()

    async def run(self) -> None:
        """Keep the modem in service for life."""
        self._publish()
        try:
            await self._receiver.routed.serve(self._live)
        finally:
            self._close()

    # --- the modem's day

    async def _live(self) -> None:
        while True:
            channel = await self._open()
            try:
                await self._session(channel)
            except PortLost as exc:
                self._close()
                self._habits.hung.clear()  # it may have been without power
                self._note_fault(exc)
                self._move(Trigger.LOST, str(exc))
                await asyncio.sleep(PORT_RETRY_S)
            except ModemError as exc:
                if self._phase is not Phase.RECOVERING:
                    self._note_fault(exc)
                await self._rest(channel, exc)

    async def _rest(self, channel: AtChannel, exc: ModemError) -> None:
        """Wait before reopening, with the port open: late answers still count."""
        self._submitter = None
        pause = self._ladder.pause_s
        self._move(Trigger.FAULT, f"{exc}; trying again in {pause:.0f} s")
        await self._climber.climb(channel, self._facts, self._settings.port, self._idle)
        self._close()

    async def _open(self) -> AtChannel:
        """Open the port, however long it takes to appear."""
        while True:
            channel = self.aside.channel(self._hear, self._late)
            self._habits.join(channel)
            lost = partial(self._lost, channel)
            path = self._settings.port
            try:
                port = await self._open_port(path, channel.data_received, lost)
            except PortLost as exc:
                if self._phase is not Phase.ABSENT or self._why != str(exc):
                    self._move(Trigger.LOST, str(exc))
                await self._idle(PORT_RETRY_S)
                continue
            self._port, self._channel = port, channel
            channel.write = port.write
            absent = self._phase is Phase.ABSENT
            self._move(Trigger.OPENED if absent else Trigger.RETRY, "starting")
            return channel

    def _close(self) -> None:
        """Close the port at once: its number must be free for the next device."""
        port, channel = self._port, self._channel
        self._port = self._channel = self._submitter = None
        if channel is not None:
            channel.connection_lost(PortLost("the port is closed"))
        if port is not None:
            port.close()

    async def _session(self, channel: AtChannel) -> None:
        """Start and serve until only reopening the port may help."""
        while True:
            try:
                await self._start(channel)
                while True:
                    try:
                        await self._serving(channel).run()
                    except ModemError as exc:
                        trouble = self._trouble or exc  # the first, the cause
                        if isinstance(trouble, PortLost | Rebooted):
                            raise trouble from None
                        await self._resync(channel, trouble)
            except Rebooted as exc:
                self._habits.power_lost()
                self._note_fault(exc)
                if self._ladder.is_spent:
                    raise
                is_serving = self._phase in (Phase.STARTING, Phase.READY)
                self._move(Trigger.REBOOTED if is_serving else Trigger.RETRY, str(exc))
                await asyncio.sleep(BOOT_PAUSE_S * self._ladder.in_a_row)

    async def _start(self, channel: AtChannel) -> None:
        self._trouble = self._submitter = None
        self._restarted_at = asyncio.get_running_loop().time()
        while True:
            startup = Startup(
                *(channel, self._settings, self._remembered),
                radio_cycle=self._ladder.wants_radio_cycle(self._restarted_at),
                afresh=self._ladder.in_a_row > 1,
            )
            try:
                facts = await startup.run()
                break
            except Blocked as exc:
                await self._park(channel, exc)
        self._raise_trouble(channel)
        self._facts = facts
        self._receiver.moved_to(facts)
        self._submitter = Submitter(channel, self._habits, facts.profile.cmms_ok)
        await self._enter_service(Trigger.STARTED, channel)

    async def _park(self, channel: AtChannel, exc: Blocked) -> None:
        """Wait until what only a person can change has changed."""
        self._move(Trigger.BLOCKED, str(exc))
        while True:
            await self._idle(PARKED_S)
            self._raise_trouble(channel)
            if await exc.recheck():
                self._move(Trigger.RETRY, "starting")
                return

    async def _resync(self, channel: AtChannel, exc: ModemError) -> None:
        """Try the gentlest rung; raise where it fails, or is not the first."""
        self._note_fault(exc)
        if self._phase is Phase.READY:
            self._move(Trigger.FAULT, str(exc))
        if self._ladder.in_a_row > 1:
            raise exc
        await channel.resync()
        self._trouble = None
        self._facts.are_doubted = True  # it may have restarted without a word
        self._receiver.want_sweep()
        self._ladder.last = Rung.RESYNC.value
        await self._enter_service(Trigger.RESYNCED, channel)

    def _serving(self, channel: AtChannel) -> Serving:
        return Serving(
            *(channel, self._facts, self._receiver, self._references),
            sweep_interval_s=self._settings.sweep_interval_s,
            is_sending=lambda: self._submits > 0,
            check=partial(self._raise_trouble, channel),
            idle=self._idle,
            changed=self._publish_changes,
            aside=self.aside,
        )

    async def _idle(self, seconds: float) -> None:
        timer = asyncio.get_running_loop().call_later(seconds, self._poked.set)
        try:
            await self._poked.wait()
        finally:
            timer.cancel()
        self._poked.clear()

    # --- what is heard from the port and from submits

    def _hear(self, urc: Urc) -> None:
        text, facts = urc.text, self._facts
        if urc.pdu is not None and self._receiver.hear(urc, facts.sim):
            return
        if status.hear(urc, facts):
            self._publish_changes()
            self._poked.set()
        elif self._receiver.hear(urc, facts.sim) or self.aside.hear(urc):
            return
        elif text.startswith((*quirks.REBOOTED, *facts.profile.booted)):
            self._trouble = exc = Rebooted(f"the modem restarted ({text})")
            self._poked.set()
            if self._channel is not None:
                self._channel.interrupt(exc)
        elif text.startswith(quirks.SIM_CHANGED) and self._phase is Phase.READY:
            self._trouble = Rebooted(f"the SIM has changed ({text})")
            self._poked.set()
        elif text.startswith(quirks.PERHAPS_REBOOTED):
            self._facts.are_doubted = self._phase is Phase.READY
            self._poked.set()

    def _lost(self, channel: AtChannel, exc: Exception) -> None:
        channel.connection_lost(exc)
        self._poked.set()

    def _late(self, token: object, tp_mr: int) -> None:
        _log.info("part accepted after all", extra={**self._extra, "tp_mr": tp_mr})
        self._observer.late_accept(self._settings.name, token, tp_mr)

    def _heed(self, refused: Refused) -> None:
        """Do for the modem what the code of a refused submit asks for."""
        wanted = remedy(refused)
        rested = asyncio.get_running_loop().time() - self._restarted_at
        if wanted is Remedy.SWEEP:
            self._receiver.want_sweep()
        elif wanted is Remedy.RESTART and rested >= RESTART_PAUSE_S:
            exc = Rebooted(f"set up again after: {refused.text}")
            self._trouble = self._trouble or exc
        self._poked.set()

    def _report(self, exc: ModemError) -> None:
        """Hear of a fault from a submit; what routes messages hears it at once."""
        if self._trouble is None and self._phase in (Phase.READY, Phase.PARKED):
            self._trouble = exc
            if self._phase is Phase.READY and not isinstance(exc, PortLost | Rebooted):
                self._move(Trigger.FAULT, str(exc))
        self._poked.set()

    def _raise_trouble(self, channel: AtChannel) -> None:
        if channel.lost is not None:
            raise channel.lost
        trouble, self._trouble = self._trouble, None
        if trouble is not None:
            raise trouble

    def _note_fault(self, exc: ModemError) -> None:
        if isinstance(exc, Asked):
            return
        self.aside.journal.add("fault", str(exc))
        self._ladder.fault(exc, asyncio.get_running_loop().time())
        _log.warning("modem fault", extra={**self._extra, "error": str(exc)})

    # --- the snapshot

    async def _enter_service(self, trigger: Trigger, channel: AtChannel) -> None:
        await self._references.read(channel, self._facts)
        self._ladder.served(asyncio.get_running_loop().time())
        self._move(trigger, "in service")

    def _move(self, trigger: Trigger, why: str) -> None:
        before, self._phase = self._phase, advance(self._phase, trigger)
        self._why = why
        if before is not self._phase:
            self._since_ms = self._clock.now_ms()
        _log.info("modem " + self._phase.value, extra={**self._extra, "why": why})
        self.aside.moved(self._phase, why)
        self._publish()

    def _publish(self) -> None:
        self._snapshots.clear()
        self._observer.changed(self.snapshot)

    def _publish_changes(self) -> None:
        """Publish only if the snapshot is not what it was."""
        if self._picture(self.snapshot.busy) != self.snapshot:
            self._publish()

    def _picture(self, busy: bool) -> ModemSnapshot:
        return picture(
            *(self._settings, self._facts),
            phase=self._phase,
            why=self._why,
            busy=busy,
            since_ms=self._since_ms,
            faults=self._ladder.faults,
            rung=self._ladder.last,
        )
