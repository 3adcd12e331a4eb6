"""The families of modems, as data; the first that fits is taken.

Where an entry comes from stands in its `source`: MM is ModemManager's plugins,
numbers are issues or pull requests of the project named, "manual" is the maker's
AT manual, "practice" is what has been seen and is not written anywhere.
"""

from modemgw.at.codes import Code, Disposition
from modemgw.at.profile import (
    CNMI_MODE_1_FIRST,
    CNMI_ORDER,
    GENERIC,
    ICCID_ORDER,
    PinCounter,
    Profile,
)

_R, _F, _P = Disposition.RETRY_HERE, Disposition.COOL_DOWN, Disposition.REFUSE
_M, _U = Disposition.FIX_MODEM, Disposition.IN_DOUBT

_HUAWEI_NOISE = (
    *("^RSSI", "^BOOT", "^MODE", "^DSFLOWRPT", "^SRVST", "^SIMST", "^STIN", "^CSNR"),
    *("^ECCLIST", "^HCSQ", "^NWTIME", "^LTERSRP", "^CCIN", "^LWURC", "^RFSWITCH"),
)
_HUAWEI_PIN = PinCounter("AT^CPIN?", 3)  # state, times, PUK, PIN, PUK2, PIN2

_SIM800_CODES = (  # SIM800 series AT command manual, CMS errors
    Code(512, "user abort", _R, "modem_error"),
    Code(513, "unable to store", _M, "modem_error"),
    Code(514, "invalid status", _R, "modem_error"),
    Code(515, "device busy, or a character in the address", _R, "modem_error"),
    Code(516, "invalid length", _P, "modem_error"),
    Code(517, "a character in the PDU is invalid", _P, "modem_error"),
    Code(518, "invalid parameter", _P, "modem_error"),
    Code(519, "invalid length or character", _P, "modem_error"),
    Code(520, "a character in the text is invalid", _P, "modem_error"),
    Code(521, "timer expired", _U, "no_service"),
    Code(522, "operation temporarily not allowed", _R, "modem_error"),
    Code(532, "SIM not ready", _R, "modem_error"),
    Code(538, "invalid parameter", _P, "modem_error"),
)
_QUECTEL_2G_CODES = (  # M-series AT command manual, CMS errors
    Code(512, "SIM not ready", _R, "modem_error"),
    Code(513, "the message is too long", _P, "too_long"),
    Code(514, "invalid request parameters", _P, "modem_error"),
    Code(515, "ME storage failure", _M, "modem_error"),
    Code(517, "invalid service mode", _M, "modem_error"),
    Code(528, "more-messages-to-send in a wrong state", _R, "modem_error"),
    Code(529, "sending messages is not allowed", _F, "sim_barred"),
    Code(530, "GPRS is suspended", _R, "no_service"),
    Code(531, "ME storage full", _M, "modem_error"),
    Code(532, "SIM not ready", _R, "modem_error"),
)
_WAVECOM_CODES = (  # Wavecom AT manual, as smstools quotes it
    Code(512, "connection could not be established", _R, "no_service"),
    Code(513, "lower layer failure, acknowledgement lost", _U, "no_service"),
    Code(514, "congestion below the message layer", _R, "no_service"),
    Code(515, "initialisation or another command in progress", _R, "modem_error"),
    Code(517, "SIM toolkit facility not available", _R, "modem_error"),
    Code(527, "radio resources busy", _R, "no_service"),
    Code(528, "location update failed, emergency calls only", _R, "no_service"),
    Code(529, "network selection failed", _R, "no_service"),
    Code(531, "recipient not in the fixed dialling list", _F, "sim_barred"),
)


def _iccid(*first: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *ICCID_ORDER)))


FAMILIES: tuple[Profile, ...] = (
    Profile(
        "huawei-e3372",
        source="chan_dongle 143 and gammu 111 (^RSSI inside answers), gammu 829"
        " (AT+CPMS with three arguments only), gammu 109 (USSD), MM (^RESET)",
        models=("e3372", "e3276", "e398", "e3272", "e3531", "e3131", "e303", "e353"),
        quiet=("AT^CURC=0", "AT^PORTSEL=0"),
        noise=_HUAWEI_NOISE,
        iccid=_iccid("AT^ICCID?"),
        pin_counter=_HUAWEI_PIN,
        ussd="auto",  # text gives CME 100 on E3276; answers are UCS2 with dcs 72
        reset=("AT^RESET", "AT+CFUN=1,1"),
        boot_s=60.0,
        late_sim_ok=False,  # E353: smstools, check_sim
    ),
    Profile(
        "huawei-mu",
        source="MM (MU736 takes ^RESET and does nothing; MU609 dies of ^GETPORTMODE);"
        " MU509 manual (CNMI mode 2 is reserved)",
        models=("mu509", "mu609", "mu709", "mu736", "mu739", "me906", "me909"),
        quiet=("AT^CURC=0",),
        noise=_HUAWEI_NOISE,
        cnmi=CNMI_MODE_1_FIRST,
        iccid=_iccid("AT^ICCID?"),
        pin_counter=_HUAWEI_PIN,
        reset=("AT+CFUN=16", "AT^RESET", "AT+CFUN=1,1"),
    ),
    Profile(
        "huawei",
        source="chan_dongle and MM (^CURC, ^PORTSEL), gammu 438 (CNMI lists), gammu 4"
        " (AT+CMGL hangs), gammu 687 (comes back as a CD-ROM), gammu 138 (CMMS)",
        makers=("huawei",),
        quiet=("AT^CURC=0", "AT^PORTSEL=0"),
        noise=_HUAWEI_NOISE,
        iccid=_iccid("AT^ICCID?"),
        pin_counter=_HUAWEI_PIN,
        ussd="packed",
        ussd_plain="AT^USSDMODE=0",
        reset=("AT^RESET", "AT+CFUN=1,1"),
        boot_s=60.0,
    ),
    Profile(
        "zte",
        source="MM (CPMS? ends the +ZUSIMR flood), ofono (mode 2 offered and refused;"
        " comma in +CDS), gammu 209 (+CDSI in SR), gammu 358 (USSD in UCS2)",
        makers=("zte",),
        models=("mf180", "mf190", "mf195", "mf62", "mf63", "mf66", "mf71"),
        quiet=("AT+CPMS?",),
        noise=("+ZUSIMR", "+ZPASR", "+ZDONR", "+ZPSTM", "+ZEND", "+ZPAS"),
        cnmi=CNMI_MODE_1_FIRST,
        iccid=_iccid("AT+ZGETICCID"),
        pin_counter=PinCounter("AT+ZPINPUK=?", 0),
        ussd="ucs2",
        reset=("AT+ZRST", "AT+CFUN=1,1"),
    ),
    Profile(
        "simcom-lte",
        source="MM (AUTOCSQ, CNSMOD, +CRESET), botletics 298 (freezes until the other"
        " port hears something), LilyGo 63 (+CMTI: ,-1), LilyGo 79 and 247 (A7670)",
        models=("sim7", "a76", "sim767", "simcom_sim7"),
        quiet=("AT+CNSMOD=0", "AT+AUTOCSQ=0"),
        noise=("+CNSMOD", "+NITZ", "+RXDTMF", "VOICE CALL", "MISSED_CALL", "PB DONE"),
        iccid=_iccid("AT+CICCID", "AT+ICCID"),
        pin_counter=PinCounter("AT+SPIC", 0),
        ussd="text",
        booted=("*ATREADY",),
        reset=("AT+CRESET", "AT+CFUN=1,1"),
    ),
    Profile(
        "simcom",
        source="faucamp 60 (ds 0 and 1 only), ofono (+CMT is not acknowledged),"
        " SIM800 manual (codes, CIURC, EXUNSOL), smstools (late SIM)",
        makers=("simcom",),
        models=("sim800", "sim900", "sim868", "sim300"),
        quiet=("AT+CLTS=0", "AT+CIURC=0", 'AT+EXUNSOL="SQ",0'),
        noise=("*PSUTTZ", "+CIEV", "DST:", "UNDER-VOLTAGE", "OVER-VOLTAGE", "+CTZV"),
        reports="routed",
        iccid=_iccid("AT+CCID"),
        pin_counter=PinCounter("AT+SPIC", 0),
        ussd="text",
        codes=_SIM800_CODES,
        boot_s=15.0,
        csms1_ok=False,
    ),
    Profile(
        "quectel-2g",
        source="Quectel M-series manual (codes, QIURC), warthog618/modem 17 (CSMS"
        " 0 and 128 only; CCID with a question mark)",
        models=("m26", "m35", "m95", "m66", "mc60", "mc20", "quectel_m"),
        quiet=("AT+QIURC=0",),
        noise=("+QNITZ", "+QGPSURC", "Call Ready"),
        iccid=_iccid("AT+QCCID", "AT+CCID?"),
        pin_counter=PinCounter("AT+QPINC?", 1),
        ussd="text",
        codes=_QUECTEL_2G_CODES,
        boot_s=15.0,
        csms1_ok=False,
    ),
    Profile(
        "quectel",
        source="chan_quectel 75 (stored reports are announced in the wrong memory),"
        " MM (QURCCFG, QPOWD), pinephone_modem_sdk 64 (autosuspend resets it)",
        makers=("quectel",),
        models=("ec20", "ec21", "ec25", "eg25", "eg9", "bg9", "bg77", "uc20", "uc15"),
        quiet=('AT+QURCCFG="urcport","usbat"', "AT^DSCI=0"),
        noise=("+QIND", "^DSCI", "+QGPSURC", "+QTONEDET", "+QLWURC", "+QUSIM: 1"),
        reports="routed",
        iccid=_iccid("AT+QCCID"),
        pin_counter=PinCounter("AT+QPINC?", 1),
        ussd="text",
        reset=("AT+CFUN=1,1", "AT+QPOWD=1"),
    ),
    Profile(
        "teltonika",
        source="gammu 695 (Quectel inside, reports stored in SR)",
        makers=("teltonika",),
        models=("trm240", "trm250"),
        reports="stored",
        ussd="text",
    ),
    Profile(
        "sierra",
        source="MM (!RESET, +CPINC; needs AT+CFUN=1,0), nowsms (MC8775 says nothing to"
        " AT+CPMS?)",
        makers=("sierra",),
        noise=("+PACSP", "!PCSTATE"),
        iccid=_iccid("AT!ICCID?"),
        pin_counter=PinCounter("AT+CPINC?", 0),
        ussd="text",
        reset=("AT!RESET", "AT+CFUN=1,1"),
    ),
    Profile(
        "telit",
        source="MM (#QSS, #PORTCFG, #CCID, #PCT), gammu 272 (ds 1), ofono (READY is"
        " said too early), Telit manual (#REBOOT, #ENHRST)",
        makers=("telit",),
        quiet=("AT#QSS=0", "AT#STIA=0"),
        noise=("#QSS: 1", "#QSS: 2", "#QSS: 3", "#STN", "SRING"),
        iccid=_iccid("AT#CCID"),
        pin_counter=PinCounter("AT#PCT", 0),
        ussd="text",
        reset=("AT#REBOOT", "AT#ENHRST=1,0", "AT+CFUN=1,1"),
    ),
    Profile(
        "u-blox",
        source="MM (20 s until it answers; CFUN=16; UPINCNT), SARA-R4 manual (CMMS,"
        " 5 s; CFUN up to 180 s)",
        makers=("u-blox", "ublox"),
        models=("sara-", "lisa-", "toby-", "lara-"),
        quiet=("AT+CMER=0",),
        noise=("+UU", "+UCALLSTAT", "+CIEV", "+UMWI"),
        iccid=_iccid("AT+CCID"),
        pin_counter=PinCounter("AT+UPINCNT", 0),
        ussd="text",
        reset=("AT+CFUN=16", "AT+CFUN=1,1"),
        boot_s=45.0,
    ),
    Profile(
        "cinterion",
        source="gammu 1207 (MC75: bfr 1 and mem3 not ME), gammu 759 (BGS5: SR), MM (LTE"
        " modules offer no reports), smstools (needs a strong supply)",
        makers=("cinterion", "siemens", "thales", "gemalto"),
        quiet=("AT+CMER=0", "AT+CTZU=0"),
        noise=("+CIEV", "^SCKS", "^SBC", "+CTZU", "^SIS"),
        cnmi=(*CNMI_ORDER, "2,1,2,0,1", "3,2,0,1,1", "2,0,0,2,1"),
        memories=("MT", "SM", "ME"),
        iccid=_iccid("AT^SCID"),
        pin_counter=PinCounter("AT^SPIC", 0),
        ussd="text",
        booted=("^SYSSTART",),
    ),
    Profile(
        "wavecom",
        source="Wavecom manual and smstools (codes 512-531, +WIND), ofono (AT+CPMS with"
        " one argument), smstools pdu.c (SR reads as zeros: routed only)",
        makers=("wavecom",),
        models=("q2303", "q24", "fastrack", "wismo"),
        quiet=("AT+WIND=0",),
        noise=("+WIND",),
        cnmi=(*CNMI_ORDER, "1,2,0,0,0"),
        memories=("SM",),
        reports="routed",
        iccid=_iccid("AT+CCID"),
        ussd="text",
        codes=_WAVECOM_CODES,
        reset=("AT+CFUN=1", "AT+CFUN=1,1"),  # the first restarts it, too
        boot_s=15.0,
        gap_s=0.1,  # on its serial line, which is without flow control as wired mostly
        radio_off_ok=False,  # a CFUN cycle restarts it and its toolkit
    ),
    Profile(
        "neoway",
        source="gammu 378 (SM and ME are one store), smstools (CFUN=0 ends all talk; a"
        " late SIM is never seen)",
        makers=("neoway",),
        models=("m590",),
        noise=("+PBREADY",),
        memories=("SM",),
        iccid=_iccid("AT+CCID"),
        ussd="text",
        booted=("MODEM:STARTUP",),
        boot_s=15.0,
        radio_off_ok=False,
        late_sim_ok=False,
    ),
    Profile(
        "option",
        source="MM and smstools (_OSSYS, slots from 0, PIN asked for where none is)",
        makers=("option n.v.", "option wireless"),
        quiet=("AT_OSSYS=0",),
        noise=("_OSIGQ", "_OSSYSI", "_OWANCALL", "_OCTI", "_OUWCTI", "_OBS"),
        cnmi=CNMI_MODE_1_FIRST,
        iccid=("AT+CRSM=176,12258,0,0,10", *ICCID_ORDER),
        pin_counter=PinCounter("AT_OERCN?", 0),
        ussd="text",
        reset=("AT_ORESET", "AT+CFUN=1,1"),
    ),
    Profile(
        "novatel",
        source="ofono (ds 1 hangs it, whether acknowledged or not), MM (2,1,2,1,0"
        " works): stored reports until somebody knows better",
        makers=("novatel",),
        noise=("$NW",),
        cnmi=tuple(v for v in CNMI_MODE_1_FIRST if v.split(",")[3:4] != ["1"]),
        reports="stored",
        ussd="text",
        reset=("AT$NWRESET", "AT+CFUN=1,1"),
    ),
    Profile(
        "mediatek",
        source="gammu 156 (D-Link DWM-156: reports pile up in ME), MM (radio off after"
        " it was plugged in)",
        makers=("d-link", "alcatel", "mediatek"),
        models=("dwm-15",),
        noise=("*RADIOPOWER",),
        memories=("ME", "SM"),
        ussd="text",
    ),
    GENERIC,
)
