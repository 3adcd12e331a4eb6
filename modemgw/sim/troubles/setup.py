"""Troubles of setting up: refusals, PINs, what is chosen and then lost."""

from collections.abc import Mapping

from modemgw.sim.faults import Rule
from modemgw.sim.scenario import Event
from modemgw.sim.troubles.model import FIRST, START_S, Named

UNGUESSABLE = "73915086"  # eight digits: nobody configures it by chance
DECADES_S = 50 * 365 * 86_400.0

SETUP: Mapping[str, Named] = {
    "command-not-support": Named(
        "what it does not know is COMMAND NOT SUPPORT, AT+CMMS for one",
        persona={
            "unknown": "COMMAND NOT SUPPORT",
            "missing": frozenset({"+CMMS"}),
        },
        number=23,
    ),
    "verbose-errors": Named(
        "errors are sentences (AT+CMEE=2), and the memories are busy once",
        {"rules": (Rule("+CPMS", FIRST, say=("+CME ERROR: SIM busy",)),)},
        {"cmee": 2},
        number=24,
    ),
    "sim-busy": Named(
        "the memories are busy for the first ten questions",
        {"rules": (Rule("+CPMS", frozenset(range(1, 11)), say=("+CME ERROR: 14",)),)},
        number=25,
    ),
    "wrong-pin": Named(
        "the card wants a PIN, and whichever is configured is wrong",
        options={"pin": UNGUESSABLE},
        number=26,
    ),
    "puk": Named(
        "the card is blocked and wants its PUK",
        options={"pin": UNGUESSABLE, "pin_tries": 0},
        number=27,
    ),
    "reboot": Named(
        "restarts after 20 s, loses its settings, and wants the PIN 1234 again",
        persona={"boot_urcs": ("^BOOT:1,0,0,0,6", "RDY"), "boot_s": 3.0},
        options={"pin": "1234"},
        events=(Event(START_S, "reboot"),),
        number=28,
    ),
    "cnmi-refused": Named(
        "the first choices of AT+CNMI are refused with 303; 1,1,0,2,0 is not",
        persona={
            "cnmi_refused": frozenset(
                {"2,1,0,1,0", "2,1,0,1,1", "1,1,0,1,0", "1,1,0,1,1"}
                | {"2,1,0,2,0", "2,1,0,2,1"}
            )
        },
        number=64,
    ),
    "no-routed-reports": Named(
        "AT+CNMI offers only stored reports",
        persona={"cnmi": ((0, 1, 2), (0, 1), (0, 2), (0, 2), (0, 1))},
    ),
    "cnmi-lost": Named(
        "after an hour AT+CNMI? shows 0,0,0,0,0, without a word",
        events=(Event(3600.0, "lose_cnmi"),),
        number=65,
    ),
    "cpms-three": Named(
        "AT+CPMS only with three arguments",
        persona={"cpms_arguments": frozenset({3})},
        number=66,
    ),
    "cpms-one": Named(
        "AT+CPMS only with one argument", persona={"cpms_arguments": FIRST}, number=66
    ),
    "clock-jump": Named(
        "after 20 s the clocks of modem and network are 50 years ahead, for a minute",
        events=(
            Event(START_S, "clock", what={"ahead": DECADES_S}),
            Event(START_S + 60, "clock", what={"ahead": 0.0}),
        ),
        number=74,
    ),
    "data-only": Named(
        "a module without SMS",
        {"rules": (Rule("+CMGF", say=("ERROR",)), Rule("+CMGS", say=("ERROR",)))},
        number=75,
    ),
}
