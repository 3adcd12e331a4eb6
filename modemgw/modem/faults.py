"""Two things that happen to a modem and are neither a refusal nor a timeout."""

from collections.abc import Awaitable, Callable

from modemgw.errors import ModemError

Recheck = Callable[[], Awaitable[bool]]


class Rebooted(ModemError):
    """It restarted by itself, or was changed behind our back: settings are gone."""


class Blocked(ModemError):
    """Nothing that we may do helps; the message says what a person can do.

    `recheck` asks the modem whether it is worth starting again.
    """

    def __init__(self, why: str, recheck: Recheck) -> None:
        super().__init__(why)
        self.recheck = recheck


class Asked(Rebooted):
    """A person asked for a restart: set it up again. It is nobody's fault."""


class Unavailable(ModemError):
    """It cannot be done at this moment, and nothing is wrong with the modem."""
