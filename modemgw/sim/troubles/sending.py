"""Troubles of sending: prompts, results, refusals."""

from collections.abc import Mapping

from modemgw.sim.faults import Moment, Rule
from modemgw.sim.scenario import Event
from modemgw.sim.troubles.model import FIRST, START_S, Named

OUTAGE_S = 300.0
BAD_NUMBERS = {
    "+999000101": 1,
    "+999000128": 28,
    "+999000130": 30,
    "+999000195": 195,
}

SENDING: Mapping[str, Named] = {
    "happy-send": Named(
        "every message is accepted after 3 s",
        {"late_result": dict.fromkeys(range(1, 100), 2.8)},
        number=1,
    ),
    "no-prompt": Named(
        "the first AT+CMGS gets no prompt", {"no_prompt": FIRST}, number=2
    ),
    "silence": Named(
        "the first message leaves and no result ever comes",
        {"silent_after_submit": FIRST},
        number=3,
    ),
    "silence-unsent": Named(
        "the first message does not leave and no result ever comes",
        {"lost_after_submit": FIRST},
        number=3,
    ),
    "late-result": Named(
        "the first result comes after 95 s", {"late_result": {1: 95.0}}, number=4
    ),
    "result-after-timeout": Named(
        "the first result comes after 170 s", {"late_result": {1: 170.0}}, number=5
    ),
    "late-refusal": Named(
        "the first message is refused with 332 after 40 s",
        {"refuse_submit": {1: 332}, "late_result": {1: 40.0}},
        number=6,
    ),
    "cms-500": Named(
        "the first message is refused with 500 at once",
        {"refuse_submit": {1: 500}},
        number=7,
    ),
    "urc-before-prompt": Named(
        "a message arrives between the first AT+CMGS and its prompt",
        {"moments": (Moment("command", "inbound", FIRST, {"text": "Just now"}),)},
        number=8,
    ),
    "report-during-send": Named(
        "status reports come behind Ctrl-Z of the next message, before its +CMGS",
        {"reports_during_send": True},
        number=9,
    ),
    "early-report": Named(
        "the first status report comes before +CMGS",
        {"early_report": FIRST},
        number=10,
    ),
    "reboot-mid-send": Named(
        "the modem restarts instead of answering the first message",
        {"reboot_after_submit": FIRST},
        {"boot_urcs": ("RDY", "+CPIN: READY"), "boot_s": 3.0},
    ),
    "registered-331": Named(
        "registered at home, and every message is refused with 331",
        {"refuse_all": 331},
        number=36,
    ),
    "no-credit": Named(
        "every message is refused with 21", {"refuse_all": 21}, number=37
    ),
    "credit-ends": Named(
        "credit for three messages; then they are refused with 21",
        options={"credit": 27},
    ),
    "network-out": Named(
        "from 20 s on every message is refused with 38, for five minutes",
        events=(
            Event(START_S, "faults", what={"faults": {"refuse_all": 38}}),
            Event(START_S + OUTAGE_S, "heal"),
        ),
    ),
    "barred": Named("every message is refused with 8", {"refuse_all": 8}, number=38),
    "not-subscribed": Named(
        "every message is refused with 50", {"refuse_all": 50}, number=38
    ),
    "no-sc-subscription": Named(
        "every message is refused with 193", {"refuse_all": 193}, number=38
    ),
    "bad-recipient": Named(
        "messages to +999000101, …128, …130, …195 are refused with 1, 28, 30, 195",
        {"refuse_number": BAD_NUMBERS},
        number=39,
    ),
    "same-mr": Named(
        "every message gets the reference 5", {"same_tp_mr": 5}, number=54
    ),
    "no-cmms": Named(
        "AT+CMMS is refused with 500",
        {"rules": (Rule("+CMMS", say=("+CMS ERROR: 500",)),)},
        number=67,
    ),
    "call-during-send": Named(
        "somebody calls between the first prompt and its Ctrl-Z",
        {
            "talks_in_prompt": True,
            "moments": (Moment("prompt", "ring", FIRST, {"rings": 2}),),
        },
        number=69,
    ),
    "late-registration": Named(
        "not registered for the first minute",
        options={"stat": 2},
        events=(Event(60.0, "register", what={"stat": 1}),),
        number=34,
    ),
    "sms-only": Named(
        "registered for SMS only: at home, and roaming after 20 s",
        options={"stat": 6},
        events=(Event(START_S, "register", what={"stat": 7}),),
        number=35,
    ),
}
