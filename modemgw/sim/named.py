"""Troubles with a name, to be switched on by it in a scenario or a test.

Each is a set of changes to the persona and the faults of one modem; they can be
combined. The names say what a person sees on the wire.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from modemgw.sim.faults import Rule


@dataclass(frozen=True, slots=True)
class Named:
    """What one trouble changes, and what it is."""

    sentence: str
    faults: Mapping[str, Any] = field(default_factory=dict)
    persona: Mapping[str, Any] = field(default_factory=dict)


FIRST = frozenset({1})

NAMED: Mapping[str, Named] = {
    # sending
    "no-prompt": Named("the first AT+CMGS gets no prompt", {"no_prompt": FIRST}),
    "silence": Named(
        "the first message leaves and no result ever comes",
        {"silent_after_submit": FIRST},
    ),
    "silence-unsent": Named(
        "the first message does not leave and no result ever comes",
        {"lost_after_submit": FIRST},
    ),
    "late-result": Named(
        "the first result comes after 95 s", {"late_result": {1: 95.0}}
    ),
    "result-after-timeout": Named(
        "the first result comes after 170 s", {"late_result": {1: 170.0}}
    ),
    "cms-500": Named(
        "the first message is refused with 500", {"refuse_submit": {1: 500}}
    ),
    "no-credit": Named("every message is refused with 21", {"refuse_all": 21}),
    "barred": Named("every message is refused with 8", {"refuse_all": 8}),
    "early-report": Named(
        "the first status report comes before +CMGS", {"early_report": FIRST}
    ),
    "urc-before-prompt": Named(
        "an unsolicited line comes before each prompt",
        {"urc_before_prompt": ("^RSSI: 20",)},
    ),
    "reboot-mid-send": Named(
        "the modem restarts instead of answering the first message",
        {"reboot_after_submit": FIRST},
        {"boot_urcs": ("RDY", "+CPIN: READY"), "boot_s": 3.0},
    ),
    "stuck-prompt": Named(
        "at power-on it sits in somebody's prompt", {"stuck_prompt": True}
    ),
    "zombie": Named(
        "unsolicited lines and no answers",
        {"zombie": True, "noise": ("^RSSI: 20",), "noise_interval_s": 30.0},
    ),
    # the wire
    "echo": Named("echo is on", persona={"echo": True}),
    "numeric": Named("result codes are numbers (ATV0)", persona={"verbose": False}),
    "quiet": Named("there are no result codes (ATQ1)", persona={"quiet": True}),
    "verbose-errors": Named("errors are sentences (AT+CMEE=2)", persona={"cmee": 2}),
    "command-not-support": Named(
        "what it does not know is COMMAND NOT SUPPORT",
        persona={"unknown": "COMMAND NOT SUPPORT"},
    ),
    "drip": Named("one octet at a time", {"drip": True}),
    "interleave": Named("+CMTI comes in the middle of answers", {"interleave": True}),
    "noise": Named(
        "an unsolicited line every 100 ms",
        {"noise": ("^RSSI: 20", "^HCSQ: 47,37"), "noise_interval_s": 0.1},
    ),
    "urc-inside-csq": Named(
        "signal lines come inside the answer to AT+CSQ",
        {"rules": (Rule("+CSQ", inside=("^RSSI: 26", "^HCSQ: 47,37")),)},
    ),
    "operator-named-ok": Named(
        "the operator's name reads like a result code",
        {"rules": (Rule("+COPS?", say=('+COPS: 0,0,"OK ERROR > ",7', "OK")),)},
    ),
    # setting up
    "cnmi-refused": Named(
        "the first two choices of AT+CNMI are refused",
        persona={"cnmi_refused": frozenset({"2,1,0,1,0", "2,1,0,1,1"})},
    ),
    "no-routed-reports": Named(
        "AT+CNMI offers only stored reports",
        persona={"cnmi": ((0, 1, 2), (0, 1), (0, 2), (0, 2), (0, 1))},
    ),
    "cpms-three": Named(
        "AT+CPMS only with three arguments",
        persona={"cpms_arguments": frozenset({3})},
    ),
    "cpms-one": Named(
        "AT+CPMS only with one argument", persona={"cpms_arguments": FIRST}
    ),
    "no-cmms": Named(
        "AT+CMMS is refused with 500",
        {"rules": (Rule("+CMMS", say=("+CMS ERROR: 500",)),)},
    ),
    "sim-busy": Named(
        "the memories are busy for the first ten questions",
        {"rules": (Rule("+CPMS", frozenset(range(1, 11)), say=("+CME ERROR: 14",)),)},
    ),
    "data-only": Named(
        "a module without SMS",
        {"rules": (Rule("+CMGF", say=("ERROR",)), Rule("+CMGS", say=("ERROR",)))},
    ),
    # receiving
    "delete-fails": Named("five deletes are refused", {"ignore_deletes": 5}),
    "index-zero": Named(
        "slots count from 0", persona={"first_index": {"ME": 0, "SM": 0}}
    ),
    "small-memory": Named(
        "room for ten messages, and a word when it is full",
        persona={
            "capacity": {"SM": 10, "ME": 10, "SR": 10},
            "full_urc": '^SMMEMFULL: "{memory}"',
        },
    ),
    "cds-comma": Named(
        "a comma before the length of +CDS",
        persona={"report_header": "+CDS: ,{length}"},
    ),
    "cmti-not-stored": Named(
        "+CMTI names no slot", persona={"message_notice": "+CMTI: ,-1"}
    ),
    "cmti-other-memory": Named(
        "messages come into ME, whatever is read",
        persona={"default_memories": ("SM", "SM", "ME"), "first_index": {"ME": 0}},
    ),
    "cdsi-wrong-memory": Named(
        "+CDSI names slot 0 of SM, the report is in SR",
        persona={"report_notice": '+CDSI: "SM",0'},
    ),
    "padded-reports": Named(
        "150 octets of padding behind every report", {"report_padding": 150}
    ),
    "same-memory": Named("SM and ME are the same", persona={"me_is_sm": True}),
    "skewed-answer": Named(
        "the answer to the second AT+CSQ comes during the next command",
        {"rules": (Rule("+CSQ", frozenset({2}), late_s=6.0, overdue=True),)},
    ),
    "slow-listing": Named(
        "AT+CMGL takes 45 s", {"rules": (Rule("+CMGL", late_s=45.0),)}
    ),
    "listing-empty": Named(
        "AT+CMGL shows nothing, AT+CMGR works",
        {"rules": (Rule("+CMGL", say=("OK",)),)},
    ),
}
