"""What becomes of a SIM that is at fault: benched, probed, on parole, in service.

```
 active ──at fault──▶ benched ──time over, probes do not object──▶ parole
    ▲                  │    ▲                                        │
    │                  └────┘ a probe objects: longer                │
    │                       ▲                                        │
    │                       └─────────────── refused again: longer ──┤
    └────────────────────────────────── enough messages in a row ────┘
```

Values and steps; who takes them, and when, is gateway/health.py. Instants are
Unix milliseconds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from modemgw.policy.blame import Cause

STEPS = (1, 4, 24, 96)  # a bench is so many times the first one, in turn
RELAPSE_MS = 86_400_000  # at fault again within this: the bench goes on growing
MOST_REFUSALS_SHOWN = 5  # beyond these the score falls no further

ADVICE: dict[Cause, str] = {
    Cause.REFUSED: "check its credit and its tariff, and whether the operator has "
    "blocked it for sending too much; send one message with it in a phone",
    Cause.BARRED: "ask the operator why this SIM may not send SMS: an unpaid bill, "
    "SMS not part of the tariff, or the SIM not activated",
    Cause.CARD: "check that the card sits in its tray, its PIN, and the `smsc` of "
    "its entry in the configuration",
    Cause.UNREACHABLE: "other SIMs of its operator get through: check the antenna "
    "of its modem, and the `smsc` of its entry in the configuration",
    Cause.UNDELIVERED: "its messages are taken and do not arrive, as with a SIM that "
    "is filtered as a spammer: let it rest, send less through it, ask the operator",
    Cause.PROBE: "see what the probe said: credit, or messages to a sister SIM that "
    "do not arrive",
    Cause.ADMIN: "a person benched it: `modemgw sims parole NAME` takes it back",
}


class Condition(Enum):
    """How far a SIM is trusted."""

    ACTIVE = "active"
    BENCHED = "benched"
    PAROLE = "parole"


@dataclass(frozen=True, slots=True)
class Terms:
    """How long benches are and what ends a parole."""

    first_ms: int = 900_000
    longest_ms: int = 86_400_000
    successes: int = 5  # messages in a row that restore a SIM
    spacing_ms: int = 60_000  # between the first two of them; shorter with each


@dataclass(frozen=True, slots=True)
class Health:
    """Where one SIM stands. A SIM that nothing is known of is active."""

    condition: Condition = Condition.ACTIVE
    cause: Cause | None = None  # of the bench, or of the one before
    reason: str = ""
    since_at: int = 0
    until_at: int | None = None  # of a bench; None: until a person ends it
    benches: int = 0  # in a row
    successes: int = 0  # in a row, on parole
    wanted: int = 0  # that many end the parole
    by_reports: bool = False  # only a delivery report counts as one
    paused: bool = False  # by the admin; on top of all else


@dataclass(frozen=True, slots=True)
class Probed:
    """What a probe of a benched SIM found; None: it could not be tried."""

    passed: bool | None
    why: str


def bench(health: Health, cause: Cause, reason: str, now: int, terms: Terms) -> Health:
    """Bench a SIM that is at fault: longer each time in a row."""
    relapsed = (
        health.condition is not Condition.ACTIVE or now - health.since_at < RELAPSE_MS
    )
    before = health.benches if relapsed else 0
    # Barred is not over in a quarter of an hour.
    step = before + (cause is Cause.BARRED)
    length = min(terms.first_ms * STEPS[min(step, len(STEPS) - 1)], terms.longest_ms)
    return replace(
        health,
        condition=Condition.BENCHED,
        cause=cause,
        reason=reason,
        since_at=now,
        until_at=now + length,
        benches=before + 1,
        successes=0,
        by_reports=cause is Cause.UNDELIVERED,
    )


def bench_by_hand(health: Health, reason: str, now: int, until: int | None) -> Health:
    """Bench a SIM because a person says so; until None: until one says otherwise."""
    return replace(
        health,
        condition=Condition.BENCHED,
        cause=Cause.ADMIN,
        reason=reason,
        since_at=now,
        until_at=until,
        successes=0,
        by_reports=False,
    )


def is_over(health: Health, now: int, terms: Terms) -> bool:
    """Say whether a bench has lasted long enough.

    Also where its end lies further off than any bench is long: the clock was set
    back. What a person set may be as long as it likes.
    """
    if health.condition is not Condition.BENCHED or health.until_at is None:
        return False
    if health.cause is not Cause.ADMIN and health.until_at - now > terms.longest_ms:
        return True
    return health.until_at <= now


def after_probes(
    health: Health, found: Sequence[Probed], now: int, terms: Terms
) -> Health:
    """Return what follows when a bench is over and its probes have been tried.

    One that failed keeps the SIM benched, longer. Without any the first message
    on parole is the probe.
    """
    failed = next((one for one in found if one.passed is False), None)
    if failed is not None:
        cause = health.cause if health.cause is not Cause.ADMIN else None
        return bench(health, cause or Cause.PROBE, failed.why, now, terms)
    return parole(health, now, terms)


def parole(
    health: Health, now: int, terms: Terms, *, successes: int | None = None
) -> Health:
    """Let a SIM send at a low rate; with no `successes` wanted it is restored."""
    wanted = terms.successes if successes is None else successes
    if wanted == 0:
        return restore(health, now)
    return replace(
        health,
        condition=Condition.PAROLE,
        since_at=now,
        until_at=None,
        successes=0,
        wanted=wanted,
    )


def succeeded(health: Health, now: int) -> Health:
    """Count one message that went well on parole; the last one restores the SIM."""
    if health.condition is not Condition.PAROLE:
        return health
    successes = health.successes + 1
    if successes >= health.wanted:
        return restore(health, now)
    return replace(health, successes=successes)


def restore(health: Health, now: int) -> Health:
    """Trust a SIM again. Its benches are remembered for a day, for a relapse."""
    return replace(
        health,
        condition=Condition.ACTIVE,
        since_at=now,
        until_at=None,
        successes=0,
        by_reports=False,
    )


def spacing_ms(health: Health, terms: Terms) -> int:
    """Return the pause between two parts on parole: shorter with each success."""
    return terms.spacing_ms // (health.successes + 1)


def score(health: Health, refusals: int, undelivered: float) -> int:
    """Return how well a SIM is, from 0 (sends nothing) to 100.

    `refusals` stand against it now; `undelivered` is the share of its last
    reports that were bad.
    """
    if health.paused or health.condition is Condition.BENCHED:
        return 0
    whole = 40 if health.condition is Condition.PAROLE else 100
    loss = 0.1 * min(refusals, MOST_REFUSALS_SHOWN) + 0.4 * undelivered
    return round(whole * (1 - loss))
