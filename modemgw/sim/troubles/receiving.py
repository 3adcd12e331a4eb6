"""Troubles of receiving: full memories, lying indications, odd messages."""

from collections.abc import Mapping

from modemgw.sim.faults import Rule
from modemgw.sim.scenario import Event
from modemgw.sim.troubles import octets
from modemgw.sim.troubles.model import FIRST, START_S, Named

LONG = "Teil {n} und mehr: 0123456789 abcdefghijklmnopqrstuvwxyz. " * 7
DAY_S = 86_400.0


def _octets(at_s: float, what: bytes) -> Event:
    return Event(at_s, "inbound_octets", what={"octets": what})


RECEIVING: Mapping[str, Named] = {
    "sim-full": Named(
        "SIM and ME are full with ten messages each, sending is refused with 322",
        {"full_refuses": True, "filled": {"SM": 10, "ME": 10}},
        {
            "capacity": {"SM": 10, "ME": 10, "SR": 10},
            "full_urc": '^SMMEMFULL: "{memory}"',
        },
        events=(Event(1.0, "inbound", what={"text": "Is there room?"}),),
        number=40,
    ),
    "small-memory": Named(
        "room for ten messages, and a word when it is full",
        persona={
            "capacity": {"SM": 10, "ME": 10, "SR": 10},
            "full_urc": '^SMMEMFULL: "{memory}"',
        },
        number=40,
    ),
    "burst": Named(
        "after 20 s, forty messages within 5 s",
        events=(
            Event(
                START_S,
                "inbound",
                what={"text": "Burst {n} of 40"},
                every_s=0.125,
                times=40,
            ),
        ),
        number=41,
    ),
    "cmti-other-memory": Named(
        "messages come into ME from slot 0, whatever is read and set",
        persona={
            "default_memories": ("SM", "SM", "ME"),
            "memories": (("SM", "ME", "SR"), ("SM",), ("ME",)),
            "first_index": {"ME": 0},
        },
        events=(Event(START_S, "inbound", what={"text": "In ME"}),),
        number=42,
    ),
    "cmti-not-stored": Named(
        "+CMTI names no slot",
        persona={"message_notice": "+CMTI: ,-1"},
        events=(Event(START_S, "inbound", what={"text": "Nowhere"}),),
        number=43,
    ),
    "listing-empty": Named(
        "AT+CMGL shows nothing, AT+CMGR works",
        {"rules": (Rule("+CMGL", say=("OK",)),)},
        events=(Event(START_S, "inbound", what={"text": "Not listed"}),),
        number=44,
    ),
    "cpms-lag": Named(
        "AT+CPMS counts a new message 500 ms after its +CMTI",
        {"count_lag_s": 0.5},
        events=(Event(START_S, "inbound", what={"text": "Not counted"}),),
        number=45,
    ),
    "delete-fails": Named(
        "five deletes are refused",
        {"ignore_deletes": 5},
        events=(Event(START_S, "inbound", what={"text": "Hard to delete"}),),
        number=46,
    ),
    "same-memory": Named(
        "SM and ME are the same",
        persona={"me_is_sm": True},
        events=(Event(START_S, "inbound", what={"text": "In both"}),),
        number=47,
    ),
    "crash-before-delete": Named(
        "the modem restarts instead of doing the first AT+CMGD",
        {"rules": (Rule("+CMGD", FIRST, say=(), reboot=True),)},
        events=(Event(START_S, "inbound", what={"text": "Read and not deleted"}),),
        number=48,
    ),
    "ack-missed": Named(
        "everything is routed under AT+CSMS=1, and the first AT+CNMA gets lost",
        {"lost_acks": 1},
        {"csms": (1,), "cnmi": ((0, 1, 2), (0, 2), (0,), (0, 1), (0, 1))},
        events=(
            Event(START_S, "inbound", what={"text": "Acknowledge me"}),
            Event(START_S + 1, "inbound", what={"text": "And me"}),
        ),
        number=49,
    ),
    "concat-disorder": Named(
        "after 20 s a message of three parts comes as 3, 1, 1, 2",
        events=(Event(START_S, "inbound", what={"text": LONG, "order": (3, 1, 1, 2)}),),
        number=56,
    ),
    "concat-ref-reuse": Named(
        "after 20 s two long messages with reference 0, one of them a day old",
        events=(
            Event(
                START_S,
                "inbound",
                what={"text": "Old. " + LONG, "concat_ref": 0, "ago": DAY_S},
            ),
            Event(
                START_S + 10, "inbound", what={"text": "New. " + LONG, "concat_ref": 0}
            ),
        ),
        number=57,
    ),
    "missing-part": Named(
        "after 20 s parts 1 and 3 of three; part 2 never comes",
        events=(Event(START_S, "inbound", what={"text": LONG, "order": (1, 3)}),),
        number=58,
    ),
    "split-emoji": Named(
        "after 20 s an emoji whose halves are in two parts (D83D, DE00)",
        events=tuple(_octets(START_S, part) for part in octets.SPLIT_EMOJI),
        number=59,
    ),
    "alphanumeric-sender": Named(
        "after 20 s a message from a name of seven characters",
        events=(
            Event(START_S, "inbound", what={"from": "InfoSMS", "text": "From a name"}),
        ),
        number=60,
    ),
    "bad-scts": Named(
        "after 20 s a message of month 0 in the time zone FF",
        events=(_octets(START_S, octets.BAD_SCTS),),
        number=61,
    ),
    "odd-classes": Named(
        "after 20 s a flash message, a silent one, and a voice mail indication",
        events=(
            Event(START_S, "inbound", what={"text": "Flash", "class": 0}),
            Event(START_S + 1, "inbound", what={"text": "Silent", "pid": 0x40}),
            _octets(START_S + 2, octets.VOICE_MAIL),
        ),
        number=62,
    ),
    "no-sca": Named(
        "TPDUs are shown without the SCA, as in phase 1",
        {"no_sca": True},
        events=(Event(START_S, "inbound", what={"text": "Phase 1"}),),
        number=63,
    ),
    "index-zero": Named(
        "slots count from 0", persona={"first_index": {"ME": 0, "SM": 0}}
    ),
    "slow-listing": Named(
        "two listings of 25 messages each take 45 s",
        {
            "rules": (Rule("+CMGL", frozenset({1, 2}), late_s=45.0),),
            "filled": {"SM": 25, "ME": 25},
        },
        number=72,
    ),
}
