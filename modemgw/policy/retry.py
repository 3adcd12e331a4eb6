"""From an error code and the history of a message to what happens next.

The only reader of `Disposition`: the tables say what a code means, this says
what follows from it.
"""

from dataclasses import dataclass

from modemgw.at.codes import Code, Disposition
from modemgw.policy.blame import Culprit, Finding

MAX_ATTEMPTS = 5  # submits of one part, over all SIMs
BACKOFF_S = (5, 15, 60, 300, 1800)  # by attempt
JITTER = 0.2


@dataclass(frozen=True, slots=True)
class Again:
    """Try again: when, and whether this SIM may be the one."""

    after_ms: int
    exclude_sim: bool = False
    fix_modem: bool = False  # the modem must be initialised anew first


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The message has failed; `reason` is one of API.md's reason codes."""

    reason: str
    retryable: bool


@dataclass(frozen=True, slots=True)
class Doubtful:
    """The code came so late, or means so little, that the part may have left."""


@dataclass(frozen=True, slots=True)
class CountAsSent:
    """The network has it already (duplicate rejected): no TP-MR is known."""


Decision = Again | GiveUp | Doubtful | CountAsSent

_AT_ONCE: dict[Disposition, Decision] = {
    Disposition.SENT: CountAsSent(),
    Disposition.IN_DOUBT: Doubtful(),
}


def backoff_ms(attempt: int, jitter: float) -> int:
    """Return the pause after the `attempt`th failure (1-based).

    `jitter` is a random number in [0, 1) and spreads the pause by ±20 %.
    """
    seconds = BACKOFF_S[min(attempt, len(BACKOFF_S)) - 1]
    return int(seconds * 1000 * (1 - JITTER + 2 * JITTER * jitter))


def decide(
    code: Code,
    *,
    attempt: int,
    other_sims: int,
    finding: Finding,
    asked_others: bool,
    pinned: bool,
    jitter: float,
) -> Decision:
    """Say what follows from a refusal.

    `attempt` counts submits of this part so far, this one included;
    `other_sims` are SIMs in service that have not refused the message yet;
    `finding` says whose fault it is; `asked_others`: another SIM has refused the
    message before; `pinned`: earlier parts of the message left through it.

    What a whole network refuses is no attempt: it waits until that is over. The
    caller holds the SIMs back meanwhile.
    """
    disposition = code.disposition
    if disposition in _AT_ONCE:
        return _AT_ONCE[disposition]
    if finding.culprit is Culprit.NETWORK:
        return Again(0)
    elsewhere = other_sims > 0 and not pinned
    by_sim = finding.culprit is Culprit.SIM
    again = elsewhere and finding.second_opinion and not asked_others
    refused = disposition is Disposition.REFUSE and not by_sim and not again
    if finding.culprit is Culprit.RECIPIENT or refused:
        return GiveUp(code.reason, retryable=False)
    if attempt >= MAX_ATTEMPTS:
        return GiveUp(code.reason, retryable=True)
    if disposition is Disposition.RETRY_HERE and not by_sim:
        elsewhere = False
    return Again(
        0 if elsewhere else backoff_ms(attempt, jitter),
        exclude_sim=elsewhere,
        fix_modem=disposition is Disposition.FIX_MODEM,
    )
