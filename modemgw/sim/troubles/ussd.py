"""Troubles of USSD: the order of its lines, and the codings of its strings."""

from collections.abc import Mapping

from modemgw.sim.troubles.model import Named

USSD: Mapping[str, Named] = {
    "ussd-before-ok": Named(
        "+CUSD comes before the OK of its command",
        {"ussd_before_ok": True},
        number=68,
    ),
    "ussd-multiline": Named(
        "every USSD answer has three lines within its quotes",
        {"ussd_says": ('+CUSD: 0,"Balance:', "12.34 EUR", 'Thank you",15')},
        number=68,
    ),
    "ussd-packed": Named(
        "USSD strings are packed septets in hex, both ways",
        persona={"ussd_asked": frozenset({"packed"}), "ussd_coding": "packed"},
        number=68,
    ),
    "ussd-dcs-lies": Named(
        "USSD answers are UCS2 in hex, and claim the coding 7",
        persona={"ussd_coding": "ucs2", "ussd_dcs": 7},
        number=68,
    ),
    "ussd-ascii-hex": Named(
        "USSD answers are ASCII in hex, with the coding 0",
        persona={"ussd_coding": "hex"},
        number=68,
    ),
    "ussd-menu": Named(
        "every USSD answer wants a reply",
        {"ussd_says": ('+CUSD: 1,"1 Balance 2 Data 0 Exit",15',)},
        number=68,
    ),
    "ussd-timeout": Named(
        "every USSD session ends with a timeout of the network (5)",
        {"ussd_says": ("+CUSD: 5",)},
        number=68,
    ),
    "ussd-never": Named(
        "AT+CUSD is answered with OK, and nothing ever comes",
        {"ussd_says": ()},
        number=68,
    ),
}
