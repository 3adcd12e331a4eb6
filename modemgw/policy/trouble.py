"""What may be wrong on the box that a person should know of: the kinds, by name.

kind           subject     a trouble lasts while
not_ready      -           nothing can be stored or sent
modem_lost     modem       it is not in service
sim_benched    SIM         it is out of service for its own fault, or by a person
sim_down       SIM         its modem works and it is in no network
balance_low    SIM         the balance is below `low`
allowance_low  SIM         a bundle, quota or cap is nearly used up
selftest_failed SIM        the last self-test from or to it failed
queue_old      -           the oldest message waits too long
in_doubt       -           messages wait for a person to settle them
webhook_dead   endpoint    it is paused, disabled, or fails
disk           -           the disk is nearly full, or takes no writes
clock          -           the clock is in the past
paused         -           sending is paused by a person
fuse           -           the fuse over all SIMs has blown
backup         -           the last backup failed or is too old
certificate    -           the certificate of the API expires soon
power          -           the board reports under-voltage
"""

from dataclasses import dataclass

KINDS = (
    *("not_ready", "modem_lost", "sim_benched", "sim_down", "balance_low"),
    *("allowance_low", "selftest_failed", "queue_old", "in_doubt", "webhook_dead"),
    *("disk", "clock", "paused", "fuse", "backup", "certificate", "power"),
)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong now. `since_at` in Unix ms, as far back as is known."""

    kind: str
    subject: str  # modem, SIM or endpoint; "" where it is the gateway itself
    what: str  # what is wrong, as a person would say it; never a text or a number
    advice: str  # what to do, with the command to type
    since_at: int
    lasts_ms: int = 0  # seen without a break for so long, whatever clocks did

    @property
    def key(self) -> str:
        """What makes two sightings the same trouble."""
        return f"{self.kind}:{self.subject}"
