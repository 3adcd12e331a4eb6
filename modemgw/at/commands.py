"""Every AT command we send: text, absolute deadline, how to read the answer.

A deadline counts from the command to its final result code; URCs in between do
not extend it. Values: field measurements of seven other programs and the vendor
manuals (see docs/modems.md); the network's own timers decide after Ctrl-Z.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from modemgw.at import answers
from modemgw.at.answers import Lines, Row, Storage
from modemgw.at.profile import Profile

T = TypeVar("T")

QUICK_S = 3.0  # AT, ATE0: no SIM, no network
SHORT_S = 5.0  # the modem's own state
SIM_S = 10.0  # the modem asks the SIM
RADIO_S = 20.0  # AT+CFUN
PIN_S = 30.0
DELETE_S = 25.0  # flash: SIM800 needs up to 25 s
LIST_S = 30.0  # AT+CMGL, plus LIST_EACH_S per message expected
LIST_EACH_S = 1.0
PROMPT_S = 10.0  # no network is involved before the prompt
SUBMIT_S = 150.0  # 24.011: TR1M is 35-45 s, with repetitions; manuals say 60-180 s
AFTER_REFERENCE_S = 5.0  # from "+CMGS: 41" to its OK

ESCAPE = b"\x1b"  # leaves the prompt without sending; harmless anywhere else
CTRL_Z = b"\x1a"  # sends. Never typed for any other purpose


@dataclass(frozen=True, slots=True)
class Command(Generic[T]):
    """One command line without its CR, and what its answer is.

    `prefixes` are those of its information lines; () where they are free text.
    `shown` replaces the text in transcripts (a PIN). `numeric` also takes the
    results of a modem in ATV0. `whole`: lines without the prefix belong to the
    answer too (a PDU); otherwise they are dropped where lines with it came.
    """

    text: str
    timeout_s: float
    parse: Callable[[Lines], T]
    prefixes: tuple[str, ...] = ()
    shown: str | None = None
    numeric: bool = False
    whole: bool = False

    def value(self, lines: Lines) -> T:
        """Read the lines that came before OK."""
        if self.prefixes and not self.whole:
            mine = [line for line in lines if line.startswith(self.prefixes)]
            return self.parse(mine or lines)
        return self.parse(lines)


def nothing(lines: Lines) -> None:
    """Take no value from an answer: OK is all that is wanted."""


def plain(
    text: str, timeout_s: float = SHORT_S, *, shown: str | None = None
) -> Command[None]:
    """Return a command whose answer is OK or a refusal."""
    return Command(text, timeout_s, nothing, shown=shown)


# Handshake. V.250, 6.2.4 (E), 6.2.5 (Q), 6.2.6 (V); 27.007, 9.1 (CMEE)
ATTENTION = Command("AT", QUICK_S, nothing, numeric=True)
CLEAN = Command("ATQ0V1E0", QUICK_S, nothing, numeric=True)
VERBOSE = Command("ATV1", QUICK_S, nothing, numeric=True)
ECHO_OFF = Command("ATE0", QUICK_S, nothing, numeric=True)
DEFAULTS = Command("ATZ", RADIO_S, nothing, numeric=True)  # 7 s on old modems
NUMERIC_ERRORS = plain("AT+CMEE=1")
VERBOSE_ERRORS = plain("AT+CMEE=2")
# Its answer cannot be mistaken for that of another command: it finds the step.
PROBE = Command("AT+CMEE?", QUICK_S, answers.first_integer, ("+CMEE:",), numeric=True)

# Identity. 27.007, 5.1-5.4
MANUFACTURER = Command(
    "AT+CGMI", SHORT_S, answers.text_of, ("+CGMI:", "+GMI:", "Manufacturer:")
)
MODEL = Command("AT+CGMM", SHORT_S, answers.text_of, ("+CGMM:", "+GMM:", "Model:"))
REVISION = Command(
    "AT+CGMR", SHORT_S, answers.text_of, ("+CGMR:", "+GMR:", "Revision:")
)
INFORMATION = Command("ATI", SHORT_S, answers.text_of)
IMEI = Command("AT+CGSN", SHORT_S, answers.imei_of, ("+CGSN:", "+GSN:"))
IMEI_OTHER = Command("AT+GSN", SHORT_S, answers.imei_of, ("+CGSN:", "+GSN:"))

# Radio and SIM. 27.007, 8.2 (CFUN), 8.3 (CPIN), 5.6 (CIMI), 7.1 (CNUM)
RADIO = Command("AT+CFUN?", SHORT_S, answers.first_integer, ("+CFUN:",))
RADIO_ON = plain("AT+CFUN=1", RADIO_S)
RADIO_OFF = plain("AT+CFUN=0", RADIO_S)
RADIO_FLIGHT = plain("AT+CFUN=4", RADIO_S)
PIN_STATE = Command("AT+CPIN?", SIM_S, answers.word_of, ("+CPIN:",))
IMSI = Command("AT+CIMI", SIM_S, answers.imsi_of, ("+CIMI:",))
OWN_NUMBER = Command("AT+CNUM", SIM_S, answers.own_number_of, ("+CNUM:",))
_ICCID_PREFIXES = (
    *("+CCID:", "+QCCID:", "+ICCID:", "+CICCID:", "^ICCID:", "#CCID:"),
    *("^SCID:", "!ICCID:", "+ZGETICCID:", "ICCID:"),
)
ICCID_BY_FILE = Command(
    "AT+CRSM=176,12258,0,0,10", SIM_S, answers.crsm_iccid_of, ("+CRSM:",)
)
# EF_SMSS (6F43): the TP-MR used last, then a flag. 31.102, 4.2.9
LAST_REFERENCE = Command(
    "AT+CRSM=176,28483,0,0,2", SIM_S, answers.crsm_reference_of, ("+CRSM:",)
)

# Message service. 27.005, 3.2 and 3.3
PDU_MODE = plain("AT+CMGF=0")
PDU_MODE_STATE = Command("AT+CMGF?", SHORT_S, answers.first_integer, ("+CMGF:",))
CHARSET_GSM = plain('AT+CSCS="GSM"')
SERVICE = Command("AT+CSMS?", SHORT_S, answers.first_integer, ("+CSMS:",))
SERVICE_0 = Command("AT+CSMS=0", SHORT_S, nothing, ("+CSMS:",))
STORAGE_NAMES = Command("AT+CPMS=?", SIM_S, answers.names_of, ("+CPMS:",))
STORAGES = Command("AT+CPMS?", SIM_S, answers.storages_of, ("+CPMS:",))
ROUTING_VALUES = Command("AT+CNMI=?", SHORT_S, answers.ranges_of, ("+CNMI:",))
ROUTING = Command("AT+CNMI?", SHORT_S, answers.first, ("+CNMI:",))
CENTRE = Command("AT+CSCA?", SIM_S, answers.address_of, ("+CSCA:",))
ACKNOWLEDGE = plain("AT+CNMA", SHORT_S)
MORE_TO_SEND = plain("AT+CMMS=1")
SUBMIT_PREFIXES = ("+CMGS:",)

# Network. 27.007, 7.2 (CREG), 7.3 (COPS), 8.5 (CSQ); 10.1.22 (CEREG)
REGISTRATION = Command("AT+CREG?", SHORT_S, answers.registration_of, ("+CREG:",))
REGISTRATION_EPS = Command("AT+CEREG?", SHORT_S, answers.registration_of, ("+CEREG:",))
OPERATOR_LONG = plain("AT+COPS=3,0", SIM_S)
OPERATOR = Command("AT+COPS?", SIM_S, answers.operator_of, ("+COPS:",))
SIGNAL = Command("AT+CSQ", SHORT_S, answers.dbm_of, ("+CSQ:",))


def iccid(text: str) -> Command[str | None]:
    """Return one of the many ways to ask for the ICCID (at/quirks.py has them)."""
    if text == ICCID_BY_FILE.text:
        return ICCID_BY_FILE
    return Command(text, SIM_S, answers.iccid_of, _ICCID_PREFIXES)


def pin_tries(profile: Profile) -> Command[int | None]:
    """Ask how many tries are left for the PIN, the way this family tells it."""
    counter = profile.pin_counter
    prefix = re.split("[=?]", counter.command.removeprefix("AT"))[0] + ":"

    def parse(lines: Lines) -> int | None:
        mine = [line for line in lines if "SIM PIN," in line] or lines[:1]
        return answers.field_of(mine, counter.field)

    return Command(counter.command, SIM_S, parse, (prefix,))


def enter_pin(pin: str) -> Command[None]:
    """Enter the PIN. Three wrong ones block the SIM: never send one twice."""
    return plain(f'AT+CPIN="{pin}"', PIN_S, shown='AT+CPIN="<PIN>"')


def report_registration(which: str, level: int) -> Command[None]:
    """Ask for URCs about registration; `which` is CREG or CEREG."""
    return plain(f"AT+{which}={level}")


def use_storages(*names: str) -> Command[tuple[Storage, ...]]:
    """Choose the memories: for reading, for writing, for what arrives."""
    wanted = ",".join(f'"{name}"' for name in names)
    return Command(f"AT+CPMS={wanted}", SIM_S, answers.storages_of, ("+CPMS:",))


def route(values: str) -> Command[None]:
    """Choose how the modem tells us of what arrives: `2,1,0,1,0`."""
    return plain(f"AT+CNMI={values}")


def set_centre(number: str) -> Command[None]:
    """Set the service centre's number."""
    kind = 145 if number.startswith("+") else 129
    return plain(f'AT+CSCA="{number}",{kind}', SIM_S)


def read(slot: int) -> Command[tuple[Row, ...]]:
    """Read one slot of the reading memory."""
    return Command(f"AT+CMGR={slot}", SIM_S, answers.rows_of, ("+CMGR:",), whole=True)


def read_all(expected: int = 0) -> Command[tuple[Row, ...]]:
    """List the reading memory, read and unread; `expected` messages are in it."""
    deadline = LIST_S + LIST_EACH_S * expected
    return Command("AT+CMGL=4", deadline, answers.rows_of, ("+CMGL:",), whole=True)


def delete(slot: int) -> Command[None]:
    """Delete one slot of the reading memory."""
    return plain(f"AT+CMGD={slot}", DELETE_S)


def submit(tpdu_length: int) -> str:
    """Return the line that asks for the prompt; octets are counted without SCA."""
    return f"AT+CMGS={tpdu_length}"
