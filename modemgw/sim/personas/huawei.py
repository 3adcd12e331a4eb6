"""Huawei sticks, at their PCUI port."""

from dataclasses import replace

from modemgw.sim.personas.model import Persona

_PIN = "^CPIN: {wants},,{puk},{pin},10,3"
_VENDOR = frozenset(
    {"^PORTSEL", "^CVOICE", "^DSCI", "^SYSCFG", "^SYSCFGEX", "^U2DIAG", "^SETPORT"}
)

E173 = Persona(
    name="huawei-e173",
    sentence="an old stick (E173, E1550, E160, E220): noise until AT^CURC=0",
    source=(
        "guide 11: Huawei E173/E1550/E1750/E220/E160",
        "guide 3.4: gammu 438",
        "guide 3.6: MM parse_iccid, nibbles swapped",
        "guide 2.8: gammu 138, CMMS refused with 500",
        "guide 4.1: length mismatch is 500",
        "guide 8.1: packed hex, AT^USSDMODE=0",
        "guide 9.2: gammu 687, comes back as mass storage",
        "guide 3.2: AT^CPIN?",
    ),
    manufacturer="huawei",
    model="E173",
    revision="11.126.29.00.314",
    echo=True,
    memories=(("ME", "SM", "SR"), ("ME", "SM"), ("ME", "SM")),
    capacity={"SM": 20, "ME": 255, "SR": 10},
    first_index={"ME": 0, "SM": 0},
    iccid_commands=("^ICCID",),
    iccid_format="^ICCID: {swapped}",
    missing=frozenset({"+CCID", "+ICCID", "+CESQ", "+CEREG"}),
    refuses={"+CMMS": "+CMS ERROR: 500"},
    bad_pdu=500,
    unknown="COMMAND NOT SUPPORT",
    full_urc='^SMMEMFULL: "{memory}"',
    noise=("^RSSI:18", "^BOOT:21349921,0,0,0,72", "^MODE:5,4", "^DSFLOWRPT:0000"),
    noise_interval_s=10.0,
    noise_off={"^CURC=0": ""},
    line_end="\r\r\n",
    accepts=_VENDOR | {"^CURC"},
    says={"^CPIN?": (_PIN,), "^GETPORTMODE": ("^GETPORTMODE: TYPE: WCDMA: huawei",)},
    boot_urcs=("^SRVST:2", "^SIMST:1"),
    reset_commands=("^RESET",),
    restart_s=15.0,
    vanishes=True,
    ports=2,
    ussd_asked=frozenset({"packed"}),
    ussd_coding="packed",
    ussd_plain="^USSDMODE=0",
)

E3131 = replace(
    E173,
    name="huawei-e3131",
    sentence="E3131, E3531, E303, E353: AT+CPMS with three arguments, slots from ME 0",
    source=(
        "guide 11: Huawei E3131/E3531/E303/E353",
        "guide 3.4: gammu 438",
        'guide 6.2: gammu 369 550, +CMTI: "ME",0',
        "guide 8.1: UCS2 hex with dcs 72",
    ),
    model="E3131",
    revision="21.157.01.00.00",
    cpms_arguments=frozenset({3}),
    default_memories=("ME", "ME", "ME"),
    capacity={"SM": 20, "ME": 23, "SR": 10},
    first_index={"ME": 0},
    iccid_format="^ICCID: {iccid}F",
    noise=("^RSSI:18", '^HCSQ:"WCDMA",47,37,101', '^NWTIME: "26/11/22,10:00:00+04,00"'),
    ussd_coding="ucs2",
)

HUAWEI = replace(
    E3131,
    name="huawei-e3372",
    sentence="E3372, E3276, E398 as sticks: ^RSSI and ^HCSQ until AT^CURC=0",
    source=(
        "guide 11: Huawei E3372/E3276/E398 (stick)",
        "guide 3.4: gammu 438",
        "guide 2.3: chan_dongle 143",
        "guide 8.1: gammu 109, text is refused with 100",
    ),
    model="E3372",
    revision="21.180.01.00.00",
    cpms_arguments=frozenset({1, 2, 3}),
    missing=frozenset({"+CMMS", "+CCID", "+ICCID"}),
    refuses={},
    iccid_format="^ICCID: {iccid}",
    noise=("^RSSI: 23", '^HCSQ: "LTE",47,37,101,16', "^LWURC: 1", "^MODE: 5,4"),
    noise_interval_s=5.0,
)

E3372_325 = replace(
    HUAWEI,
    name="huawei-e3372-325",
    sentence="E3372-325 (Brovi): AT+CPMS only with all three arguments",
    source=(
        "guide 11: Huawei E3372/E3276/E398 (stick)",
        "guide 6.2: gammu 829",
        "guide 1.4: Brovi",
    ),
    revision="22.333.01.00.00",
    cpms_arguments=frozenset({3}),
)

PERSONAS = (E173, E3131, HUAWEI, E3372_325)
