"""How far recovery has come: faults in a row, and what they call for.

1   ESC, and find the step again
2   reopen the port, start anew
3   the same with the radio switched off and on
"""

from modemgw.errors import ModemError, PortLost

BACKOFF_S = (1.0, 2.0, 5.0, 15.0, 60.0)  # before reopening, by faults in a row
RADIO_CYCLE_AT = 3  # faults in a row
CALM_S = 60.0  # of service without a fault: the count begins anew


class Ladder:
    """The faults of one modem. Instants are those of the loop."""

    def __init__(self) -> None:
        self.faults = 0  # since the actor began
        self.in_a_row = 0
        self._in_service_since: float | None = None

    def served(self, now: float) -> None:
        """Note that service began."""
        self._in_service_since = now

    def fault(self, exc: ModemError, now: float) -> None:
        """Count a fault. A port that was pulled says nothing of the modem."""
        since, self._in_service_since = self._in_service_since, None
        if since is not None and now - since > CALM_S:
            self.in_a_row = 0
        self.faults += 1
        self.in_a_row += not isinstance(exc, PortLost)

    @property
    def is_spent(self) -> bool:
        """The longest pause is reached."""
        return self.in_a_row >= len(BACKOFF_S)

    @property
    def wants_radio_cycle(self) -> bool:
        """Starting anew was not enough."""
        return self.in_a_row >= RADIO_CYCLE_AT

    @property
    def pause_s(self) -> float:
        """How long to leave it alone now."""
        return BACKOFF_S[max(0, min(self.in_a_row, len(BACKOFF_S)) - 1)]
