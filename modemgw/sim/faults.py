"""What goes wrong at a simulated modem, as data.

Submits are counted from 1 per modem (every AT+CMGS, AT+CMSS that reached its
TPDU), so a scenario does not depend on timing. Everything that these fields do
not name can be said with a `Rule`: any answer to any command, late, twice,
mixed with other lines, or never.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to the commands that start with `command`.

    `command` is compared without case and without AT: "+CMMS", "+CNMI=2,1". It
    holds for the occurrences in `nth` (from 1), or for all. `say` replaces the
    whole answer, final result code included, and the command is not executed;
    an empty tuple is silence. The other lines come besides the answer: `before`
    it, `inside` it (between the information and the final result code), and
    `after` it. `late_s` delays the answer; `overdue` lets the modem take
    the next command meanwhile, whose answer then comes first.
    """

    command: str
    nth: frozenset[int] = frozenset()
    say: tuple[str, ...] | None = None
    before: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    late_s: float = 0.0
    reboot: bool = False
    overdue: bool = False

    def is_about(self, command: str) -> bool:
        """Say whether the command starts as this rule wants."""
        return command.upper().startswith(self.command.upper())

    def holds(self, occurrence: int) -> bool:
        """Say whether this rule is about the nth such command."""
        return not self.nth or occurrence in self.nth


@dataclass(frozen=True, slots=True)
class Faults:
    """Everything that goes wrong at one modem; nothing by default.

    Submits, by number:
    `refuse_submit`        +CMS ERROR with this code, nothing is delivered
    `refuse_all`           the same for every submit
    `silent_after_submit`  no result ever; the network has the message
    `lost_after_submit`    no result ever; it never left and used no TP-MR
    `late_result`          this many seconds later than the latency
    `early_report`         the status report comes before +CMGS
    `reboot_after_submit`  the modem restarts instead of answering; it is sent
    `no_prompt`            no prompt and no answer to AT+CMGS (counted: commands)

    The whole time:
    `stuck_prompt`         at power-on it sits in a prompt until ESC
    `zombie`               no answers at all, unsolicited lines go on
    `drip`                 one octet at a time
    `interleave`           unsolicited lines wait for the middle of an answer
    `urc_before_prompt`    lines between AT+CMGS and its prompt
    `noise`, `noise_interval_s`  unsolicited lines, one in turn each interval
    `answer_late_s`        every answer this much later
    `ignore_deletes`       the first so many AT+CMGD are refused
    `report_padding`       octets 0xFF behind every status report
    """

    refuse_submit: Mapping[int, int] = field(default_factory=dict)
    refuse_all: int | None = None
    silent_after_submit: frozenset[int] = frozenset()
    lost_after_submit: frozenset[int] = frozenset()
    late_result: Mapping[int, float] = field(default_factory=dict)
    early_report: frozenset[int] = frozenset()
    reboot_after_submit: frozenset[int] = frozenset()
    no_prompt: frozenset[int] = frozenset()
    stuck_prompt: bool = False
    zombie: bool = False
    drip: bool = False
    interleave: bool = False
    urc_before_prompt: tuple[str, ...] = ()
    noise: tuple[str, ...] = ()
    noise_interval_s: float = 0.0
    answer_late_s: float = 0.0
    ignore_deletes: int = 0
    report_padding: int = 0
    rules: tuple[Rule, ...] = ()


NO_FAULTS = Faults()
