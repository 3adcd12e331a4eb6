"""Who keeps what a modem shows about the texts that it was given.

The gateway gives one witness for each modem. What it hears settles doubts: that a
TPDU was typed, what was answered, that the modem still waited for the text, and
the last reference that the card remembers.
"""

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from modemgw.modem.model import SimIdentity, SubmitOutcome


class Wanted(Enum):
    """Why the last reference on the card should be read."""

    NO = "no"
    LEARN = "learn"  # to see whether this modem keeps it true
    DOUBT = "doubt"  # a text of this card is in doubt


@dataclass(frozen=True, slots=True)
class Left:
    """What an earlier run left at a modem: tokens of its last submit.

    `late`: its answer may still come. `hung`: its prompt may still stand, for
    nothing was typed behind it, which is certain.
    """

    late: object | None = None
    hung: object | None = None


class Witness(Protocol):
    """Called in the loop; must be quick. `token` is that of the submit."""

    def left(self) -> Left:
        """Say what an earlier run left here; asked once, as the port opens first."""

    def typed(self, token: object) -> None:
        """Hear that the TPDU is about to be typed; OSError: then it must not be.

        The modem is left alone for a while then, as after a fault of its own.
        """

    def answered(self, token: object, outcome: "SubmitOutcome") -> None:
        """Hear how a submit ended, before anything else is said to the modem."""

    def at_prompt(self, token: object) -> None:
        """Hear that the modem still waited for the text: nothing was sent."""

    def wants_reference(self, imei: str | None, sim: "SimIdentity | None") -> Wanted:
        """Say whether the last reference on the card is wanted now."""

    def reference(
        self,
        imei: str | None,
        sim: "SimIdentity | None",
        found: int | None,
        *,
        expected: int | None,
        is_over: bool,
    ) -> None:
        """Hear the last reference on the card, None where it cannot be read.

        `expected` is that of the text the modem accepted last, where that is
        certain. `is_over`: nothing that was typed can still be on its way.
        """


class NoWitness:
    """Keeps nothing: for modems that are only looked at."""

    def left(self) -> Left:
        """Know of no earlier run."""
        return Left()

    def typed(self, token: object) -> None:
        """Keep nothing."""

    def answered(self, token: object, outcome: "SubmitOutcome") -> None:
        """Keep nothing."""

    def at_prompt(self, token: object) -> None:
        """Keep nothing."""

    def wants_reference(self, imei: str | None, sim: "SimIdentity | None") -> Wanted:
        """Want nothing."""
        return Wanted.NO

    def reference(
        self,
        imei: str | None,
        sim: "SimIdentity | None",
        found: int | None,
        *,
        expected: int | None,
        is_over: bool,
    ) -> None:
        """Keep nothing."""
