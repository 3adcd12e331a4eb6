"""What a lane sends through and where it gets its work from, as it sees them."""

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Protocol

from modemgw.at.codes import Code
from modemgw.gateway.queue import Entry
from modemgw.gateway.verdict import Attempt, Verdict
from modemgw.modem.model import SubmitOutcome
from modemgw.policy.blame import Finding

if TYPE_CHECKING:
    from modemgw.gateway.lane import Lane


class Submitter(Protocol):
    """The side of a modem's actor that a lane uses."""

    async def submit(
        self,
        octets: bytes,
        tpdu_length: int,
        *,
        gate: Awaitable[object] | None,
        token: object = None,
        more: bool = False,
    ) -> SubmitOutcome:
        """Send one TPDU; see modem/actor.py."""


class Source(Protocol):
    """The side of the dispatcher that a lane uses."""

    stopping: bool  # no part may be begun any more

    def take(self, lane: "Lane", now: int) -> Entry | None:
        """Give the best message this lane may send now, or None."""

    def settled(
        self, lane: "Lane", attempt: Attempt, verdict: Verdict, now: int
    ) -> None:
        """Hear what became of a part, before it is on disk."""

    def recorded(self, attempt: Attempt, verdict: Verdict, result: object) -> None:
        """Hear that it is on disk, and what the job returned."""

    def dropped(self, entry: Entry) -> None:
        """Hear that a message was canceled or ended while it was being taken."""

    def postponed(self, entry: Entry) -> None:
        """Hear that a message could not even be marked; it waits again."""

    def other_sims(self, lane: "Lane", entry: Entry) -> int:
        """Count the SIMs in service, but this one, that may take the message."""

    def blame(self, lane: "Lane", attempt: Attempt, code: Code) -> Finding:
        """Say whose fault a refusal is."""

    def jitter(self) -> float:
        """Return a random number in [0, 1)."""
