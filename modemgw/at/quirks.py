"""What each family of modems does differently, as data.

A profile adds to the general sequence or puts its orders first; everything is
still filtered by what the modem itself offers, and every refusal is survived.
Sources stand beside the entries: MM is ModemManager's plugins, numbers are
issue numbers of the project named.
"""

from dataclasses import dataclass

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

ICCID_ORDER = (
    *("AT+CCID", "AT+QCCID", "AT+CICCID", "AT+ICCID", "AT^ICCID?", "AT#CCID"),
    *("AT^SCID", "AT!ICCID?", "AT+ZGETICCID", "AT+CRSM=176,12258,0,0,10"),
)

# The modem restarted, whatever we believed: set it up again.
REBOOTED = (
    *("RDY", "APP RDY", "^SYSSTART", "*ATREADY", "MODEM:STARTUP"),
    *("NORMAL POWER DOWN", "POWERED DOWN"),
)
# Perhaps it restarted: Huawei says ^BOOT as a heartbeat, the others come late
# in a boot that we may have seen the begin of. Settings are compared.
PERHAPS_REBOOTED = (
    *("^BOOT:", "Call Ready", "SMS Ready", "SMS DONE", "PB DONE"),
    *("+PBREADY", "+READY", "+QIND: SMS DONE", '+QIND: "SMS DONE"'),
)
# The card was taken out, put in, or wants its PIN again.
SIM_CHANGED = ("+CPIN: NOT", "+CPIN: SIM", "+QUSIM: 0", "#QSS: 0", "^SIMST: 255")
STORAGE_FULL = ("^SMMEMFULL", "+SMS FULL", '+QIND: "smsfull"', '+CIEV: "MESSAGE"')


@dataclass(frozen=True, slots=True)
class Profile:
    """One family.

    `makers` and `models` are looked for in the answers to AT+CGMI, AT+CGMM and
    ATI, in small letters. `quiet` commands silence its noise. `memories` are
    those preferred for what arrives.
    """

    name: str
    makers: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    quiet: tuple[str, ...] = ()
    cnmi: tuple[str, ...] = CNMI_ORDER
    memories: tuple[str, ...] = ("ME", "SM", "MT")
    iccid: tuple[str, ...] = ICCID_ORDER
    radio_off: bool = True  # it may be told AT+CFUN=0 without going deaf


GENERIC = Profile("generic")

PROFILES: tuple[Profile, ...] = (
    Profile(  # CURC: chan_dongle, MM; PORTSEL: MM; ^RSSI floods: gammu 111
        "huawei",
        makers=("huawei",),
        quiet=("AT^CURC=0", "AT^PORTSEL=0"),
        iccid=("AT^ICCID?", *ICCID_ORDER),
    ),
    Profile(  # CPMS? ends the +ZUSIMR flood; mode 2 advertised, refused: MM, ofono
        "zte",
        makers=("zte",),
        quiet=("AT+CPMS?",),
        cnmi=CNMI_MODE_1_FIRST,
        iccid=("AT+ZGETICCID", *ICCID_ORDER),
    ),
    Profile(
        "simcom-lte",
        models=("sim7", "a76", "sim767"),
        quiet=("AT+CNSMOD=0", "AT+AUTOCSQ=0"),
        iccid=("AT+CICCID", *ICCID_ORDER),
    ),
    Profile(  # only ds<=1: faucamp 60
        "simcom",
        makers=("simcom",),
        models=("sim800", "sim900", "sim868"),
        quiet=("AT+CLTS=0", "AT+CIURC=0", 'AT+EXUNSOL="SQ",0'),
    ),
    Profile(  # ds=2 announces the wrong storage: chan_quectel PR 75
        "quectel",
        makers=("quectel",),
        quiet=('AT+QURCCFG="urcport","usbat"', "AT^DSCI=0"),
        iccid=("AT+QCCID", *ICCID_ORDER),
    ),
    Profile(
        "sierra",
        makers=("sierra",),
        iccid=("AT!ICCID?", *ICCID_ORDER),
    ),
    Profile(
        "telit",
        makers=("telit",),
        quiet=("AT#QSS=0", "AT#STIA=0"),
        iccid=("AT#CCID", *ICCID_ORDER),
    ),
    Profile("u-blox", makers=("u-blox", "ublox"), quiet=("AT+CMER=0",)),
    Profile(  # bfr 1 and mem3 not ME on MC75: gammu 1207
        "cinterion",
        makers=("cinterion", "siemens", "thales", "gemalto"),
        quiet=("AT+CMER=0", "AT+CTZU=0"),
        memories=("MT", "SM", "ME"),
        iccid=("AT^SCID", *ICCID_ORDER),
    ),
    Profile("wavecom", makers=("wavecom",), quiet=("AT+WIND=0",), memories=("SM",)),
    Profile(  # CFUN=0 ends all talk; SM and ME are one store: gammu 378
        "neoway",
        makers=("neoway",),
        models=("m590",),
        memories=("SM",),
        radio_off=False,
    ),
    Profile("option", makers=("option n.v.", "option wireless"), quiet=("AT_OSSYS=0",)),
)


def profile_for(manufacturer: str | None, model: str | None) -> Profile:
    """Return the first profile with that model, then maker; else GENERIC."""
    maker, kind = (manufacturer or "").lower(), (model or "").lower()
    by_model = (p for p in PROFILES if any(name in kind for name in p.models))
    by_maker = (p for p in PROFILES if any(name in maker for name in p.makers))
    return next(by_model, None) or next(by_maker, GENERIC)


def ordered_routings(
    profile: Profile, offered: tuple[frozenset[int], ...], *, reports: bool
) -> tuple[str, ...]:
    """Return the AT+CNMI values to try, best first.

    What the modem does not offer comes last instead of being left out: some
    modems refuse what they offer and take what they do not.
    """
    values = sorted(profile.cnmi, key=lambda v: not reports and not _is_silent(v))
    fitting = [value for value in values if _fits(value, offered)]
    return (*fitting, *(value for value in values if value not in fitting))


def _fits(value: str, offered: tuple[frozenset[int], ...]) -> bool:
    numbers = [int(number) for number in value.split(",")]
    if offered and len(numbers) > len(offered):
        return False
    return all(n in allowed for n, allowed in zip(numbers, offered, strict=False))


def _is_silent(value: str) -> bool:
    """Tell whether `value` asks for no status reports."""
    return value.split(",")[3:4] in (["0"], [])
