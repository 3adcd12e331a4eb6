"""How far recovery has come: faults in a row, and which rung they call for.

resync       ESC, and find the step again (modem/channel.py)
poke         say AT to a sibling port: it wakes some modems
restart      reopen the port, back to its defaults, start anew
radio        the same with the radio switched off and on
reset        the maker's reset command
reauthorise  take the device off the bus and back
power        cut its power

The last three are heavy: at most one in ten minutes and six in an hour, only
while nothing is on the air, and one modem of a hub at a time (modem/rescue.py).
What is there is tried in this order, then the last of them again, ever more
rarely; between them the modem is started anew, since some heal by themselves.
"""

from collections import deque
from enum import Enum
from random import Random

from modemgw.errors import ModemError, PortLost

BACKOFF_S = (1.0, 2.0, 5.0, 15.0, 60.0)  # before reopening, by faults in a row
JITTER = 0.2  # of a pause: modems that fell together must not get up together
RADIO_CYCLE_AT = 3  # faults in a row
HEAVY_AT = 4
CALM_S = 60.0  # of service without a fault: the count begins anew
HEAVY_GAP_S = 600.0
HEAVY_PER_HOUR = 6
REPEAT_S = (900.0, 3600.0, 21_600.0)  # between climbs once every rung was tried
SETTLE_S = 90.0  # to come back on the bus, perhaps as a CD-ROM first
SETTLE_PAUSE_S = 3.0
HOUR_S = 3600.0


class Rung(Enum):
    """What recovery does; the values stand in events."""

    RESYNC = "resync"
    POKE = "poke"
    RESTART = "restart"
    RADIO = "radio"
    RESET = "reset"
    REAUTHORISE = "reauthorise"
    POWER = "power"


HEAVY = (Rung.RESET, Rung.REAUTHORISE, Rung.POWER)


class Ladder:
    """The faults of one modem and what was done. Instants are those of the loop."""

    def __init__(self, name: str = "") -> None:
        self.faults = 0  # since the actor began
        self.in_a_row = 0
        self.last: str | None = None  # what was done last, for people and events
        self._luck = Random(name)  # noqa: S311 - spreads pauses, each modem its own
        self._in_service_since: float | None = None
        self._heavy: deque[float] = deque(maxlen=HEAVY_PER_HOUR)
        self._there: tuple[Rung, ...] = ()
        self._height = 0  # how many heavy rungs were climbed in a row
        self._settles_until = 0.0
        self._pause = 0.0

    def served(self, now: float) -> None:
        """Note that service began."""
        self._in_service_since = now
        self._settles_until = 0.0

    def fault(self, exc: ModemError, now: float) -> None:
        """Count a fault. A port that was pulled says nothing of the modem."""
        since, self._in_service_since = self._in_service_since, None
        if since is not None and now - since > CALM_S:
            self.in_a_row = self._height = 0
        self.faults += 1
        if isinstance(exc, PortLost):
            self.last = self.last if self.settles(now) else "replug"
        elif not self.settles(now):
            self.in_a_row += 1
        spread = 1 + JITTER * (2 * self._luck.random() - 1)
        self._pause = spread * BACKOFF_S[max(0, min(self.in_a_row, len(BACKOFF_S)) - 1)]
        if self.settles(now):
            self._pause = min(self._pause, SETTLE_PAUSE_S)

    def settles(self, now: float) -> bool:
        """Tell whether the modem is coming back from a heavy rung."""
        return now < self._settles_until

    @property
    def is_spent(self) -> bool:
        """The longest pause is reached."""
        return self.in_a_row >= len(BACKOFF_S)

    @property
    def pause_s(self) -> float:
        """How long to leave it alone now."""
        return self._pause

    def wants_radio_cycle(self, now: float) -> bool:
        """Starting anew was not enough."""
        return self.in_a_row >= RADIO_CYCLE_AT and not self.settles(now)

    def light(self, now: float, *, can_poke: bool) -> Rung:
        """Return the gentle rung whose turn it is."""
        if self.wants_radio_cycle(now):
            return Rung.RADIO
        is_first = self.in_a_row <= 1 and not self.settles(now)
        return Rung.POKE if can_poke and is_first else Rung.RESTART

    def heavy(self, now: float, there: tuple[Rung, ...]) -> tuple[Rung, ...]:
        """Return the heavy rungs that may be tried now, in their order.

        More than one: where the first cannot be done, the next may.
        """
        self._there = there
        if not there or self.in_a_row < HEAVY_AT or self.settles(now):
            return ()
        if self._heavy and now - self._heavy[-1] < self._gap_s(len(there)):
            return ()
        if len(self._heavy) == HEAVY_PER_HOUR and now - self._heavy[0] < HOUR_S:
            return ()
        return there[min(self._height, len(there) - 1) :]

    def did(self, rung: Rung, now: float, boot_s: float = 0.0) -> None:
        """Note what was done."""
        self.last = rung.value
        if rung in HEAVY:
            self._heavy.append(now)
            climbed = self._there.index(rung) + 1 if rung in self._there else 0
            self._height = max(climbed, self._height + 1)  # some cannot be done
            self._settles_until = now + max(boot_s, SETTLE_S)

    def _gap_s(self, there: int) -> float:
        over = self._height - there  # climbs since all of them were tried
        if over < 0:
            return HEAVY_GAP_S
        return REPEAT_S[min(over, len(REPEAT_S) - 1)]
