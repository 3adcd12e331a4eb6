"""What is asked of a modem to write a profile for it, and how it is shown.

Every command only reads. Numbers that name a person or a device are cut: what is
left of an IMEI says which model it is, of an IMSI or ICCID whose card it is.
"""

import re

from modemgw.at.profile import ICCID_ORDER

SHORT_S, LONG_S = 10.0, 30.0

IDENTITY = ("AT+CGMI", "AT+CGMM", "AT+CGMR", "ATI", "AT+CGSN")
DUMP = (
    *IDENTITY,
    *("AT+GCAP", "AT+CMEE=?", "AT+CFUN?", "AT+CFUN=?", "AT+CPIN?", "AT+CPINR"),
    *("AT+CSMS=?", "AT+CSMS?", "AT+CMGF=?", "AT+CMGF?", "AT+CPMS=?", "AT+CPMS?"),
    *("AT+CNMI=?", "AT+CNMI?", "AT+CMMS=?", "AT+CMGL=?", "AT+CMGD=?", "AT+CNMA=?"),
    *("AT+CSCS=?", "AT+CSCS?", "AT+CSCA?", "AT+CGSMS=?", "AT+CGSMS?", "AT+CUSD=?"),
    *("AT+CREG=?", "AT+CREG?", "AT+CEREG=?", "AT+CEREG?", "AT+COPS?", "AT+CSQ"),
    *("AT+CESQ", "AT+CNUM", "AT+CIMI"),
    *ICCID_ORDER,
    *("AT^CPIN?", "AT+SPIC", "AT+QPINC?", "AT#PCT", "AT+UPINCNT", "AT^SPIC"),
    *("AT+CPINC?", "AT+ZPINPUK=?", "AT_OERCN?"),
    "AT+CLAC",
)
_LONG = ("AT+CLAC", "AT+COPS")
_NUMBER = re.compile(r"\d{9,}[Ff]?")
_KEPT = 8  # digits: the model in an IMEI


def deadline_s(command: str) -> float:
    """Return how long an answer may take."""
    return LONG_S if command.startswith(_LONG) else SHORT_S


def cut(line: str) -> str:
    """Cut the tail of every long number.

    >>> cut('+CGSN: "350000000123456"')
    '+CGSN: "35000000…"'
    """
    return _NUMBER.sub(lambda found: f"{found[0][:_KEPT]}…", line)
