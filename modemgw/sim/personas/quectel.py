"""Quectel modules: of 2G on a UART, of LTE on USB; and a router with one inside."""

from dataclasses import replace

from modemgw.sim.personas.model import Persona

_QPINC = {"+QPINC?": ('+QPINC: "SC",{pin},{puk}', '+QPINC: "P2",3,10')}

M26 = Persona(
    name="quectel-m26",
    sentence="M26, M95: AT+CSMS offers only 0 and 128",
    source=(
        "guide 11: Quectel M26/M35/M95",
        "guide 3.3: warthog618 17, CSMS (0,128)",
        "guide 3.4: warthog618 17",
        "guide 3.6: AT+CCID?; ^ICCID? fails in words",
    ),
    manufacturer="Quectel_Ltd",
    model="Quectel_M26",
    revision="M26FBR03A04",
    information=("{manufacturer}", "{model}", "Revision: {revision}"),
    echo=True,
    cnmi=((0, 1, 2, 3), (0, 1, 2, 3), (0, 2, 3), (0, 1, 2), (0, 1)),
    csms=(0, 128),
    memories=(("SM", "ME", "MT"), ("SM", "ME", "MT"), ("SM", "ME", "MT")),
    capacity={"SM": 30, "ME": 50},
    iccid_commands=("+QCCID", "+CCID"),
    iccid_format="{iccid}",
    missing=frozenset({"+ICCID", "+CESQ", "+CEREG"}),
    refuses={"^ICCID": "+CME ERROR: operation not supported"},
    noise=('+QNITZ: "26/11/22,10:00:00+04,0"',),
    noise_interval_s=60.0,
    noise_off={"+QIURC=0": ""},
    accepts=frozenset({"+QIURC", "+QCFG"}),
    says=_QPINC,
    boot_urcs=("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready"),
    reset_commands=("+QPOWD",),
    restart_s=5.0,
)

M35 = replace(
    M26,
    name="quectel-m35",
    sentence="M35: as M26",
    model="Quectel_M35",
    revision="M35FAR01A03",
)

EC25 = Persona(
    name="quectel-ec25",
    sentence="EC25, EG25, EC21, UC20: stored reports are announced in the wrong place",
    source=(
        "guide 11: Quectel UC20/EC20/EC21/EC25/EG25/EG9x",
        "guide 3.4: EC25/EG25 (kb)",
        'guide 7.1: chan_quectel PR75, +CDSI: "SM",0',
        "guide 3.6: +QCCID with F",
        "guide 6.4: +QIND smsfull (kb)",
    ),
    manufacturer="Quectel",
    model="EC25",
    revision="EC25EFAR06A06M4G",
    information=("{manufacturer}", "{model}", "Revision: {revision}"),
    echo=True,
    memories=(("SM", "ME", "SR"), ("SM", "ME"), ("SM", "ME")),
    default_memories=("ME", "ME", "ME"),
    capacity={"SM": 50, "ME": 255, "SR": 100},
    first_index={"ME": 0, "SM": 0},
    iccid_commands=("+QCCID", "+CCID", "+ICCID"),
    iccid_format="+QCCID: {iccid}F",
    report_notice='+CDSI: "SM",0',
    noise=('+QIND: "csq",24,99', '+QIND: "act","LTE"', "^DSCI: 1,1,0,0,0"),
    noise_interval_s=30.0,
    noise_off={'+QINDCFG="all",0': "+QIND", "^DSCI=0": "^DSCI"},
    accepts=frozenset({"+QURCCFG", "+QINDCFG", "+QCFG", "+QGPSEND", "^DSCI"}),
    says={**_QPINC, "+QURCCFG?": ('+QURCCFG: "urcport","usbat"',)},
    boot_urcs=("RDY", "+CPIN: READY", "+QUSIM: 1", "+QIND: SMS DONE", "+QIND: PB DONE"),
    full_urc='+QIND: "smsfull","{memory}"',
    reset_commands=("+QPOWD",),
    restart_s=15.0,
    vanishes=True,
    ports=2,
)

BG96 = replace(
    EC25,
    name="quectel-bg96",
    sentence="BG96, BG95, BG77: no USSD",
    source=("guide 11: Quectel BG95/BG96/BG77", "guide 1.1: sixfab 24"),
    model="BG96",
    revision="BG96MAR02A07M1G",
    memories=(("ME", "SM", "SR"), ("ME", "SM"), ("ME", "SM")),
    refuses={"+CUSD=1": "+CME ERROR: 4"},
    report_notice='+CDSI: "{memory}",{index}',
    boot_urcs=("RDY", "+CPIN: READY", "+QIND: SMS DONE", "APP RDY"),
)

TRM240 = replace(
    EC25,
    name="teltonika-trm240",
    sentence="TRM240, TRM250: a Quectel inside, reports by +CDSI in SR",
    source=("guide 11: Teltonika TRM240/TRM250", "guide 3.4: gammu 695"),
    manufacturer="Teltonika",
    model="TRM240",
    revision="EC21ECAR06A04M4G",
    cnmi=((0, 1, 2), (0, 1, 2, 3), (0, 2), (0, 2), (0, 1)),
    iccid_commands=("+CCID",),
    iccid_format="{name}: {iccid}",
    report_notice='+CDSI: "{memory}",{index}',
    first_index={},
)

PERSONAS = (M26, M35, EC25, BG96, TRM240)
