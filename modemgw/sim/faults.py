"""What goes wrong at a simulated modem, as data.

Submits are counted from 1 per modem (every AT+CMGS, AT+CMSS that reached its
TPDU), so a scenario does not depend on timing. Everything that these fields do
not name can be said with a `Rule`: any answer to any command, late, twice,
mixed with other lines, or never.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


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


MOMENTS = ("command", "prompt", "ctrl_z", "result")


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happens at a moment of sending, whenever that is.

    `when` is one of MOMENTS: AT+CMGS was typed and its prompt is not there yet,
    the prompt stands, Ctrl-Z came, or the result is about to be said. `do` and
    `what` are those of an event, `nth` the occasions (from 1), or all.
    """

    when: str
    do: str
    nth: frozenset[int] = frozenset()
    what: Mapping[str, Any] = field(default_factory=dict)


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
    `refuse_number`        +CMS ERROR with this code for messages to this number
    `full_refuses`         +CMS ERROR 322 while the memory of the SIM is full
    `same_tp_mr`           every message gets this TP-MR
    `moments`              something happens while a message is being sent

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
    `drip_interval_s`      so much between two octets of `drip`
    `glue`                 unsolicited lines wait and come with an answer, in one piece
    `garbage`              octets in front of everything that is said
    `echo_twice`           the echo comes twice
    `talks_in_prompt`      unsolicited lines come while somebody types a message
    `sibling_freeze`       the first port is deaf until its sibling hears a command
    `filled`               so many messages are in a memory from the start
    `count_lag_s`          AT+CPMS counts a new message so much later
    `lost_acks`            the first so many AT+CNMA are answered, and do nothing
    `no_sca`               TPDUs are shown without the SCA, as in phase 1
    `reports_during_send`  status reports wait for Ctrl-Z of the next message
    `report_statuses`      TP-ST of the reports of every message, 30 s apart
    `national_reports`     this country code is missing from the recipient in reports
    `ussd_before_ok`       the answer to AT+CUSD comes before its OK
    `ussd_says`            the lines of that answer; none: it never comes
    """

    refuse_submit: Mapping[int, int] = field(default_factory=dict)
    refuse_all: int | None = None
    silent_after_submit: frozenset[int] = frozenset()
    lost_after_submit: frozenset[int] = frozenset()
    late_result: Mapping[int, float] = field(default_factory=dict)
    early_report: frozenset[int] = frozenset()
    reboot_after_submit: frozenset[int] = frozenset()
    no_prompt: frozenset[int] = frozenset()
    refuse_number: Mapping[str, int] = field(default_factory=dict)
    full_refuses: bool = False
    same_tp_mr: int | None = None
    moments: tuple[Moment, ...] = ()
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
    drip_interval_s: float = 0.0
    glue: bool = False
    garbage: bytes = b""
    echo_twice: bool = False
    talks_in_prompt: bool = False
    sibling_freeze: bool = False
    filled: Mapping[str, int] = field(default_factory=dict)
    count_lag_s: float = 0.0
    lost_acks: int = 0
    no_sca: bool = False
    reports_during_send: bool = False
    report_statuses: tuple[int, ...] = ()
    national_reports: str = ""
    ussd_before_ok: bool = False
    ussd_says: tuple[str, ...] | None = None
    rules: tuple[Rule, ...] = ()


NO_FAULTS = Faults()
