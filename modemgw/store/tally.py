"""What was committed, counted in memory for those who watch (gateway/metrics.py).

Jobs note what they did on the connection; the writer counts the notes once their
commit is on disk, so nothing is counted that was rolled back. Only the writing
thread counts; others read numbers that are at most one commit old. Everything begins
at 0 with the process.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
SUBMIT_S = (0.5, 1, 2, 3, 4, 5, 7.5, 10, 15, 30, 60, 150)
DELIVERY_S = (2, 5, 10, 20, 30, 60, 120, 300, 900, 3600, 14_400, 86_400)


class Histogram:
    """Durations counted by size; `observe` costs one search and two additions."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)  # seconds, each included in its bucket
        self.counts = [0] * (len(self.bounds) + 1)  # the last one: longer than all
        self.total = 0.0  # seconds

    def observe(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[bisect_left(self.bounds, seconds)] += 1
        self.total += seconds


class PartOutcome:
    """What became of an attempt to send a part, or what its report said later.

    Plain words, no Enum: its members hash in Python, for every part.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_SENT = "not_sent"  # no octet of it went out; the modem failed
    IN_DOUBT = "in_doubt"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"


class PartNote(NamedTuple):
    """A job's note of one part; `seconds` where it was measured."""

    sim_id: int
    outcome: str  # of PartOutcome
    reason: str = ""  # code of a refusal
    seconds: float | None = None


OUTCOMES = (
    *(PartOutcome.ACCEPTED, PartOutcome.REFUSED, PartOutcome.NOT_SENT),
    *(PartOutcome.IN_DOUBT, PartOutcome.DELIVERED, PartOutcome.UNDELIVERED),
)


class DeliveryNote(NamedTuple):
    """A job's note of one attempt to push an event: done, pending (again) or dead."""

    state: str


Note = PartNote | DeliveryNote


@dataclass(slots=True)
class SimTally:
    """What became of the parts of one SIM."""

    outcomes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(OUTCOMES, 0))
    refusals: dict[str, int] = field(default_factory=dict)  # by reason code
    submit: Histogram = field(default_factory=lambda: Histogram(SUBMIT_S))
    delivery: Histogram = field(default_factory=lambda: Histogram(DELIVERY_S))

    def count(self, note: PartNote) -> None:
        """Count one part."""
        _, outcome, reason, seconds = note
        self.outcomes[outcome] += 1
        if outcome == PartOutcome.REFUSED:
            self.refusals[reason] = self.refusals.get(reason, 0) + 1
        elif outcome == PartOutcome.ACCEPTED and seconds is not None:
            self.submit.observe(seconds)
        elif outcome == PartOutcome.DELIVERED and seconds is not None:
            self.delivery.observe(seconds)


class StoreTally:
    """Everything the writer has committed since the process began."""

    def __init__(self) -> None:
        self.commits = Histogram(COMMIT_S)
        self.events: Counter[str] = Counter()  # by type
        self.sims: dict[int, SimTally] = {}  # by row id
        self.pushes: dict[str, int] = {}  # attempts, by the state they led to

    def committed(
        self, seconds: float, kinds: Iterable[str], notes: Iterable[Note]
    ) -> None:
        """Count a commit that took so long, its events and what its jobs noted."""
        self.commits.observe(seconds)
        self.events.update(kinds)
        for note in notes:
            if isinstance(note, PartNote):
                sim = self.sims.get(note.sim_id)
                if sim is None:
                    sim = self.sims[note.sim_id] = SimTally()
                sim.count(note)
            else:
                self.pushes[note.state] = self.pushes.get(note.state, 0) + 1
