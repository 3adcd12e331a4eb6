"""When a webhook is tried again, and when no more. This file does no I/O."""

from dataclasses import dataclass
from enum import Enum
from random import Random

from modemgw.gateway.post import Answer

# Seconds to wait before each attempt. The first is made at once, the last about
# three days after the event; then the delivery is dead and waits for a replay.
SCHEDULE_S = (
    0,
    5,
    30,
    5 * 60,
    30 * 60,
    2 * 3600,
    5 * 3600,
    10 * 3600,
    14 * 3600,
    20 * 3600,
    24 * 3600,
)
JITTER = 0.2  # so that what failed together does not come back together
PAUSE_AFTER_MS = 5 * 24 * 3600 * 1000  # of nothing but failures


class Next(Enum):
    """What a delivery waits for after an attempt; as stored in delivery.state."""

    RETRY = "pending"
    DONE = "done"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What follows from one attempt; `at` is the next one's instant in ms."""

    next: Next
    at: int


def judge(answer: Answer, *, attempts: int, now: int, rng: Random) -> Verdict:
    """Decide on a delivery after `attempts` attempts, the one answered included.

    Retry-After replaces the wait of the schedule, but not the count: an endpoint
    that is busy for ever is given up on like any other.
    """
    if answer.delivered:
        return Verdict(Next.DONE, now)
    if answer.gone or attempts >= len(SCHEDULE_S):
        return Verdict(Next.DEAD, now)
    wait_s: float = answer.retry_after_s or 0.0
    if not wait_s:
        wait_s = SCHEDULE_S[attempts] * rng.uniform(1 - JITTER, 1 + JITTER)
    return Verdict(Next.RETRY, now + int(wait_s * 1000))
