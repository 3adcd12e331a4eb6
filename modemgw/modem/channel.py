"""Runs AT commands over a byte pipe, strictly one at a time.

The place where AT meets time. Three things keep answers and commands together:

- every command has an absolute deadline; when it passes, the channel is out of
  step and refuses work until `resync` has found the step again;
- a final code while nothing is in flight is nobody's and is dropped;
- a `+CMGS:` that nobody waits for belongs to the submit that was given up, and
  the final code behind it too.

Submitting has its own files, modem/submit.py and modem/typist.py.
"""

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from modemgw.at import commands
from modemgw.at.answers import reference_of
from modemgw.at.commands import Command
from modemgw.at.parser import AtParser, Event, Final, Info, Prompt, Urc
from modemgw.clock import SystemClock
from modemgw.errors import AtTimeout, ModemError, PortLost
from modemgw.modem import standing
from modemgw.modem.alarm import Alarm
from modemgw.modem.flight import Flight, refusal, resolve
from modemgw.modem.journal import TAPE_LINE, Tape
from modemgw.modem.transcript import PLAIN, masked
from modemgw.modem.turn import Turn
from modemgw.promise import Reply

T = TypeVar("T")

QUIET_S = 0.05  # silence after ESC before the probe goes out
QUIET_LIMIT_S = 1.0  # a modem that never falls silent is probed all the same
SECOND_FINAL_S = 0.3  # a modem that answered late may have one more answer
RESYNC_TRIES = 3
MAX_STALE = 5  # final codes of earlier commands tolerated in front of the probe's

_log = logging.getLogger("modemgw.modem")
_TIMEOUT = None  # the result of a wait whose deadline has passed


class AtChannel:
    """One AT channel for as long as the port stays open.

    `on_urc` hears what comes unasked, `on_late` the TP-MR of a submit whose
    deadline had passed. `write` is set once the port is open. `turn` is the lock
    around one command: first come, first served.
    """

    def __init__(
        self,
        on_urc: Callable[[Urc], None],
        on_late: Callable[[object, int], None],
        *,
        name: str = "",
        tape: Tape | None = None,
    ) -> None:
        self.write: Callable[[bytes], None] = _not_open
        self.turn = Turn()
        self.lost: PortLost | None = None
        self.in_step = True
        self.late: list[object] = []  # tokens of submits given up after Ctrl-Z
        self.hung: list[object] = []  # the last of them, until the next AT+CMGS
        self.on_prompt: Callable[[object], None] = _unheard
        self.strays: list[str] | None = None  # final codes that nobody waits for
        self.answered_at = 0.0  # loop time of the last final code
        self._loop = asyncio.get_running_loop()
        self.time = self._loop.time
        self._on_urc = on_urc
        self._on_late = on_late
        self._extra = {"modem": name}
        self._tape = tape or Tape(SystemClock())
        self._keep = self._tape.keep
        self._wire: list[tuple[float, str, str]] | None = None  # of the submit
        self._is_logged = False  # looked up once for each command
        self._parser = AtParser()
        self._flight: Flight | None = None
        self._heard_at = 0.0
        self.now = 0.0  # loop time of the last command, read or write
        self._moved: Flight | None = None  # by the read that is being taken
        self._alarm = Alarm(self._too_late)
        self._hear: dict[type[Event], Callable[[Any], None]] = {
            Urc: self._urc,
            Final: self._final,
            Prompt: self._prompt,
            Info: self._info,
        }

    @property
    def noise(self) -> tuple[str, ...]:
        """Beginnings of lines that are nobody's answer; from the profile."""
        return self._parser.noise

    @noise.setter
    def noise(self, beginnings: tuple[str, ...]) -> None:
        self._parser.noise = beginnings

    async def run(self, command: Command[T], *, urgent: bool = False) -> T:
        """Send `command` and return what its answer says.

        Raises AtError on a refusal, AtTimeout when no final code came in time,
        PortLost when the port went meanwhile. `urgent` goes before all who wait.
        """
        async with self.turn.first() if urgent else self.turn:
            return await self.run_now(command)

    async def run_now(self, command: Command[T]) -> T:
        """Do what `run` does for a caller that holds `turn`."""
        self.check(command.text)
        flight = self.begin(
            command.text,
            command.prefixes,
            shown=command.shown,
            numeric=command.numeric,
        )
        final = await self.wait(flight, command.timeout_s)
        if final == "OK":
            return command.value(flight.lines)
        shown = command.shown or command.text
        if isinstance(final, str):
            raise refusal(shown, final)
        raise final or AtTimeout(shown, command.timeout_s)

    async def resync(self) -> None:
        """Leave any prompt and find the step again after a late or lost answer.

        Raises AtTimeout when the modem does not answer.
        """
        async with self.turn:
            await self.resync_now()

    async def resync_now(self) -> None:
        """Do what `resync` does for a caller that holds `turn`."""
        if self.lost is not None:
            raise self.lost
        if self.hung:
            await standing.look(self)
        clean, began = commands.CLEAN, self.time()
        for _ in range(RESYNC_TRIES):
            self.send(commands.ESCAPE)
            await self.quiet()
            flight = self.begin(clean.text, clean.prefixes, numeric=True)
            final = await self.wait(flight, clean.timeout_s)
            if isinstance(final, ModemError):
                raise final
            if final is not _TIMEOUT and await self._probe():
                self.in_step = True
                return
        self.in_step = False
        raise AtTimeout(clean.text, self.time() - began)

    async def _probe(self) -> bool:
        """Ask what no other command answers, and read up to that answer."""
        probe = commands.PROBE
        await self.turn.pause()
        flight = self.begin(probe.text, probe.prefixes, numeric=True)
        final = await self.wait(flight, probe.timeout_s)
        for _ in range(MAX_STALE):
            if not isinstance(final, str):
                break
            if any(line.startswith(probe.prefixes) for line in flight.lines):
                return True
            # Either stale, or the refusal of a modem that lacks this command.
            flight = self._listen(probe.text, probe.prefixes, numeric=True)
            final = await self.wait(flight, SECOND_FINAL_S)
            if final is _TIMEOUT:
                return True
        if isinstance(final, ModemError):
            raise final
        return False

    async def quiet(self) -> None:
        """Wait until the line is silent, but not for ever."""
        time, began = self.time, self.time()
        limit = began + QUIET_LIMIT_S
        pause = QUIET_S
        while pause > 0:
            await asyncio.sleep(pause)
            pause = min(max(began, self._heard_at) + QUIET_S, limit) - time()

    # --- what the port calls

    def data_received(self, data: bytes) -> None:
        """Take octets from the port."""
        self.now = self._heard_at = self.time()
        hear = self._hear
        try:
            for event in self._parser.feed(data):
                hear[type(event)](event)
        finally:
            flight = self._moved
            if flight is not None:
                self._moved = None
                self._go_on(flight)

    def connection_lost(self, exc: Exception) -> None:
        """Hear that the port is gone; whoever waits hears it too."""
        if self.lost is None:
            self.lost = exc if isinstance(exc, PortLost) else PortLost(str(exc))
            self.interrupt(self.lost)
            self._alarm.close()

    def interrupt(self, exc: ModemError) -> None:
        """Give up the command in flight: its answer will not come."""
        flight, self._flight, self._wire = self._flight, None, None
        if flight is not None:
            self.in_step = False
            resolve(flight.done, exc)

    # --- shared with modem/submit.py and modem/typist.py

    def check(self, text: str) -> None:
        """Raise unless a command may go out now."""
        if self.lost is not None:
            raise self.lost
        if not self.in_step:
            raise AtTimeout(text, 0)

    def begin(
        self,
        text: str,
        prefixes: tuple[str, ...],
        *,
        shown: str | None = None,
        on_prompt: Callable[[], None] | None = None,
        numeric: bool = False,
    ) -> Flight:
        """Write a command line and return its flight. The caller holds `turn`."""
        flight = self._listen(text, prefixes, on_prompt, numeric=numeric)
        self.put(text.encode("ascii", "replace") + b"\r", shown or text)
        return flight

    def send(self, data: bytes, shown: str = "<ESC>") -> None:
        """Write octets; raises PortLost when the port does not take them."""
        self.now = self.time()
        self.put(data, shown)

    def put(self, data: bytes, shown: str) -> None:
        """Do what `send` does for a caller that has looked at the time."""
        try:
            self.write(data)
        finally:  # after the write: the modem is not to wait for our notes
            self._record(">", shown)

    async def wait(self, flight: Flight, seconds: float) -> str | ModemError | None:
        """Wait for the final code, None at the deadline: so long after the last write.

        Out of step from then on, but at a prompt: the answer may still come.
        """
        done = flight.done
        if done.done():
            return done.result()
        self._alarm.set(self.now + seconds)
        result = _TIMEOUT  # and what a cancellation leaves
        try:
            result = await done
        finally:
            self._alarm.clear()
            if result is _TIMEOUT and not flight.stands:
                self.in_step = False
                self._flight = self._wire = None
        return result

    def reopen(self, flight: Flight) -> bool:
        """Wait once more for the answer at a prompt; False where it came already."""
        if self._flight is not flight:
            return False
        flight.stands = False
        flight.done = Reply(loop=self._loop)
        return True

    def extend(self, seconds: float) -> None:
        """Give whoever waits so long after the last read or write, which is longer."""
        self._alarm.put_off(self.now + seconds)

    def _too_late(self) -> None:
        if self._flight is not None:
            resolve(self._flight.done, _TIMEOUT)

    def _record(self, direction: str, text: str) -> None:
        """Keep a line for the transcripts, and for the debug log."""
        line = self.now, direction, text[:TAPE_LINE]
        self._keep(line)
        wire = self._wire
        if wire is not None:
            wire.append(line)
        if self._is_logged:
            extra = {**self._extra, "direction": direction, "line": text}
            _log.debug("wire", extra=extra)

    def _listen(
        self,
        text: str,
        prefixes: tuple[str, ...],
        on_prompt: Callable[[], None] | None = None,
        *,
        numeric: bool = False,
    ) -> Flight:
        is_submit = on_prompt is not None
        self._parser.expect(text, prefixes, prompt=is_submit, numeric=numeric)
        done: Reply[str | ModemError | None] = Reply(loop=self._loop)
        self.now = self.time()
        flight = Flight(text, prefixes, self.now, done, on_prompt)
        self._wire = flight.wire = [] if is_submit else None
        self._flight = flight
        if self.now >= self._tape.look_at:
            self._tape.look(self.now)
        self._is_logged = _log.isEnabledFor(logging.DEBUG)
        return flight

    # --- events

    def _urc(self, urc: Urc) -> None:
        if self.now >= self._tape.look_at:
            self._tape.look(self.now)
        self._record("<", masked(urc.text))
        if urc.text.startswith(commands.SUBMIT_PREFIXES):
            self._late(urc.text)
        else:
            self._on_urc(urc)

    def _info(self, info: Info) -> None:
        flight, text = self._flight, info.text
        is_short = self._wire is not None and len(text) <= PLAIN
        is_known = is_short and text.startswith(commands.SUBMIT_PREFIXES)
        shown = text if is_known else masked(text, flight.prefixes if flight else ())
        self._record("<", shown)
        if flight is None:  # an answer that came too late, or noise
            if text.startswith(commands.SUBMIT_PREFIXES):
                self._late(text)
            return
        if flight.wire is None:
            flight.lines.append(text)
        elif not text.startswith(flight.prefixes):
            return  # the echo of the PDU, or noise
        elif flight.typed_at is None:
            self._late(text)
        else:
            flight.lines.append(text)
            self._moved = flight

    def _go_on(self, flight: Flight) -> None:
        """Do what follows from a whole read: who waits may send the next command."""
        if flight.final is not None:
            if not flight.done.done():
                flight.done.answer(flight.final)
        elif not flight.is_cut and flight is self._flight:
            # With the reference said, only the OK is missing; some never send it.
            flight.is_cut = True
            self._alarm.set(self.now + commands.AFTER_REFERENCE_S)

    def _prompt(self, _: Prompt) -> None:
        self._record("<", ">")
        flight = self._flight
        if flight is None or flight.on_prompt is None or flight.done.done():
            return
        if not flight.prompted:
            flight.prompted = True
            flight.on_prompt()

    def _final(self, final: Final) -> None:
        flight, text = self._flight, final.text
        self._record("<", text)
        if flight is None:  # stray: nothing is in flight
            if self.strays is not None:
                self.strays.append(text)
            if text.startswith("+CMS ERROR"):
                self.late.clear()  # the late answer of the submit given up: no
            return
        if flight.stale:
            flight.stale -= 1
            self._parser.expect(
                flight.text,
                flight.prefixes,
                prompt=flight.on_prompt is not None and not flight.prompted,
            )
            return
        self._flight = self._wire = None
        self.answered_at = self._heard_at
        flight.final, self._moved = text, flight

    def _late(self, text: str) -> None:
        """Give a reference that nobody waits for to the submit that was given up."""
        if self._flight is not None:
            self._flight.stale += 1
        tp_mr = reference_of(text)
        if self.late and tp_mr is not None:
            self._on_late(self.late.pop(0), tp_mr)


def _not_open(data: bytes) -> None:
    raise PortLost("the port is not open")


def _unheard(token: object) -> None:
    """Nobody wants to know."""
