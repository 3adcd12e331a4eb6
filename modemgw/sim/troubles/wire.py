"""Troubles of the wire: what comes between, too late, twice, or as numbers."""

from collections.abc import Mapping

from modemgw.sim.faults import Rule
from modemgw.sim.scenario import Event
from modemgw.sim.troubles.model import START_S, Named

WIRE: Mapping[str, Named] = {
    "noise": Named(
        "an unsolicited line every 100 ms",
        {"noise": ("^RSSI: 20", "^HCSQ: 47,37"), "noise_interval_s": 0.1},
        number=11,
    ),
    "urc-inside-csq": Named(
        "signal lines come inside the answer to AT+CSQ",
        {"rules": (Rule("+CSQ", before=("^RSSI: 26", "^HCSQ: 47,37")),)},
        number=12,
    ),
    "zombie": Named(
        "unsolicited lines and no answers",
        {"zombie": True, "noise": ("^RSSI: 20",), "noise_interval_s": 30.0},
        number=13,
    ),
    "stuck-prompt": Named(
        "at power-on it sits in somebody's prompt, and echoes",
        {"stuck_prompt": True},
        {"echo": True},
        number=14,
    ),
    "echo": Named("echo is on", persona={"echo": True}, number=15),
    "doubled-echo": Named(
        "echo is on and comes twice",
        {"echo_twice": True},
        {"echo": True},
        number=15,
    ),
    "numeric": Named(
        "result codes are numbers (ATV0)", persona={"verbose": False}, number=16
    ),
    "quiet": Named(
        "there are no result codes (ATQ1)", persona={"quiet": True}, number=17
    ),
    "drip": Named(
        "one octet every 5 ms", {"drip": True, "drip_interval_s": 0.005}, number=18
    ),
    "glued-answers": Named(
        "unsolicited lines come with an answer, in one piece",
        {"glue": True},
        number=19,
    ),
    "garbage": Named(
        "octets 0x00 and 0xFF in front of everything it says",
        {"garbage": b"\x00\xff\x00\xff"},
        number=20,
    ),
    "operator-named-ok": Named(
        "the operator's name reads like a result code",
        {"rules": (Rule("+COPS?", say=('+COPS: 0,0,"OK ERROR > ",7', "OK")),)},
        number=21,
    ),
    "skewed-answer": Named(
        "the answer to the second AT+CSQ comes during the next command",
        {"rules": (Rule("+CSQ", frozenset({2}), late_s=6.0, overdue=True),)},
        number=22,
    ),
    "interleave": Named("+CMTI comes in the middle of answers", {"interleave": True}),
    "no-carrier": Named(
        "NO CARRIER comes by itself during the first AT+CMGR",
        {"rules": (Rule("+CMGR", frozenset({1}), before=("NO CARRIER",)),)},
        number=70,
    ),
    "intrusion": Named(
        "after 20 s another program types on the port: ATE1, ATI, another AT+CNMI",
        events=(
            Event(
                START_S,
                "intrude",
                what={"typed": ("ATE1", "ATI", "AT+CNMI=2,0,0,0,0", "AT+CREG=2")},
            ),
        ),
        number=73,
    ),
    "sibling-freeze": Named(
        "two ports; after 20 s the first is deaf until the second hears a command",
        persona={"ports": 2},
        events=(Event(START_S, "faults", what={"faults": {"sibling_freeze": True}}),),
        number=71,
    ),
}
