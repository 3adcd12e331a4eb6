"""Voice calls of a simulated modem: it rings, it is hung up, nobody talks."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from modemgw.sim.modem import SimModem

RING_EVERY_S = 5.0
INCOMING, OUTGOING = 1, 0  # <dir> of +CLCC
ACTIVE, DIALLING, RINGING = 0, 2, 4  # <stat> of +CLCC
ANSWER_AFTER_S = 20.0  # then an outgoing call gives up: NO ANSWER


class Calls:
    """At most one call at a time."""

    def __init__(self, modem: "SimModem") -> None:
        self._modem = modem
        self.number = ""
        self.direction = INCOMING
        self.stat: int | None = None  # None: no call
        self._count = 0

    def reset(self) -> None:
        """Forget the call after a restart."""
        self.stat = None

    @property
    def activity(self) -> int:
        """<pas> of AT+CPAS: 0 ready, 3 ringing, 4 a call."""
        return 0 if self.stat is None else 3 if self.stat == RINGING else 4

    def ring(self, number: str, rings: int = 6) -> None:
        """Let somebody call; without an answer they give up after `rings`."""
        if self.stat is None and self._modem.is_served:
            self.number, self.direction, self.stat = number, INCOMING, RINGING
            self._count += 1
            self._ring(self._count, rings)

    def _ring(self, count: int, left: int) -> None:
        if self.stat != RINGING or count != self._count:
            return
        if not left:
            self.end("NO CARRIER")
            return
        self._modem.urc("+CRING: VOICE" if self._modem.settings.crc else "RING")
        if self._modem.settings.clip:
            kind = 145 if self.number.startswith("+") else 129
            self._modem.urc(f'+CLIP: "{self.number}",{kind},"",,"",0')
        self._modem.later(RING_EVERY_S, self._ring, count, left - 1)

    def dial(self, number: str) -> None:
        """Call somebody who never answers."""
        self.number, self.direction, self.stat = number, OUTGOING, DIALLING
        self._count += 1
        self._modem.later(ANSWER_AFTER_S, self._give_up, self._count)

    def _give_up(self, count: int) -> None:
        if self.stat == DIALLING and count == self._count:
            self.end("NO ANSWER")

    def end(self, said: str = "") -> None:
        """End the call; `said` is the unsolicited line, if any."""
        if self.stat is not None:
            self.stat = None
            if said:
                self._modem.urc(said)

    def lines(self) -> list[str]:
        """What AT+CLCC lists."""
        if self.stat is None:
            return []
        kind = 145 if self.number.startswith("+") else 129
        return [f'+CLCC: 1,{self.direction},{self.stat},0,0,"{self.number}",{kind}']
