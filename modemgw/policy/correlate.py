"""Which part a status report is about.

The TP-MR is one octet that the modem chooses, so it repeats after 256 submits.
The key is (SIM, TP-MR), narrowed by the recipient's digits compared from the
right (networks rewrite +49170… as 0170…), and by time: the report carries when
the service centre took the message, and the part must have been accepted about
then. More than one candidate that fits equally well is no match: never guess.

Spec: 3GPP TS 23.040, 9.2.2.3 (TP-MR, TP-RA, TP-SCTS of SMS-STATUS-REPORT).
"""

from collections.abc import Sequence
from functools import lru_cache

from modemgw.values import value

SUFFIX_DIGITS = 7  # compared from the right; shorter numbers must be equal
CLOCK_SLACK_MS = 26 * 3_600_000  # service centres err by their time zone, and an hour
NEAR_MS = 120_000  # two candidates: one within this of TP-SCTS wins over one outside


@value
class Candidate:
    """A part that was accepted, or may have been, on the report's SIM."""

    part_id: int
    recipient: str
    accepted_at: int  # Unix ms; of the submit where acceptance is in doubt
    final: bool  # it has its final report already


def same_recipient(ours: str, theirs: str) -> bool:
    """Compare two spellings of one number.

    >>> same_recipient("+4917012345678", "017012345678")
    True
    >>> same_recipient("80888", "0888")
    False
    """
    return _tail(ours) == _tail(theirs)


def same_number(ours: str, theirs: str) -> bool:
    """Compare two numbers strictly, where both are written the international way.

    >>> same_number("+4917012345678", "+4315112345678")
    False
    >>> same_number("017012345678", "+4917012345678")
    True
    """
    if ours.startswith("+") and theirs.startswith("+"):
        return ours == theirs
    return same_recipient(ours, theirs)


@lru_cache(maxsize=4096)
def _tail(number: str) -> str:
    """Return what is compared: the last digits, or all of a short number's."""
    digits = number.removeprefix("+")
    if not digits.isdigit():
        digits = "".join(c for c in digits if c.isdigit())
    return digits[-SUFFIX_DIGITS:] if len(digits) >= SUFFIX_DIGITS else f"={digits}"


def match(
    candidates: Sequence[Candidate], *, recipient: str, scts_ms: int | None
) -> int | None:
    """Return the part the report belongs to, or None if that cannot be said.

    `candidates` share the report's SIM and TP-MR (or may, where in doubt).
    """
    wanted = _tail(recipient)
    if len(candidates) == 1:
        (only,) = candidates
        if _tail(only.recipient) != wanted:
            return None
        if scts_ms is not None and abs(only.accepted_at - scts_ms) <= NEAR_MS:
            return only.part_id
    fitting = [c for c in candidates if _tail(c.recipient) == wanted]
    if scts_ms is not None:
        fitting = [c for c in fitting if c.accepted_at <= scts_ms + CLOCK_SLACK_MS]
        near = [c for c in fitting if abs(c.accepted_at - scts_ms) <= NEAR_MS]
        # A part with its final report gets another only of its own time: this one
        # may be for a submit whose +CMGS has not come yet, 256 submits later.
        fitting = near or [c for c in fitting if not c.final]
    if len(fitting) > 1:
        # A buffered report may be followed by a final one: open parts first.
        fitting = [c for c in fitting if not c.final] or fitting
    if not fitting:
        return None
    newest = max(c.accepted_at for c in fitting)
    winners = [c for c in fitting if c.accepted_at == newest]
    return winners[0].part_id if len(winners) == 1 else None
