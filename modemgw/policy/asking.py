"""When a SIM's balance is asked for again, and what an answer changes.

Instants are Unix milliseconds. The wall clock may have been set back: what was
asked "in the future" counts as asked just now.
"""

from dataclasses import dataclass

from modemgw.policy.balance import Reading, is_believable

LEAST_MS = 600_000  # between two askings that nobody asked for
PERSON_MS = 30_000  # … and between those of a person: one session at a time
DOUBTED_MS = 900_000  # an impossible jump is looked at again so soon
UNSUPPORTED_MS = 7 * 86_400_000  # networks and modems change, and seldom
BACKOFF_MS = (900_000, 3_600_000, 14_400_000)  # after failures, then as configured
FRESH_MS = 600_000  # an answer this young is as good as asking


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one SIM's balance."""

    amount: int | None = None
    currency: str | None = None
    asked_at: int | None = None
    outcome: str = ""
    doubted: int | None = None
    failures: int = 0
    is_low: bool = False


def due_at(known: Known, *, every_ms: int, early: bool, now: int) -> int:
    """Return when to ask next; `early`: the network refused like without credit."""
    if known.asked_at is None:
        return now
    asked_at = min(known.asked_at, now)
    if early and known.outcome != "unsupported":
        return asked_at + LEAST_MS
    match known.outcome:
        case "doubted":
            wait = DOUBTED_MS
        case "unsupported":
            wait = max(UNSUPPORTED_MS, every_ms)
        case "failed" | "unreadable" if known.failures <= len(BACKOFF_MS):
            wait = min(BACKOFF_MS[known.failures - 1], every_ms)
        case _:
            wait = every_ms
    return asked_at + max(wait, LEAST_MS)


def outcome_of(known: Known, reading: Reading) -> str:
    """Return what an answer is: read, doubted or unreadable.

    What is doubted once and comes again is believed.
    """
    if reading.amount is None:
        return "unreadable"
    believed = is_believable(reading, before=known.amount, currency=known.currency)
    again = known.outcome == "doubted" and known.doubted == reading.amount
    return "read" if believed or again else "doubted"


def crosses(known: Known, amount: int, low: int | None) -> tuple[bool, bool]:
    """Return whether it is low now, and whether that is to be told."""
    is_low = low is not None and amount < low
    return is_low, is_low and not known.is_low
