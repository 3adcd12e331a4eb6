"""Whether a SIM's messages arrive: what its delivery reports say beside the others'.

A SIM that is filtered as a spammer is told nothing: its messages are accepted and
never delivered. Only its reports show it, and only many of them, to many
recipients, while other SIMs' messages arrive.
"""

from collections import deque
from dataclasses import dataclass, field

LAST = 12  # reports that are looked at …
BAD = 10  # … so many of them bad, and other SIMs' messages arrive
LAST_ALONE = 24  # the same where no other SIM can be compared with …
BAD_ALONE = 22
RECIPIENTS = 8  # different ones among the bad: it is not one phone switched off
ENOUGH = 6  # reports of another SIM that may be compared with …
ARRIVE = 0.5  # … where at least this share was delivered
MEMORY_MS = 7 * 86_400_000  # older reports say nothing


@dataclass(slots=True)
class Reports:
    """The last final delivery reports of one SIM."""

    last: deque[tuple[int, str, bool]] = field(
        default_factory=lambda: deque(maxlen=LAST_ALONE)
    )

    def note(self, at: int, to: str, *, delivered: bool) -> None:
        """Hear of one final report."""
        self.last.append((at, to, delivered))

    def clear(self) -> None:
        """Begin anew: what was before the bench is judged."""
        self.last.clear()

    def share_bad(self, now: int) -> float:
        """Return which share of the last ones was bad; 0 where there are few."""
        recent = self._recent(now)[-LAST:]
        if len(recent) < ENOUGH:
            return 0.0
        return sum(not delivered for _, _, delivered in recent) / len(recent)

    def arrives(self, now: int) -> bool | None:
        """Say whether the messages of this SIM arrive; None: too few to tell."""
        recent = self._recent(now)
        if len(recent) < ENOUGH:
            return None
        return sum(delivered for _, _, delivered in recent) >= ARRIVE * len(recent)

    def _recent(self, now: int) -> list[tuple[int, str, bool]]:
        return [one for one in self.last if abs(now - one[0]) <= MEMORY_MS]

    def is_filtered(self, others: "list[Reports]", now: int) -> bool:
        """Say whether this SIM alone is to blame for what did not arrive."""
        if not self._is_bad(LAST, BAD, now):
            return False
        compared = [found for o in others if (found := o.arrives(now)) is not None]
        if not compared:
            return self._is_bad(LAST_ALONE, BAD_ALONE, now)
        # Where nobody's arrive it is the network, or the list of recipients.
        return any(compared)

    def _is_bad(self, size: int, limit: int, now: int) -> bool:
        recent = self._recent(now)[-size:]
        bad = [to for _, to, delivered in recent if not delivered]
        return len(recent) == size and len(bad) >= limit and len({*bad}) >= RECIPIENTS
