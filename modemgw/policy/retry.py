"""From an error code and the history of a message to what happens next.

The only reader of `Disposition`: the tables say what a code means, this says
what follows from it.
"""

from dataclasses import dataclass

from modemgw.at.codes import Code, Disposition

MAX_ATTEMPTS = 5  # submits of one part, over all SIMs
BACKOFF_S = (5, 15, 60, 300, 1800)  # by attempt
JITTER = 0.2
COOL_DOWN_S = (900, 3600, 21_600)  # a SIM that keeps refusing rests longer
SUSPECT_AFTER = 3  # refusals in a row, of several messages: it is the SIM


@dataclass(frozen=True, slots=True)
class Again:
    """Try again: when, and whether this SIM may be the one."""

    after_ms: int
    exclude_sim: bool = False
    cool_sim_ms: int = 0  # the SIM takes nothing for so long
    fix_modem: bool = False  # the modem must be initialised anew first


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The message has failed; `reason` is one of API.md's reason codes."""

    reason: str
    retryable: bool
    cool_sim_ms: int = 0


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


def speaks_against_sim(code: Code) -> bool:
    """Say whether such refusals in a row make one suspect the SIM."""
    return code.disposition is Disposition.COOL_DOWN or (
        code.disposition is Disposition.TRY_OTHER_SIM
        and code.reason == "network_rejected"
    )


def _rest_ms(refusals: int) -> int:
    if refusals < 1:
        return 0
    return COOL_DOWN_S[min(refusals, len(COOL_DOWN_S)) - 1] * 1000


def decide(
    code: Code,
    *,
    attempt: int,
    other_sims: int,
    sim_refusals: int,
    sim_messages: int,
    pinned: bool,
    jitter: float,
) -> Decision:
    """Say what follows from a refusal.

    `attempt` counts submits of this part so far, this one included;
    `other_sims` are SIMs in service that have not refused the message yet;
    `sim_refusals` are refusals in a row on this SIM that speak against the SIM,
    this one included, and `sim_messages` the messages they were of; `pinned`:
    earlier parts of the message left through it.
    """
    disposition = code.disposition
    if disposition in _AT_ONCE:
        return _AT_ONCE[disposition]
    if disposition is Disposition.REFUSE:
        return GiveUp(code.reason, retryable=False)
    cool = 0
    if disposition is Disposition.COOL_DOWN:
        cool = _rest_ms(sim_refusals)
    elif speaks_against_sim(code) and sim_messages > 1:
        # No credit looks like this. One bad recipient alone must not stop a SIM.
        cool = _rest_ms(sim_refusals - SUSPECT_AFTER + 1)
    if attempt >= MAX_ATTEMPTS:
        return GiveUp(code.reason, retryable=True, cool_sim_ms=cool)
    elsewhere = (
        disposition is not Disposition.RETRY_HERE and other_sims > 0 and not pinned
    )
    return Again(
        0 if elsewhere else backoff_ms(attempt, jitter),
        exclude_sim=elsewhere,
        cool_sim_ms=cool,
        fix_modem=disposition is Disposition.FIX_MODEM,
    )
