"""One SMS-SUBMIT over a channel: prompt, gate, TPDU, final result.

    AT+CMGS=<n>  ▶            goes out at once
                 ◀  "> "      within 10 s, else ESC and NotSent
       gate                   the caller's commit; if it fails, ESC and NotSent
    TPDU, Ctrl-Z ▶            from here on only the network's word counts
                 ◀  +CMGS: 41 and OK   Accepted
                 ◀  +CMS ERROR: 38     Refused
                    silence for 150 s  InDoubt; a late +CMGS still goes to `on_late`

Spec: 3GPP TS 27.005, 4.3.
"""

import asyncio
from dataclasses import dataclass, field

from modemgw.at import commands
from modemgw.at.answers import reference_of
from modemgw.errors import AtError, ModemError, PortLost
from modemgw.modem.channel import AtChannel
from modemgw.modem.flight import Flight, refusal
from modemgw.modem.model import (
    Accepted,
    InDoubt,
    NotSent,
    Refused,
    SubmitOutcome,
)
from modemgw.modem.typist import Gate, Typist, neglect
from modemgw.modem.witness import NoWitness, Witness

NO_REFERENCE = -1  # the modem said OK and gave no TP-MR: no report can be matched
ESCAPED_S = 1.0  # from ESC at the prompt to the OK that modems answer with
STRAY_S = 60.0  # an OK without a reference that comes later is to whoever typed there
LINK_OPEN_S = 1.0  # AT+CMMS=1 holds the link 1 to 5 s after a submit


@dataclass(slots=True)
class Habits:
    """What is known of one modem's answers, over all its sessions."""

    witness: Witness = field(default_factory=NoWitness)
    gives_references: bool = False  # +CMGS with a TP-MR, before its OK
    late: list[object] = field(default_factory=list)  # see AtChannel
    hung: list[object] = field(default_factory=list)
    accepted_as: int | None = None  # TP-MR of the last submit, if it was accepted
    typed_at: float | None = None  # loop time of the last TPDU, else of the begin

    def join(self, channel: AtChannel) -> None:
        """Let a new channel know what the last one left open."""
        if self.typed_at is None:
            self.typed_at = asyncio.get_running_loop().time()
            left = self.witness.left()
            self.late += [] if left.late is None else [left.late]
            self.hung += [] if left.hung is None else [left.hung]
        channel.late, channel.hung = self.late, self.hung
        channel.on_prompt = self.witness.at_prompt

    def power_lost(self) -> None:
        """Expect no answer any more, and no prompt."""
        self.late.clear()
        self.hung.clear()


class Submitter:
    """Submits over one channel and remembers what that channel's modem can do."""

    def __init__(
        self,
        channel: AtChannel,
        habits: Habits | None = None,
        can_hold_link: bool = True,
    ) -> None:
        self._channel = channel
        self._can_hold_link = can_hold_link  # AT+CMMS is worth trying
        self._link_open_until = 0.0
        self._habits = habits or Habits()

    async def submit(
        self,
        octets: bytes,
        tpdu_length: int,
        *,
        gate: Gate | None = None,
        token: object = None,
        more: bool = False,
    ) -> SubmitOutcome:
        """Submit `octets` (SCA and TPDU); never raises ModemError.

        `more` says that the next part follows at once: the link is held open.
        """
        channel, habits = self._channel, self._habits
        typist = Typist(channel, habits, octets, gate, token)
        turn = channel.turn
        if not turn.seize():
            await turn.acquire()
        try:
            try:
                if more and self._can_hold_link:
                    await self._hold_link()
                channel.check("AT+CMGS")
                channel.hung.clear()
                flight = typist.flight = channel.begin(
                    commands.submit(tpdu_length),
                    commands.SUBMIT_PREFIXES,
                    on_prompt=typist.prompted,
                )
            except ModemError as exc:
                neglect(gate)
                return NotSent(str(exc), (), modem_fault=True)
            try:
                final = await channel.wait(flight, commands.PROMPT_S)
                if flight.typed_at is None or typist.why is not None:
                    outcome = await self._untyped(flight, typist, final)
                else:
                    outcome = self._outcome(flight, typist, final, token)
                habits.witness.answered(token, outcome)
                return outcome
            except asyncio.CancelledError:
                self._abandon(flight, token)
                raise
            finally:
                self._link_open_until = channel.answered_at + LINK_OPEN_S
        finally:
            turn.release()

    async def _hold_link(self) -> None:
        if self._channel.time() < self._link_open_until:
            return
        try:
            await self._channel.run_now(commands.MORE_TO_SEND)
        except AtError:
            self._can_hold_link = False  # E1752 answers +CMS ERROR: 500

    async def _untyped(
        self, flight: Flight, typist: Typist, final: str | ModemError | None
    ) -> SubmitOutcome:
        """Say why nothing was typed, and leave the prompt that still stands."""
        if not flight.prompted:
            typist.neglect()
            return _without_prompt(flight, final)
        why = await typist.why_untyped(final)
        if not isinstance(final, ModemError):
            await self._leave_prompt(flight)
        return NotSent(why, flight.transcript(), modem_fault=typist.is_modems_fault)

    def _outcome(
        self,
        flight: Flight,
        typist: Typist,
        final: str | ModemError | None,
        token: object,
    ) -> SubmitOutcome:
        channel, habits = self._channel, self._habits
        ended = channel.answered_at if isinstance(final, str) else channel.time()
        seconds = ended - (flight.typed_at or 0.0)
        if typist.is_unclear and isinstance(final, str) and final != "OK":
            why = f"{final}, perhaps the late answer to the submit before"
            return InDoubt(why, flight.transcript())
        if final == "OK" or flight.lines:
            # With the reference said, the network has it, whatever came then.
            tp_mr = reference_of(flight.lines[-1]) if flight.lines else None
            usual = habits.gives_references or seconds > STRAY_S
            if usual and not flight.lines:
                channel.late.append(token)
                why = "OK without a reference, perhaps to another program on this port"
                return InDoubt(why, flight.transcript())
            habits.accepted_as = tp_mr
            habits.gives_references |= tp_mr is not None
            reference = NO_REFERENCE if tp_mr is None else tp_mr
            return Accepted(reference, seconds, flight.transcript())
        if isinstance(final, str):
            code = refusal(flight.text, final).code
            return Refused(code, final, seconds, flight.transcript())
        channel.late.append(token)
        if final is None:
            channel.hung.append(token)
            why = f"no answer within {commands.SUBMIT_S:g} s"
            return InDoubt(why, flight.transcript(), is_over=True)
        return InDoubt(str(final), flight.transcript())

    async def _leave_prompt(self, flight: Flight) -> None:
        """Take back AT+CMGS; the channel is out of step where that fails."""
        channel = self._channel
        if not channel.reopen(flight):
            return
        try:
            channel.send(commands.ESCAPE)
            if await channel.wait(flight, ESCAPED_S) is None:
                await channel.resync_now()
        except ModemError:
            channel.in_step = False

    def _abandon(self, flight: Flight, token: object) -> None:
        """Leave no prompt behind when the caller was cancelled."""
        channel = self._channel
        channel.in_step = False
        if flight.typed_at is not None:
            channel.late.append(token)
            return
        try:
            channel.send(commands.ESCAPE)
        except PortLost:
            return


def _without_prompt(flight: Flight, answer: str | ModemError | None) -> SubmitOutcome:
    if isinstance(answer, str):
        return Refused(
            refusal(flight.text, answer).code, answer, 0, flight.transcript()
        )
    why = str(answer) if answer else f"no prompt within {commands.PROMPT_S:g} s"
    return NotSent(why, flight.transcript(), modem_fault=True)
