"""What one family of modems does differently: the shape of a profile.

The families themselves are data, in at/families.py; a configuration may add to
them or replace what one says. A profile adds to the general sequence or puts its
orders first: everything is still filtered by what the modem itself offers, and
every refusal is survived.
"""

from dataclasses import dataclass

from modemgw.at.codes import Code

# Tried in this order where the profile does not say otherwise: stored deliveries
# with an indication, reports routed, then reports stored, then no reports.
CNMI_ORDER = (
    *("2,1,0,1,0", "2,1,0,1,1", "1,1,0,1,0", "1,1,0,1,1"),
    *("2,1,0,2,0", "2,1,0,2,1", "1,1,0,2,0", "1,1,0,2,1"),
    *("2,1,0,0,0", "2,1,0,0,1", "1,1,0,0,0", "1,1,0,0,1"),
    *("3,1,0,1,0", "3,1,0,0,0", "2,1", "1,1"),
)
CNMI_MODE_1_FIRST = (
    *("1,1,0,1,0", "1,1,0,1,1", "2,1,0,1,0", "2,1,0,1,1"),
    *("1,1,0,2,0", "1,1,0,2,1", "2,1,0,2,0", "2,1,0,2,1"),
    *("1,1,0,0,0", "1,1,0,0,1", "2,1,0,0,0", "2,1,0,0,1", "1,1", "2,1"),
)
# Last resorts. Routed is safe only where the modem waits for our AT+CNMA (CSMS=1);
# without any indication the memories are polled, and the reports still come.
CNMI_ACKNOWLEDGED = ("2,2,0,1,0", "1,2,0,1,0")
CNMI_POLLED = ("2,0,0,1,0", "1,0,0,1,0", "2,0,0,2,0", "1,0,0,2,0")
ICCID_ORDER = (
    *("AT+CCID", "AT+QCCID", "AT+CICCID", "AT+ICCID", "AT^ICCID?", "AT#CCID"),
    *("AT^SCID", "AT!ICCID?", "AT+ZGETICCID", "AT+CRSM=176,12258,0,0,10"),
)

REPORT_ROUTES = ("routed", "stored", "any", "none")
USSD_CODECS = ("auto", "text", "packed", "ucs2")


@dataclass(frozen=True, slots=True)
class PinCounter:
    """How a family tells the tries left for the PIN.

    `field` is the number of that field in the answer, from 0.
    """

    command: str
    field: int


PIN_COUNTER = PinCounter("AT+CPINR", 1)  # 27.007, 8.65: +CPINR: SIM PIN,3,3


@dataclass(frozen=True, slots=True)
class Profile:
    """One family.

    `makers` and `models` are looked for in the answers to AT+CGMI, AT+CGMM and
    ATI, in small letters; a model counts before a maker.
    """

    name: str
    source: str = ""  # who says so; shown by `modemgw modems profiles`
    makers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    # setting up
    quiet: tuple[str, ...] = ()  # commands that silence its noise
    noise: tuple[str, ...] = ()  # beginnings of lines without a meaning for us
    init: tuple[str, ...] = ()  # further commands, before messages are set up
    cnmi: tuple[str, ...] = CNMI_ORDER
    memories: tuple[str, ...] = ("ME", "SM", "MT")  # for what arrives, best first
    reports: str = "any"  # routed: only +CDS; stored: only +CDSI; any: as in `cnmi`
    iccid: tuple[str, ...] = ICCID_ORDER
    pin_counter: PinCounter = PIN_COUNTER
    # USSD: how a request is written, and what makes it plain text
    ussd: str = "auto"
    ussd_plain: str = ""  # said at each start where `ussd` is "text"
    # what it says
    codes: tuple[Code, ...] = ()  # its own meaning of CMS codes from 512
    booted: tuple[str, ...] = ()  # URCs that always mean a restart
    # restarting
    reset: tuple[str, ...] = ("AT+CFUN=1,1",)  # tried in turn until one is taken
    boot_s: float = 30.0  # from the reset to the first answer, at most usually
    gap_s: float = 0.0  # from an answer to the next command; less and it loses some
    # what works
    radio_off_ok: bool = True  # it may be told AT+CFUN=0 without going deaf
    late_sim_ok: bool = True  # a card put in later is seen without a power cycle
    cmms_ok: bool = True  # AT+CMMS is worth trying
    csms1_ok: bool = True  # AT+CNMA works under AT+CSMS=1

    def meaning(self, number: int) -> Code | None:
        """Return what this family means by a vendor's code, None: as everybody."""
        return next((code for code in self.codes if code.number == number), None)


GENERIC = Profile("generic", source="3GPP TS 27.005, 27.007; ITU-T V.250")
