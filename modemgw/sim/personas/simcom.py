"""SIMCom modules: of 2G on a UART, of LTE on USB."""

from dataclasses import replace

from modemgw.sim.personas.model import Persona

_SPIC = {"+SPIC": ("+SPIC: {pin},{puk},3,10",)}

SIM800 = Persona(
    name="sim800",
    sentence="SIM800, SIM868: reports only by +CDS, the ICCID bare and with an f",
    source=(
        "guide 11: SIMCom SIM800/SIM900/SIM868",
        "guide 3.4: faucamp 60",
        "guide 3.6: bare digits and f",
        "guide 3.2: AT+SPIC",
    ),
    manufacturer="SIMCOM_Ltd",
    model="SIMCOM_SIM800L",
    revision="Revision:1418B05SIM800L24",
    information=("SIM800 R14.18",),
    echo=True,
    cnmi=((0, 1, 2, 3), (0, 1, 2, 3), (0, 2), (0, 1), (0, 1)),
    iccid_commands=("+CCID",),
    iccid_format="{iccid}f",
    memories=(("SM", "ME"), ("SM", "ME"), ("SM", "ME")),
    capacity={"SM": 30, "ME": 50},
    missing=frozenset({"+CESQ", "+CEREG", "+ICCID"}),
    accepts=frozenset({"+CIURC", "+EXUNSOL", "+GSMBUSY"}),
    noise=('*PSUTTZ: 2026,11,22,10,0,0,"+4",0', "DST: 0", '+CIEV: 10,"99901"'),
    noise_interval_s=60.0,
    noise_off={"+CLTS=0": "*PSUTTZ", "+CIURC=0": ""},
    says=_SPIC,
    boot_urcs=("RDY", "+CFUN: 1", "+CPIN: READY", "Call Ready", "SMS Ready"),
    full_urc="+SMS FULL",
    reset_commands=("+CPOWD",),
    restart_s=5.0,
)

SIM900 = replace(
    SIM800,
    name="sim900",
    sentence="SIM900: messages only on the card",
    source=(
        "guide 11: SIMCom SIM800/SIM900/SIM868 (ME is the SIM800's)",
        "guide 3.4: SIM800/SIM900",
    ),
    model="SIMCOM_SIM900",
    revision="Revision:1137B13SIM900M64_ST",
    information=("SIM900 R11.0",),
    memories=(("SM",), ("SM",), ("SM",)),
    capacity={"SM": 30},
    missing=SIM800.missing | {"+CGREG"},
)

SIM7600 = Persona(
    name="sim7600",
    sentence="SIM7600, SIM7500, SIM7100: +CICCID, +CNSMOD and +CSQ by themselves",
    source=(
        "guide 11: SIMCom SIM7600/7500/7100/7000",
        "guide 3.4: SIM7600 (kb)",
        "guide 3.6: SIMCom 7x00",
        "guide 2.3: MM simtech",
    ),
    manufacturer="SIMCOM INCORPORATED",
    model="SIMCOM_SIM7600E",
    revision="LE11B13SIM7600M22",
    echo=True,
    iccid_commands=("+CICCID", "+ICCID"),
    iccid_format="+ICCID: {iccid}",
    memories=(("ME", "SM", "SR"), ("ME", "SM"), ("ME", "SM")),
    missing=frozenset({"+CCID"}),
    noise=("+CNSMOD: 8", "+CSQ: 21,99"),
    noise_interval_s=20.0,
    noise_off={"+CNSMOD=0": "+CNSMOD", "+AUTOCSQ=0": "+CSQ"},
    accepts=frozenset({"+CNMP", "+CNSMOD", "+AUTOCSQ"}),
    says={
        **_SPIC,
        "+AUTOCSQ?": ("+AUTOCSQ: 1,1",),
        "+CNSMOD?": ("+CNSMOD: 1,8",),
    },
    boot_urcs=("RDY", "+CPIN: READY", "SMS DONE", "PB DONE"),
    full_urc="+SMS FULL",
    reset_commands=("+CRESET",),
    restart_s=20.0,
    vanishes=True,
    ports=2,
)

SIM7000 = replace(
    SIM7600,
    name="sim7000",
    sentence="SIM7000, SIM7070: as SIM7600, on Cat-M and NB-IoT, two AT ports",
    source=(
        "guide 11: SIMCom SIM7600/7500/7100/7000",
        "guide 1.1: SIM7070/7080/7090",
        "guide 9.1: botletics 298",
    ),
    model="SIMCOM_SIM7000E",
    revision="1351B06SIM7000E",
    boot_urcs=("RDY", "+CPIN: READY", "SMS Ready"),
)

A7670 = replace(
    SIM7600,
    name="a7670",
    sentence="A7670, A7600, SIM7670: errors in words from the start, *ATREADY",
    source=(
        "guide 11: SIMCom A7670/A7600/SIM7670",
        "guide 2.2: LilyGo 79, CME in words",
    ),
    model="A7670E-FASE",
    revision="A7670M7_V1.11.1",
    cmee=2,
    noise=(),
    noise_off={},
    boot_urcs=(
        *("*ATREADY: 1", "+CME ERROR: SIM failure", "+CPIN: READY"),
        *("SMS DONE", "PB DONE"),
    ),
)

PERSONAS = (SIM800, SIM900, SIM7600, SIM7000, A7670)
