"""Types one TPDU as soon as the prompt has come and the caller's gate is open.

Each step is taken where it becomes due: inside of the read that brings the prompt,
or as the gate opens. The task that submits sleeps from AT+CMGS to the final result,
and the modem waits for no turn of the loop.
"""

import asyncio
import inspect
from collections.abc import Awaitable
from typing import TYPE_CHECKING

from modemgw.at import commands
from modemgw.errors import PortLost
from modemgw.modem.channel import AtChannel
from modemgw.modem.flight import Flight, resolve
from modemgw.promise import Promise

if TYPE_CHECKING:
    from modemgw.modem.submit import Habits

GATE_S = 30.0  # a store that takes longer is not going to commit

Gate = Awaitable[object]


class Typist:
    """What stands between one AT+CMGS and its TPDU; `flight` is set at once.

    `why` says why the TPDU was not typed; None: it was, or nothing has happened yet.
    """

    __slots__ = (
        *("_channel", "_gate", "_habits", "_octets", "_token"),
        *("flight", "is_modems_fault", "is_unclear", "why"),
    )

    flight: Flight

    def __init__(
        self,
        channel: AtChannel,
        habits: "Habits",
        octets: bytes,
        gate: Gate | None,
        token: object,
    ) -> None:
        self._channel = channel
        self._habits = habits
        self._octets = octets
        self._gate = gate
        self._token = token
        self.why: str | None = None
        self.is_modems_fault = False
        self.is_unclear = False  # a refusal may be the answer to the submit before

    def prompted(self) -> None:
        """Go on where the gate is open already, else as soon as it opens."""
        gate = self._gate
        if gate is None:
            self._type()
            return
        if not isinstance(gate, asyncio.Future):
            gate = self._gate = asyncio.ensure_future(gate)
        if gate.done():
            self._pass(gate)
            return
        self.flight.stands = True
        self._channel.extend(GATE_S)
        if isinstance(gate, Promise):
            gate.listen(self._pass)
        else:
            gate.add_done_callback(self._pass)

    async def why_untyped(self, final: object) -> str:
        """Say why, behind a prompt that went away with `final` or by the deadline."""
        if self.why is None and isinstance(self._gate, asyncio.Future):
            if final is not None:  # the store's trouble is no fault of the modem
                await asyncio.wait([self._gate], timeout=GATE_S)
            if not self._gate.done():
                self.why = f"not cleared for sending within {GATE_S:g} s"
            else:
                self.why = _shut(self._gate)
        if self.why is None:
            self.why, self.is_modems_fault = f"the modem left the prompt: {final}", True
        return self.why

    def neglect(self) -> None:
        """Let go of the gate: there was no prompt."""
        neglect(self._gate)

    def _pass(self, gate: "asyncio.Future[object]") -> None:
        if self.why is not None or self.flight.done.done():
            return  # the prompt is left already, or went away, or the caller did
        why = _shut(gate)
        if why is None:
            self._type()
        else:
            self._give_up(why)

    def _type(self) -> None:
        try:
            self._type_now()
        except Exception as exc:  # a bug of ours, which the task is to raise
            self.flight.done.set_exception(exc)

    def _type_now(self) -> None:
        flight, channel, habits = self.flight, self._channel, self._habits
        try:
            habits.witness.typed(self._token)
        except OSError as exc:
            self.is_modems_fault = True
            self._give_up(f"it could not be noted: {exc}")
            return
        flight.stands = False
        flight.typed_at = habits.typed_at = channel.now = channel.time()
        habits.accepted_as = None
        try:
            channel.put(
                self._octets.hex().upper().encode("ascii") + commands.CTRL_Z,
                f"<TPDU {len(self._octets)} octets>",
            )
        except PortLost as exc:  # the port takes all or nothing
            self.why, self.is_modems_fault = str(exc), True
            resolve(flight.done, exc)
            return
        # A reference from now on is this submit's; a refusal, who knows.
        if channel.late:
            self.is_unclear = True
            channel.late.clear()
        channel.extend(commands.SUBMIT_S)

    def _give_up(self, why: str) -> None:
        """Wake the task at a prompt that it is to leave."""
        self.why = why
        self.flight.stands = True
        resolve(self.flight.done, None)


def _shut(gate: "asyncio.Future[object]") -> str | None:
    """Say why a gate that is done did not open."""
    if gate.cancelled():
        return "not cleared for sending: withdrawn"
    failure = gate.exception()
    return None if failure is None else f"not cleared for sending: {failure}"


def neglect(gate: Gate | None) -> None:
    """Let go of a gate that is not needed any more, without a warning."""
    if asyncio.isfuture(gate):
        gate.add_done_callback(lambda done: done.cancelled() or done.exception())
    elif inspect.iscoroutine(gate):
        gate.close()
